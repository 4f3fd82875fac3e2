//! Distinguished names: their structure, and when two of them are the same (RFC 5280, 7.1).
//!
//! Values that are text are compared without regard to case, to blanks at the ends, to the number
//! of blanks within and to the string type. Canonical decomposition (NFKC) is left out: it would
//! need the Unicode tables, and an issuer writes its own name the same way each time.

use alloc::string::String;
use alloc::vec::Vec;

use super::der::{DerResult, Element, Reader, Span, tag, wide};
use crate::text::{is_blank, is_plain};

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];

/// One attribute of a name.
struct Attribute<'a> {
    kind: Reader<'a>,
    tag: u8,
    value: Reader<'a>,
}

/// Checks a Name: a SEQUENCE of SETs of type and value, each SET sorted and not empty.
pub(crate) fn check(mut content: Reader<'_>) -> DerResult<()> {
    while !content.is_empty() {
        check_rdn(content.read(tag::SET, "a name has no SET")?)?;
    }
    Ok(())
}

/// Checks the contents of a RelativeDistinguishedName.
pub(crate) fn check_rdn(mut set: Reader<'_>) -> DerResult<()> {
    if set.is_empty() {
        return Err(set.fail("a part of a name is empty"));
    }
    let mut previous: &[u8] = &[];
    while !set.is_empty() {
        let before = set;
        read_attribute(&mut set, Reader::value)?.kind.as_oid()?;
        let encoding = &before.bytes()[..before.bytes().len() - set.bytes().len()];
        if encoding < previous {
            return Err(before.fail("a SET is not sorted"));
        }
        previous = encoding;
    }
    Ok(())
}

/// Takes an attribute of a checked name apart.
fn attribute<'a>(set: &mut Reader<'a>) -> DerResult<Attribute<'a>> {
    read_attribute(set, Reader::any)
}

fn read_attribute<'a>(
    set: &mut Reader<'a>,
    value: impl FnOnce(&mut Reader<'a>) -> DerResult<Element<'a>>,
) -> DerResult<Attribute<'a>> {
    let mut pair = set.sequence("an attribute of a name is not a SEQUENCE")?;
    let kind = pair.read(tag::OID, "an attribute of a name has no type")?;
    let value = value(&mut pair)?;
    pair.finish()?;
    Ok(Attribute {
        kind,
        tag: value.tag,
        value: value.content,
    })
}

/// All attributes of a checked name, in order, each with the number of its RDN.
fn attributes(content: Reader<'_>) -> impl Iterator<Item = (usize, Attribute<'_>)> {
    let (mut rest, mut set, mut rdn) = (content, None::<Reader<'_>>, 0usize);
    core::iter::from_fn(move || {
        loop {
            if let Some(current) = set.as_mut().filter(|set| !set.is_empty()) {
                return attribute(current).ok().map(|found| (rdn - 1, found));
            }
            set = Some(rest.read(tag::SET, "").ok()?);
            rdn += 1;
        }
    })
}

fn content_of(name: &[u8]) -> Option<Reader<'_>> {
    Reader::new(name).ok()?.sequence("").ok()
}

/// A name in the form in which names are compared: one entry for each RDN.
pub(crate) type Canonical = Vec<Vec<u8>>;

/// The canonical form of a checked Name (a whole SEQUENCE).
pub(crate) fn canonical(name: &[u8]) -> Canonical {
    content_of(name).map_or_else(Vec::new, |content| {
        let mut rdns: Vec<Vec<Vec<u8>>> = Vec::new();
        for (rdn, attribute) in attributes(content) {
            rdns.resize_with(rdns.len().max(rdn + 1), Vec::new);
            rdns[rdn].push(canonical_attribute(&attribute));
        }
        rdns.into_iter().map(join).collect()
    })
}

/// The canonical form of the contents of one checked RelativeDistinguishedName.
pub(crate) fn canonical_rdn(mut set: Reader<'_>) -> Vec<u8> {
    let mut parts = Vec::new();
    while let Ok(attribute) = attribute(&mut set) {
        parts.push(canonical_attribute(&attribute));
    }
    join(parts)
}

/// The attributes of an RDN are a set: their order in the encoding does not matter.
fn join(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort_unstable();
    let mut joined = Vec::new();
    for part in parts {
        joined.extend_from_slice(&(part.len() as u32).to_be_bytes());
        joined.extend(part);
    }
    joined
}

