//! kubectl config set and unset: one value, by its path. Names in it may hold dots.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/config (set.go, unset.go, navigation_step_parser.go).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::config_entries::unexpected;
use crate::kubectl::args::Type;
use crate::kubectl::config::{Entries, Kubeconfig};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static SET: Verb = Verb {
    name: "config set",
    summary: "Set an individual value in a kubeconfig file",
    flags: &[&[Flag::new("set-raw-bytes", Type::Bool)]],
    completes: Completes::Nothing,
    run: set,
};
pub static UNSET: Verb = Verb {
    name: "config unset",
    summary: "Unset an individual value in a kubeconfig file",
    flags: &[],
    completes: Completes::Nothing,
    run: unset,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaf {
    Text,
    Bytes,
    Bool,
    /// Neither a path may end in it, nor go on behind it.
    Other,
}

use Leaf::{Bool, Bytes, Other, Text};

type Fields = &'static [(&'static str, Leaf)];

const TOP: Fields =
    &[("kind", Text), ("apiVersion", Text), ("current-context", Text), ("preferences", Other), ("extensions", Other)];

/// The fields of an entry, and how Go calls its type.
fn fields(of: Entries) -> (Fields, &'static str) {
    match of {
        Entries::Clusters => (
            &[
                ("server", Text),
                ("tls-server-name", Text),
                ("insecure-skip-tls-verify", Bool),
                ("certificate-authority", Text),
                ("certificate-authority-data", Bytes),
                ("proxy-url", Text),
                ("disable-compression", Bool),
                ("extensions", Other),
            ],
            "Cluster",
        ),
        Entries::Users => (
            &[
                ("client-certificate", Text),
                ("client-certificate-data", Bytes),
                ("client-key", Text),
                ("client-key-data", Bytes),
                ("token", Text),
                ("tokenFile", Text),
                ("act-as", Text),
                ("act-as-uid", Text),
                ("act-as-groups", Other),
                ("act-as-user-extra", Other),
                ("username", Text),
                ("password", Text),
                ("auth-provider", Other),
                ("exec", Other),
                ("extensions", Other),
            ],
            "AuthInfo",
        ),
        Entries::Contexts => {
            (&[("cluster", Text), ("user", Text), ("namespace", Text), ("extensions", Other)], "Context")
        }
    }
}

/// Where a path leads.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    Top(&'static str, Leaf),
    All(Entries),
    Entry(Entries, String),
    Field(Entries, String, &'static str, Leaf),
}

fn place(path: &str) -> Result<Place, String> {
    let mut parts = path.split('.');
    let first = parts.next().unwrap_or("");
    let rest: Vec<&str> = parts.collect();
    let further = || format!("unable to parse one or more field values of {path}");
    if let Some((name, leaf)) = TOP.iter().find(|(name, _)| *name == first) {
        return if rest.is_empty() { Ok(Place::Top(name, *leaf)) } else { Err(further()) };
    }
    let Some(of) = Entries::ALL.into_iter().find(|e| e.list() == first) else {
        return Err(format!("unable to parse {path} after [] at api.Config"));
    };
    if rest.is_empty() {
        return Ok(Place::All(of));
    }
    // A name goes on until something follows that is a field.
    let (known, type_) = fields(of);
    let end = (1..rest.len()).find(|i| known.iter().any(|(f, _)| f == &rest[*i])).unwrap_or(rest.len());
    let name = rest[..end].join(".");
    match &rest[end..] {
        [] => Ok(Place::Entry(of, name)),
        [field] => match known.iter().find(|(f, _)| f == field) {
            Some((f, leaf)) => Ok(Place::Field(of, name, f, *leaf)),
            None => Err(format!("unable to parse {path} at api.{type_}")),
        },
        _ => Err(further()),
    }
}

fn set(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let [path, value] = args.words.as_slice() else { return Err(unexpected(args)) };
    if value.is_empty() {
        return Err(Failure::error("you cannot use set to unset a property"));
    }
    if path.is_empty() {
        return Err(Failure::error("you must specify a property"));
    }
    let to = place(path).map_err(Failure::error)?;
    write(&to, value, args.flag("set-raw-bytes"), env.config).map_err(Failure::error)?;
    env.line(format!("Property {path:?} set."));
    Ok(Done::OK)
}

