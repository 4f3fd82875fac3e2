use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use nymi_core::directory::AccountStatus;

use super::Refusal;
use crate::nes::Nes;
use crate::store::accounts::Account;
use crate::store::tokens;

/// What an account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    /// Speaks for these endpoints.
    Agent {
        endpoints: Vec<String>,
    },
    Terminal,
}

/// Who makes a request, proven by a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) account: i64,
    pub(crate) kind: Kind,
    pub(crate) domain: String,
    pub(crate) username: String,
    pub(crate) is_administrator: bool,
}

impl Principal {
    pub(crate) fn of(account: Account) -> Option<Self> {
        let kind = match account.kind.as_str() {
            "user" => Kind::User,
            "agent" => Kind::Agent {
                endpoints: serde_json::from_str(account.endpoints.as_deref().unwrap_or("[]"))
                    .ok()?,
            },
            "terminal" => Kind::Terminal,
            _ => return None,
        };
        Some(Self {
            account: account.id,
            kind,
            domain: account.domain,
            username: account.username,
            is_administrator: account.is_administrator,
        })
    }

    /// `DOMAIN\user`, or the name of a program.
    pub(crate) fn name(&self) -> String {
        if self.domain.is_empty() {
            self.username.clone()
        } else {
            format!("{}\\{}", self.domain, self.username)
        }
    }

    pub(crate) fn is_user(&self, domain: &str, username: &str) -> bool {
        self.kind == Kind::User
            && self.domain.eq_ignore_ascii_case(domain)
            && self.username.eq_ignore_ascii_case(username)
    }

    /// Whether this is a person without administration.
    pub(crate) fn is_plain_user(&self) -> bool {
        self.kind == Kind::User && !self.is_administrator
    }

    /// Only users.
    pub(crate) fn user(self) -> Result<Self, Refusal> {
        match self.kind {
            Kind::User => Ok(self),
            _ => Err(Refusal::forbidden(
                "this needs the token of the user who enrolls",
            )),
        }
    }

    /// Only administrators.
    pub(crate) fn administrator(self) -> Result<Self, Refusal> {
        if self.is_administrator {
            Ok(self)
        } else {
            Err(Refusal::forbidden(
                "this needs the token of an administrator",
            ))
        }
    }

    /// Only agents that may speak for this endpoint.
    pub(crate) fn agent_of(&self, endpoint: &str) -> Result<(), Refusal> {
        match &self.kind {
            Kind::Agent { endpoints }
                if endpoints
                    .iter()
                    .any(|allowed| allowed == "*" || allowed == endpoint) =>
            {
                Ok(())
            }
            Kind::Agent { .. } => Err(Refusal::forbidden(format!(
                "this agent may not speak for the endpoint {endpoint:?}; an administrator can allow it"
            ))),
            _ => Err(Refusal::forbidden(
                "this needs the token of an agent's service account",
            )),
        }
    }
}

impl FromRequestParts<Arc<Nes>> for Principal {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, nes: &Arc<Nes>) -> Result<Self, Refusal> {
        let authorization = parts.headers.get(header::AUTHORIZATION);
        let token = authorization
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| {
                Refusal::unauthorized(
                    "log in first: GET api/BasicLoginWithToken, then Authorization: Bearer",
                )
            })?;
        let now = nes.clock.now();
        let account = tokens::holder(&mut *nes.store.read().await?, token, now).await?;
        account
            .filter(|account| account.status(now) == AccountStatus::Active)
            .and_then(Self::of)
            .ok_or_else(|| {
                Refusal::unauthorized("the token is not valid or has expired; log in again")
            })
    }
}
