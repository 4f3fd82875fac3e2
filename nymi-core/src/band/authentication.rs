//! Fingers, heartbeats, passwords, and too many failures (Troubleshooting Guide, "Authentication
//! Failures" and "Troubleshooting Persistent Authentication Failures (Lockout)").

use super::battery::Battery;
use super::fault::Fault;
use super::screen::Screen;
use super::state::{BandState, HapticEvent, User, UserData};

/// Mismatches in a row after which an enrolled band locks its wearer out.
pub const LOCKOUT_FAILURES: u32 = 50;
/// Template captures that may fail in a row during an enrollment; with the last the band locks.
pub const LOCKOUT_CAPTURES: u32 = 3;
/// From touch to the screen after a fingerprint alone, about, in milliseconds.
pub const MATCH_MS: u32 = 1000;
/// The same when a heartbeat is looked for and not found.
pub const LIVENESS_MS: u32 = 13_000;

/// What is held to the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finger {
    /// The enrolled one.
    Right {
        /// Whether a steady heartbeat can be felt at the wrist.
        ecg: bool,
    },
    /// Another.
    Other,
}

/// Why a wearer is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// Charge it first.
    #[error("its battery is empty")]
    BatteryEmpty,
    /// Still in ship mode, in recovery, or it shows a fault.
    #[error("it does not run")]
    NotRunning,
    /// Only on a wrist.
    #[error("it is not worn")]
    NotWorn,
    /// There is nobody to recognise.
    #[error("it has no user")]
    NotEnrolled,
    /// Too many failures; only another enrollment or corporate credentials help.
    #[error("locked out, See Admin")]
    LockedOut,
    /// The finger is another.
    #[error("NO MATCH")]
    NoMatch,
    /// The finger is right; no steady heartbeat was found.
    #[error("NO ECG")]
    NoEcg,
    /// The policy did not allow corporate credentials when the band was enrolled.
    #[error("it has no authenticator for corporate credentials: that is made at enrollment")]
    NoAuthenticator,
}

/// How a band answers a touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// Whether the wearer is authenticated now.
    pub result: Result<(), AuthenticationError>,
    /// What the screen shows.
    pub screen: Screen,
    /// Whether the motor runs.
    pub vibrates: bool,
    /// When, after the touch, in milliseconds.
    pub after_ms: u32,
}

/// Why a band takes no enrollment; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollmentError {
    /// Still in ship mode, in recovery, without charge, or it shows a fault.
    #[error("the band does not run")]
    NotRunning,
    /// It has a user.
    #[error("the band is enrolled: delete its user data first")]
    Enrolled,
    /// A Band 4 (ANSI) is delivered empty.
    #[error("the band has to charge for at least 30 minutes before it is enrolled")]
    ChargeFirst,
    /// There is no enrollment to go on with.
    #[error("no enrollment has begun")]
    NotBegun,
    /// Too many template captures failed.
    #[error("the fingerprint could not be captured, See Admin: begin the enrollment again")]
    LockedOut,
}

impl BandState {
    /// A finger on the sensor.
    pub fn touch(&mut self, finger: Finger) -> Feedback {
        if let Err(error) = self.ready() {
            return Feedback {
                result: Err(error),
                screen: self.screen(),
                vibrates: false,
                after_ms: 0,
            };
        }
        match finger {
            Finger::Other => self.mismatch(),
            Finger::Right { ecg: false } if self.checks_liveness() => self.no_heartbeat(),
            Finger::Right { .. } => {
                self.succeed();
                Feedback {
                    result: Ok(()),
                    screen: self.screen(),
                    vibrates: self.vibrates(HapticEvent::Authenticated),
                    after_ms: MATCH_MS,
                }
            }
        }
    }

    fn mismatch(&mut self) -> Feedback {
        self.is.mismatches += 1;
        let vibrates = self.vibrates(HapticEvent::AuthenticationFailed);
        let (result, screen) = if self.is.mismatches >= LOCKOUT_FAILURES {
            self.is.locked_out = true;
            self.is.authenticated = false;
            (AuthenticationError::LockedOut, Screen::SeeAdmin)
        } else {
            let screen = Screen::after_mismatch(self.is.mismatches);
            (AuthenticationError::NoMatch, screen)
        };
        Feedback {
            result: Err(result),
            screen,
            vibrates,
            after_ms: MATCH_MS,
        }
    }

