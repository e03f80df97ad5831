//! kubectl top node and top pod: what metrics-server says is being used.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/top, pkg/metricsutil/metrics_printer.go.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::quantity::Quantity;
use crate::api::request::Request;
use crate::api::selector::Selector;
use crate::api::time::go_duration;
use crate::api::{Duration, KindRef, Resource, Time, kinds};
use crate::kubectl::args::{SELECT, Type};
use crate::kubectl::resources::{collection, object, with_selectors};
use crate::kubectl::tabwriter::align;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const COMMON: &[Flag] = &[
    Flag::new("sort-by", Type::Text),
    Flag::new("no-headers", Type::Bool),
    Flag::new("use-protocol-buffers", Type::Bool).default("true"),
    Flag::new("show-swap", Type::Bool),
];

pub static NODE: Verb = Verb {
    name: "top node",
    summary: "Display resource (CPU/memory) usage of nodes",
    flags: &[COMMON, &[Flag::new("selector", Type::Text).short('l'), Flag::new("show-capacity", Type::Bool)]],
    completes: Completes::Nothing,
    run: top_node,
};

pub static POD: Verb = Verb {
    name: "top pod",
    summary: "Display resource (CPU/memory) usage of pods",
    flags: &[COMMON, SELECT, &[Flag::new("containers", Type::Bool), Flag::new("sum", Type::Bool)]],
    completes: Completes::Pods,
    run: top_pod,
};

const VERSION: &str = "metrics.k8s.io/v1beta1";
/// For so long nobody wonders that a new pod has no figures.
const DELAY: Duration = Duration::from_secs(120);

/// What somebody uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Usage {
    milli_cpu: i64,
    memory_bytes: i64,
    swap_bytes: i64,
}

impl Usage {
    fn of(v: &Value) -> Usage {
        let amount = |k: &str| v[k].as_str().and_then(Quantity::parse);
        Usage {
            milli_cpu: amount("cpu").map_or(0, Quantity::milli),
            memory_bytes: amount("memory").map_or(0, Quantity::units),
            swap_bytes: amount("swap").map_or(0, Quantity::units),
        }
    }

    fn plus(self, other: Usage) -> Usage {
        Usage {
            milli_cpu: self.milli_cpu + other.milli_cpu,
            memory_bytes: self.memory_bytes + other.memory_bytes,
            swap_bytes: self.swap_bytes + other.swap_bytes,
        }
    }

    fn cells(self, swap: bool) -> Vec<String> {
        let mebibytes = |bytes: i64| format!("{}Mi", bytes / (1024 * 1024));
        let mut out = vec![format!("{}m", self.milli_cpu), mebibytes(self.memory_bytes)];
        if swap {
            out.push(mebibytes(self.swap_bytes));
        }
        out
    }
}

/// By which figure lines are ordered, the largest first. Without one they are by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    Name,
    Cpu,
    Memory,
}

impl By {
    fn of(args: &Args) -> Result<By, Failure> {
        match args.text("sort-by") {
            "" => Ok(By::Name),
            "cpu" => Ok(By::Cpu),
            "memory" => Ok(By::Memory),
            _ => Err(Failure::error("--sort-by accepts only cpu or memory")),
        }
    }

    fn sort<K: Ord + Clone, T>(self, items: &mut [T], key: impl Fn(&T) -> (K, Usage)) {
        items.sort_by_key(|i| {
            let (name, usage) = key(i);
            let figure = match self {
                By::Name => 0,
                By::Cpu => usage.milli_cpu,
                By::Memory => usage.memory_bytes,
            };
            (std::cmp::Reverse(figure), (self == By::Name).then_some(name))
        });
    }
}

