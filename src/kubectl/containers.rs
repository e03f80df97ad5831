//! Which container of a pod `logs` and `exec` mean.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/util/podcmd/podcmd.go.

use serde_json::Value;

use super::failure::Failure;

/// The container that is meant where none is named.
const DEFAULT: &str = "kubectl.kubernetes.io/default-container";

fn names<'a>(pod: &'a Value, list: &str) -> Vec<&'a str> {
    pod["spec"][list].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect()
}

/// `a, b, init (init)`
fn listed(pod: &Value) -> String {
    let mains = names(pod, "containers").into_iter().map(String::from);
    let inits = names(pod, "initContainers").into_iter().map(|n| format!("{n} (init)"));
    let ephemeral = names(pod, "ephemeralContainers").into_iter().map(|n| format!("{n} (ephem)"));
    mains.chain(inits).chain(ephemeral).collect::<Vec<_>>().join(", ")
}

/// The container, and what is to be said if it was chosen among several.
pub fn chosen(pod: &Value, wanted: Option<&str>) -> Result<(String, Option<String>), Failure> {
    let name = pod["metadata"]["name"].as_str().unwrap_or("");
    let all = || ["containers", "initContainers", "ephemeralContainers"].into_iter().flat_map(|l| names(pod, l));
    if let Some(w) = wanted {
        return match all().any(|n| n == w) {
            true => Ok((w.to_string(), None)),
            false => Err(Failure::error(format!("container {w} is not valid for pod {name} out of: {}", listed(pod)))),
        };
    }
    let marked = pod["metadata"]["annotations"][DEFAULT].as_str().filter(|m| all().any(|n| n == *m));
    if let Some(m) = marked {
        return Ok((m.to_string(), None));
    }
    let mains = names(pod, "containers");
    let first = mains.first().copied().unwrap_or("").to_string();
    let note = (all().count() > 1).then(|| format!("Defaulted container {first:?} out of: {}", listed(pod)));
    Ok((first, note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_container_is_chosen_and_said_to_be() {
        let mut pod = json!({"metadata": {"name": "two"}, "spec": {
            "containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "init"}]}});
        assert_eq!(
            chosen(&pod, None),
            Ok(("a".into(), Some("Defaulted container \"a\" out of: a, b, init (init)".into())))
        );
        assert_eq!(chosen(&pod, Some("init")), Ok(("init".into(), None)));
        assert_eq!(
            chosen(&pod, Some("x")).map_err(|f| f.message),
            Err("error: container x is not valid for pod two out of: a, b, init (init)".into())
        );
        let with_init = json!({"spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "init"}]}});
        assert_eq!(
            chosen(&with_init, None),
            Ok(("a".into(), Some("Defaulted container \"a\" out of: a, init (init)".into())))
        );
        pod["metadata"]["annotations"][DEFAULT] = "b".into();
        assert_eq!(chosen(&pod, None), Ok(("b".into(), None)));
    }
}
