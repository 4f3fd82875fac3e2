//! What DER allows in one way alone.

use super::*;
use proptest::prelude::*;

fn any(bytes: &[u8]) -> Result<u8, &'static str> {
    let mut reader = Reader::new(bytes).unwrap();
    reader
        .any()
        .map(|element| element.tag)
        .map_err(|error| error.what)
}

#[test]
fn lengths_have_one_encoding() {
    assert_eq!(any(&[0x04, 0x01, 0x00]), Ok(0x04));
    assert_eq!(
        any(&[0x04, 0x81, 0x01, 0x00]),
        Err("the length is not minimal")
    );
    assert_eq!(
        any(&[0x04, 0x80, 0x00, 0x00]),
        Err("the length is indefinite or too long")
    );
    assert_eq!(
        any(&[0x04, 0x82, 0x00, 0x80]),
        Err("the length is not minimal")
    );
    assert_eq!(
        any(&[0x04, 0x85, 1, 0, 0, 0, 0]),
        Err("the length is indefinite or too long")
    );
    assert_eq!(any(&[0x04, 0x02, 0x00]), Err("the element is cut off"));
    // Beyond what an index of 32 bits can count from here.
    for last in [0xfa, 0xff] {
        let wrapping = [0x04, 0x84, 0xff, 0xff, 0xff, last];
        assert_eq!(any(&wrapping), Err("the element is cut off"));
    }
    assert_eq!(any(&[0x1f, 0x21, 0x00]), Err("the tag is of the high form"));
    assert_eq!(any(&[]), Err("the element is cut off"));
    let long = [&[0x04, 0x81, 0x80][..], &[0; 0x80]].concat();
    assert_eq!(any(&long), Ok(0x04));
}

fn content(bytes: &[u8]) -> Reader<'_> {
    Reader::new(bytes).unwrap()
}

#[test]
fn values_have_one_encoding() {
    assert!(content(&[0]).as_integer().is_ok());
    assert!(content(&[0, 0x80]).as_integer().is_ok());
    for bytes in [&[][..], &[0, 0x7f], &[0xff, 0x80]] {
        assert!(content(bytes).as_integer().is_err(), "{bytes:?}");
    }
    assert_eq!(content(&[0x01, 0x00]).as_count(), Ok(256));
    assert_eq!(content(&[0x01, 0, 0, 0, 0]).as_count(), Ok(u32::MAX));
    assert!(content(&[0x80]).as_count().is_err());
    assert!(content(&[0x2a, 0x03]).as_oid().is_ok());
    for bytes in [&[][..], &[0x80, 0x01], &[0x2a, 0x86]] {
        assert!(content(bytes).as_oid().is_err(), "{bytes:?}");
    }
    assert!(content(&[0xff]).is_true().is_ok());
    assert!(content(&[0x00]).is_true().is_err());
    assert!(content(&[0x01]).is_true().is_err());
}

#[test]
fn named_bits_end_with_a_one() {
    assert_eq!(content(&[7, 0x80]).as_named_bits(), Ok(0x8000));
    assert_eq!(content(&[7, 0x04, 0x80]).as_named_bits(), Ok(0x0480));
    assert_eq!(content(&[0]).as_named_bits(), Ok(0));
    for bytes in [
        &[6, 0x80][..],
        &[0, 0x80],
        &[1],
        &[8, 0x80],
        &[0, 1, 1, 1],
        &[7, 0x80, 0],
    ] {
        assert!(content(bytes).as_named_bits().is_err(), "{bytes:?}");
    }
}

#[test]
fn times_have_seconds_and_zulu() {
    let utc = |text: &[u8]| {
        content(text)
            .as_time(tag::UTC_TIME)
            .map(|at| std::format!("{at}"))
    };
    let general = |text: &[u8]| {
        content(text)
            .as_time(tag::GENERALIZED_TIME)
            .map(|at| std::format!("{at}"))
    };
    assert_eq!(utc(b"491231235959Z").unwrap(), "2049-12-31T23:59:59.000Z");
    assert_eq!(utc(b"500101000000Z").unwrap(), "1950-01-01T00:00:00.000Z");
    assert_eq!(
        general(b"20500101000000Z").unwrap(),
        "2050-01-01T00:00:00.000Z"
    );
    for text in [
        &b"4912312359Z"[..],
        b"491231235959",
        b"491231235959+0000",
        b"491331235959Z",
    ] {
        assert!(utc(text).is_err());
    }
    assert!(general(b"20500101000000.5Z").is_err());
    assert!(general(b"500101000000Z").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
        let mut reader = Reader::new(&bytes).unwrap();
        let mut read = 0;
        while let Ok(element) = reader.any() {
            read += element.whole.of(&bytes).len();
        }
        prop_assert!(read <= bytes.len());
    }
}

#[test]
fn negative_integers_have_one_encoding_too() {
    let integer = |bytes: &[u8]| {
        content(bytes)
            .integer("")
            .map_err(|error| error.what)
            .is_ok()
    };
    assert!(integer(&[0x02, 2, 0xff, 0x7f]));
    assert!(integer(&[0x02, 1, 0xff]));
    assert!(!integer(&[0x02, 2, 0xff, 0x80]));
    assert!(!integer(&[0x02, 2, 0xff, 0xff]));
}

#[test]
fn false_is_the_default_and_left_out() {
    let boolean = |octet: u8| content(&[octet]).is_true().map_err(|error| error.what);
    assert_eq!(boolean(0xff), Ok(true));
    assert_eq!(boolean(0x00), Err("the default FALSE is encoded"));
    assert_eq!(boolean(0x01), Err("a BOOLEAN is not FF or 00"));
}
