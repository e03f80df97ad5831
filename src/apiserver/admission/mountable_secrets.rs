//! An account that is marked so lets its pods see the secrets that it names, and no others.
//! Real Kubernetes: plugin/pkg/admission/serviceaccount, limitSecretReferences.

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, PodSpec};

use crate::api::Resource;
use crate::api::kinds::ServiceAccount;

const ENFORCED: &str = "kubernetes.io/enforce-mountable-secrets";

/// Whether an account keeps its pods to its own secrets; the words are those that Go takes for true.
fn is_strict(account: &ServiceAccount) -> bool {
    account.annotation(ENFORCED).is_some_and(|v| matches!(v, "1" | "t" | "T" | "TRUE" | "true" | "True"))
}

/// What of a new pod its account does not allow.
pub fn of_pod(account: &ServiceAccount, spec: &PodSpec) -> Result<(), String> {
    if !is_strict(account) {
        return Ok(());
    }
    for volume in spec.volumes.iter().flatten() {
        let Some(secret) = &volume.secret else { continue };
        may_see(account, "volume with", secret.secret_name.as_deref().unwrap_or(""))?;
    }
    for c in spec.init_containers.iter().flatten() {
        of_variables(account, "init container", &c.name, c.env.as_deref(), c.env_from.as_deref())?;
    }
    for c in &spec.containers {
        of_variables(account, "container", &c.name, c.env.as_deref(), c.env_from.as_deref())?;
    }
    let own: Vec<&str> = account.image_pull_secrets.iter().flatten().map(|s| s.name.as_str()).collect();
    let other = spec.image_pull_secrets.iter().flatten().enumerate().find(|(_, s)| !own.contains(&s.name.as_str()));
    match other {
        None => Ok(()),
        Some((i, s)) => Err(format!(
            "imagePullSecrets[{i}].name=\"{}\" is not allowed because service account {} does not reference that imagePullSecret",
            s.name,
            account.name()
        )),
    }
}

/// What of the containers that are added for debugging it does not allow.
pub fn of_debugging(account: &ServiceAccount, spec: &PodSpec) -> Result<(), String> {
    if !is_strict(account) {
        return Ok(());
    }
    spec.ephemeral_containers.iter().flatten().try_for_each(|c| {
        of_variables(account, "ephemeral container", &c.name, c.env.as_deref(), c.env_from.as_deref())
    })
}

fn of_variables(
    account: &ServiceAccount,
    what: &str,
    container: &str,
    env: Option<&[EnvVar]>,
    from: Option<&[EnvFromSource]>,
) -> Result<(), String> {
    for variable in env.unwrap_or_default() {
        if let Some(secret) = variable.value_from.as_ref().and_then(|v| v.secret_key_ref.as_ref()) {
            let place = format!("{what} {container} with envVar {} referencing", variable.name);
            may_see(account, &place, &secret.name)?;
        }
    }
    for secret in from.unwrap_or_default().iter().filter_map(|f| f.secret_ref.as_ref()) {
        may_see(account, &format!("{what} {container} with envFrom referencing"), &secret.name)?;
    }
    Ok(())
}

fn may_see(account: &ServiceAccount, place: &str, secret: &str) -> Result<(), String> {
    let mut named = account.secrets.iter().flatten();
    match named.any(|s| s.name.as_deref().unwrap_or("") == secret) {
        true => Ok(()),
        false => Err(format!(
            "{place} secret.secretName=\"{secret}\" is not allowed because service account {} does not reference that secret",
            account.name()
        )),
    }
}
