//! The band's half of an enrollment, and the setting of its clock.

use nymi_core::band::{EnrollmentAnswer, EnrollmentOffer};
use nymi_core::chain::{self, GradeRequirement, Requirements, Role, TrustAnchor, VerifiedChain};
use nymi_core::crypto::{PrivateKey, RustCrypto, SecretKey};
use nymi_core::message::Status;
use nymi_core::presence::agreement::{self, AdvKeys, BandPoint, Context};
use nymi_core::presence::{PacKey, TSet};
use nymi_core::{BandId, UnixMillis};
use rand::{CryptoRng, RngExt};
use zeroize::Zeroizing;

use super::{Band, FirmwareGrade};

/// Bytes of the NFC UID of an enrollment. An unenrolled band answers with [`RANDOM_UID_LEN`].
pub(super) const STATIC_UID_LEN: usize = 7;
/// Bytes of the random NFC UID that tells nothing.
pub(super) const RANDOM_UID_LEN: usize = 4;
const LABEL_MAX: usize = 12;
const T_INTERVAL_MS: std::ops::RangeInclusive<u32> = 250..=60_000;

/// What a band holds for its user.
pub(super) struct Enrollment {
    pub(super) band_id: BandId,
    pub(super) keys: AdvKeys,
    pub(super) pac_key: PacKey,
    pub(super) identity: SecretKey,
    pub(super) nfc_uid: [u8; STATIC_UID_LEN],
    pub(super) label: Option<String>,
    /// None until the server permitted the first setting of the clock: enrollment is half done.
    pub(super) setting: Option<ClockSetting>,
}

/// What the last `set_time` said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClockSetting {
    pub(super) t_set: TSet,
    pub(super) t_interval_ms: u32,
}

/// Why a band refuses; nothing changed.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u32,
    pub(super) nsl: Option<u32>,
    pub(super) reason: String,
}

pub(super) fn refused(reason: impl Into<String>) -> Refusal {
    Refusal {
        status: Status::BAND_REFUSED.code(),
        nsl: None,
        reason: reason.into(),
    }
}

fn distrusted(nsl: Option<u32>, reason: impl ToString) -> Refusal {
    Refusal {
        status: Status::CERTIFICATES.code(),
        nsl,
        reason: reason.to_string(),
    }
}

impl Band {
    /// Enrolls under the offered certificates (presence.md, "Key agreement"). A former enrollment
    /// that never got as far as the clock is replaced: the terminal gave up on it.
    pub(super) fn enroll(
        &mut self,
        rng: &mut dyn CryptoRng,
        offer: &EnrollmentOffer,
    ) -> Result<EnrollmentAnswer, Refusal> {
        if self
            .enrollment
            .as_ref()
            .is_some_and(|held| held.setting.is_some())
        {
            return Err(refused("the band is enrolled: delete its user data first"));
        }
        if offer
            .label
            .as_ref()
            .is_some_and(|label| label.chars().count() > LABEL_MAX)
        {
            return Err(refused("a label has at most 12 characters"));
        }
        let chain = self.check_chain(offer)?;
        let server = chain
            .leaf()
            .public_key()
            .ok_or_else(|| distrusted(None, "the agreement certificate has no P-256 key"))?;
        let band_id = self.new_band_id(rng);
        let identity = new_key(rng);
        let ephemeral = new_key(rng);
        let point = ephemeral.public_key().to_compressed();
        let shared = ephemeral
            .agree(server.as_uncompressed())
            .map_err(|_| distrusted(None, "the agreement certificate's key is not on the curve"))?;
        let band_point = BandPoint::new(point).ok_or_else(|| refused("no key pair"))?;
        let l2_spki = chain.issuer().spki_der();
        let keys = agreement::derive(
            &shared,
            &Context {
                band: band_id,
                l2_spki,
                band_point,
            },
        );
        let spki = identity.public_key().to_spki_der();
        let confirm = agreement::confirm(&keys.first, band_id, &offer.enrollment_id, &spki);
        let nfc_uid = static_uid(rng);
        self.keep(
            offer,
            Enrollment {
                band_id,
                pac_key: PacKey::new(&keys.first, band_id),
                keys,
                identity,
                nfc_uid,
                label: offer.label.clone(),
                setting: None,
            },
        );
        Ok(EnrollmentAnswer {
            band_id: *band_id.as_bytes(),
            q_band: point,
            identity_public_key: spki,
            confirm,
            nfc_uid: nfc_uid.to_vec(),
        })
    }

