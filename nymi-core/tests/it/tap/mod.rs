//! Taps, proximity and presence: scripted walks here, noisy ones in `properties`.

mod properties;
mod tuning;

use nymi_core::tap::{
    Detector, MAX_BANDS, Presence, Proximity, TapConfig, TapConfigValues, TapEvent,
};
use nymi_core::{BandId, UnixMillis};

const BAND: BandId = BandId::new([0xdd, 0x34, 0xa2, 0x0f, 0x0b, 0x0d]);

fn config(change: impl FnOnce(&mut TapConfigValues)) -> TapConfig {
    let mut values = TapConfigValues::default();
    change(&mut values);
    values.try_into().unwrap()
}

/// A sample every 100 ms.
fn walk(config: TapConfig, rssi: impl IntoIterator<Item = i16>) -> Vec<TapEvent> {
    let mut detector = Detector::new(config);
    let samples = rssi.into_iter().enumerate();
    samples
        .flat_map(|(i, rssi)| detector.handle_sample(time(i), BAND, rssi))
        .collect()
}

fn time(sample: usize) -> UnixMillis {
    UnixMillis(sample as i64 * 100)
}

fn taps(events: &[TapEvent]) -> Vec<UnixMillis> {
    events
        .iter()
        .filter_map(|event| match event {
            TapEvent::Tap { at, .. } => Some(*at),
            _ => None,
        })
        .collect()
}

fn proximities(events: &[TapEvent]) -> Vec<Proximity> {
    events
        .iter()
        .filter_map(|event| match event {
            TapEvent::Proximity { after, .. } => Some(*after),
            _ => None,
        })
        .collect()
}

/// The same noise in each run: a linear congruential generator.
fn noise(spread: i16) -> impl FnMut() -> i16 {
    let mut state = 12345u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i16 % (2 * spread + 1) - spread
    }
}

fn level(rssi: i16, seconds: usize) -> impl Iterator<Item = i16> + Clone {
    std::iter::repeat_n(rssi, seconds * 10)
}

#[test]
fn a_spike_is_no_tap_and_a_held_band_is_exactly_one() {
    let spike = level(-70, 3).chain([-20, -20, -20]).chain(level(-70, 3));
    assert_eq!(taps(&walk(TapConfig::default(), spike)), []);

    let mut shake = noise(4);
    let held = level(-70, 3).chain(level(-35, 600).map(|rssi| rssi + shake()));
    assert_eq!(
        taps(&walk(TapConfig::default(), held)).len(),
        1,
        "ten minutes at the adapter"
    );
}

#[test]
fn the_first_full_window_at_the_threshold_taps() {
    let events = walk(TapConfig::default(), level(-42, 1));
    assert_eq!(taps(&events), [UnixMillis(900)]);
    // One sample one dB weaker, and the mean of ten is below.
    assert_eq!(
        taps(&walk(
            TapConfig::default(),
            [-43].into_iter().chain([-42; 9])
        )),
        []
    );
    assert_eq!(
        taps(&walk(
            TapConfig::default(),
            [-43].into_iter().chain([-42; 10])
        ))
        .len(),
        1
    );
}

#[test]
fn another_tap_needs_the_hysteresis_or_three_seconds_of_silence() {
    let again = |away: i16| level(-40, 2).chain(level(away, 2)).chain(level(-40, 2));
    assert_eq!(taps(&walk(TapConfig::default(), again(-47))).len(), 1);
    assert_eq!(taps(&walk(TapConfig::default(), again(-48))).len(), 2);
    // With no hysteresis the mean must still fall below the threshold.
    let none = config(|values| values.tap_hysteresis = 0);
    assert_eq!(taps(&walk(none, level(-42, 60))).len(), 1);
    assert_eq!(taps(&walk(none, again(-43))).len(), 2);

    for (silence, expected) in [(2999, 1), (3000, 2)] {
        let mut detector = Detector::new(TapConfig::default());
        let mut events = Vec::new();
        for start in [0, 900 + silence] {
            for i in 0..10 {
                events.extend(detector.handle_sample(UnixMillis(start + i * 100), BAND, -40));
            }
        }
        assert_eq!(taps(&events).len(), expected, "{silence} ms of silence");
    }
}

