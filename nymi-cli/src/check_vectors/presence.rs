//! Runs a presence vector file: key agreements, and sequences of frames with expected outcomes.

use std::path::Path;

use nymi_core::crypto::{PrivateKey, SecretKey};
use nymi_core::presence::agreement::{self, BandPoint, Context};
use nymi_core::presence::{
    AdvKey, Claim, PacKey, PacParameterValues, PacParameters, TSet, VerificationState, verify,
};
use nymi_core::{BandId, UnixMillis};
use serde::Deserialize;
use serde::de::{self, Deserializer};
use serde_json::json;

use super::{CheckError, Report, read};

#[derive(Deserialize)]
struct Vectors {
    agreement: Vec<Agreement>,
    sequences: Vec<Sequence>,
}

/// Lower- or upper-case hex in JSON.
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(&text)
            .map(Self)
            .map_err(|error| de::Error::custom(format!("{text}: {error}")))
    }
}

impl Hex {
    fn array<const N: usize>(&self, field: &str) -> Result<[u8; N], String> {
        self.0
            .as_slice()
            .try_into()
            .map_err(|_| format!("{field} has {} bytes, expected {N}", self.0.len()))
    }
}

#[derive(Deserialize)]
struct Agreement {
    band_id: BandId,
    band_private: Hex,
    band_public: Hex,
    nes_private: Hex,
    nes_public: Hex,
    l2_spki: Hex,
    identity_spki: Hex,
    enrollment_id: Hex,
    z: Hex,
    adv_key_1: Hex,
    adv_key_2: Hex,
    confirm: Hex,
    t_set_ms: u64,
    set_time: Hex,
}

#[derive(Deserialize)]
struct Sequence {
    adv_key_1: Hex,
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
    frame: Hex,
    now_ms: i64,
    agent: String,
    endpoint: String,
    outcome: String,
    counter: Option<u32>,
    skew_ms: Option<i64>,
}

/// Checks every vector of the file against `nymi-core`.
pub(super) fn check(file: &Path) -> Result<Report, CheckError> {
    let vectors: Vectors = read(file)?;
    let mut report = Report::default();
    for (index, case) in vectors.agreement.iter().enumerate() {
        let id = format!("agreement {index}");
        report.case(&id, check_agreement(case).map(|()| json!({})));
    }
    for (index, sequence) in vectors.sequences.iter().enumerate() {
        check_sequence(index, sequence, &mut report);
    }
    Ok(report)
}

fn equal(field: &str, found: &[u8], expected: &Hex) -> Result<(), String> {
    if found == expected.0 {
        return Ok(());
    }
    Err(format!(
        "{field}: expected {}, found {}",
        hex::encode(&expected.0),
        hex::encode(found)
    ))
}

fn private_key(field: &str, scalar: &Hex) -> Result<SecretKey, String> {
    SecretKey::from_scalar(&scalar.array(field)?)
        .ok_or_else(|| format!("{field} is not a P-256 private key"))
}

fn check_agreement(case: &Agreement) -> Result<(), String> {
    let band = private_key("band_private", &case.band_private)?;
    let nes = private_key("nes_private", &case.nes_private)?;
    equal(
        "band_public",
        &band.public_key().to_compressed(),
        &case.band_public,
    )?;
    equal(
        "nes_public",
        &nes.public_key().to_compressed(),
        &case.nes_public,
    )?;
    let z = band
        .agree(&case.nes_public.0)
        .map_err(|error| format!("nes_public: {error}"))?;
    equal("z", z.as_slice(), &case.z)?;

    let band_point = BandPoint::new(case.band_public.array("band_public")?)
        .ok_or("band_public is not a compressed point")?;
    let context = Context {
        band: case.band_id,
        l2_spki: &case.l2_spki.0,
        band_point,
    };
    let keys = agreement::agree(&nes, &context).map_err(|error| format!("band_public: {error}"))?;
    equal("adv_key_1", keys.first.expose(), &case.adv_key_1)?;
    equal("adv_key_2", keys.second.expose(), &case.adv_key_2)?;

    let enrollment_id = case.enrollment_id.array("enrollment_id")?;
    let confirm = agreement::confirm(
        &keys.first,
        case.band_id,
        &enrollment_id,
        &case.identity_spki.0,
    );
    equal("confirm", &confirm, &case.confirm)?;
    let t_set = TSet::new(case.t_set_ms).ok_or("t_set_ms is above 2^63-1")?;
    equal(
        "set_time",
        &agreement::set_time_tag(&keys.second, case.band_id, t_set),
        &case.set_time,
    )
}

fn parameters(params: &Parameters) -> Result<PacParameters, String> {
    PacParameterValues {
        t_interval: params.t_interval,
        dm_nba_nes_time: params.dm_nba_nes,
        dv_nba_nes_time: params.dv_nba_nes,
        dm_nba_nb_time: params.dm_nba_nb,
        dv_nba_nb_time: params.dv_nba_nb,
        dm_clock_drift: params.dm_drift_ppm,
        dv_clock_drift: params.dv_drift_ppm,
        dm_intent: params.dm_intent,
        dv_intent: params.dv_intent,
    }
    .try_into()
    .map_err(|error| format!("params: {error}"))
}

fn check_sequence(index: usize, sequence: &Sequence, report: &mut Report) {
    let prepared = (|| {
        let key = AdvKey::new(sequence.adv_key_1.array("adv_key_1")?);
        let t_set = TSet::new(sequence.t_set_ms).ok_or("t_set_ms is above 2^63-1")?;
        Ok((
            PacKey::new(&key, sequence.band_id),
            t_set,
            parameters(&sequence.params)?,
        ))
    })();
    let (key, t_set, parameters) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return report.case(&format!("sequence {index}"), Err(error)),
    };
    let mut state = VerificationState::default();
    for (at, step) in sequence.steps.iter().enumerate() {
        let claim = Claim {
            frame: &step.frame.0,
            now: UnixMillis(step.now_ms),
            agent: &step.agent,
            endpoint: &step.endpoint,
        };
        let found = verify(&key, t_set, &parameters, &state, &claim);
        let outcome = found.outcome.name();
        let same = outcome == step.outcome
            && found.counter == step.counter
            && found.skew_ms == step.skew_ms;
        let shown = json!({"outcome": outcome, "counter": found.counter, "skew_ms": found.skew_ms});
        report.case(
            &format!("sequence {index}, step {at}"),
            if same {
                Ok(shown)
            } else {
                let expected = json!({
                    "outcome": step.outcome, "counter": step.counter, "skew_ms": step.skew_ms,
                });
                Err(format!("expected {expected}, found {shown}"))
            },
        );
        if let Some(next) = found.next {
            state = next;
        }
    }
}
