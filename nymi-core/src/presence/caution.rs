use alloc::vec::Vec;
use core::fmt;

use super::parameters::PacParameters;
use super::tune::{Effect, code_lifetime_ms};

/// The fewest bands whose arrivals say something of all: crystals differ.
pub const ENOUGH_BANDS: usize = 5;
/// The fewest days on which something arrived: a working week.
pub const ENOUGH_DAYS: usize = 5;
/// A code that lives longer just after its clock was set is worth a warning, ms: over three times that
/// of the default parameters.
pub const LONG_CODE_MS: i64 = 30_000;
/// The same of a withheld frame of a band in use, ms.
pub const LONG_DELAY_MS: i64 = 15_000;
/// Crystals that run farther apart are broken, or their clocks were set in between: ppm.
pub const MUCH_DRIFT_PPM: i64 = 100;

/// Why a proposal deserves a second look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caution {
    /// The arrivals are of few bands.
    FewBands {
        /// How many.
        bands: usize,
    },
    /// They came on few days.
    FewDays {
        /// How many, by UTC.
        days: usize,
    },
    /// No series tells a drift: its parameters are not proposed from anything.
    NoDrift,
    /// No differences of terminals were given: theirs are not either.
    NoTerminals,
    /// A recorded frame passes long where its band was not heard since its clock was set.
    LongCode {
        /// The widest of the parameters behind it.
        widest: &'static str,
        /// Its value, ms.
        dv_ms: i64,
        /// How long, just after setting, ms.
        ms: i64,
    },
    /// A withheld frame passes long though its band is in use.
    LongDelay {
        /// DvIntent, ms.
        dv_intent_ms: i64,
        /// How long, ms.
        ms: i64,
    },
    /// A recorded frame passes for longer with each day.
    MuchDrift {
        /// DvClockDrift.
        ppm: i64,
        /// By how much a day, ms.
        ms_a_day: i64,
    },
}

impl Caution {
    /// A short name that stays, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FewBands { .. } => "few_bands",
            Self::FewDays { .. } => "few_days",
            Self::NoDrift => "no_drift",
            Self::NoTerminals => "no_terminals",
            Self::LongCode { .. } => "long_code",
            Self::LongDelay { .. } => "long_delay",
            Self::MuchDrift { .. } => "much_drift",
        }
    }
}

/// A sentence for an operator.
impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::FewBands { bands } => write!(
                f,
                "only {bands} bands were seen, and others may differ: give arrivals of {ENOUGH_BANDS} or more"
            ),
            Self::FewDays { days } => write!(
                f,
                "arrivals of only {days} days were seen: give those of {ENOUGH_DAYS} or more, weeks are better"
            ),
            Self::NoDrift => f.write_str(
                "no band was seen often enough for a day after its clock was set: DmClockDrift and DvClockDrift stay as they are",
            ),
            Self::NoTerminals => f.write_str(
                "no differences of terminals were given: DmNBANESTime and DvNBANESTime stay as they are",
            ),
            Self::LongCode { widest, dv_ms, ms } => write!(
                f,
                "{widest} of {dv_ms} ms is very wide: whoever records a frame and keeps it from NES can present it for {}, if the band \
                 was not heard since its clock was set; mend the clocks or the network rather than take it",
                Seconds(ms)
            ),
            Self::LongDelay { dv_intent_ms, ms } => write!(
                f,
                "DvIntent of {dv_intent_ms} ms is very wide: whoever records a frame and keeps it from NES can present it for {}, even \
                 if the band was heard just before; mend the network rather than take it",
                Seconds(ms)
            ),
            Self::MuchDrift { ppm, ms_a_day } => write!(
                f,
                "DvClockDrift of {ppm} ppm is very wide: with each day since a clock was set, a recorded frame can be presented for {} \
                 longer; look for the band whose clock runs so differently",
                Seconds(ms_a_day)
            ),
        }
    }
}

/// Milliseconds, shown as seconds.
struct Seconds(i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0 / 100;
        match tenths % 10 {
            0 => write!(f, "{} s", tenths / 10),
            tenth => write!(f, "{}.{tenth} s", tenths / 10),
        }
    }
}

/// What a proposal was made from.
pub(super) struct Basis {
    pub(super) bands: usize,
    pub(super) days: usize,
    pub(super) drift_series: usize,
    pub(super) terminals: usize,
}

/// What is to be said of a proposal: first what it was made from, then what it lets pass.
pub(super) fn cautions(basis: &Basis, proposed: &PacParameters, then: &Effect) -> Vec<Caution> {
    let Basis { bands, days, .. } = *basis;
    let v = proposed.values();
    let fixed = [
        ("DvNBANESTime", v.dv_nba_nes_time),
        ("DvNBANBTime", v.dv_nba_nb_time),
        ("DvIntent", v.dv_intent),
    ];
    let (widest, dv_ms) = fixed
        .into_iter()
        .max_by_key(|(_, dv)| *dv)
        .unwrap_or(fixed[0]);
    let (at_once, a_day) = (
        code_lifetime_ms(proposed, 0),
        code_lifetime_ms(proposed, 86_400_000),
    );
    let candidates = [
        (bands < ENOUGH_BANDS, Caution::FewBands { bands }),
        (days < ENOUGH_DAYS, Caution::FewDays { days }),
        (basis.drift_series == 0, Caution::NoDrift),
        (basis.terminals == 0, Caution::NoTerminals),
        (
            at_once > LONG_CODE_MS,
            Caution::LongCode {
                widest,
                dv_ms,
                ms: at_once,
            },
        ),
        (
            then.delay_in_use_ms > LONG_DELAY_MS,
            Caution::LongDelay {
                dv_intent_ms: v.dv_intent,
                ms: then.delay_in_use_ms,
            },
        ),
        (
            v.dv_clock_drift > MUCH_DRIFT_PPM,
            Caution::MuchDrift {
                ppm: v.dv_clock_drift,
                ms_a_day: a_day - at_once,
            },
        ),
    ];
    let holding = candidates.into_iter().filter(|(holds, _)| *holds);
    holding.map(|(_, caution)| caution).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::PacParameterValues;

    fn said(dv_nba_nb_time: i64, dv_clock_drift: i64, delay_in_use_ms: i64) -> Vec<Caution> {
        let values = PacParameterValues {
            dv_nba_nes_time: 2000,
            dv_nba_nb_time,
            dv_intent: 1500,
            dv_clock_drift,
            ..PacParameterValues::default()
        };
        let basis = Basis {
            bands: ENOUGH_BANDS,
            days: ENOUGH_DAYS,
            drift_series: 1,
            terminals: 1,
        };
        let then = Effect {
            out_of_bounds: 0,
            stale: 0,
            code_lifetime_ms: 0,
            delay_in_use_ms,
        };
        cautions(&basis, &values.try_into().unwrap(), &then)
    }

    #[test]
    fn as_much_as_is_allowed_is_no_cause_and_one_more_is() {
        // 2 * (2000 + 11000 + 1500) + 1000 ms.
        assert_eq!(said(11_000, 100, 15_000), []);
        let names: Vec<_> = said(11_001, 101, 15_001)
            .iter()
            .map(Caution::name)
            .collect();
        assert_eq!(names, ["long_code", "long_delay", "much_drift"]);
    }

    #[test]
    fn times_are_said_in_seconds() {
        for (ms_a_day, shown) in [(25_920, " for 25.9 s longer"), (26_049, " for 26 s longer")] {
            let text = alloc::format!("{}", Caution::MuchDrift { ppm: 150, ms_a_day });
            assert!(text.contains(shown), "{text}");
        }
    }
}