fn write(to: &Place, value: &str, raw: bool, config: &mut Kubeconfig) -> Result<(), String> {
    let typed = |leaf: Leaf| -> Result<Value, String> {
        match leaf {
            Text => Ok(value.into()),
            Bytes if raw => Ok(BASE64_STANDARD.encode(value).into()),
            Bytes => BASE64_STANDARD
                .decode(value)
                .map(|_| value.into())
                .map_err(|_| "error decoding input value: illegal base64 data at input byte 0".into()),
            Bool => match value {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true.into()),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Null),
                _ => Err(format!("strconv.ParseBool: parsing {value:?}: invalid syntax")),
            },
            Other => Err("unrecognized slice type. string".into()),
        }
    };
    match to {
        Place::Top(name, leaf) => config.value[*name] = typed(*leaf)?,
        Place::All(_) | Place::Entry(..) => return Err("can't set a map to a value: map[]".into()),
        Place::Field(of, name, field, leaf) => {
            let value = typed(*leaf)?;
            let mut entry = config.entry(*of, name).cloned().unwrap_or_else(|| of.empty());
            match value {
                Value::Null => drop(entry.as_object_mut().and_then(|e| e.remove(*field))),
                value => entry[*field] = value,
            }
            config.put(*of, name, entry);
        }
    }
    Ok(())
}

fn unset(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let [path] = args.words.as_slice() else { return Err(unexpected(args)) };
    if path.is_empty() {
        return Err(Failure::error("you must specify a property"));
    }
    let config = &mut *env.config;
    match place(path).map_err(Failure::error)? {
        Place::Top(name @ "current-context", _) => config.value[name] = "".into(),
        Place::Top(name, _) => drop(config.value.as_object_mut().and_then(|c| c.remove(name))),
        Place::All(of) => config.value[of.list()] = Value::Array(vec![]),
        Place::Entry(of, name) => config.remove(of, &name),
        Place::Field(of, name, field, _) => {
            let Some(mut entry) = config.entry(of, &name).cloned() else {
                return Err(Failure::error(format!("current map key `{name}` is invalid")));
            };
            let empty = of.empty().get(field).cloned();
            if let Some(e) = entry.as_object_mut() {
                e.remove(field);
                e.extend(empty.map(|v| (field.to_string(), v)));
            }
            config.put(of, &name, entry);
        }
    }
    env.line(format!("Property {path:?} unset."));
    Ok(Done::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_dots() {
        let field = |of, name: &str, field, leaf| Ok(Place::Field(of, name.into(), field, leaf));
        for (path, want) in [
            ("current-context", Ok(Place::Top("current-context", Text))),
            ("clusters.10.10.12.56.server", field(Entries::Clusters, "10.10.12.56", "server", Text)),
            ("clusters.a.insecure-skip-tls-verify", field(Entries::Clusters, "a", "insecure-skip-tls-verify", Bool)),
            ("contexts.server", Ok(Place::Entry(Entries::Contexts, "server".into()))),
            ("users.a.nope", Ok(Place::Entry(Entries::Users, "a.nope".into()))),
            ("users", Ok(Place::All(Entries::Users))),
            ("users.a.token.b", Err("unable to parse one or more field values of users.a.token.b".into())),
            ("nope.a", Err("unable to parse nope.a after [] at api.Config".to_string())),
        ] {
            assert_eq!(place(path), want, "{path}");
        }
    }

    #[test]
    fn a_value_is_written_where_its_path_leads() {
        let mut config = Kubeconfig::new("a", "https://a", "/h");
        let mut put = |path: &str, value: &str| write(&place(path).unwrap(), value, false, &mut config);
        assert_eq!(put("contexts.b.namespace", "dev"), Ok(()));
        assert_eq!(
            put("clusters.a.disable-compression", "yes"),
            Err("strconv.ParseBool: parsing \"yes\": invalid syntax".into())
        );
        assert_eq!(put("users.a", "x"), Err("can't set a map to a value: map[]".into()));
        assert_eq!(config.namespace_of("b"), "dev");
    }
}
