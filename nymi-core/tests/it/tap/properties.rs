//! Noisy walks against a slow model.

use proptest::prelude::*;

use super::*;

fn any_config() -> impl Strategy<Value = TapConfig> {
    (
        1..8i64,
        1..12i64,
        -70..=0i64,
        -90..=0i64,
        -110..=-1i64,
        0..20i64,
    )
        .prop_filter_map(
            "cut-offs crossed",
            |(tap, long, threshold, close, far, hysteresis)| {
                TapConfigValues {
                    rssi_window_tap: tap,
                    rssi_window_long: long,
                    rssi_tap_threshold: threshold,
                    rssi_cutoff_close: close,
                    rssi_cutoff_far: far,
                    tap_hysteresis: hysteresis,
                }
                .try_into()
                .ok()
            },
        )
}

/// Steps of a walk: pauses, mostly of a tenth of a second, and strengths near the thresholds.
fn any_walk() -> impl Strategy<Value = Vec<(i64, i16)>> {
    let pause = prop_oneof![
        20 => 50..150i64,
        1 => prop::sample::select(vec![2999, 3000, 4999, 5000, 14_999, 15_000, 29_999, 30_000, 60_000]),
        1 => 0..100_000i64,
    ];
    prop::collection::vec((pause, -80..-20i16), 0..120)
}

/// The rules, by looking at every sample so far each time.
#[derive(Default)]
struct Model {
    heard: Vec<(i64, i16)>,
    tapped: bool,
}

impl Model {
    fn mean(&self, size: i64) -> Option<f64> {
        let size = size as usize;
        let last = self.heard.get(self.heard.len().checked_sub(size)?..)?;
        let sum: i64 = last.iter().map(|(_, rssi)| i64::from(*rssi)).sum();
        Some(sum as f64 / size as f64)
    }

    /// A silence arms again, and what was as strong as a tap counts as 12 dB below one.
    fn silence(&mut self, ms: i64, threshold: i64) {
        if ms >= 3000 {
            self.tapped = false;
            for (_, rssi) in &mut self.heard {
                if i64::from(*rssi) >= threshold {
                    *rssi = (threshold - 12) as i16;
                }
            }
        }
        if ms >= 60_000 {
            self.heard.clear();
        }
    }

    /// Whether this sample is a tap.
    fn hear(&mut self, at: i64, rssi: i16, config: &TapConfig) -> bool {
        let v = config.values();
        if let Some((last, _)) = self.heard.last() {
            self.silence(at - last, v.rssi_tap_threshold);
        }
        self.heard.push((at, rssi));
        let Some(mean) = self.mean(v.rssi_window_tap) else {
            return false;
        };
        let threshold = v.rssi_tap_threshold as f64;
        let tap = v.rssi_tap_threshold != 0 && !self.tapped && mean >= threshold;
        if tap {
            self.tapped = true;
        } else if mean < threshold && mean <= threshold - v.tap_hysteresis as f64 {
            self.tapped = false;
        }
        tap
    }

    fn presence(&self, now: i64) -> Presence {
        match self.heard.last().map(|(last, _)| now - last) {
            Some(..5000) => Presence::Yes,
            Some(..15_000) => Presence::Likely,
            Some(..60_000) => Presence::Unlikely,
            _ => Presence::No,
        }
    }
}

/// Each event must begin where the last of its kind ended.
fn check_continuity(events: &[TapEvent]) -> Result<(), TestCaseError> {
    let (mut presence, mut proximity) = (Presence::No, Proximity::Gone);
    for event in events {
        match *event {
            TapEvent::Presence { before, after, .. } => {
                prop_assert_eq!(before, presence);
                prop_assert_ne!(before, after);
                presence = after;
            }
            TapEvent::Proximity { before, after, .. } => {
                prop_assert_eq!(before, proximity);
                prop_assert_ne!(before, after);
                proximity = after;
            }
            TapEvent::Tap { .. } => {}
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn agrees_with_the_slow_model(config in any_config(), walk in any_walk()) {
        let mut detector = Detector::new(config);
        let mut model = Model::default();
        let (mut now, mut all) = (1_700_000_000_000, Vec::new());
        for (pause, rssi) in walk {
            let nearly = now + pause - 1;
            all.extend(detector.handle_timeout(UnixMillis(nearly)));
            prop_assert_eq!(detector.presence(BAND), model.presence(nearly));
            prop_assert!(detector.next_deadline().is_none_or(|deadline| deadline.0 > nearly));
            now += pause;
            let events = detector.handle_sample(UnixMillis(now), BAND, rssi);
            prop_assert_eq!(taps(&events).len() == 1, model.hear(now, rssi, &config));
            all.extend(events);
        }
        check_continuity(&all)?;
        let times = all.iter().map(|event| match event {
            TapEvent::Tap { at, .. }
            | TapEvent::Proximity { at, .. }
            | TapEvent::Presence { at, .. } => *at,
        });
        prop_assert!(times.is_sorted());
    }

    #[test]
    fn being_told_late_changes_nothing(config in any_config(), walk in any_walk(), bands in 1u8..4) {
        let (mut prompt, mut lazy) = (Detector::new(config), Detector::new(config));
        let (mut from_prompt, mut from_lazy) = (Vec::new(), Vec::new());
        let mut now = UnixMillis(0);
        for (index, (pause, rssi)) in walk.into_iter().enumerate() {
            now = now.saturating_add(pause);
            while let Some(deadline) = prompt.next_deadline().filter(|deadline| *deadline <= now) {
                from_prompt.extend(prompt.handle_timeout(deadline));
            }
            let band = BandId::new([index as u8 % bands; 6]);
            from_prompt.extend(prompt.handle_sample(now, band, rssi));
            from_lazy.extend(lazy.handle_sample(now, band, rssi));
        }
        prop_assert_eq!(from_prompt, from_lazy);
    }

    #[test]
    fn proximity_has_hysteresis_between_the_cutoffs(walk in prop::collection::vec(-82..-71i16, 60..300)) {
        // Never judged close, never heard far below: far once, and nothing more.
        let events = super::walk(TapConfig::default(), walk);
        prop_assert_eq!(proximities(&events), [Proximity::Far]);
    }

    #[test]
    fn any_times_and_strengths_are_taken(
        steps in prop::collection::vec((any::<i64>(), any::<i16>(), any::<bool>()), 0..60),
    ) {
        let mut detector = Detector::new(TapConfig::default());
        let mut all = Vec::new();
        for (now, rssi, sample) in steps {
            all.extend(match sample {
                true => detector.handle_sample(UnixMillis(now), BAND, rssi),
                false => detector.handle_timeout(UnixMillis(now)),
            });
            let _ = detector.next_deadline();
        }
        check_continuity(&all)?;
    }
}
