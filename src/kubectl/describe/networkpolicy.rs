//! describe networkpolicy.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describeNetworkPolicy.

use serde_json::Value;

use super::{annotations, head, labels, listed, selector, strings, text};
use crate::api::go_text::plain;
use crate::kubectl::resources::Found;
use crate::kubectl::{Env, Failure};

/// Which way traffic goes, and the words for it.
struct Way {
    kind: &'static str,
    rules: &'static str,
    word: &'static str,
    peers: &'static str,
    peer: &'static str,
    other_end: &'static str,
}

const IN: Way =
    Way { kind: "Ingress", rules: "ingress", word: "ingress", peers: "from", peer: "From", other_end: "source" };
const OUT: Way =
    Way { kind: "Egress", rules: "egress", word: "egress", peers: "to", peer: "To", other_end: "destination" };

pub fn page(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let meta = &f.object["metadata"];
    let mut out = head(f);
    // Go's own notation of a time.
    let made = text(&meta["creationTimestamp"]).replace('T', " ").replace('Z', " +0000 UTC");
    out.push_str(&format!("Created on:\t{made}\n"));
    out.push_str(&labels("Labels", &meta["labels"]));
    out.push_str(&annotations("Annotations", &meta["annotations"]));
    Ok(out + &spec(&f.object["spec"]))
}

fn spec(spec: &Value) -> String {
    let chosen = match selector(&spec["podSelector"]) {
        none if none == "<none>" => "<none> (Allowing the specific traffic to all pods in this namespace)".into(),
        some => some,
    };
    let mut out = format!("Spec:\n  PodSelector:     {chosen}\n");
    let types = strings(&spec["policyTypes"]);
    for way in [IN, OUT] {
        if types.contains(&way.kind) {
            out.push_str(&format!("  Allowing {} traffic:\n{}", way.word, rules(&spec[way.rules], &way)));
        } else {
            out.push_str(&format!("  Not affecting {} traffic\n", way.word));
        }
    }
    let types = listed(&types, ", ");
    out + &format!("  Policy Types: {types}\n")
}

fn rules(list: &Value, way: &Way) -> String {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return format!("    <none> (Selected pods are isolated for {} connectivity)\n", way.word);
    }
    let each: Vec<String> = list.iter().map(|rule| ports(&rule["ports"]) + &peers(&rule[way.peers], way)).collect();
    each.join("    ----------\n")
}

fn ports(list: &Value) -> String {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return "    To Port: <any> (traffic allowed to all ports)\n".into();
    }
    list.iter()
        .map(|p| {
            let (port, protocol) = (plain(&p["port"]), p["protocol"].as_str().unwrap_or("TCP"));
            match p["endPort"].as_i64() {
                None => format!("    To Port: {port}/{protocol}\n"),
                Some(end) => format!("    To Port Range: {port}-{end}/{protocol}\n"),
            }
        })
        .collect()
}

fn peers(list: &Value, way: &Way) -> String {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return format!("    {}: <any> (traffic not restricted by {})\n", way.peer, way.other_end);
    }
    let one = |p: &Value| -> String {
        let chosen = |title: &str, key: &str| match &p[key] {
            Value::Null => String::new(),
            s => format!("      {title}: {}\n", selector(s)),
        };
        let block = &p["ipBlock"];
        let pods = chosen("NamespaceSelector", "namespaceSelector") + &chosen("PodSelector", "podSelector");
        if pods.is_empty() && block.is_object() {
            let except = strings(&block["except"]).join(", ");
            return format!("      IPBlock:\n        CIDR: {}\n        Except: {except}\n", text(&block["cidr"]));
        }
        pods
    };
    list.iter().map(|p| format!("    {}:\n{}", way.peer, one(p))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_stand_one_below_the_other() {
        let v = json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], "egress": [
            {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 8000, "endPort": 8080}],
             "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}]},
            {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}}]},
            {"ports": [{"port": "http"}]}]});
        assert_eq!(
            spec(&v),
            "Spec:
  PodSelector:     app=web
  Not affecting ingress traffic
  Allowing egress traffic:
    To Port: 53/UDP
    To Port Range: 8000-8080/TCP
    To:
      NamespaceSelector: <none>
      PodSelector: a=b
    ----------
    To Port: <any> (traffic allowed to all ports)
    To:
      IPBlock:
        CIDR: 10.0.0.0/8
        Except: 10.1.0.0/16, 10.2.0.0/16
    ----------
    To Port: http/TCP
    To: <any> (traffic not restricted by destination)
  Policy Types: Egress
"
        );
    }
}
