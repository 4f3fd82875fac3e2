//! Sessions: an application's end of TLS against a virtual band.

use nymi_core::band::session::{
    BandOperation, MAX_SESSIONS, SESSION_IDLE_MS, SessionAnswer, SessionRequest,
};
use nymi_core::band::{BandReply, BandRequest};
use nymi_core::chain::{Grade, Role};
use nymi_core::crypto::{
    PrivateKey as _, PublicKey, RustCrypto, SecretKey, SignatureVerifier as _,
};
use nymi_session::{ClientEnd, ClientIdentity, SessionError};
use nymi_sim::FirmwareGrade;
use nymi_sim::band::Band;
use sha2::{Digest as _, Sha256};

use crate::pki::{Application, Enterprise, Kind, enterprise, enterprise_of, l1_under, root};
use crate::terminal::{Bands, Bench, Enrolled, NOW, enroll, refusal, set_time};

fn identity_key(enrolled: &Enrolled) -> PublicKey {
    PublicKey::from_spki_der(&enrolled.answer.identity_public_key).unwrap()
}

fn client(application: &Application, band: &PublicKey, id: u8) -> ClientEnd {
    let identity = ClientIdentity {
        chain: &application.chain,
        key: &application.key,
    };
    ClientEnd::new(identity, band, [id; 16]).unwrap()
}

fn records(reply: BandReply) -> Vec<u8> {
    match reply {
        BandReply::Session { records } => records,
        other => panic!("refused: {other:?}"),
    }
}

/// A session that is open on the application's side.
fn open(bench: &mut Bench, application: &Application, band: &PublicKey, id: u8) -> ClientEnd {
    let mut end = client(application, band, id);
    let hello = end.message();
    let answer = end.receive(&records(bench.ask(&hello)));
    assert!(matches!(answer, Ok(None)) && end.is_open());
    end
}

fn ask(bench: &mut Bench, end: &mut ClientEnd, operation: BandOperation) -> SessionAnswer {
    request(bench, end, SessionRequest::Perform(operation))
}

fn request(bench: &mut Bench, end: &mut ClientEnd, request: SessionRequest) -> SessionAnswer {
    let message = end.ask(&request).unwrap();
    let answer = end.receive(&records(bench.ask(&message))).unwrap();
    answer.expect("an answer")
}

fn status(answer: SessionAnswer) -> u32 {
    match answer {
        SessionAnswer::Refused { status, reason } => {
            assert!(!reason.is_empty());
            status
        }
        other => panic!("not refused: {other:?}"),
    }
}

const RANDOM: BandOperation = BandOperation::Random { length: 16 };

/// A band in use, its key, its enterprise and an application.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    enrolled: Enrolled,
    key: PublicKey,
    enterprise: Enterprise,
    pub(crate) records: Application,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let enterprise = enterprise();
        let (bench, enrolled) = Bench::in_use(&enterprise);
        Self {
            key: identity_key(&enrolled),
            records: enterprise.application("Records", &[Role::Nea]),
            bench,
            enrolled,
            enterprise,
        }
    }

    fn open(&mut self, id: u8) -> ClientEnd {
        open(&mut self.bench, &self.records, &self.key, id)
    }

    /// What the band says to the first request of an application.
    fn first_reply(&mut self, application: &Application) -> BandReply {
        let mut end = open(&mut self.bench, application, &self.key, 99);
        let message = end.ask(&SessionRequest::Perform(RANDOM)).unwrap();
        self.bench.ask(&message)
    }
}

#[test]
fn operations_are_answered_and_nothing_of_them_is_seen() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let message = end.ask(&SessionRequest::Perform(RANDOM)).unwrap();
    let carried = records(scene.bench.ask(&message));
    let Some(SessionAnswer::Random(bytes)) = end.receive(&carried).unwrap() else {
        panic!()
    };
    assert_eq!(bytes.len(), 16);
    assert!(!carried.windows(16).any(|window| window == bytes));
    let again = ask(&mut scene.bench, &mut end, RANDOM);
    assert_ne!(again, SessionAnswer::Random(bytes));
}

