//! What the volumes of a pod hold, and where its containers mount them.
//! Real Kubernetes: pkg/volume/{configmap,secret,projected,downwardapi,emptydir,hostpath}, pkg/kubelet/kubelet_pods.go makeMounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    Container, DownwardAPIVolumeFile, KeyToPath, PersistentVolumeSpec, Volume, VolumeMount, VolumeProjection,
};

use super::environment::{self, Texts};
use super::spec::{ConfigError, Place};
use crate::api::file_tree::{Kind, Node, Tree};
use crate::api::kinds::shared_pod::TOKEN_VOLUME_PREFIX;
use crate::api::kinds::{ConfigMap, PersistentVolume, PersistentVolumeClaim, Pod, Secret};
use crate::api::object::Resource;
use crate::api::ops::Mount;
use crate::api::path::absolute;
use crate::api::{Reason, Time, pods};
use crate::world::Ctx;

const DEFAULT_MODE: i32 = 0o644;

/// Tokens last so long unless somebody says otherwise.
const HOUR: i64 = 3600;

/// Files of a volume before they are laid out: content and permissions by path.
type Files = BTreeMap<String, (Vec<u8>, i32)>;

/// Where a volume lies, and what it holds at first.
#[derive(Clone, Debug)]
pub struct Source {
    pub id: Arc<str>,
    inside: String,
    pub content: Option<Tree>,
    read_only: bool,
    /// What the tokens in it say.
    claims: Option<Arc<str>>,
}

/// A pod's volumes, as they were mounted last, ordered by name. Nearly every pod has one alone, so they are simply listed.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<(String, Source)>);

impl Sources {
    fn add(&mut self, name: &str, source: Source) {
        let at = self.0.partition_point(|(known, _)| known.as_str() < name);
        self.0.reserve_exact(1);
        self.0.insert(at, (name.into(), source));
    }

    fn get(&self, name: &str) -> Option<&Source> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, source)| source)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Source> {
        self.0.iter_mut().find(|(known, _)| known == name).map(|(_, source)| source)
    }

    pub fn into_all(self) -> impl Iterator<Item = (String, Source)> {
        self.0.into_iter()
    }
}

/// Mounts the volumes that containers of the pod ask for. What cannot be mounted is told with the reason.
pub fn prepare(pod: &Pod, place: &Place<'_>, ctx: &mut Ctx<'_>) -> (Sources, Vec<(String, ConfigError)>) {
    let (mut mounted, mut failed) = (Sources::default(), vec![]);
    let Some(spec) = pod.spec.as_deref() else { return (mounted, failed) };
    // What a volume holds depends on no container: those of the downward API name theirs.
    let Some(any) = spec.containers.first() else { return (mounted, failed) };
    let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let asked: BTreeSet<&str> = all.flat_map(|c| c.volume_mounts.iter().flatten()).map(|m| m.name.as_str()).collect();
    for v in spec.volumes.iter().flatten().filter(|v| asked.contains(v.name.as_str())) {
        match source(pod, any, v, place, ctx) {
            Ok(s) => mounted.add(&v.name, s),
            Err(why) => failed.push((v.name.clone(), why)),
        }
    }
    (mounted, failed)
}

/// The mounts of one container.
pub fn mounts(c: &Container, place: &Place<'_>) -> Vec<Mount> {
    let of = |m: &VolumeMount| Some(mount(m, place.volumes.get(&m.name)?.clone(), place));
    c.volume_mounts.iter().flatten().filter_map(of).collect()
}

