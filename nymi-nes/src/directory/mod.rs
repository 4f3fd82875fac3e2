//! Who people are: sign-in and account status.
//!
//! The server asks a [`Directory`]. The built-in one keeps users in the database; programs (agents,
//! enrollment terminals) always have built-in accounts. What an account's status means, and how long
//! it may be kept, is the core's: [`nymi_core::directory`].

mod builtin;
mod cache;
mod password;
mod throttle;

use async_trait::async_trait;
use nymi_core::UnixMillis;
use nymi_core::directory::AccountStatus;

pub(crate) use builtin::BuiltIn;
pub(crate) use cache::{Known, Statuses};
pub(crate) use password::{Hasher, Lane, PasswordError};
pub(crate) use throttle::Throttle;

use crate::store::StoreError;

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
    pub(crate) status: AccountStatus,
    /// The immutable identifier; none if there is no such account.
    pub(crate) subject: Option<String>,
}

/// A user whom a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) domain: String,
    pub(crate) username: String,
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

    /// The users whom a query finds by first, last or user name ([`Person::matches`]).
    ///
    /// [`Person::matches`]: nymi_core::life::Person::matches
    async fn search(&self, query: &str) -> Result<Vec<Found>, StoreError>;
}
