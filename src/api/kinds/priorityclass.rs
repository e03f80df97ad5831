//! scheduling.k8s.io/v1 PriorityClass: names, defaults, validation, columns.
//! Real Kubernetes: pkg/apis/scheduling/v1/defaults.go and helpers.go, pkg/apis/scheduling/validation,
//! pkg/registry/scheduling/priorityclass.

use super::PriorityClass;
use crate::api::Resource;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::table::{Cell, Column, ColumnType};

pub static KIND: Kind<PriorityClass> = Kind {
    short_names: &["pc"],
    namespaced: false,
    generation: true,
    defaults: |c| {
        c.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".into());
    },
    validate,
    update_judges_alone: true,
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        if value(new) != value(old) {
            errors.forbidden(&Path::new("value"), "may not be changed in an update.");
        }
        errors.immutable(&Path::new("preemptionPolicy"), &new.preemption_policy, &old.preemption_policy);
    },
    stays: |name| {
        let of_the_system = SYSTEM.iter().any(|(n, _)| *n == name);
        of_the_system.then_some("this is a system priority class and cannot be deleted")
    },
    columns: &[
        Column::name(),
        Column::int("Value", "value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.", |c, _| Cell::from(value(c))),
        Column::of(ColumnType::Boolean, 0, "Global-Default", "globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default PriorityClasses will be used as the default priority.", |c, _| Cell::from(is_default(c))),
        Column::age(),
        Column::text("PreemptionPolicy", "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.", |c, _| Cell::from(c.preemption_policy.as_deref().unwrap_or(""))),
    ],
    ..Kind::new(("scheduling.k8s.io", "v1"), "PriorityClass", "priorityclasses", "priorityclass")
};

/// The most that a class of the users' own may say.
const HIGHEST: i32 = 1_000_000_000;
const SYSTEM_PREFIX: &str = "system-";
/// The classes that every cluster begins with.
const SYSTEM: [(&str, i32); 2] =
    [("system-node-critical", 2 * HIGHEST + 1000), ("system-cluster-critical", 2 * HIGHEST)];

pub fn value(c: &PriorityClass) -> i32 {
    c.value.unwrap_or(0)
}

fn is_default(c: &PriorityClass) -> bool {
    c.global_default.unwrap_or(false)
}

fn validate(c: &PriorityClass, errors: &mut FieldErrors) {
    if c.name().starts_with(SYSTEM_PREFIX) {
        if let Err(why) = known_to_the_system(c) {
            let metadata = Path::new("metadata");
            let reserved = format!(
                "priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. error: {why}"
            );
            errors.forbidden(&metadata.child("name"), reserved);
        }
    } else if value(c) > HIGHEST {
        let why = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        errors.forbidden(&Path::new("value"), why);
    }
    let at = Path::new("preemptionPolicy");
    match c.preemption_policy.as_deref() {
        Some("") => errors.required(&at, ""),
        Some(policy) => errors.one_of(&at, policy, &["PreemptLowerPriority", "Never"]),
        None => {}
    }
}

fn known_to_the_system(c: &PriorityClass) -> Result<(), String> {
    let name = c.name();
    match SYSTEM.iter().find(|(known, _)| *known == name) {
        None => Err(format!("{name} is not a known system priority class")),
        Some((_, wanted)) if *wanted != value(c) => Err(format!("value of {name} PriorityClass must be {wanted}")),
        Some(_) if is_default(c) => Err(format!("globalDefault of {name} PriorityClass must be false")),
        Some(_) => Ok(()),
    }
}
