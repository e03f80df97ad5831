//! A version's schema: what OpenAPI and Kubernetes allow in it, node by node.
//! Real Kubernetes: pkg/apis/apiextensions/validation: validateCustomResourceDefinitionValidation,
//! ValidateCustomResourceDefinitionOpenAPISchema, specStandardValidatorV3.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, JSONSchemaPropsOrStringArray, ValidationRule,
};

use super::options::{Options, TYPES};
use super::schema_rules::{Cardinality, Expressions};
use super::schema_tree::{schema_of, type_of};
use super::{default_values, go_shape, schema_lists, structure};
use crate::api::field::{FieldErrors, Path};
use crate::api::structural::{Structural, field_path};

const META: [&str; 3] = ["metadata", "kind", "apiVersion"];

pub fn validate(s: &JSONSchemaProps, status: bool, options: &Options, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut found = FieldErrors::default();
    let schema = at.child("openAPIV3Schema");
    if status {
        validate_root(s, at, &mut found);
    }
    if s.nullable == Some(true) {
        found.forbidden(&at.child("openAPIV3Schema.nullable"), "nullable cannot be true at the root");
    }
    let mut not_structural = None;
    let mut cardinality = None;
    if options.structural {
        match Structural::new(s) {
            Err(why) => not_structural = Some(why),
            Ok(_) => {
                let mut structure = FieldErrors::default();
                structure::validate(s, &schema, &mut structure);
                if structure.is_empty() {
                    default_values::validate(s, options.pruned_defaults, &schema, &mut structure);
                }
                cardinality = structure.is_empty().then_some(Cardinality::ROOT);
                found.append(&mut structure);
            }
        }
    }
    let standard = Standard { cardinality, ..Standard::default() };
    let mut walk = Walk { options, expressions: Expressions::default() };
    walk.visit(s, &standard, true, &schema, &mut found);
    found.append(&mut walk.expressions.errors);
    if found.is_empty()
        && let Some(why) = not_structural
    {
        found.invalid(&schema, "", why);
    }
    walk.expressions.validate_total(at, &mut found);
    errors.append(&mut found);
}

/// The status has a schema of its own, so not everything may be said at the root of it all.
fn validate_root(s: &JSONSchemaProps, at: &Path<'_>, errors: &mut FieldErrors) {
    for field in go_shape::set_fields(s) {
        if field == "Type" {
            if type_of(s) != "object" {
                let why = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
                return errors.invalid(&at.child("openAPIV3Schema.type"), type_of(s), why);
            }
        } else if !go_shape::ALLOWED_AT_ROOT.contains(&field) {
            let allowed = go_shape::ALLOWED_AT_ROOT.join(" ");
            let why = format!(
                "only [{allowed}] fields are allowed at the root of the schema if the status subresource is enabled"
            );
            return errors.invalid_struct(&at.child("openAPIV3Schema"), go_shape::schema(s), why);
        }
    }
}

/// What depends on where in the whole a schema stands.
#[derive(Clone, Default)]
struct Standard {
    no_defaults: Option<String>,
    inside_meta: bool,
    /// None where expressions are not looked at.
    cardinality: Option<Cardinality>,
    /// From where on nobody can tell what a value was.
    uncorrelated: Option<String>,
}

impl Standard {
    /// For what lies directly below a schema.
    fn below(&self, s: &JSONSchemaProps) -> Standard {
        Standard { cardinality: self.cardinality.map(|c| c.below(s)), ..self.clone() }
    }

    /// For what lies in a list or map whose parts are not told apart.
    fn uncorrelated(mut self, at: &Path<'_>) -> Standard {
        self.uncorrelated.get_or_insert_with(|| at.to_string());
        self
    }

    /// For what only judges values.
    fn without_expressions(&self) -> Standard {
        Standard { cardinality: None, ..self.clone() }
    }

    fn without_defaults(&self, why: String) -> Standard {
        Standard { no_defaults: Some(why), ..self.clone() }
    }
}

struct Walk<'a> {
    options: &'a Options,
    expressions: Expressions,
}

