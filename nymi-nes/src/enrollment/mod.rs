//! Enrollment: a band and a user come together. A band that was enrolled elsewhere is registered in
//! the same way, under the NymiBandID that it has.
//!
//! Begin hands out an id and the certificates that the band will check; finish takes the band's
//! answer, derives the same keys and compares. Only where the band's confirmation is right, and the
//! rules of [`nymi_core::enrollment`] allow it, is anything stored, in one transaction with its audit
//! rows.

mod apply;
mod pending;
mod refused;
mod request;
mod set_time;

pub(crate) use pending::{Pending, PendingEnrollment};
pub(crate) use request::FinishRequest;
pub(crate) use set_time::{LogIn, log_in_disconnected, set_time};

use axum::http::StatusCode;
use nymi_core::BandId;
use nymi_core::band::SerialNumber;
use nymi_core::message::Status;
use nymi_core::presence::agreement::{self, AdvKeys, Context, tags_equal};
use sha2::{Digest, Sha256};

use self::refused::Refused;
use crate::http::{Principal, Refusal};
use crate::nes::Nes;
use crate::pki::Use;
use crate::store::bands::NymiBand;

/// What a terminal gets to show the band.
pub(crate) struct Begun {
    pub(crate) enrollment_id: [u8; 16],
    /// NES agreement, L2, L1: PEM.
    pub(crate) chain: [String; 3],
}

/// What a terminal knows of the tapped band when it begins.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tapped<'a> {
    pub(crate) serial: Option<&'a SerialNumber>,
    /// The enrollment that its user has authenticated to: it is registered. None for a band without
    /// a user.
    pub(crate) registers: Option<BandId>,
}

/// A finished enrollment.
pub(crate) struct Finished {
    pub(crate) band: NymiBand,
    pub(crate) event_type_id: u8,
}

/// Opens an enrollment for a user. Where the terminal says which band it is, what the rules refuse is
/// refused before anything is written to the band.
pub(crate) async fn begin(
    nes: &Nes,
    user: &Principal,
    tapped: Tapped<'_>,
) -> Result<Begun, Refusal> {
    let now_ms = nes.clock.monotonic_ms();
    let too_many = nes.limits.may_enroll(user.account, now_ms);
    too_many.map_err(|seconds| too_many_enrolled(user, seconds))?;
    if let Some(refused) = apply::at_first_tap(nes, user, tapped).await? {
        let serial = tapped.serial.map(SerialNumber::as_str);
        let event = refused::band_event(user, serial, tapped.registers);
        return Err(refused.record(nes, user, event).await?);
    }
    let leaf = nes
        .pki
        .leaf(Use::Agreement, nes.clock.now())
        .map_err(|error| {
            tracing::error!(%error, "no certificate to agree keys with");
            Refusal::certificates(error.to_string())
        })?;
    let (enterprise, leaf) = leaf.ok_or_else(|| Refusal::certificates(nes.pki.why_none()))?;
    let chain = [
        nymi_core::chain::pem::encode("CERTIFICATE", &leaf.der),
        enterprise.l2_pem(),
        enterprise.l1_pem(),
    ];
    let pending = PendingEnrollment {
        account: user.account,
        enterprise,
        agreement: leaf,
        registers: tapped.registers,
    };
    let enrollment_id = nes
        .enrollments
        .open(pending, nes.clock.monotonic_ms())
        .map_err(|message| Refusal::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(60))?;
    Ok(Begun {
        enrollment_id,
        chain,
    })
}

/// Completes an enrollment with the band's answer.
pub(crate) async fn finish(
    nes: &Nes,
    user: &Principal,
    enrollment_id: &[u8; 16],
    request: &FinishRequest,
) -> Result<Finished, Refusal> {
    let pending = nes
        .enrollments
        .take(enrollment_id, user.account, nes.clock.monotonic_ms())
        .ok_or_else(|| {
            Refusal::not_found(
                "this enrollment is not open: it ended, or 10 minutes passed; start over",
            )
        })?;
    if pending.registers.is_some_and(|band| band != request.band) {
        return Err(Refusal::invalid(
            "NymiBandID must be the one with which the registration was begun",
        ));
    }
    let keys = derive(&pending, enrollment_id, request)?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let q_band_hash = Sha256::digest(request.q_band.as_bytes()).into();
    if keys.is_some() && !write.remember_agreement(request.band, &q_band_hash).await? {
        drop(write);
        let refused = Refused::used_before();
        return Err(refused.record(nes, user, request.event(user)).await?);
    }
    let decided = match keys {
        Some(keys) => {
            let registers = pending.registers;
            apply::enroll(&mut write, user, request, registers, &keys).await?
        }
        None => Err(apply::mismatch(&mut write, user, request, pending.registers).await?),
    };
    let finished = match decided {
        Ok(finished) => finished,
        Err(refused) => {
            // Nothing of a refused enrollment stays but its event.
            drop(write);
            return Err(refused.record(nes, user, request.event(user)).await?);
        }
    };
    let counted = nes.limits.enroll(user.account, nes.clock.monotonic_ms());
    counted.map_err(|seconds| too_many_enrolled(user, seconds))?;
    write.commit().await?;
    Ok(finished)
}

/// A serial number is what the terminal says, so that one account could claim any number of them.
fn too_many_enrolled(user: &Principal, seconds: u64) -> Refusal {
    tracing::warn!(user = %user.name(), seconds, "refused: too many enrollments of one user");
    Refusal::status(
        StatusCode::TOO_MANY_REQUESTS,
        Status::NES_TIMEOUT,
        format!(
            "this user has enrolled too many Nymi Bands in a short time; try again in {seconds} s"
        ),
    )
    .with(
        "Hint",
        "Each person signs in for the own Nymi Band: 20 at once, then one each 3 minutes.",
    )
    .retry_after(seconds)
}

/// Both keys, or none where the band's confirmation is not ours.
fn derive(
    pending: &PendingEnrollment,
    enrollment_id: &[u8; 16],
    request: &FinishRequest,
) -> Result<Option<AdvKeys>, Refusal> {
    let context = Context {
        band: request.band,
        l2_spki: pending.enterprise.l2_spki(),
        band_point: request.q_band,
    };
    let keys = agreement::agree(&pending.agreement.key, &context)
        .map_err(|_| Refusal::invalid("q_band must be a compressed point on P-256"))?;
    let expected = agreement::confirm(
        &keys.first,
        request.band,
        enrollment_id,
        &request.identity_spki,
    );
    Ok(tags_equal(&request.confirm, &expected).then_some(keys))
}
