//! Every outcome, at both edges of what leads to it, and the order in which the steps are tried.
//!
//! With the default parameters the middle of the window is 650 ms before the server's clock and it
//! is 3850 ms wide to either side, plus 20 ppm: ten seconds after T_set, and one ms of drift, the
//! counters 5 (floor 5499/1000) to 13 (floor 13,201/1000) are within.

use nymi_core::presence::{Flags, Outcome, PacParameterValues, PacParameters};

use super::presence_model::{ALIVE, Server, boot_frame, frame, key};

const T_SET: u64 = 1_700_000_000_000;

fn server() -> Server {
    Server::new(T_SET, PacParameterValues::default())
}

fn after(ms: i64) -> i64 {
    T_SET as i64 + ms
}

/// No tolerance at all, one code a second.
fn exact() -> PacParameterValues {
    PacParameterValues {
        t_interval: 1000,
        dm_nba_nes_time: 0,
        dv_nba_nes_time: 0,
        dm_nba_nb_time: 0,
        dv_nba_nb_time: 0,
        dm_clock_drift: 0,
        dv_clock_drift: 0,
        dm_intent: 0,
        dv_intent: 0,
    }
}

#[test]
fn malformed_is_a_matter_of_form() {
    let good = frame(ALIVE, 10, server().t_set);
    let by = ("agent", "terminal");
    for length in (0..14).chain(15..18).chain(19..40) {
        let bytes: Vec<u8> = good.iter().copied().chain([0; 40]).take(length).collect();
        let found = server().bytes(&bytes, after(10_000), by);
        assert_eq!(found.outcome, Outcome::Malformed, "{length} bytes");
        assert_eq!((found.counter, found.skew_ms), (None, None));
    }
    let mut nonce_without_flag = good.clone();
    nonce_without_flag.extend([0; 4]);
    let mut flag_without_nonce = boot_frame(10);
    flag_without_nonce.truncate(14);
    let mut version_0 = good.clone();
    version_0[0] &= 0x0f;
    let mut version_2 = good;
    version_2[0] += 0x10;
    for bytes in [nonce_without_flag, flag_without_nonce, version_0, version_2] {
        assert_eq!(
            server().bytes(&bytes, after(10_000), by).outcome,
            Outcome::Malformed
        );
    }
}

#[test]
fn a_frame_from_before_the_clock_was_set_fails() {
    let earlier = Server::new(T_SET - 1000, PacParameterValues::default());
    let bytes = frame(ALIVE, 10, earlier.t_set);
    let found = server().bytes(&bytes, after(10_000), ("agent", "terminal"));
    assert_eq!(
        (found.outcome, found.counter, found.skew_ms),
        (Outcome::Failed, None, None)
    );
}

#[test]
fn t_set_counts_by_its_whole_second_modulo_two_to_the_32() {
    let tail = |t_set| frame(ALIVE, 10, Server::new(t_set, exact()).t_set);
    assert_eq!(tail(T_SET), tail(T_SET + 999));
    assert_ne!(tail(T_SET), tail(T_SET + 1000));
    assert_eq!(tail(5_000), tail(5_000 + (1000 << 32)));
}

#[test]
fn a_lost_clock_is_authentic_at_any_time_and_never_enough() {
    for now in [i64::MIN, 0, after(10_000), i64::MAX] {
        let mut server = server();
        let found = server.bytes(&boot_frame(10), now, ("agent", "terminal"));
        assert_eq!(found.outcome, Outcome::VerifiedTimeLost);
        assert_eq!((found.counter, found.skew_ms), (Some(10), None));
        assert!(server.state.last.is_none());
    }
    let mut forged = boot_frame(10);
    forged[17] ^= 1;
    let found = server().bytes(&forged, after(10_000), ("agent", "terminal"));
    assert_eq!(
        found.outcome,
        Outcome::Failed,
        "the nonce is under the code"
    );
}

#[test]
fn the_window_holds_exactly_the_counters_between_its_edges() {
    for (counter, expected) in [
        (4, Outcome::OutOfBounds),
        (5, Outcome::Verified),
        (13, Outcome::Verified),
        (14, Outcome::OutOfBounds),
    ] {
        assert_eq!(server().hear(counter, after(10_000)), expected, "{counter}");
    }
    // The lower edge moves to 6 when e - 651 - 3850 (drift) reaches 6000, the upper to 14.
    assert_eq!(server().hear(5, after(10_500)), Outcome::Verified);
    assert_eq!(server().hear(5, after(10_501)), Outcome::OutOfBounds);
    assert_eq!(server().hear(14, after(10_798)), Outcome::OutOfBounds);
    assert_eq!(server().hear(14, after(10_799)), Outcome::Verified);
}

#[test]
fn parameters_give_their_values_back() {
    let parameters = PacParameters::try_from(exact()).unwrap();
    assert_eq!(PacParameterValues::from(parameters), exact());
}

