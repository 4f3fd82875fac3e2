//! Who people are: sign-in and account status.
//!
//! The server asks a [`Directory`]. The built-in one keeps users in the database; programs (agents,
//! enrollment terminals) always have built-in accounts.

mod builtin;
mod cache;
mod password;
mod throttle;

use async_trait::async_trait;
use nymi_core::UnixMillis;
use nymi_core::message::Status;

pub(crate) use builtin::BuiltIn;
pub(crate) use cache::StatusCache;
pub(crate) use password::{Hasher, Lane, PasswordError};
pub(crate) use throttle::Throttle;

use crate::store::StoreError;

/// What the directory says of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// There is no such account.
    NotFound,
    /// Disabled by an administrator.
    Disabled,
    /// Locked after wrong passwords, or by an administrator.
    Locked,
    /// The account has expired.
    Expired,
    /// The password has expired.
    PasswordExpired,
    /// The password must be changed before the next sign-in.
    MustChangePassword,
}

impl UserStatus {
    /// The word in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotFound => "not_found",
            Self::Disabled => "disabled",
            Self::Locked => "locked",
            Self::Expired => "expired",
            Self::PasswordExpired => "password_expired",
            Self::MustChangePassword => "must_change_password",
        }
    }

    /// The status code with which an assertion is refused; success for an active account.
    pub const fn status(self) -> Status {
        match self {
            Self::Active => Status::SUCCESS,
            Self::NotFound => Status::USER_NOT_FOUND,
            Self::Disabled => Status::ACCOUNT_DISABLED,
            Self::Locked => Status::ACCOUNT_LOCKED,
            Self::Expired => Status::ACCOUNT_EXPIRED,
            Self::PasswordExpired | Self::MustChangePassword => Status::PASSWORD_EXPIRED,
        }
    }

    /// A sentence for an operator.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Active => "the account is active",
            Self::NotFound => "the directory has no such account",
            Self::Disabled => "the account is disabled; an administrator can enable it",
            Self::Locked => "the account is locked; an administrator can unlock it",
            Self::Expired => "the account has expired; an administrator can extend it",
            Self::PasswordExpired => "the password has expired; change it",
            Self::MustChangePassword => "the password must be changed before the next sign-in",
        }
    }
}

/// What an administrator can set on a built-in account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountFlags {
    /// May not sign in, nor sign.
    pub disabled: bool,
    /// Locked.
    pub locked: bool,
    /// Must change the password.
    pub must_change_password: bool,
    /// The account ends then.
    pub expires_at: Option<UnixMillis>,
    /// The password ends then.
    pub password_expires_at: Option<UnixMillis>,
}

/// A user as the directory knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Whether they may act.
    pub(crate) status: UserStatus,
    /// The immutable identifier; none if there is no such account.
    pub(crate) subject: Option<String>,
}

/// Answers about users.
#[async_trait]
pub(crate) trait Directory: Send + Sync {
    /// The account's status at `now`.
    async fn entry(
        &self,
        domain: &str,
        username: &str,
        now: UnixMillis,
    ) -> Result<Entry, StoreError>;
}
