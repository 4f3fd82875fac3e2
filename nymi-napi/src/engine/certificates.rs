//! The certificate's life: from `init` to its renewal, two thirds of the way.

use std::sync::Arc;
use std::time::Duration;

use nymi_core::message::{AgentUrl, Status, Update};
use nymi_net::backoff::Backoff;
use tokio::time::Instant;

use super::{CLOCK_CHECK, Done, Engine, Session, WaitingInit};
use crate::exchanges::Id;
use crate::identity::Identity;
use crate::init::{Application, Refusal};
use crate::link::State;

/// "Outside its validity", trust.md.
const NSL_VALIDITY: u32 = 29;
/// What becomes of a client whose renewal fails.
const NOT_RENEWED: &str =
    "The NEA certificate is not renewed; the present one serves as long as it is valid.";
const L1_REPLACED: &str = " If the enterprise's L1 was replaced, put the new one where l1 names it, or initialise again with it.";
const TRIED_AGAIN: &str = " It is tried again.";
/// A new certificate that is due for renewal at once.
const CLOCK_AHEAD: &str = "The new NEA certificate is past two thirds of its life by this machine's clock, which seems to be wrong. The certificate serves; the next is asked for only now and then: see to it that the clocks of this machine and of NES agree";
/// At least this long after a certificate that is due at once the next is asked for.
const AFTER_DUE_AT_ONCE: Duration = Duration::from_secs(30);
/// How long NES may take for each step of a renewal.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the renewal of the present certificate goes.
pub(super) struct Renewal {
    running: bool,
    not_before: Option<Instant>,
    backoff: Backoff,
    told_cannot: bool,
    told_expired: bool,
    /// A new certificate was due for renewal at once, and that was said.
    told_clock: bool,
    /// The statuses of failed renewals that were said.
    told: Vec<Status>,
}

impl Default for Renewal {
    fn default() -> Self {
        Self {
            running: false,
            not_before: None,
            backoff: Backoff::new(Duration::from_secs(30), Duration::from_secs(3600)),
            told_cannot: false,
            told_expired: false,
            told_clock: false,
            told: Vec::new(),
        }
    }
}

/// How often an agent that takes the certificate for invalid may cause a new one, since it may go on
/// refusing.
pub(super) struct RenewalForAgent {
    not_before: Option<Instant>,
    backoff: Backoff,
}

impl Default for RenewalForAgent {
    fn default() -> Self {
        Self {
            not_before: None,
            backoff: Backoff::new(Duration::from_secs(30), Duration::from_secs(3600)),
        }
    }
}

impl Engine {
    pub(super) fn init_done(
        &mut self,
        id: Id,
        agent_url: AgentUrl,
        application: Arc<Application>,
        result: Result<Identity, Refusal>,
    ) {
        if self.inits.remove(&id).is_none() {
            // Cancelled or overdue in the meantime.
            return;
        }
        let identity = match result {
            Ok(identity) => identity,
            Err(refusal) => {
                self.desk.answer(id, refusal.to_update());
                return;
            }
        };
        let name = application.name.clone();
        self.session = Some(Session {
            application,
            identity,
        });
        if !(self.renewal.told_clock && self.is_renewal_due()) {
            self.renewal = Renewal {
                running: self.renewal.running,
                ..Renewal::default()
            };
        }
        let same = self
            .link
            .as_ref()
            .is_some_and(|link| link.url == agent_url && link.name == name);
        if !same || self.trust_has_changed() {
            self.connect(agent_url.clone(), name);
        }
        let Some(answer) = self.init_answer(&agent_url) else {
            return;
        };
        self.waiting.push(WaitingInit { id, answer });
        match self.link.as_ref().map(|link| &link.state) {
            Some(State::Connecting | State::Proving) => {}
            Some(State::Joined { .. }) => self.prove(),
            Some(State::Refused(_)) => self.reconnect(),
            // Proven already, or away: the session comes up by itself.
            Some(State::Proven | State::Lost) | None => self.answer_inits(None),
        }
    }

    /// Whether two thirds of the certificate's life are over, by this machine's clock.
    fn is_renewal_due(&self) -> bool {
        let at = (self.config.clock)();
        let is_due = |session: &Session| session.identity.renewal_due() <= at;
        self.session.as_ref().is_some_and(is_due)
    }

    /// When the certificate has to be looked at.
    pub(super) fn certificates_due(&self, now: Instant) -> Option<Instant> {
        let session = self.session.as_ref()?;
        if self.renewal.running || !session.application.can_renew() {
            return None;
        }
        let left = session.identity.renewal_due().since((self.config.clock)());
        let wait = Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(CLOCK_CHECK);
        Some(
            self.renewal
                .not_before
                .map_or(now + wait, |at| at.max(now + wait)),
        )
    }

