//! `pac tune`: what is proposed from what was seen.

use nymi_core::presence::tune::{
    Arrival, Caution, ENOUGH_BANDS, ENOUGH_DAYS, LONG_CODE_MS, LONG_DELAY_MS, MIN_ARRIVALS,
    Observations, Proposal, TuneError, code_lifetime_ms, delay_in_use_ms, effect_on, propose,
};
use nymi_core::presence::{PacParameterValues, PacParameters, TSet};
use nymi_core::{BandId, UnixMillis};
use proptest::prelude::*;

use super::presence_model::{BAND, quantities, saturated};

const T_SET: i64 = 1_700_000_000_000;

fn t_set() -> TSet {
    TSet::new(T_SET as u64).unwrap()
}

/// A frame that arrives `lag` behind the middle of its interval, so long after T_set.
fn arrival(band: BandId, elapsed: i64, lag: i64) -> Arrival {
    let counter = u32::try_from((elapsed - lag).div_euclid(1000)).unwrap();
    let at = UnixMillis(T_SET + i64::from(counter) * 1000 + 500 + lag);
    Arrival {
        band,
        t_set: t_set(),
        t_interval_ms: 1000,
        counter,
        at,
    }
}

fn observed(arrivals: &[Arrival]) -> Observations<'_> {
    Observations {
        arrivals,
        terminals_ms: &[],
        tolerated_per_mille: 0,
    }
}

const HOUR_MS: i64 = 3_600_000;

/// One frame an hour with these lags, over and over.
fn hourly(lags: &[i64], hours: i64) -> Vec<Arrival> {
    let lags = lags.iter().cycle();
    (1..=hours)
        .zip(lags)
        .map(|(hour, lag)| arrival(BAND, hour * HOUR_MS, *lag))
        .collect()
}

fn defaults() -> PacParameters {
    PacParameters::default()
}

#[test]
fn too_little_is_not_guessed_from() {
    let few = hourly(&[650], MIN_ARRIVALS as i64 - 1);
    assert_eq!(
        propose(&defaults(), &observed(&few)),
        Err(TuneError::TooFew { found: few.len() })
    );
    let enough = hourly(&[650], MIN_ARRIVALS as i64);
    assert!(propose(&defaults(), &observed(&enough)).is_ok());
}

#[test]
fn steady_clocks_get_the_least_of_everything() {
    let arrivals = hourly(&[650], 48);
    let terminals_ms = [40, 20, 30];
    let observed = Observations {
        terminals_ms: &terminals_ms,
        ..observed(&arrivals)
    };
    let proposal = propose(&defaults(), &observed).unwrap();
    let expected = PacParameterValues {
        t_interval: 1000,
        dm_nba_nes_time: 30,
        dv_nba_nes_time: 100,
        dm_nba_nb_time: 150,
        dv_nba_nb_time: 100,
        dm_clock_drift: 0,
        dv_clock_drift: 5,
        dm_intent: 470,
        dv_intent: 100,
    };
    assert_eq!(*proposal.parameters.values(), expected);
    assert_eq!(
        (proposal.arrivals, proposal.series, proposal.drift_series),
        (48, 1, 1)
    );
    assert!(proposal.then.code_lifetime_ms < proposal.now.code_lifetime_ms);
    assert!(proposal.then.delay_in_use_ms < proposal.now.delay_in_use_ms);
}

#[test]
fn terminals_are_centred_and_covered_with_a_fifth_more() {
    let arrivals = hourly(&[650], 48);
    let terminals_ms = [-500, 1500, 0];
    let observed = Observations {
        terminals_ms: &terminals_ms,
        ..observed(&arrivals)
    };
    let values = *propose(&defaults(), &observed).unwrap().parameters.values();
    assert_eq!(
        (values.dm_nba_nes_time, values.dv_nba_nes_time),
        (500, 1200)
    );
    for terminal in terminals_ms {
        let parameters = PacParameters::try_from(values).unwrap();
        assert!(parameters.terminal_clock_in_bounds(terminal, 0));
    }
    let kept = *propose(&defaults(), &super::presence_tune::observed(&arrivals))
        .unwrap()
        .parameters
        .values();
    assert_eq!(
        (kept.dm_nba_nes_time, kept.dv_nba_nes_time),
        (0, 2000),
        "unknown stays"
    );
}

