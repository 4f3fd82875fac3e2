//! Recordings, what is proposed from them, and their picture.

use nymi_core::tap::recording::{HEADER, Label, MAX_SAMPLES, Recording, RecordingError, Sample};
use nymi_core::tap::tune::{MIN_APPROACHES, MIN_OTHER, TuneError, effect_on, judge, propose, taps};
use nymi_core::tap::{Detector, TapConfig, TapEvent, plain_taps, plot};
use nymi_core::{BandId, UnixMillis};
use proptest::prelude::*;

use super::{BAND, config, noise};

/// Levels with labels, each for so many samples, ten a second.
fn recording(parts: &[(i16, Label, usize)], spread: i16) -> Recording {
    let mut shake = noise(spread);
    let samples = parts
        .iter()
        .flat_map(|(rssi, label, count)| std::iter::repeat_n((*rssi, *label), *count));
    let samples: Vec<Sample> = samples
        .zip(0..)
        .map(|((rssi, label), n)| Sample {
            at: UnixMillis(1_700_000_000_000 + n * 100),
            band: BAND,
            rssi_dbm: rssi + if spread > 0 { shake() } else { 0 },
            label,
        })
        .collect();
    samples.try_into().unwrap()
}

/// So many taps at one level, with rests at another between them.
fn site(held: i16, rest: i16, taps: usize) -> Recording {
    let part = [
        (rest, Label::Close, 60),
        (held, Label::Tap, 15),
        (rest, Label::Close, 40),
    ];
    recording(&part.repeat(taps), 3)
}

#[test]
fn a_file_is_written_as_it_is_read() {
    let text = format!(
        "{HEADER}\n1700000000000,DD:34:A2:0F:0B:0D,-63,close\n1700000000100,DD:34:A2:0F:0B:0D,-41,tap\n\
         1700000000100,01:02:03:04:05:06,-90,far\n1700000000200,DD:34:A2:0F:0B:0D,-50,not_tap\n"
    );
    let read: Recording = text.parse().unwrap();
    assert_eq!(read.samples().len(), 4);
    assert_eq!(read.samples()[1].label, Label::Tap);
    assert_eq!(read.to_csv(), text);
    let loose = text
        .replace('\n', "\r\n")
        .replace("-63,close", "-63 , close\r\n# a note\r\n");
    assert_eq!(loose.parse::<Recording>().unwrap(), read);
}

