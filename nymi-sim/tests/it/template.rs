//! The fingerprint template stays in the band.

use nymi_core::UnixMillis;
use nymi_core::band::{BandReply, BandRequest};
use nymi_sim::band::Band;

use crate::pki::enterprise;
use crate::terminal::{Bench, begin, enroll};

/// As few bytes of it in a row are no accident.
const RUN: usize = 8;

/// Whether bytes, as they are or written in hex, have a part of the template in them.
fn has_part(bytes: &[u8], template: &[u8]) -> bool {
    let text = bytes.to_ascii_lowercase();
    template.windows(RUN).any(|part| {
        let written = hex::encode(part);
        bytes.windows(RUN).any(|found| found == part)
            || text
                .windows(2 * RUN)
                .any(|found| found == written.as_bytes())
    })
}

/// All that a band gives away at rest: screen, frame, NFC, what it says of itself.
fn given_away(bench: &mut Bench) -> Vec<u8> {
    let Bench { band, rng, now } = bench;
    let mut given: Vec<u8> = band.screen().rows().concat().into_bytes();
    given.extend(format!("{:?}", band.state()).into_bytes());
    for step in 0..30 {
        let now = UnixMillis(now.0 + step * 1000);
        let frame = band.frame(now, rng);
        given.extend(frame.map(|(_, frame)| frame.to_bytes()).unwrap_or_default());
        given.extend(band.nfc_tap(rng).unwrap_or_default());
    }
    let describe = BandRequest::Describe.to_bytes();
    given.extend(band.handle_request(*now, &describe, rng).unwrap());
    given
}

#[test]
fn the_template_is_in_nothing_that_leaves_the_band() {
    let enterprise = enterprise();
    let mut bench = Bench::bronze();
    let mut heard = Vec::new();
    let mut recorded = |request: &BandRequest| {
        let Bench { band, rng, now } = &mut bench;
        let reply = band.handle_request(*now, &request.to_bytes(), rng).unwrap();
        heard.extend(&reply);
        BandReply::from_bytes(&reply).unwrap()
    };
    enroll(&mut recorded, &enterprise);
    for answer in ["enrollment again", "clock again"] {
        let request = match answer {
            "clock again" => BandRequest::SetTime {
                t_set_ms: 0,
                tag: [0; 16],
                t_interval_ms: 1000,
            },
            _ => BandRequest::Enroll(crate::terminal::offer(&enterprise)),
        };
        recorded(&request);
    }
    assert!(heard.len() > 100);
    heard.extend(given_away(&mut bench));
    bench.band.wear();
    heard.extend(given_away(&mut bench));
    bench.band.authenticate().unwrap();
    heard.extend(given_away(&mut bench));
    for _ in 0..50 {
        bench.band.mismatch().unwrap_err();
    }
    heard.extend(given_away(&mut bench));
    let template = bench.band.template().unwrap().to_vec();
    assert!(!has_part(&heard, &template));
    // The search finds what is there: the band's own memory has it.
    let memory = serde_json::to_vec(&bench.band.to_saved()).unwrap();
    assert!(has_part(&memory, &template));
    assert!(has_part(&[&heard[..], &template].concat(), &template));
}

#[test]
fn each_enrollment_has_a_template_of_its_own() {
    let enterprise = enterprise();
    let mut bench = Bench::bronze();
    assert!(bench.band.template().is_none());
    begin(&mut bench, &enterprise);
    let first = bench.band.template().unwrap().to_vec();
    bench.band.delete_user_data();
    begin(&mut bench, &enterprise);
    assert!(!has_part(bench.band.template().unwrap(), &first));
    let kept = Band::from_saved(bench.band.to_saved(), nymi_sim::FirmwareGrade::Bronze).unwrap();
    assert_eq!(kept.template(), bench.band.template());
}

#[test]
fn deleting_user_data_deletes_the_template() {
    let (mut bench, _) = Bench::in_use(&enterprise());
    let template = bench.band.template().unwrap().to_vec();
    bench.band.delete_user_data();
    assert!(bench.band.template().is_none());
    let memory = serde_json::to_vec(&bench.band.to_saved()).unwrap();
    assert!(!has_part(&memory, &template));
}
