//! What is filled in, and what Go does not write: empty texts, lists and maps, and what is false.
//! Real Kubernetes: pkg/apis/apiextensions/v1/defaults.go, and `omitempty` of the types there.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceConversion, CustomResourceDefinitionVersion, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool, JSONSchemaPropsOrStringArray, ValidationRule,
};

use super::{CustomResourceDefinition, stored_version};

pub fn fill(crd: &mut CustomResourceDefinition) {
    let spec = &mut crd.spec;
    tidy_false(&mut spec.preserve_unknown_fields);
    tidy_names(&mut spec.names);
    for v in &mut spec.versions {
        tidy_version(v);
    }
    if spec.names.singular.is_none() {
        spec.names.singular = Some(spec.names.kind.to_lowercase());
    }
    if spec.names.list_kind.is_none() && !spec.names.kind.is_empty() {
        spec.names.list_kind = Some(format!("{}List", spec.names.kind));
    }
    let conversion = spec.conversion.get_or_insert_with(|| CustomResourceConversion {
        strategy: "None".into(),
        ..CustomResourceConversion::default()
    });
    if let Some(service) = conversion
        .webhook
        .as_mut()
        .and_then(|w| w.client_config.as_mut())
        .and_then(|c| c.service.as_mut())
    {
        service.port.get_or_insert(443);
    }
    // An empty one does not survive the way through the shape in which it is judged.
    if conversion.webhook.as_ref().is_some_and(|w| w.client_config.is_none() && w.conversion_review_versions.is_empty()) {
        conversion.webhook = None;
    }
    let status = crd.status.get_or_insert_default();
    status.accepted_names.get_or_insert_default();
    if status.stored_versions.as_ref().is_none_or(Vec::is_empty) {
        status.stored_versions = stored_version(&crd.spec).map(|v| vec![v]);
    }
}

fn tidy_names(names: &mut super::CustomResourceDefinitionNames) {
    tidy_text(&mut names.singular);
    tidy_text(&mut names.list_kind);
    tidy_list(&mut names.short_names);
    tidy_list(&mut names.categories);
}

fn tidy_version(v: &mut CustomResourceDefinitionVersion) {
    tidy_false(&mut v.deprecated);
    tidy_list(&mut v.additional_printer_columns);
    tidy_list(&mut v.selectable_fields);
    for column in v.additional_printer_columns.iter_mut().flatten() {
        tidy_text(&mut column.format);
        tidy_text(&mut column.description);
        column.priority = column.priority.filter(|p| *p != 0);
    }
    if let Some(schema) = v.schema.as_mut().and_then(|s| s.open_api_v3_schema.as_mut()) {
        tidy_schema(schema);
    }
}

fn tidy_text(text: &mut Option<String>) {
    if text.as_ref().is_some_and(String::is_empty) {
        *text = None;
    }
}

fn tidy_false(flag: &mut Option<bool>) {
    if *flag == Some(false) {
        *flag = None;
    }
}

fn tidy_list<T>(list: &mut Option<Vec<T>>) {
    if list.as_ref().is_some_and(Vec::is_empty) {
        *list = None;
    }
}

fn tidy_map<T>(map: &mut Option<std::collections::BTreeMap<String, T>>) {
    if map.as_ref().is_some_and(std::collections::BTreeMap::is_empty) {
        *map = None;
    }
}

fn tidy_schema(s: &mut JSONSchemaProps) {
    for text in
        [&mut s.id, &mut s.schema, &mut s.description, &mut s.type_, &mut s.format, &mut s.title, &mut s.pattern]
    {
        tidy_text(text);
    }
    for flag in [
        &mut s.exclusive_maximum,
        &mut s.exclusive_minimum,
        &mut s.unique_items,
        &mut s.nullable,
        &mut s.x_kubernetes_embedded_resource,
        &mut s.x_kubernetes_int_or_string,
    ] {
        tidy_false(flag);
    }
    tidy_list(&mut s.enum_);
    tidy_list(&mut s.required);
    tidy_list(&mut s.x_kubernetes_list_map_keys);
    tidy_list(&mut s.x_kubernetes_validations);
    s.x_kubernetes_validations.iter_mut().flatten().for_each(tidy_rule);
    for list in [&mut s.all_of, &mut s.any_of, &mut s.one_of] {
        tidy_list(list);
        list.iter_mut().flatten().for_each(tidy_schema);
    }
    for map in [&mut s.properties, &mut s.pattern_properties, &mut s.definitions] {
        tidy_map(map);
        map.iter_mut().flatten().for_each(|(_, s)| tidy_schema(s));
    }
    tidy_map(&mut s.dependencies);
    for dependency in s.dependencies.iter_mut().flatten().map(|(_, d)| d) {
        if let JSONSchemaPropsOrStringArray::Schema(s) = dependency {
            tidy_schema(s);
        }
    }
    for schema in [&mut s.additional_properties, &mut s.additional_items].into_iter().flatten() {
        if let JSONSchemaPropsOrBool::Schema(s) = schema {
            tidy_schema(s);
        }
    }
    match &mut s.items {
        Some(JSONSchemaPropsOrArray::Schema(s)) => tidy_schema(s),
        Some(JSONSchemaPropsOrArray::Schemas(all)) => all.iter_mut().for_each(tidy_schema),
        None => {}
    }
    if let Some(not) = &mut s.not {
        tidy_schema(not);
    }
}

fn tidy_rule(rule: &mut ValidationRule) {
    tidy_text(&mut rule.message);
    tidy_text(&mut rule.message_expression);
    tidy_text(&mut rule.field_path);
}