#[test]
fn a_slow_band_shows_its_drift_in_a_day_and_not_before() {
    // 36 ms an hour are 10 ppm.
    let drifting = |hours| -> Vec<Arrival> {
        (1..=hours)
            .map(|hour| arrival(BAND, hour * HOUR_MS, 650 + 36 * hour))
            .collect()
    };
    let proposal = propose(&defaults(), &observed(&drifting(100))).unwrap();
    let values = proposal.parameters.values();
    assert_eq!((values.dm_clock_drift, values.dv_clock_drift), (10, 5));
    let dense: Vec<Arrival> = (1..=60)
        .map(|n| arrival(BAND, n * HOUR_MS / 4, 650 + 9 * n))
        .collect();
    let proposal = propose(&defaults(), &observed(&dense)).unwrap();
    assert_eq!(proposal.drift_series, 0);
    let values = proposal.parameters.values();
    assert_eq!(
        (values.dm_clock_drift, values.dv_clock_drift),
        (0, 20),
        "unknown stays"
    );
}

/// This many arrivals over exactly a day, at the same distances.
fn over_a_day(number: u8, arrivals: i64, ppm: i64) -> Vec<Arrival> {
    (0..arrivals)
        .map(|n| {
            let elapsed = HOUR_MS + n * 24 * HOUR_MS / (arrivals - 1);
            arrival(
                BandId::new([number; 6]),
                elapsed,
                500 + elapsed * ppm / 1_000_000,
            )
        })
        .collect()
}

#[test]
fn ten_arrivals_over_a_day_tell_a_drift_and_nine_do_not() {
    let drifting = |arrivals| -> usize {
        let series = (1..=4).flat_map(|number| over_a_day(number, arrivals, 0));
        let arrivals: Vec<Arrival> = series.collect();
        propose(&defaults(), &observed(&arrivals))
            .unwrap()
            .drift_series
    };
    assert_eq!((drifting(9), drifting(10), drifting(11)), (0, 4, 4));
    let mut short: Vec<Arrival> = (1..=4).flat_map(|n| over_a_day(n, 10, 0)).collect();
    for last in short.iter_mut().skip(9).step_by(10) {
        last.at.0 -= 1;
    }
    let proposal = propose(&defaults(), &observed(&short)).unwrap();
    assert_eq!(proposal.drift_series, 0, "a millisecond less than a day");
}

#[test]
fn a_clock_that_is_far_off_but_steady_does_not_drift() {
    // All in the first minutes but one: how the sum is rounded must not matter.
    let early = (0..1000).map(|n| arrival(BAND, HOUR_MS + n * 1000, 50_000));
    let mut arrivals: Vec<Arrival> = early.collect();
    arrivals.push(arrival(BAND, 25 * HOUR_MS, 50_000));
    let values = *propose(&defaults(), &observed(&arrivals))
        .unwrap()
        .parameters
        .values();
    assert_eq!((values.dm_clock_drift, values.dv_clock_drift), (0, 5));
}

#[test]
fn bands_apart_are_covered_by_the_width_that_terminals_and_intent_leave() {
    let band = |number: u8, lag| {
        (1..=48).map(move |hour| arrival(BandId::new([number; 6]), hour * HOUR_MS, lag))
    };
    let arrivals: Vec<Arrival> = band(1, -10_000).chain(band(2, 10_000)).collect();
    let terminals_ms = [-1000, 1000];
    let observed = Observations {
        terminals_ms: &terminals_ms,
        ..observed(&arrivals)
    };
    let values = *propose(&defaults(), &observed).unwrap().parameters.values();
    // 5 ppm of an hour (rounded up) and half an interval are allowed for anyway, the terminals cover 1200 ms, the
    // intent 100 ms; and a fifth more.
    let left = 10_000 - 19 - 500 - 1200 - 100;
    assert_eq!(values.dv_nba_nb_time, left + left / 5);
    assert_eq!((values.dm_intent, values.dv_intent), (-150, 100));
}

