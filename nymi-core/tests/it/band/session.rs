//! What a band does in a session, rule by rule, and the messages of it.

use std::collections::{BTreeMap, BTreeSet};

use nymi_core::band::session::{
    ApplicationKeys, BandOperation, BandSecret, KeyRing, SessionAnswer, SessionCaller,
    SessionRequest,
};
use nymi_core::band::{BandState, UserData};
use proptest::prelude::*;

use super::{RIGHT, band_4, worn};

/// A band with its keys; its random numbers only have to differ.
struct Bench {
    state: BandState,
    keys: KeyRing,
    drawn: u8,
}

impl Bench {
    fn new() -> Self {
        let mut state = worn(band_4(), UserData::default());
        state.touch(RIGHT).result.unwrap();
        Self {
            state,
            keys: KeyRing::default(),
            drawn: 0,
        }
    }

    fn with_room(self, registrations: u32) -> Self {
        let state = self.state.with_limits(Default::default(), registrations);
        Self { state, ..self }
    }

    /// The answer, or the status of the refusal.
    fn ask(&mut self, name: &str, operation: &BandOperation) -> Result<SessionAnswer, u32> {
        let caller = SessionCaller {
            name: name.to_owned(),
            is_terminal: name == "Terminal",
        };
        let drawn = &mut self.drawn;
        let mut draw = |bytes: &mut [u8]| {
            *drawn += 1;
            bytes.fill(*drawn);
        };
        let answer = self
            .keys
            .perform(&mut self.state, &caller, operation, 59_000, &mut draw);
        let counted = self.state.user().map_or(0, |user| user.keys);
        assert_eq!(usize::try_from(counted), Ok(self.keys.len()));
        assert_eq!(self.keys.is_empty(), counted == 0);
        answer.map_err(|refusal| refusal.status.code())
    }
}

fn key(n: u8) -> [u8; 16] {
    [n; 16]
}

#[test]
fn the_table_of_who_may_do_what() {
    let guarded = [
        BandOperation::Notify { positive: true },
        BandOperation::Random { length: 1 },
        BandOperation::Sign { digest: [1; 32] },
        BandOperation::CreateKey { key_id: key(1) },
        BandOperation::GetKey { key_id: key(1) },
        BandOperation::DeleteKey { key_id: key(1) },
        BandOperation::CreateTotp,
        BandOperation::GetTotp,
        BandOperation::DeleteTotp,
    ];
    for operation in &guarded {
        let mut bench = Bench::new();
        assert!(
            bench.ask("Records", operation).is_ok()
                || matches!(
                    operation,
                    BandOperation::GetKey { .. }
                        | BandOperation::DeleteKey { .. }
                        | BandOperation::GetTotp
                        | BandOperation::DeleteTotp
                )
        );
        bench.state.take_off();
        assert_eq!(bench.ask("Terminal", operation), Err(3021), "{operation:?}");
        bench.state.put_on();
        while !bench.state.locked_out() {
            bench.state.touch(nymi_core::band::Finger::Other);
        }
        assert_eq!(bench.ask("Terminal", operation), Err(3024), "{operation:?}");
        assert!(bench.ask("Records", &BandOperation::Firmware).is_ok());
    }
    let settings = BandOperation::Settings {
        liveness: true,
        haptics: false,
    };
    for operation in [settings, BandOperation::DeleteUserData] {
        let mut bench = Bench::new();
        assert_eq!(bench.ask("Records", &operation), Err(3026), "{operation:?}");
        bench.state.take_off();
        assert_eq!(bench.ask("Terminal", &operation), Ok(SessionAnswer::Done));
    }
}

#[test]
fn the_users_data_goes_with_the_keys_of_all_applications() {
    let mut bench = Bench::new();
    for name in ["Records", "Terminal"] {
        assert!(bench.ask(name, &BandOperation::CreateTotp).is_ok());
    }
    let deleted = bench.ask("Terminal", &BandOperation::DeleteUserData);
    assert_eq!(deleted, Ok(SessionAnswer::Done));
    assert!(bench.keys.of("Records").is_none());
}