    /// Counts for the advice and not for the lockout: the finger was right.
    fn no_heartbeat(&mut self) -> Feedback {
        self.is.liveness_failures = self.is.liveness_failures.saturating_add(1);
        Feedback {
            result: Err(AuthenticationError::NoEcg),
            screen: Screen::after_liveness_failure(self.is.liveness_failures),
            vibrates: self.vibrates(HapticEvent::AuthenticationFailed),
            after_ms: LIVENESS_MS,
        }
    }

    /// NES checked the user's password in the directory and proved it to the band with the
    /// authenticator key. That clears a lockout.
    ///
    /// # Errors
    /// The band is not worn, not enrolled or not running, or it has no such authenticator.
    pub fn authenticate_by_credentials(&mut self) -> Result<(), AuthenticationError> {
        match self.ready() {
            Ok(()) | Err(AuthenticationError::LockedOut) => {}
            Err(error) => return Err(error),
        }
        if !self.user().is_some_and(|user| user.corporate_credentials) {
            return Err(AuthenticationError::NoAuthenticator);
        }
        self.succeed();
        Ok(())
    }

    fn succeed(&mut self) {
        self.is.mismatches = 0;
        self.is.liveness_failures = 0;
        self.is.locked_out = false;
        self.is.authenticated = true;
    }

    fn ready(&self) -> Result<(), AuthenticationError> {
        if !self.has_power() || self.fault() == Some(Fault::BATTERY) {
            Err(AuthenticationError::BatteryEmpty)
        } else if !self.runs() {
            Err(AuthenticationError::NotRunning)
        } else if !self.worn() {
            Err(AuthenticationError::NotWorn)
        } else if !self.enrolled() {
            Err(AuthenticationError::NotEnrolled)
        } else if self.locked_out() {
            Err(AuthenticationError::LockedOut)
        } else {
            Ok(())
        }
    }

    /// Whether an enrollment may begin.
    ///
    /// # Errors
    /// It does not run, has a user, or (Band 4, ANSI) has not charged for half an hour.
    pub fn may_enroll(&self) -> Result<(), EnrollmentError> {
        let ansi = self.build.variant().ansi();
        if ansi && !self.is.ship_mode && self.is.battery < Battery::ENROLLMENT_ANSI {
            Err(EnrollmentError::ChargeFirst)
        } else if !self.runs() {
            Err(EnrollmentError::NotRunning)
        } else if self.enrolled() {
            Err(EnrollmentError::Enrolled)
        } else {
            Ok(())
        }
    }

    /// An enrollment begins; half of a former one is replaced, and a lockout is cleared: what it
    /// protected is gone.
    ///
    /// # Errors
    /// As [`Self::may_enroll`].
    pub fn begin_enrollment(&mut self, user: UserData) -> Result<(), EnrollmentError> {
        self.may_enroll()?;
        self.is.authenticated = false;
        self.is.mismatches = 0;
        self.is.liveness_failures = 0;
        self.is.captures_failed = 0;
        self.is.locked_out = false;
        self.is.user = User::Partial(user);
        Ok(())
    }

    /// A part of the fingerprint template was captured, or not.
    ///
    /// # Errors
    /// There is no enrollment, or with this failure the band locks and the enrollment ends.
    pub fn capture(&mut self, succeeded: bool) -> Result<(), EnrollmentError> {
        if self.locked_out() {
            return Err(EnrollmentError::LockedOut);
        }
        if !matches!(self.is.user, User::Partial(_)) {
            return Err(EnrollmentError::NotBegun);
        }
        if succeeded {
            self.is.captures_failed = 0;
            return Ok(());
        }
        self.is.captures_failed += 1;
        if self.is.captures_failed < LOCKOUT_CAPTURES {
            return Ok(());
        }
        self.is.locked_out = true;
        self.is.user = User::None;
        Err(EnrollmentError::LockedOut)
    }

    /// The enrollment is complete: the band has a user. Nothing changes if it had one.
    ///
    /// # Errors
    /// There is no enrollment to complete.
    pub fn complete_enrollment(&mut self) -> Result<(), EnrollmentError> {
        match core::mem::take(&mut self.is.user) {
            User::None => Err(EnrollmentError::NotBegun),
            User::Partial(user) | User::Enrolled(user) => {
                self.is.user = User::Enrolled(user);
                self.is.captures_failed = 0;
                Ok(())
            }
        }
    }
}
