//! Labelled traces of what people do near a terminal: the same seed gives the same trace.

use nymi_core::tap::recording::{Label, Recording, Sample};
use nymi_core::{BandId, UnixMillis};
use nymi_sim::radio::{Air, NOISE_DB};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const START: UnixMillis = UnixMillis(1_700_000_000_000);
const ADVERTISING_MS: i64 = 100;
/// Where a band is held in a tap, metres.
const HELD: f64 = 0.03;

/// What an adapter makes of the air. Not measured on devices: two that differ as such adapters may.
#[derive(Clone, Copy)]
pub(crate) struct Adapter {
    /// For the table.
    pub(crate) name: &'static str,
    /// What its antenna takes away, dB.
    damping_db: f64,
    /// It reports every so many frames.
    one_in: i64,
}

pub(crate) const ADAPTERS: [Adapter; 2] = [
    Adapter {
        name: "every frame",
        damping_db: 0.0,
        one_in: 1,
    },
    Adapter {
        name: "every other frame, 4 dB weaker",
        damping_db: 4.0,
        one_in: 2,
    },
];

/// A part of a band's way: to a distance, in a time, with a label.
#[derive(Clone, Copy)]
pub(crate) struct Leg {
    to: f64,
    ms: i64,
    label: Label,
    /// Nothing is heard: a body is in between.
    silent: bool,
}

const fn leg(to: f64, ms: i64, label: Label) -> Leg {
    Leg {
        to,
        ms,
        label,
        silent: false,
    }
}

const fn silence(to: f64, ms: i64) -> Leg {
    Leg {
        silent: true,
        ..leg(to, ms, Label::Close)
    }
}

/// Approach, hold, retreat, and some time before the next.
const fn tap(hold_ms: i64, rest: f64, rest_ms: i64) -> [Leg; 4] {
    [
        leg(HELD, 300, Label::NotTap),
        leg(HELD, hold_ms, Label::Tap),
        leg(rest, 300, Label::NotTap),
        leg(rest, rest_ms, Label::Close),
    ]
}

/// One thing that people do, with the air around it.
#[derive(Clone, Copy)]
pub(crate) struct Trace {
    /// For the table.
    pub(crate) name: &'static str,
    /// Where each band begins, its way, and how often it goes it.
    ways: &'static [(f64, &'static [Leg], usize)],
    noise_db: f64,
    lost_per_mille: u32,
    damping_db: f64,
    pub(crate) adapter: Adapter,
}

const ORDINARY: Trace = Trace {
    name: "approach",
    ways: &[(1.0, &tap(1500, 1.0, 6000), 5)],
    noise_db: NOISE_DB,
    lost_per_mille: 10,
    damping_db: 0.0,
    adapter: ADAPTERS[0],
};

const WALK_BY: [Leg; 3] = [
    leg(0.5, 3700, Label::NotTap),
    leg(5.0, 3700, Label::NotTap),
    leg(5.0, 2000, Label::NotTap),
];

const SHIELDED: [Leg; 5] = [
    silence(1.0, 4000),
    leg(HELD, 300, Label::NotTap),
    leg(HELD, 1500, Label::Tap),
    leg(1.0, 300, Label::NotTap),
    leg(1.0, 3000, Label::Close),
];

