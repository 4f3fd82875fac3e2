//! An enrollment terminal and the server behind it, as far as a band can tell.

use nymi_core::band::{BandReply, BandRequest, EnrollmentAnswer, EnrollmentOffer};
use nymi_core::presence::TSet;
use nymi_core::presence::agreement::{self, AdvKeys, BandPoint, Context};
use nymi_core::{BandId, UnixMillis};
use nymi_sim::FirmwareGrade;
use nymi_sim::band::Band;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::pki::{Enterprise, NOW_MS};

pub(crate) const NOW: UnixMillis = UnixMillis(NOW_MS);
pub(crate) const ENROLLMENT_ID: [u8; 16] = [7; 16];

/// What a band answers to.
pub(crate) trait Bands {
    fn ask(&mut self, request: &BandRequest) -> BandReply;
}

impl<F: FnMut(&BandRequest) -> BandReply> Bands for F {
    fn ask(&mut self, request: &BandRequest) -> BandReply {
        self(request)
    }
}

/// One band on the bench.
pub(crate) struct Bench {
    pub(crate) band: Band,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) now: UnixMillis,
}

impl Bench {
    pub(crate) fn new(serial: &str, firmware: FirmwareGrade) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let band = Band::new(serial.parse().unwrap(), firmware, NOW, 0, &mut rng);
        Self {
            band,
            rng,
            now: NOW,
        }
    }

    pub(crate) fn bronze() -> Self {
        Self::new("ACAK-00001", FirmwareGrade::Bronze)
    }

    /// Enrolled, worn and authenticated.
    pub(crate) fn in_use(enterprise: &Enterprise) -> (Self, Enrolled) {
        let mut bench = Self::bronze();
        let enrolled = enroll(&mut bench, enterprise);
        bench.band.wear();
        bench.band.authenticate().unwrap();
        (bench, enrolled)
    }
}

impl Bands for Bench {
    fn ask(&mut self, request: &BandRequest) -> BandReply {
        let reply = self
            .band
            .handle_request(self.now, &request.to_bytes(), &mut self.rng);
        BandReply::from_bytes(&reply.expect("the band has power")).expect("a band message")
    }
}

/// What the server knows afterwards.
pub(crate) struct Enrolled {
    pub(crate) id: BandId,
    pub(crate) keys: AdvKeys,
    pub(crate) answer: EnrollmentAnswer,
}

pub(crate) fn offer(enterprise: &Enterprise) -> EnrollmentOffer {
    EnrollmentOffer {
        l1: enterprise.l1.clone(),
        l2: enterprise.l2.clone(),
        agreement: enterprise.agreement.clone(),
        at_ms: NOW_MS,
        enrollment_id: ENROLLMENT_ID,
        label: Some("abcdefghijkl".into()),
    }
}

/// The server's half of the agreement.
pub(crate) fn derive(enterprise: &Enterprise, answer: EnrollmentAnswer) -> Enrolled {
    let id = BandId::new(answer.band_id);
    let band_point = BandPoint::new(answer.q_band).unwrap();
    let context = Context {
        band: id,
        l2_spki: &enterprise.l2_spki,
        band_point,
    };
    let keys = agreement::agree(&enterprise.agreement_key, &context).unwrap();
    Enrolled { id, keys, answer }
}

pub(crate) fn begin(bands: &mut dyn Bands, enterprise: &Enterprise) -> Enrolled {
    match bands.ask(&BandRequest::Enroll(offer(enterprise))) {
        BandReply::Enrollment(answer) => derive(enterprise, answer),
        other => panic!("not enrolled: {other:?}"),
    }
}

pub(crate) fn set_time(enrolled: &Enrolled, t_set_ms: u64) -> BandRequest {
    let t_set = TSet::new(t_set_ms).unwrap();
    let tag = agreement::set_time_tag(&enrolled.keys.second, enrolled.id, t_set);
    BandRequest::SetTime {
        t_set_ms,
        tag,
        t_interval_ms: 1000,
    }
}

/// The whole enrollment, with the clock set to [`NOW`].
pub(crate) fn enroll(bands: &mut dyn Bands, enterprise: &Enterprise) -> Enrolled {
    let enrolled = begin(bands, enterprise);
    assert_eq!(
        bands.ask(&set_time(&enrolled, NOW_MS as u64)),
        BandReply::Done
    );
    enrolled
}

/// The status of a refusal, and its chain error.
pub(crate) fn refusal(reply: BandReply) -> (u32, Option<u32>) {
    match reply {
        BandReply::Refused {
            status,
            nsl,
            reason,
        } => {
            assert!(!reason.is_empty());
            (status, nsl)
        }
        other => panic!("not refused: {other:?}"),
    }
}
