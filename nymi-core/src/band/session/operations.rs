use alloc::string::{String, ToString};
use alloc::vec;

use zeroize::Zeroizing;

use super::keys::{ApplicationKeys, KeyRing};
use super::message::{BandOperation, SessionAnswer, SessionRequest};
use super::secret::BandSecret;
use super::totp::totp;
use crate::band::state::OutOfMemory;
use crate::band::{BandRefusal, BandState};
use crate::crypto::{PrivateKey as _, SecretKey};
use crate::message::Status;

/// Who is at the other end of a session, as its validated chain says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCaller {
    /// The application's name, to which its keys belong.
    pub name: String,
    /// It is an enrollment terminal: it has the role nba.
    pub is_terminal: bool,
}

/// Why a band does not do what is asked in a session; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SessionRefusal {
    /// A status of the 3000s.
    pub status: Status,
    /// A sentence for an operator.
    pub reason: String,
}

impl SessionRefusal {
    fn new(status: Status, reason: impl ToString) -> Self {
        let reason = reason.to_string();
        Self { status, reason }
    }
}

impl From<SessionRefusal> for SessionAnswer {
    fn from(refusal: SessionRefusal) -> Self {
        Self::Refused {
            status: refusal.status.code(),
            reason: refusal.reason,
        }
    }
}

impl From<BandRefusal> for SessionAnswer {
    fn from(refusal: BandRefusal) -> Self {
        Self::Refused {
            status: refusal.status,
            reason: refusal.reason,
        }
    }
}

impl From<OutOfMemory> for SessionRefusal {
    fn from(full: OutOfMemory) -> Self {
        Self::new(Status::BAND_MEMORY, full)
    }
}

impl SessionCaller {
    /// Whether a band in this state takes this request of this caller.
    ///
    /// # Errors
    /// 3026 where the role nba is needed, 3024 on a band that is locked out, 3021 on one whose wearer is
    /// not authenticated.
    pub fn may(&self, state: &BandState, request: &SessionRequest) -> Result<(), SessionRefusal> {
        let (for_terminals, guarded) = match request {
            SessionRequest::SetTime { .. } => (true, false),
            SessionRequest::Perform(operation) => {
                (operation.needs_terminal(), operation.is_guarded())
            }
        };
        let refuse = |status, reason: &str| Err(SessionRefusal::new(status, reason));
        if for_terminals && !self.is_terminal {
            let reason = "that is for enrollment terminals, whose certificate has the role nba";
            refuse(Status::BAND_REFUSED, reason)
        } else if guarded && state.locked_out() {
            let reason = "the band is locked out, See Admin";
            refuse(Status::BAND_LOCKED_OUT, reason)
        } else if guarded && !state.authenticated() {
            let reason = "the wearer has not authenticated to the band since it was put on";
            refuse(Status::BAND_NOT_AUTHENTICATED, reason)
        } else {
            Ok(())
        }
    }
}

impl KeyRing {
    /// Does what [`SessionCaller::may`] allows, on a band whose clock shows `clock_ms` (milliseconds since
    /// 1970). `draw` fills bytes with random ones.
    ///
    /// # Errors
    /// What `may` refuses; 3023 if there is no room, 3025 if the application has no such key. Nothing
    /// changed then.
    pub fn perform(
        &mut self,
        state: &mut BandState,
        caller: &SessionCaller,
        operation: &BandOperation,
        clock_ms: i64,
        draw: &mut dyn FnMut(&mut [u8]),
    ) -> Result<SessionAnswer, SessionRefusal> {
        let request = SessionRequest::Perform(operation.clone());
        caller.may(state, &request)?;
        let mut work = Work {
            keys: self,
            state,
            clock_ms,
            draw,
        };
        work.perform(&caller.name, operation)
    }
}

/// An operation that is done.
struct Work<'a> {
    state: &'a mut BandState,
    keys: &'a mut KeyRing,
    clock_ms: i64,
    draw: &'a mut dyn FnMut(&mut [u8]),
}

