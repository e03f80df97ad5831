//! What containers of every sort may not say: their names, images and ports, and the lists they stand in.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateContainers, validateInitContainers,
//! validateEphemeralContainers, validateContainerCommon.

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, ContainerResizePolicy, EnvFromSource, EnvVar, EphemeralContainer, Lifecycle, PodSpec,
    ResourceRequirements, SecurityContext, VolumeDevice, VolumeMount,
};

use super::handlers::{self, Use};
use super::volumes::Volumes;
use super::{Options, env, items, mounts, resources, restarts, security, text};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::service::{port_name, port_number};
use crate::api::names;

/// What containers, init containers and ephemeral containers have in common.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    pub name: &'a str,
    pub image: &'a str,
    pub image_pull_policy: &'a str,
    pub termination_message_policy: &'a str,
    pub ports: &'a [ContainerPort],
    pub env: &'a [EnvVar],
    pub env_from: &'a [EnvFromSource],
    pub volume_mounts: &'a [VolumeMount],
    pub volume_devices: &'a [VolumeDevice],
    pub resize_policy: &'a [ContainerResizePolicy],
    pub resources: Option<&'a ResourceRequirements>,
    pub security_context: Option<&'a SecurityContext>,
    pub lifecycle: Option<&'a Lifecycle>,
}

macro_rules! fields_of {
    ($t:ty) => {
        impl<'a> From<&'a $t> for Fields<'a> {
            fn from(c: &'a $t) -> Fields<'a> {
                Fields {
                    name: &c.name,
                    image: text(&c.image),
                    image_pull_policy: text(&c.image_pull_policy),
                    termination_message_policy: text(&c.termination_message_policy),
                    ports: items(&c.ports),
                    env: items(&c.env),
                    env_from: items(&c.env_from),
                    volume_mounts: items(&c.volume_mounts),
                    volume_devices: items(&c.volume_devices),
                    resize_policy: items(&c.resize_policy),
                    resources: c.resources.as_ref(),
                    security_context: c.security_context.as_ref(),
                    lifecycle: c.lifecycle.as_ref(),
                }
            }
        }
    };
}
fields_of!(Container);
fields_of!(EphemeralContainer);

/// All containers in the order in which Kubernetes visits them, each with the name of its list and its place in it.
pub fn all(s: &PodSpec) -> impl Iterator<Item = (&'static str, usize, Fields<'_>)> {
    let init = items(&s.init_containers).iter().enumerate().map(|(i, c)| ("initContainers", i, c.into()));
    let main = s.containers.iter().enumerate().map(|(i, c)| ("containers", i, c.into()));
    let ephemeral =
        items(&s.ephemeral_containers).iter().enumerate().map(|(i, c)| ("ephemeralContainers", i, c.into()));
    init.chain(main).chain(ephemeral)
}

/// What of the spec a container is judged by.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub spec: &'a PodSpec,
    pub volumes: &'a Volumes<'a>,
    pub options: Options,
}

impl Around<'_> {
    fn os(&self) -> Option<&str> {
        self.spec.os.as_ref().map(|o| o.name.as_str())
    }
}

pub fn validate_containers(around: Around<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let list = &around.spec.containers;
    if list.is_empty() {
        errors.required(at, "");
        return;
    }
    for (i, c) in list.iter().enumerate() {
        let here = at.index(i);
        validate_common(c.into(), around, &here, errors);
        if list[..i].iter().any(|before| before.name == c.name) {
            errors.duplicate(&here.child("name"), c.name.as_str());
        }
        validate_hooks(c, around, &here, errors);
        restarts::validate_rules(c, &here, errors);
    }
    validate_host_ports(list, at, errors);
}

