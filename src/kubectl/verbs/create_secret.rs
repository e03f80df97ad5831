//! kubectl create secret generic, tls, docker-registry.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_secret.go, create_secret_tls.go, create_secret_docker.go.

use serde_json::{Map, Value, json};

use super::create::{make, one_name};
use super::create_data::{self, Into, SOURCES, base64};
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN, OUTPUT, Type};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static GENERIC: Verb = Verb {
    name: "create secret generic",
    summary: "Create a secret from a local file, directory, or literal value",
    flags: &[SOURCES, &[Flag::new("type", Type::Text)], OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: generic,
};

pub static TLS: Verb = Verb {
    name: "create secret tls",
    summary: "Create a TLS secret",
    flags: &[
        &[Flag::new("cert", Type::Text), Flag::new("key", Type::Text), Flag::new("append-hash", Type::Bool).absent()],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run: tls,
};

pub static DOCKER_REGISTRY: Verb = Verb {
    name: "create secret docker-registry",
    summary: "Create a secret for use with a Docker registry",
    flags: &[
        &[
            Flag::new("docker-server", Type::Text).default("https://index.docker.io/v1/"),
            Flag::new("docker-username", Type::Text),
            Flag::new("docker-password", Type::Text),
            Flag::new("docker-email", Type::Text),
            Flag::new("from-file", Type::List),
            Flag::new("append-hash", Type::Bool).absent(),
        ],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run: docker_registry,
};

/// A Secret of a type; none given leaves it to the server.
fn secret(args: &Args, kind: &str, data: Map<String, Value>, env: &mut Env<'_>) -> Result<Done, Failure> {
    let mut value = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": args.word(0)}});
    if !data.is_empty() {
        value["data"] = data.into();
    }
    if !kind.is_empty() {
        value["type"] = kind.into();
    }
    make(args, kinds::Secret::kind_ref(), value, "failed to create secret", env)
}

fn generic(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    one_name(args)?;
    let data = create_data::read(args, Into::Secret, env)?;
    let data = data.into_iter().map(|(k, v)| (k, base64(v.as_bytes()).into())).collect();
    secret(args, args.text("type"), data, env)
}

fn tls(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    one_name(args)?;
    let (cert, key) = (args.text("cert"), args.text("key"));
    if cert.is_empty() || key.is_empty() {
        return Err(Failure::error("key and cert must be specified"));
    }
    let mut data = Map::new();
    for (name, path, what) in [("tls.crt", cert, "certificate"), ("tls.key", key, "key")] {
        let text = env
            .host
            .read(path)
            .map_err(|_| Failure::error(format!("Cannot read file {path}, open {path}: no such file or directory")))?;
        // Real Kubernetes also looks whether the key belongs to the certificate.
        if !text.contains("-----BEGIN ") {
            return Err(Failure::error(format!("tls: failed to find any PEM data in {what} input")));
        }
        data.insert(name.into(), base64(text.as_bytes()).into());
    }
    secret(args, "kubernetes.io/tls", data, env)
}

fn docker_registry(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    one_name(args)?;
    let (server, user) = (args.text("docker-server"), args.text("docker-username"));
    let (password, email) = (args.text("docker-password"), args.text("docker-email"));
    let kind = "kubernetes.io/dockerconfigjson";
    if !args.list("from-file").is_empty() {
        let data = create_data::read(args, Into::Secret, env)?;
        let data = data.into_iter().map(|(k, v)| (k, base64(v.as_bytes()).into())).collect();
        return secret(args, kind, data, env);
    }
    if server.is_empty() || user.is_empty() || password.is_empty() {
        return Err(Failure::error(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
        ));
    }
    let data = Map::from_iter([(
        ".dockerconfigjson".to_string(),
        base64(docker_config(server, user, password, email).as_bytes()).into(),
    )]);
    secret(args, kind, data, env)
}

/// A docker configuration with one registry, its fields in the order in which Go writes them.
fn docker_config(server: &str, user: &str, password: &str, email: &str) -> String {
    let text = |s: &str| Value::from(s).to_string();
    let email = if email.is_empty() { String::new() } else { format!("\"email\":{},", text(email)) };
    let auth = base64(format!("{user}:{password}").as_bytes());
    format!(
        "{{\"auths\":{{{}:{{\"username\":{},\"password\":{},{email}\"auth\":{}}}}}}}",
        text(server),
        text(user),
        text(password),
        text(&auth)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_docker_configuration_is_written_as_go_writes_it() {
        let text = docker_config("https://index.docker.io/v1/", "u", "p", "e@x.y");
        assert_eq!(
            base64(text.as_bytes()),
            "eyJhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pby92MS8iOnsidXNlcm5hbWUiOiJ1IiwicGFzc3dvcmQiOiJwIiwiZW1haWwiOiJlQHgueSIsImF1dGgiOiJkVHB3In19fQ=="
        );
    }
}
