//! The verbs. To add one: write its file, add its line to [`TABLE`].

pub mod annotate;
pub mod api_resources;
pub mod apply;
mod apply_client;
mod apply_prune;
mod apply_server;
mod apply_set;
mod attach;
pub mod auth;
pub mod autoscale;
pub mod certificate;
pub mod cluster_info;
mod cluster_info_dump;
mod completion;
pub mod config;
pub mod config_entries;
pub mod config_property;
pub mod cordon;
mod cp;
pub mod create;
pub mod create_data;
mod create_ingress;
pub mod create_job;
mod create_pdb;
pub mod create_policy;
pub mod create_rbac;
pub mod create_secret;
pub mod create_service;
mod create_token;
mod debug;
mod debug_attach;
mod debug_profiles;
pub mod delete;
pub mod describe;
pub mod diff;
pub mod drain;
mod drain_node;
mod drain_pods;
pub mod edit;
mod edit_session;
mod edit_text;
pub mod events;
pub mod exec;
pub mod explain;
mod explain_v2;
pub mod expose;
pub mod get;
pub mod help;
pub mod kustomize;
pub mod logs;
pub mod patch;
mod plugin;
mod port_forward;
mod proxy;
pub mod raw;
pub mod replace;
pub mod rollout;
pub mod run;
pub mod scale;
pub mod set;
pub mod set_env;
pub mod set_fields;
pub mod sorting;
pub mod taint;
pub mod top;
pub mod version;
pub mod wait;

use super::Verb;

/// Other names of verbs.
pub const ALIASES: &[(&str, &str)] = &[
    ("create deploy", "create deployment"),
    ("create ns", "create namespace"),
    ("create cm", "create configmap"),
    ("create sa", "create serviceaccount"),
    ("create svc", "create service"),
    ("create resourcequota", "create quota"),
    ("create pc", "create priorityclass"),
    ("create cj", "create cronjob"),
    ("create ing", "create ingress"),
    ("create pdb", "create poddisruptionbudget"),
    ("config use", "config use-context"),
    ("top nodes", "top node"),
    ("top no", "top node"),
    ("top pods", "top pod"),
    ("top po", "top pod"),
];

pub static TABLE: &[&Verb] = &[
    &create::DEPLOYMENT,
    &create::NAMESPACE,
    &create::CONFIGMAP,
    &create::SERVICEACCOUNT,
    &create_secret::GENERIC,
    &create_secret::TLS,
    &create_secret::DOCKER_REGISTRY,
    &create_policy::QUOTA,
    &create_policy::PRIORITYCLASS,
    &create_pdb::PODDISRUPTIONBUDGET,
    &create_ingress::INGRESS,
    &create_token::TOKEN,
    &create_job::JOB,
    &create_job::CRONJOB,
    &create_rbac::ROLE,
    &create_rbac::CLUSTERROLE,
    &create_rbac::ROLEBINDING,
    &create_rbac::CLUSTERROLEBINDING,
    &create_service::CLUSTERIP,
    &create_service::NODEPORT,
    &create_service::LOADBALANCER,
    &create_service::EXTERNALNAME,
    &create::CREATE,
    &expose::EXPOSE,
    &run::RUN,
    &set::IMAGE,
    &set::RESOURCES,
    &set_env::ENV,
    &set_fields::SELECTOR,
    &set_fields::SERVICEACCOUNT,
    &explain::EXPLAIN,
    &get::GET,
    &delete::DELETE,
    &rollout::HISTORY,
    &rollout::PAUSE,
    &rollout::RESTART,
    &rollout::RESUME,
    &rollout::STATUS,
    &rollout::UNDO,
    &scale::SCALE,
    &autoscale::AUTOSCALE,
    &certificate::APPROVE,
    &certificate::DENY,
    &cluster_info::CLUSTER_INFO,
    &cluster_info_dump::DUMP,
    &completion::COMPLETION,
    &kustomize::KUSTOMIZE,
    &plugin::LIST,
    &cordon::CORDON,
    &cordon::UNCORDON,
    &drain::DRAIN,
    &taint::TAINT,
    &top::NODE,
    &top::POD,
    &describe::DESCRIBE,
    &logs::LOGS,
    &exec::EXEC,
    &attach::ATTACH,
    &port_forward::PORT_FORWARD,
    &proxy::PROXY,
    &cp::CP,
    &debug::DEBUG,
    &auth::CAN_I,
    &auth::WHOAMI,
    &diff::DIFF,
    &apply_set::SET_LAST_APPLIED,
    &apply::VIEW_LAST_APPLIED,
    &edit::EDIT_LAST_APPLIED,
    &edit::EDIT,
    &apply::APPLY,
    &patch::PATCH,
    &replace::REPLACE,
    &wait::WAIT,
    &annotate::LABEL,
    &annotate::ANNOTATE,
    &api_resources::API_RESOURCES,
    &api_resources::API_VERSIONS,
    &config::CURRENT_CONTEXT,
    &config::SET_CONTEXT,
    &config::USE_CONTEXT,
    &config::GET_CONTEXTS,
    &config::GET_CLUSTERS,
    &config::GET_USERS,
    &config::VIEW,
    &config_entries::DELETE_CLUSTER,
    &config_entries::DELETE_CONTEXT,
    &config_entries::DELETE_USER,
    &config_entries::RENAME_CONTEXT,
    &config_entries::SET_CLUSTER,
    &config_entries::SET_CREDENTIALS,
    &config_property::SET,
    &config_property::UNSET,
    &events::EVENTS,
    &version::VERSION,
];