#[test]
fn bands_that_drift_apart_are_covered_from_their_median() {
    let band = |number: u8, ppm: i64| {
        let lag = move |hour: i64| 650 + hour * HOUR_MS * ppm / 1_000_000;
        (1..=60).map(move |hour| arrival(BandId::new([number; 6]), hour * HOUR_MS, lag(hour)))
    };
    let arrivals: Vec<Arrival> = band(1, -20).chain(band(2, 5)).chain(band(3, 30)).collect();
    let proposal = propose(&defaults(), &observed(&arrivals)).unwrap();
    let values = proposal.parameters.values();
    assert_eq!(values.dm_clock_drift, 5);
    assert!(
        (25..=31).contains(&values.dv_clock_drift),
        "{}",
        values.dv_clock_drift
    );
    assert_eq!((proposal.then.out_of_bounds, proposal.then.stale), (0, 0));
}

#[test]
fn slow_ways_widen_the_intent_and_a_few_may_be_left_out() {
    let mut arrivals = hourly(&[650, 650, 650, 6650], 200);
    let proposal = propose(&defaults(), &observed(&arrivals)).unwrap();
    assert!(proposal.now.stale > 0);
    assert_eq!((proposal.then.out_of_bounds, proposal.then.stale), (0, 0));
    // Later by 6000 ms less an interval, half of it, and a fifth more.
    assert!((2900..=3000).contains(&proposal.parameters.values().dv_intent));

    // One arrival in two hundred, half a minute late, is not learned from.
    arrivals = hourly(&[650], 200);
    arrivals[100] = arrival(BAND, 101 * HOUR_MS, 30_650);
    let learned = propose(&defaults(), &observed(&arrivals)).unwrap();
    assert!(learned.parameters.values().dv_intent > 10_000);
    let tolerant = Observations {
        tolerated_per_mille: 10,
        ..observed(&arrivals)
    };
    let proposal = propose(&defaults(), &tolerant).unwrap();
    assert!(proposal.parameters.values().dv_intent < 1000);
    assert_eq!(proposal.then.out_of_bounds + proposal.then.stale, 1);
}

#[test]
fn as_many_are_left_out_as_are_tolerated_and_no_more() {
    let late = |count: usize| {
        let mut arrivals = hourly(&[650], 200);
        for n in 0..count {
            arrivals[20 * n + 10] = arrival(BAND, (20 * n as i64 + 11) * HOUR_MS, 30_650);
        }
        let tolerant = Observations {
            tolerated_per_mille: 25,
            ..observed(&arrivals)
        };
        *propose(&defaults(), &tolerant).unwrap().parameters.values()
    };
    // 25 of a thousand are 5 of 200; lateness is known of 199, so 4.
    assert!(late(4).dv_intent < 1000);
    assert!(late(5).dv_intent > 10_000);
}

#[test]
fn clocks_beyond_all_parameters_are_for_repair() {
    let arrivals = hourly(&[650], 48);
    let terminals_ms = [200_000];
    let observed = Observations {
        terminals_ms: &terminals_ms,
        ..observed(&arrivals)
    };
    let error = propose(&defaults(), &observed).unwrap_err();
    assert!(error.to_string().contains("DmNBANESTime"), "{error}");
    let late = hourly(&[650, 400_650], 48);
    assert!(propose(&defaults(), &super::presence_tune::observed(&late)).is_err());
}

/// The names of the cautions that a proposal from these comes with.
fn cautioned(arrivals: &[Arrival], terminals_ms: &[i64]) -> Vec<&'static str> {
    let observed = Observations {
        terminals_ms,
        ..observed(arrivals)
    };
    let proposal = propose(&defaults(), &observed).unwrap();
    proposal.cautions.iter().map(Caution::name).collect()
}

/// Every six hours, of so many bands on so many days, from the first hour of a day of UTC on.
fn visits(bands: usize, days: i64, lag: impl Fn(usize, i64) -> i64) -> Vec<Arrival> {
    let start = (24 * HOUR_MS) - T_SET.rem_euclid(24 * HOUR_MS);
    let hours = (0..days * 4).map(move |n| start + HOUR_MS + n * 6 * HOUR_MS);
    let visit = |hour| (0..bands).map(move |band| (band, hour));
    hours
        .flat_map(visit)
        .map(|(band, hour)| arrival(BandId::new([band as u8; 6]), hour, lag(band, hour)))
        .collect()
}

