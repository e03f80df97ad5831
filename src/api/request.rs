//! A request to the API server and its answer: the same shapes in process and over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::patch::PatchType;
use super::request_path::RequestPath;
use super::status::Status;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch(PatchType),
    Delete,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch(_) => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// What form the caller wants the answer in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Accept {
    #[default]
    Json,
    Table,
    /// Of each object its metadata only.
    Metadata,
    /// Discovery all at once.
    Discovery,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// `/apis/apps/v1/namespaces/default/deployments/web`
    pub path: String,
    pub query: Vec<(String, String)>,
    pub accept: Accept,
    pub body: Option<Value>,
    /// What strict decoding found in the bytes of the body: fields that come twice, which JSON that is read does not tell any more.
    pub strict: Vec<String>,
    /// Whether the answer should tell who owns which fields. (In process, whoever throws that away says so before: to work it
    /// out takes longer than all the rest.)
    pub owners: bool,
    /// Set if the caller wants to act as somebody else.
    pub impersonate: Option<Box<Impersonation>>,
}

/// Whom the caller of a request wants to be taken for, as the headers `Impersonate-…` say it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Impersonation {
    pub user: String,
    pub uid: String,
    pub groups: Vec<String>,
    pub extra: BTreeMap<String, Vec<String>>,
}

const AS_USER: &str = "impersonate-user";
const AS_UID: &str = "impersonate-uid";
const AS_GROUP: &str = "impersonate-group";
const AS_EXTRA: &str = "impersonate-extra-";

impl Impersonation {
    /// Reads the headers; `None` if none of them is about it.
    pub fn of_headers(headers: &[(String, String)]) -> Option<Impersonation> {
        let mut whom = Impersonation::default();
        for (name, value) in headers {
            match name.to_ascii_lowercase().as_str() {
                AS_USER => whom.user = value.clone(),
                AS_UID => whom.uid = value.clone(),
                AS_GROUP => whom.groups.push(value.clone()),
                other => {
                    if let Some(key) = other.strip_prefix(AS_EXTRA) {
                        whom.extra.entry(key.to_string()).or_default().push(value.clone());
                    }
                }
            }
        }
        (whom != Impersonation::default()).then_some(whom)
    }

    pub fn headers(&self) -> Vec<(String, String)> {
        let one = |name: &str, value: &String| (name.to_string(), value.clone());
        let single = [(AS_USER, &self.user), (AS_UID, &self.uid)].into_iter().filter(|(_, v)| !v.is_empty());
        let groups = self.groups.iter().map(|g| (AS_GROUP, g));
        let extra = self.extra.iter().flat_map(|(k, all)| all.iter().map(move |v| one(&format!("{AS_EXTRA}{k}"), v)));
        single.chain(groups).map(|(n, v)| one(n, v)).chain(extra).collect()
    }
}

impl Request {
    pub fn new(method: Method, path: impl Into<String>) -> Request {
        Request {
            method,
            path: path.into(),
            query: vec![],
            accept: Accept::Json,
            body: None,
            strict: vec![],
            owners: true,
            impersonate: None,
        }
    }
    pub fn get(path: impl Into<String>) -> Request {
        Request::new(Method::Get, path)
    }
    pub fn query(mut self, key: &str, value: impl Into<String>) -> Request {
        self.query.push((key.into(), value.into()));
        self
    }
    pub fn table(mut self) -> Request {
        self.accept = Accept::Table;
        self
    }
    /// Nobody looks at who owns which fields.
    pub fn without_owners(mut self) -> Request {
        self.owners = false;
        self
    }
    pub fn body(mut self, body: Value) -> Request {
        self.body = Some(body);
        self
    }
    /// Whether it asks to be told of what changes, in whichever way it says so.
    pub fn is_watch(&self) -> bool {
        let asked = || self.given("watch").is_some_and(|v| !matches!(v.to_lowercase().as_str(), "0" | "false"));
        let path = RequestPath::parse(&self.path);
        self.method == Method::Get && path.is_some_and(|p| p.watches || p.name().is_empty() && asked())
    }
    pub fn param(&self, key: &str) -> Option<&str> {
        self.given(key).filter(|v| !v.is_empty())
    }

    /// The same, where nothing said is something else than saying nothing: nothing is no number.
    pub fn given(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

/// A good answer: the object, and warnings for whoever asked.
#[derive(Clone, Debug)]
pub struct Answer {
    pub body: Arc<Value>,
    pub warnings: Vec<String>,
}

impl From<Arc<Value>> for Answer {
    fn from(body: Arc<Value>) -> Answer {
        Answer { body, warnings: vec![] }
    }
}

impl From<Value> for Answer {
    fn from(body: Value) -> Answer {
        Answer { body: Arc::new(body), warnings: vec![] }
    }
}

pub type Response = Result<Answer, Status>;

/// What a watch tells.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchEvent {
    /// ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
    pub kind: &'static str,
    pub object: Arc<Value>,
}