#[test]
fn a_signature_is_not_by_the_identity_key_and_survives_a_restart() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let digest = Sha256::digest(b"a record").into();
    let sign = BandOperation::Sign { digest };
    let SessionAnswer::Signature {
        signature,
        public_key,
    } = ask(&mut scene.bench, &mut end, sign.clone())
    else {
        panic!()
    };
    let key = PublicKey::from_spki_der(&public_key).unwrap();
    assert!(
        RustCrypto
            .verify_fixed(&key, b"a record", &signature)
            .is_ok()
    );
    assert_ne!(key, scene.key);

    assert!(scene.bench.band.take_changed(), "the key must be kept");
    let saved = serde_json::to_string(&scene.bench.band.to_saved()).unwrap();
    let saved = serde_json::from_str(&saved).unwrap();
    scene.bench.band = Band::from_saved(saved, FirmwareGrade::Bronze).unwrap();
    let lost = end.ask(&SessionRequest::Perform(RANDOM)).unwrap();
    assert_eq!(refusal(scene.bench.ask(&lost)).0, 3027);
    let mut end = scene.open(2);
    let SessionAnswer::Signature { public_key, .. } = ask(&mut scene.bench, &mut end, sign) else {
        panic!()
    };
    assert_eq!(PublicKey::from_spki_der(&public_key), Some(key));
}

#[test]
fn a_state_file_with_wrong_keys_is_refused() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let key_id = [7; 16];
    ask(
        &mut scene.bench,
        &mut end,
        BandOperation::CreateKey { key_id },
    );
    let saved = serde_json::to_value(scene.bench.band.to_saved()).unwrap();
    let restored = |saved| {
        Band::from_saved(
            serde_json::from_value(saved).unwrap(),
            FirmwareGrade::Bronze,
        )
    };
    assert_eq!(restored(saved.clone()).unwrap().key_count(), 1);
    let mut short = saved.clone();
    short["keys"]["Records"]["symmetric"]["07".repeat(16)] = "00".into();
    let mut uncounted = saved;
    uncounted["condition"]["user"]["Enrolled"]["keys"] = 0.into();
    for wrong in [short, uncounted] {
        assert_eq!(restored(wrong).err().unwrap().field, "keys");
    }
}

#[test]
fn keys_belong_to_the_name_that_made_them() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let other = scene.enterprise.application("Another", &[Role::Nea]);
    let mut other = open(&mut scene.bench, &other, &scene.key, 2);
    let key_id = [7; 16];
    let bench = &mut scene.bench;
    let made = ask(bench, &mut end, BandOperation::CreateKey { key_id });
    assert!(matches!(made, SessionAnswer::Key(_)));
    assert!(matches!(
        ask(bench, &mut end, BandOperation::CreateTotp),
        SessionAnswer::Totp {
            secret: Some(_),
            ..
        }
    ));
    for operation in [
        BandOperation::GetKey { key_id },
        BandOperation::DeleteKey { key_id },
        BandOperation::GetTotp,
        BandOperation::DeleteTotp,
    ] {
        let refused = ask(bench, &mut other, operation.clone());
        assert_eq!(status(refused), 3025, "{operation:?}");
    }
    let own = ask(bench, &mut other, BandOperation::CreateKey { key_id });
    assert_ne!(own, made, "the same id under another name is another key");
    let kept = ask(bench, &mut end, BandOperation::GetKey { key_id });
    assert_eq!(kept, made);
}

