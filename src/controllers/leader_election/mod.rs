//! Leader election: of the programs of one name, only the one that holds their lease works.
//!
//! With one control plane there is one of each, and it always wins; but it must go on renewing, and a program that cannot for ten
//! seconds ends, as somebody else may work by then. The one that is started in its place has to wait until the lease of its
//! predecessor has run out.
//! Real Kubernetes: client-go/tools/leaderelection, cmd/kube-scheduler/app/server.go, cmd/kube-controller-manager/app. There the
//! lease is written every 2 s; here it is looked at as often, and written every 10 s, so that the ledger does not fill with it.

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::Lease;
use crate::api::{Duration, Key, Reason, Status, Time, User};
use crate::client::Recorder;
use crate::client::recorder::{Note, reference};
use crate::ledger::{Decision, Facts};
use crate::store::Scope;
use crate::world::{Component, Ctx, Event, Tag, latency};

const NAMESPACE: &str = "kube-system";
const LEASE: Duration = Duration::from_secs(15);
const RENEW_DEADLINE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(2);
/// Who waits for the lease looks at it after this long, up to so much later.
const RETRY_MILLIS: (u64, u64) = (2_000, 4_400);
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// A program that needs a lease, and what is known of that.
#[derive(Clone)]
pub struct LeaderElection {
    program: &'static str,
    user: &'static str,
    /// As whom it records Events.
    source: &'static str,
    host: String,
    /// How long its components take to begin.
    begins: Duration,
    /// Which run of the program this is.
    identity: String,
    leading: bool,
    /// Whose lease was seen, of which renewal, and when that was first seen.
    seen: Option<(String, Option<Time>, Time)>,
    renewed: Time,
    written: Time,
    told: bool,
}

