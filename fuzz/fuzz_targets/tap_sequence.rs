//! A sequence of samples, silences and new parameters: whether the detector is told of each deadline
//! or only of samples, it concludes the same, and a tap is what a plain mean says it is.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::arbitrary;
use libfuzzer_sys::fuzz_target;
use nymi_core::tap::{Detector, MAX_BANDS, TapConfig, TapConfigValues, TapEvent};
use nymi_core::{BandId, UnixMillis};

#[derive(arbitrary::Arbitrary, Debug)]
struct Sequence {
    config: [u8; 6],
    steps: Vec<(u16, Step)>,
}

#[derive(arbitrary::Arbitrary, Debug)]
enum Step {
    Sample {
        band: u8,
        rssi: i8,
    },
    /// As often as such a run of a person's approach has.
    Run {
        band: u8,
        rssi: i8,
        count: u8,
    },
    Silence,
    Any {
        band: [u8; 6],
        rssi: i16,
    },
    Reconfigure([u8; 6]),
    /// The clock is set.
    Clock(i32),
}

fn config(bytes: [u8; 6]) -> Option<TapConfig> {
    let [tap, long, threshold, close, far, hysteresis] = bytes.map(i64::from);
    let values = TapConfigValues {
        rssi_window_tap: 1 + tap % 20,
        rssi_window_long: 1 + long % 60,
        rssi_tap_threshold: -(threshold % 128),
        rssi_cutoff_close: -(close % 128),
        rssi_cutoff_far: -(far % 128),
        tap_hysteresis: hysteresis % 61,
    };
    TapConfig::try_from(values).ok()
}

/// Detectors told at different times, and the samples since the last new parameters.
struct Both {
    prompt: Detector,
    late: Detector,
    events: [Vec<TapEvent>; 2],
    heard: BTreeMap<BandId, Vec<i16>>,
}

impl Both {
    fn wait(&mut self, now: UnixMillis) {
        while let Some(due) = self.prompt.next_deadline().filter(|due| *due <= now) {
            self.events[0].extend(self.prompt.handle_timeout(due));
            assert!(self.prompt.next_deadline().is_none_or(|next| next > due));
        }
    }

    fn sample(&mut self, now: UnixMillis, band: BandId, rssi: i16) {
        self.wait(now);
        let events = self.prompt.handle_sample(now, band, rssi);
        if (-127..=20).contains(&rssi) {
            self.heard.entry(band).or_default().push(rssi);
        }
        for event in &events {
            if let TapEvent::Tap { band, rssi, .. } = event {
                self.is_tap(*band, *rssi);
            }
        }
        self.events[0].extend(events);
        self.events[1].extend(self.late.handle_sample(now, band, rssi));
        assert!(self.prompt.bands().count() <= MAX_BANDS);
    }

    /// A tap has the samples for it, and they are not weaker than what was concluded.
    fn is_tap(&self, band: BandId, mean: i16) {
        let values = self.prompt.config().values();
        let window = values.rssi_window_tap as usize;
        let samples = self.heard.get(&band).map_or(&[][..], Vec::as_slice);
        let last = &samples[samples.len().saturating_sub(window)..];
        assert_eq!(last.len(), window, "the window is full");
        let sum: i64 = last.iter().copied().map(i64::from).sum();
        assert!(sum >= values.rssi_tap_threshold * window as i64);
        assert!(i64::from(mean) >= values.rssi_tap_threshold);
        assert!(self.prompt.config().detects_taps());
    }
}

fuzz_target!(|sequence: Sequence| {
    let start = config(sequence.config).unwrap_or_default();
    let mut both = Both {
        prompt: Detector::new(start),
        late: Detector::new(start),
        events: [Vec::new(), Vec::new()],
        heard: BTreeMap::new(),
    };
    let (mut now, mut set) = (UnixMillis(1_795_305_600_000), false);
    for (elapsed_ms, step) in sequence.steps.iter().take(200) {
        now = now.saturating_add(i64::from(*elapsed_ms));
        match *step {
            Step::Sample { band, rssi } => {
                both.sample(now, BandId::new([band % 4; 6]), i16::from(rssi))
            }
            Step::Run { band, rssi, count } => {
                for _ in 0..count % 64 {
                    now = now.saturating_add(100);
                    both.sample(now, BandId::new([band % 4; 6]), i16::from(rssi));
                }
            }
            Step::Silence => both.wait(now),
            Step::Any { band, rssi } => both.sample(now, BandId::new(band), rssi),
            Step::Reconfigure(bytes) => {
                if let Some(config) = config(bytes) {
                    // New parameters are taken when they come: whoever is late must catch up before.
                    both.wait(now);
                    both.events[1].extend(both.late.handle_timeout(now));
                    both.prompt.reconfigure(config);
                    both.late.reconfigure(config);
                    both.heard.clear();
                }
            }
            Step::Clock(by_ms) => {
                now = now.saturating_add(i64::from(by_ms));
                set |= by_ms < 0;
            }
        }
        if !set {
            assert!(both.events[0].iter().all(|event| at(event) <= now));
        }
    }
    let end = now.saturating_add(120_000);
    if !set {
        both.wait(end);
        both.events[1].extend(both.late.handle_timeout(end));
        assert_eq!(
            both.events[0], both.events[1],
            "being told late changes nothing"
        );
        assert_eq!(
            both.prompt.bands().count(),
            0,
            "after a minute of silence a band is forgotten"
        );
    }
});

fn at(event: &TapEvent) -> UnixMillis {
    match event {
        TapEvent::Tap { at, .. }
        | TapEvent::Presence { at, .. }
        | TapEvent::Proximity { at, .. } => *at,
    }
}