impl Walk<'_> {
    fn visit(&mut self, s: &JSONSchemaProps, std: &Standard, root: bool, at: &Path<'_>, errors: &mut FieldErrors) {
        let before = errors.list().len();
        self.validate_standard(s, std, at, errors);
        if s.unique_items == Some(true) {
            let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            errors.forbidden(&at.child("uniqueItems"), why);
        }
        self.visit_fields(s, std, root, at, errors);
        self.visit_combinations(s, std, at, errors);
        let mut of_items = std.below(s);
        if s.x_kubernetes_list_type.as_deref() != Some("map") {
            of_items = of_items.uncorrelated(at);
        }
        match &s.items {
            Some(JSONSchemaPropsOrArray::Schema(items)) => {
                self.visit(items, &of_items, false, &at.child("items"), errors);
            }
            Some(JSONSchemaPropsOrArray::Schemas(all)) => {
                for (i, items) in all.iter().enumerate() {
                    self.visit(items, &of_items, false, &at.child("items").index(i), errors);
                }
            }
            None => {}
        }
        for (name, dependency) in s.dependencies.iter().flatten() {
            if let JSONSchemaPropsOrStringArray::Schema(schema) = dependency {
                self.visit(schema, &std.without_expressions(), false, &at.child("dependencies").key(name), errors);
            }
        }
        if s.x_kubernetes_preserve_unknown_fields == Some(false) {
            errors.invalid(&at.child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined");
        }
        schema_lists::validate_map_type(s, at, errors);
        schema_lists::validate_list_type(s, self.options.atomic_sets, at, errors);
        if self.options.map_keys {
            schema_lists::validate_keys(s, at, errors);
        }
        for (i, rule) in s.x_kubernetes_validations.iter().flatten().enumerate() {
            validate_rule(rule, s, &at.child("x-kubernetes-validations").index(i), errors);
        }
        // What is wrong with a schema makes expressions wrong in ways that nobody understands.
        if let Some(cardinality) = std.cardinality.filter(|_| errors.list().len() == before) {
            self.expressions.validate(s, root, cardinality, std.uncorrelated.as_deref(), at);
        }
    }

    fn visit_fields(&mut self, s: &JSONSchemaProps, std: &Standard, root: bool, at: &Path<'_>, errors: &mut FieldErrors) {
        let others = at.child("additionalProperties");
        if s.properties.is_some()
            && s.additional_properties.as_ref().is_some_and(|a| *a != JSONSchemaPropsOrBool::Bool(true))
        {
            errors.forbidden(&others, "additionalProperties and properties are mutual exclusive");
        }
        if let Some(schema) = schema_of(s.additional_properties.as_ref()) {
            // What such a default would be pruned to cannot be told without a value.
            let why = || "inside additionalProperties applying to object metadata".to_string();
            let std = if std.inside_meta { &std.without_defaults(why()) } else { std };
            self.visit(schema, &std.below(s), false, &others, errors);
        }
        let embedded = s.x_kubernetes_embedded_resource == Some(true);
        for (name, property) in s.properties.iter().flatten() {
            let mut std = std.below(s);
            if !matches!(s.x_kubernetes_map_type.as_deref(), None | Some("granular" | "atomic")) {
                std = std.uncorrelated(at);
            }
            if (root || embedded) && META.contains(&name.as_str()) {
                std.inside_meta = true;
                if root {
                    std = std.without_defaults(format!("in top-level {name}"));
                }
            }
            self.visit(property, &std, false, &at.child("properties").key(name), errors);
        }
    }

    fn visit_combinations(&mut self, s: &JSONSchemaProps, std: &Standard, at: &Path<'_>, errors: &mut FieldErrors) {
        let std = &std.without_expressions();
        if let Some(not) = &s.not {
            self.visit(not, std, false, &at.child("not"), errors);
        }
        for (name, all) in [("allOf", &s.all_of), ("oneOf", &s.one_of), ("anyOf", &s.any_of)] {
            for (i, schema) in all.iter().flatten().enumerate() {
                self.visit(schema, std, false, &at.child(name).index(i), errors);
            }
        }
        for (name, schema) in s.definitions.iter().flatten() {
            self.visit(schema, std, false, &at.child("definitions").key(name), errors);
        }
    }

    /// What OpenAPI has and Kubernetes does not.
    fn validate_standard(&self, s: &JSONSchemaProps, std: &Standard, at: &Path<'_>, errors: &mut FieldErrors) {
        let type_ = type_of(s);
        if self.options.valid_types && !type_.is_empty() {
            errors.one_of(&at.child("type"), type_, &TYPES);
        }
        if s.default.is_some()
            && let Some(why) = &std.no_defaults
        {
            errors.forbidden(&at.child("default"), format!("must not be set {why}"));
        }
        for (name, used) in [
            ("id", s.id.is_some()),
            ("additionalItems", s.additional_items.is_some()),
            ("patternProperties", s.pattern_properties.is_some()),
            ("definitions", s.definitions.is_some()),
            ("dependencies", s.dependencies.is_some()),
            ("$ref", s.ref_path.is_some()),
        ] {
            if used {
                errors.forbidden(&at.child(name), format!("{name} is not supported"));
            }
        }
        if type_ == "null" {
            errors.forbidden(&at.child("type"), "type cannot be set to null, use nullable as an alternative");
        }
        if matches!(&s.items, Some(JSONSchemaPropsOrArray::Schemas(all)) if !all.is_empty()) {
            errors.forbidden(&at.child("items"), "items must be a schema object and not an array");
        }
        if std.inside_meta && s.x_kubernetes_embedded_resource == Some(true) {
            let why = "must not be used inside of resource meta";
            errors.forbidden(&at.child("x-kubernetes-embedded-resource"), why);
        }
    }
}

/// A rule in CEL, but for what the expressions say.
fn validate_rule(rule: &ValidationRule, s: &JSONSchemaProps, at: &Path<'_>, errors: &mut FieldErrors) {
    const REASONS: [&str; 4] =
        ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
    let broken = |text: &str| text.contains(['\n', '\r']);
    let message = rule.message.as_deref().unwrap_or("");
    let trimmed = message.trim();
    if rule.rule.trim().is_empty() {
        errors.required(&at.child("rule"), "rule is not specified");
    } else if !message.is_empty() && trimmed.is_empty() {
        errors.invalid(&at.child("message"), message, "must be non-empty if specified");
    } else if broken(trimmed) {
        errors.invalid(&at.child("message"), message, "must not contain line breaks");
    } else if broken(rule.rule.trim()) && trimmed.is_empty() {
        errors.required(&at.child("message"), "message must be specified if rule contains line breaks");
    }
    if rule.message_expression.as_deref().is_some_and(|m| m.trim().is_empty()) {
        errors.required(&at.child("messageExpression"), "messageExpression must be non-empty if specified");
    }
    if let Some(reason) = rule.reason.as_deref() {
        errors.one_of(&at.child("reason"), reason, &REASONS);
    }
    if let Some(path) = rule.field_path.as_deref() {
        let at = at.child("fieldPath");
        if path.trim().is_empty() {
            errors.invalid(&at, path, "must be non-empty if specified");
        }
        if broken(path) {
            errors.invalid(&at, path, "must not contain line breaks");
        }
        if Structural::new(s).is_ok_and(|s| field_path::follow(path, &s, true).is_err()) {
            errors.invalid(&at, path, "must be a valid path");
        }
    }
}