fn mount(m: &VolumeMount, s: Source, place: &Place<'_>) -> Mount {
    let expanded = m.sub_path_expr.as_deref().map(|e| environment::expand(e, &[place.env]));
    let sub = expanded.or_else(|| m.sub_path.clone()).filter(|p| !p.is_empty());
    let inside = match &sub {
        None => s.inside,
        Some(p) => {
            let wanted = absolute(&s.inside, p);
            // What is laid out behind links is mounted as the file itself.
            let laid_out = s.content.as_ref().and_then(|t| {
                let data = t.get("/..data").map(|n| n.kind.clone());
                match data {
                    Some(Kind::Link(to)) => Some(format!("/{to}{wanted}")).filter(|f| t.get(f).is_some()),
                    _ => None,
                }
            });
            laid_out.unwrap_or(wanted)
        }
    };
    // A part of what is laid out behind links is a mount of the files as they are now: new ones do not reach it.
    let behind = inside.strip_prefix("/..").and_then(|rest| rest.split('/').next());
    let volume = match behind.filter(|stamp| sub.is_some() && *stamp != "data") {
        Some(stamp) => format!("{}@{stamp}", s.id).into(),
        None => s.id,
    };
    Mount {
        path: m.mount_path.clone(),
        volume,
        inside,
        read_only: m.read_only == Some(true) || s.read_only,
        content: s.content,
        claims: s.claims,
    }
}

fn source(pod: &Pod, c: &Container, v: &Volume, place: &Place<'_>, ctx: &mut Ctx<'_>) -> Result<Source, ConfigError> {
    let ns = pod.namespace();
    let own: Arc<str> = format!("{}/{}", pod.uid(), pod.volume_name(&v.name)).into();
    let group =
        pod.spec.as_ref().and_then(|s| s.security_context.as_ref()?.fs_group).and_then(|g| u32::try_from(g).ok());
    let made = |files: Files, now: Time| Source {
        id: own.clone(),
        inside: "/".into(),
        content: Some(laid_out(files, group, now)),
        read_only: true,
        claims: None,
    };
    let now = ctx.now();
    if let Some(s) = &v.config_map {
        let all = data::<ConfigMap>(ns, &s.name, s.optional == Some(true), ctx)?;
        return Ok(made(chosen(all, s.items.as_deref(), s.default_mode, "configmap")?, now));
    }
    if let Some(s) = &v.secret {
        let name = s.secret_name.as_deref().unwrap_or("");
        let all = data::<Secret>(ns, name, s.optional == Some(true), ctx)?;
        return Ok(made(chosen(all, s.items.as_deref(), s.default_mode, "secret")?, now));
    }
    if let Some(d) = &v.downward_api {
        return Ok(made(downward(pod, c, d.items.as_deref(), d.default_mode, place)?, now));
    }
    if let Some(p) = &v.projected {
        let is_account = |p: &VolumeProjection| p.service_account_token.is_some();
        // What every pod of a namespace gets is made once.
        if pod.volume_name(&v.name).starts_with(TOKEN_VOLUME_PREFIX) && p.sources.iter().flatten().any(is_account) {
            let content = Some(place.account.clone());
            let seconds = p.sources.iter().flatten().find_map(|s| s.service_account_token.as_ref()?.expiration_seconds);
            let claims = ctx.token_claims(pod, "", seconds.unwrap_or(HOUR));
            return Ok(Source { id: own, inside: "/".into(), content, read_only: true, claims });
        }
        let mut files = Files::new();
        for s in p.sources.iter().flatten() {
            files.extend(projected(pod, c, s, p.default_mode, place, ctx)?);
        }
        let mut source = made(files, now);
        for t in p.sources.iter().flatten().filter_map(|s| s.service_account_token.as_ref()) {
            let audience = t.audience.as_deref().unwrap_or_default();
            let claims = ctx.token_claims(pod, audience, t.expiration_seconds.unwrap_or(HOUR));
            source.content.as_mut().into_iter().for_each(|tree| put_token(tree, &t.path, claims.clone()));
        }
        return Ok(source);
    }
    if let Some(h) = &v.host_path {
        return Ok(of_host(pods::node(pod), &h.path));
    }
    if let Some(claim) = &v.persistent_volume_claim {
        let mut s = of_claim(pod, &claim.claim_name, own, ctx)?;
        s.read_only |= claim.read_only == Some(true);
        return Ok(s);
    }
    if v.ephemeral.is_some() {
        let claim = format!("{}-{}", pod.name(), v.name);
        return of_claim(pod, &claim, own, ctx);
    }
    // An empty directory, or something that is as good as one here.
    let mode = if v.empty_dir.is_some() { 0o777 } else { 0o755 };
    // What is made in there belongs to the group, too.
    let mode = if group.is_some() { mode | 0o2070 } else { mode };
    let root = Node { mode, group: group.unwrap_or(0), modified: now, ..Node::directory() };
    let mut content = Tree::default();
    content.put("/", root);
    Ok(Source { id: own, inside: "/".into(), content: Some(content), read_only: false, claims: None })
}