#[test]
fn samples_from_before_a_silence_do_not_tap_after_it() {
    let mut detector = Detector::new(TapConfig::default());
    for i in 0..10 {
        detector.handle_sample(time(i), BAND, -30);
    }
    let back = detector.handle_sample(UnixMillis(4000), BAND, -60);
    assert_eq!(taps(&back), []);
}

#[test]
fn a_tap_after_a_silence_takes_as_long_as_one_without() {
    let tapped_after = |silence_ms| {
        let mut detector = Detector::new(TapConfig::default());
        for i in 0..20 {
            detector.handle_sample(time(i), BAND, -60);
        }
        let begun = time(19).saturating_add(silence_ms);
        let at = (0..20).map(|i| begun.saturating_add(i * 100));
        let taps: Vec<_> = at
            .flat_map(|at| taps(&detector.handle_sample(at, BAND, -30)))
            .collect();
        assert_eq!(taps.len(), 1);
        taps[0].since(begun)
    };
    assert_eq!(tapped_after(100), tapped_after(5000));
    // A band that was held before must be held again: three strong samples are none.
    let mut detector = Detector::new(TapConfig::default());
    for i in 0..20 {
        detector.handle_sample(time(i), BAND, -30);
    }
    let back = (0..3).map(|i| UnixMillis(6000 + i * 100));
    let strong: Vec<_> = back
        .flat_map(|at| taps(&detector.handle_sample(at, BAND, -20)))
        .collect();
    assert_eq!(strong, []);
}

#[test]
fn a_longer_window_takes_longer_to_tap() {
    let approach = level(-60, 5).chain(level(-38, 10));
    let times: Vec<_> = [5, 10, 30]
        .map(|size| {
            taps(&walk(
                config(|v| v.rssi_window_tap = size),
                approach.clone(),
            ))
        })
        .concat();
    assert_eq!(times.len(), 3);
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
}

#[test]
fn thresholds_of_zero_turn_tap_and_proximity_off() {
    let close = level(-10, 30).chain(level(-100, 30)).chain(level(-10, 30));
    let no_tap = config(|values| values.rssi_tap_threshold = 0);
    assert_eq!(taps(&walk(no_tap, close.clone().map(|_| 20))), []);
    let no_proximity = config(|values| values.rssi_cutoff_close = 0);
    let events = walk(no_proximity, close);
    assert_eq!(proximities(&events), []);
    assert!(!taps(&events).is_empty());
    assert_eq!(Detector::new(no_proximity).proximity(BAND), None);
}

#[test]
fn walking_away_and_back_is_one_away_and_one_present() {
    let mut shake = noise(6);
    let there = (0..300).map(|i| -60 - i / 10);
    let back = (0..300).map(|i| -90 + i / 10);
    let walked = there.chain(back).map(|rssi| rssi + shake());
    let events = walk(TapConfig::default(), walked);
    assert_eq!(
        proximities(&events),
        [Proximity::Close, Proximity::Far, Proximity::Close]
    );
    assert_eq!(taps(&events), []);
}

#[test]
fn the_long_window_sets_how_soon_proximity_follows() {
    let far_at = |size| {
        let leaves = level(-60, 20).chain(level(-90, 20));
        let events = walk(config(|values| values.rssi_window_long = size), leaves);
        events.iter().find_map(|event| match event {
            TapEvent::Proximity {
                after: Proximity::Far,
                at,
                ..
            } => Some(*at),
            _ => None,
        })
    };
    assert!(far_at(20) < far_at(50) && far_at(50) < far_at(100));
}