pub fn validate_init_containers(around: Around<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let list = items(&around.spec.init_containers);
    for (i, c) in list.iter().enumerate() {
        let here = at.index(i);
        validate_common(c.into(), around, &here, errors);
        restarts::validate_init_rules(c, &here, errors);
        let mut others = around.spec.containers.iter().chain(list[..i].iter().filter(|o| !o.name.is_empty()));
        if others.any(|o| o.name == c.name) {
            errors.duplicate(&here.child("name"), c.name.as_str());
        }
        // Kubernetes looks at each alone and names the first place of the list.
        validate_host_ports(&list[i..=i], at, errors);
        let sidecar = text(&c.restart_policy) == "Always";
        if sidecar {
            validate_hooks(c, around, &here, errors);
        } else {
            for (name, set) in [
                ("lifecycle", c.lifecycle.is_some()),
                ("livenessProbe", c.liveness_probe.is_some()),
                ("readinessProbe", c.readiness_probe.is_some()),
                ("startupProbe", c.startup_probe.is_some()),
            ] {
                if set {
                    let why = "may not be set for init containers without restartPolicy=Always";
                    errors.forbidden(&here.child(name), why);
                }
            }
        }
        if !sidecar && !around.options.allow_restart_of_init_containers_on_resize {
            for (j, p) in items(&c.resize_policy).iter().enumerate() {
                if p.restart_policy == "RestartContainer" {
                    let list = here.child("resizePolicy");
                    let why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                    errors.invalid(&list.index(j).child("restartPolicy"), p.restart_policy.as_str(), why);
                }
            }
        }
    }
}

pub fn validate_ephemeral_containers(around: Around<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let list = items(&around.spec.ephemeral_containers);
    let is_other = |name: &str| {
        let mut others = around.spec.containers.iter().chain(items(&around.spec.init_containers));
        others.any(|c| c.name == name)
    };
    for (i, c) in list.iter().enumerate() {
        let here = at.index(i);
        validate_common(c.into(), around, &here, errors);
        validate_image(text(&c.image), &here, errors);
        if is_other(&c.name) || list[..i].iter().any(|before| before.name == c.name) {
            errors.duplicate(&here.child("name"), c.name.as_str());
        }
        let target = text(&c.target_container_name);
        if !target.is_empty() && !is_other(target) {
            errors.push_not_found(&here.child("targetContainerName"), target);
        }
        validate_allowed_fields(c, &here, errors);
        for (j, m) in items(&c.volume_mounts).iter().enumerate() {
            let list = here.child("volumeMounts");
            for (name, path) in [("subPath", &m.sub_path), ("subPathExpr", &m.sub_path_expr)] {
                if !text(path).is_empty() {
                    errors.forbidden(&list.index(j).child(name), NOT_EPHEMERAL);
                }
            }
        }
    }
}

const NOT_EPHEMERAL: &str = "cannot be set for an Ephemeral Container";

/// An ephemeral container looks around and goes: nothing in it may outlast it or be planned for. In Go's order of fields.
fn validate_allowed_fields(c: &EphemeralContainer, at: &Path<'_>, errors: &mut FieldErrors) {
    let resources = c.resources.as_ref().is_some_and(|r| *r != ResourceRequirements::default());
    for (name, set) in [
        ("ports", c.ports.is_some()),
        ("resources", resources),
        ("resizePolicy", c.resize_policy.is_some()),
        ("restartPolicy", c.restart_policy.is_some()),
        ("restartPolicyRules", c.restart_policy_rules.is_some()),
        ("livenessProbe", c.liveness_probe.is_some()),
        ("readinessProbe", c.readiness_probe.is_some()),
        ("startupProbe", c.startup_probe.is_some()),
        ("lifecycle", c.lifecycle.is_some()),
    ] {
        if set {
            errors.forbidden(&at.child(name), NOT_EPHEMERAL);
        }
    }
}

fn validate_hooks(c: &Container, around: Around<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(l) = &c.lifecycle {
        let grace_seconds = around.spec.termination_grace_period_seconds;
        handlers::validate_lifecycle(l, grace_seconds, around.os(), &at.child("lifecycle"), errors);
    }
    for (name, of, probe) in [
        ("livenessProbe", Use::Liveness, &c.liveness_probe),
        ("readinessProbe", Use::Readiness, &c.readiness_probe),
        ("startupProbe", Use::Startup, &c.startup_probe),
    ] {
        if let Some(p) = probe {
            handlers::validate_probe(p, of, &at.child(name), errors);
        }
    }
}

