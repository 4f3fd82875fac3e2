//! Certificates and key agreement, from the server's side.

use nymi_core::band::{BandReply, BandRequest};
use nymi_core::chain::{Grade, Role};
use nymi_core::presence::agreement;
use nymi_sim::FirmwareGrade;

use crate::pki::{Enterprise, Kind, enterprise, enterprise_of, l1_under, root};
use crate::terminal::{Bands, Bench, ENROLLMENT_ID, begin, enroll, offer, refusal};

#[test]
fn band_and_server_derive_the_same_keys() {
    let enterprise = enterprise();
    let mut bench = Bench::bronze();
    let enrolled = begin(&mut bench, &enterprise);
    let spki = &enrolled.answer.identity_public_key;
    let expected = agreement::confirm(&enrolled.keys.first, enrolled.id, &ENROLLMENT_ID, spki);
    assert_eq!(enrolled.answer.confirm, expected);
    assert!(nymi_core::crypto::PublicKey::from_spki_der(spki).is_some());
    assert_eq!(
        enrolled.id.as_bytes()[0] >> 6,
        0b11,
        "a random static address"
    );
    assert_eq!(enrolled.answer.nfc_uid.len(), 7);
}

#[test]
fn another_l2_is_found_out_by_confirm() {
    let shown = enterprise();
    let held = Enterprise {
        agreement_key: shown.agreement_key.clone(),
        ..enterprise()
    };
    let mut bench = Bench::bronze();
    let answer = begin(&mut bench, &shown).answer;
    let server = crate::terminal::derive(&held, answer);
    let spki = &server.answer.identity_public_key;
    let expected = agreement::confirm(&server.keys.first, server.id, &ENROLLMENT_ID, spki);
    assert_ne!(server.answer.confirm, expected);
}

#[test]
fn each_enrollment_has_its_own_address_keys_and_uid() {
    let enterprise = enterprise();
    let mut bench = Bench::bronze();
    let first = enroll(&mut bench, &enterprise);
    bench.band.delete_user_data();
    let second = enroll(&mut bench, &enterprise);
    assert_ne!(first.id, second.id);
    assert_ne!(first.answer.q_band, second.answer.q_band);
    assert_ne!(first.answer.nfc_uid, second.answer.nfc_uid);
    assert_ne!(
        first.answer.identity_public_key,
        second.answer.identity_public_key
    );
    assert_eq!(bench.band.enrollments(), 2);
}

#[test]
fn an_enrolled_band_refuses_another_enrollment() {
    let enterprise = enterprise();
    let mut bench = Bench::bronze();
    let first = enroll(&mut bench, &enterprise);
    let reply = bench.ask(&BandRequest::Enroll(offer(&enterprise)));
    assert_eq!(refusal(reply), (3026, None));
    assert_eq!(bench.band.band_id(), Some(first.id));
}

#[test]
fn an_enrollment_that_got_no_clock_is_begun_anew() {
    let enterprise = enterprise();
    let mut bench = Bench::bronze();
    let given_up = begin(&mut bench, &enterprise);
    assert_eq!(bench.band.band_id(), None, "half an enrollment is no user");
    let second = enroll(&mut bench, &enterprise);
    assert_ne!(given_up.id, second.id);
    assert_eq!(bench.band.band_id(), Some(second.id));
}

fn refused_with(kind: &Kind) -> (u32, Option<u32>) {
    let enterprise = enterprise_of(&root("Test NES L1 CA"), kind);
    let mut bench = Bench::bronze();
    let refused = refusal(bench.ask(&BandRequest::Enroll(offer(&enterprise))));
    assert_eq!(bench.band.enrollments(), 0);
    refused
}

#[test]
fn the_chain_is_checked() {
    let gold = refused_with(&Kind {
        grade: Grade::Gold,
        ..Kind::default()
    });
    assert_eq!(gold, (8000, Some(14)));
    let expired = refused_with(&Kind {
        expired: true,
        ..Kind::default()
    });
    assert_eq!(expired, (8000, Some(29)));
    let (status, nsl) = refused_with(&Kind {
        role: Role::NesAssertion,
        ..Kind::default()
    });
    assert_eq!(status, 8000);
    assert!(!matches!(nsl, None | Some(14 | 29)), "{nsl:?}");
}

