//! The kubeconfig: contexts and the namespace of the current one.
//! Real Kubernetes: k8s.io/client-go/tools/clientcmd.

use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq)]
pub struct Kubeconfig {
    pub value: Value,
}

impl Kubeconfig {
    pub fn new(context: &str, server: &str) -> Kubeconfig {
        let (cluster, user) = match context.split_once('@') {
            Some((user, cluster)) => (cluster, user),
            None => (context, context),
        };
        Kubeconfig {
            value: json!({
                "apiVersion": "v1", "kind": "Config", "current-context": context,
                "clusters": [{"name": cluster, "cluster": {"server": server, "certificate-authority-data": "DATA+OMITTED"}}],
                "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
                "users": [{"name": user, "user": {"client-certificate-data": "DATA+OMITTED", "client-key-data": "DATA+OMITTED"}}],
            }),
        }
    }

    pub fn current(&self) -> &str {
        self.value["current-context"].as_str().unwrap_or("")
    }

    pub fn context(&self, name: &str) -> Option<&Value> {
        self.value["contexts"].as_array()?.iter().find(|c| c["name"] == name)
    }

    pub fn context_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.value["contexts"].as_array_mut()?.iter_mut().find(|c| c["name"] == name)
    }

    pub fn namespace(&self) -> &str {
        self.namespace_of(self.current())
    }

    /// The namespace that a context sets.
    pub fn namespace_of(&self, context: &str) -> &str {
        self.context(context)
            .and_then(|c| c["context"]["namespace"].as_str())
            .filter(|n| !n.is_empty())
            .unwrap_or("default")
    }

    pub fn server(&self) -> &str {
        self.value["clusters"][0]["cluster"]["server"].as_str().unwrap_or("")
    }

    /// Only what the current context needs.
    pub fn minified(&self) -> Value {
        let mut v = self.value.clone();
        let current = self.current().to_string();
        let context = self.context(&current).cloned().unwrap_or_default();
        let keep = |v: &mut Value, name: &Value| {
            if let Some(list) = v.as_array_mut() {
                list.retain(|x| x["name"] == *name);
            }
        };
        keep(&mut v["contexts"], &Value::from(current));
        keep(&mut v["clusters"], &context["context"]["cluster"]);
        keep(&mut v["users"], &context["context"]["user"]);
        v
    }
}
