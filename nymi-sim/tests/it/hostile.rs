//! Bytes from anyone, in any order.

use nymi_core::UnixMillis;
use nymi_core::band::{BandReply, BandRequest, EnrollmentOffer};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::pki::{NOW_MS, enterprise};
use crate::terminal::{Bands, Bench, NOW, begin, offer, refusal};
use crate::world::Scene;

/// Whatever comes, the band answers with a band message and keeps its user.
fn survives(bench: &mut Bench, bytes: &[u8]) {
    let (id, enrollments) = (bench.band.band_id(), bench.band.enrollments());
    let reply = bench
        .band
        .handle_request(NOW, bytes, &mut bench.rng)
        .unwrap();
    BandReply::from_bytes(&reply).unwrap();
    assert_eq!(
        (bench.band.band_id(), bench.band.enrollments()),
        (id, enrollments)
    );
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..200)
}

fn arbitrary_offer() -> impl Strategy<Value = EnrollmentOffer> {
    (
        bytes(),
        bytes(),
        bytes(),
        any::<i64>(),
        any::<[u8; 16]>(),
        any::<Option<String>>(),
    )
        .prop_map(
            |(l1, l2, agreement, at_ms, enrollment_id, label)| EnrollmentOffer {
                l1,
                l2,
                agreement,
                at_ms,
                enrollment_id,
                label,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_answered(bytes in bytes()) {
        survives(&mut Bench::bronze(), &bytes);
    }

    #[test]
    fn any_offer_is_answered(offer in arbitrary_offer()) {
        let mut bench = Bench::bronze();
        let reply = bench.ask(&BandRequest::Enroll(offer));
        let status = refusal(reply).0;
        prop_assert!([3026, 8000].contains(&status));
        prop_assert_eq!(bench.band.enrollments(), 0);
    }

    #[test]
    fn any_clock_is_answered(t_set_ms: u64, tag: [u8; 16], t_interval_ms: u32) {
        let (mut bench, _) = Bench::in_use(&enterprise());
        let reply = bench.ask(&BandRequest::SetTime { t_set_ms, tag, t_interval_ms });
        prop_assert_eq!(refusal(reply), (3026, None));
    }

    #[test]
    fn any_commands_at_any_time_keep_the_place_whole(
        steps in vec((command(), -100_000i64..100_000), 0..60)
    ) {
        let mut scene = Scene::new(1);
        scene.run("add ACAK-00001");
        for (line, step) in steps {
            scene.now = scene.now.saturating_add(step);
            let answer = scene.try_run(&line).unwrap_or_else(|error| error.to_string());
            prop_assert!(!answer.contains('\n'), "{line:?} answers {answer:?}");
            scene.pass(300);
        }
        let mut bands = scene.world.bands(scene.now);
        bands.retain(|band| band.authenticated && !(band.worn && band.battery));
        prop_assert_eq!(bands, []);
    }

    #[test]
    fn any_time_gives_a_frame_or_none(at: i64, skew: i64, drift: i32) {
        let (mut bench, _) = Bench::in_use(&enterprise());
        bench.band.skew(skew);
        bench.band.set_drift(UnixMillis(at), drift);
        prop_assert!(bench.band.frame(UnixMillis(at), &mut bench.rng).is_some());
    }
}

fn command() -> impl Strategy<Value = String> {
    let band = prop_oneof![Just("ACAK-00001"), Just("ACAK-00002"), Just("nobody")];
    let word = prop_oneof![
        Just(String::new()),
        Just("on".to_owned()),
        Just("off".to_owned()),
        Just("ble".to_owned()),
        Just("nfc".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "[ -~]{0,20}",
        "\\PC{0,20}",
    ];
    let name = prop::sample::select(
        nymi_sim::world::COMMANDS
            .map(|(usage, _)| usage.split(' ').next().unwrap())
            .to_vec(),
    );
    prop_oneof![
        4 => (name, band, word.clone()).prop_map(|(n, b, w)| format!("{n} {b} {w}")),
        1 => word,
    ]
}

#[test]
fn every_bit_of_an_offer_matters() {
    let enterprise = enterprise();
    let bytes = BandRequest::Enroll(offer(&enterprise)).to_bytes();
    for index in (0..bytes.len()).step_by(7) {
        let mut bench = Bench::bronze();
        let mut changed = bytes.clone();
        changed[index] ^= 0x10;
        let reply = bench
            .band
            .handle_request(NOW, &changed, &mut bench.rng)
            .unwrap();
        let Ok(BandReply::Enrollment(_)) = BandReply::from_bytes(&reply) else {
            continue;
        };
        // What may differ is what no signature covers: id, time, label, and the root's own
        // signature, which is pinned by the first trust.
        let BandRequest::Enroll(offer) = BandRequest::from_bytes(&changed).unwrap() else {
            panic!("another request was taken for an enrollment")
        };
        assert_eq!(offer.l2, enterprise.l2, "byte {index}");
        assert_eq!(offer.agreement, enterprise.agreement, "byte {index}");
    }
}

#[test]
fn truncated_and_extended_messages_are_refused() {
    let (mut bench, enrolled) = Bench::in_use(&enterprise());
    let request = crate::terminal::set_time(&enrolled, NOW_MS as u64 + 1).to_bytes();
    for length in 0..request.len() {
        survives(&mut bench, &request[..length]);
    }
    let mut longer = request;
    longer.push(0);
    survives(&mut bench, &longer);
    survives(&mut bench, &[0x82; 20_000]);
    assert_eq!(bench.band.clock().at(NOW), NOW_MS, "the clock was not set");
}

#[test]
fn an_offer_over_the_bound_is_refused_before_it_is_read() {
    let mut bench = Bench::bronze();
    let mut huge = offer(&enterprise());
    huge.l1 = vec![0; 17_000];
    assert_eq!(refusal(bench.ask(&BandRequest::Enroll(huge))), (3026, None));
    begin(&mut bench, &enterprise());
}
