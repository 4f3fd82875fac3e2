//! Observed arrivals of any kind: parameters that are in range and do to the arrivals what the
//! proposal says, or a reason why there are none.
#![no_main]

use libfuzzer_sys::arbitrary;
use libfuzzer_sys::fuzz_target;
use nymi_core::presence::tune::{Arrival, Observations, effect_on, propose};
use nymi_core::presence::{PacParameters, TSet};
use nymi_core::{BandId, UnixMillis};

#[derive(arbitrary::Arbitrary, Debug)]
struct Observed {
    parameters: Option<String>,
    t_set_ms: u64,
    arrivals: Vec<Seen>,
    terminals_ms: Vec<i64>,
    tolerated_per_mille: u16,
}

#[derive(arbitrary::Arbitrary, Debug)]
enum Seen {
    /// As an honest band's frame comes.
    Honest {
        band: u8,
        counter: u32,
        late_ms: i16,
        drift_ppm: i8,
    },
    Any {
        band: [u8; 6],
        t_set_ms: u64,
        t_interval_ms: u32,
        counter: u32,
        at: i64,
    },
}

impl Seen {
    fn arrival(&self, t_set: TSet) -> Option<Arrival> {
        match *self {
            Self::Honest {
                band,
                counter,
                late_ms,
                drift_ppm,
            } => {
                let counter = counter % 2_000_000;
                let counted = i64::from(counter) * 1000 + 500;
                let drifted = counted / 1_000_000 * i64::from(drift_ppm);
                let at = (t_set.ms() as i64).checked_add(counted + drifted + i64::from(late_ms))?;
                let band = BandId::new([band % 4; 6]);
                Some(Arrival {
                    band,
                    t_set,
                    t_interval_ms: 1000,
                    counter,
                    at: UnixMillis(at),
                })
            }
            Self::Any {
                band,
                t_set_ms,
                t_interval_ms,
                counter,
                at,
            } => Some(Arrival {
                band: BandId::new(band),
                t_set: TSet::new(t_set_ms)?,
                // What `nymi pac tune` lets in.
                t_interval_ms: 250 + t_interval_ms % 59_751,
                counter,
                at: UnixMillis(at),
            }),
        }
    }
}

fuzz_target!(|observed: Observed| {
    let Some(t_set) = TSet::new(observed.t_set_ms) else {
        return;
    };
    let given = observed
        .parameters
        .as_deref()
        .map(serde_json::from_str::<PacParameters>);
    let current = given.and_then(Result::ok).unwrap_or_default();
    let arrivals: Vec<Arrival> = observed
        .arrivals
        .iter()
        .filter_map(|seen| seen.arrival(t_set))
        .collect();
    let all = Observations {
        arrivals: &arrivals,
        terminals_ms: &observed.terminals_ms,
        tolerated_per_mille: observed.tolerated_per_mille,
    };
    let Ok(proposal) = propose(&current, &all) else {
        return;
    };
    assert_eq!(proposal.now, effect_on(&current, &arrivals));
    assert_eq!(proposal.then, effect_on(&proposal.parameters, &arrivals));
    let values = *proposal.parameters.values();
    assert_eq!(
        PacParameters::try_from(values).as_ref(),
        Ok(&proposal.parameters)
    );
    assert!(proposal.series <= proposal.arrivals && proposal.drift_series <= proposal.series);
});
