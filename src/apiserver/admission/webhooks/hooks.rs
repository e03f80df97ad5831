//! Which webhooks there are, and whether one is to be asked about a request.
//! Real Kubernetes: apiserver/pkg/admission/configuration, plugin/webhook/{accessors.go,generic/webhook.go}.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::matching;
use super::super::policy::ignores_failures;
use super::super::policy::seen::Seen;
use super::super::policy::{conditions, ready};
use super::super::request::Request;
use crate::api::kinds::admission_webhooks::Webhook;
use crate::api::kinds::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use crate::api::{KindRef, Status};
use crate::apiserver::ApiServer;

/// Neither webhooks nor policies are shown to webhooks, so that nobody can lock himself out.
/// Real Kubernetes: plugin/webhook/predicates/rules IsExemptAdmissionConfigurationResource.
pub fn is_exempt(kind: KindRef) -> bool {
    kind.group() == "admissionregistration.k8s.io"
}

/// A webhook, and the configuration in which it stands at a place.
pub struct Hook<'a> {
    configuration: &'a ObjectMeta,
    place: usize,
    pub webhook: Webhook<'a>,
}

/// All that may change something, in the order in which they are asked.
pub fn mutating(api: &ApiServer) -> impl Iterator<Item = Hook<'_>> {
    let all = api.store().all::<MutatingWebhookConfiguration>();
    all.flat_map(|c| hooks(&c.metadata, c.webhooks.iter().flatten().map(Webhook::from)))
}

/// All that may refuse something.
pub fn validating(api: &ApiServer) -> impl Iterator<Item = Hook<'_>> {
    let all = api.store().all::<ValidatingWebhookConfiguration>();
    all.flat_map(|c| hooks(&c.metadata, c.webhooks.iter().flatten().map(Webhook::from)))
}

fn hooks<'a>(configuration: &'a ObjectMeta, all: impl Iterator<Item = Webhook<'a>>) -> impl Iterator<Item = Hook<'a>> {
    all.enumerate().map(move |(place, webhook)| Hook { configuration, place, webhook })
}

impl Hook<'_> {
    pub fn configuration(&self) -> &str {
        self.configuration.name.as_deref().unwrap_or("")
    }

    /// Whether it is no matter if it is not heard.
    pub fn ignores_failures(&self) -> bool {
        ignores_failures(self.webhook.failure_policy)
    }

    /// The version of the object's kind in which it is to be asked; `None` if it is not.
    ///
    /// # Errors
    /// The object's namespace is not there, or nobody can tell whether the webhook's conditions hold.
    pub fn wants(&self, r: &Request<'_>) -> Result<Option<KindRef>, Status> {
        let Some(kind) = matching::by_webhook(&self.webhook, r)? else { return Ok(None) };
        let conditions = self.webhook.conditions.filter(|all| !all.is_empty());
        let Some(conditions) = conditions else { return Ok(Some(kind)) };
        let ready = r.api.policies.part_of(self.configuration, self.place, || ready::webhook(Some(conditions)));
        match conditions::hold(&ready.conditions, &Seen::new(r, kind, None, &[]), self.ignores_failures()) {
            Ok(hold) => Ok(Some(kind).filter(|_| hold)),
            Err(why) => Err(Status::forbidden(r.kind, r.name, &why)),
        }
    }
}
