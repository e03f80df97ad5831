//! Columns of custom resources: each a path into the object.
//! Real Kubernetes: apiextensions-apiserver/pkg/registry/customresource/tableconvertor.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceColumnDefinition;
use serde_json::Value;

use super::keep;
use crate::api::Time;
use crate::api::jsonpath::{Template, show};
use crate::api::kind::ColumnHeader;
use crate::api::table::{AGE_DOC, Cell};
use crate::api::time::ago;

/// A column that a definition adds to the name.
#[derive(Clone, Debug)]
pub struct CustomColumn {
    pub header: ColumnHeader,
    path: Template,
}

impl CustomColumn {
    /// A path that cannot be read makes no column.
    fn of(c: &CustomResourceColumnDefinition) -> Option<CustomColumn> {
        let path = Template::parse(&format!("{{{}}}", c.json_path)).ok()?;
        let own = c.description.clone().filter(|d| !d.is_empty());
        let description =
            own.unwrap_or_else(|| format!("Custom resource definition column (in JSONPath format): {}", c.json_path));
        let header = ColumnHeader {
            name: keep(&c.name),
            type_name: keep(&c.type_),
            format: keep(c.format.as_deref().unwrap_or("")),
            priority: c.priority.unwrap_or(0),
            description: keep(&description),
        };
        Some(CustomColumn { header, path })
    }

    pub fn cell(&self, object: &Value, now: Time) -> Cell {
        let Some(value) = self.path.find(object).first().copied() else { return Cell::Null };
        match self.header.type_name {
            "string" => show(value).into(),
            "integer" => match value.as_i64() {
                Some(n) => n.into(),
                // Go cuts the fraction off.
                None => value.as_f64().map_or(Cell::Null, |f| (f as i64).into()),
            },
            // A whole number is written without its fraction.
            "number" => match value.as_f64() {
                Some(f) if f.fract() == 0.0 && f.abs() < 1e15 => (f as i64).into(),
                f => f.map_or(Cell::Null, Into::into),
            },
            "boolean" => value.as_bool().map_or(Cell::Null, Into::into),
            "date" => value.as_str().map_or(Cell::Null, |text| age(text, now).into()),
            _ => Cell::Null,
        }
    }
}

/// How long ago that was.
fn age(text: &str, now: Time) -> String {
    Time::parse(text).map_or_else(|| "<invalid>".into(), |t| ago(t, now))
}

/// The columns of a definition, or the one that is shown where there are none.
pub fn columns(of: Option<&[CustomResourceColumnDefinition]>) -> Vec<CustomColumn> {
    match of.filter(|c| !c.is_empty()) {
        Some(all) => all.iter().filter_map(CustomColumn::of).collect(),
        None => {
            let age = CustomResourceColumnDefinition {
                name: "Age".into(),
                type_: "date".into(),
                description: Some(AGE_DOC.into()),
                json_path: ".metadata.creationTimestamp".into(),
                ..CustomResourceColumnDefinition::default()
            };
            CustomColumn::of(&age).into_iter().collect()
        }
    }
}
