//! The learner's own machine as far as Docker goes: images that are built there, and containers that run beside the cluster.
//!
//! Start with [`engine`], what Docker keeps: images by name, containers, log-ins. [`dockerfile`] reads a Dockerfile, [`build`] makes an
//! image of one, step by step, in the file trees and with the programs that containers have; [`ignore`] reads a `.dockerignore`,
//! [`stand_in`] decides what runs where the image's own program cannot be executed.
//!
//! Deliberately absent: the cluster (an image that lies here lies on no node until somebody pushes or loads it), command lines and
//! tables (`prompt/docker`), real files.
//!
//! In life this is dockerd with BuildKit in it.

pub mod build;
pub mod copying;
pub mod decision;
pub mod dockerfile;
pub mod engine;
pub mod ignore;
pub mod picture;
pub mod report;
pub mod stand_in;
