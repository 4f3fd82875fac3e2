//! Wrist, finger, battery and clock.

use nymi_core::UnixMillis;
use nymi_core::band::BandReply;
use nymi_core::presence::{
    Claim, Frame, Outcome, PacKey, PacParameters, TSet, VerificationState, verify,
};
use nymi_sim::FirmwareGrade;
use nymi_sim::band::AuthenticationError;

use crate::pki::{NOW_MS, enterprise};
use crate::terminal::{Bands, Bench, Enrolled, NOW, begin, enroll, refusal, set_time};

fn frame(bench: &mut Bench, now: UnixMillis) -> Option<Frame> {
    bench
        .band
        .frame(now, &mut bench.rng)
        .map(|(_, frame)| frame)
}

/// What the server makes of a frame that arrives at once.
fn outcome(enrolled: &Enrolled, t_set: i64, frame: &Frame, now: UnixMillis) -> Outcome {
    let key = PacKey::new(&enrolled.keys.first, enrolled.id);
    let bytes = frame.to_bytes();
    let claim = Claim {
        frame: &bytes,
        now,
        agent: "agent",
        endpoint: "terminal",
    };
    let t_set = TSet::new(t_set as u64).unwrap();
    let state = VerificationState::default();
    verify(&key, t_set, &PacParameters::default(), &state, &claim).outcome
}

#[test]
fn its_frames_verify_and_change_every_interval() {
    let (mut bench, enrolled) = Bench::in_use(&enterprise());
    let mut codes = Vec::new();
    for second in 0..30 {
        let now = NOW.saturating_add(second * 1000 + 300);
        let sent = frame(&mut bench, now).unwrap();
        assert_eq!(sent.counter, second as u32);
        assert!(sent.flags.worn && sent.flags.authenticated && !sent.flags.time_lost);
        assert_eq!(outcome(&enrolled, NOW_MS, &sent, now), Outcome::Verified);
        codes.push(sent.pac);
    }
    codes.dedup();
    assert_eq!(codes.len(), 30);
}

#[test]
fn advertises_only_while_worn() {
    let (mut bench, _) = Bench::in_use(&enterprise());
    bench.band.take_off();
    assert_eq!(frame(&mut bench, NOW), None);
    assert!(!bench.band.authenticated());
    bench.band.wear();
    let sent = frame(&mut bench, NOW).unwrap();
    assert!(sent.flags.worn && !sent.flags.authenticated);
}

#[test]
fn an_unauthenticated_frame_says_so_to_the_server() {
    let (mut bench, enrolled) = Bench::in_use(&enterprise());
    bench.band.take_off();
    bench.band.wear();
    let sent = frame(&mut bench, NOW).unwrap();
    assert_eq!(
        outcome(&enrolled, NOW_MS, &sent, NOW),
        Outcome::NotAuthenticated
    );
}

#[test]
fn without_a_user_it_neither_advertises_nor_authenticates() {
    let mut bench = Bench::bronze();
    bench.band.wear();
    assert_eq!(frame(&mut bench, NOW), None);
    assert_eq!(
        bench.band.authenticate(),
        Err(AuthenticationError::NotEnrolled)
    );
    begin(&mut bench, &enterprise());
    assert_eq!(frame(&mut bench, NOW), None, "half an enrollment is none");
    assert_eq!(
        bench.band.authenticate(),
        Err(AuthenticationError::NotEnrolled)
    );
}

#[test]
fn deleting_user_data_silences_it() {
    let (mut bench, enrolled) = Bench::in_use(&enterprise());
    bench.band.delete_user_data();
    assert_eq!(frame(&mut bench, NOW), None);
    assert_eq!(bench.band.nfc_uid(), None);
    assert!(!bench.band.answers_to(enrolled.id));
    assert!(bench.band.answers_to(bench.band.static_mac_address()));
}

#[test]
fn forty_nine_failures_are_forgiven_fifty_are_not() {
    let enterprise = enterprise();
    let (mut bench, _) = Bench::in_use(&enterprise);
    let fail = |bench: &mut Bench, times| (0..times).map(|_| bench.band.mismatch()).last().unwrap();
    assert_eq!(fail(&mut bench, 49), Err(AuthenticationError::NoMatch));
    assert_eq!(bench.band.authenticate(), Ok(()));
    assert_eq!(
        fail(&mut bench, 49),
        Err(AuthenticationError::NoMatch),
        "success starts over"
    );
    assert_eq!(fail(&mut bench, 1), Err(AuthenticationError::LockedOut));
    assert!(!bench.band.authenticated());
    assert_eq!(
        bench.band.authenticate(),
        Err(AuthenticationError::LockedOut)
    );

    bench.band.take_off();
    bench.band.set_battery(NOW, false, &mut bench.rng);
    bench.band.set_battery(NOW, true, &mut bench.rng);
    bench.band.wear();
    assert_eq!(
        bench.band.authenticate(),
        Err(AuthenticationError::LockedOut)
    );

    bench.band.delete_user_data();
    enroll(&mut bench, &enterprise);
    assert_eq!(bench.band.authenticate(), Ok(()));
}

