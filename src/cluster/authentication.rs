//! Whom the API server takes somebody for who comes from outside.
//! Real Kubernetes: pkg/kubeapiserver/authenticator/config.go.

use super::Cluster;
use crate::api::User;
use crate::apiserver::tokens::ISSUER;
use crate::apiserver::tokens::review::authenticate;

/// What somebody shows.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'a> {
    /// As PEM.
    Certificate(&'a [u8]),
    Token(&'a str),
}

impl Cluster {
    /// `None`: nobody it knows.
    pub fn recognize(&self, shown: Credential<'_>) -> Option<User> {
        let world = &self.world;
        match shown {
            Credential::Certificate(c) => world.api.authority().ok()?.user(c, world.now).ok(),
            Credential::Token(t) => Some(authenticate(&world.api, t, &[ISSUER], world.now).ok()??.0),
        }
    }
}