#[test]
fn a_refused_line_is_named_with_column_value_and_rule() {
    for (line, expected) in [
        (
            "x,DD:34:A2:0F:0B:0D,-41,tap",
            "line 3: time_ms is \"x\"; it must be a whole number",
        ),
        (
            "-1,DD:34:A2:0F:0B:0D,-41,tap",
            "line 3: time_ms is \"-1\"; it must be a whole number",
        ),
        (
            "4,DD:34:A2:0F:0B:0D,-41,tap",
            "line 3: time_ms is \"4\"; it must be at or after",
        ),
        (
            "6,DD:34:A2:0F:0B,-41,tap",
            "line 3: address is \"DD:34:A2:0F:0B\"; it must be a NymiBandID",
        ),
        (
            "6,DD:34:A2:0F:0B:0D,21,tap",
            "line 3: rssi is \"21\"; it must be a whole number from -127",
        ),
        ("6,DD:34:A2:0F:0B:0D,-128,tap", "line 3: rssi is \"-128\""),
        ("6,DD:34:A2:0F:0B:0D,-4.5,tap", "line 3: rssi is \"-4.5\""),
        (
            "6,DD:34:A2:0F:0B:0D,-41,Tap",
            "line 3: label is \"Tap\"; it must be tap, close, far or not_tap",
        ),
        ("6,DD:34:A2:0F:0B:0D,-41", "line 3 must have four columns"),
        (
            "6,DD:34:A2:0F:0B:0D,-41,tap,",
            "line 3 must have four columns",
        ),
    ] {
        let text = format!("{HEADER}\n5,DD:34:A2:0F:0B:0D,-41,tap\n{line}\n");
        let error = text.parse::<Recording>().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let long = format!("{HEADER}\n5,DD:34:A2:0F:0B:0D,-41,{}\n", "t".repeat(200));
    assert_eq!(
        long.parse::<Recording>(),
        Err(RecordingError::Line { line: 2 })
    );
    for text in ["", "time,address\n", "5,DD:34:A2:0F:0B:0D,-41,tap"] {
        assert!(matches!(
            text.parse::<Recording>(),
            Err(RecordingError::Header { .. })
        ));
    }
}

#[test]
fn a_recording_is_bounded() {
    let line = "5,DD:34:A2:0F:0B:0D,-41,tap\n";
    let most = format!("{HEADER}\n{}", line.repeat(MAX_SAMPLES));
    assert_eq!(
        most.parse::<Recording>().unwrap().samples().len(),
        MAX_SAMPLES
    );
    assert_eq!(
        format!("{most}{line}").parse::<Recording>(),
        Err(RecordingError::Samples)
    );
    let bands: String = (0..65)
        .map(|n| format!("5,DD:34:A2:0F:0B:{n:02X},-41,tap\n"))
        .collect();
    assert_eq!(
        format!("{HEADER}\n{bands}").parse::<Recording>(),
        Err(RecordingError::Bands)
    );
}

#[test]
fn too_little_is_not_guessed_from() {
    let few = site(-30, -60, MIN_APPROACHES - 1);
    let error = propose(&TapConfig::default(), &few).unwrap_err();
    assert_eq!(error, TuneError::Approaches { found: 4 });
    let alone = recording(
        &[(-30, Label::Tap, 20), (-60, Label::NotTap, 15)].repeat(6),
        0,
    );
    let error = propose(&TapConfig::default(), &alone).unwrap_err();
    assert_eq!(error, TuneError::Other { found: 90 });
    assert!(error.to_string().contains(&MIN_OTHER.to_string()));
}

#[test]
fn a_margin_is_not_claimed_without_evidence() {
    // Every rest is so short that a hand is always on its way.
    let hasty = recording(
        &[(-60, Label::Close, 5), (-30, Label::Tap, 15)].repeat(25),
        0,
    );
    assert_eq!(
        propose(&TapConfig::default(), &hasty),
        Err(TuneError::Evidence)
    );
    // Only windows of up to 12 fit into these rests; half of the 10 dB between is the most to spare.
    let short = recording(
        &[(-50, Label::Close, 18), (-40, Label::Tap, 40)].repeat(8),
        0,
    );
    let proposal = propose(&TapConfig::default(), &short).unwrap();
    assert_eq!((proposal.then.hits, proposal.then.false_taps), (8, 0));
    assert!(proposal.config.values().rssi_window_tap <= 12);
    assert!(proposal.margin_tenths_db <= 50, "{proposal:?}");
}

#[test]
fn a_threshold_between_the_levels_is_proposed() {
    for (held, rest) in [(-30, -60), (-48, -66), (-55, -75), (-40, -58)] {
        let recorded = site(held, rest, 6);
        let proposal = propose(&TapConfig::default(), &recorded).unwrap();
        let v = proposal.config.values();
        assert!(i64::from(rest) < v.rssi_tap_threshold && v.rssi_tap_threshold < i64::from(held));
        assert_eq!((proposal.then.hits, proposal.then.false_taps), (6, 0));
        assert!(proposal.margin_tenths_db >= 60, "{proposal:?}");
        assert_eq!(proposal.now, effect_on(&TapConfig::default(), &recorded));
        assert_eq!(proposal.then, effect_on(&proposal.config, &recorded));
    }
    let weak = propose(&TapConfig::default(), &site(-48, -66, 6)).unwrap();
    assert_eq!(
        (weak.now.hits, weak.now.missed()),
        (0, 6),
        "the defaults missed them all"
    );
}

#[test]
fn short_holds_get_a_small_window() {
    let part = [
        (-65, Label::Close, 60),
        (-35, Label::Tap, 5),
        (-65, Label::Close, 40),
    ];
    let proposal = propose(&TapConfig::default(), &recording(&part.repeat(8), 2)).unwrap();
    assert!(proposal.config.values().rssi_window_tap <= 8);
    assert_eq!((proposal.then.hits, proposal.then.false_taps), (8, 0));
}

#[test]
fn a_hold_that_sags_gets_more_hysteresis() {
    let part = [
        (-70, Label::Close, 60),
        (-35, Label::Tap, 20),
        (-55, Label::Tap, 20),
        (-35, Label::Tap, 20),
    ];
    let recorded = recording(&part.repeat(6), 0);
    let at_42 = config(|v| v.tap_hysteresis = 6);
    assert_eq!(effect_on(&at_42, &recorded).false_taps, 6);
    let proposal = propose(&at_42, &recorded).unwrap();
    assert_eq!((proposal.then.hits, proposal.then.false_taps), (6, 0));
}

#[test]
fn cutoffs_are_proposed_where_close_and_far_lie_apart() {
    let parts = [
        (-60, Label::Close, 80),
        (-30, Label::Tap, 15),
        (-60, Label::Close, 80),
        (-75, Label::NotTap, 20),
        (-90, Label::Far, 200),
        (-75, Label::NotTap, 20),
    ];
    let recorded = recording(&parts.repeat(5), 2);
    let proposal = propose(&TapConfig::default(), &recorded).unwrap();
    let v = proposal.config.values();
    assert!(proposal.cutoffs);
    assert!(-90 < v.rssi_cutoff_far && v.rssi_cutoff_far < v.rssi_cutoff_close);
    assert!(v.rssi_cutoff_close < -58, "{v:?}");
    let off = propose(&config(|v| v.rssi_cutoff_close = 0), &recorded).unwrap();
    assert!(
        !off.cutoffs && off.config.values().rssi_cutoff_close == 0,
        "off stays off"
    );
    let alone = propose(&TapConfig::default(), &site(-30, -60, 6)).unwrap();
    assert!(!alone.cutoffs);
    assert_eq!(alone.config.values().rssi_cutoff_far, -83);
}

#[test]
fn taps_are_judged_by_their_labels() {
    let recorded = recording(
        &[(-60, Label::Close, 50), (-30, Label::Tap, 20)].repeat(2),
        0,
    );
    let at = |n: i64| (BAND, UnixMillis(1_700_000_000_000 + n * 100));
    let effect = judge(&recorded, &[at(10), at(55), at(60), at(125)]);
    assert_eq!(
        (effect.approaches, effect.hits, effect.false_taps),
        (2, 2, 2)
    );
    assert_eq!((effect.median_ms, effect.worst_ms), (Some(500), Some(500)));
    let none = judge(&recorded, &[]);
    assert_eq!((none.hits, none.missed(), none.median_ms), (0, 2, None));
    let other = judge(&recorded, &[(BandId::new([1; 6]), at(55).1)]);
    assert_eq!(
        (other.hits, other.false_taps),
        (0, 1),
        "another band's tap is no hit"
    );
}

/// Two bands, more than one window, a band that is cut off at both edges of the scale.
#[test]
fn the_picture_is_the_one_that_was_looked_at() {
    let one = site(-30, -60, 2);
    let mut samples = one.samples().to_vec();
    samples.extend(
        one.samples()
            .iter()
            .step_by(3)
            .zip(0..)
            .map(|(sample, n)| Sample {
                band: BandId::new([0xc1, 2, 3, 4, 5, 6]),
                rssi_dbm: -115 + 2 * (n % 60),
                label: Label::Far,
                ..*sample
            }),
    );
    samples.sort_by_key(|sample| sample.at);
    let svg = plot::svg(
        &TapConfig::default(),
        &Recording::try_from(samples).unwrap(),
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tap/picture.svg");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &svg).unwrap();
    }
    let looked_at = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        svg == looked_at,
        "tests/it/tap/picture.svg differs; look at it after a run with UPDATE_GENERATED=1"
    );
}