#[test]
fn keys_that_were_written_down_are_there_again() {
    let mut bench = Bench::new();
    let create = BandOperation::CreateKey { key_id: key(1) };
    let made = bench.ask("Records", &create).unwrap();
    let written = bench.keys.applications();
    let mut kept: Vec<(String, ApplicationKeys)> = written
        .map(|(name, keys)| (name.to_owned(), keys.clone()))
        .collect();
    kept.push(("Without keys".to_owned(), ApplicationKeys::default()));
    bench.keys = kept.into_iter().collect();
    assert_eq!(bench.ask("Records", &create), Ok(made));
    assert!(bench.keys.of("Without keys").is_none());
}

#[test]
fn random_bytes_are_as_many_as_asked_and_not_too_many() {
    let mut bench = Bench::new();
    for length in [1, 64] {
        let answer = bench.ask("Records", &BandOperation::Random { length });
        let Ok(SessionAnswer::Random(bytes)) = answer else {
            panic!()
        };
        assert_eq!(bytes.len(), usize::from(length));
    }
    for length in [0, 65, 255] {
        let answer = bench.ask("Records", &BandOperation::Random { length });
        assert_eq!(answer, Err(3026), "{length}");
    }
}

#[test]
fn a_password_is_that_of_the_bands_clock() {
    let mut bench = Bench::new();
    let Ok(SessionAnswer::Totp { code, secret }) = bench.ask("Records", &BandOperation::CreateTotp)
    else {
        panic!()
    };
    let secret = secret.unwrap();
    assert_eq!(code, nymi_core::band::session::totp(&secret, 59_000));
    let again = bench.ask("Records", &BandOperation::GetTotp).unwrap();
    assert_eq!(again, SessionAnswer::Totp { code, secret: None });
}

#[test]
fn secrets_are_not_printed() {
    let answer = SessionAnswer::Key(BandSecret::new([0x5a; 32]));
    let printed = format!("{answer:?}");
    assert!(
        !printed.contains("5a") && !printed.contains("90"),
        "{printed}"
    );
}

fn operation() -> impl Strategy<Value = BandOperation> {
    let id = (0..4_u8).prop_map(key);
    prop_oneof![
        id.clone()
            .prop_map(|key_id| BandOperation::CreateKey { key_id }),
        id.clone()
            .prop_map(|key_id| BandOperation::GetKey { key_id }),
        id.prop_map(|key_id| BandOperation::DeleteKey { key_id }),
        Just(BandOperation::CreateTotp),
        Just(BandOperation::GetTotp),
        Just(BandOperation::DeleteTotp),
        any::<[u8; 32]>().prop_map(|digest| BandOperation::Sign { digest }),
        any::<u8>().prop_map(|length| BandOperation::Random { length }),
        any::<bool>().prop_map(|positive| BandOperation::Notify { positive }),
        Just(BandOperation::Firmware),
        any::<(bool, bool)>()
            .prop_map(|(liveness, haptics)| BandOperation::Settings { liveness, haptics }),
        Just(BandOperation::DeleteUserData),
    ]
}

/// What an application must find, by the simplest model: keys by name and id.
#[derive(Default)]
struct Model {
    symmetric: BTreeMap<(&'static str, [u8; 16]), SessionAnswer>,
    totp: BTreeSet<&'static str>,
    signing: BTreeSet<&'static str>,
}

impl Model {
    fn len(&self) -> usize {
        self.symmetric.len() + self.totp.len() + self.signing.len()
    }

