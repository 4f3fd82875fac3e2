//! The checks. The files are those of nymi-core's own examples and tests.

use alloc::string::String;
use alloc::vec::Vec;

use nymi_core::assertion::{self, Check, Expectations, Sha256Hex};
use nymi_core::chain::{
    Certificate, Crl, GradeRequirement, Requirements, Role, TrustAnchor, pem, verify,
};
use nymi_core::crypto::{RustCrypto, SecretKey};
use nymi_core::presence::agreement::{self, BandPoint, Context};
use nymi_core::presence::{
    AdvKey, Claim, PacKey, PacParameterValues, TSet, VerificationState, verify as verify_presence,
};
use nymi_core::{BandId, UnixMillis};
use serde_json::Value;

macro_rules! vectors {
    ($name:literal) => {
        include_str!(concat!("../../../nymi-core/tests/vectors/", $name))
    };
}

/// 2026-05-13T08:30:00Z, within the validity of the certificates.
const NOW: UnixMillis = UnixMillis(1_778_661_000_000);

fn certificate(text: &str) -> Certificate {
    Certificate::from_pem(text).expect("a sound certificate")
}

fn l1() -> [TrustAnchor; 1] {
    [TrustAnchor::from_pem(vectors!("enterprise/l1.pem")).expect("a sound anchor")]
}

fn an_application() -> Requirements<'static> {
    Requirements::new(GradeRequirement::Gold).with_role(Role::Nea)
}

/// A chain of the platform verifies for its role, and for no other.
#[unsafe(no_mangle)]
extern "C" fn chain() {
    let (leaf, l2) = (
        certificate(vectors!("enterprise/mes.pem")),
        certificate(vectors!("enterprise/l2.pem")),
    );
    let presented = [leaf.der(), l2.der()];
    let check = |requirements| verify(&RustCrypto, &l1(), &presented, NOW, &requirements);
    assert!(check(an_application()).is_ok());
    let agent = check(an_application().with_role(Role::Agent));
    assert_eq!(agent.err().map(|error| error.number()), Some(114));
}

/// A list revokes what it names.
#[unsafe(no_mangle)]
extern "C" fn revocation() {
    let (kiosk, l2) = (
        certificate(vectors!("enterprise/kiosk.pem")),
        certificate(vectors!("enterprise/l2.pem")),
    );
    let lists = pem::decode(vectors!("enterprise/crl.pem"), "X509 CRL").expect("PEM text");
    let lists: Vec<Crl> = lists
        .iter()
        .filter_map(|der| Crl::from_der(der).ok())
        .collect();
    let requirements = an_application().with_crls(&lists);
    let presented = [kiosk.der(), l2.der()];
    let refused = verify(&RustCrypto, &l1(), &presented, NOW, &requirements);
    assert_eq!(refused.err().map(|error| error.number()), Some(124));
}

/// A signed record verifies, and only with its document.
#[unsafe(no_mangle)]
extern "C" fn assertion() {
    let token = vectors!("enterprise/record.jws").trim();
    let check = |record: &str| {
        let document_sha256 = *Sha256Hex::of(record.as_bytes()).as_bytes();
        let expect = Expectations::new(Check::Record { document_sha256 });
        assertion::verify(&RustCrypto, &l1(), token, &expect)
    };
    assert!(check(vectors!("enterprise/record.txt")).is_ok());
    assert_eq!(check("another").err().map(|error| error.number()), Some(20));
}

/// Elements that say they are as long as 32 bits can tell, so that their end would lie before their beginning where an
/// index has 32 bits: everywhere in a certificate and in a list. Reading them ends, in the memory that there is.
#[unsafe(no_mangle)]
extern "C" fn lengths_that_wrap() {
    let leaf = certificate(vectors!("enterprise/mes.pem"));
    let lists = pem::decode(vectors!("enterprise/crl.pem"), "X509 CRL").expect("PEM text");
    let list = lists.first().expect("a list");
    let mut refused = 0;
    for at in 0..leaf.der().len().max(list.len()) {
        for back in [1u8, 2, 6, 16, 64] {
            let head = [0x84, 0xff, 0xff, 0xff, 0u8.wrapping_sub(back)];
            let certificate = with_length(leaf.der(), at, &head);
            let list = with_length(list, at, &head);
            // What lies within a key or a signature is no element.
            refused +=
                u32::from(certificate.is_some_and(|der| Certificate::from_der(&der).is_err()));
            refused += u32::from(list.is_some_and(|der| Crl::from_der(&der).is_err()));
        }
    }
    assert!(refused > 1000);
}

