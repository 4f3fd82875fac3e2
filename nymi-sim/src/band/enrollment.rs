//! The virtual band's half of an enrollment, and the setting of its clock: the rules are the core's,
//! the random numbers are drawn here.

use nymi_core::band::{
    self, BandRefusal, ClockSetting, Drawn, EnrollmentAnswer, EnrollmentOffer, FirmwareGrade,
    Label, NfcUid, SettingRequest, UserData,
};
use nymi_core::crypto::{RustCrypto, SecretKey};
use nymi_core::presence::PacKey;
use nymi_core::presence::agreement::AdvKeys;
use nymi_core::{BandId, UnixMillis};
use rand::{CryptoRng, RngExt};
use zeroize::Zeroizing;

use super::Band;

/// What stands for the fingerprint template: as secret as the real one, and made up.
pub(super) type Template = Zeroizing<[u8; TEMPLATE_BYTES]>;

/// A stand-in needs no more.
pub(super) const TEMPLATE_BYTES: usize = 64;

/// What a band holds for its user, beside what its state says.
pub(super) struct Enrollment {
    pub(super) band_id: BandId,
    pub(super) keys: AdvKeys,
    pub(super) pac_key: PacKey,
    pub(super) identity: SecretKey,
    pub(super) nfc_uid: NfcUid,
    pub(super) template: Template,
    /// The L1 of this enrollment, which applications must chain to; none in a file from before it was
    /// kept.
    pub(super) l1: Option<Vec<u8>>,
    /// None until the server permitted the first setting of the clock: enrollment is half done.
    pub(super) setting: Option<ClockSetting>,
}

impl Band {
    /// Enrolls under the offered certificates (manual "Presence", Key agreement). A former
    /// enrollment that never got as far as the clock is replaced: the terminal gave up on it.
    pub(super) fn enroll(
        &mut self,
        rng: &mut dyn CryptoRng,
        offer: &EnrollmentOffer,
    ) -> Result<EnrollmentAnswer, BandRefusal> {
        self.state.may_enroll().map_err(BandRefusal::rule)?;
        let label = offer.label.clone().map(Label::try_from);
        let label = label.transpose().map_err(BandRefusal::rule)?;
        let kept_l1 = self.kept_l1.as_deref();
        let chain = self.firmware_grade.trusts(&RustCrypto, kept_l1, offer)?;
        let band_id = self.draw_band_id(rng);
        let (identity, ephemeral) = (new_key(rng), new_key(rng));
        let nfc_uid = NfcUid::for_enrollment(rng.random());
        let drawn = Drawn {
            band_id,
            identity: &identity,
            ephemeral: &ephemeral,
            nfc_uid,
        };
        let (keys, answer) = band::enrollment_agree(&chain, &offer.enrollment_id, &drawn)?;
        let user = UserData {
            label,
            ..self.policy.clone()
        };
        self.state
            .begin_enrollment(user)
            .map_err(BandRefusal::rule)?;
        if self.firmware_grade == FirmwareGrade::Bronze && self.kept_l1.is_none() {
            self.kept_l1 = Some(offer.l1.clone());
        }
        self.enrollments += 1;
        let mut template = Template::new([0; TEMPLATE_BYTES]);
        rng.fill_bytes(template.as_mut_slice());
        self.enrollment = Some(Enrollment {
            band_id,
            pac_key: PacKey::new(&keys.first, band_id),
            keys,
            identity,
            nfc_uid,
            template,
            l1: Some(offer.l1.clone()),
            setting: None,
        });
        // Of half an enrollment that is given up, there is nothing: only a user's keys are kept.
        self.keys.clear();
        self.sessions.clear();
        Ok(answer)
    }

    fn draw_band_id(&self, rng: &mut dyn CryptoRng) -> BandId {
        let former = self.enrollment.as_ref().map(|held| held.band_id);
        let mut known = vec![self.static_mac_address];
        known.extend(former);
        loop {
            if let Some(id) = band::new_band_id(rng.random(), &known) {
                return id;
            }
        }
    }

    /// Sets the clock; the first time, that completes the enrollment.
    pub(super) fn set_time(
        &mut self,
        now: UnixMillis,
        request: SettingRequest<'_>,
    ) -> Result<(), BandRefusal> {
        let held = self.enrollment.as_mut().ok_or_else(|| {
            BandRefusal::rule("the band is not enrolled, so that its clock cannot be set")
        })?;
        let setting = ClockSetting::permitted(held.band_id, &held.keys, held.setting, request)?;
        self.state
            .complete_enrollment()
            .map_err(BandRefusal::rule)?;
        held.setting = Some(setting);
        self.changed = true;
        self.clock.set(now, setting.t_set.ms() as i64);
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