/// Every trace.
pub(crate) const TRACES: [Trace; 13] = [
    ORDINARY,
    Trace {
        name: "approach, held for 0.8 s only",
        ways: &[(1.0, &tap(800, 1.0, 6000), 5)],
        ..ORDINARY
    },
    Trace {
        name: "approach, back to 0.4 m only",
        ways: &[(0.4, &tap(1500, 0.4, 2000), 5)],
        ..ORDINARY
    },
    Trace {
        name: "walk-by at 0.5 m",
        ways: &[(5.0, &WALK_BY, 10)],
        ..ORDINARY
    },
    Trace {
        name: "resting at the adapter, 10 min",
        ways: &[(0.05, &[leg(0.05, 600_000, Label::Tap)], 1)],
        ..ORDINARY
    },
    Trace {
        name: "resting at the edge of a tap, 10 min",
        ways: &[(0.141, &[leg(0.141, 600_000, Label::Tap)], 1)],
        ..ORDINARY
    },
    Trace {
        name: "dropouts: a third lost, silences of 4 s",
        ways: &[(1.0, &SHIELDED, 5)],
        lost_per_mille: 333,
        ..ORDINARY
    },
    Trace {
        name: "two bands, one resting at 0.3 m",
        ways: &[
            (1.0, &tap(1500, 1.0, 6000), 5),
            (0.3, &[leg(0.3, 40_500, Label::NotTap)], 1),
        ],
        ..ORDINARY
    },
    Trace {
        name: "approach, noise of 6 dB",
        noise_db: 6.0,
        ..ORDINARY
    },
    Trace {
        name: "resting at the edge, noise of 6 dB, 10 min",
        ways: &[(0.141, &[leg(0.141, 600_000, Label::Tap)], 1)],
        noise_db: 6.0,
        ..ORDINARY
    },
    Trace {
        name: "approach, 10 dB lost to protective equipment",
        damping_db: 10.0,
        ..ORDINARY
    },
    Trace {
        name: "approach, adapter with every other frame",
        adapter: ADAPTERS[1],
        ..ORDINARY
    },
    Trace {
        name: "the same with 10 dB of protective equipment",
        damping_db: 10.0,
        adapter: ADAPTERS[1],
        ..ORDINARY
    },
];

/// Ten minutes at the desk, away, and back: for proximity.
pub(crate) const DAY: Trace = Trace {
    name: "desk, away and back",
    ways: &[(
        1.0,
        &[
            leg(1.0, 600_000, Label::Close),
            leg(20.0, 16_000, Label::NotTap),
            leg(20.0, 60_000, Label::Far),
            leg(1.0, 16_000, Label::NotTap),
            leg(1.0, 60_000, Label::Close),
        ],
        1,
    )],
    noise_db: 6.0,
    ..ORDINARY
};

/// Ten minutes where -70 dBm are heard.
pub(crate) const BORDER: Trace = Trace {
    name: "at the cut-off",
    ways: &[(3.5, &[leg(3.5, 600_000, Label::Close)], 1)],
    noise_db: 6.0,
    ..ORDINARY
};

/// When its wearer leaves the desk, and when they are back at it.
pub(crate) const LEAVES_MS: i64 = 600_000;
pub(crate) const RETURNS_MS: i64 = 692_000;

impl Trace {
    /// The samples; each seed has noise, losses and phases of its own.
    pub(crate) fn recording(&self, seed: u64) -> Recording {
        let mut samples = Vec::new();
        for (number, (from, way, times)) in self.ways.iter().enumerate() {
            let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(16) + number as u64);
            let way = way.iter().cycle().take(way.len() * times);
            // A rest first, so that windows are full when the first tap comes.
            let rest = leg(*from, 6000, Label::Close);
            let begun = way
                .clone()
                .any(|leg| leg.label == Label::Tap && leg.ms > 60_000);
            let legs: Vec<Leg> = if begun {
                way.copied().collect()
            } else {
                std::iter::once(rest).chain(way.copied()).collect()
            };
            self.walk(number as u8, *from, &legs, &mut rng, &mut samples);
        }
        samples.sort_by_key(|sample| (sample.at, sample.band));
        Recording::try_from(samples).expect("within the bounds")
    }

    fn walk(
        &self,
        number: u8,
        mut from: f64,
        legs: &[Leg],
        rng: &mut ChaCha8Rng,
        samples: &mut Vec<Sample>,
    ) {
        let air = Air {
            noise_db: self.noise_db,
            lost_per_mille: self.lost_per_mille,
            damping_db: self.damping_db + self.adapter.damping_db,
        };
        let band = BandId::new([0xc0, 0, 0, 0, 0, number + 1]);
        let step = ADVERTISING_MS * self.adapter.one_in;
        let (mut begun, mut next) = (0, rng.random_range(0..step));
        for leg in legs {
            while next < begun + leg.ms {
                let share = (next - begun) as f64 / leg.ms as f64;
                let metres = from + (leg.to - from) * share;
                let heard = air.sample(metres, rng).filter(|_| !leg.silent);
                samples.extend(heard.map(|rssi_dbm| Sample {
                    at: START.saturating_add(next),
                    band,
                    rssi_dbm,
                    label: leg.label,
                }));
                next += step;
            }
            begun += leg.ms;
            from = leg.to;
        }
    }
}

/// Milliseconds since the trace began.
pub(crate) fn since_start(at: UnixMillis) -> i64 {
    at.since(START)
}
