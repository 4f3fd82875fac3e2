//! The key agreement at its edges, against the derivation written out with other crates.

use cmac::{KeyInit, Mac};
use nymi_core::BandId;
use nymi_core::crypto::{BadPoint, PrivateKey, SecretKey};
use nymi_core::presence::TSet;
use nymi_core::presence::agreement::{self, AdvKeys, BandPoint, Context, confirm, set_time_tag};
use p256::elliptic_curve::sec1::ToSec1Point;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const BAND: BandId = BandId::new([0xc0, 0, 0, 0, 0, 1]);
/// The order of P-256, less one: the largest private key.
const LARGEST: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
/// The field prime of P-256: no x-coordinate reaches it.
const PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

fn secret(scalar: [u8; 32]) -> SecretKey {
    SecretKey::from_scalar(&scalar).unwrap()
}

fn small(scalar: u8) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[31] = scalar;
    secret(bytes)
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn point(key: &SecretKey) -> BandPoint {
    BandPoint::new(key.public_key().to_compressed()).unwrap()
}

fn cmac(key: &[u8], message: &[u8]) -> [u8; 16] {
    let mut mac = cmac::Cmac::<aes::Aes128>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn exposed(keys: &AdvKeys) -> [[u8; 16]; 2] {
    [*keys.first.expose(), *keys.second.expose()]
}

/// The manual's formulas, one after the other.
fn by_the_book(
    band_scalar: &[u8; 32],
    server: &[u8; 32],
    band: BandId,
    l2: &[u8],
) -> [[u8; 16]; 2] {
    let d_b = p256::SecretKey::from_slice(band_scalar).unwrap();
    let q_n = p256::SecretKey::from_slice(server).unwrap().public_key();
    let z = p256::ecdh::diffie_hellman(d_b.to_nonzero_scalar(), q_n.as_affine());
    let kdk = cmac(&[0; 16], z.raw_secret_bytes());
    let q_b = d_b.public_key().to_sec1_point(true);
    let ctx = [
        band.as_bytes(),
        Sha256::digest(l2).as_slice(),
        q_b.as_bytes(),
    ]
    .concat();
    [1, 2].map(|i| {
        let head: &[u8] = &[1];
        cmac(
            &kdk,
            &[head, b"nymi adv key", &[i], &[0], &ctx, &[0x00, 0x80]].concat(),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn both_sides_and_the_book_agree(
        mut band_scalar: [u8; 32],
        mut server_scalar: [u8; 32],
        band: [u8; 6],
        l2 in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        // Below the order and not zero.
        (band_scalar[0], band_scalar[31]) = (band_scalar[0] & 0x7f, band_scalar[31] | 1);
        (server_scalar[0], server_scalar[31]) = (server_scalar[0] & 0x7f, server_scalar[31] | 1);
        let (on_band, on_server) = (secret(band_scalar), secret(server_scalar));
        let context = Context { band: BandId::new(band), l2_spki: &l2, band_point: point(&on_band) };
        let server = agreement::agree(&on_server, &context).unwrap();
        let shared = on_band.agree(&on_server.public_key().to_compressed()).unwrap();
        let band_side = agreement::derive(&shared, &context);
        prop_assert_eq!(exposed(&server), exposed(&band_side));
        let book = by_the_book(&band_scalar, &server_scalar, BandId::new(band), &l2);
        prop_assert_eq!(exposed(&server), book);
        prop_assert_ne!(book[0], book[1]);
    }

    #[test]
    fn any_33_bytes_are_agreed_on_or_refused(bytes in prop::array::uniform32(any::<u8>()), first: u8) {
        let mut encoded = [first; 33];
        encoded[1..].copy_from_slice(&bytes);
        let Some(band_point) = BandPoint::new(encoded) else {
            prop_assert!(!matches!(first, 2 | 3));
            return Ok(());
        };
        let context = Context { band: BAND, l2_spki: b"l2", band_point };
        let on_curve = p256::PublicKey::from_sec1_bytes(&encoded).is_ok();
        prop_assert_eq!(agreement::agree(&small(5), &context).is_ok(), on_curve);
    }
}

#[test]
fn private_keys_are_from_one_to_the_order_less_one() {
    assert!(SecretKey::from_scalar(&[0; 32]).is_none());
    let largest: [u8; 32] = bytes(LARGEST);
    assert!(SecretKey::from_scalar(&largest).is_some());
    let mut order = largest;
    order[31] += 1;
    assert!(SecretKey::from_scalar(&order).is_none());
    assert!(SecretKey::from_scalar(&[0xff; 32]).is_none());
    // The largest is the negative of 1: the same x, so the same Z.
    let peer = small(7).public_key().to_compressed();
    assert_eq!(secret(largest).agree(&peer), small(1).agree(&peer));
}

#[test]
fn a_point_is_compressed_and_on_the_curve() {
    for first in [0, 1, 4, 5, 6, 7, 0x82, 0xff] {
        assert!(BandPoint::new([first; 33]).is_none(), "{first:02x}");
    }
    let off = |x: [u8; 32]| {
        let mut encoded = [2; 33];
        encoded[1..].copy_from_slice(&x);
        let band_point = BandPoint::new(encoded).unwrap();
        agreement::agree(
            &small(5),
            &Context {
                band: BAND,
                l2_spki: b"l2",
                band_point,
            },
        )
        .err()
    };
    // x = 1 has no y on P-256; x = p is 0 once more; x = 2^256 - 1 is no field element.
    let mut one = [0; 32];
    one[31] = 1;
    assert_eq!(off(one), Some(BadPoint));
    assert_eq!(off(bytes(PRIME)), Some(BadPoint));
    assert_eq!(off([0xff; 32]), Some(BadPoint));
    // x = 0 does have one.
    assert_eq!(off([0; 32]), None);
}

#[test]
fn the_other_y_has_the_same_secret_but_other_keys() {
    let band = small(9);
    let mut mirrored = *point(&band).as_bytes();
    mirrored[0] ^= 1;
    let mirrored = BandPoint::new(mirrored).unwrap();
    let server = small(5);
    let z = |point: &BandPoint| server.agree(point.as_bytes()).unwrap();
    assert_eq!(z(&point(&band)), z(&mirrored));
    let keys = |band_point| {
        let context = Context {
            band: BAND,
            l2_spki: b"l2",
            band_point,
        };
        exposed(&agreement::agree(&server, &context).unwrap())
    };
    assert_ne!(keys(point(&band))[0], keys(mirrored)[0]);
    assert_ne!(keys(point(&band))[1], keys(mirrored)[1]);
}

#[test]
fn everything_agreed_on_is_in_the_keys() {
    let keys = |band, l2_spki, band_key: u8, server: u8| {
        let context = Context {
            band,
            l2_spki,
            band_point: point(&small(band_key)),
        };
        exposed(&agreement::agree(&small(server), &context).unwrap())
    };
    let reference = keys(BAND, b"l2", 9, 5);
    let other_band = BandId::new([0xc0, 0, 0, 0, 0, 2]);
    for other in [
        keys(other_band, b"l2", 9, 5),
        keys(BAND, b"l3", 9, 5),
        keys(BAND, b"", 9, 5),
        keys(BAND, b"l2", 10, 5),
        keys(BAND, b"l2", 9, 6),
    ] {
        assert_ne!(other[0], reference[0]);
        assert_ne!(other[1], reference[1]);
    }
}

#[test]
fn a_confirmation_is_for_one_enrollment_of_one_band_with_one_identity() {
    let context = Context {
        band: BAND,
        l2_spki: b"l2",
        band_point: point(&small(9)),
    };
    let keys = agreement::agree(&small(5), &context).unwrap();
    let reference = confirm(&keys.first, BAND, &[1; 16], b"identity");
    let other_band = BandId::new([0; 6]);
    for other in [
        confirm(&keys.second, BAND, &[1; 16], b"identity"),
        confirm(&keys.first, other_band, &[1; 16], b"identity"),
        confirm(&keys.first, BAND, &[2; 16], b"identity"),
        confirm(&keys.first, BAND, &[1; 16], b"identities"),
        confirm(&keys.first, BAND, &[1; 16], b""),
    ] {
        assert!(!agreement::tags_equal(&other, &reference));
    }
    let hash = Sha256::digest(b"identity");
    let book = [
        b"nymi adv confirm",
        BAND.as_bytes().as_slice(),
        &[1; 16],
        &hash,
    ]
    .concat();
    assert!(agreement::tags_equal(
        &cmac(keys.first.expose(), &book),
        &reference
    ));
}

#[test]
fn a_permission_to_set_the_clock_is_for_one_band_and_moment() {
    let context = Context {
        band: BAND,
        l2_spki: b"l2",
        band_point: point(&small(9)),
    };
    let keys = agreement::agree(&small(5), &context).unwrap();
    let tag = |key, band, ms| set_time_tag(key, band, TSet::new(ms).unwrap());
    let reference = tag(&keys.second, BAND, 1_700_000_000_000);
    for other in [
        tag(&keys.first, BAND, 1_700_000_000_000),
        tag(&keys.second, BandId::new([0; 6]), 1_700_000_000_000),
        tag(&keys.second, BAND, 1_700_000_000_001),
        tag(&keys.second, BAND, 0),
        tag(&keys.second, BAND, i64::MAX as u64),
    ] {
        assert!(!agreement::tags_equal(&other, &reference));
    }
    assert!(TSet::new(1 << 63).is_none());
    assert_eq!(TSet::new((1 << 63) - 1).unwrap().ms(), i64::MAX as u64);
}

#[test]
fn tags_differ_by_any_bit() {
    for bit in 0..128 {
        let mut other = [0xa5; 16];
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!agreement::tags_equal(&other, &[0xa5; 16]));
    }
    assert!(agreement::tags_equal(&[0xa5; 16], &[0xa5; 16]));
}

#[test]
fn keys_are_not_printed() {
    let context = Context {
        band: BAND,
        l2_spki: b"l2",
        band_point: point(&small(9)),
    };
    let keys = agreement::agree(&small(5), &context).unwrap();
    assert_eq!(
        format!("{keys:?}"),
        "AdvKeys { first: AdvKey(…), second: AdvKey(…) }"
    );
    assert_eq!(format!("{:?}", small(5)), "SecretKey(…)");
}