/// The one name that may be given, and no selector beside it.
fn one_name<'a>(args: &'a Args, usage: &str, refused: &str) -> Result<Option<&'a str>, Failure> {
    if args.words.len() > 1 {
        return Err(Failure::see(usage, args.verb));
    }
    let selecting = !args.text("selector").is_empty() || !args.text("field-selector").is_empty();
    match args.words.first() {
        Some(_) if selecting => Err(Failure::error(refused)),
        name => Ok(name.map(String::as_str)),
    }
}

/// The kind whose objects are figures of nodes, or of pods.
fn figures(of: &str, args: &Args, env: &mut Env<'_>) -> Result<KindRef, Failure> {
    Selector::parse(args.text("selector")).map_err(Failure::error)?;
    let groups = env.call(&Request::get("/apis"))?;
    let versions = groups["groups"].as_array().into_iter().flatten().flat_map(|g| g["versions"].as_array());
    let served = versions.flatten().any(|v| v["groupVersion"] == VERSION);
    KindRef::by_gvr("metrics.k8s.io", "v1beta1", of)
        .filter(|_| served)
        .ok_or_else(|| Failure::error("Metrics API not available"))
}

fn items(list: &Value) -> Vec<Value> {
    list["items"].as_array().cloned().unwrap_or_default()
}

fn name_of(v: &Value) -> String {
    v["metadata"]["name"].as_str().unwrap_or("").to_string()
}

fn namespace_of(v: &Value) -> String {
    v["metadata"]["namespace"].as_str().unwrap_or("").to_string()
}

fn row(cells: &[String]) -> String {
    cells.iter().map(|c| format!("{c}\t")).collect::<String>() + "\n"
}

fn titles(text: &str) -> Vec<String> {
    text.split(' ').map(String::from).collect()
}

fn top_node(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args, "node [NAME | -l label]", "only one of NAME or --selector can be provided")?;
    let by = By::of(args)?;
    let kind = figures("nodes", args, env)?;
    let node = kinds::Node::kind_ref();
    let of = |kind: KindRef, env: &mut Env<'_>| -> Result<Vec<Value>, Failure> {
        match name {
            Some(n) => Ok(vec![(*env.call(&Request::get(object(kind, "", n)))?).clone()]),
            None => Ok(items(&*env.call(&with_selectors(Request::get(collection(kind, "")), args))?)),
        }
    };
    let mut metrics = of(kind, env)?;
    if metrics.is_empty() {
        return Err(Failure::error("metrics not available yet"));
    }
    let nodes = of(node, env)?;
    let has = if args.flag("show-capacity") { "capacity" } else { "allocatable" };
    let mut left: BTreeMap<String, &Value> = nodes.iter().map(|n| (name_of(n), &n["status"])).collect();
    by.sort(&mut metrics, |m| (name_of(m), Usage::of(&m["usage"])));
    let swap = args.flag("show-swap");
    let mut text = String::new();
    if !args.flag("no-headers") {
        let more = if swap { " SWAP(bytes) SWAP(%)" } else { "" };
        text.push_str(&row(&titles(&format!("NAME CPU(cores) CPU(%) MEMORY(bytes) MEMORY(%){more}"))));
    }
    for m in &metrics {
        let status = left.remove(&name_of(m));
        text.push_str(&row(&node_cells(m, status, has, swap)));
    }
    for name in left.into_keys() {
        let unknown = vec!["<unknown>".to_string(); if swap { 6 } else { 4 }];
        text.push_str(&row(&[vec![name], unknown].concat()));
    }
    env.out.push_str(&align(&text, 6, 3));
    Ok(Done::OK)
}

