//! Files of one volume that take each other's place.
//! Real Kubernetes: pkg/api/pod/warnings.go warningsForOverlappingVirtualPaths.

use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection};

use super::items;
use crate::api::go_text::quoted;

/// A path in a volume, and what of a projected volume it comes from.
#[derive(Clone, PartialEq, Eq)]
struct Place<'a> {
    path: &'a str,
    source: String,
}

/// Whether one path is the other or lies below it.
fn overlap(a: &str, b: &str) -> bool {
    let below = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (a, b) = (a.trim_end_matches('/'), b.trim_end_matches('/'));
    !a.is_empty() && !b.is_empty() && (below(a, b) || below(b, a))
}

/// Whether any of a volume's paths overlap. Nearly never do they, and then nothing is put into words.
fn any_overlap(v: &Volume) -> bool {
    let config = v.config_map.iter().flat_map(|c| items(&c.items)).map(|k| k.path.as_str());
    let secret = v.secret.iter().flat_map(|s| items(&s.items)).map(|k| k.path.as_str());
    let downward = v.downward_api.iter().flat_map(|d| items(&d.items)).map(|f| f.path.as_str());
    let projected = v.projected.iter().flat_map(|p| items(&p.sources)).flat_map(|s| {
        let config = s.config_map.iter().flat_map(|c| items(&c.items)).map(|k| k.path.as_str());
        let secret = s.secret.iter().flat_map(|s| items(&s.items)).map(|k| k.path.as_str());
        let downward = s.downward_api.iter().flat_map(|d| items(&d.items)).map(|f| f.path.as_str());
        config.chain(secret).chain(downward).chain(s.service_account_token.iter().map(|t| t.path.as_str()))
    });
    let all = config.chain(secret).chain(downward).chain(projected);
    all.clone().enumerate().any(|(i, a)| all.clone().take(i).any(|b| overlap(a, b)))
}

impl Place<'_> {
    fn shown(&self) -> String {
        if self.source.is_empty() { quoted(self.path) } else { format!("{} ({})", quoted(self.path), self.source) }
    }
}

fn of_keys<'a>(list: &'a [KeyToPath], source: &str) -> Vec<Place<'a>> {
    list.iter().map(|k| Place { path: &k.path, source: source.into() }).collect()
}

fn of_files<'a>(list: &'a [DownwardAPIVolumeFile], source: &str) -> Vec<Place<'a>> {
    list.iter().map(|f| Place { path: &f.path, source: source.into() }).collect()
}

pub fn find(volumes: &[Volume], out: &mut Vec<String>) {
    for v in volumes {
        let empty = |s: &VolumeProjection| *s == VolumeProjection::default();
        if !any_overlap(v) && !v.projected.iter().flat_map(|p| items(&p.sources)).any(empty) {
            continue;
        }
        if let Some(c) = &v.config_map {
            let of = format!("ConfigMap {}", quoted(&c.name));
            report(v, &of, of_keys(items(&c.items), ""), &mut vec![], out);
        }
        if let Some(s) = &v.secret {
            let of = format!("Secret {}", quoted(super::text(&s.secret_name)));
            report(v, &of, of_keys(items(&s.items), ""), &mut vec![], out);
        }
        if let Some(d) = &v.downward_api {
            report(v, "DownwardAPI", of_files(items(&d.items), ""), &mut vec![], out);
        }
        let mut before = vec![];
        for source in v.projected.iter().flat_map(|p| items(&p.sources)) {
            if empty(source) {
                out.push(format!("volume {} (Projected) has no sources provided", quoted(&v.name)));
            }
            report(v, "Projected", of_source(source), &mut before, out);
        }
    }
}

/// The paths of the first source that names any.
fn of_source(s: &VolumeProjection) -> Vec<Place<'_>> {
    if let Some((c, list)) = s.config_map.as_ref().and_then(|c| Some((c, c.items.as_ref()?))) {
        return of_keys(list, &format!("ConfigMap {}", quoted(&c.name)));
    }
    if let Some((x, list)) = s.secret.as_ref().and_then(|x| Some((x, x.items.as_ref()?))) {
        return of_keys(list, &format!("Secret {}", quoted(&x.name)));
    }
    if let Some(list) = s.downward_api.as_ref().and_then(|d| d.items.as_ref()) {
        return of_files(list, "DownwardAPI");
    }
    let token = s.service_account_token.as_ref();
    token.map(|t| Place { path: &t.path, source: "ServiceAccountToken".into() }).into_iter().collect()
}

/// Each place is held against those before it.
fn report<'a>(v: &Volume, of: &str, places: Vec<Place<'a>>, before: &mut Vec<Place<'a>>, out: &mut Vec<String>) {
    for mut p in places {
        p.path = p.path.trim_end_matches('/');
        for other in before.iter().filter(|other| overlap(p.path, other.path)) {
            let both = format!("{} with {}", p.shown(), other.shown());
            out.push(format!("volume {} ({of}): overlapping paths: {both}", quoted(&v.name)));
        }
        before.push(p);
    }
}