#[test]
fn without_tolerance_one_counter_is_right_for_one_interval() {
    for (counter, now, expected) in [
        (0, -1, Outcome::OutOfBounds),
        (0, 0, Outcome::Verified),
        (0, 999, Outcome::Verified),
        (0, 1000, Outcome::OutOfBounds),
        (1, 999, Outcome::OutOfBounds),
        (1, 1000, Outcome::Verified),
        (
            u32::MAX,
            i64::from(u32::MAX) * 1000 - 1,
            Outcome::OutOfBounds,
        ),
        (u32::MAX, i64::from(u32::MAX) * 1000, Outcome::Verified),
        (
            u32::MAX,
            i64::from(u32::MAX) * 1000 + 999,
            Outcome::Verified,
        ),
        (
            u32::MAX,
            (i64::from(u32::MAX) + 1) * 1000,
            Outcome::OutOfBounds,
        ),
    ] {
        let mut server = Server::new(T_SET, exact());
        assert_eq!(
            server.hear(counter, after(now)),
            expected,
            "{counter} at {now}"
        );
    }
}

#[test]
fn a_negative_elapsed_time_widens_nothing() {
    // Drift tolerance counts from T_set onwards only; before it the two sides still apply.
    let values = PacParameterValues {
        dv_clock_drift: 500,
        dv_intent: 1,
        ..exact()
    };
    assert_eq!(
        Server::new(T_SET, values).hear(0, after(-1)),
        Outcome::Verified
    );
    assert_eq!(
        Server::new(T_SET, values).hear(0, after(-2)),
        Outcome::OutOfBounds
    );
    // A slow band by 500 ppm is expected to be behind; the product is rounded down, also below 0.
    let slow = PacParameterValues {
        dm_clock_drift: 500,
        ..exact()
    };
    assert_eq!(
        Server::new(T_SET, slow).hear(0, after(1)),
        Outcome::Verified
    );
    assert_eq!(
        Server::new(T_SET, slow).hear(1, after(1000)),
        Outcome::Verified
    );
    assert_eq!(
        Server::new(T_SET, slow).hear(2, after(2000)),
        Outcome::OutOfBounds
    );
    assert_eq!(
        Server::new(T_SET, slow).hear(2, after(2001)),
        Outcome::Verified
    );
    // floor(-1 * 500 / 10^6) is -1: the middle moves to e + 1, which is 0.
    assert_eq!(
        Server::new(T_SET, slow).hear(0, after(-1)),
        Outcome::Verified
    );
}

/// Wide enough that staleness, not the window, decides.
fn patient() -> PacParameterValues {
    PacParameterValues {
        dv_nba_nes_time: 60_000,
        dv_intent: 1500,
        ..exact()
    }
}

#[test]
fn stale_begins_just_beyond_twice_the_intent_and_one_interval() {
    // The first arrival, counter 100 at 100,500 ms, has skew 0. 2*1500 + 1000 = 4000 ms later than
    // that is still accepted.
    let mut server = Server::new(T_SET, patient());
    assert_eq!(server.hear(100, after(100_500)), Outcome::Verified);
    assert_eq!(server.would(101, after(105_500)), Outcome::Verified);
    assert_eq!(server.would(101, after(105_501)), Outcome::Stale);
    // The band may be ahead by any amount within the window.
    assert_eq!(server.would(160, after(101_500)), Outcome::Verified);
}

#[test]
fn the_freshest_arrival_ages_by_the_drift() {
    // 100 ppm: 100 s after the freshest arrival a band may have fallen behind by 10 ms.
    let values = PacParameterValues {
        dv_clock_drift: 100,
        ..patient()
    };
    let mut server = Server::new(T_SET, values);
    assert_eq!(server.hear(100, after(100_500)), Outcome::Verified);
    assert_eq!(
        server.would(200, after(204_500 + 11)),
        Outcome::Verified,
        "104.011 s, 10.4 ms"
    );
    assert_eq!(server.would(200, after(204_500 + 12)), Outcome::Stale);
    // The server's clock stepping back does not age it.
    assert_eq!(server.would(100, after(99_000)), Outcome::Verified);
    assert_eq!(server.state.best.unwrap().skew_ms, 0);
}

#[test]
fn only_an_arrival_as_fresh_becomes_the_freshest() {
    let mut server = Server::new(T_SET, patient());
    server.hear(100, after(100_500));
    server.hear(101, after(101_501));
    assert_eq!(
        server.state.best.unwrap().at.0,
        after(100_500),
        "1 ms later than the best"
    );
    server.hear(102, after(102_500));
    assert_eq!(
        server.state.best.unwrap().at.0,
        after(102_500),
        "equal replaces"
    );
    server.hear(103, after(103_499));
    assert_eq!(server.state.best.unwrap().skew_ms, 1, "fresher replaces");
}