/// The document with this length behind the tag at a place. What encloses it keeps its lengths, and the document its
/// own, so that the reader arrives at the element.
fn with_length(document: &[u8], at: usize, length: &[u8]) -> Option<Vec<u8>> {
    let (before, after) = document.split_at_checked(at + 1)?;
    let after = after.get(length.len()..)?;
    Some([before, length, after].concat())
}

fn presence() -> Value {
    serde_json::from_str(vectors!("presence.json")).expect("JSON")
}

fn octets(value: &Value) -> Vec<u8> {
    let digits: Vec<u8> = value
        .as_str()
        .into_iter()
        .flat_map(str::chars)
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    octets(value).try_into().expect("as many octets")
}

fn band(value: &Value) -> BandId {
    value["band_id"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a band")
}

/// Band and server agree on the keys that another implementation agreed on.
#[unsafe(no_mangle)]
extern "C" fn key_agreement() {
    for case in presence()["agreement"]
        .as_array()
        .into_iter()
        .flatten()
        .take(2)
    {
        let nes = SecretKey::from_scalar(&array(&case["nes_private"])).expect("a key");
        let l2_spki = octets(&case["l2_spki"]);
        let context = Context {
            band: band(case),
            l2_spki: &l2_spki,
            band_point: BandPoint::new(array(&case["band_public"])).expect("a point"),
        };
        let keys = agreement::agree(&nes, &context).expect("keys");
        assert_eq!(keys.first.expose(), &array::<16>(&case["adv_key_1"]));
        assert_eq!(keys.second.expose(), &array::<16>(&case["adv_key_2"]));
    }
}

/// Every sequence of frames is judged as another implementation of presence.md judges it.
#[unsafe(no_mangle)]
extern "C" fn presence_codes() {
    let mut steps = 0;
    for sequence in presence()["sequences"].as_array().into_iter().flatten() {
        let key = PacKey::new(&AdvKey::new(array(&sequence["adv_key_1"])), band(sequence));
        let t_set = sequence["t_set_ms"]
            .as_u64()
            .and_then(TSet::new)
            .expect("a time");
        let number = |name: &str| sequence["params"][name].as_i64().expect("a parameter");
        let parameters = PacParameterValues {
            t_interval: number("t_interval"),
            dm_nba_nes_time: number("dm_nba_nes"),
            dv_nba_nes_time: number("dv_nba_nes"),
            dm_nba_nb_time: number("dm_nba_nb"),
            dv_nba_nb_time: number("dv_nba_nb"),
            dm_clock_drift: number("dm_drift_ppm"),
            dv_clock_drift: number("dv_drift_ppm"),
            dm_intent: number("dm_intent"),
            dv_intent: number("dv_intent"),
        };
        let parameters = parameters.try_into().expect("parameters");
        let mut state = VerificationState::default();
        for step in sequence["steps"].as_array().into_iter().flatten() {
            let text = |name: &str| String::from(step[name].as_str().unwrap_or_default());
            let claim = Claim {
                frame: &octets(&step["frame"]),
                now: UnixMillis(step["now_ms"].as_i64().expect("a time")),
                agent: &text("agent"),
                endpoint: &text("endpoint"),
            };
            let found = verify_presence(&key, t_set, &parameters, &state, &claim);
            assert_eq!(found.outcome.name(), text("outcome"));
            assert_eq!(found.skew_ms, step["skew_ms"].as_i64());
            state = found.next.unwrap_or(state);
            steps += 1;
        }
    }
    assert!(steps > 200);
}