#[test]
fn the_terminals_time_decides() {
    let enterprise = enterprise();
    let mut bench = Bench::bronze();
    let mut early = offer(&enterprise);
    early.at_ms = 0;
    assert_eq!(
        refusal(bench.ask(&BandRequest::Enroll(early))),
        (8000, Some(29))
    );
}

#[test]
fn a_chain_that_does_not_hang_together_is_refused() {
    let (ours, theirs) = (enterprise(), enterprise());
    let mut bench = Bench::bronze();
    for mixed in [
        Enterprise {
            l1: theirs.l1.clone(),
            ..enterprise()
        },
        Enterprise {
            l2: theirs.l2.clone(),
            ..enterprise()
        },
        Enterprise {
            agreement: theirs.agreement.clone(),
            ..enterprise()
        },
    ] {
        assert_eq!(
            refusal(bench.ask(&BandRequest::Enroll(offer(&mixed)))).0,
            8000
        );
    }
    enroll(&mut bench, &ours);
}

#[test]
fn bronze_firmware_keeps_the_first_l1() {
    let (first, second) = (enterprise(), enterprise());
    let mut bench = Bench::bronze();
    enroll(&mut bench, &first);
    bench.band.delete_user_data();
    let reply = bench.ask(&BandRequest::Enroll(offer(&second)));
    assert_eq!(refusal(reply).0, 8000, "user data is gone, trust is not");
    enroll(&mut bench, &first);
    bench.band.reset();
    enroll(&mut bench, &second);
}

#[test]
fn a_refused_chain_is_not_kept() {
    let kind = Kind {
        expired: true,
        ..Kind::default()
    };
    let refused = enterprise_of(&root("Test NES L1 CA"), &kind);
    let mut bench = Bench::bronze();
    refusal(bench.ask(&BandRequest::Enroll(offer(&refused))));
    enroll(&mut bench, &enterprise());
}

#[test]
fn gold_firmware_pins_the_vendor_root() {
    let vendor = root("Vendor Root CA");
    let gold = || FirmwareGrade::Gold(vendor.der().to_vec());
    let kind = Kind {
        grade: Grade::Gold,
        ..Kind::default()
    };

    let delivered = enterprise_of(&l1_under(&vendor), &kind);
    enroll(&mut Bench::new("ACAK-00001", gold()), &delivered);

    let home_made = enterprise_of(&root("Test NES L1 CA"), &kind);
    let mut bench = Bench::new("ACAK-00001", gold());
    assert_eq!(
        refusal(bench.ask(&BandRequest::Enroll(offer(&home_made)))).0,
        8000
    );

    let evaluation = enterprise_of(&l1_under(&vendor), &Kind::default());
    let reply = bench.ask(&BandRequest::Enroll(offer(&evaluation)));
    assert_eq!(refusal(reply), (8000, Some(14)));
}

#[test]
fn the_label_is_shown_in_two_rows() {
    let enterprise = enterprise();
    let mut bench = Bench::bronze();
    let mut long = offer(&enterprise);
    long.label = Some("thirteen long".into());
    assert_eq!(refusal(bench.ask(&BandRequest::Enroll(long))), (3026, None));
    enroll(&mut bench, &enterprise);
    assert_eq!(
        bench.band.label_rows(),
        Some(["abcdef".into(), "ghijkl".into()])
    );
}

#[test]
fn describes_itself_in_any_state() {
    let enterprise = enterprise();
    let mut bench = Bench::new("GEXX-1234", FirmwareGrade::Bronze);
    let describe = |bench: &mut Bench| match bench.ask(&BandRequest::Describe) {
        BandReply::Description(description) => description,
        other => panic!("{other:?}"),
    };
    let before = describe(&mut bench);
    assert_eq!(before.serial_number, "GEXX-1234");
    assert_eq!(
        before.static_mac_address,
        *bench.band.static_mac_address().as_bytes()
    );
    assert_eq!((before.band_id, before.nfc_uid), (None, None));
    let enrolled = enroll(&mut bench, &enterprise);
    let after = describe(&mut bench);
    assert_eq!(after.band_id, Some(enrolled.answer.band_id));
    assert_eq!(after.nfc_uid, Some(enrolled.answer.nfc_uid));
    assert_eq!(after.static_mac_address, before.static_mac_address);
    assert_eq!(after.hardware_version, "14.00");
}
