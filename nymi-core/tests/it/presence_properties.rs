//! Verification against the slow model: all times, counters and parameters, and sequences of them.

use num_bigint::BigInt;
use nymi_core::presence::{Flags, Frame, Outcome, PacParameterValues, PacParameters, TSet};
use proptest::prelude::*;

use super::presence_model::{Model, Server, floor, frame, quantities, same_knowledge, saturated};

/// Each parameter over its range, its ends and its default.
fn parameters() -> impl Strategy<Value = PacParameterValues> {
    let dm = || prop_oneof![Just(-60_000), Just(60_000), Just(0), -60_000..=60_000i64];
    let dv = || prop_oneof![Just(0), Just(60_000), 0..4000i64, 0..=60_000i64];
    let dm_ppm = prop_oneof![Just(-500), Just(500), Just(0), -500..=500i64];
    let dv_ppm = prop_oneof![Just(0), Just(500), Just(20), 0..=500i64];
    let t_interval = prop_oneof![Just(250), Just(60_000), Just(1000), 250..=60_000i64];
    let clocks = (dm(), dv(), dm(), dv(), dm(), dv());
    (t_interval, clocks, dm_ppm, dv_ppm, any::<bool>()).prop_map(
        |(t_interval, dms, dm_ppm, dv_ppm, defaults)| {
            if defaults {
                return PacParameterValues::default();
            }
            PacParameterValues {
                t_interval,
                dm_nba_nes_time: dms.0,
                dv_nba_nes_time: dms.1,
                dm_nba_nb_time: dms.2,
                dv_nba_nb_time: dms.3,
                dm_intent: dms.4,
                dv_intent: dms.5,
                dm_clock_drift: dm_ppm,
                dv_clock_drift: dv_ppm,
            }
        },
    )
}

fn t_set() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(i64::MAX as u64),
        Just(1_700_000_000_123),
        0..=i64::MAX as u64,
    ]
}

/// A moment anywhere, or near or some way after T_set.
fn now(t_set: u64) -> impl Strategy<Value = i64> {
    let after = move |ms: i64| (t_set as i64).saturating_add(ms);
    prop_oneof![
        2 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0]),
        3 => (-200_000..200_000i64).prop_map(after),
        6 => (0..5_000_000_000i64).prop_map(after),
    ]
}

/// Where to aim a counter: at an edge of the window, its middle, or anywhere.
#[derive(Clone, Copy, Debug)]
enum Aim {
    First(i64),
    Last(i64),
    Middle(i64),
    Anywhere(u32),
}

fn aim() -> impl Strategy<Value = Aim> {
    prop_oneof![
        (-2..=2i64).prop_map(Aim::First),
        (-2..=2i64).prop_map(Aim::Last),
        (-6..=6i64).prop_map(Aim::Middle),
        any::<u32>().prop_map(Aim::Anywhere),
        Just(Aim::Anywhere(0)),
        Just(Aim::Anywhere(u32::MAX)),
    ]
}

/// The counter aimed at, as near as a u32 comes.
fn counter(aim: Aim, v: &PacParameterValues, t_set: TSet, now: i64) -> u32 {
    let q = quantities(v, t_set, now, 0);
    let wanted = match aim {
        Aim::First(by) => q.first + by,
        Aim::Last(by) => q.final_ + by,
        Aim::Middle(by) => floor(&(q.first + q.final_), 2) + by,
        Aim::Anywhere(counter) => return counter,
    };
    u32::try_from(wanted.clamp(BigInt::from(0), BigInt::from(u32::MAX))).unwrap()
}

fn flags() -> impl Strategy<Value = Flags> {
    let mostly = prop::bool::weighted(0.9);
    (mostly, mostly, any::<bool>()).prop_map(|(authenticated, worn, low_battery)| Flags {
        authenticated,
        worn,
        low_battery,
        time_lost: false,
    })
}

fn single() -> impl Strategy<Value = (u64, i64, PacParameterValues, Aim)> {
    t_set().prop_flat_map(|t_set| (Just(t_set), now(t_set), parameters(), aim()))
}

