//! kubectl autoscale: a HorizontalPodAutoscaler for what can be scaled.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/autoscale/autoscale.go.

use serde_json::{Value, json};

use super::apply;
use super::create::{say_made, submit};
use crate::api::kind::Subresource;
use crate::api::quantity::{self, Quantity};
use crate::api::{KindRef, Resource, go_text, kinds};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, FILES, OUTPUT, Type, field_manager};
use crate::kubectl::manifests::Validate;
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{self, Found, finish};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static AUTOSCALE: Verb = Verb {
    name: "autoscale",
    summary: "Auto-scale a deployment, replica set, stateful set, or replication controller",
    flags: &[
        &[
            Flag::new("min", Type::Int).default("-1"),
            Flag::new("max", Type::Int).default("-1"),
            Flag::new("cpu-percent", Type::Int).default("-1").deprecated(
                "Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).",
            ),
            Flag::new("cpu", Type::Text),
            Flag::new("memory", Type::Text),
            Flag::new("name", Type::Text),
            Flag::new("save-config", Type::Bool),
            field_manager("kubectl-autoscale"),
            DRY_RUN_FLAG,
        ],
        RECORD,
        OUTPUT,
        FILES,
    ],
    completes: Completes::Objects,
    run: autoscale,
};

/// What is aimed at, of each pod.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Target {
    /// Percent of what it requests.
    Utilization(i64),
    Value(String),
}

impl Target {
    /// `70%`, `500m`; a bare number has the unit that is usual for the resource.
    fn parse(text: &str, resource: &str, unit: &str) -> Result<Target, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("empty input".into());
        }
        if let Some(percent) = text.strip_suffix('%') {
            let value = percent.parse::<i32>().ok().filter(|p| *p >= 0);
            return value
                .map(|p| Target::Utilization(p.into()))
                .ok_or_else(|| format!("invalid percentage value: {percent}"));
        }
        let invalid = || format!("invalid resource {resource} value: {text}");
        let (written, wrong) = match text.parse::<f64>() {
            // What Go writes with an exponent is no quantity with a unit behind it.
            Ok(number) => {
                (format!("{}{unit}", go_text::float(number)), "unable to parse quantity's suffix".to_string())
            }
            Err(_) => (text.to_string(), invalid()),
        };
        Quantity::parse(&written).map(|_| Target::Value(quantity::canonical(&written))).ok_or(wrong)
    }

    fn metric(&self, resource: &str) -> Value {
        let target = match self {
            Target::Utilization(percent) => json!({"type": "Utilization", "averageUtilization": percent}),
            Target::Value(amount) => json!({"type": "AverageValue", "averageValue": amount}),
        };
        json!({"type": "Resource", "resource": {"name": resource, "target": target}})
    }
}

/// What the flags ask for.
struct Wish {
    min: i64,
    max: i64,
    percent: i64,
    cpu: Option<Target>,
    memory: Option<Target>,
}

impl Wish {
    fn of(args: &Args) -> Result<Wish, Failure> {
        let (min, max, percent) = (args.int("min"), args.int("max"), args.int("cpu-percent"));
        let refused = |text: String| Err(Failure::error(text));
        if max < 1 {
            return refused(format!("--max=MAXPODS is required and must be at least 1, max: {max}"));
        }
        if max < min {
            return refused(format!("--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}"));
        }
        if percent > 0 && !args.text("cpu").is_empty() {
            return refused("--cpu-percent and --cpu are mutually exclusive".into());
        }
        let target = |resource: &str, unit: &str| match args.text(resource) {
            "" => Ok(None),
            text => Target::parse(text, resource, unit).map(Some).map_err(Failure::error),
        };
        Ok(Wish { min, max, percent, cpu: target("cpu", "m")?, memory: target("memory", "Mi")? })
    }

    fn metrics(&self) -> Vec<Value> {
        let percent = (self.percent > 0).then_some(Target::Utilization(self.percent));
        let of = |target: &Option<Target>, resource: &str| target.as_ref().map(|t| t.metric(resource));
        [of(&percent, "cpu"), of(&self.cpu, "cpu"), of(&self.memory, "memory")].into_iter().flatten().collect()
    }