    pub(super) fn check_certificates(&mut self, now: Instant) {
        let Some(session) = &self.session else { return };
        let at = (self.config.clock)();
        let has_expired = session.identity.has_expired(at);
        if !has_expired {
            // Also after a clock that was wrong for a while.
            self.renewal.told_expired = false;
        } else if !self.renewal.told_expired {
            self.renewal.told_expired = true;
            let specifics = "NEA certificate chain is missing or invalid. The certificate has expired and could not be renewed: see to it that NES can be reached, and initialise again";
            tracing::error!("NSL: nsl_verify_nea_cert_chain, {NSL_VALIDITY}");
            self.desk
                .deliver(Update::error(Status::CERTIFICATES, specifics).with_nsl(NSL_VALIDITY));
        }
        if at < session.identity.renewal_due() || self.renewal.running {
            return;
        }
        if !session.application.can_renew() {
            if !self.renewal.told_cannot {
                self.renewal.told_cannot = true;
                tracing::warn!(
                    "the NEA certificate should be renewed, but init named no nes_url, token, or username and password"
                );
            }
            return;
        }
        if self.renewal.not_before.is_none_or(|at| at <= now) {
            self.renew();
        }
    }

    /// The agent does not accept the chain, although it is valid here: its L1 may be another by now.
    pub(super) fn renew_for_agent(&mut self) {
        let can_renew = |session: &Session| session.application.can_renew();
        if self.renewal.running || !self.session.as_ref().is_some_and(can_renew) {
            return;
        }
        let now = Instant::now();
        let for_agent = &mut self.renewal_for_agent;
        if for_agent.not_before.is_none_or(|at| at <= now) {
            for_agent.not_before = Some(now + for_agent.backoff.delay());
            self.renew();
        }
    }

    fn renew(&mut self) {
        let Some(session) = &self.session else { return };
        let application = Arc::clone(&session.application);
        let present = session.identity.entry().clone();
        let clock = self.config.clock.clone();
        self.renewal.running = true;
        tracing::info!("the NEA certificate is being renewed");
        self.tasks.spawn(async move {
            Done::Renewal(application.renew(&present, &clock, PATIENCE).await)
        });
    }

    pub(super) fn renewal_done(&mut self, result: Result<Identity, Refusal>) {
        self.renewal.running = false;
        let Some(session) = &mut self.session else {
            return;
        };
        match result {
            // The application may have become another one in the meantime.
            Ok(identity) if identity.entry().nea_name != session.application.name.as_str() => {}
            Ok(identity) => {
                session.identity = identity;
                if self.is_renewal_due() {
                    self.put_off_renewal();
                } else {
                    self.renewal = Renewal::default();
                }
                if let Some(State::Refused(_)) = self.link.as_ref().map(|link| &link.state) {
                    self.reconnect();
                }
            }
            Err(refusal) => {
                tracing::warn!(
                    "the NEA certificate could not be renewed: {}",
                    refusal.specifics
                );
                self.renewal.not_before = Some(Instant::now() + self.renewal.backoff.delay());
                self.tell_refused_renewal(refusal);
            }
        }
    }

    /// A clock that is wrong must not make NES issue certificates without end.
    fn put_off_renewal(&mut self) {
        let delay = self.renewal.backoff.delay().max(AFTER_DUE_AT_ONCE);
        self.renewal.not_before = Some(Instant::now() + delay);
        if std::mem::replace(&mut self.renewal.told_clock, true) {
            return;
        }
        tracing::warn!("{CLOCK_AHEAD}");
        let update = Update::error(Status::CERTIFICATES, CLOCK_AHEAD);
        self.desk.deliver(update.with_nsl(NSL_VALIDITY));
    }

    /// Said once for each reason, and once for a server that is away, while the present certificate is
    /// still good.
    fn tell_refused_renewal(&mut self, refusal: Refusal) {
        let reason = match refusal.status {
            Status::NES_SERVER_ERROR | Status::NES_TIMEOUT => Status::NES_UNREACHABLE,
            status => status,
        };
        // An expired certificate, or a clock that is wrong, has been told already.
        let is_told = self.renewal.told_expired
            && (reason == Status::NES_UNREACHABLE || refusal.nsl == Some(NSL_VALIDITY));
        if is_told || self.renewal.told.contains(&reason) {
            return;
        }
        self.renewal.told.push(reason);
        let hint = match reason {
            Status::CERTIFICATES | Status::NES_TLS | Status::INVALID_FIELD => L1_REPLACED,
            Status::NES_UNREACHABLE => TRIED_AGAIN,
            _ => "",
        };
        let specifics = format!(
            "{}. {NOT_RENEWED}{hint}",
            refusal.specifics.trim_end_matches('.')
        );
        let refusal = Refusal {
            specifics,
            ..refusal
        };
        self.desk.deliver(refusal.to_update());
    }
}
