//! `vectors/presence.json`: made by an independent implementation of the presence rules.

use nymi_core::crypto::{PrivateKey, SecretKey};
use nymi_core::presence::agreement::{self, BandPoint, Context};
use nymi_core::presence::{
    AdvKey, Claim, PacKey, PacParameterValues, PacParameters, TSet, VerificationState, verify,
};
use nymi_core::{BandId, UnixMillis};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    agreement: Vec<Agreement>,
    sequences: Vec<Sequence>,
}

#[derive(Deserialize)]
struct Agreement {
    band_id: BandId,
    band_private: String,
    band_public: String,
    nes_private: String,
    nes_public: String,
    l2_spki: String,
    identity_spki: String,
    enrollment_id: String,
    z: String,
    adv_key_1: String,
    adv_key_2: String,
    confirm: String,
    t_set_ms: u64,
    set_time: String,
}

#[derive(Deserialize)]
struct Sequence {
    adv_key_1: String,
    band_id: BandId,
    t_set_ms: u64,
    params: Parameters,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Parameters {
    t_interval: i64,
    dm_nba_nes: i64,
    dv_nba_nes: i64,
    dm_nba_nb: i64,
    dv_nba_nb: i64,
    dm_drift_ppm: i64,
    dv_drift_ppm: i64,
    dm_intent: i64,
    dv_intent: i64,
}

#[derive(Deserialize)]
struct Step {
    frame: String,
    now_ms: i64,
    agent: String,
    endpoint: String,
    outcome: String,
    counter: Option<u32>,
    skew_ms: Option<i64>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors/presence.json")).unwrap()
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

#[test]
fn key_agreement() {
    let vectors = vectors().agreement;
    assert!(vectors.len() >= 50);
    for case in vectors {
        let band = SecretKey::from_scalar(&bytes(&case.band_private)).unwrap();
        let nes = SecretKey::from_scalar(&bytes(&case.nes_private)).unwrap();
        assert_eq!(
            hex::encode(band.public_key().to_compressed()),
            case.band_public
        );
        let z = band.agree(&bytes::<33>(&case.nes_public)).unwrap();
        assert_eq!(hex::encode(z.as_slice()), case.z);

        let l2_spki = hex::decode(&case.l2_spki).unwrap();
        let band_point = BandPoint::new(bytes(&case.band_public)).unwrap();
        let context = Context {
            band: case.band_id,
            l2_spki: &l2_spki,
            band_point,
        };
        let keys = agreement::agree(&nes, &context).unwrap();
        assert_eq!(hex::encode(keys.first.expose()), case.adv_key_1);
        assert_eq!(hex::encode(keys.second.expose()), case.adv_key_2);

        let identity = hex::decode(&case.identity_spki).unwrap();
        let confirm = agreement::confirm(
            &keys.first,
            case.band_id,
            &bytes(&case.enrollment_id),
            &identity,
        );
        assert_eq!(hex::encode(confirm), case.confirm);
        let t_set = TSet::new(case.t_set_ms).unwrap();
        let tag = agreement::set_time_tag(&keys.second, case.band_id, t_set);
        assert_eq!(hex::encode(tag), case.set_time);
    }
}

#[test]
fn frame_sequences() {
    let vectors = vectors().sequences;
    assert!(vectors.len() >= 200);
    for (index, sequence) in vectors.iter().enumerate() {
        let key = PacKey::new(&AdvKey::new(bytes(&sequence.adv_key_1)), sequence.band_id);
        let t_set = TSet::new(sequence.t_set_ms).unwrap();
        let p = &sequence.params;
        let parameters: PacParameters = PacParameterValues {
            t_interval: p.t_interval,
            dm_nba_nes_time: p.dm_nba_nes,
            dv_nba_nes_time: p.dv_nba_nes,
            dm_nba_nb_time: p.dm_nba_nb,
            dv_nba_nb_time: p.dv_nba_nb,
            dm_clock_drift: p.dm_drift_ppm,
            dv_clock_drift: p.dv_drift_ppm,
            dm_intent: p.dm_intent,
            dv_intent: p.dv_intent,
        }
        .try_into()
        .unwrap();
        let mut state = VerificationState::default();
        for (at, step) in sequence.steps.iter().enumerate() {
            let frame = hex::decode(&step.frame).unwrap();
            let claim = Claim {
                frame: &frame,
                now: UnixMillis(step.now_ms),
                agent: &step.agent,
                endpoint: &step.endpoint,
            };
            let found = verify(&key, t_set, &parameters, &state, &claim);
            assert_eq!(
                (found.outcome.name(), found.counter, found.skew_ms),
                (step.outcome.as_str(), step.counter, step.skew_ms),
                "sequence {index}, step {at}"
            );
            if let Some(next) = found.next {
                state = next;
            }
        }
    }
}
