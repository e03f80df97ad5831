//! kubectl version.

use crate::api::request::Request;
use crate::kubectl::args::{OUTPUT, Type};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static VERSION: Verb = Verb {
    name: "version",
    summary: "Print the client and server version information",
    flags: &[&[Flag::new("client", Type::Bool)], OUTPUT],
    completes: Completes::Nothing,
    run: version,
};

const CLIENT: &str = "v1.36.3";
const KUSTOMIZE: &str = "v5.8.1";

fn version(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    env.line(format!("Client Version: {CLIENT}"));
    env.line(format!("Kustomize Version: {KUSTOMIZE}"));
    if !args.flag("client") {
        let v = env.call(&Request::get("/version"))?;
        env.line(format!("Server Version: {}", v["gitVersion"].as_str().unwrap_or("")));
    }
    Ok(Done::OK)
}
