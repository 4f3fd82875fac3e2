//! The band itself, as far as its life goes.

use crate::BandId;
use crate::enrollment::{BandState, Variant};

/// What a band holds of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserData {
    /// It was never enrolled.
    Never,
    /// It was deleted.
    Deleted,
    /// An enrollment broke off before the band had a user.
    Partial,
    /// A user, under the NymiBandID of the enrollment.
    Enrolled(BandId),
}

/// Why a band does not authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CannotAuthenticate {
    /// It has no user.
    #[error("the band has no user; enroll it")]
    NoUser,
    /// Too many fingerprints failed.
    #[error("the band is locked out; use directory credentials or enroll it again")]
    LockedOut,
}

/// A band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wearable {
    variant: Variant,
    data: UserData,
    is_authenticated: bool,
    is_locked_out: bool,
}

impl Wearable {
    /// A band that was never enrolled.
    pub const fn new(variant: Variant) -> Self {
        Self {
            variant,
            data: UserData::Never,
            is_authenticated: false,
            is_locked_out: false,
        }
    }

    /// Its kind.
    pub const fn variant(&self) -> Variant {
        self.variant
    }

    /// What it holds of a user.
    pub const fn data(&self) -> UserData {
        self.data
    }

    /// The NymiBandID of its enrollment.
    pub const fn band_id(&self) -> Option<BandId> {
        match self.data {
            UserData::Enrolled(id) => Some(id),
            UserData::Never | UserData::Deleted | UserData::Partial => None,
        }
    }

    /// Whether its user has authenticated since it was put on.
    pub const fn is_authenticated(&self) -> bool {
        self.is_authenticated
    }

    /// Whether it refuses fingerprints. This outlasts removal, charging and deleted user data; an
    /// enrollment or directory credentials end it.
    pub const fn is_locked_out(&self) -> bool {
        self.is_locked_out
    }

    /// What a terminal finds.
    pub const fn state(&self) -> BandState {
        match self.data {
            UserData::Never => BandState::Unenrolled,
            UserData::Deleted => BandState::Wiped,
            UserData::Partial => BandState::Partly,
            UserData::Enrolled(_) if self.is_authenticated => BandState::Authenticated,
            UserData::Enrolled(_) if self.is_locked_out => BandState::LockedOut,
            UserData::Enrolled(_) => BandState::Unauthenticated,
        }
    }

    /// Its user's finger. What the registry says does not matter to it (guide 000, 10.4).
    ///
    /// # Errors
    /// It has no user, or is locked out.
    pub const fn authenticate(&mut self) -> Result<(), CannotAuthenticate> {
        if self.band_id().is_none() {
            return Err(CannotAuthenticate::NoUser);
        }
        if self.is_locked_out {
            return Err(CannotAuthenticate::LockedOut);
        }
        self.is_authenticated = true;
        Ok(())
    }

    /// The enterprise vouches for its user, which also ends a lockout.
    ///
    /// # Errors
    /// It has no user.
    pub const fn authenticate_with_credentials(&mut self) -> Result<(), CannotAuthenticate> {
        if self.band_id().is_none() {
            return Err(CannotAuthenticate::NoUser);
        }
        self.is_locked_out = false;
        self.is_authenticated = true;
        Ok(())
    }

    /// Fifty fingerprints in a row failed, or three templates.
    pub const fn lock_out(&mut self) {
        self.is_locked_out = true;
        self.is_authenticated = false;
    }

    /// It is taken off.
    pub const fn take_off(&mut self) {
        self.is_authenticated = false;
    }

    /// Delete User Data; recovery mode does the same (guide 002, "RECOVERY appears on the Nymi
    /// Band").
    pub const fn delete_user_data(&mut self) {
        self.is_authenticated = false;
        self.data = match self.data {
            UserData::Never => UserData::Never,
            UserData::Deleted | UserData::Partial | UserData::Enrolled(_) => UserData::Deleted,
        };
    }

    /// An enrollment begins on a blank band and breaks off before the template.
    pub const fn break_off_enrollment(&mut self) {
        if matches!(self.data, UserData::Never | UserData::Deleted) {
            self.data = UserData::Partial;
        }
    }

    /// It is enrolled; its user is authenticated, and a lockout is over.
    pub const fn enroll(&mut self, id: BandId) {
        self.data = UserData::Enrolled(id);
        self.is_authenticated = true;
        self.is_locked_out = false;
    }
}