    fn applications(&self) -> BTreeSet<&str> {
        let symmetric = self.symmetric.keys().map(|(name, _)| *name);
        let others = self.totp.iter().chain(&self.signing).copied();
        symmetric.chain(others).collect()
    }
}

const ROOM: u32 = 5;

proptest! {
    /// Keys are found by whom they belong to, memory is finite and given back.
    #[test]
    fn keys_are_kept_as_the_model_keeps_them(
        asked in prop::collection::vec((prop::sample::select(&["Records", "Another"]), operation()), 1..60)
    ) {
        let mut bench = Bench::new().with_room(ROOM);
        let mut model = Model::default();
        for (name, operation) in asked {
            let full = model.len() == ROOM as usize;
            let answer = bench.ask(name, &operation);
            match operation {
                BandOperation::CreateKey { key_id } => match model.symmetric.get(&(name, key_id)) {
                    Some(made) => prop_assert_eq!(answer, Ok(made.clone())),
                    None if full => prop_assert_eq!(answer, Err(3023)),
                    None => {
                        let made = answer.unwrap();
                        prop_assert!(!model.symmetric.values().any(|other| *other == made));
                        model.symmetric.insert((name, key_id), made);
                    }
                },
                BandOperation::GetKey { key_id } => {
                    let made = model.symmetric.get(&(name, key_id)).cloned();
                    prop_assert_eq!(answer, made.ok_or(3025));
                }
                BandOperation::DeleteKey { key_id } => {
                    let made = model.symmetric.remove(&(name, key_id));
                    prop_assert_eq!(answer.is_ok(), made.is_some());
                }
                BandOperation::CreateTotp => {
                    let fits = model.totp.contains(name) || !full;
                    prop_assert_eq!(answer.err(), (!fits).then_some(3023));
                    if fits { model.totp.insert(name); }
                }
                BandOperation::GetTotp => prop_assert_eq!(answer.is_ok(), model.totp.contains(name)),
                BandOperation::DeleteTotp => prop_assert_eq!(answer.is_ok(), model.totp.remove(name)),
                BandOperation::Sign { .. } => {
                    let fits = model.signing.contains(name) || !full;
                    prop_assert_eq!(answer.err(), (!fits).then_some(3023));
                    if fits { model.signing.insert(name); }
                }
                BandOperation::Settings { .. } | BandOperation::DeleteUserData => {
                    prop_assert_eq!(answer, Err(3026));
                }
                _ => {}
            }
            prop_assert_eq!(bench.keys.len(), model.len());
            let applications = bench.keys.applications().map(|(name, _)| name);
            prop_assert_eq!(applications.collect::<BTreeSet<_>>(), model.applications());
        }
    }

    #[test]
    fn requests_are_read_as_they_were_written(operation in operation(), t_set_ms: u64, tag: [u8; 16]) {
        let set_time = SessionRequest::SetTime { t_set_ms, tag, t_interval_ms: 1000 };
        for request in [SessionRequest::Perform(operation), set_time] {
            let mut bytes = request.to_bytes();
            prop_assert_eq!(SessionRequest::from_bytes(&bytes), Ok(request));
            bytes.push(0);
            prop_assert!(SessionRequest::from_bytes(&bytes).is_err());
        }
    }

    #[test]
    fn answers_are_read_as_they_were_written(
        bytes in prop::collection::vec(any::<u8>(), 0..64), key: [u8; 32], secret: Option<[u8; 20]>,
        status: u32, reason in ".{0,40}", signature in any::<[u8; 32]>()
    ) {
        let answers = [
            SessionAnswer::Done,
            SessionAnswer::Refused { status, reason: reason.clone() },
            SessionAnswer::Random(bytes.clone()),
            SessionAnswer::Signature { signature: [signature; 2].concat().try_into().unwrap(), public_key: bytes },
            SessionAnswer::Key(BandSecret::new(key)),
            SessionAnswer::Totp { code: reason.clone(), secret: secret.map(BandSecret::new) },
            SessionAnswer::Firmware { firmware_version: reason.clone(), hardware_version: reason },
        ];
        for answer in answers {
            prop_assert_eq!(SessionAnswer::from_bytes(&answer.to_bytes()), Ok(answer));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..1100)) {
        let _ = SessionRequest::from_bytes(&bytes);
        let _ = SessionAnswer::from_bytes(&bytes);
        if bytes.len() > 1024 {
            prop_assert!(SessionRequest::from_bytes(&bytes).is_err());
        }
    }
}
