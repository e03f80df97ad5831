//! JSON written member by member, in the order that is asked for: documents are megabytes of text and are never changed, so no tree
//! is made of them first.

use serde_json::Value;

/// An object that is being written.
pub struct Members(String);

impl Members {
    pub fn new() -> Members {
        Members("{".into())
    }

    /// A member whose value is JSON.
    pub fn with(mut self, key: &str, json: &str) -> Members {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(key));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    /// A member whose value is a text.
    pub fn text(self, key: &str, text: &str) -> Members {
        self.with(key, &quoted(text))
    }

    /// A member that is there only if it says something.
    pub fn text_unless_empty(self, key: &str, text: &str) -> Members {
        if text.is_empty() { self } else { self.text(key, text) }
    }

    /// A truth, which is left out where it is none.
    pub fn truth(self, key: &str, is: bool) -> Members {
        if is { self.with(key, "true") } else { self }
    }

    /// A list, which is left out where it is empty.
    pub fn list(self, key: &str, items: impl IntoIterator<Item = String>) -> Members {
        let list = list(items);
        if list == "[]" { self } else { self.with(key, &list) }
    }

    /// A list of texts, which is left out where it is empty.
    pub fn texts<'a>(self, key: &str, items: impl IntoIterator<Item = &'a str>) -> Members {
        self.list(key, items.into_iter().map(quoted))
    }

    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

pub fn list(items: impl IntoIterator<Item = String>) -> String {
    let mut out = String::from("[");
    for item in items {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&item);
    }
    out.push(']');
    out
}

/// An object of members in the order in which they come.
pub fn object<K: AsRef<str>>(members: impl IntoIterator<Item = (K, String)>) -> String {
    members.into_iter().fold(Members::new(), |m, (k, v)| m.with(k.as_ref(), &v)).end()
}

pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