#[test]
fn a_proposal_says_what_it_saw_too_little_of() {
    let steady = |bands, days| visits(bands, days, |_, _| 650);
    let enough = steady(ENOUGH_BANDS, ENOUGH_DAYS as i64);
    assert!(cautioned(&enough, &[0]).is_empty());
    assert_eq!(cautioned(&enough, &[]), ["no_terminals"]);
    assert_eq!(cautioned(&steady(4, 8), &[0]), ["few_bands"]);
    assert_eq!(cautioned(&steady(8, 4), &[0]), ["few_days"]);
    assert_eq!(cautioned(&steady(8, 1), &[0]), ["few_days", "no_drift"]);
    let proposal = propose(&defaults(), &observed(&steady(7, 6))).unwrap();
    assert_eq!((proposal.bands, proposal.days), (7, 6));
}

#[test]
fn an_arrival_that_is_given_twice_counts_once() {
    let once = visits(5, 5, |band, hour| {
        650 + (band as i64 * 37 + hour / HOUR_MS) % 90
    });
    let twice: Vec<Arrival> = once.iter().chain(once.iter().rev()).copied().collect();
    let [first, second] =
        [&once, &twice].map(|seen| propose(&defaults(), &observed(seen)).unwrap());
    assert_eq!((first.duplicates, second.duplicates), (0, once.len()));
    assert_eq!(
        Proposal {
            duplicates: 0,
            ..second
        },
        first
    );
    assert_eq!(
        effect_on(&defaults(), &once),
        effect_on(&defaults(), &twice)
    );
    // The same frame at another time is another arrival.
    let mut other = once.clone();
    other[0].at.0 += 1;
    let all: Vec<Arrival> = once.iter().chain(&other[..1]).copied().collect();
    assert_eq!(propose(&defaults(), &observed(&all)).unwrap().duplicates, 0);
    // Copies do not make enough of too little.
    let few: Vec<Arrival> = once
        .iter()
        .take(MIN_ARRIVALS - 1)
        .cycle()
        .take(500)
        .copied()
        .collect();
    let found = MIN_ARRIVALS - 1;
    assert_eq!(
        propose(&defaults(), &observed(&few)),
        Err(TuneError::TooFew { found })
    );
}

#[test]
fn a_wide_proposal_says_for_how_long_a_recorded_frame_passes() {
    let said = |lag: &dyn Fn(usize, i64) -> i64, terminals_ms: &[i64]| {
        let arrivals = visits(5, 20, lag);
        let observed = Observations {
            terminals_ms,
            ..observed(&arrivals)
        };
        propose(&defaults(), &observed).unwrap()
    };
    // Bands apart by 30 s, and terminals: codes of bands that were not heard.
    let apart = said(&|band, _| band as i64 * 7500, &[0]);
    let [
        Caution::LongCode {
            widest: "DvNBANBTime",
            ms,
            ..
        },
    ] = apart.cautions[..]
    else {
        panic!("{:?}", apart.cautions);
    };
    assert_eq!(ms, code_lifetime_ms(&apart.parameters, 0));
    let text = apart.cautions[0].to_string();
    let seconds = format!("can present it for {}", ms / 1000);
    assert!(
        text.contains(&seconds) && text.contains("not heard since its clock was set"),
        "{text}"
    );
    let terminals = said(&|_, _| 650, &[-15_000, 15_000]);
    let Caution::LongCode { widest, dv_ms, .. } = terminals.cautions[0] else {
        panic!("{:?}", terminals.cautions);
    };
    assert_eq!((widest, dv_ms), ("DvNBANESTime", 18_000));

    // Every other frame late by 20 s.
    let late = said(&|_, hour| 650 + hour / HOUR_MS / 6 % 2 * 20_000, &[0]);
    let delay = late
        .cautions
        .iter()
        .find(|caution| caution.name() == "long_delay")
        .unwrap();
    let ms = delay_in_use_ms(&late.parameters, 0);
    assert_eq!(
        *delay,
        Caution::LongDelay {
            dv_intent_ms: late.parameters.values().dv_intent,
            ms
        }
    );
    assert!(
        delay
            .to_string()
            .contains("even if the band was heard just before"),
        "{delay}"
    );

    // One clock runs 200 ppm apart from the others.
    let drift = said(&|band, hour| if band == 0 { hour / 5000 } else { 0 }, &[0]);
    let much = drift
        .cautions
        .iter()
        .find(|caution| caution.name() == "much_drift")
        .unwrap();
    let Caution::MuchDrift { ppm, ms_a_day } = *much else {
        panic!("{much:?}")
    };
    assert!((200..=250).contains(&ppm));
    assert_eq!(
        ms_a_day,
        2 * (ppm * 86_400_000 + 999_999).div_euclid(1_000_000)
    );
}