#[test]
fn between_the_cutoffs_a_band_stays_what_it_was() {
    let near_first = level(-60, 10).chain(level(-75, 30));
    assert_eq!(
        proximities(&walk(TapConfig::default(), near_first)),
        [Proximity::Close]
    );
    let far_first = level(-90, 10).chain(level(-75, 30));
    assert_eq!(
        proximities(&walk(TapConfig::default(), far_first)),
        [Proximity::Far]
    );
    assert_eq!(
        proximities(&walk(TapConfig::default(), level(-75, 30))),
        [Proximity::Far]
    );
    // Exactly at the cut-offs: close includes its own, far does not.
    assert_eq!(
        proximities(&walk(TapConfig::default(), level(-70, 10))),
        [Proximity::Close]
    );
    let falls = |to| level(-60, 10).chain(level(to, 10));
    assert_eq!(
        proximities(&walk(TapConfig::default(), falls(-83))),
        [Proximity::Close]
    );
    assert_eq!(
        proximities(&walk(TapConfig::default(), falls(-84))).len(),
        2
    );
}

#[test]
fn a_tap_is_a_proximity_until_the_hand_is_taken_away() {
    let events = walk(TapConfig::default(), level(-40, 3).chain(level(-60, 10)));
    assert_eq!(proximities(&events), [Proximity::Tap, Proximity::Close]);
}

#[test]
fn silence_alone_decides_presence() {
    let mut detector = Detector::new(TapConfig::default());
    let heard = detector.handle_sample(UnixMillis(0), BAND, -90);
    let presence = |before, after, at| TapEvent::Presence {
        band: BAND,
        before,
        after,
        at,
    };
    assert_eq!(
        heard,
        [presence(Presence::No, Presence::Yes, UnixMillis(0))]
    );
    for (deadline, change) in [
        (3_000, None),
        (5_000, Some((Presence::Yes, Presence::Likely))),
        (15_000, Some((Presence::Likely, Presence::Unlikely))),
        (30_000, None),
        (60_000, Some((Presence::Unlikely, Presence::No))),
    ] {
        let at = UnixMillis(deadline);
        assert_eq!(detector.next_deadline(), Some(at));
        assert_eq!(detector.handle_timeout(UnixMillis(deadline - 1)), []);
        let expected = change.map(|(before, after)| presence(before, after, at));
        assert_eq!(detector.handle_timeout(at), Vec::from_iter(expected));
    }
    assert_eq!(detector.next_deadline(), None);
    assert_eq!(detector.bands().count(), 0);
}

#[test]
fn half_a_minute_of_silence_is_gone() {
    let mut detector = Detector::new(TapConfig::default());
    for i in 0..60 {
        detector.handle_sample(time(i), BAND, -60);
    }
    assert_eq!(detector.proximity(BAND), Some(Proximity::Close));
    let last = time(59);
    assert_eq!(
        proximities(&detector.handle_timeout(last.saturating_add(29_999))),
        []
    );
    let gone = detector.handle_timeout(last.saturating_add(30_000));
    assert_eq!(proximities(&gone), [Proximity::Gone]);
}

#[test]
fn a_strength_that_was_not_measured_is_heard_but_not_weighed() {
    let mut detector = Detector::new(TapConfig::default());
    for i in 0..20 {
        assert_eq!(taps(&detector.handle_sample(time(i), BAND, 127)), []);
    }
    assert_eq!(detector.presence(BAND), Presence::Yes);
    assert_eq!(detector.proximity(BAND), Some(Proximity::Gone));
}

