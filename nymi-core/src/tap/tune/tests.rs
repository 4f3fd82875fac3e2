use super::*;

const BAND: BandId = BandId::new([1; 6]);

/// Samples every 100 ms.
fn recording(samples: &[(Label, i16)]) -> Recording {
    let sample = |(step, (label, rssi_dbm)): (i64, &(Label, i16))| Sample {
        at: UnixMillis(step * 100),
        band: BAND,
        rssi_dbm: *rssi_dbm,
        label: *label,
    };
    let samples: Vec<Sample> = (0..).zip(samples).map(sample).collect();
    samples.try_into().unwrap()
}

/// Held for a second at a time, with so many samples of `other` after each.
fn holds(count: usize, held: i16, rest: usize, other: i16) -> Vec<(Label, i16)> {
    let hold = [
        alloc::vec![(Label::Tap, held); 10],
        alloc::vec![(Label::NotTap, other); rest],
    ];
    hold.concat().repeat(count)
}

#[test]
fn the_hysteresis_is_above_the_sag_and_below_the_fall() {
    use Label::{NotTap, Tap};
    for (expected, samples, why) in [
        (
            6,
            &[(Tap, -48), (Tap, -48), (NotTap, -70), (Tap, -48)][..],
            "6 dB if both allow",
        ),
        (
            9,
            &[(Tap, -48), (Tap, -57), (NotTap, -70), (Tap, -48)],
            "2 more than the sag of 7",
        ),
        (
            9,
            &[(Tap, -50), (Tap, -57), (NotTap, -70), (Tap, -50)],
            "at the threshold it is held",
        ),
        (
            4,
            &[(Tap, -48), (NotTap, -56), (Tap, -48)],
            "2 less than the fall of 6",
        ),
        (
            6,
            &[(Tap, -48), (NotTap, -56), (NotTap, -70), (Tap, -48)],
            "it fell on",
        ),
        (
            6,
            &[
                (Tap, -48),
                (NotTap, -55),
                (NotTap, -48),
                (NotTap, -70),
                (Tap, -48),
            ],
            "a reflection ends no fall",
        ),
        (
            4,
            &[
                (Tap, -48),
                (NotTap, -56),
                (Tap, -48),
                (NotTap, -90),
                (Tap, -48),
            ],
            "the least of several falls",
        ),
        (
            6,
            &[(Tap, -80), (Tap, -48), (NotTap, -70), (Tap, -48)],
            "a hand on its way is no sag",
        ),
        (60, &[(Tap, -40), (Tap, -120)], "no more than can be set"),
    ] {
        let recording = recording(samples);
        assert_eq!(hysteresis(&by_band(&recording), 1, -50), expected, "{why}");
    }
}

#[test]
fn cut_offs_are_a_third_of_the_way_from_each_side() {
    let found = |close, far| {
        let samples = [[(Label::Close, close); 3], [(Label::Far, far); 3]].concat();
        let values = TapConfigValues {
            rssi_window_long: 2,
            ..TapConfigValues::default()
        };
        cutoffs(&by_band(&recording(&samples)), &values)
    };
    assert_eq!(found(-40, -70), Some((-49, -60)));
    assert_eq!(found(-49, -51), Some((-49, -50)));
    assert_eq!(found(10, -24), Some((-1, -12)));
    assert_eq!(found(-50, -51), None, "they touch");
    assert_eq!(found(-60, -50), None, "they overlap");
    assert_eq!(found(10, -21), None, "0 would turn proximity off");
    assert_eq!(found(20, -30), None, "nothing is close above 0");
}

#[test]
fn a_window_must_hold_nothing_else_for_a_cut_off() {
    let values = TapConfigValues {
        rssi_window_long: 2,
        ..TapConfigValues::default()
    };
    let found = |samples: &[(Label, i16)]| cutoffs(&by_band(&recording(samples)), &values);
    let (tap, close, far) = ((Label::Tap, -20), (Label::Close, -40), (Label::Far, -70));
    assert_eq!(found(&[tap, close, close, far, far]), Some((-49, -60)));
    assert_eq!(found(&[tap, close, tap, far, far]), None);
    assert_eq!(found(&[tap, close, close, far, tap]), None);
}

#[test]
fn what_follows_a_hold_at_once_does_not_count_as_something_else() {
    use Label::{NotTap, Tap};
    let samples = [(Tap, -48), (NotTap, -60), (NotTap, -70), (NotTap, -65)];
    let recording = recording(&samples);
    let levels = Levels::of(&by_band(&recording), 1).unwrap();
    assert_eq!((levels.weakest_peak, levels.strongest_other), (-480, -650));
}

#[test]
fn the_median_is_that_of_the_hits() {
    let recording = recording(&holds(5, -48, 20, -70));
    let taps: Vec<(BandId, UnixMillis)> = (0..5)
        .map(|hold| (BAND, UnixMillis(hold * 3000 + 100 * (hold + 1))))
        .collect();
    let effect = judge(&recording, &taps);
    assert_eq!((effect.hits, effect.false_taps), (5, 0));
    assert_eq!((effect.median_ms, effect.worst_ms), (Some(300), Some(500)));
}

#[test]
fn a_hundred_other_samples_are_enough() {
    let of = |samples: &[(Label, i16)]| propose(&TapConfig::default(), &recording(samples));
    let enough = holds(5, -48, 20, -70);
    assert!(of(&enough).is_ok());
    let found = MIN_OTHER - 1;
    assert_eq!(
        of(&enough[..enough.len() - 1]),
        Err(TuneError::Other { found })
    );
}

#[test]
fn of_thresholds_that_are_as_good_the_one_nearer_to_the_band_is_proposed() {
    // Between -48 and -71 dBm, -59 and -60 leave the same to spare.
    let recording = recording(&holds(6, -48, 40, -71));
    let proposal = propose(&TapConfig::default(), &recording).unwrap();
    assert_eq!(proposal.margin_tenths_db, 110);
    assert_eq!(proposal.config.values().rssi_tap_threshold, -59);
}

#[test]
fn thresholds_go_from_the_band_away_in_at_most_fourteen_steps() {
    let tried = |weakest_peak, strongest_peak, strongest_other| -> Vec<i64> {
        let levels = Levels {
            weakest_peak,
            strongest_peak,
            strongest_other,
        };
        levels.thresholds().collect()
    };
    let every = |step, from: i64, to: i64| -> Vec<i64> {
        let steps = (0_i64..).map(|n| from - n * step);
        steps.take_while(|threshold| *threshold >= to).collect()
    };
    // Between the weakest approach and everything else.
    assert_eq!(tried(-480, -400, -555), every(1, -48, -56));
    assert_eq!(tried(-200, -200, -1000), every(6, -20, -98));
    // Where they touch or overlap, between the weakest and the strongest approach.
    assert_eq!(tried(-600, -500, -600), every(1, -50, -60));
    assert_eq!(tried(-600, -500, -550), every(1, -50, -60));
    // What a band cannot be heard at is no threshold, and 0 would turn taps off.
    assert_eq!(tried(50, 50, -40), every(1, -1, -4));
    assert_eq!(tried(-1200, -1200, -1400), every(1, -120, -127));
}