const CALLERS: [(&str, &str); 3] = [
    ("agent", "terminal"),
    ("agent", "other terminal"),
    ("other agent", "terminal"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_frame_is_judged_as_the_model_does((t_set, now, values, aim) in single()) {
        let mut server = Server::new(t_set, values);
        let counter = counter(aim, &values, server.t_set, now);
        let mut model = Model::default();
        let alive = super::presence_model::ALIVE;
        let (outcome, skew) = model.judge(&values, server.t_set, (now, counter, alive), CALLERS[0]);
        let found = server.bytes(&frame(alive, counter, server.t_set), now, CALLERS[0]);
        prop_assert_eq!(found.outcome, outcome);
        prop_assert_eq!(found.skew_ms, Some(saturated(&skew)));
        prop_assert_eq!(found.counter, Some(counter));
        prop_assert!(same_knowledge(&model, &server.state));
        // Saturation is for frames that are refused anyway.
        prop_assert!(outcome == Outcome::OutOfBounds || BigInt::from(saturated(&skew)) == skew);
    }
}

proptest! {
    #[test]
    fn a_sequence_of_frames_is_judged_as_the_model_does(
        t_set in t_set(),
        values in parameters(),
        start in 0..5_000_000_000i64,
        steps in prop::collection::vec(
            (-2000..20_000i64, aim(), flags(), prop::sample::select(CALLERS.to_vec())),
            1..40,
        ),
    ) {
        let mut server = Server::new(t_set, values);
        let mut model = Model::default();
        let mut now = (t_set as i64).saturating_add(start);
        for (pause, aim, flags, caller) in steps {
            now = now.saturating_add(pause);
            let counter = counter(aim, &values, server.t_set, now);
            let (outcome, skew) = model.judge(&values, server.t_set, (now, counter, flags), caller);
            let found = server.bytes(&frame(flags, counter, server.t_set), now, caller);
            prop_assert_eq!(found.outcome, outcome);
            prop_assert_eq!(found.skew_ms, Some(saturated(&skew)));
            prop_assert!(same_knowledge(&model, &server.state));
        }
    }

    #[test]
    fn the_same_claim_twice_is_the_same_answer((t_set, now, values, aim) in single()) {
        // Verifying again is harmless for the caller who was first, and never for another.
        let mut server = Server::new(t_set, values);
        let counter = counter(aim, &values, server.t_set, now);
        let first = server.hear(counter, now);
        prop_assert_eq!(server.hear(counter, now), first);
        if first == Outcome::Verified {
            let alive = frame(super::presence_model::ALIVE, counter, server.t_set);
            for caller in &CALLERS[1..] {
                prop_assert_eq!(server.bytes(&alive, now, *caller).outcome, Outcome::Replayed);
            }
        }
    }

    #[test]
    fn a_changed_bit_fails((t_set, now, values, aim) in single(), bit in 0..13 * 8usize) {
        let mut server = Server::new(t_set, values);
        let counter = counter(aim, &values, server.t_set, now);
        let mut bytes = frame(super::presence_model::ALIVE, counter, server.t_set);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let outcome = server.bytes(&bytes, now, CALLERS[0]).outcome;
        // Version and the time-lost flag (without its nonce) are form, all else is under the code.
        let form = bit / 8 == 0 && (bit % 8 >= 4 || bit % 8 == 2);
        prop_assert_eq!(outcome, if form { Outcome::Malformed } else { Outcome::Failed });
    }

    #[test]
    fn the_transmit_power_is_not_under_the_code((t_set, now, values, aim) in single(), power: u8) {
        let server = Server::new(t_set, values);
        let counter = counter(aim, &values, server.t_set, now);
        let mut bytes = frame(super::presence_model::ALIVE, counter, server.t_set);
        let expected = server.would(counter, now);
        bytes[13] = power;
        let mut server = server;
        prop_assert_eq!(server.bytes(&bytes, now, CALLERS[0]).outcome, expected);
    }

    #[test]
    fn any_bytes_at_any_time_are_answered(
        (t_set, now, values, _) in single(),
        bytes in prop::collection::vec(any::<u8>(), 0..24),
    ) {
        let outcome = Server::new(t_set, values).bytes(&bytes, now, CALLERS[0]).outcome;
        let expected = if Frame::parse(&bytes).is_ok() { Outcome::Failed } else { Outcome::Malformed };
        prop_assert_eq!(outcome, expected);
    }

    #[test]
    fn terminal_clocks_are_compared_exactly(nes: i64, terminal in any::<i64>(), by in -3..=3i64, values in parameters()) {
        let parameters = PacParameters::try_from(values).unwrap();
        let edges = [values.dm_nba_nes_time + values.dv_nba_nes_time, values.dm_nba_nes_time - values.dv_nba_nes_time];
        let near = edges.map(|edge| nes.saturating_sub(edge).saturating_add(by));
        for terminal in [terminal, near[0], near[1]] {
            let difference = BigInt::from(nes) - terminal - values.dm_nba_nes_time;
            let inside = difference <= BigInt::from(values.dv_nba_nes_time)
                && difference >= BigInt::from(-values.dv_nba_nes_time);
            prop_assert_eq!(parameters.terminal_clock_in_bounds(nes, terminal), inside);
        }
    }
}