fn canonical_attribute(attribute: &Attribute<'_>) -> Vec<u8> {
    let mut canonical =
        Vec::with_capacity(attribute.kind.bytes().len() + attribute.value.bytes().len() + 2);
    canonical.push(attribute.kind.bytes().len() as u8);
    canonical.extend_from_slice(attribute.kind.bytes());
    match text(attribute) {
        // Tag 0 is no string type: text of all types is alike.
        Some(text) => {
            canonical.push(0);
            canonical.extend_from_slice(fold(&text).as_bytes());
        }
        None => {
            canonical.push(attribute.tag);
            canonical.extend_from_slice(attribute.value.bytes());
        }
    }
    canonical
}

/// Attributes of one RDN that are looked at one by one; nobody writes more.
const MOST_ATTRIBUTES: usize = 8;

/// Whether a name may be below this base, both in canonical form, for who compares them as RFC 5280, 7.1, wants it: after the
/// preparation of RFC 4518, for which two texts can be one that are two to us (Unicode normalisation, characters that stand for
/// nothing). Where one of two texts has such characters, it may be the other.
pub(crate) fn may_be_below(name: &Canonical, base: &Canonical) -> bool {
    base.len() <= name.len()
        && name
            .iter()
            .zip(base)
            .all(|(one, other)| may_be_same(one, other))
}

/// The same of two RDNs. Each attribute has its like on the other side, or text there that may be its like.
fn may_be_same(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let attributes =
        [one, other].map(|rdn| parts(rdn).take(MOST_ATTRIBUTES + 1).collect::<Vec<_>>());
    let [one, other] = &attributes;
    if attributes.iter().any(|all| all.len() > MOST_ATTRIBUTES) {
        return true;
    }
    // They are sorted by their types.
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.0 == other.0)
        && one.iter().all(|attribute| has_like(attribute, other))
        && other.iter().all(|attribute| has_like(attribute, one))
}

/// The attributes of an RDN in canonical form: type, and tag with value.
fn parts(mut rdn: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    core::iter::from_fn(move || {
        let (size, rest) = rdn.split_first_chunk()?;
        let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*size) as usize)?;
        rdn = rest;
        let (size, part) = part.split_first()?;
        part.split_at_checked(usize::from(*size))
    })
}

fn has_like(attribute: &(&[u8], &[u8]), others: &[(&[u8], &[u8])]) -> bool {
    let (kind, value) = *attribute;
    is_unsettled(value)
        || others
            .iter()
            .any(|other| other.0 == kind && (other.1 == value || is_unsettled(other.1)))
}

/// Whether this is text with more than ASCII letters, signs and blanks, which RFC 4518 leaves as they are.
fn is_unsettled(value: &[u8]) -> bool {
    matches!(value, [0, text @ ..] if !text.iter().all(|byte| matches!(byte, b' '..=b'~')))
}

/// Whether values of this type are UTF-8, or ASCII.
const fn is_utf8(tag: u8) -> bool {
    matches!(
        tag,
        tag::UTF8_STRING
            | tag::IA5_STRING
            | tag::PRINTABLE_STRING
            | tag::NUMERIC_STRING
            | tag::VISIBLE_STRING
    )
}

/// The text of a value; none if it is not of a string type, or not valid in it.
fn text(attribute: &Attribute<'_>) -> Option<String> {
    let bytes = attribute.value.bytes();
    match attribute.tag {
        tag if is_utf8(tag) => core::str::from_utf8(bytes).ok().map(String::from),
        // What is called T.61 is ISO 8859-1 in practice (RFC 5280, appendix B).
        tag::TELETEX_STRING => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        tag @ (tag::BMP_STRING | tag::UNIVERSAL_STRING) => wide(tag, bytes)?.collect(),
        _ => None,
    }
}

/// Lower case, one blank between words, none at the ends (RFC 5280, 7.1, after RFC 4518).
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// Whether two checked Names are the same.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    compare(one, other).unwrap_or_else(|| canonical(one) == canonical(other))
}

/// The longest name that [`compare`] walks through, in octets: it may be called for each pair of names,
/// and canonical forms are made once for each.
const LONGEST_COMPARED: usize = 1024;

/// Whether two checked Names are the same, found without memory for their canonical forms. None where they
/// differ in text beyond ASCII, in blanks, or in an RDN of several attributes: canonical forms tell then.
pub(crate) fn compare(one: &[u8], other: &[u8]) -> Option<bool> {
    if one == other {
        return Some(true);
    }
    if one.len().max(other.len()) > LONGEST_COMPARED {
        return None;
    }
    let (mut one, mut other) = (content_of(one)?, content_of(other)?);
    while !one.is_empty() && !other.is_empty() {
        let sets = (one.read(tag::SET, "").ok()?, other.read(tag::SET, "").ok()?);
        if sets.0.bytes() != sets.1.bytes() && !compare_rdn(sets.0, sets.1)? {
            return Some(false);
        }
    }
    Some(one.is_empty() && other.is_empty())
}

