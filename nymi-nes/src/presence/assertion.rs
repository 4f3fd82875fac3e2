use std::sync::Arc;

use nymi_core::UnixMillis;
use nymi_core::assertion::{Claims, LIFETIME_S, issue};
use nymi_core::message::Status;
use sha2::{Digest, Sha256};

use super::{AssertionWish, Attempt, Subject};
use crate::http::Refusal;
use crate::nes::Nes;
use crate::pki::{Enterprise, Leaf, Use};

/// A signed assertion and what is kept of it.
#[derive(Clone, Debug)]
pub(crate) struct Assertion {
    pub(crate) token: String,
    pub(crate) jti: [u8; 16],
    pub(crate) token_hash: [u8; 32],
    pub(crate) username: String,
    pub(crate) domain: String,
    pub(crate) verified_at: UnixMillis,
}

/// The certificate that signs now.
pub(super) struct Signer {
    enterprise: Arc<Enterprise>,
    leaf: Arc<Leaf>,
}

impl Signer {
    pub(super) fn current(nes: &Nes, now: UnixMillis) -> Result<Self, Refusal> {
        match nes.pki.leaf(Use::Assertion, now) {
            Ok(Some((enterprise, leaf))) => Ok(Self { enterprise, leaf }),
            Ok(None) => Err(Refusal::certificates(nes.pki.why_none())),
            Err(error) => {
                tracing::error!(%error, "no certificate to sign assertions with");
                Err(Refusal::certificates(error.to_string()))
            }
        }
    }

    pub(super) fn sign(
        &self,
        attempt: Attempt<'_>,
        subject: &Subject,
        subject_id: &str,
        wish: &AssertionWish,
        counter: Option<u32>,
        now: UnixMillis,
    ) -> Result<Assertion, Refusal> {
        let jti = uuid::Uuid::new_v4();
        let iat = now.as_secs();
        let intent = attempt.request.intent.as_ref();
        let claims = Claims {
            iss: attempt.nes.url().to_owned(),
            aud: wish.audience.clone().unwrap_or_else(|| wish.azp.clone()),
            azp: wish.azp.clone(),
            sub: subject_id.to_owned(),
            username: subject.user.username.clone(),
            domain: subject.user.domain.clone(),
            band: attempt.request.band,
            agent: attempt.agent.name(),
            endpoint: attempt.request.endpoint.clone(),
            method: attempt.request.method,
            intent: intent.is_some(),
            intent_id: intent.map(|intent| intent.id.clone()),
            intent_at: intent.map(|intent| intent.at),
            counter: counter.unwrap_or_default(),
            verified_at: now,
            iat,
            exp: iat + LIFETIME_S,
            jti: jti.to_string(),
            nonce: wish.nonce.clone(),
            document_sha256: wish.document_sha256,
            meaning: wish.meaning.clone(),
        };
        let token = issue(
            &self.leaf.key,
            &self.leaf.der,
            self.enterprise.l2(),
            &claims,
        )
        .map_err(|error| {
            Refusal::status(
                axum::http::StatusCode::BAD_REQUEST,
                Status::INVALID_FIELD,
                error.to_string(),
            )
        })?;
        Ok(Assertion {
            jti: *jti.as_bytes(),
            token_hash: Sha256::digest(token.as_bytes()).into(),
            token,
            username: claims.username,
            domain: claims.domain,
            verified_at: now,
        })
    }
}