/// A directory of the node.
fn of_host(node: &str, path: &str) -> Source {
    Source {
        id: format!("host/{node}").into(),
        inside: absolute("/", path),
        content: None,
        read_only: false,
        claims: None,
    }
}

fn of_claim(pod: &Pod, claim: &str, own: Arc<str>, ctx: &mut Ctx<'_>) -> Result<Source, ConfigError> {
    let found = ctx.api::<PersistentVolumeClaim>().get(pod.namespace(), claim).map_err(|e| ConfigError(e.message))?;
    let volume =
        found.get::<PersistentVolumeClaim>().and_then(|c| c.spec.as_ref()?.volume_name.clone()).unwrap_or_default();
    let found = ctx.api::<PersistentVolume>().get("", &volume).map_err(|e| ConfigError(e.message))?;
    let spec = found.get::<PersistentVolume>().and_then(|v| v.spec.clone()).unwrap_or_default();
    Ok(of_volume(pods::node(pod), &volume, &spec, own))
}

fn of_volume(node: &str, name: &str, spec: &PersistentVolumeSpec, own: Arc<str>) -> Source {
    let path = spec.host_path.as_ref().map(|h| h.path.clone()).or_else(|| spec.local.as_ref().map(|l| l.path.clone()));
    match path {
        Some(p) => of_host(node, &p),
        // What is not on a node is the same from everywhere.
        None if !name.is_empty() => Source {
            id: format!("volume/{name}").into(),
            inside: "/".into(),
            content: None,
            read_only: false,
            claims: None,
        },
        None => Source { id: own, inside: "/".into(), content: None, read_only: false, claims: None },
    }
}

/// What a ConfigMap or a Secret holds.
fn data<T: Texts>(
    ns: &str,
    name: &str,
    optional: bool,
    ctx: &mut Ctx<'_>,
) -> Result<BTreeMap<String, Vec<u8>>, ConfigError> {
    match ctx.api::<T>().get(ns, name) {
        Ok(o) => Ok(o.get::<T>().map(T::bytes).unwrap_or_default()),
        Err(_) if optional => Ok(BTreeMap::new()),
        Err(e) if e.is(Reason::NotFound) => Err(ConfigError(format!("{} {name:?} not found", T::NAME.to_lowercase()))),
        Err(e) => Err(ConfigError(e.message)),
    }
}

/// All keys, or those that are listed, at their paths.
fn chosen(
    all: BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
    mode: Option<i32>,
    kind: &str,
) -> Result<Files, ConfigError> {
    let mode = mode.unwrap_or(DEFAULT_MODE);
    let Some(items) = items.filter(|i| !i.is_empty()) else {
        return Ok(all.into_iter().map(|(k, v)| (k, (v, mode))).collect());
    };
    let one = |i: &KeyToPath| match all.get(&i.key) {
        Some(v) => Ok(Some((i.path.clone(), (v.clone(), i.mode.unwrap_or(mode))))),
        None if all.is_empty() => Ok(None),
        None if kind == "secret" => Err(ConfigError(format!("references non-existent secret key: {}", i.key))),
        None => Err(ConfigError(format!("configmap references non-existent config key: {}", i.key))),
    };
    items.iter().filter_map(|i| one(i).transpose()).collect()
}

fn downward(
    pod: &Pod,
    c: &Container,
    items: Option<&[DownwardAPIVolumeFile]>,
    mode: Option<i32>,
    place: &Place<'_>,
) -> Result<Files, ConfigError> {
    let mut files = Files::new();
    for i in items.unwrap_or_default() {
        let text = match (&i.field_ref, &i.resource_field_ref) {
            (Some(f), _) => match f.field_path.as_str() {
                "metadata.labels" => listed(pod.meta().labels.as_ref()),
                "metadata.annotations" => listed(pod.meta().annotations.as_ref()),
                path => environment::field(pod, path, place),
            },
            (None, Some(r)) => environment::amount(pod, c, r, place)?,
            (None, None) => String::new(),
        };
        files.insert(i.path.clone(), (text.into_bytes(), i.mode.or(mode).unwrap_or(DEFAULT_MODE)));
    }
    Ok(files)
}

