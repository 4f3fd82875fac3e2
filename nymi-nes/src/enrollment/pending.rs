use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use nymi_core::BandId;

use crate::pki::{Enterprise, Leaf};

/// How long an enrollment may take.
const LIFE_MS: i64 = 10 * 60_000;
/// Enrollments that one account may have open.
const MAX_PER_ACCOUNT: usize = 8;

/// An enrollment that was begun: the certificates that the band was shown.
pub(crate) struct PendingEnrollment {
    pub(crate) account: i64,
    pub(crate) enterprise: Arc<Enterprise>,
    pub(crate) agreement: Arc<Leaf>,
    /// The enrollment that the band has elsewhere, where it is registered.
    pub(crate) registers: Option<BandId>,
}

/// The enrollments in flight. They are kept in memory: nothing of an enrollment is stored before it
/// is finished, and one that a restart interrupts starts over.
#[derive(Default)]
pub(crate) struct Pending {
    open: Mutex<HashMap<[u8; 16], (PendingEnrollment, i64)>>,
}

impl Pending {
    /// Opens an enrollment under a random id.
    pub(crate) fn open(
        &self,
        enrollment: PendingEnrollment,
        now_ms: i64,
    ) -> Result<[u8; 16], String> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| format!("no random bytes: {error}"))?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, (_, until)| *until > now_ms);
        let own = open
            .values()
            .filter(|(other, _)| other.account == enrollment.account)
            .count();
        if own >= MAX_PER_ACCOUNT {
            return Err(
                "too many enrollments of this user are open; finish or wait 10 minutes".into(),
            );
        }
        open.insert(id, (enrollment, now_ms.saturating_add(LIFE_MS)));
        Ok(id)
    }

    /// Ends an enrollment of this account and hands it over; each id works once.
    pub(crate) fn take(
        &self,
        id: &[u8; 16],
        account: i64,
        now_ms: i64,
    ) -> Option<PendingEnrollment> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (enrollment, until) = open.get(id)?;
        if enrollment.account != account || *until <= now_ms {
            return None;
        }
        open.remove(id).map(|(enrollment, _)| enrollment)
    }
}