/// A node's line: what it uses, and how much of what it has that is.
fn node_cells(m: &Value, status: Option<&Value>, has: &str, swap: bool) -> Vec<String> {
    let usage = Usage::of(&m["usage"]);
    let mut available = status.map(|s| Usage::of(&s[has]));
    let swap_bytes = status.and_then(|s| s["nodeInfo"]["swap"]["capacity"].as_i64());
    if let (Some(a), Some(bytes)) = (&mut available, swap_bytes) {
        a.swap_bytes = bytes;
    }
    let percent = |used: i64, of: i64| if of == 0 { 0 } else { (used as f64 / of as f64 * 100.0) as i64 };
    let figures = [
        (usage.milli_cpu, available.map(|a| a.milli_cpu)),
        (usage.memory_bytes, available.map(|a| a.memory_bytes)),
        (usage.swap_bytes, available.map(|a| a.swap_bytes)),
    ];
    let mut cells = vec![name_of(m)];
    for (i, (cell, (used, of))) in usage.cells(swap).into_iter().zip(figures).enumerate() {
        if i == 2 && swap_bytes.is_none() {
            cells.extend(["<unknown>".to_string(), "<unknown>".to_string()]);
            continue;
        }
        cells.push(cell);
        cells.extend(of.map(|of| format!("{}%", percent(used, of))));
    }
    cells
}

fn top_pod(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args, "pod [NAME | -l label]", "only one of NAME or selector can be provided")?;
    let by = By::of(args)?;
    let kind = figures("pods", args, env)?;
    let everywhere = args.flag("all-namespaces");
    let ns = if everywhere { String::new() } else { env.namespace.clone() };
    let metrics = match name {
        Some(n) => vec![(*env.call(&Request::get(object(kind, &ns, n)))?).clone()],
        None => items(&*env.call(&with_selectors(Request::get(collection(kind, &ns)), args))?),
    };
    if metrics.is_empty() {
        explain_silence(args, env)?;
        let place =
            if everywhere { "No resources found".into() } else { format!("No resources found in {ns} namespace.") };
        env.error_line(place);
        return Ok(Done::OK);
    }
    let shown = Shown {
        by,
        namespaces: everywhere,
        containers: args.flag("containers"),
        swap: args.flag("show-swap"),
        headers: !args.flag("no-headers"),
        sum: args.flag("sum"),
    };
    env.out.push_str(&align(&shown.pods(metrics), 6, 3));
    Ok(Done::OK)
}

/// There are no figures: because there are no pods, because they are young, or because something is wrong.
fn explain_silence(args: &Args, env: &mut Env<'_>) -> Result<(), Failure> {
    let pod = kinds::Pod::kind_ref();
    let ns = env.namespace.clone();
    let pods = items(&*env.call(&with_selectors(Request::get(collection(pod, &ns)), args))?);
    if pods.is_empty() {
        return Ok(());
    }
    for p in &pods {
        let born = p["metadata"]["creationTimestamp"].as_str().and_then(Time::parse).unwrap_or_default();
        let age = env.now().since(born);
        if age > DELAY {
            let (namespace, name, age) = (namespace_of(p), name_of(p), go_duration(age));
            return Err(Failure::error(format!("Metrics not available for pod {namespace}/{name}, age: {age}")));
        }
    }
    Err(Failure::error("metrics not available yet"))
}

/// How the figures of pods are shown.
struct Shown {
    by: By,
    namespaces: bool,
    containers: bool,
    swap: bool,
    headers: bool,
    sum: bool,
}