/// Labels as the downward API writes them: `app="web"`, a line each.
fn listed(map: Option<&BTreeMap<String, String>>) -> String {
    map.into_iter().flatten().map(|(k, v)| format!("{k}={v:?}")).collect::<Vec<_>>().join("\n")
}

fn projected(
    pod: &Pod,
    c: &Container,
    s: &VolumeProjection,
    mode: Option<i32>,
    place: &Place<'_>,
    ctx: &mut Ctx<'_>,
) -> Result<Files, ConfigError> {
    let ns = pod.namespace();
    if let Some(m) = &s.config_map {
        let all = data::<ConfigMap>(ns, &m.name, m.optional == Some(true), ctx)?;
        return chosen(all, m.items.as_deref(), mode, "configmap");
    }
    if let Some(m) = &s.secret {
        let all = data::<Secret>(ns, &m.name, m.optional == Some(true), ctx)?;
        return chosen(all, m.items.as_deref(), mode, "secret");
    }
    if let Some(d) = &s.downward_api {
        return downward(pod, c, d.items.as_deref(), mode, place);
    }
    if let Some(t) = &s.service_account_token {
        return Ok([(t.path.clone(), (vec![], mode.unwrap_or(DEFAULT_MODE)))].into());
    }
    Ok(Files::new())
}

/// The file of that path is a token.
fn put_token(tree: &mut Tree, path: &str, claims: Option<Arc<str>>) {
    let Some(Kind::Link(stamp)) = tree.get("/..data").map(|n| n.kind.clone()) else { return };
    let full = format!("/{stamp}/{path}");
    if let Some(node) = tree.get(&full).cloned() {
        tree.put(&full, Node { kind: Kind::Token(claims), ..node });
    }
}

/// Files as kubelet lays them out, so that all of them change at once: in a directory of their own, and links to them.
/// Real Kubernetes: pkg/volume/util/atomic_writer.go.
fn laid_out(files: Files, group: Option<u32>, now: Time) -> Tree {
    let mut t = Tree::default();
    t.put("/", Node { mode: 0o1777, modified: now, group: group.unwrap_or(0), ..Node::directory() });
    let stamp = now.atomic_writer_stamp();
    t.put(&format!("/{stamp}"), Node { modified: now, ..Node::directory() });
    t.put("/..data", Node { modified: now, ..Node::link(&stamp) });
    for (path, (content, mode)) in files {
        let mode = u16::try_from(mode & 0o7777).unwrap_or(0o644) | if group.is_some() { 0o440 } else { 0 };
        let file = Node { mode, modified: now, group: group.unwrap_or(0), ..Node::file(content) };
        t.put(&format!("/{stamp}/{path}"), file);
        let first = path.split('/').next().unwrap_or(&path);
        t.put(&format!("/{first}"), Node { modified: now, ..Node::link(&format!("..data/{first}")) });
    }
    t
}

/// What a service account's token volume holds.
pub fn account(namespace: &str, authority: &str, now: Time) -> Tree {
    let files = [("namespace", namespace), ("token", ""), ("ca.crt", authority)];
    let files = files.map(|(path, text)| (path.to_string(), (text.as_bytes().to_vec(), DEFAULT_MODE)));
    let mut tree = laid_out(files.into(), None, now);
    // Whose it is stands at the mount: the files are the same for all pods of a namespace.
    put_token(&mut tree, "token", None);
    tree
}

/// Whether two volumes hold the same, whenever they were laid out.
pub fn same_files(a: &Tree, b: &Tree) -> bool {
    let files = |t: &Tree| -> BTreeMap<String, (Kind, u16)> {
        let shown = |(p, n): (&Arc<str>, &Node)| {
            let path = p.split_once("/..").map_or(&**p, |(_, rest)| rest.split_once('/').map_or("", |(_, rest)| rest));
            matches!(n.kind, Kind::File(_)).then(|| (path.to_string(), (n.kind.clone(), n.mode)))
        };
        t.iter().filter_map(shown).collect()
    };
    files(a) == files(b)
}