fn compare_rdn(mut one: Reader<'_>, mut other: Reader<'_>) -> Option<bool> {
    let attributes = (attribute(&mut one).ok()?, attribute(&mut other).ok()?);
    if !one.is_empty() || !other.is_empty() {
        return None;
    }
    if attributes.0.kind.bytes() != attributes.1.kind.bytes() {
        return Some(false);
    }
    compare_text(ascii(&attributes.0)?, ascii(&attributes.1)?)
}

/// A value that is ASCII text.
fn ascii<'a>(attribute: &Attribute<'a>) -> Option<&'a [u8]> {
    let bytes = attribute.value.bytes();
    (is_utf8(attribute.tag) && bytes.is_ascii()).then_some(bytes)
}

/// None where blanks decide.
fn compare_text(one: &[u8], other: &[u8]) -> Option<bool> {
    let is_blank = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ');
    let alike = one
        .iter()
        .zip(other)
        .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
        .count();
    match (one.get(alike), other.get(alike)) {
        (None, None) => Some(true),
        (Some(a), Some(b)) if !is_blank(a) && !is_blank(b) => Some(false),
        // One is the beginning of the other, which goes on with a letter.
        (Some(more), None) | (None, Some(more)) if !is_blank(more) => Some(false),
        _ => None,
    }
}

/// The common name; none if there is none, or more than one, or it is not UTF-8 compatible text that a reader can
/// see, without control characters.
pub(crate) fn common_name(content: Reader<'_>) -> Option<Span> {
    let mut names =
        attributes(content).filter(|(_, attribute)| attribute.kind.bytes() == COMMON_NAME);
    let (_, name) = names.next()?;
    let utf8 = matches!(
        name.tag,
        tag::UTF8_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING
    );
    if !utf8 || names.next().is_some() {
        return None;
    }
    let text = core::str::from_utf8(name.value.bytes()).ok()?;
    let readable = text.chars().all(is_plain) && !text.chars().all(is_blank);
    readable.then(|| name.value.span())
}

/// All common names that are text: what they look like is up to the caller.
pub(crate) fn common_names(name: &[u8]) -> impl Iterator<Item = String> {
    content_of(name)
        .into_iter()
        .flat_map(attributes)
        .filter(|(_, attribute)| attribute.kind.bytes() == COMMON_NAME)
        .filter_map(|(_, attribute)| text(&attribute))
}

/// The e-mail addresses in a Name (PKCS#9 emailAddress).
pub(crate) fn email_addresses(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    content_of(name)
        .into_iter()
        .flat_map(attributes)
        .filter(|(_, attribute)| attribute.kind.bytes() == EMAIL_ADDRESS)
        .map(|(_, attribute)| attribute.value.bytes())
}

