//! All tests that look at kubetutor from outside. Tests of one room lie beside its code.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]
mod api_over_network;
mod autoscaling;
mod bodies;
mod certificates;
mod command_lines;
mod compare;
mod conversations;
mod created;
mod defaults;
mod discovery;
mod docker;
mod events;
mod faults;
mod fresh;
mod fuzz;
mod images;
mod jobs;
mod keys;
mod kustomize;
mod laws;
mod managed;
mod managed_random;
mod minikube;
mod nginx;
mod objects;
mod openapi;
mod packets;
mod pods;
mod probes;
mod requests;
mod rooms;
mod scheduling;
mod scheduling_recorded;
mod seeds;
mod session;
mod shell;
mod storage;
mod stories;
mod tables;
mod templates;
mod timings;
mod verbs;
mod whole;
mod workloads;