#[test]
fn the_memory_is_finite_and_deleting_gives_room_back() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let bench = &mut scene.bench;
    let mut made = 0;
    let create = |n: u8| BandOperation::CreateKey { key_id: [n; 16] };
    while let SessionAnswer::Key(_) = ask(bench, &mut end, create(made)) {
        made += 1;
    }
    assert_eq!(u32::from(made), nymi_core::band::REGISTRATIONS);
    assert_eq!(
        status(ask(bench, &mut end, BandOperation::CreateTotp)),
        3023
    );
    let digest = [1; 32];
    assert_eq!(
        status(ask(bench, &mut end, BandOperation::Sign { digest })),
        3023
    );
    assert!(
        bench.band.register().is_err(),
        "registrations share the memory"
    );
    let delete = BandOperation::DeleteKey { key_id: [0; 16] };
    assert_eq!(ask(bench, &mut end, delete), SessionAnswer::Done);
    let made = ask(bench, &mut end, BandOperation::CreateTotp);
    assert!(matches!(made, SessionAnswer::Totp { .. }));
}

#[test]
fn taking_it_off_ends_the_right_and_not_the_session() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let bench = &mut scene.bench;
    bench.band.take_off();
    bench.band.wear();
    for operation in [
        RANDOM,
        BandOperation::Notify { positive: true },
        BandOperation::Sign { digest: [1; 32] },
        BandOperation::CreateKey { key_id: [1; 16] },
        BandOperation::CreateTotp,
    ] {
        let refused = ask(bench, &mut end, operation.clone());
        assert_eq!(status(refused), 3021, "{operation:?}");
    }
    assert_eq!(bench.band.key_count(), 0);
    let versions = ask(bench, &mut end, BandOperation::Firmware);
    assert!(matches!(versions, SessionAnswer::Firmware { .. }));
    bench.band.authenticate().unwrap();
    assert!(matches!(
        ask(bench, &mut end, RANDOM),
        SessionAnswer::Random(_)
    ));
    while bench.band.mismatch() != Err(nymi_sim::band::AuthenticationError::LockedOut) {}
    assert_eq!(status(ask(bench, &mut end, RANDOM)), 3024);
}

#[test]
fn another_band_is_found_out_by_its_key() {
    let mut scene = Scene::new();
    let expected = SecretKey::from_scalar(&[9; 32]).unwrap().public_key();
    let mut end = client(&scene.records, &expected, 1);
    let hello = end.message();
    let answer = end.receive(&records(scene.bench.ask(&hello)));
    assert!(matches!(answer, Err(SessionError::OtherBand)), "{answer:?}");
    assert!(end.ask(&SessionRequest::Perform(RANDOM)).is_err());
}

#[test]
fn the_applications_chain_is_checked_at_the_bands_clock() {
    let mut scene = Scene::new();
    let stranger = enterprise().application("Records", &[Role::Nea]);
    let (status, nsl) = refusal(scene.first_reply(&stranger));
    assert!(status == 8000 && nsl.is_some_and(|nsl| nsl != 29 && nsl != 14));
    let endpoint = scene.enterprise.application("Records", &[Role::Endpoint]);
    assert_eq!(refusal(scene.first_reply(&endpoint)).0, 8000);
    let stolen = Application {
        key: SecretKey::from_scalar(&[5; 32]).unwrap(),
        chain: scene.records.chain.clone(),
    };
    let identity = ClientIdentity {
        chain: &stolen.chain,
        key: &stolen.key,
    };
    let unfit = ClientEnd::new(identity, &scene.key, [1; 16]);
    assert!(matches!(unfit, Err(SessionError::Identity(_))));

    let records = scene.enterprise.application("Records", &[Role::Nea]);
    scene.bench.band.skew(4 * 366 * 86_400_000);
    assert_eq!(refusal(scene.first_reply(&records)), (8000, Some(29)));
    scene.bench.band.skew(0);
    assert!(matches!(
        scene.first_reply(&records),
        BandReply::Session { .. }
    ));
}

