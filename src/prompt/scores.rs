//! `scores POD` and `why not POD on NODE`: what each plugin of the scheduler says of each node, asked again at this moment.

use std::sync::Arc;

use super::builtins::{note, wrong};
use super::session::{Output, Session};
use super::why::called;
use crate::api::kinds::{Node, Pod};
use crate::api::object::Resource;
use crate::api::{Object, Status, pods};
use crate::explain::texts::message;
use crate::kubectl::Failure;
use crate::ledger::Fact;
use crate::scheduler::inquiry::{Opinion, View};

/// `scores POD`
pub fn word(s: &mut Session, line: &str, words: &[String]) -> Output {
    let [_, name] = words else { return wrong(s, "scores") };
    note(s, line);
    let pod = match pod(s, name) {
        Ok(pod) => pod,
        Err(o) => return o,
    };
    let opinion = opinion(s, &pod);
    let mut lines = vec![message(s.language, "scores-head", &[("pod", Fact::Text(pod.name().into()))])];
    lines.extend(table(s, &opinion));
    lines.extend(objections(s, &opinion, None));
    told(lines)
}

/// `why not POD on NODE`
pub fn why_not(s: &mut Session, line: &str, name: &str, node: &str) -> Output {
    note(s, line);
    let pod = match pod(s, name) {
        Ok(pod) => pod,
        Err(o) => return o,
    };
    let node = match found::<Node>(s, node) {
        Ok(node) => node.name().to_string(),
        Err(o) => return o,
    };
    let opinion = opinion(s, &pod);
    let text = |n: &str| Fact::Text(n.into());
    let facts = [("pod", text(pod.name())), ("node", text(&node))];
    let on = pod.get::<Pod>().map(pods::node).unwrap_or_default().to_string();
    let mut lines = vec![];
    if on == node {
        lines.push(message(s.language, "scores-is-there", &facts));
    } else if !on.is_empty() {
        let facts = [("pod", text(pod.name())), ("node", text(&node)), ("on", text(&on))];
        lines.push(message(s.language, "scores-is-bound", &facts));
    }
    let own = objections(s, &opinion, Some(&node));
    match own.is_empty() && opinion.refused.is_none() {
        true => {
            lines.push(message(s.language, "scores-could", &facts));
            lines.extend(table(s, &opinion));
        }
        false => lines.extend(own),
    }
    told(lines)
}

fn told(lines: Vec<String>) -> Output {
    Output { story: format!("{}\n", lines.join("\n")), ..Output::default() }
}

/// The object that is called so, or the first whose name begins so, in the current namespace.
fn found<T: Resource>(s: &Session, name: &str) -> Result<Arc<Object>, Output> {
    let scope = s.scope(T::kind_ref());
    called(s, &scope, name).next().cloned().ok_or_else(|| {
        let failure = Failure::status(&Status::not_found(scope.kind, name));
        Output { stderr: format!("{}\n", failure.message), code: 1, ..Output::default() }
    })
}

/// A pod, as `web-0` or as `pod/web-0`.
fn pod(s: &Session, name: &str) -> Result<Arc<Object>, Output> {
    found::<Pod>(s, name.strip_prefix("pod/").or_else(|| name.strip_prefix("pods/")).unwrap_or(name))
}

/// As if the pod had no node yet.
fn opinion(s: &Session, pod: &Arc<Object>) -> Opinion {
    let mut free = (**pod).clone();
    if let Some(spec) = free.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) {
        spec.node_name = None;
    }
    let (store, scopes) = (s.cluster.world.api.store(), View::scopes());
    let others = scopes.iter().flat_map(|scope| store.list(scope)).filter(|o| o.key() != pod.key());
    View::of(others).opinion(&Arc::new(free))
}

/// Plugins below one another, nodes side by side; a node's points stand below its name.
fn table(s: &Session, o: &Opinion) -> Vec<String> {
    if o.feasible.is_empty() {
        return vec![];
    }
    let head = message(s.language, "scores-plugin", &[]);
    let width = |t: &str| unicode_width::UnicodeWidthStr::width(t);
    let first = o.rows.iter().map(|r| width(&r.plugin) + 5).chain([width(&head)]).max().unwrap_or(0) + 2;
    // Of many nodes those with the most points are enough.
    let totals = o.totals();
    let mut shown: Vec<usize> = (0..o.feasible.len()).collect();
    shown.sort_by_key(|i| std::cmp::Reverse(totals[*i]));
    let columns: Vec<usize> = shown.iter().map(|i| width(&o.feasible[*i]) + 2).collect();
    let mut fits = 0;
    let mut used = first + 2;
    for c in &columns {
        used += c;
        if used > s.width && fits > 0 {
            break;
        }
        fits += 1;
    }
    let left_out = shown.len() - fits;
    shown.truncate(fits);
    let line = |name: &str, cell: &dyn Fn(usize) -> String| {
        let pad = " ".repeat(first.saturating_sub(width(name)));
        let cells: String = shown.iter().map(|i| format!("{:>w$}", cell(*i), w = width(&o.feasible[*i]) + 2)).collect();
        format!("  {name}{pad}{cells}")
    };
    let mut out = vec![line(&head, &|i| o.feasible[i].to_string())];
    for r in &o.rows {
        out.push(line(&format!("{} ×{}", r.plugin, r.weight), &|i| r.points[i].to_string()));
    }
    out.push(line(&message(s.language, "scores-total", &[]), &|i| totals[i].to_string()));
    let best = totals.iter().max();
    let winners: Vec<String> =
        shown.iter().filter(|i| Some(&totals[**i]) == best).map(|i| o.feasible[*i].to_string()).collect();
    let facts = [("names", Fact::Names(winners.clone())), ("count", winners.len().into())];
    out.push(message(s.language, "scores-best", &facts));
    if left_out > 0 {
        out.push(message(s.language, "scores-more", &[("count", left_out.into())]));
    }
    out
}

/// Why nodes do not come into question: all of them, or one.
fn objections(s: &Session, o: &Opinion, node: Option<&str>) -> Vec<String> {
    if let Some((id, facts)) = &o.refused {
        let why = message(s.language, id, facts);
        return vec![message(s.language, "scores-refused", &[("why", Fact::Text(why))])];
    }
    let all = o.objections.iter().filter(|x| node.is_none_or(|n| n == &*x.node));
    all.map(|x| format!("  {}  [{}]", message(s.language, x.phrase.0, &x.phrase.1), x.plugin)).collect()
}
