//! Which names a definition gets: those that no other definition of its group has.
//! Real Kubernetes: apiextensions-apiserver/pkg/controller/status/naming_controller.go.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionNames;

/// The names of a group that are taken.
#[derive(Default)]
pub struct Taken {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Taken {
    pub fn by<'a>(others: impl Iterator<Item = &'a CustomResourceDefinitionNames>) -> Taken {
        let mut taken = Taken::default();
        for n in others {
            taken.resources.insert(n.plural.clone());
            taken.resources.extend(n.singular.clone());
            taken.resources.extend(n.short_names.clone().unwrap_or_default());
            taken.kinds.insert(n.kind.clone());
            taken.kinds.extend(n.list_kind.clone());
        }
        taken
    }
}

/// Why a name was not given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    pub reason: &'static str,
    pub message: String,
}

/// The names that a definition gets of those that it wants, and what the last conflict was. What it has, it keeps.
pub fn accept(
    wanted: &CustomResourceDefinitionNames,
    has: &CustomResourceDefinitionNames,
    taken: &Taken,
) -> (CustomResourceDefinitionNames, Option<Conflict>) {
    let mut out = has.clone();
    let mut conflict = None;
    let mut refuse = |reason, message: String| conflict = Some(Conflict { reason, message });
    let in_use = |name: &str| format!("{name:?} is already in use");
    let free = |name: &str, own: &str, taken: &BTreeSet<String>| name == own || !taken.contains(name);
    let text = |o: &Option<String>| o.clone().unwrap_or_default();

    match free(&wanted.plural, &has.plural, &taken.resources) {
        true => out.plural.clone_from(&wanted.plural),
        false => refuse("PluralConflict", in_use(&wanted.plural)),
    }
    let singular = text(&wanted.singular);
    match free(&singular, &text(&has.singular), &taken.resources) {
        true => out.singular.clone_from(&wanted.singular),
        false => refuse("SingularConflict", in_use(&singular)),
    }
    if wanted.short_names != has.short_names {
        let own = has.short_names.as_deref().unwrap_or_default();
        let new = wanted.short_names.iter().flatten().filter(|n| !own.contains(n));
        let mut clashes: Vec<String> = new.filter(|n| taken.resources.contains(*n)).map(|n| in_use(n)).collect();
        clashes.dedup();
        match clashes.as_slice() {
            [] => out.short_names.clone_from(&wanted.short_names),
            [one] => refuse("ShortNamesConflict", one.clone()),
            all => refuse("ShortNamesConflict", format!("[{}]", all.join(", "))),
        }
    }
    match free(&wanted.kind, &has.kind, &taken.kinds) {
        true => out.kind.clone_from(&wanted.kind),
        false => refuse("KindConflict", in_use(&wanted.kind)),
    }
    let list_kind = text(&wanted.list_kind);
    match free(&list_kind, &text(&has.list_kind), &taken.kinds) {
        true => out.list_kind.clone_from(&wanted.list_kind),
        false => refuse("ListKindConflict", in_use(&list_kind)),
    }
    out.categories.clone_from(&wanted.categories);
    (out, conflict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(plural: &str, kind: &str, short: &[&str]) -> CustomResourceDefinitionNames {
        CustomResourceDefinitionNames {
            plural: plural.into(),
            singular: Some(kind.to_lowercase()),
            kind: kind.into(),
            list_kind: Some(format!("{kind}List")),
            short_names: Some(short.iter().map(|s| (*s).into()).collect()),
            ..CustomResourceDefinitionNames::default()
        }
    }

    #[test]
    fn what_is_free_is_given_and_the_rest_is_told() {
        let nobody = CustomResourceDefinitionNames::default();
        let other = names("crontabs", "CronTab", &["ct"]);
        let taken = Taken::by(std::iter::once(&other));
        let wanted = names("contracts", "Contract", &["ct", "con"]);
        let (got, conflict) = accept(&wanted, &nobody, &taken);
        assert_eq!((got.plural.as_str(), got.kind.as_str(), got.short_names), ("contracts", "Contract", None));
        let conflict = conflict.expect("ct is taken");
        assert_eq!((conflict.reason, conflict.message.as_str()), ("ShortNamesConflict", "\"ct\" is already in use"));
        // What it has, it keeps, though the others now say that it is taken.
        let (got, conflict) = accept(&other, &other, &taken);
        assert_eq!((got, conflict), (other, None));
    }
}