impl Shown {
    fn pods(&self, mut metrics: Vec<Value>) -> String {
        let containers = |m: &Value| m["containers"].as_array().cloned().unwrap_or_default();
        let whole = |m: &Value| containers(m).iter().fold(Usage::default(), |sum, c| sum.plus(Usage::of(&c["usage"])));
        let place = |m: &Value| if self.namespaces { namespace_of(m) } else { String::new() };
        self.by.sort(&mut metrics, |m| ((place(m), name_of(m)), whole(m)));
        let mut heads = titles("NAME CPU(cores) MEMORY(bytes)");
        if self.swap {
            heads.push("SWAP(bytes)".into());
        }
        // Without headers kubectl forgets the columns before the name, and its sum moves to the left.
        let mut width = heads.len();
        let mut text = String::new();
        if self.headers {
            let before = [(self.namespaces, "NAMESPACE"), (self.containers, "POD")];
            let before: Vec<String> = before.iter().filter(|(is, _)| *is).map(|(_, t)| t.to_string()).collect();
            width += before.len();
            text.push_str(&row(&[before, heads].concat()));
        }
        for m in &metrics {
            let namespace: Vec<String> = self.namespaces.then(|| namespace_of(m)).into_iter().collect();
            if !self.containers {
                text.push_str(&row(&[namespace, vec![name_of(m)], whole(m).cells(self.swap)].concat()));
                continue;
            }
            let mut parts: Vec<(String, Usage)> = containers(m)
                .iter()
                .map(|c| (c["name"].as_str().unwrap_or("").to_string(), Usage::of(&c["usage"])))
                .collect();
            self.by.sort(&mut parts, |(name, usage)| (name.clone(), *usage));
            for (name, usage) in parts {
                text.push_str(&row(&[namespace.clone(), vec![name_of(m), name], usage.cells(self.swap)].concat()));
            }
        }
        if self.sum {
            let total = metrics.iter().fold(Usage::default(), |sum, m| sum.plus(whole(m)));
            let rule = vec!["________".to_string(); 2];
            text.push_str(&row(&[vec![String::new(); width - 2], rule].concat()));
            text.push_str(&row(&[vec![String::new(); width - 2], total.cells(self.swap)].concat()));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, figures: &[(&str, &str, &str)]) -> Value {
        let one =
            |(name, cpu, memory): &(&str, &str, &str)| json!({"name": name, "usage": {"cpu": cpu, "memory": memory}});
        json!({"metadata": {"name": name, "namespace": "n"}, "containers": figures.iter().map(one).collect::<Vec<_>>()})
    }

    const PODS: Shown =
        Shown { by: By::Name, namespaces: false, containers: false, swap: false, headers: true, sum: false };

    #[test]
    fn pods_are_by_name_or_by_what_they_use() {
        let metrics =
            || vec![pod("b", &[("x", "1500000n", "1Mi"), ("y", "2m", "3000Ki")]), pod("a", &[("x", "1m", "9Mi")])];
        let lines =
            |shown: &Shown| shown.pods(metrics()).lines().map(|l| l.trim_end().replace('\t', " ")).collect::<Vec<_>>();
        assert_eq!(lines(&PODS), ["NAME CPU(cores) MEMORY(bytes)", "a 1m 9Mi", "b 4m 3Mi"]);
        assert_eq!(lines(&Shown { by: By::Cpu, headers: false, ..PODS }), ["b 4m 3Mi", "a 1m 9Mi"]);
        assert_eq!(
            lines(&Shown { containers: true, sum: true, by: By::Memory, ..PODS }),
            [
                "POD NAME CPU(cores) MEMORY(bytes)",
                "a x 1m 9Mi",
                "b y 2m 2Mi",
                "b x 2m 1Mi",
                "  ________ ________",
                "  5m 12Mi"
            ]
        );
    }

    #[test]
    fn a_node_shows_how_much_of_it_is_used() {
        let m = json!({"metadata": {"name": "n"}, "usage": {"cpu": "500m", "memory": "512Mi"}});
        let status = json!({"allocatable": {"cpu": "2", "memory": "1Gi"}, "capacity": {"cpu": "4", "memory": "2Gi"}});
        assert_eq!(node_cells(&m, Some(&status), "allocatable", false), ["n", "500m", "25%", "512Mi", "50%"]);
        assert_eq!(node_cells(&m, Some(&status), "capacity", false), ["n", "500m", "12%", "512Mi", "25%"]);
        assert_eq!(node_cells(&m, None, "capacity", false), ["n", "500m", "512Mi"]);
        let with_swap = node_cells(&m, Some(&status), "capacity", true);
        assert_eq!(with_swap[5..], ["<unknown>", "<unknown>"]);
    }
}
