//! The band's half of an enrollment: whom it trusts, and what it answers.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::address::NfcUid;
use super::protocol::{BandReply, EnrollmentAnswer, EnrollmentOffer};
use crate::chain::{self, GradeRequirement, Requirements, Role, TrustAnchor, VerifiedChain};
use crate::crypto::{PrivateKey, SecretKey, SignatureVerifier};
use crate::message::Status;
use crate::presence::agreement::{self, AdvKeys, BandPoint, Context};
use crate::{BandId, UnixMillis};

/// Whose certificates a band's firmware trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FirmwareGrade {
    /// Evaluation: trusts the first L1 that it is shown, and keeps it.
    #[default]
    Bronze,
    /// Production: L1 must chain to this vendor root (DER).
    Gold(Vec<u8>),
}

/// Why a band refuses a terminal; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BandRefusal {
    /// A status code of the 3000s, 3026 for a rule of the band, or 8000 for certificates.
    pub status: u32,
    /// The number of the chain error, with status 8000.
    pub nsl: Option<u32>,
    /// A sentence for an operator.
    pub reason: String,
}

impl BandRefusal {
    /// A rule of the band forbids it.
    pub fn rule(reason: impl ToString) -> Self {
        Self::with_status(Status::BAND_REFUSED, reason)
    }

    /// Refused with a status of the 3000s.
    pub fn with_status(status: Status, reason: impl ToString) -> Self {
        Self {
            status: status.code(),
            nsl: None,
            reason: reason.to_string(),
        }
    }

    /// The certificates that were shown do not do; `nsl` is the number of the chain error.
    pub fn distrust(nsl: Option<u32>, reason: impl ToString) -> Self {
        Self {
            status: Status::CERTIFICATES.code(),
            nsl,
            reason: reason.to_string(),
        }
    }
}

impl From<BandRefusal> for BandReply {
    fn from(refusal: BandRefusal) -> Self {
        let BandRefusal {
            status,
            nsl,
            reason,
        } = refusal;
        Self::Refused {
            status,
            nsl,
            reason,
        }
    }
}

/// What a band draws for one enrollment.
#[derive(Clone, Debug)]
pub struct Drawn<'a> {
    /// Its new address.
    pub band_id: BandId,
    /// Its new identity key.
    pub identity: &'a SecretKey,
    /// Its key for this agreement alone.
    pub ephemeral: &'a SecretKey,
    /// Its new UID.
    pub nfc_uid: NfcUid,
}

impl FirmwareGrade {
    /// Validates the offered chain at the terminal's time. Bronze firmware anchors at the L1 that it
    /// kept, or at the offered one if it is the first; gold firmware at its vendor root.
    ///
    /// # Errors
    /// Status 8000, with the number of the chain error.
    pub fn trusts(
        &self,
        verifier: &dyn SignatureVerifier,
        kept_l1: Option<&[u8]>,
        offer: &EnrollmentOffer,
    ) -> Result<VerifiedChain, BandRefusal> {
        let (anchor, grade) = match self {
            Self::Bronze => (kept_l1.unwrap_or(&offer.l1), GradeRequirement::Bronze),
            Self::Gold(root) => (root.as_slice(), GradeRequirement::Gold),
        };
        let refused = |error: chain::ChainError| BandRefusal::distrust(Some(error.number()), error);
        let anchor = TrustAnchor::from_der(anchor).map_err(refused)?;
        let presented = [offer.agreement.as_slice(), &offer.l2, &offer.l1];
        // L2, and L1 where a vendor's root is above it.
        let requirements = Requirements::new(grade)
            .with_role(Role::NesAgreement)
            .with_max_depth(2);
        let at = UnixMillis(offer.at_ms);
        chain::verify(verifier, &[anchor], &presented, at, &requirements).map_err(refused)
    }
}

/// Agrees on keys with the server behind a validated chain, and says so.
///
/// # Errors
/// The certificate's key can't be agreed with.
pub fn agree(
    chain: &VerifiedChain,
    enrollment_id: &[u8; 16],
    drawn: &Drawn<'_>,
) -> Result<(AdvKeys, EnrollmentAnswer), BandRefusal> {
    let distrust = |reason: &str| BandRefusal::distrust(None, reason);
    let server = chain
        .leaf()
        .public_key()
        .ok_or_else(|| distrust("the agreement certificate has no P-256 key"))?;
    let shared = drawn
        .ephemeral
        .agree(server.as_uncompressed())
        .map_err(|_| distrust("the agreement certificate's key is not on the curve"))?;
    let point = drawn.ephemeral.public_key().to_compressed();
    let context = Context {
        band: drawn.band_id,
        l2_spki: chain.issuer().spki_der(),
        band_point: BandPoint::new(point).ok_or_else(|| BandRefusal::rule("no key pair"))?,
    };
    let keys = agreement::derive(&shared, &context);
    let identity_public_key = drawn.identity.public_key().to_spki_der();
    let confirm = agreement::confirm(
        &keys.first,
        drawn.band_id,
        enrollment_id,
        &identity_public_key,
    );
    let answer = EnrollmentAnswer {
        band_id: *drawn.band_id.as_bytes(),
        q_band: point,
        identity_public_key,
        confirm,
        nfc_uid: drawn.nfc_uid.as_bytes().to_vec(),
    };
    Ok((keys, answer))
}
