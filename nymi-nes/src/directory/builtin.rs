use async_trait::async_trait;
use nymi_core::UnixMillis;

use super::{Directory, Entry, UserStatus};
use crate::store::accounts::{self, Account};
use crate::store::{Store, StoreError};

/// Users in the database.
pub(crate) struct BuiltIn {
    store: Store,
}

impl BuiltIn {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Account {
    /// Whether the account may be used at `now`.
    pub(crate) fn status(&self, now: UnixMillis) -> UserStatus {
        let past = |at: Option<i64>| at.is_some_and(|at| at <= now.0);
        if self.is_disabled {
            UserStatus::Disabled
        } else if self.is_locked {
            UserStatus::Locked
        } else if past(self.expires_at) {
            UserStatus::Expired
        } else if past(self.password_expires_at) {
            UserStatus::PasswordExpired
        } else if self.must_change_password {
            UserStatus::MustChangePassword
        } else {
            UserStatus::Active
        }
    }
}

#[async_trait]
impl Directory for BuiltIn {
    async fn entry(
        &self,
        domain: &str,
        username: &str,
        now: UnixMillis,
    ) -> Result<Entry, StoreError> {
        let account = accounts::find(&mut *self.store.read().await?, domain, username).await?;
        Ok(match account.filter(|account| account.kind == "user") {
            Some(account) => Entry {
                status: account.status(now),
                subject: Some(account.subject),
            },
            None => Entry {
                status: UserStatus::NotFound,
                subject: None,
            },
        })
    }
}