    fn keep(&mut self, offer: &EnrollmentOffer, enrollment: Enrollment) {
        if self.firmware_grade == FirmwareGrade::Bronze && self.kept_l1.is_none() {
            self.kept_l1 = Some(offer.l1.clone());
        }
        self.authenticated = false;
        self.failures = 0;
        self.enrollments += 1;
        self.enrollment = Some(enrollment);
    }

    /// Bronze firmware anchors at the L1 it kept, or at the offered one if it is the first; gold
    /// firmware at its vendor root.
    fn check_chain(&self, offer: &EnrollmentOffer) -> Result<VerifiedChain, Refusal> {
        let (anchor, grade) = match &self.firmware_grade {
            FirmwareGrade::Bronze => (
                self.kept_l1.as_ref().unwrap_or(&offer.l1),
                GradeRequirement::Bronze,
            ),
            FirmwareGrade::Gold(root) => (root, GradeRequirement::Gold),
        };
        let chain_error = |error: chain::ChainError| distrusted(Some(error.number()), error);
        let anchor = TrustAnchor::from_der(anchor).map_err(chain_error)?;
        let presented = [offer.agreement.as_slice(), &offer.l2, &offer.l1];
        // L2, and L1 where a vendor's root is above it.
        let requirements = Requirements::new(grade)
            .with_role(Role::NesAgreement)
            .with_max_depth(2);
        let at = UnixMillis(offer.at_ms);
        chain::verify(&RustCrypto, &[anchor], &presented, at, &requirements).map_err(chain_error)
    }

    /// A random static address (Bluetooth Core, Vol 6, Part B, 1.3.2.1): the two top bits set, the
    /// random part neither all ones nor all zeros.
    fn new_band_id(&self, rng: &mut dyn CryptoRng) -> BandId {
        loop {
            let mut bytes: [u8; 6] = rng.random();
            bytes[0] |= 0xc0;
            let id = BandId::new(bytes);
            let known = self.band_id() == Some(id) || self.static_mac_address == id;
            let plain = bytes == [0xff; 6] || bytes == [0xc0, 0, 0, 0, 0, 0];
            if !known && !plain {
                return id;
            }
        }
    }

    /// Sets the clock, if the server permitted exactly this and it is later than the last.
    pub(super) fn set_time(
        &mut self,
        now: UnixMillis,
        t_set_ms: u64,
        tag: &[u8; 16],
        t_interval_ms: u32,
    ) -> Result<(), Refusal> {
        let held = self
            .enrollment
            .as_mut()
            .ok_or_else(|| refused("the band is not enrolled, so that its clock cannot be set"))?;
        let t_set = TSet::new(t_set_ms).ok_or_else(|| refused("T_set is above 2^63-1"))?;
        let expected = agreement::set_time_tag(&held.keys.second, held.band_id, t_set);
        if !agreement::tags_equal(tag, &expected) {
            return Err(refused(
                "the server did not permit this setting of the clock",
            ));
        }
        if held.setting.is_some_and(|last| t_set <= last.t_set) {
            return Err(refused("T_set is not later than the last one"));
        }
        if !T_INTERVAL_MS.contains(&t_interval_ms) {
            return Err(refused("TInterval must be 250 to 60000 ms"));
        }
        held.setting = Some(ClockSetting {
            t_set,
            t_interval_ms,
        });
        self.clock.set(now, t_set.ms() as i64);
        self.lost = None;
        Ok(())
    }
}

fn new_key(rng: &mut dyn CryptoRng) -> SecretKey {
    loop {
        let mut scalar = Zeroizing::new([0; 32]);
        rng.fill_bytes(scalar.as_mut_slice());
        if let Some(key) = SecretKey::from_scalar(&scalar) {
            return key;
        }
    }
}

/// Seven bytes that begin with a manufacturer (ISO/IEC 14443-3: 08 would announce a random UID).
fn static_uid(rng: &mut dyn CryptoRng) -> [u8; STATIC_UID_LEN] {
    let mut uid: [u8; STATIC_UID_LEN] = rng.random();
    uid[0] = 0x04;
    uid
}

/// Four bytes that announce themselves as random.
pub(super) fn random_uid(rng: &mut dyn CryptoRng) -> [u8; RANDOM_UID_LEN] {
    let mut uid: [u8; RANDOM_UID_LEN] = rng.random();
    uid[0] = 0x08;
    uid
}
