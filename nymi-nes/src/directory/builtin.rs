use async_trait::async_trait;
use nymi_core::UnixMillis;
use nymi_core::directory::AccountStatus;

use super::{Directory, Entry, Found};
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
    /// Whether the account may be used at `now`. Of several reasons the one counts that the core
    /// puts first.
    pub(crate) fn status(&self, now: UnixMillis) -> AccountStatus {
        let past = |at: Option<i64>| at.is_some_and(|at| at <= now.0);
        let applies = |status: &AccountStatus| match status {
            AccountStatus::Disabled => self.is_disabled,
            AccountStatus::Locked => self.is_locked,
            AccountStatus::Expired => past(self.expires_at),
            AccountStatus::MustChangePassword => self.must_change_password,
            AccountStatus::PasswordExpired => past(self.password_expires_at),
            AccountStatus::NotFound | AccountStatus::NotInUnit => false,
            AccountStatus::Active => true,
        };
        AccountStatus::ALL
            .into_iter()
            .find(applies)
            .unwrap_or(AccountStatus::Active)
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
                status: AccountStatus::NotFound,
                subject: None,
            },
        })
    }

    async fn search(&self, query: &str) -> Result<Vec<Found>, StoreError> {
        let people = accounts::people(&mut *self.store.read().await?).await?;
        let found = people
            .into_iter()
            .filter(|(_, person)| person.matches(query));
        Ok(found
            .map(|(domain, person)| Found {
                domain,
                username: person.username,
            })
            .collect())
    }
}
