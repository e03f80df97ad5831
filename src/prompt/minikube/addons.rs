//! `minikube addons`.
//! Real Kubernetes: cmd/minikube/cmd/config/{enable,disable,addons_list}.go, pkg/addons.

use super::tables::draw;
use super::{Call, USAGE, exiting, said};
use crate::cluster::minikube::{ADDONS, Addon};
use crate::explain::texts::message;
use crate::ledger::Fact;
use crate::prompt::session::{Output, Session};

pub fn list(s: &mut Session, _: &Call) -> Output {
    let row = |a: &Addon| {
        let status = if s.cluster.addon_is_on(a) { "enabled ✅" } else { "disabled" };
        [a.name, "minikube", status, a.maintainer].map(String::from).to_vec()
    };
    said(draw(&["ADDON NAME", "PROFILE", "STATUS", "MAINTAINER"], &ADDONS.iter().map(row).collect::<Vec<_>>()))
}

fn named(c: &Call, what: &str) -> Result<&'static Addon, Output> {
    let [name] = c.args.words.as_slice() else {
        return Err(exiting("MK_USAGE", USAGE, &format!("usage: minikube addons {what} ADDON_NAME")));
    };
    let missing = || {
        let what = format!("{what} failed: property name {name:?} not found");
        exiting("MK_ADDON_ENABLE", 10, &what)
    };
    ADDONS.iter().find(|a| a.name == name).ok_or_else(missing)
}

pub fn enable(s: &mut Session, c: &Call) -> Output {
    let addon = match named(c, "enable") {
        Ok(a) => a,
        Err(failed) => return failed,
    };
    let text = match addon.maintainer {
        "Kubernetes" | "minikube" | "Google" => format!(
            "💡  {} is an addon maintained by {}. For any concerns contact minikube on GitHub.\nYou can view the list of minikube maintainers at: https://github.com/kubernetes/minikube/blob/master/OWNERS\n",
            addon.name, addon.maintainer
        ),
        other => format!(
            "❗  {} is a {other} addon and is not maintained or verified by minikube maintainers, enable at your own risk.\n",
            addon.name
        ),
    };
    if !addon.here {
        let id = if addon.name == "ingress" { "minikube-no-ingress" } else { "minikube-no-addon" };
        let why = message(s.language, id, &[("addon", Fact::from(addon.name))]);
        let failed =
            exiting("MK_ADDON_ENABLE", 10, &format!("enable failed: kubetutor: the addon {} is not here", addon.name));
        return Output { stdout: text, story: format!("  {why}\n"), ..failed };
    }
    let was_on = s.cluster.addon_is_on(addon);
    s.cluster.switch_addon(addon, true, c.cause);
    let story = match addon.name {
        "metrics-server" if !was_on => format!("  {}\n", message(s.language, "minikube-metrics", &[])),
        _ => String::new(),
    };
    let image = if addon.name == "metrics-server" {
        "    ▪ Using image registry.k8s.io/metrics-server/metrics-server:v0.8.0\n"
    } else {
        ""
    };
    Output { story, ..said(format!("{text}{image}🌟  The '{}' addon is enabled\n", addon.name)) }
}

pub fn disable(s: &mut Session, c: &Call) -> Output {
    match named(c, "disable") {
        Ok(addon) => {
            if addon.here {
                s.cluster.switch_addon(addon, false, c.cause);
            }
            said(format!("🌑  \"The '{}' addon is disabled\n", addon.name))
        }
        Err(failed) => failed,
    }
}