#[test]
fn gold_firmware_takes_applications_of_its_enrollments_l1() {
    let vendor = root("Vendor Root CA");
    let kind = || Kind {
        grade: Grade::Gold,
        ..Kind::default()
    };
    let ours = enterprise_of(&l1_under(&vendor), &kind());
    let theirs = enterprise_of(&l1_under(&vendor), &kind());
    let firmware = FirmwareGrade::Gold(vendor.der().to_vec());
    let mut bench = Bench::new("ACAK-00001", firmware);
    let enrolled = enroll(&mut bench, &ours);
    bench.band.wear();
    bench.band.authenticate().unwrap();
    let key = identity_key(&enrolled);
    let own = ours.application("Records", &[Role::Nea]);
    let mut end = open(&mut bench, &own, &key, 1);
    assert!(matches!(
        ask(&mut bench, &mut end, RANDOM),
        SessionAnswer::Random(_)
    ));
    let other = theirs.application("Records", &[Role::Nea]);
    let mut end = open(&mut bench, &other, &key, 2);
    let message = end.ask(&SessionRequest::Perform(RANDOM)).unwrap();
    assert_eq!(
        refusal(bench.ask(&message)).0,
        8000,
        "of the same vendor's root"
    );
}

#[test]
fn a_message_that_comes_again_is_refused_and_harms_nothing() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let key_id = [1; 16];
    let create = SessionRequest::Perform(BandOperation::CreateKey { key_id });
    let message = end.ask(&create).unwrap();
    let answer = records(scene.bench.ask(&message));
    let delete = BandOperation::DeleteKey { key_id };
    assert!(matches!(
        end.receive(&answer),
        Ok(Some(SessionAnswer::Key(_)))
    ));
    assert_eq!(ask(&mut scene.bench, &mut end, delete), SessionAnswer::Done);
    assert_eq!(refusal(scene.bench.ask(&message)).0, 3026);
    assert_eq!(scene.bench.band.key_count(), 0);
    let next = ask(&mut scene.bench, &mut end, RANDOM);
    assert!(matches!(next, SessionAnswer::Random(_)));
    assert!(end.receive(&answer).is_err(), "an answer that comes again");
}

#[test]
fn records_that_were_changed_end_the_session() {
    let mut scene = Scene::new();
    for changed in [5, 20] {
        let mut end = scene.open(1);
        ask(&mut scene.bench, &mut end, RANDOM);
        let message = end.ask(&SessionRequest::Perform(RANDOM)).unwrap();
        let BandRequest::Session {
            id,
            sequence,
            mut records,
        } = message
        else {
            panic!()
        };
        records[changed] ^= 1;
        let forged = BandRequest::Session {
            id,
            sequence,
            records,
        };
        assert_eq!(refusal(scene.bench.ask(&forged)).0, 3026);
        assert_eq!(scene.bench.band.session_count(), 0);
    }
    let noise = BandRequest::Session {
        id: [1; 16],
        sequence: 0,
        records: vec![0; 15_000],
    };
    assert_eq!(refusal(scene.bench.ask(&noise)).0, 3026);
    let too_large = BandRequest::Session {
        id: [1; 16],
        sequence: 0,
        records: vec![22; 17_000],
    };
    assert_eq!(refusal(scene.bench.ask(&too_large)).0, 3026);
    assert_eq!(scene.bench.band.session_count(), 0);
}

