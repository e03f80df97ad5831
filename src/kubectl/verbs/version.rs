//! kubectl version.

use serde_json::{Value, json};

use crate::api::request::Request;
use crate::api::yaml;
use crate::kubectl::args::{Type, output};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static VERSION: Verb = Verb {
    name: "version",
    summary: "Print the client and server version information",
    flags: &[&[Flag::new("client", Type::Bool), output("")]],
    completes: Completes::Nothing,
    run: version,
};

const CLIENT: &str = "v1.36.3";
const KUSTOMIZE: &str = "v5.8.1";

/// What is known about a program, in the order in which Go prints it.
const FIELDS: [&str; 13] = [
    "major",
    "minor",
    "emulationMajor",
    "emulationMinor",
    "minCompatibilityMajor",
    "minCompatibilityMinor",
    "gitVersion",
    "gitCommit",
    "gitTreeState",
    "buildDate",
    "goVersion",
    "compiler",
    "platform",
];

fn version(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if !args.words.is_empty() {
        return Err(Failure::error(format!("extra arguments: [{}]", args.words.join(" "))));
    }
    let output = args.text("output");
    if !["", "yaml", "json"].contains(&output) {
        return Err(Failure::error("--output must be 'yaml' or 'json'"));
    }
    // What is known of the client is told even if the server does not answer.
    let answer = if args.flag("client") { Ok(None) } else { env.call(&Request::get("/version")).map(Some) };
    let server = answer.as_ref().ok().cloned().flatten();
    let git = |v: &Value| v["gitVersion"].as_str().unwrap_or("").to_string();
    match output {
        "" => {
            env.line(format!("Client Version: {CLIENT}"));
            env.line(format!("Kustomize Version: {KUSTOMIZE}"));
            server.iter().for_each(|v| env.line(format!("Server Version: {}", git(v))));
        }
        "yaml" => {
            let mut all = json!({"clientVersion": client(), "kustomizeVersion": KUSTOMIZE});
            server.iter().for_each(|v| all["serverVersion"] = (**v).clone());
            env.line(yaml::print(&all));
        }
        _ => {
            let mut parts = vec![
                format!("  \"clientVersion\": {}", in_order(&client())),
                format!("  \"kustomizeVersion\": {:?}", KUSTOMIZE),
            ];
            parts.extend(server.iter().map(|v| format!("  \"serverVersion\": {}", in_order(v))));
            env.line(format!("{{\n{}\n}}", parts.join(",\n")));
        }
    }
    answer.map(|_| Done::OK)
}

fn client() -> Value {
    json!({"major": "1", "minor": "36", "gitVersion": CLIENT, "gitCommit": "unknown", "gitTreeState": "clean",
           "buildDate": "1970-01-01T00:00:00Z", "goVersion": "go1.26.8", "compiler": "gc", "platform": "linux/amd64"})
}

fn in_order(v: &Value) -> String {
    let lines: Vec<String> =
        FIELDS.iter().filter(|f| v[**f].is_string()).map(|f| format!("    {f:?}: {}", v[*f])).collect();
    format!("{{\n{}\n  }}", lines.join(",\n"))
}
