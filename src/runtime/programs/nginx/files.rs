//! Files that lie on the disk: which one a path means, and what is sent of it.
//! Real nginx: ngx_http_static_module.c, ngx_http_index_module.c, ngx_http_try_files_module.c, ngx_http_autoindex_module.c.

use super::answering::{Answering, Course, Turn, full};
use super::site::locate;
use super::writing::number;
use crate::api::Time;
use crate::api::path::absolute;
use crate::runtime::kernel::tree::{Kind, Node};
use crate::runtime::kernel::{Errno, Sys};
use crate::runtime::web::{Answer, kind_of};

impl<'a> Answering<'a> {
    /// Where a path lies on the disk.
    pub(super) fn on_disk(&self, uri: &str, c: &Course<'_>) -> String {
        let own = c.scope;
        if let (Some(alias), Some(l)) = (&own.alias, c.location) {
            let rest = uri.strip_prefix(l.path.as_str()).unwrap_or(uri);
            return self.filled(alias, c) + rest;
        }
        let root = own.root.as_deref().map_or_else(|| "/etc/nginx/html".into(), |r| self.filled(r, c));
        let root = if root.starts_with('/') { root } else { format!("/etc/nginx/{root}") };
        format!("{}/{}", root.trim_end_matches('/'), uri.trim_start_matches('/'))
    }

    pub(super) fn tried(&mut self, c: &mut Course<'a>, sys: &mut Sys<'_>) -> Option<Turn> {
        let (last, files) = c.scope.try_files.split_last()?;
        for f in files {
            let uri = self.filled(f, c);
            let path = self.on_disk(uri.trim_end_matches('/'), c);
            let found = sys.view(|v| v.stat(&absolute("/", &path)));
            if found.is_ok_and(|n| n.is_directory() == uri.ends_with('/')) {
                c.uri = uri;
                return None;
            }
        }
        let last = self.filled(last, c);
        Some(match last.strip_prefix('=') {
            Some(code) => Turn::Failed(code.parse().unwrap_or(404)),
            None if last.starts_with('@') => Turn::Named(last),
            None => Turn::Again(last),
        })
    }

    pub(super) fn file(&mut self, c: &mut Course<'a>, sys: &mut Sys<'_>) -> Turn {
        let path = absolute("/", &self.on_disk(&c.uri, c));
        let node = match sys.view(|v| v.stat(&path)) {
            Ok(node) => node,
            Err(e) => {
                self.complain(c, sys, &format!("open() \"{path}\" failed ({}: {})", number(e), e.text()));
                return Turn::Failed(if e == Errno::Denied { 403 } else { 404 });
            }
        };
        if !["GET", "HEAD"].contains(&self.request.method.as_str()) {
            return Turn::Failed(405);
        }
        if !node.is_directory() {
            if c.uri.ends_with('/') {
                return Turn::Failed(404);
            }
            return self.sent(&path, &node, c, sys);
        }
        if !c.uri.ends_with('/') {
            let to = if c.args.is_empty() { format!("{}/", c.uri) } else { format!("{}/?{}", c.uri, c.args) };
            return Turn::Done(self.moved(301, self.absolute(&to)));
        }
        let usual = ["index.html".to_string()];
        let names = if c.scope.index.is_empty() { &usual[..] } else { &c.scope.index };
        for name in names {
            let file = format!("{}/{name}", path.trim_end_matches('/'));
            if sys.view(|v| v.stat(&file)).is_ok_and(|n| !n.is_directory()) {
                let uri = format!("{}{name}", c.uri);
                // The index is looked for as if it had been asked for.
                let elsewhere = locate(&c.server.locations, &uri).map(|(l, _)| std::ptr::from_ref(l));
                if elsewhere != c.location.map(std::ptr::from_ref) {
                    return Turn::Again(uri);
                }
                return match sys.view(|v| v.stat(&file)) {
                    Ok(node) => self.sent(&file, &node, c, sys),
                    Err(_) => Turn::Failed(404),
                };
            }
        }
        if c.scope.autoindex {
            return Turn::Done(full(200, "text/html", self.listed(&path, &c.uri, sys).into_bytes()));
        }
        self.complain(c, sys, &format!("directory index of \"{}/\" is forbidden", path.trim_end_matches('/')));
        Turn::Failed(403)
    }

    fn sent(&self, path: &str, node: &Node, c: &Course<'_>, sys: &mut Sys<'_>) -> Turn {
        let Ok(content) = sys.view(|v| v.read(path)) else {
            self.complain(c, sys, &format!("open() \"{path}\" failed (13: Permission denied)"));
            return Turn::Failed(403);
        };
        let modified = node.modified.max(Time::ZERO);
        let (seconds, _) = modified.unix_seconds_and_nanos();
        let tag = format!("\"{seconds:x}-{:x}\"", content.len());
        if self.request.header("if-none-match") == Some(&tag) {
            return Turn::Done(Answer::Full { code: 304, headers: vec![("ETag".into(), tag)], body: vec![] });
        }
        let end = path.rsplit('/').next().unwrap_or_default().rsplit_once('.').map_or("", |(_, end)| end);
        let known = self.site.types.get(end).cloned();
        let usual = || match &c.scope.default_type {
            Some(kind) if self.site.types.is_empty() => kind.clone(),
            _ if self.site.types.is_empty() => kind_of(path).into(),
            Some(kind) => kind.clone(),
            None => "text/plain".into(),
        };
        let kind = known.unwrap_or_else(usual);
        let headers = [
            ("Content-Type", kind),
            ("Last-Modified", modified.http_date()),
            ("ETag", tag),
            ("Accept-Ranges", "bytes".into()),
        ];
        let headers = headers.map(|(n, v)| (n.to_string(), v)).to_vec();
        Turn::Done(Answer::Full { code: 200, headers, body: content.to_vec() })
    }

    fn listed(&self, path: &str, uri: &str, sys: &mut Sys<'_>) -> String {
        let names = sys.view(|v| v.names(path)).unwrap_or_default();
        let mut rows = vec![];
        for name in names {
            let Ok(n) = sys.view(|v| v.stat(&format!("{}/{name}", path.trim_end_matches('/')))) else { continue };
            let size = match &n.kind {
                Kind::File(b) => b.len().to_string(),
                _ => "-".into(),
            };
            let shown = if n.is_directory() { format!("{name}/") } else { name };
            rows.push((!n.is_directory(), shown, n.modified.max(Time::ZERO).http_date(), size));
        }
        rows.sort();
        let mut text = format!(
            "<html>\r\n<head><title>Index of {uri}</title></head>\r\n<body>\r\n<h1>Index of {uri}</h1><hr><pre><a href=\"../\">../</a>\r\n"
        );
        for (_, name, date, size) in rows {
            // `Thu, 01 Jan 2026 00:00:00 GMT`: 01-Jan-2026 00:00
            let parts: Vec<&str> = date.split([' ', ',']).filter(|p| !p.is_empty()).collect();
            let date = match parts.as_slice() {
                [_, d, m, y, t, ..] => format!("{d}-{m}-{y} {}", t.get(..5).unwrap_or(t)),
                _ => date,
            };
            let pad = 51usize.saturating_sub(name.chars().count());
            text.push_str(&format!("<a href=\"{name}\">{name}</a>{:pad$}{date}{size:>20}\r\n", ""));
        }
        text + "</pre><hr></body>\r\n</html>\r\n"
    }
}
