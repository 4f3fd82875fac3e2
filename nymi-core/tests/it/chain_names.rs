//! Name constraints of every form, through chains of three and four certificates.

use nymi_core::chain::ChainError;

use crate::chain_writer::*;

const DNS: u8 = 0x82;
const MAIL: u8 = 0x81;
const DIRECTORY: u8 = 0xa4;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

type Name<'a> = (u8, &'a [u8]);

fn general_names(names: &[Name<'_>]) -> Vec<u8> {
    tlv(
        0x30,
        &names
            .iter()
            .flat_map(|(tag, text)| tlv(*tag, text))
            .collect::<Vec<_>>(),
    )
}

fn subtrees(tag: u8, bases: &[Name<'_>]) -> Vec<u8> {
    let list: Vec<u8> = bases
        .iter()
        .flat_map(|(form, text)| seq(&[&tlv(*form, text)]))
        .collect();
    if list.is_empty() {
        list
    } else {
        tlv(tag, &list)
    }
}

fn constraints(permitted: &[Name<'_>], excluded: &[Name<'_>]) -> Vec<u8> {
    seq(&[&subtrees(0xa0, permitted), &subtrees(0xa1, excluded)])
}

/// L1, L2 with these constraints, and a leaf with these alternative names.
fn verify(permitted: &[Name<'_>], excluded: &[Name<'_>], names: &[Name<'_>]) -> Option<u32> {
    let mut trio = Trio::new();
    trio.l2
        .set(NAME_CONSTRAINTS, true, &constraints(permitted, excluded));
    if !names.is_empty() {
        trio.leaf
            .set(SUBJECT_ALT_NAME, false, &general_names(names));
    }
    number(trio.check())
}

fn number<T>(result: Result<T, ChainError>) -> Option<u32> {
    fault(result).map(|(number, index)| {
        assert_eq!(index, Some(0));
        number
    })
}

const NOT_PERMITTED: Option<u32> = Some(121);
const EXCLUDED: Option<u32> = Some(122);

fn permits(form: u8, base: &[u8], name: &[u8], expected: bool) {
    let found = verify(&[(form, base)], &[], &[(form, name)]);
    let text = String::from_utf8_lossy(name);
    assert_eq!(
        found,
        if expected { None } else { NOT_PERMITTED },
        "permitted: {text}"
    );
    let found = verify(&[], &[(form, base)], &[(form, name)]);
    assert_eq!(
        found,
        if expected { EXCLUDED } else { None },
        "excluded: {text}"
    );
}

/// A name or base that cannot be understood passes neither way.
fn unclear(form: u8, base: &[u8], name: &[u8]) {
    let text = String::from_utf8_lossy(name);
    assert_eq!(
        verify(&[(form, base)], &[], &[(form, name)]),
        NOT_PERMITTED,
        "{text}"
    );
    assert_eq!(
        verify(&[], &[(form, base)], &[(form, name)]),
        EXCLUDED,
        "{text}"
    );
}

#[test]
fn dns() {
    permits(DNS, b"example.com", b"example.com", true);
    permits(DNS, b"example.com", b"host.example.com", true);
    permits(DNS, b"EXAMPLE.com", b"a.b.example.COM", true);
    permits(DNS, b"example.com", b"notexample.com", false);
    permits(DNS, b"example.com", b"example.com.org", false);
    permits(DNS, b"host.example.com", b"example.com", false);
    permits(DNS, b"", b"example.com", true);
    unclear(DNS, b"example.com", b".example.com");
    unclear(DNS, b"example.com", b"a..example.com");
    unclear(DNS, b"example.com", b"example.com.");
    unclear(DNS, b".example.com", b"host.example.com");
    unclear(DNS, b"*.example.com", b"host.example.com");
}

#[test]
fn wildcards() {
    permits(DNS, b"example.com", b"*.example.com", true);
    permits(DNS, b"example.org", b"*.example.com", false);
    // Some of what *.example.com stands for is host.example.com, and some is not.
    unclear(DNS, b"host.example.com", b"*.example.com");
    permits(DNS, b"a.host.example.com", b"*.example.com", false);
    // Forms that no verifier of host names takes are not understood.
    for odd in [
        &b"*"[..],
        b"a.*.example.com",
        b"w*.example.com",
        b"*w.example.com",
        b"*.*.example.com",
    ] {
        unclear(DNS, b"example.com", odd);
    }
}

#[test]
fn mailboxes() {
    permits(MAIL, b"kim@example.com", b"kim@example.com", true);
    permits(MAIL, b"kim@example.com", b"kim@EXAMPLE.com", true);
    permits(MAIL, b"kim@example.com", b"Kim@example.com", false);
    permits(MAIL, b"*@example.com", b"*@example.com", true);
    permits(MAIL, b"*@example.com", b"kim@example.com", false);
    permits(MAIL, b"example.com", b"kim@example.com", true);
    permits(MAIL, b"example.com", b"kim@host.example.com", false);
    permits(MAIL, b".example.com", b"kim@host.example.com", true);
    permits(MAIL, b".example.com", b"kim@example.com", false);
    unclear(MAIL, b"example.com", b"example.com");
    unclear(MAIL, b"a@b@example.com", b"kim@example.com");
}

#[test]
fn uris() {
    permits(
        URI,
        b"host.example.com",
        b"https://host.example.com/path",
        true,
    );
    permits(
        URI,
        b"host.example.com",
        b"https://kim@host.example.com:8443/",
        true,
    );
    permits(URI, b"example.com", b"https://host.example.com/", false);
    permits(URI, b".example.com", b"https://host.example.com/", true);
    permits(URI, b".example.com", b"https://example.com/", false);
    unclear(URI, b"example.com", b"https://192.0.2.1/");
    unclear(URI, b"example.com", b"urn:example:com");
}

#[test]
fn addresses() {
    let net: &[u8] = &[192, 0, 2, 0, 255, 255, 255, 0];
    permits(IP, net, &[192, 0, 2, 200], true);
    permits(IP, net, &[192, 0, 3, 1], false);
    permits(IP, net, &[0; 16], false);
    permits(IP, &[0; 8], &[192, 0, 3, 1], true);
    let odd: &[u8] = &[192, 0, 2, 128, 255, 255, 255, 192];
    permits(IP, odd, &[192, 0, 2, 191], true);
    permits(IP, odd, &[192, 0, 2, 192], false);
    let six = [
        [0x20, 1, 0xd, 0xb8].as_slice(),
        &[0; 12],
        &[255; 4],
        &[0; 12],
    ]
    .concat();
    let host = [[0x20, 1, 0xd, 0xb8].as_slice(), &[7; 12]].concat();
    permits(IP, &six, &host, true);
    permits(IP, &six, &[9; 16], false);
    unclear(IP, &[192, 0, 2, 0, 255, 0, 255, 0], &[192, 0, 2, 1]);
}

#[test]
fn directory_names() {
    let base = dn(&[(10, "Acme")]);
    let below = dn(&[(10, "ACME "), (3, "kiosk")]);
    let subject = |name: &[u8], permitted: &[Name<'_>], excluded: &[Name<'_>]| {
        let mut trio = Trio::new();
        trio.leaf.subject = name.to_vec();
        trio.l2
            .set(NAME_CONSTRAINTS, true, &constraints(permitted, excluded));
        number(trio.check())
    };
    assert_eq!(subject(&below, &[(DIRECTORY, &base)], &[]), None);
    assert_eq!(subject(&below, &[], &[(DIRECTORY, &base)]), EXCLUDED);
    assert_eq!(
        subject(&cn("kiosk"), &[(DIRECTORY, &base)], &[]),
        NOT_PERMITTED
    );
    assert_eq!(subject(&cn("kiosk"), &[], &[(DIRECTORY, &base)]), None);
    assert_eq!(subject(&cn("kiosk"), &[(DIRECTORY, &seq(&[]))], &[]), None);
    // The same for a directory name among the alternative names.
    let both = [(DIRECTORY, base.as_slice()), (DIRECTORY, &cn("kiosk"))];
    assert_eq!(verify(&both, &[], &[(DIRECTORY, &below)]), None);
    let other = dn(&[(10, "Other")]);
    assert_eq!(verify(&both, &[], &[(DIRECTORY, &other)]), NOT_PERMITTED);
}

/// RFC 5280, 7.1, has `Zürich` in one character and in two as one name, which is not compared here: an excluded name
/// keeps out both, and a permitted one lets in its own spelling alone.
#[test]
fn directory_names_in_another_spelling() {
    let base = dn(&[(10, "Z\u{fc}rich")]);
    for text in ["Zu\u{308}rich", "Zurich\u{1}", "\u{ff3a}urich"] {
        let name = dn(&[(10, text), (3, "kiosk")]);
        let names = [(DIRECTORY, name.as_slice())];
        let bases = [(DIRECTORY, base.as_slice())];
        assert_eq!(verify(&[], &bases, &names), EXCLUDED, "{text:?}");
        let own = [(DIRECTORY, base.as_slice()), (DIRECTORY, &cn("leaf"))];
        assert_eq!(verify(&own, &[], &names), NOT_PERMITTED, "{text:?}");
    }
    let plain = [(DIRECTORY, &dn(&[(10, "Acme")])[..])];
    let wide = dn(&[(10, "\u{ff21}cme")]);
    assert_eq!(verify(&[], &plain, &[(DIRECTORY, &wide)]), EXCLUDED);
    // Another part of it differs for sure.
    let elsewhere = dn(&[(6, "CH"), (10, "Zu\u{308}rich")]);
    let germany = dn(&[(6, "DE"), (10, "Z\u{fc}rich")]);
    assert_eq!(
        verify(&[], &[(DIRECTORY, &germany)], &[(DIRECTORY, &elsewhere)]),
        None
    );
}

#[test]
fn forms_are_apart() {
    assert_eq!(
        verify(&[(DNS, b"example.com")], &[], &[(MAIL, b"kim@other.org")]),
        None
    );
    assert_eq!(verify(&[(DNS, b"example.com")], &[], &[]), None);
    assert_eq!(verify(&[], &[(DNS, b"")], &[(IP, &[192, 0, 2, 1])]), None);
    // A registered identifier cannot be compared with a subtree.
    let registered: Name<'_> = (0x88, &[0x2a, 3]);
    assert_eq!(verify(&[registered], &[], &[registered]), NOT_PERMITTED);
    assert_eq!(verify(&[], &[registered], &[registered]), EXCLUDED);
    assert_eq!(verify(&[], &[(DNS, b"")], &[registered]), None);
}

#[test]
fn several_names_and_subtrees() {
    let permitted: &[Name<'_>] = &[(DNS, b"a.example"), (DNS, b"b.example")];
    assert_eq!(
        verify(
            permitted,
            &[],
            &[(DNS, b"x.a.example"), (DNS, b"y.b.example")]
        ),
        None
    );
    assert_eq!(
        verify(
            permitted,
            &[],
            &[(DNS, b"x.a.example"), (DNS, b"c.example")]
        ),
        NOT_PERMITTED
    );
    let excluded: &[Name<'_>] = &[(DNS, b"no.a.example")];
    assert_eq!(
        verify(permitted, excluded, &[(DNS, b"no.a.example")]),
        EXCLUDED
    );
    assert_eq!(
        verify(permitted, excluded, &[(DNS, b"yes.a.example")]),
        None
    );
}

#[test]
fn addresses_in_the_subject_count_without_alternative_names() {
    const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
    let attribute = seq(&[&id(EMAIL), &tlv(0x16, b"kim@other.org")]);
    let mut trio = Trio::new();
    trio.leaf.subject = seq(&[&tlv(0x31, &attribute)]);
    trio.l2.set(
        NAME_CONSTRAINTS,
        true,
        &constraints(&[(MAIL, b"example.com")], &[]),
    );
    assert_eq!(number(trio.check()), NOT_PERMITTED);
    trio.leaf.set(
        SUBJECT_ALT_NAME,
        false,
        &general_names(&[(DNS, b"host.example.com")]),
    );
    assert_eq!(number(trio.check()), None);
}

#[test]
fn a_common_name_that_could_be_taken_for_a_host_counts() {
    let leaf = |name: &str, alternative: &[Name<'_>]| {
        let mut trio = Trio::new();
        trio.leaf.subject = cn(name);
        let permitted: &[Name<'_>] = &[
            (DNS, b"example.com"),
            (IP, &[192, 0, 2, 0, 255, 255, 255, 0]),
        ];
        trio.l2
            .set(NAME_CONSTRAINTS, true, &constraints(permitted, &[]));
        if !alternative.is_empty() {
            trio.leaf
                .set(SUBJECT_ALT_NAME, false, &general_names(alternative));
        }
        number(trio.check())
    };
    assert_eq!(leaf("host.example.com", &[]), None);
    assert_eq!(leaf("host.other.org", &[]), NOT_PERMITTED);
    assert_eq!(leaf("host.other.org.", &[]), NOT_PERMITTED);
    assert_eq!(leaf("192.0.2.7", &[]), None);
    assert_eq!(leaf("192.0.3.7", &[]), NOT_PERMITTED);
    assert_eq!(leaf("kiosk 7", &[]), None);
    let beside: &[Name<'_>] = &[(DNS, b"host.example.com"), (IP, &[192, 0, 2, 7])];
    assert_eq!(leaf("host.other.org", beside), NOT_PERMITTED);
    assert_eq!(leaf("192.0.3.7", beside), NOT_PERMITTED);
    assert_eq!(leaf("*.org", &[]), NOT_PERMITTED);
    assert_eq!(leaf("host.example.com", beside), None);
    // Each of several counts.
    let mut several = Trio::new();
    several.leaf.subject = dn(&[(3, "kiosk 7"), (3, "host.other.org")]);
    let permitted = constraints(&[(DNS, b"example.com")], &[]);
    several.l2.set(NAME_CONSTRAINTS, true, &permitted);
    assert_eq!(number(several.check()), NOT_PERMITTED);
}

/// The constraints of every CA hold for every certificate below it.
#[test]
fn constraints_of_all_cas_hold() {
    let mut trio = Trio::new();
    trio.l1.set(
        NAME_CONSTRAINTS,
        true,
        &constraints(&[(DNS, b"example.com")], &[]),
    );
    trio.l2.set(
        NAME_CONSTRAINTS,
        false,
        &constraints(&[(DNS, b"a.example.com")], &[]),
    );
    let mut with = |name: &[u8]| {
        trio.leaf
            .set(SUBJECT_ALT_NAME, false, &general_names(&[(DNS, name)]));
        fault(trio.check())
    };
    assert_eq!(with(b"host.a.example.com"), None);
    assert_eq!(with(b"host.b.example.com"), Some((121, Some(0))));
    assert_eq!(with(b"host.example.org"), Some((121, Some(0))));
    trio.leaf.remove(SUBJECT_ALT_NAME);
    trio.l2.set(
        SUBJECT_ALT_NAME,
        false,
        &general_names(&[(DNS, b"ca.example.org")]),
    );
    assert_eq!(fault(trio.check()), Some((121, Some(1))), "names of L2");
    // The anchor's own names are not held to its own constraints.
    trio.l2.remove(SUBJECT_ALT_NAME);
    trio.l1.set(
        SUBJECT_ALT_NAME,
        false,
        &general_names(&[(DNS, b"ca.example.org")]),
    );
    assert_eq!(fault(trio.check()), None);
}

#[test]
fn self_issued_intermediates_are_exempt_but_the_leaf_is_not() {
    let root = Cert::root("Root", 1).with(
        NAME_CONSTRAINTS,
        true,
        &constraints(&[(DIRECTORY, &dn(&[(10, "Acme")]))], &[]),
    );
    let rollover = Cert::ca("Root", 2, &root.subject, None);
    let mut leaf = Cert::end("x", 3, &rollover.subject);
    leaf.subject = dn(&[(10, "Acme"), (3, "x")]);
    let verify = |leaf: &Cert| {
        let presented = [leaf.signed_by(&rollover), rollover.signed_by(&root)];
        fault(check(&[root.anchor()], &presented, NOW, &any_path()))
    };
    assert_eq!(verify(&leaf), None);
    leaf.subject = cn("Root");
    assert_eq!(verify(&leaf), Some((121, Some(0))), "a self-issued leaf");
}

#[test]
fn very_many_names_and_constraints_are_refused_soon() {
    let names: Vec<Vec<u8>> = (0..1500)
        .map(|n| format!("h{n}.example.com").into_bytes())
        .collect();
    let bases: Vec<Name<'_>> = names.iter().map(|name| (DNS, name.as_slice())).collect();
    assert_eq!(verify(&bases, &[], &bases[..10]), None);
    let mut trio = Trio::new();
    trio.l2
        .set(NAME_CONSTRAINTS, true, &constraints(&bases, &[]));
    trio.leaf
        .set(SUBJECT_ALT_NAME, false, &general_names(&bases));
    assert_eq!(fault(trio.check()), Some((104, Some(0))));
}

#[test]
fn a_refused_name_is_named() {
    let refusal = |form: u8, base: &[u8], name: &[u8]| {
        let mut trio = Trio::new();
        let constraints = constraints(&[], &[(form, base)]);
        trio.l2.set(NAME_CONSTRAINTS, true, &constraints);
        trio.leaf
            .set(SUBJECT_ALT_NAME, false, &general_names(&[(form, name)]));
        trio.check().unwrap_err().to_string()
    };
    let other = other_name(&[0x2a, 3]);
    for (text, form, base, name) in [
        (
            "a.example.com",
            DNS,
            &b"example.com"[..],
            &b"a.example.com"[..],
        ),
        ("10.1.2.3", IP, &[10, 0, 0, 0, 255, 0, 0, 0], &[10, 1, 2, 3]),
        (
            "2001:db8::1",
            IP,
            &[0; 32],
            b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
        ),
        (
            "ab@example.com",
            MAIL,
            b"example.com",
            b"a\x07b@example.com",
        ),
        ("a name of form 0", 0xa0, &other, &other),
    ] {
        let error = refusal(form, base, name);
        assert!(error.contains(text), "{text}: {error}");
    }
}

#[test]
fn names_of_unknown_forms_are_held_to_constraints_of_their_own_form() {
    let (other, address) = (other_name(&[0x2a, 3]), seq(&[]));
    let party = tlv(0xa1, &tlv(0x0c, b"party"));
    let forms: [Name<'_>; 3] = [(0xa0, &other), (0xa3, &address), (0xa5, &party)];
    for base in forms {
        for name in forms {
            let found = verify(&[], &[base], &[name]);
            assert_eq!(found, if base == name { EXCLUDED } else { None });
        }
        let mail = verify(&[], &[base], &[(MAIL, b"a@example.com")]);
        assert_eq!(mail, None);
    }
}

/// The contents of an otherName.
fn other_name(kind: &[u8]) -> Vec<u8> {
    [id(kind), tlv(0xa0, &tlv(0x0c, b"mallory@evil.example"))].concat()
}

#[test]
fn no_constraint_on_mailboxes_lets_one_beyond_ascii_pass() {
    // id-on-SmtpUTF8Mailbox (RFC 9598, 3).
    let mailbox = other_name(&[0x2b, 6, 1, 5, 5, 7, 8, 9]);
    let names: &[Name<'_>] = &[(0xa0, &mailbox)];
    assert_eq!(
        verify(&[(MAIL, b"good.example")], &[], names),
        NOT_PERMITTED
    );
    assert_eq!(verify(&[], &[(MAIL, b"evil.example")], names), EXCLUDED);
    assert_eq!(verify(&[(DNS, b"good.example")], &[], names), None);
}

#[test]
fn a_common_name_counts_whatever_its_string_type() {
    let wide: Vec<u8> = "evil.example"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let wider: Vec<u8> = "evil.example"
        .chars()
        .flat_map(|char| u32::from(char).to_be_bytes())
        .collect();
    for (tag, text) in [
        (0x0c, b"evil.example".as_slice()),
        (0x13, b"EVIL.example"),
        (0x14, b"evil.example."),
        (0x1e, &wide),
        (0x1c, &wider),
    ] {
        let mut trio = Trio::new();
        trio.l2.set(
            NAME_CONSTRAINTS,
            true,
            &constraints(&[], &[(DNS, b"evil.example")]),
        );
        let attribute = seq(&[&id(&[0x55, 4, 3]), &tlv(tag, text)]);
        trio.leaf.subject = seq(&[&tlv(0x31, &attribute)]);
        assert_eq!(number(trio.check()), EXCLUDED, "{tag:#x}");
    }
}

#[test]
fn a_uri_whose_authority_can_be_read_in_two_ways_does_not_pass() {
    for uri in [
        b"http://evil.example\\@good.example/".as_slice(),
        b"http://a@evil.example@good.example/",
        b"http://evil.example\0@good.example/",
        b"http://[::1]@good.example/",
        b"http://good.example:99999/",
    ] {
        let names: &[Name<'_>] = &[(URI, uri)];
        assert_eq!(verify(&[(URI, b"good.example")], &[], names), NOT_PERMITTED);
        assert_eq!(verify(&[], &[(URI, b"evil.example")], names), EXCLUDED);
    }
}