#[test]
fn a_band_keeps_few_sessions_and_none_for_long() {
    let mut scene = Scene::new();
    let mut ends: Vec<_> = (0..=MAX_SESSIONS as u8)
        .map(|id| {
            scene.bench.now = scene.bench.now.saturating_add(1);
            let mut end = scene.open(id);
            ask(&mut scene.bench, &mut end, RANDOM);
            end
        })
        .collect();
    assert_eq!(scene.bench.band.session_count(), MAX_SESSIONS);
    let forgotten = ends[0].ask(&SessionRequest::Perform(RANDOM)).unwrap();
    assert_eq!(refusal(scene.bench.ask(&forgotten)).0, 3027);
    ask(&mut scene.bench, &mut ends[1], RANDOM);
    scene.bench.now = scene.bench.now.saturating_add(SESSION_IDLE_MS + 1);
    let late = ends[1].ask(&SessionRequest::Perform(RANDOM)).unwrap();
    assert_eq!(refusal(scene.bench.ask(&late)).0, 3027);

    let mut end = scene.open(50);
    ask(&mut scene.bench, &mut end, RANDOM);
    let goodbye = end.close();
    assert_eq!(records(scene.bench.ask(&goodbye)), Vec::<u8>::new());
    assert_eq!(scene.bench.band.session_count(), 0);
}

#[test]
fn without_power_or_user_there_are_no_sessions() {
    let mut scene = Scene::new();
    scene.open(1);
    let bench = &mut scene.bench;
    bench.band.set_battery(NOW, false, &mut bench.rng);
    bench.band.set_battery(NOW, true, &mut bench.rng);
    assert_eq!(bench.band.session_count(), 0);
    let hello = client(&scene.records, &scene.key, 2).message();
    assert_eq!(refusal(bench.ask(&hello)).0, 3026, "it lost its time");
    let later = NOW.0 as u64 + 1;
    assert_eq!(
        bench.ask(&set_time(&scene.enrolled, later)),
        BandReply::Done
    );
    scene.open(3);
    scene.bench.band.delete_user_data();
    assert_eq!(scene.bench.band.session_count(), 0);
    let hello = client(&scene.records, &scene.key, 4).message();
    assert_eq!(refusal(scene.bench.ask(&hello)).0, 3026);
}

#[test]
fn clock_settings_and_deletion_are_for_enrollment_terminals() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let later = NOW.0 as u64 + 1;
    let BandRequest::SetTime {
        t_set_ms,
        tag,
        t_interval_ms,
    } = set_time(&scene.enrolled, later)
    else {
        panic!()
    };
    let set_time = || SessionRequest::SetTime {
        t_set_ms,
        tag,
        t_interval_ms,
    };
    let settings = BandOperation::Settings {
        liveness: true,
        haptics: false,
    };
    let bench = &mut scene.bench;
    let made = BandOperation::CreateKey { key_id: [1; 16] };
    ask(bench, &mut end, made);
    assert_eq!(status(request(bench, &mut end, set_time())), 3026);
    for operation in [settings.clone(), BandOperation::DeleteUserData] {
        assert_eq!(status(ask(bench, &mut end, operation)), 3026);
    }
    assert_eq!(bench.band.key_count(), 1);

    let terminal = scene
        .enterprise
        .application("NBATerminal", &[Role::Nea, Role::Nba]);
    let mut end = open(bench, &terminal, &scene.key, 2);
    assert_eq!(request(bench, &mut end, set_time()), SessionAnswer::Done);
    assert_eq!(ask(bench, &mut end, settings), SessionAnswer::Done);
    let user = bench.band.state().user().unwrap();
    assert!(user.liveness && !user.haptics);
    let delete = ask(bench, &mut end, BandOperation::DeleteUserData);
    assert_eq!(delete, SessionAnswer::Done);
    assert_eq!(bench.band.band_id(), None);
    assert_eq!((bench.band.key_count(), bench.band.session_count()), (0, 0));
}

#[test]
fn a_notification_is_shown_and_felt() {
    let mut scene = Scene::new();
    let mut end = scene.open(1);
    let before = scene.bench.band.vibrations();
    let notify = BandOperation::Notify { positive: false };
    assert_eq!(ask(&mut scene.bench, &mut end, notify), SessionAnswer::Done);
    let band = &scene.bench.band;
    assert_eq!(
        band.notified(),
        Some(nymi_core::message::Notification::Negative)
    );
    assert_eq!(band.vibrations(), before + 1);
}