#[test]
fn the_defaults_are_no_cause_for_caution() {
    assert!(code_lifetime_ms(&defaults(), 0) < LONG_CODE_MS / 3);
    assert!(delay_in_use_ms(&defaults(), 0) < LONG_DELAY_MS / 3);
}

#[test]
fn a_codes_life_and_the_delay_in_use_are_the_manuals() {
    // 2 * (2000 + 350 + 1500) + 1000, and twice 20 ppm of a day, rounded up.
    assert_eq!(code_lifetime_ms(&defaults(), 0), 8700);
    assert_eq!(code_lifetime_ms(&defaults(), 24 * HOUR_MS), 8700 + 2 * 1728);
    assert_eq!(code_lifetime_ms(&defaults(), 1), 8702);
    assert_eq!(code_lifetime_ms(&defaults(), -1), 8700);
    assert_eq!(delay_in_use_ms(&defaults(), 0), 4000);
    assert_eq!(delay_in_use_ms(&defaults(), 24 * HOUR_MS), 4000 + 1728);
}

proptest! {
    #[test]
    fn a_skew_gives_its_arrival_back(elapsed in 0..5_000_000_000i64, counter: u32) {
        let at = UnixMillis(T_SET + elapsed);
        let q = quantities(defaults().values(), t_set(), at.0, counter);
        let found = Arrival::from_skew((BAND, t_set()), at, saturated(&q.skew), &defaults());
        let arrival = Arrival { band: BAND, t_set: t_set(), t_interval_ms: 1000, counter, at };
        prop_assert_eq!(found, Some(arrival));
        let odd = Arrival::from_skew((BAND, t_set()), at, saturated(&q.skew) + 1, &defaults());
        prop_assert_eq!(odd, None);
    }

    #[test]
    fn a_proposal_refuses_none_of_what_it_was_made_from(
        lags in prop::collection::vec(-3000..8000i64, 40..120),
        ppm in -30..30i64,
        terminals_ms in prop::collection::vec(-3000..3000i64, 0..5),
    ) {
        let arrivals: Vec<Arrival> = lags
            .iter()
            .zip(10..)
            .map(|(lag, hour)| arrival(BAND, hour * HOUR_MS, lag + hour * HOUR_MS * ppm / 1_000_000))
            .collect();
        let observed = Observations { terminals_ms: &terminals_ms, ..observed(&arrivals) };
        let proposal = propose(&defaults(), &observed).unwrap();
        prop_assert_eq!((proposal.then.out_of_bounds, proposal.then.stale), (0, 0));
        prop_assert_eq!(proposal.then, effect_on(&proposal.parameters, &arrivals));
    }

    #[test]
    fn any_arrivals_are_taken(
        arrivals in prop::collection::vec((any::<u8>(), 0..=i64::MAX as u64, any::<u32>(), any::<u32>(), any::<i64>()), 30..60),
        terminals_ms in prop::collection::vec(any::<i64>(), 0..4),
        tolerated_per_mille: u16,
    ) {
        let arrivals: Vec<Arrival> = arrivals
            .into_iter()
            .map(|(band, t_set, t_interval_ms, counter, at)| Arrival {
                band: BandId::new([band % 3; 6]),
                t_set: TSet::new(t_set / (1 << 61)).unwrap(),
                t_interval_ms,
                counter,
                at: UnixMillis(at),
            })
            .collect();
        let observed = Observations { arrivals: &arrivals, terminals_ms: &terminals_ms, tolerated_per_mille };
        let _ = propose(&defaults(), &observed);
    }
}