#[test]
fn the_picture_shows_samples_limits_labels_and_taps() {
    let recorded = site(-30, -60, 6);
    let svg = plot::svg(&TapConfig::default(), &recorded);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert_eq!(
        svg.matches("fill-opacity").count(),
        6,
        "one shade for each label"
    );
    let marks = svg.matches("l-5 -9h10z").count();
    assert_eq!(marks, taps(&TapConfig::default(), &recorded).len());
    assert!(svg.contains("tap -42") && svg.contains("close -70") && svg.contains("far -83"));
    assert!(svg.contains(&BAND.to_string()));
    let off = config(|v| (v.rssi_tap_threshold, v.rssi_cutoff_close) = (0, 0));
    let svg = plot::svg(&off, &recorded);
    assert!(!svg.contains("tap 0") && !svg.contains("far -83"));
    let empty = plot::svg(&TapConfig::default(), &Recording::default());
    assert!(empty.ends_with("</svg>\n"));
}

#[test]
fn several_recordings_are_drawn_one_below_the_other() {
    let two = [site(-30, -60, 6), site(-35, -65, 5)];
    let svg = plot::sheet(&TapConfig::default(), &two);
    assert_eq!(svg.matches("fill-opacity").count(), 11);
    assert_eq!(svg.matches("<g transform=").count(), 2);
    assert!(svg.contains("translate(0 0)") && svg.contains("translate(0 424)"));
    assert!(
        svg.contains(" 848\">") || svg.contains(" 848\" "),
        "as high as both together"
    );
}