#[test]
fn made_up_addresses_displace_no_band_that_is_heard() {
    let mut detector = Detector::new(TapConfig::default());
    let mut lost = 0;
    for i in 0..3 * MAX_BANDS {
        let mut address = [1; 6];
        address[..4].copy_from_slice(&(i as u32).to_be_bytes());
        let now = UnixMillis(i as i64);
        let events = detector.handle_sample(now, BandId::new(address), -90);
        lost += events
            .iter()
            .filter(|e| {
                matches!(
                    e,
                    TapEvent::Presence {
                        after: Presence::No,
                        ..
                    }
                )
            })
            .count();
        detector.handle_sample(now, BAND, -60);
        assert!(detector.bands().count() <= MAX_BANDS);
    }
    assert_eq!(detector.presence(BAND), Presence::Yes);
    assert_eq!(
        lost,
        2 * MAX_BANDS + 1,
        "each displaced band is reported as gone"
    );
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_the_silence() {
    let mut detector = Detector::new(TapConfig::default());
    detector.handle_sample(UnixMillis(3_600_000), BAND, -60);
    // The clock is set back by an hour; 5 s later the band is missed.
    assert_eq!(detector.handle_timeout(UnixMillis(0)), []);
    assert_eq!(detector.next_deadline(), Some(UnixMillis(3000)));
    assert_eq!(detector.handle_timeout(UnixMillis(5000)).len(), 1);
    assert_eq!(detector.presence(BAND), Presence::Likely);
}

#[test]
fn new_parameters_apply_at_once_and_do_not_tap_a_band_that_lies_there() {
    let mut detector = Detector::new(TapConfig::default());
    let hear = |detector: &mut Detector, from: usize, rssi| {
        let samples = from..from + 30;
        samples
            .flat_map(|i| detector.handle_sample(time(i), BAND, rssi))
            .collect::<Vec<_>>()
    };
    assert_eq!(taps(&hear(&mut detector, 0, -50)).len(), 0);
    detector.reconfigure(config(|values| values.rssi_tap_threshold = -55));
    assert_eq!(taps(&hear(&mut detector, 30, -50)).len(), 1);
    detector.reconfigure(config(|values| values.rssi_tap_threshold = -60));
    assert_eq!(taps(&hear(&mut detector, 60, -50)).len(), 0);
}

#[test]
fn a_refused_parameter_is_named() {
    let refused = |change: fn(&mut TapConfigValues)| {
        let mut values = TapConfigValues::default();
        change(&mut values);
        TapConfig::try_from(values).unwrap_err().to_string()
    };
    for (message, key) in [
        (refused(|v| v.rssi_window_tap = 0), "rssi_window_tap"),
        (refused(|v| v.rssi_window_long = 1001), "rssi_window_long"),
        (refused(|v| v.rssi_tap_threshold = 1), "rssi_tap_threshold"),
        (refused(|v| v.rssi_cutoff_close = 1), "rssi_cutoff_close"),
        (refused(|v| v.rssi_cutoff_far = 0), "rssi_cutoff_far"),
        (refused(|v| v.rssi_cutoff_far = -69), "rssi_cutoff_far"),
        (refused(|v| v.tap_hysteresis = -1), "tap_hysteresis"),
    ] {
        assert!(message.starts_with(key), "{message}");
    }
    // Off is off, whatever the other cut-off says.
    assert!(
        TapConfig::try_from(TapConfigValues {
            rssi_cutoff_close: 0,
            ..Default::default()
        })
        .is_ok()
    );
}

#[test]
fn parameters_read_from_text_under_their_names() {
    let mut values = TapConfigValues::default();
    assert_eq!(values.set("RSSI_TAP_THRESHOLD", "-50"), Ok(true));
    assert_eq!(values.rssi_tap_threshold, -50);
    for (n, key) in TapConfigValues::KEYS.into_iter().enumerate() {
        assert_eq!(values.set(key, &n.to_string()), Ok(true));
        assert_eq!(serde_json::to_value(values).unwrap()[key], n);
    }
    assert_eq!(values.set("port", "/dev/ttyACM0"), Ok(false));
    assert!(
        values
            .set("tap_hysteresis", "six")
            .unwrap_err()
            .to_string()
            .starts_with("tap_hysteresis")
    );
    let unknown: Result<TapConfig, _> = serde_json::from_str(r#"{"rssi_tap_treshold": -40}"#);
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("rssi_tap_treshold")
    );
    let some: TapConfig = serde_json::from_str(r#"{"rssi_tap_threshold": -40}"#).unwrap();
    assert_eq!(some, config(|values| values.rssi_tap_threshold = -40));
}

#[test]
fn a_detector_tells_its_parameters() {
    let first = config(|values| values.rssi_tap_threshold = -50);
    let mut detector = Detector::new(first);
    assert_eq!(*detector.config(), first);
    let second = config(|values| values.rssi_tap_threshold = -55);
    detector.reconfigure(second);
    assert_eq!(*detector.config(), second);
}
