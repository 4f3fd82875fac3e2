use alloc::vec::Vec;

use super::super::enrollment::BandRefusal;
use crate::UnixMillis;
use crate::message::Status;

/// How many sessions a band keeps; another takes the place of the one that was idle for longest.
pub const MAX_SESSIONS: usize = 4;

/// After so long without a message a band forgets a session, milliseconds.
pub const SESSION_IDLE_MS: i64 = 60_000;

/// Names a session: random, from the application.
pub type SessionId = [u8; 16];

/// A message that is not the next one of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionFault {
    /// The band does not know it: it restarted, or was asked by too many others since.
    #[error("the band does not know this session (any more): open another")]
    Unknown,
    /// A message came again, or one before it is missing. The session is as it was.
    #[error("the message is not the next one of its session")]
    OutOfOrder,
}

impl From<SessionFault> for BandRefusal {
    fn from(fault: SessionFault) -> Self {
        let status = match fault {
            SessionFault::Unknown => Status::BAND_CONNECTION_LOST,
            SessionFault::OutOfOrder => Status::BAND_REFUSED,
        };
        Self::with_status(status, fault)
    }
}

/// The sessions of a band, each with its end of the connection.
#[derive(Clone, Debug)]
pub struct Sessions<T> {
    places: Vec<Place<T>>,
}

#[derive(Clone, Debug)]
struct Place<T> {
    id: SessionId,
    next: u32,
    used: UnixMillis,
    end: T,
}

impl<T> Default for Sessions<T> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<T> Sessions<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Forgets all of them, as without power.
    pub fn clear(&mut self) {
        self.places.clear();
    }

    /// Takes the end of a session for its next message; none if this is the first message of a new one.
    /// [`Sessions::keep`] puts it back. Taken and not kept, the session is over.
    ///
    /// # Errors
    /// The message is not the next one; the table is as it was, but for what was idle for too long.
    pub fn take(
        &mut self,
        id: &SessionId,
        sequence: u32,
        now: UnixMillis,
    ) -> Result<Option<T>, SessionFault> {
        self.places
            .retain(|place| now.since(place.used) <= SESSION_IDLE_MS);
        match self.places.iter().position(|place| place.id == *id) {
            Some(at) if self.places[at].next == sequence => {
                Ok(Some(self.places.swap_remove(at).end))
            }
            Some(_) => Err(SessionFault::OutOfOrder),
            None if sequence == 0 => Ok(None),
            None => Err(SessionFault::Unknown),
        }
    }

    /// Keeps the end of a session after the message of that sequence number.
    pub fn keep(&mut self, id: SessionId, sequence: u32, now: UnixMillis, end: T) {
        let Some(next) = sequence.checked_add(1) else {
            return;
        };
        if self.places.len() >= MAX_SESSIONS {
            let idle = (0..self.places.len()).min_by_key(|at| self.places[*at].used);
            if let Some(at) = idle {
                self.places.swap_remove(at);
            }
        }
        self.places.push(Place {
            id,
            next,
            used: now,
            end,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn id(n: u8) -> SessionId {
        [n; 16]
    }

    fn message(sessions: &mut Sessions<u8>, n: u8, sequence: u32, now: UnixMillis) {
        let end = sessions.take(&id(n), sequence, now).unwrap();
        assert_eq!(end.is_none(), sequence == 0);
        sessions.keep(id(n), sequence, now, n);
    }

    #[test]
    fn messages_are_taken_once_and_in_order() {
        let mut sessions = Sessions::default();
        message(&mut sessions, 1, 0, NOW);
        message(&mut sessions, 1, 1, NOW);
        for wrong in [0, 1, 3] {
            let refused = sessions.take(&id(1), wrong, NOW);
            assert_eq!(refused, Err(SessionFault::OutOfOrder), "{wrong}");
        }
        message(&mut sessions, 1, 2, NOW);
        let unknown = sessions.take(&id(2), 1, NOW);
        assert_eq!(unknown, Err(SessionFault::Unknown));
    }

    #[test]
    fn taken_and_not_kept_is_over() {
        let mut sessions = Sessions::default();
        message(&mut sessions, 1, 0, NOW);
        assert_eq!(sessions.take(&id(1), 1, NOW), Ok(Some(1)));
        assert_eq!(
            sessions.take(&id(1), 1, NOW),
            Err(SessionFault::Unknown),
            "a replay of a message that broke the session"
        );
    }

    #[test]
    fn the_one_idle_for_longest_gives_way() {
        let mut sessions = Sessions::default();
        for n in 0..MAX_SESSIONS as u8 {
            message(&mut sessions, n, 0, NOW.saturating_add(n.into()));
        }
        message(&mut sessions, 0, 1, NOW.saturating_add(100));
        message(&mut sessions, 9, 0, NOW.saturating_add(101));
        assert_eq!(sessions.len(), MAX_SESSIONS);
        let later = NOW.saturating_add(102);
        assert_eq!(sessions.take(&id(1), 1, later), Err(SessionFault::Unknown));
        assert_eq!(sessions.take(&id(0), 2, later), Ok(Some(0)));
    }

    #[test]
    fn idle_sessions_are_forgotten() {
        let mut sessions = Sessions::default();
        message(&mut sessions, 1, 0, NOW);
        message(&mut sessions, 1, 1, NOW.saturating_add(SESSION_IDLE_MS));
        let late = NOW.saturating_add(2 * SESSION_IDLE_MS + 1);
        assert!(!sessions.is_empty());
        assert_eq!(sessions.take(&id(1), 2, late), Err(SessionFault::Unknown));
        assert!(sessions.is_empty());
    }

    #[test]
    fn a_band_without_power_forgets_its_sessions() {
        let mut sessions = Sessions::default();
        message(&mut sessions, 1, 0, NOW);
        sessions.clear();
        assert_eq!(sessions.take(&id(1), 1, NOW), Err(SessionFault::Unknown));
    }

    #[test]
    fn a_session_ends_with_its_numbers() {
        let mut sessions = Sessions::default();
        sessions.keep(id(1), u32::MAX - 1, NOW, 1);
        let end = sessions.take(&id(1), u32::MAX, NOW).unwrap().unwrap();
        sessions.keep(id(1), u32::MAX, NOW, end);
        assert!(sessions.is_empty());
    }
}
