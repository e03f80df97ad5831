//! The API server's own lease: its name tells which API server it is, and its renewals that it is alive.
//! Real Kubernetes: pkg/controlplane/apiserver/server.go (start-kube-apiserver-identity-lease-controller),
//! apiserver/pkg/server/config.go.

use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest, Sha256};

use crate::api::kinds::Lease;
use crate::api::{Duration, User};
use crate::store::Scope;
use crate::world::{Component, Ctx, Event, Tag};

const NAMESPACE: &str = "kube-system";
const SERVER: &str = "kube-apiserver";
const LEASE_SECONDS: i32 = 3600;
const RENEW_EVERY: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct IdentityLease {
    host: String,
    /// Where other API servers find this one.
    address: String,
    /// Which run of it this is; drawn when it starts.
    run: String,
}

impl IdentityLease {
    /// Of the API server on that host, at `198.51.100.2:6443`.
    pub fn of(host: &str, address: &str) -> IdentityLease {
        IdentityLease { host: host.into(), address: address.into(), run: String::new() }
    }

    /// Takes the lease, be it that of an earlier run.
    fn take(&mut self, ctx: &mut Ctx<'_>) {
        self.run = ctx.new_uid();
        let (name, spec) = (identity(&self.host), self.spec(ctx));
        let labels = [("apiserver.kubernetes.io/identity", SERVER), ("kubernetes.io/hostname", &self.host)];
        let owned = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
        };
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            namespace: Some(NAMESPACE.into()),
            labels: Some(owned(&labels)),
            annotations: Some(owned(&[("kubernetes.io/peer-advertise-address", &self.address)])),
            ..ObjectMeta::default()
        };
        let lease = Lease { metadata, spec: Some(spec.clone()) };
        if ctx.api::<Lease>().create(lease).is_err() {
            let _ = ctx.api::<Lease>().patch(NAMESPACE, &name, |l| l.spec = Some(spec));
        }
    }

    fn spec(&self, ctx: &Ctx<'_>) -> LeaseSpec {
        LeaseSpec {
            holder_identity: Some(format!("{}_{}", identity(&self.host), self.run)),
            lease_duration_seconds: Some(LEASE_SECONDS),
            renew_time: Some(ctx.now().meta_micro()),
            ..LeaseSpec::default()
        }
    }

    fn renew(&mut self, ctx: &mut Ctx<'_>) {
        let spec = self.spec(ctx);
        let renewed = ctx.api::<Lease>().patch(NAMESPACE, &identity(&self.host), |l| l.spec = Some(spec));
        // Somebody has deleted it.
        if renewed.is_err() {
            self.take(ctx);
        }
    }
}

/// `apiserver-` and what its host and its name come to.
fn identity(host: &str) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let part = |text: &str| [&[0, u8::try_from(text.len()).unwrap_or(u8::MAX)], text.as_bytes()].concat();
    let hash = Sha256::digest([part(host), part(SERVER)].concat());
    let bits = hash[..16].iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
    // Of 128 bits the last letter has three, and two that are empty.
    let letter = |i: u32| match 123u32.checked_sub(5 * i) {
        Some(rest) => bits >> rest & 31,
        None => bits << (5 * i - 123) & 31,
    };
    let word: String = (0..26).map(|i| char::from(LETTERS[usize::try_from(letter(i)).unwrap_or(0)])).collect();
    format!("apiserver-{word}")
}

impl Component for IdentityLease {
    fn agent(&self) -> &'static str {
        SERVER
    }

    fn name(&self) -> &'static str {
        "identity-lease"
    }

    fn user(&self) -> User {
        User::api_server()
    }

    fn watches(&self) -> Vec<Scope> {
        vec![]
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Started(_) => self.take(ctx),
            Event::Timer(_) => self.renew(ctx),
            _ => return,
        }
        ctx.every(RENEW_EVERY, Tag::new("renew"));
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_server_is_called_by_its_host() {
        assert_eq!(identity("vm"), "apiserver-wlv32tlttr4jl3gtroqexyxapa");
    }
}