#[test]
fn joined_recordings_do_not_touch_each_other() {
    let (first, second) = (site(-30, -60, 6), site(-35, -65, 5));
    // The second begins before the first: neither order nor overlap matters.
    let joined = Recording::joined(&[first.clone(), second.clone()]).unwrap();
    let config = TapConfig::default();
    let (one, two) = (effect_on(&config, &first), effect_on(&config, &second));
    let both = effect_on(&config, &joined);
    assert_eq!(both.approaches, one.approaches + two.approaches);
    assert_eq!(both.hits, one.hits + two.hits);
    assert_eq!(both.false_taps, one.false_taps + two.false_taps);
    // A hold at the end of one and at the beginning of the next are two taps.
    let held = recording(&[(-60, Label::Close, 50), (-30, Label::Tap, 20)], 0);
    let again = recording(&[(-30, Label::Tap, 20), (-60, Label::Close, 50)], 0);
    let joined = Recording::joined(&[held, again]).unwrap();
    assert_eq!(effect_on(&config, &joined).hits, 2);
    assert_eq!(Recording::joined(&[]).unwrap(), Recording::default());
    let half = recording(&[(-60, Label::Close, MAX_SAMPLES / 2)], 0);
    let one = recording(&[(-60, Label::Close, 1)], 0);
    let most = Recording::joined(&[half.clone(), half.clone()]).unwrap();
    assert_eq!(most.samples().len(), MAX_SAMPLES);
    assert_eq!(
        Recording::joined(&[half.clone(), half, one]),
        Err(RecordingError::Samples)
    );
}

#[test]
fn samples_from_elsewhere_have_the_bounds_of_a_file() {
    let sample = |at, band: u8| Sample {
        at: UnixMillis(at),
        band: BandId::new([band; 6]),
        rssi_dbm: -60,
        label: Label::Close,
    };
    let of_bands = |bands: u8| -> Vec<Sample> { (0..bands).map(|band| sample(0, band)).collect() };
    assert!(Recording::try_from(of_bands(64)).is_ok());
    assert_eq!(
        Recording::try_from(of_bands(65)),
        Err(RecordingError::Bands)
    );
    assert_eq!(
        Recording::try_from(vec![sample(0, 1); MAX_SAMPLES + 1]),
        Err(RecordingError::Samples)
    );
    // The second sample, counted from 1, is before the first.
    let wrong = Recording::try_from(vec![sample(5, 1), sample(4, 1)]);
    assert!(
        matches!(
            wrong,
            Err(RecordingError::Value {
                line: 2,
                column: "time_ms",
                ..
            })
        ),
        "{wrong:?}"
    );
}

#[test]
fn a_line_has_at_most_128_bytes() {
    let line = |length: usize| format!("{HEADER}\n{:<length$}\n", "0,AA:BB:CC:DD:EE:FF,-60,tap");
    assert_eq!(line(128).parse::<Recording>().unwrap().samples().len(), 1);
    assert_eq!(
        line(129).parse::<Recording>(),
        Err(RecordingError::Line { line: 2 })
    );
}