/// A Name for messages, such as `CN=Acme NES L1 CA, O=Acme`.
pub(crate) fn display(name: &[u8]) -> String {
    let mut shown = String::new();
    for (_, attribute) in content_of(name).into_iter().flat_map(attributes) {
        let label = match attribute.kind.bytes() {
            COMMON_NAME => "CN=",
            [0x55, 0x04, 0x06] => "C=",
            [0x55, 0x04, 0x07] => "L=",
            [0x55, 0x04, 0x08] => "ST=",
            [0x55, 0x04, 0x0a] => "O=",
            [0x55, 0x04, 0x0b] => "OU=",
            EMAIL_ADDRESS => "emailAddress=",
            _ => "",
        };
        if !shown.is_empty() {
            shown.push_str(", ");
        }
        shown.push_str(label);
        let value = text(&attribute).unwrap_or_else(|| hex::encode(attribute.value.bytes()));
        shown.extend(value.chars().filter(|char| !char.is_control()).take(64));
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec;

    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, content.len() as u8], content].concat()
    }

    fn attribute(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        element(0x30, &[element(6, kind), element(tag, value)].concat())
    }

    fn cn(tag: u8, value: &[u8]) -> Vec<u8> {
        element(0x30, &element(0x31, &attribute(COMMON_NAME, tag, value)))
    }

    #[test]
    fn case_blanks_and_string_type_do_not_matter() {
        let plain = cn(tag::PRINTABLE_STRING, b"Acme NES L1 CA");
        for same in [
            cn(tag::UTF8_STRING, b"Acme NES L1 CA"),
            cn(tag::PRINTABLE_STRING, b"  ACME  nes L1   ca "),
            cn(tag::TELETEX_STRING, b"acme nes l1 ca"),
            cn(
                tag::BMP_STRING,
                b"\0A\0c\0m\0e\0 \0N\0E\0S\0 \0L\x001\0 \0C\0A",
            ),
        ] {
            assert!(equal(&plain, &same));
        }
        assert!(!equal(&plain, &cn(tag::PRINTABLE_STRING, b"AcmeNES L1 CA")));
        assert!(!equal(&plain, &cn(tag::OCTET_STRING, b"Acme NES L1 CA")));
    }

    /// Two names of one attribute each, alike often.
    fn names() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
        let kind = prop_oneof![Just([0x55u8, 4, 3]), Just([0x55, 4, 10])];
        let tags = [
            tag::UTF8_STRING,
            tag::PRINTABLE_STRING,
            tag::TELETEX_STRING,
            tag::OCTET_STRING,
        ];
        let text = prop_oneof!["[aA \t\u{b}\u{1c}]{0,5}", "[aAä\u{a0}\u{3000}K]{0,3}"];
        let rdn = (kind, proptest::sample::select(tags.to_vec()), text)
            .prop_map(|(kind, tag, text)| attribute(&kind, tag, text.as_bytes()));
        let set = proptest::collection::vec(rdn, 1..3)
            .prop_map(|attributes| element(0x31, &attributes.concat()));
        let name = proptest::collection::vec(set, 0..3)
            .prop_map(|sets| element(0x30, &sets.concat()))
            .prop_filter("a checked name", |name| {
                check(content_of(name).unwrap()).is_ok()
            });
        (name.clone(), name)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn a_quick_comparison_agrees_with_the_canonical_forms((one, other) in names()) {
            if let Some(same) = compare(&one, &other) {
                prop_assert_eq!(same, canonical(&one) == canonical(&other));
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_below_may_be_below((one, other) in names()) {
            let [one, other] = [&one, &other].map(|name| canonical(name));
            if one.starts_with(&other) {
                prop_assert!(may_be_below(&one, &other));
            }
            let is_settled = [&one, &other].into_iter().flatten().flat_map(|rdn| parts(rdn)).all(|(_, value)| !is_unsettled(value));
            if is_settled {
                prop_assert_eq!(may_be_below(&one, &other), one.starts_with(&other));
            }
        }
    }

    #[test]
    fn text_that_could_be_written_another_way_may_be_another() {
        let may = |one: &[u8], other: &[u8]| may_be_below(&canonical(one), &canonical(other));
        let name = |text: &str| cn(tag::UTF8_STRING, text.as_bytes());
        for (one, other) in [
            ("Z\u{fc}rich", "Zu\u{308}rich"),
            ("\u{ff21}cme", "Acme"),
            ("Ac\u{ad}me", "Acme"),
            ("Acme\u{1}", "acme"),
        ] {
            assert!(
                may(&name(one), &name(other)) && may(&name(other), &name(one)),
                "{one:?}"
            );
        }
        assert!(!may(&name("Acme"), &name("Acne")));
        // Neither another type, nor what is no text.
        let organisation = |text: &str| {
            let kind = attribute(&[0x55, 4, 10], tag::UTF8_STRING, text.as_bytes());
            element(0x30, &element(0x31, &kind))
        };
        assert!(!may(&name("\u{ff21}cme"), &organisation("Acme")));
        assert!(!may(&cn(tag::OCTET_STRING, b"\xff"), &name("Acme")));
        assert!(!may(&element(0x30, &[]), &name("\u{fc}")));
    }

    #[test]
    fn attributes_of_a_set_find_their_likes() {
        let unit = |text: &str| attribute(&[0x55, 4, 0x0b], tag::UTF8_STRING, text.as_bytes());
        let set = |texts: &[&str]| {
            let mut units: Vec<_> = texts.iter().map(|text| unit(text)).collect();
            units.sort();
            element(0x30, &element(0x31, &units.concat()))
        };
        let may = |one: &[&str], other: &[&str]| {
            may_be_below(&canonical(&set(one)), &canonical(&set(other)))
        };
        assert!(may(&["a", "\u{fc}"], &["a", "b"]));
        assert!(may(&["a", "b"], &["a", "\u{fc}"]));
        assert!(!may(&["a", "c"], &["a", "b"]));
        assert!(!may(&["a"], &["a", "\u{fc}"]));
        let many = ["a"; MOST_ATTRIBUTES + 1];
        assert!(may(&many, &["a"]));
        assert!(!may(&many[1..], &["a"]));
    }

    #[test]
    fn ordinary_names_are_compared_without_their_canonical_forms() {
        let plain = cn(tag::PRINTABLE_STRING, b"Acme NES L1 CA");
        let other_case = cn(tag::UTF8_STRING, b"acme NES l1 CA");
        assert_eq!(compare(&plain, &other_case), Some(true));
        let longer = cn(tag::UTF8_STRING, b"acme NES l1 CAs");
        assert_eq!(compare(&plain, &longer), Some(false));
        assert_eq!(compare(&longer, &plain), Some(false));
        let blanks = cn(tag::UTF8_STRING, b"Acme NES L1  CA ");
        assert_eq!(compare(&plain, &blanks), None);
        assert!(equal(&plain, &blanks));
        assert_eq!(
            compare(&plain, &cn(tag::UTF8_STRING, b"Acme NES L2 CA")),
            Some(false)
        );
        assert_eq!(compare(&plain, &element(0x30, &[])), Some(false));
        let umlaut = cn(tag::UTF8_STRING, "Acme NES L1 CÄ".as_bytes());
        assert_eq!(compare(&plain, &umlaut), None);
    }

    #[test]
    fn structure_matters() {
        let [o, ou] = [0x0a, 0x0b].map(|last| attribute(&[0x55, 4, last], tag::UTF8_STRING, b"x"));
        let sorted = element(0x30, &element(0x31, &[o.clone(), ou.clone()].concat()));
        let unsorted = element(0x30, &element(0x31, &[ou.clone(), o.clone()].concat()));
        let split = element(0x30, &[element(0x31, &o), element(0x31, &ou)].concat());
        assert!(check(content_of(&sorted).unwrap()).is_ok());
        assert!(check(content_of(&unsorted).unwrap()).is_err());
        assert!(equal(&sorted, &unsorted));
        assert!(!equal(&sorted, &split));
        assert_eq!([&sorted, &split].map(|name| canonical(name).len()), [1, 2]);
        let empty_set = element(0x30, &element(0x31, &[]));
        assert!(check(content_of(&empty_set).unwrap()).is_err());
        let bad_utf8 = cn(tag::UTF8_STRING, &[0xff]);
        assert!(check(content_of(&bad_utf8).unwrap()).is_err());
    }

    #[test]
    fn every_attribute_of_a_set_may_be_repeated() {
        // X.690, 11.6, asks for ascending order, and equal ones are not out of order.
        let x = attribute(&[0x55, 4, 0x0b], tag::UTF8_STRING, b"x");
        let twice = element(0x30, &element(0x31, &[x.clone(), x].concat()));
        assert!(check(content_of(&twice).unwrap()).is_ok());
    }

    #[test]
    fn text_beyond_ascii_is_utf_8() {
        let name = cn(tag::UTF8_STRING, "Ä".as_bytes());
        assert!(check(content_of(&name).unwrap()).is_ok());
    }

    #[test]
    fn text_of_wide_characters_has_whole_ones() {
        let plain = cn(tag::UTF8_STRING, b"a");
        for (tag, whole, more) in [
            (tag::BMP_STRING, &b"\0a"[..], &b"\0a\0"[..]),
            (tag::UNIVERSAL_STRING, b"\0\0\0a", b"\0\0\0a\0"),
        ] {
            assert!(equal(&plain, &cn(tag, whole)));
            assert!(!equal(&plain, &cn(tag, more)));
        }
    }

    #[test]
    fn a_common_name_can_be_read() {
        let read = |text: &str| {
            let name = cn(tag::UTF8_STRING, text.as_bytes());
            let content = content_of(&name).unwrap();
            check(content).unwrap();
            common_name(content).map(|span| String::from_utf8(span.of(&name).to_vec()).unwrap())
        };
        for text in ["kiosk", "Kiosk 7, Süd", "a b"] {
            assert_eq!(read(text).as_deref(), Some(text));
        }
        for text in [
            "",
            " ",
            "\u{200b}",
            "a\0b",
            "a\nb",
            "\u{7f}",
            "a\u{85}",
            "\u{202e}a",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_common_name_is_one_plain_text() {
        let one = cn(tag::UTF8_STRING, b"kiosk");
        assert_eq!(
            common_name(content_of(&one).unwrap()).unwrap().of(&one),
            b"kiosk"
        );
        let rdn = element(0x31, &attribute(COMMON_NAME, tag::UTF8_STRING, b"kiosk"));
        let two = element(0x30, &[rdn.clone(), rdn].concat());
        assert_eq!(common_name(content_of(&two).unwrap()), None);
        assert_eq!(display(&two), "CN=kiosk, CN=kiosk");
        assert_eq!(canonical(&[0x30, 0]), vec![] as Canonical);
    }
}
