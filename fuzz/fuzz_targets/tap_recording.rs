//! A recording of any text: what is read, written again, reads as the same; its samples can be
//! judged, tuned from and drawn, and the proposal is what it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::tap::recording::{MAX_RECORDED_BANDS, MAX_SAMPLES, Recording};
use nymi_core::tap::{TapConfig, plot, tune};

/// Tuning tries many parameters on every sample; larger recordings are only read.
const MOST_TUNED: usize = 400;

fuzz_target!(|text: &str| {
    let Ok(recording) = text.parse::<Recording>() else {
        return;
    };
    let samples = recording.samples();
    assert!(samples.len() <= MAX_SAMPLES);
    assert!(samples.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let bands: std::collections::BTreeSet<_> = samples.iter().map(|sample| sample.band).collect();
    assert!(bands.len() <= MAX_RECORDED_BANDS);
    assert_eq!(recording.to_csv().parse().as_ref(), Ok(&recording));
    if samples.len() > MOST_TUNED {
        return;
    }
    let config = TapConfig::default();
    let now = tune::effect_on(&config, &recording);
    assert!(now.hits <= now.approaches);
    if let Ok(proposal) = tune::propose(&config, &recording) {
        assert_eq!(proposal.now, now);
        assert_eq!(proposal.then, tune::effect_on(&proposal.config, &recording));
    }
    let picture = plot::svg(&config, &recording);
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
});