#[test]
fn a_band_must_be_worn_and_authenticated() {
    for (authenticated, worn) in [(false, false), (true, false), (false, true)] {
        let mut server = server();
        let flags = Flags {
            authenticated,
            worn,
            ..Flags::default()
        };
        let bytes = frame(flags, 10, server.t_set);
        let found = server.bytes(&bytes, after(10_000), ("agent", "terminal"));
        assert_eq!(found.outcome, Outcome::NotAuthenticated);
        assert_eq!((found.counter, found.skew_ms), (Some(10), Some(1150)));
        assert!(
            server.state.best.is_none(),
            "a refused frame teaches nothing"
        );
    }
    let mut server = server();
    let low = frame(
        Flags {
            low_battery: true,
            ..ALIVE
        },
        10,
        server.t_set,
    );
    let found = server.bytes(&low, after(10_000), ("agent", "terminal"));
    assert_eq!(
        found.outcome,
        Outcome::Verified,
        "a low battery is no obstacle"
    );
}

#[test]
fn a_step_belongs_to_whom_it_was_given_first() {
    let mut server = server();
    assert_eq!(server.hear(10, after(10_000)), Outcome::Verified);
    let ten = frame(ALIVE, 10, server.t_set);
    for (agent, endpoint, expected) in [
        ("agent", "terminal", Outcome::Verified),
        ("agent", "terminal 2", Outcome::Replayed),
        ("agent 2", "terminal", Outcome::Replayed),
        ("agent", "", Outcome::Replayed),
        ("terminal", "agent", Outcome::Replayed),
    ] {
        assert_eq!(
            server.bytes(&ten, after(10_100), (agent, endpoint)).outcome,
            expected
        );
    }
    assert_eq!(server.would(9, after(10_000)), Outcome::Replayed);
    let eleven = frame(ALIVE, 11, server.t_set);
    let elsewhere = server.bytes(&eleven, after(11_000), ("agent 2", "terminal 2"));
    assert_eq!(
        elsewhere.outcome,
        Outcome::Verified,
        "the next step is free again"
    );
}

#[test]
fn counter_zero_and_the_highest_are_steps_like_any_other() {
    let mut server = Server::new(T_SET, exact());
    assert_eq!(server.hear(0, after(0)), Outcome::Verified);
    let zero = frame(ALIVE, 0, server.t_set);
    assert_eq!(
        server
            .bytes(&zero, after(0), ("agent", "elsewhere"))
            .outcome,
        Outcome::Replayed
    );
    let end = i64::from(u32::MAX) * 1000;
    assert_eq!(server.hear(u32::MAX, after(end)), Outcome::Verified);
    assert_eq!(server.would(u32::MAX - 1, after(end)), Outcome::OutOfBounds);
}

#[test]
fn the_steps_are_tried_in_order() {
    // One frame that offends against one rule after another: each time the earliest is the answer.
    let mut server = Server::new(T_SET, patient());
    let by = ("agent", "terminal");
    server.hear(100, after(100_500));
    let removed = Flags {
        authenticated: false,
        ..ALIVE
    };
    let unworn = |counter| frame(removed, counter, server.t_set);
    let (near, far) = (unworn(99), unworn(3));

    let ahead_of =
        |bytes: &[u8], now, server: &mut Server| server.bytes(bytes, after(now), by).outcome;
    // Unworn and replayed, but in time.
    assert_eq!(
        ahead_of(&near, 100_500, &mut server),
        Outcome::NotAuthenticated
    );
    // And late.
    assert_eq!(ahead_of(&near, 110_000, &mut server), Outcome::Stale);
    // And later than any clock explains.
    assert_eq!(ahead_of(&far, 110_000, &mut server), Outcome::OutOfBounds);
    // And the clock is lost: nothing further is looked at.
    assert_eq!(
        ahead_of(&boot_frame(3), 110_000, &mut server),
        Outcome::VerifiedTimeLost
    );
    // And forged.
    let mut forged = boot_frame(3);
    forged[5] ^= 1;
    assert_eq!(ahead_of(&forged, 110_000, &mut server), Outcome::Failed);
    // And no frame at all.
    forged.push(0);
    assert_eq!(ahead_of(&forged, 110_000, &mut server), Outcome::Malformed);
}

#[test]
fn every_outcome_has_its_own_name_and_an_audit_event_and_status_of_the_table() {
    let table = Outcome::ALL.map(|o| (o.name(), o.event_type_id(), o.status()));
    assert_eq!(
        table,
        [
            ("malformed", 6, 6000),
            ("failed", 6, 6000),
            ("verified_time_lost", 7, 6002),
            ("out_of_bounds", 14, 6003),
            ("stale", 14, 6003),
            ("not_authenticated", 6, 3021),
            ("replayed", 6, 6001),
            ("verified", 13, 0),
        ]
    );
    for outcome in Outcome::ALL {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
    }
}

#[test]
fn keys_are_not_printed() {
    let printed = format!("{:?}", key());
    assert_eq!(printed, "PacKey(C3:01:02:03:04:05, …)");
}