    fn autoscaler(&self, name: &str, of: &Found) -> Value {
        let target = json!({"apiVersion": of.kind.api_version(), "kind": of.kind.name(), "name": of.name});
        let mut v = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name},
            "spec": {"scaleTargetRef": target, "maxReplicas": self.max},
            "status": {"desiredReplicas": 0, "currentMetrics": null},
        });
        if self.min > 0 {
            v["spec"]["minReplicas"] = self.min.into();
        }
        if !self.metrics().is_empty() {
            v["spec"]["metrics"] = self.metrics().into();
        }
        v
    }

    /// The same as older servers know it.
    fn older_autoscaler(&self, name: &str, of: &Found) -> Value {
        let mut v = self.autoscaler(name, of);
        v["apiVersion"] = "autoscaling/v1".into();
        v["status"] = json!({"currentReplicas": 0, "desiredReplicas": 0});
        if let Some(spec) = v["spec"].as_object_mut() {
            spec.remove("metrics");
            if self.percent >= 0 {
                spec.insert("targetCPUUtilizationPercentage".into(), self.percent.into());
            }
        }
        v
    }

    /// Why an older server could not be asked instead; kubectl takes any refusal for the sign of one.
    fn too_new(&self) -> Option<&'static str> {
        match &self.cpu {
            None => Some("empty input"),
            Some(Target::Utilization(_)) if self.memory.is_none() => None,
            Some(_) => Some("%!w(<nil>)"),
        }
    }
}

fn autoscale(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    args.require(&["max"])?;
    let dry = DryRun::of(args)?;
    let wish = Wish::of(args)?;
    let format = Format::of(args)?;
    let (found, mut failures) = resources::fetch_named(args, &args.words, env)?;
    if found.is_empty() && failures.is_empty() {
        return Err(Failure::error("no objects passed to autoscale"));
    }
    for f in found {
        if let Err(e) = one(&f, &wish, args, dry, &format, env) {
            failures.push(e);
        }
    }
    finish(failures)
}

fn one(f: &Found, wish: &Wish, args: &Args, dry: DryRun, format: &Format, env: &mut Env<'_>) -> Result<(), Failure> {
    if !f.kind.subresources().contains(&Subresource::Scale) {
        let (group, version, plural) = (f.kind.group(), f.kind.version(), f.kind.plural());
        return Err(Failure::error(format!(
            "cannot autoscale a {}: could not find scale subresource for {group}/{version}, Resource={plural} in discovery information",
            f.kind.name()
        )));
    }
    let name = if args.is_set("name") { args.text("name") } else { &f.name };
    let newest = kinds::HorizontalPodAutoscaler::kind_ref();
    let mut make = |kind: KindRef, mut value: Value| {
        let ns = env.namespace.clone();
        if env.namespace_given {
            value["metadata"]["namespace"] = ns.as_str().into();
        }
        record::mark(args, &mut value);
        if args.flag("save-config") && dry != DryRun::Client {
            apply::remember(&mut value);
        }
        submit(kind, &ns, value, dry, Validate::Ignore, env).map(|made| (kind, made))
    };
    let made = match make(newest, wish.autoscaler(name, f)) {
        Ok(made) => made,
        Err(_) => {
            if let Some(why) = wish.too_new() {
                return Err(Failure::error(format!(
                    "failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: {why}"
                )));
            }
            let older = KindRef::by_gvk("autoscaling/v1", "HorizontalPodAutoscaler").unwrap_or(newest);
            make(older, wish.older_autoscaler(name, f)).map_err(|s| Failure::status(&s))?
        }
    };
    let said = if dry == DryRun::Client { "created" } else { "autoscaled" };
    say_made(args, format, made.0, &made.1, said, dry, env)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_share_of_the_request_or_an_amount() {
        let value = |v: &str| Ok(Target::Value(v.into()));
        for (text, resource, unit, want) in [
            ("70%", "cpu", "m", Ok(Target::Utilization(70))),
            ("-1%", "cpu", "m", Err("invalid percentage value: -1".to_string())),
            ("x%", "cpu", "m", Err("invalid percentage value: x".into())),
            ("500", "cpu", "m", value("500m")),
            ("500m", "cpu", "m", value("500m")),
            ("200", "memory", "Mi", value("200Mi")),
            ("1024Mi", "memory", "Mi", value("1Gi")),
            ("2000000", "memory", "Mi", Err("unable to parse quantity's suffix".into())),
            ("lots", "memory", "Mi", Err("invalid resource memory value: lots".into())),
            (" ", "cpu", "m", Err("empty input".into())),
        ] {
            assert_eq!(Target::parse(text, resource, unit), want, "{text}");
        }
    }
}
