//! Files like openssl.cnf: sections of names and values.

use std::collections::BTreeMap;

/// Pairs by section, in order. What stands before the first section is `default`.
#[derive(Default)]
pub struct Config(BTreeMap<String, Vec<(String, String)>>);

impl Config {
    pub fn parse(text: &str) -> Config {
        let mut all = Config::default();
        let mut section = "default".to_string();
        let joined = text.replace("\\\r\n", "").replace("\\\n", "");
        for line in joined.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                section = name.trim().into();
                all.0.entry(section.clone()).or_default();
            } else if let Some((name, value)) = line.split_once('=') {
                let value = value.trim();
                let bare = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
                all.0.entry(section.clone()).or_default().push((name.trim().into(), bare.into()));
            }
        }
        all
    }

    pub fn section(&self, name: &str) -> Option<&[(String, String)]> {
        self.0.get(name).map(Vec::as_slice)
    }

    pub fn get(&self, section: &str, name: &str) -> Option<&str> {
        self.section(section)?.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}