/// What becomes of the lease.
#[derive(Clone, Debug)]
pub enum LeaseDecision {
    Leads { lease: Key, program: &'static str },
    Waits { lease: Key, program: &'static str },
    Lost { lease: Key, program: &'static str },
}

impl Decision for LeaseDecision {
    fn message(&self) -> &'static str {
        match self {
            LeaseDecision::Leads { .. } => "lease-leads",
            LeaseDecision::Waits { .. } => "lease-waits",
            LeaseDecision::Lost { .. } => "lease-lost",
        }
    }
    fn facts(&self) -> Facts {
        let (LeaseDecision::Leads { program, .. }
        | LeaseDecision::Waits { program, .. }
        | LeaseDecision::Lost { program, .. }) = self;
        vec![("program", (*program).into())]
    }
    fn about(&self) -> Option<Key> {
        let (LeaseDecision::Leads { lease, .. }
        | LeaseDecision::Waits { lease, .. }
        | LeaseDecision::Lost { lease, .. }) = self;
        Some(lease.clone())
    }
}

impl LeaderElection {
    pub fn of_scheduler(host: &str) -> LeaderElection {
        let begins = Duration::from_millis(300);
        LeaderElection::new("kube-scheduler", "system:kube-scheduler", "default-scheduler", host, begins)
    }

    pub fn of_manager(host: &str) -> LeaderElection {
        let (program, begins) = ("kube-controller-manager", Duration::from_millis(800));
        LeaderElection::new(program, "system:kube-controller-manager", program, host, begins)
    }

    fn new(program: &'static str, user: &'static str, source: &'static str, host: &str, begins: Duration) -> Self {
        let (identity, zero) = (String::new(), Time::default());
        let (leading, told, seen) = (false, false, None);
        let host = host.into();
        LeaderElection {
            program,
            user,
            source,
            host,
            begins,
            identity,
            leading,
            seen,
            renewed: zero,
            written: zero,
            told,
        }
    }

    fn key(&self) -> Key {
        Key::of::<Lease>(NAMESPACE, self.program)
    }

    /// Looks at the lease, takes it if nobody has it, renews it if it is its own. Tells whether it is.
    fn try_lease(&mut self, ctx: &mut Ctx<'_>) -> Result<bool, Status> {
        let now = ctx.now();
        let held = match ctx.api::<Lease>().get(NAMESPACE, self.program) {
            Ok(o) => o.get::<Lease>().cloned(),
            Err(e) if e.is(Reason::NotFound) => None,
            Err(e) => return Err(e),
        };
        let Some(lease) = held else {
            self.write(None, ctx)?;
            return Ok(true);
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        if holder == self.identity {
            if now.since(self.written) >= WRITE_EVERY {
                self.write(Some(lease), ctx)?;
            }
            return Ok(true);
        }
        let renewed = spec.renew_time.as_ref().map(Time::from_meta_micro);
        let known =
            self.seen.as_ref().filter(|(who, at, _)| *who == holder && *at == renewed).map(|(.., since)| *since);
        let since = known.unwrap_or(now);
        self.seen = Some((holder.clone(), renewed, since));
        if !holder.is_empty() && now.since(since) < LEASE {
            return Ok(false);
        }
        self.write(Some(lease), ctx)?;
        Ok(true)
    }

    fn write(&mut self, old: Option<Lease>, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let now = ctx.now();
        let was = old.as_ref().and_then(|l| l.spec.clone());
        let mine = was.as_ref().is_some_and(|s| s.holder_identity.as_deref() == Some(&self.identity));
        let transitions = was.as_ref().and_then(|s| s.lease_transitions).unwrap_or(0);
        let spec = LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(LEASE.as_secs()).unwrap_or(i32::MAX)),
            acquire_time: if mine { was.and_then(|s| s.acquire_time) } else { Some(now.meta_micro()) },
            renew_time: Some(now.meta_micro()),
            lease_transitions: Some(if mine || old.is_none() { transitions } else { transitions + 1 }),
            ..LeaseSpec::default()
        };
        match old {
            Some(old) => ctx.api::<Lease>().update(Lease { spec: Some(spec), ..old })?,
            None => {
                let metadata = ObjectMeta {
                    name: Some(self.program.into()),
                    namespace: Some(NAMESPACE.into()),
                    ..ObjectMeta::default()
                };
                ctx.api::<Lease>().create(Lease { metadata, spec: Some(spec) })?
            }
        };
        self.written = now;
        Ok(())
    }

    fn look(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let own = self.try_lease(ctx);
        if self.leading {
            match own {
                Ok(true) => self.renewed = now,
                _ if now.since(self.renewed) >= RENEW_DEADLINE => return self.give_up(ctx),
                _ => {}
            }
            return ctx.every(RETRY, Tag::new("look"));
        }
        match own {
            Ok(true) => {
                self.leading = true;
                self.renewed = now;
                self.announce(ctx);
                ctx.every(RETRY, Tag::new("look"));
            }
            Ok(false) => {
                if !std::mem::replace(&mut self.told, true) {
                    ctx.decide(LeaseDecision::Waits { lease: self.key(), program: self.program });
                }
                let wait = latency::between(ctx.chance(), RETRY_MILLIS.0, RETRY_MILLIS.1);
                ctx.after(wait, Tag::new("look"));
            }
            // Nobody answers: that may go on for long, and the cluster need not wait for it.
            Err(_) => {
                let wait = latency::between(ctx.chance(), RETRY_MILLIS.0, RETRY_MILLIS.1);
                ctx.quietly_after(wait, Tag::new("look"));
            }
        }
    }

    fn announce(&mut self, ctx: &mut Ctx<'_>) {
        // The first of a cluster waits for nobody: there is nothing to tell.
        if self.seen.is_some() {
            ctx.decide(LeaseDecision::Leads { lease: self.key(), program: self.program });
        }
        if let Ok(o) = ctx.api::<Lease>().get(NAMESPACE, self.program)
            && let Some(lease) = o.get::<Lease>()
        {
            let message = format!("{} became leader", self.identity);
            let about = reference(lease, None);
            Recorder::new(self.source, "").record(about, Note::normal("LeaderElection", &message), ctx);
        }
        ctx.lead(self.begins);
    }

    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        ctx.decide(LeaseDecision::Lost { lease: self.key(), program: self.program });
        ctx.exit();
    }
}

impl Component for LeaderElection {
    fn agent(&self) -> &'static str {
        self.program
    }

    fn name(&self) -> &'static str {
        match self.program {
            "kube-scheduler" => "kube-scheduler",
            _ => "kube-controller-manager",
        }
    }

    fn user(&self) -> User {
        User::of(self.user, &[])
    }

    fn leads(&self) -> bool {
        true
    }

    fn watches(&self) -> Vec<Scope> {
        vec![]
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Started(_) => {
                self.identity = format!("{}_{}", self.host, ctx.new_uid());
                self.look(ctx);
            }
            Event::Timer(_) => self.look(ctx),
            _ => {}
        }
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}