fn validate_common(c: Fields<'_>, around: Around<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    if c.name.is_empty() {
        errors.required(&at.child("name"), "");
    } else {
        errors.invalid_each(&at.child("name"), c.name, names::dns1123_label(c.name, false));
    }
    if c.image.is_empty() {
        errors.required(&at.child("image"), "");
    }
    let policies = ["File", "FallbackToLogsOnError"];
    must_be_one_of(c.termination_message_policy, &policies, &at.child("terminationMessagePolicy"), errors);
    validate_ports(c.ports, &at.child("ports"), errors);
    env::validate_env(c.env, &at.child("env"), errors);
    env::validate_env_from(c.env_from, &at.child("envFrom"), errors);
    mounts::validate_mounts(c, around.volumes, &at.child("volumeMounts"), errors);
    mounts::validate_devices(c, around.volumes, &at.child("volumeDevices"), errors);
    must_be_one_of(c.image_pull_policy, &PULL_POLICIES, &at.child("imagePullPolicy"), errors);
    if let Some(r) = c.resources {
        let claims = items(&around.spec.resource_claims);
        resources::validate_of_container(r, claims, around.options, &at.child("resources"), errors);
    }
    restarts::validate_resize_policy(c.resize_policy, around.spec, &at.child("resizePolicy"), errors);
    if let Some(s) = c.security_context {
        let host_users = around.spec.host_users.unwrap_or(true);
        security::validate_of_container(s, host_users, &at.child("securityContext"), errors);
    }
}

pub const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];

/// A value that has a default: it is there, and it is one of these.
pub fn must_be_one_of(value: &str, supported: &[&str], at: &Path<'_>, errors: &mut FieldErrors) {
    if value.is_empty() {
        errors.required(at, "");
    } else {
        errors.one_of(at, value, supported);
    }
}

fn validate_ports(ports: &[ContainerPort], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, p) in ports.iter().enumerate() {
        let here = at.index(i);
        let name = text(&p.name);
        if !name.is_empty() {
            let problems = port_name(name);
            if problems.is_empty() && ports[..i].iter().any(|before| text(&before.name) == name) {
                errors.duplicate(&here.child("name"), name);
            }
            errors.invalid_each(&here.child("name"), name, problems);
        }
        if p.container_port == 0 {
            errors.required(&here.child("containerPort"), "");
        } else {
            port_number(p.container_port, &here.child("containerPort"), errors);
        }
        if let Some(h) = p.host_port.filter(|h| *h != 0) {
            port_number(h, &here.child("hostPort"), errors);
        }
        must_be_one_of(text(&p.protocol), &["SCTP", "TCP", "UDP"], &here.child("protocol"), errors);
    }
}

/// Two containers of a pod cannot listen at the same port of the node.
fn validate_host_ports(list: &[Container], at: &Path<'_>, errors: &mut FieldErrors) {
    let taken = || list.iter().flat_map(|c| items(&c.ports)).filter(|p| p.host_port.unwrap_or(0) != 0);
    let mut before = 0;
    for (i, c) in list.iter().enumerate() {
        for (j, p) in items(&c.ports).iter().enumerate() {
            let Some(port) = p.host_port.filter(|h| *h != 0) else { continue };
            let (protocol, ip) = (text(&p.protocol), text(&p.host_ip));
            let same = |o: &ContainerPort| {
                o.host_port == Some(port) && text(&o.protocol) == protocol && text(&o.host_ip) == ip
            };
            if taken().take(before).any(same) {
                let (here, ports) = (at.index(i), format!("{protocol}/{ip}/{port}"));
                errors.duplicate(&here.child("ports").index(j).child("hostPort"), ports);
            }
            before += 1;
        }
    }
}

/// Pods alone are asked whether their images are written cleanly; templates are not.
pub fn validate_images(list: &[Container], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, c) in list.iter().enumerate() {
        validate_image(text(&c.image), &at.index(i), errors);
    }
}

pub fn validate_image(image: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if image.trim() != image {
        errors.invalid(&at.child("image"), image, "must not have leading or trailing whitespace");
    }
}
