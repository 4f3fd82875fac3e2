use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use nymi_core::message::Status;
use serde_json::{Value, json};

use super::{Body, Kind, Principal, Refusal};
use crate::nes::Nes;
use crate::presence::{self, Answer, AssertionWish, ClaimRequest};

/// Reads the body and checks that the caller may speak for its endpoint.
async fn read(
    nes: &Nes,
    caller: &Principal,
    body: &Body,
    assertion: bool,
) -> Result<(ClaimRequest, Option<AssertionWish>), Refusal> {
    if !matches!(caller.kind, Kind::Agent { .. }) {
        return Err(Refusal::forbidden(
            "this needs the token of an agent's service account",
        ));
    }
    let (request, wish) = match ClaimRequest::read(body, assertion) {
        Ok(read) => read,
        Err(error) => return Err(presence::bad_request(nes, caller, &error).await?),
    };
    caller.agent_of(&request.endpoint)?;
    Ok((request, wish))
}

/// POST `api/Pac/verify`.
pub(super) async fn verify(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<Json<Answer>, Refusal> {
    let (request, _) = read(&nes, &caller, &body, false).await?;
    presence::claim(&nes, &caller, &request, None)
        .await
        .map(Json)
}

/// POST `api/Assertions`.
pub(super) async fn assertion(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let (request, wish) = read(&nes, &caller, &body, true).await?;
    if let Some(audience) = wish.as_ref().and_then(|wish| wish.audience.as_ref())
        && wish.as_ref().is_none_or(|wish| wish.azp != *audience)
        && !nes.allowed_audiences.contains(audience)
    {
        return Err(Refusal::status(
            StatusCode::FORBIDDEN,
            Status::FORBIDDEN_BY_POLICY,
            "audience must be the caller's own name or origin, or one of allowed_audiences",
        ));
    }
    let answer = presence::claim(&nes, &caller, &request, wish.as_ref()).await?;
    let assertion = answer.assertion.ok_or_else(|| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the assertion was not made",
        )
    })?;
    Ok(Json(json!({
        "Username": assertion.username,
        "Domain": assertion.domain,
        "NymiBandID": request.band,
        "method": request.method,
        "verified_at": assertion.verified_at,
        "assertion": assertion.token,
    })))
}
