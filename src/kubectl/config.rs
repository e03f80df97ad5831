//! The kubeconfig: contexts and the namespace of the current one.
//! Real Kubernetes: k8s.io/client-go/tools/clientcmd.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What stands for the keys that came with the cluster, until somebody wants to see them: no base64 looks like that.
const OWN: [&str; 3] = ["<the cluster's authority>", "<the administrator's certificate>", "<the administrator's key>"];

/// What proves who one is, as PEM.
#[derive(Default)]
pub struct Keys {
    pub authority: String,
    pub certificate: String,
    pub key: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Kubeconfig {
    pub value: Value,
}

/// The lists of a kubeconfig.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entries {
    Clusters,
    Contexts,
    Users,
}

impl Entries {
    pub const ALL: [Entries; 3] = [Entries::Clusters, Entries::Contexts, Entries::Users];

    pub fn list(self) -> &'static str {
        match self {
            Entries::Clusters => "clusters",
            Entries::Contexts => "contexts",
            Entries::Users => "users",
        }
    }

    /// Beside the name.
    pub fn field(self) -> &'static str {
        match self {
            Entries::Clusters => "cluster",
            Entries::Contexts => "context",
            Entries::Users => "user",
        }
    }

    /// An entry about which nothing is said.
    pub fn empty(self) -> Value {
        match self {
            Entries::Clusters => json!({"server": ""}),
            Entries::Contexts => json!({"cluster": "", "user": ""}),
            Entries::Users => json!({}),
        }
    }
}

impl Kubeconfig {
    /// The configuration that comes with a cluster. minikube keeps its keys in files, kubeadm in the configuration itself.
    /// The keys themselves are filled in when somebody wants to see them: [`Kubeconfig::fill_in`].
    pub fn new(context: &str, server: &str, home: &str) -> Kubeconfig {
        let (user, cluster) = context.split_once('@').unwrap_or((context, context));
        let (authority, keys) = match context {
            "minikube" => (
                json!({"certificate-authority": format!("{home}/.minikube/ca.crt"), "server": server}),
                json!({"client-certificate": Kubeconfig::own_certificate(home),
                       "client-key": format!("{home}/.minikube/profiles/minikube/client.key")}),
            ),
            _ => (
                json!({"certificate-authority-data": OWN[0], "server": server}),
                json!({"client-certificate-data": OWN[1], "client-key-data": OWN[2]}),
            ),
        };
        Kubeconfig {
            value: json!({
                "apiVersion": "v1", "kind": "Config", "current-context": context,
                "clusters": [{"name": cluster, "cluster": authority}],
                "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
                "users": [{"name": user, "user": keys}],
            }),
        }
    }

    /// Whether data of a user is what came with the cluster.
    pub fn is_own(data: &str) -> bool {
        OWN.contains(&data)
    }

    /// With the keys that came with the cluster.
    pub fn fill_in(value: &mut Value, keys: &Keys) {
        let all = [&keys.authority, &keys.certificate, &keys.key];
        match value {
            Value::String(text) => {
                if let Some(i) = OWN.iter().position(|o| o == text) {
                    *text = STANDARD.encode(all[i]);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|v| Kubeconfig::fill_in(v, keys)),
            Value::Object(fields) => fields.iter_mut().for_each(|(_, v)| Kubeconfig::fill_in(v, keys)),
            _ => {}
        }
    }

    /// What a file says; what it says nothing about is empty.
    pub fn read(mut value: Value) -> Kubeconfig {
        if !value.is_object() {
            value = json!({});
        }
        for of in Entries::ALL {
            if !value[of.list()].is_array() {
                value[of.list()] = json!([]);
            }
        }
        for (field, default) in [("apiVersion", "v1"), ("kind", "Config"), ("current-context", "")] {
            if !value[field].is_string() {
                value[field] = default.into();
            }
        }
        Kubeconfig { value }
    }

    /// Where it lies.
    pub fn path(home: &str) -> String {
        format!("{home}/.kube/config")
    }

    /// Where minikube keeps the certificate of its user.
    pub fn own_certificate(home: &str) -> String {
        format!("{home}/.minikube/profiles/minikube/client.crt")
    }

    pub fn current(&self) -> &str {
        self.value["current-context"].as_str().unwrap_or("")
    }

    /// What is said about a cluster, a context or a user.
    pub fn entry(&self, of: Entries, name: &str) -> Option<&Value> {
        let mut list = self.value[of.list()].as_array()?.iter();
        list.find(|e| e["name"] == name).map(|e| &e[of.field()])
    }

    /// Puts an entry into its list, which is kept by name.
    pub fn put(&mut self, of: Entries, name: &str, entry: Value) {
        self.remove(of, name);
        if let Some(list) = self.value[of.list()].as_array_mut() {
            list.push(json!({"name": name, of.field(): entry}));
            list.sort_by_key(|e| e["name"].as_str().unwrap_or("").to_string());
        }
    }

    pub fn remove(&mut self, of: Entries, name: &str) {
        if let Some(list) = self.value[of.list()].as_array_mut() {
            list.retain(|e| e["name"] != name);
        }
    }

    pub fn context(&self, name: &str) -> Option<&Value> {
        self.value["contexts"].as_array()?.iter().find(|c| c["name"] == name)
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

    /// The server of the current context's cluster.
    pub fn server(&self) -> &str {
        let cluster = self.context(self.current()).map(|c| &c["context"]["cluster"]);
        let all = self.value["clusters"].as_array().into_iter().flatten();
        let mut own = all.filter(|c| cluster == Some(&c["name"]));
        own.next().and_then(|c| c["cluster"]["server"].as_str()).unwrap_or("")
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