impl Work<'_> {
    fn perform(
        &mut self,
        name: &str,
        operation: &BandOperation,
    ) -> Result<SessionAnswer, SessionRefusal> {
        match operation {
            BandOperation::Notify { .. } => Ok(SessionAnswer::Done),
            BandOperation::Random { length } => self.random(*length),
            BandOperation::Sign { digest } => self.sign(name, digest),
            BandOperation::CreateKey { key_id } => self.create_key(name, key_id),
            BandOperation::GetKey { key_id } => {
                let key = self.own(name)?.symmetric.get(key_id);
                key.cloned().map(SessionAnswer::Key).ok_or_else(no_key)
            }
            BandOperation::DeleteKey { key_id } => {
                self.delete(name, |keys| keys.symmetric.remove(key_id).is_some())
            }
            BandOperation::CreateTotp => self.create_totp(name),
            BandOperation::GetTotp => {
                let secret = self.own(name)?.totp.as_ref().ok_or_else(no_key)?;
                let code = totp(secret, self.clock_ms);
                Ok(SessionAnswer::Totp { code, secret: None })
            }
            BandOperation::DeleteTotp => self.delete(name, |keys| keys.totp.take().is_some()),
            BandOperation::Firmware => Ok(SessionAnswer::Firmware {
                firmware_version: self.state.build().firmware.to_string(),
                hardware_version: self.state.build().hardware.to_string(),
            }),
            BandOperation::Settings { liveness, haptics } => self.set(*liveness, *haptics),
            BandOperation::DeleteUserData => {
                self.state.delete_user_data();
                self.keys.clear();
                Ok(SessionAnswer::Done)
            }
        }
    }

    fn own(&self, name: &str) -> Result<&ApplicationKeys, SessionRefusal> {
        self.keys.of(name).ok_or_else(no_key)
    }

    fn random(&mut self, length: u8) -> Result<SessionAnswer, SessionRefusal> {
        if !(1..=64).contains(&length) {
            let reason = "a band gives 1 to 64 random bytes";
            return Err(SessionRefusal::new(Status::BAND_REFUSED, reason));
        }
        let mut bytes = vec![0; length.into()];
        (self.draw)(&mut bytes);
        Ok(SessionAnswer::Random(bytes))
    }

    fn sign(&mut self, name: &str, digest: &[u8; 32]) -> Result<SessionAnswer, SessionRefusal> {
        let made = self.keys.of(name).and_then(|keys| keys.signing.clone());
        let key = match made {
            Some(key) => key,
            None => {
                self.state.take_key_room()?;
                let key = self.new_signing_key();
                self.keys.entry(name).signing.insert(key).clone()
            }
        };
        Ok(SessionAnswer::Signature {
            signature: key.sign_digest(digest),
            public_key: key.public_key().to_spki_der(),
        })
    }

    fn new_signing_key(&mut self) -> SecretKey {
        loop {
            let mut scalar = Zeroizing::new([0; 32]);
            (self.draw)(scalar.as_mut_slice());
            if let Some(key) = SecretKey::from_scalar(&scalar) {
                return key;
            }
        }
    }

    fn create_key(
        &mut self,
        name: &str,
        key_id: &[u8; 16],
    ) -> Result<SessionAnswer, SessionRefusal> {
        let made = self
            .keys
            .of(name)
            .and_then(|keys| keys.symmetric.get(key_id));
        if let Some(key) = made {
            return Ok(SessionAnswer::Key(key.clone()));
        }
        self.state.take_key_room()?;
        let key = self.secret();
        let keys = self.keys.entry(name);
        keys.symmetric.insert(*key_id, key.clone());
        Ok(SessionAnswer::Key(key))
    }

    fn create_totp(&mut self, name: &str) -> Result<SessionAnswer, SessionRefusal> {
        let made = self.keys.of(name).and_then(|keys| keys.totp.clone());
        let secret = match made {
            Some(secret) => secret,
            None => {
                self.state.take_key_room()?;
                let secret = self.secret();
                self.keys.entry(name).totp.insert(secret).clone()
            }
        };
        let code = totp(&secret, self.clock_ms);
        let secret = Some(secret);
        Ok(SessionAnswer::Totp { code, secret })
    }

    fn secret<const N: usize>(&mut self) -> BandSecret<N> {
        let mut bytes = Zeroizing::new([0; N]);
        (self.draw)(bytes.as_mut_slice());
        BandSecret::new(*bytes)
    }

    fn delete(
        &mut self,
        name: &str,
        remove: impl FnOnce(&mut ApplicationKeys) -> bool,
    ) -> Result<SessionAnswer, SessionRefusal> {
        if !self.keys.of_mut(name).is_some_and(remove) {
            return Err(no_key());
        }
        self.keys.tidy();
        self.state.give_key_room();
        Ok(SessionAnswer::Done)
    }

    fn set(&mut self, liveness: bool, haptics: bool) -> Result<SessionAnswer, SessionRefusal> {
        let Some(user) = self.state.user_mut() else {
            let reason = "the band has no user";
            return Err(SessionRefusal::new(Status::BAND_REFUSED, reason));
        };
        user.liveness = liveness;
        user.haptics = haptics;
        Ok(SessionAnswer::Done)
    }
}

fn no_key() -> SessionRefusal {
    let reason = "this application has no such key on the band";
    SessionRefusal::new(Status::KEY_NOT_FOUND, reason)
}