#[test]
fn a_window_over_two_recordings_proposes_nothing() {
    // Strong samples at the end of one and the beginning of the other are no tap by themselves, but
    // would lift "everything else" if a window held both.
    let quiet = site(-40, -80, 3);
    let flash = recording(&[(-80, Label::NotTap, 60), (-20, Label::NotTap, 2)], 0);
    let after = recording(&[(-20, Label::NotTap, 2), (-80, Label::NotTap, 60)], 0);
    let apart = Recording::joined(&[quiet.clone(), quiet.clone(), flash.clone(), after]).unwrap();
    let alone = Recording::joined(&[quiet.clone(), quiet, flash]).unwrap();
    let of = |recorded: &Recording| propose(&TapConfig::default(), recorded).unwrap();
    assert_eq!(of(&apart).margin_tenths_db, of(&alone).margin_tenths_db);
}

#[test]
fn a_plain_mean_taps_each_time_it_comes_up() {
    let part = [
        (-60, Label::Close, 20),
        (-35, Label::Tap, 12),
        (-44, Label::Tap, 10),
    ];
    let recorded = recording(&[&part[..], &[(-35, Label::Tap, 12)]].concat(), 0);
    let plain = judge(&recorded, &plain_taps(&TapConfig::default(), &recorded));
    assert_eq!((plain.hits, plain.false_taps), (1, 1));
    let ours = effect_on(&TapConfig::default(), &recorded);
    assert_eq!((ours.hits, ours.false_taps), (1, 0));
    assert_eq!(plain.median_ms, ours.median_ms);
    let off = config(|v| v.rssi_tap_threshold = 0);
    assert_eq!(plain_taps(&off, &recorded), []);
}

fn any_recording() -> impl Strategy<Value = Recording> {
    let labels = prop::sample::select(Label::ALL.map(|(label, _)| label).to_vec());
    let one = (0..5000i64, 0..4u8, -127..=20i16, labels, 1..12usize);
    prop::collection::vec(one, 0..60).prop_map(|parts| {
        let mut at = 0;
        let mut samples = Vec::new();
        for (pause, band, rssi_dbm, label, count) in parts {
            at += pause;
            for _ in 0..count {
                at += 100;
                samples.push(Sample {
                    at: UnixMillis(at),
                    band: BandId::new([band; 6]),
                    rssi_dbm,
                    label,
                });
            }
        }
        samples.try_into().unwrap()
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", body in "[-0-9,:A-Fa-z\n#]{0,200}") {
        let _ = text.parse::<Recording>();
        if let Ok(read) = format!("{HEADER}\n{body}").parse::<Recording>() {
            prop_assert_eq!(read.to_csv().parse::<Recording>(), Ok(read));
        }
    }

    #[test]
    fn a_recording_survives_its_file(recorded in any_recording()) {
        prop_assert_eq!(recorded.to_csv().parse::<Recording>(), Ok(recorded));
    }

    #[test]
    fn the_taps_are_the_detectors(recorded in any_recording()) {
        let config = config(|v| v.rssi_window_tap = 4);
        let mut detector = Detector::new(config);
        let mut found = Vec::new();
        for sample in recorded.samples() {
            for event in detector.handle_sample(sample.at, sample.band, sample.rssi_dbm) {
                if let TapEvent::Tap { band, at, .. } = event {
                    found.push((band, at));
                }
            }
        }
        prop_assert_eq!(taps(&config, &recorded), found);
    }

    #[test]
    fn a_proposal_is_no_worse_than_what_it_says(recorded in any_recording()) {
        if let Ok(proposal) = propose(&TapConfig::default(), &recorded) {
            prop_assert_eq!(proposal.then, effect_on(&proposal.config, &recorded));
            let effect = proposal.then;
            prop_assert!(effect.hits <= effect.approaches);
        }
        let svg = plot::svg(&TapConfig::default(), &recorded);
        prop_assert!(svg.ends_with("</svg>\n"));
    }

    #[test]
    fn every_tap_is_a_hit_or_false(recorded in any_recording()) {
        let found = taps(&config(|v| v.rssi_window_tap = 2), &recorded);
        let effect = judge(&recorded, &found);
        prop_assert_eq!(effect.hits + effect.false_taps, found.len());
    }
}
