use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use nymi_core::directory::AccountStatus;
use nymi_core::enrollment::EventType;
use nymi_core::message::{AccountName, Status};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Refusal;
use crate::directory::{Lane, PasswordError};
use crate::nes::Nes;
use crate::store::events::Event;
use crate::store::{SYSTEM_USER, StoreError, accounts, users};

/// The same words whatever is wrong.
const WRONG: &str = "the user name or password is not correct; give DOMAIN\\user and the password, or the \
                     name of a service account";

/// The address that a request came from.
pub(super) fn peer(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())
}

/// GET `api/BasicLoginWithToken`.
pub(super) async fn basic(
    State(nes): State<Arc<Nes>>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Json<Value>, Refusal> {
    let (name, password) = credentials(&headers).ok_or_else(|| Refusal::unauthorized(WRONG))?;
    let (address, ms) = (peer(&extensions), nes.clock.monotonic_ms());
    let now = nes.clock.now();
    let (domain, username) = split(&name);
    let account = {
        let mut reading = nes.store.read().await?;
        accounts::find(&mut reading, &domain, &username).await?
    };
    // The account's name in one form, however it was written.
    let name = format!("{domain}\\{username}");
    let attempt = nes.throttle.attempt(address, &name, domain.is_empty(), ms);
    let attempt = attempt.map_err(too_many)?;
    let over_budget_s = attempt.over_budget_s;
    let lane = over_budget_s.map_or(Lane::Normal, |_| Lane::Slow);
    let hash = account
        .as_ref()
        .map(|account| account.password_hash.clone());
    let right = match nes.hasher.verify(&password, hash, lane).await {
        Ok(right) => right,
        Err(error) => {
            nes.throttle.give_back(attempt, ms);
            return Err(unchecked(&error));
        }
    };
    let Some(account) = account.filter(|_| right) else {
        tracing::info!(%address, "a sign-in failed");
        if let Some(seconds) = over_budget_s {
            return Err(too_many(seconds));
        }
        if !domain.is_empty() {
            record_wrong(&nes, &domain, &username).await?;
        }
        return Err(Refusal::unauthorized(WRONG));
    };
    nes.throttle.succeeded(attempt, ms);
    // Only who knows the password learns how the account stands.
    let standing = account.status(now);
    if standing != AccountStatus::Active {
        let status = standing.status();
        return Err(Refusal::status(
            StatusCode::FORBIDDEN,
            status,
            standing.sentence(),
        ));
    }
    let token = new_token()?;
    let ttl = i64::try_from(nes.token_ttl.as_millis()).unwrap_or(i64::MAX);
    let mut write = nes.store.begin(now).await?;
    write
        .insert_token(&token, account.id, now.saturating_add(ttl))
        .await?;
    write.commit().await?;
    Ok(Json(json!({"Token": token.as_str()})))
}

/// Writes event 2. What is slowed down writes none, so that guessing does not fill the audit trail. A
/// name that no account has is not kept: people type their password into that field, too.
async fn record_wrong(nes: &Nes, domain: &str, username: &str) -> Result<(), StoreError> {
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let account = accounts::find(write.sql(), domain, username).await?;
    let core = users::find(write.sql(), domain, username).await?;
    let event = Event {
        event_type_id: EventType::WrongCredentials.id(),
        user_core_id: core.map(|core| core.id),
        username: account.map(|account| account.username),
        modified_by: SYSTEM_USER.to_owned(),
        ..Event::default()
    };
    write.event(&event).await?;
    write.commit().await
}

/// The server did not look at the credentials, or will not say: to an agent this is an outage.
fn too_many(seconds: u64) -> Refusal {
    Refusal::status(
        StatusCode::TOO_MANY_REQUESTS,
        Status::NES_TIMEOUT,
        format!("too many failed sign-ins; try again in {seconds} s"),
    )
    .retry_after(seconds)
}

fn unchecked(error: &PasswordError) -> Refusal {
    let message = match error {
        PasswordError::Busy => "too many sign-ins wait; try again in a second",
        _ => {
            tracing::error!(%error, "a password could not be checked");
            "the password could not be checked; try again"
        }
    };
    let status = Status::NES_SERVER_ERROR;
    Refusal::status(StatusCode::SERVICE_UNAVAILABLE, status, message).retry_after(1)
}

fn new_token() -> Result<Zeroizing<String>, Refusal> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| {
        tracing::error!(%error, "no random bytes");
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the system gave no random bytes",
        )
    })?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// Name and password of an Authorization header (RFC 7617).
fn credentials(headers: &HeaderMap) -> Option<(String, Zeroizing<String>)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let text = std::str::from_utf8(&decoded).ok()?;
    let (name, password) = text.split_once(':')?;
    let fits = !name.is_empty() && name.len() <= 256;
    fits.then(|| (name.to_owned(), Zeroizing::new(password.to_owned())))
}

/// Domain and user name; a name without a domain is a service account's.
fn split(name: &str) -> (String, String) {
    match name.parse::<AccountName>() {
        Ok(account) => (account.domain().to_owned(), account.username().to_owned()),
        Err(_) => (String::new(), name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_the_domain() {
        assert_eq!(split("CORP\\bob"), ("CORP".into(), "bob".into()));
        assert_eq!(split("bob@CORP"), ("CORP".into(), "bob".into()));
        assert_eq!(split("agent"), (String::new(), "agent".into()));
    }

    #[test]
    fn passwords_may_hold_colons() {
        let mut headers = HeaderMap::new();
        let value = format!("basic {}", STANDARD.encode("CORP\\bob:a:b"));
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        let (name, password) = credentials(&headers).unwrap();
        assert_eq!((name.as_str(), password.as_str()), ("CORP\\bob", "a:b"));
    }
}
