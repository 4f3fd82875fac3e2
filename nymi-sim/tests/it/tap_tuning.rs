//! The detector against a plain rolling mean, and that docs/tap-tuning.md says what was measured.

#[path = "../../examples/tap-tuning/detectors.rs"]
mod detectors;
#[path = "../../examples/tap-tuning/report.rs"]
mod report;
#[path = "../../examples/tap-tuning/traces.rs"]
mod traces;

use nymi_core::tap::tune;
use nymi_core::tap::{TapConfig, TapConfigValues};
use traces::TRACES;

fn config(change: impl FnOnce(&mut TapConfigValues)) -> TapConfig {
    let mut values = TapConfigValues::default();
    change(&mut values);
    values.try_into().unwrap()
}

fn mean_ms(measured: &detectors::Measured) -> f64 {
    measured.times_ms.iter().sum::<i64>() as f64 / measured.times_ms.len().max(1) as f64
}

#[test]
fn the_document_is_what_was_measured() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tap-tuning.md");
    let measured = report::document();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(path, &measured).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == measured,
        "docs/tap-tuning.md differs from the measurement; run with UPDATE_GENERATED=1"
    );
}

#[test]
fn on_every_trace_ours_is_better_than_a_plain_mean_or_the_same() {
    let mut better = 0;
    for trace in &TRACES {
        for seed in 100..130 {
            let of = detectors::compare(&TapConfig::default(), trace, [seed]);
            let [plain, ours] = of;
            let name = format!("{}, seed {seed}", trace.name);
            assert!(ours.hits >= plain.hits, "{name}: {} hits", ours.hits);
            assert!(ours.false_taps <= plain.false_taps, "{name}");
            if ours.hits == plain.hits {
                assert!(mean_ms(&ours) <= mean_ms(&plain), "{name}");
            }
            better += plain.false_taps - ours.false_taps + ours.hits - plain.hits;
        }
    }
    assert!(better > 100, "the comparison tells them apart: {better}");
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_another() {
    for trace in &TRACES {
        assert_eq!(trace.recording(7), trace.recording(7));
        assert_ne!(trace.recording(7), trace.recording(8));
    }
}

#[test]
fn the_defaults_find_every_ordinary_tap_and_nobody_who_walks_by() {
    for (index, hits) in [(0, 100), (3, 0), (4, 20), (6, 100), (7, 100)] {
        let trace = &TRACES[index];
        let [_, ours] = detectors::compare(&TapConfig::default(), trace, 0..20);
        assert_eq!((ours.hits, ours.false_taps), (hits, 0), "{}", trace.name);
        assert_eq!(ours.approaches, hits, "{}", trace.name);
        assert!(trace.name.starts_with("dropouts") || ours.times_ms.iter().all(|ms| *ms <= 1200));
    }
}

#[test]
fn the_tap_taken_by_the_tuner_is_the_detectors() {
    let alternatives = [
        TapConfig::default(),
        config(|v| v.rssi_window_tap = 3),
        config(|v| v.tap_hysteresis = 0),
    ];
    for trace in &TRACES {
        let recording = trace.recording(3);
        for config in &alternatives {
            let found = tune::taps(config, &recording);
            assert_eq!(found, detectors::ours(config, &recording), "{}", trace.name);
        }
    }
}

#[test]
fn a_larger_window_is_slower_and_steadier_on_both_adapters() {
    for index in [0, 11] {
        let mean = |window| {
            let config = config(|v| v.rssi_window_tap = window);
            mean_ms(&detectors::compare(&config, &TRACES[index], 0..20)[1])
        };
        assert!(
            mean(3) < mean(5) && mean(5) < mean(7),
            "{}",
            TRACES[index].name
        );
    }
    // A band at the edge in noise: the fewer samples, the more often a plain mean is wrong.
    let wrong = |window| {
        let config = config(|v| v.rssi_window_tap = window);
        detectors::compare(&config, &TRACES[9], 0..5).map(|found| found.false_taps)
    };
    let ([plain_5, ours_5], [plain_30, ours_30]) = (wrong(5), wrong(30));
    assert!(plain_5 > plain_30 && ours_5 > ours_30);
}

#[test]
fn proposals_repair_what_the_defaults_miss_and_spoil_nothing() {
    for site in &report::SITES {
        let (before, after) = (
            site.measured(&TapConfig::default()),
            site.measured(&site.proposal().config),
        );
        assert!(after.hits >= before.hits);
        assert!(after.false_taps <= before.false_taps);
        let found = after.hits as f64 / after.approaches as f64;
        assert!(found >= 0.99, "{found}");
    }
}

#[test]
fn proximity_keeps_still_at_the_desk_and_follows_a_walk() {
    let defaults = detectors::day(&TapConfig::default(), 0..10);
    assert_eq!(defaults.false_changes, 0);
    assert!(
        defaults.away_ms > 0 && defaults.away_ms < 25_000,
        "{defaults:?}"
    );
    let slow = detectors::day(&config(|v| v.rssi_window_long = 100), 0..10);
    assert!(slow.away_ms > defaults.away_ms);
    // Where the cut-off is heard, a single one flickers.
    let one = detectors::day(&config(|v| v.rssi_cutoff_far = -70), 0..10);
    assert!(
        one.at_the_border > 10 * defaults.at_the_border.max(1),
        "{one:?}"
    );
    assert_eq!(
        detectors::day(&config(|v| v.rssi_cutoff_close = 0), 0..1).away_ms,
        0,
        "off is off"
    );
}
