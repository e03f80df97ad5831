//! kubectl cluster-info.

use crate::api::request::Request;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Verb};

pub static CLUSTER_INFO: Verb = Verb {
    name: "cluster-info",
    summary: "Display cluster information",
    flags: &[],
    completes: Completes::Nothing,
    run: cluster_info,
};

const HINT: &str = "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.";

fn cluster_info(_: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let server = env.config.server().to_string();
    let services = env.call(
        &Request::get("/api/v1/namespaces/kube-system/services")
            .query("labelSelector", "kubernetes.io/cluster-service=true"),
    );
    let Ok(services) = services else {
        env.line(HINT);
        return services.map(|_| Done::OK);
    };
    env.line(format!("Kubernetes control plane is running at {server}"));
    for s in services["items"].as_array().into_iter().flatten() {
        let name = s["metadata"]["name"].as_str().unwrap_or("");
        let shown = s["metadata"]["labels"]["kubernetes.io/name"].as_str().unwrap_or(name);
        let port = s["spec"]["ports"][0]["name"].as_str().map(|p| format!(":{p}")).unwrap_or_default();
        env.line(format!("{shown} is running at {server}/api/v1/namespaces/kube-system/services/{name}{port}/proxy"));
    }
    env.line(HINT);
    Ok(Done::OK)
}