#[test]
fn a_band_without_motor_never_vibrates() {
    let vibrations = |serial: &str| {
        let mut bench = Bench::new(serial, FirmwareGrade::Bronze);
        enroll(&mut bench, &enterprise());
        bench.band.wear();
        let _ = bench.band.mismatch();
        bench.band.vibrations()
    };
    assert_eq!(vibrations("ACAK-00001"), 1);
    assert_eq!(vibrations("GEXX-1234"), 0);
}

#[test]
fn nfc_shows_the_enrollments_uid_only_while_authenticated() {
    let (mut bench, enrolled) = Bench::in_use(&enterprise());
    let uid = |bench: &mut Bench| bench.band.nfc_tap(&mut bench.rng).unwrap();
    assert_eq!(uid(&mut bench), enrolled.answer.nfc_uid);
    assert_eq!(uid(&mut bench), enrolled.answer.nfc_uid);
    bench.band.take_off();
    let (one, two) = (uid(&mut bench), uid(&mut bench));
    assert_ne!(one, two);
    assert_ne!(one.len(), enrolled.answer.nfc_uid.len());
    assert_ne!(two.len(), enrolled.answer.nfc_uid.len());
    bench.band.set_battery(NOW, false, &mut bench.rng);
    assert_eq!(bench.band.nfc_tap(&mut bench.rng), None);
}

#[test]
fn a_band_that_lost_power_lost_the_time_until_it_is_set() {
    let (mut bench, enrolled) = Bench::in_use(&enterprise());
    bench.band.set_battery(NOW, false, &mut bench.rng);
    assert_eq!(frame(&mut bench, NOW), None);
    assert_eq!(bench.band.handle_request(NOW, &[], &mut bench.rng), None);
    let boot = NOW.saturating_add(60_000);
    bench.band.set_battery(boot, true, &mut bench.rng);
    assert!(!bench.band.authenticated());
    let sent = frame(&mut bench, boot.saturating_add(2500)).unwrap();
    assert_eq!(sent.counter, 2, "counts from boot");
    assert!(sent.flags.time_lost && sent.boot_nonce.is_some());
    assert_eq!(
        outcome(&enrolled, NOW_MS, &sent, boot),
        Outcome::VerifiedTimeLost
    );

    bench.band.set_battery(boot, false, &mut bench.rng);
    bench.band.set_battery(boot, true, &mut bench.rng);
    assert_ne!(frame(&mut bench, boot).unwrap().boot_nonce, sent.boot_nonce);

    bench.now = boot;
    assert_eq!(
        bench.ask(&set_time(&enrolled, boot.0 as u64)),
        BandReply::Done
    );
    bench.band.authenticate().unwrap();
    let sent = frame(&mut bench, boot).unwrap();
    assert_eq!(outcome(&enrolled, boot.0, &sent, boot), Outcome::Verified);
}

#[test]
fn the_clock_is_set_only_with_permission_and_forwards() {
    let (mut bench, enrolled) = Bench::in_use(&enterprise());
    let later = NOW_MS as u64 + 1;
    for wrong in [
        set_time(&enrolled, NOW_MS as u64),
        set_time(&enrolled, NOW_MS as u64 - 1),
        with_tag(later, [0; 16]),
        with_tag(later, tag_of(&set_time(&enrolled, later + 1))),
        with_interval(&enrolled, later, 249),
        with_interval(&enrolled, later, 60_001),
    ] {
        assert_eq!(refusal(bench.ask(&wrong)), (3026, None), "{wrong:?}");
        assert_eq!(
            frame(&mut bench, NOW.saturating_add(5000)).unwrap().counter,
            5
        );
    }
    assert_eq!(bench.ask(&set_time(&enrolled, later)), BandReply::Done);
    assert_eq!(
        bench.ask(&with_interval(&enrolled, later + 1, 250)),
        BandReply::Done
    );
    assert_eq!(
        frame(&mut bench, NOW.saturating_add(5000)).unwrap().counter,
        20
    );
}

#[test]
fn a_band_without_a_user_has_no_clock_to_set() {
    let enterprise = enterprise();
    let (mut bench, enrolled) = Bench::in_use(&enterprise);
    bench.band.delete_user_data();
    assert_eq!(
        refusal(bench.ask(&set_time(&enrolled, NOW_MS as u64 + 1))),
        (3026, None)
    );
}

fn with_tag(t_set_ms: u64, tag: [u8; 16]) -> nymi_core::band::BandRequest {
    nymi_core::band::BandRequest::SetTime {
        t_set_ms,
        tag,
        t_interval_ms: 1000,
    }
}

fn tag_of(request: &nymi_core::band::BandRequest) -> [u8; 16] {
    match request {
        nymi_core::band::BandRequest::SetTime { tag, .. } => *tag,
        other => panic!("{other:?}"),
    }
}

fn with_interval(enrolled: &Enrolled, t: u64, ms: u32) -> nymi_core::band::BandRequest {
    let tag = tag_of(&set_time(enrolled, t));
    nymi_core::band::BandRequest::SetTime {
        t_set_ms: t,
        tag,
        t_interval_ms: ms,
    }
}
