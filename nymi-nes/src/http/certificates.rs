use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, StatusCode};
use nymi_core::chain::{Csr, pem};
use nymi_core::crypto::RustCrypto;
use nymi_core::message::{NeaName, Status};
use serde::Deserialize;
use serde_json::{Value, json};

use super::login::peer;
use super::{Body, Kind, Principal, Refusal};
use crate::nes::Nes;
use crate::store::certificates::Requester;

#[derive(Deserialize)]
struct Request {
    csr: String,
    nea_name: NeaName,
}

/// POST `api/Certificates`: a certificate for the key of a request. Subject and purposes are this
/// server's; of the request only the key and the proof that the caller holds it count.
pub(super) async fn issue(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    extensions: Extensions,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let request: Request = body.json()?;
    let csr = Csr::from_pem(&RustCrypto, &request.csr)
        .map_err(|error| Refusal::invalid(format!("csr: {error}")))?;
    let enterprise = nes
        .pki
        .enterprise()
        .ok_or_else(|| Refusal::certificates(nes.pki.why_none()))?;
    let now = nes.clock.now();
    let terminal = caller.kind == Kind::Terminal;
    let name = request.nea_name.as_str();
    let issued = enterprise
        .nea(name, *csr.public_key(), terminal, now)
        .map_err(|error| {
            tracing::error!(%error, "a certificate could not be issued");
            Refusal::certificates(error.to_string())
        })?;
    let ip = peer(&extensions).to_string();
    let mut write = nes.store.begin(now).await?;
    if !write.claim_nea_name(name, caller.account).await? {
        return Err(Refusal::status(
            StatusCode::FORBIDDEN,
            Status::NES_FORBIDDEN,
            format!(
                "the application name {name:?} belongs to another account; choose another name"
            ),
        ));
    }
    let requester = Requester {
        domain: &caller.domain,
        username: &caller.username,
        ip: &ip,
    };
    write.issued(&issued, &requester).await?;
    write.commit().await?;
    Ok(Json(json!({
        "chain": [pem::encode("CERTIFICATE", &issued.der), enterprise.l2_pem()],
        "serial": issued.serial,
        "not_after": issued.validity.not_after.to_string(),
    })))
}
