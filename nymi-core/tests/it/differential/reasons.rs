//! Why the verifiers disagree, where they do.

use super::Ours;
use super::chain::{Case, Place};
use super::others::Verdict;

/// The verifier on the other side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Other {
    OpenSsl,
    Webpki,
}

/// What makes a disagreement this one.
pub(super) enum Sign {
    /// Only we refuse, with one of these numbers.
    Ours(&'static [u32]),
    /// Only they refuse, and say this.
    Theirs(&'static str),
}

impl Sign {
    pub(super) fn is_of(&self, ours: Ours, theirs: &Verdict) -> bool {
        match (self, ours, theirs) {
            (Self::Ours(numbers), Err(found), Ok(())) => numbers.contains(&found),
            (Self::Theirs(words), Ok(()), Err(said)) => said.contains(words),
            _ => false,
        }
    }
}

use Other::{OpenSsl, Webpki};
use Sign::{Ours as OursAlone, Theirs};

/// Explains a disagreement over a chain with one of these changes at this place.
pub(super) struct Reason {
    pub(super) other: Other,
    pub(super) sign: Sign,
    pub(super) place: Place,
    /// Names of mutations; none: any.
    pub(super) changes: &'static [&'static str],
    pub(super) why: &'static str,
}

impl Reason {
    pub(super) fn explains(&self, case: &Case, other: Other, ours: Ours, theirs: &Verdict) -> bool {
        let named = |(name, place): &(&str, usize)| {
            (self.changes.is_empty() || self.changes.contains(name))
                && match self.place {
                    Place::Any => true,
                    Place::Root => *place == 0,
                    Place::Issued => *place > 0,
                    Place::Ca => place + 1 < case.count,
                    Place::Leaf => place + 1 == case.count,
                }
        };
        self.other == other && self.sign.is_of(ours, theirs) && case.changes.iter().any(named)
    }
}

const fn reason(
    other: Other,
    sign: Sign,
    place: Place,
    changes: &'static [&'static str],
    why: &'static str,
) -> Reason {
    Reason {
        other,
        sign,
        place,
        changes,
        why,
    }
}

/// What we refuse and they accept comes first: there we are the stricter ones. Of what we accept and
/// they refuse each `why` says what makes it safe.
pub(super) const REASONS: &[Reason] = &[
    // webpki accepts what we refuse.
    reason(
        Webpki,
        OursAlone(&[29, 101, 109, 110, 111, 113, 115, 117, 118, 123]),
        Place::Root,
        &[],
        "An anchor is a name, a key and name constraints to webpki. Here the rest of it counts too, \
         its validity above all (trust.md).",
    ),
    reason(
        Webpki,
        OursAlone(&[113, 101]),
        Place::Issued,
        &[
            "no keyUsage",
            "cRLSign alone",
            "no extensions",
            "keyUsage without bits",
            "keyUsage with zero bits at its end",
        ],
        "webpki does not read keyUsage. RFC 5280, 4.2.1.3 and 6.1.4 (n).",
    ),
    reason(
        Webpki,
        OursAlone(&[128]),
        Place::Leaf,
        // A CA as leaf has it too, and another change may take the flag away.
        &["keyCertSign in a leaf", "a CA as leaf"],
        "webpki does not read keyUsage. RFC 5280, 4.2.1.9: keyCertSign is for CAs alone.",
    ),
    reason(
        Webpki,
        OursAlone(&[101]),
        Place::Any,
        &[
            "CA FALSE written out",
            "critical FALSE written out",
            "path length without CA",
            "empty alternative names",
            "address of three octets",
            "empty name constraints",
            "a policy twice",
            "no purpose",
        ],
        "webpki leaves open what X.690, 11.5 (no DEFAULT values) and the syntax of RFC 5280 forbid.",
    ),
    reason(
        Webpki,
        OursAlone(&[101, 119]),
        Place::Any,
        &[
            "serial 0",
            "negative serial",
            "serial of 21 octets",
            "serial with a zero before it",
            "empty serial",
        ],
        "webpki passes over the serial number. RFC 5280, 4.1.2.2.",
    ),
    reason(
        Webpki,
        OursAlone(&[118]),
        Place::Any,
        &["unknown extension twice"],
        "webpki looks for duplicates among those it knows. RFC 5280, 4.2.",
    ),
    reason(
        Webpki,
        OursAlone(&[121]),
        Place::Any,
        &["constraint with a dot before"],
        "RFC 5280 gives a leading dot a meaning for URIs alone (4.2.1.10); what it means for DNS \
         names is unclear, so nothing passes.",
    ),
    reason(
        Webpki,
        OursAlone(&[121]),
        Place::Any,
        &[
            "common name like a DNS name",
            "common name like a DNS name beside another",
        ],
        "Some verifiers take a common name for a DNS name, so constraints hold for it (RFC 6125, 6.4.4).",
    ),
    reason(
        OpenSsl,
        OursAlone(&[121]),
        Place::Any,
        &[
            "common name like a DNS name",
            "common name like a DNS name beside another",
        ],
        "OpenSSL looks at the common name only without DNS names; verifiers exist that look at both.",
    ),
    reason(
        Webpki,
        OursAlone(&[128]),
        Place::Leaf,
        &["name constraints in a leaf"],
        "RFC 5280, 4.2.1.10: MUST be used only in a CA certificate.",
    ),
    reason(
        Webpki,
        OursAlone(&[128]),
        Place::Leaf,
        &[
            "no name at all",
            "no subject, alternative name not critical",
            // Another change may replace the name that was critical.
            "no subject, critical alternative name",
        ],
        "webpki does not compare these. RFC 5280, 4.2.1.6.",
    ),
    reason(
        Webpki,
        OursAlone(&[108, 101]),
        Place::Leaf,
        &["a P-384 key", "a key that is no point of the curve"],
        "webpki does not look at the leaf's key before it is used. Keys are P-256 (trust.md).",
    ),
    // OpenSSL accepts what we refuse.
    reason(
        OpenSsl,
        OursAlone(&[101]),
        Place::Any,
        &[
            "CA FALSE written out",
            "CA TRUE as 01",
            "critical FALSE written out",
            "keyUsage with zero bits at its end",
            "octets after the certificate",
        ],
        "OpenSSL reads BER where X.690, 11 demands DER.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[101]),
        Place::Any,
        &[
            "constraint with a minimum",
            "address constraint of one octet",
            "empty name constraints",
            "empty policy constraints",
            "address of three octets",
            "a policy twice",
        ],
        "OpenSSL reads these when it needs them, or never. RFC 5280, 4.2.1.4, .6, .10 and .11.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[116]),
        Place::Leaf,
        &["a CA as leaf"],
        "RFC 5280 lets the last certificate be a CA; a leaf of the platform never is.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[119]),
        Place::Any,
        &["serial 0", "negative serial", "serial of 21 octets"],
        "OpenSSL takes any serial number. RFC 5280, 4.1.2.2.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[120]),
        Place::Any,
        &["version 4"],
        "OpenSSL takes later versions too. RFC 5280, 4.1.2.1.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[118]),
        Place::Any,
        &["unknown extension twice"],
        "OpenSSL looks for duplicates among those it knows. RFC 5280, 4.2.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[122]),
        Place::Any,
        &["wildcard over the excluded"],
        "A wildcard stands for the excluded name too; OpenSSL compares the letters.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[121]),
        Place::Any,
        &["constraint with a dot before"],
        "As for webpki.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[128]),
        Place::Leaf,
        &["name constraints in a leaf"],
        "As for webpki.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[123]),
        Place::Root,
        &["an explicit policy required"],
        "The anchor's policy constraints count here, as RFC 5937, 3 recommends.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[107]),
        Place::Issued,
        &["NULL parameters of the algorithm"],
        "RFC 5758, 3.2: the parameters are left out.",
    ),
    reason(
        OpenSsl,
        OursAlone(&[108, 101]),
        Place::Leaf,
        &["a P-384 key", "a key that is no point of the curve"],
        "Keys are P-256 (trust.md).",
    ),
    // webpki refuses what we accept.
    reason(
        Webpki,
        Theirs("RequiredEkuNotFound"),
        Place::Ca,
        &["any purpose"],
        "anyExtendedKeyUsage of a CA allows the purpose (RFC 5280, 4.2.1.12); webpki never heeds it. \
         The leaf must name the purpose itself.",
    ),
    reason(
        Webpki,
        Theirs("NameConstraintViolation"),
        Place::Ca,
        &["permitted mailbox"],
        "webpki compares no mailboxes and refuses all; here they are compared (4.2.1.10).",
    ),
    reason(
        Webpki,
        Theirs("UnknownIssuer"),
        Place::Issued,
        &["issuer in another case", "issuer as PrintableString"],
        "Names are compared as RFC 5280, 7.1 has it, not by octets. The signature binds the issuer.",
    ),
    reason(
        Webpki,
        Theirs("UnsupportedCriticalExtension"),
        Place::Any,
        &["anyPolicy inhibited", "an explicit policy required"],
        "webpki knows no policies; here they are processed.",
    ),
    reason(
        Webpki,
        Theirs("BadDer"),
        Place::Ca,
        &["path length 256"],
        "webpki reads one octet; RFC 5280 sets no limit.",
    ),
    reason(
        Webpki,
        Theirs("TrailingData(CertificateExtensions)"),
        Place::Any,
        &["unique identifiers"],
        "RFC 5280, 4.1.2.8: applications SHOULD be able to parse them; nothing depends on them.",
    ),
    // OpenSSL refuses what we accept.
    reason(
        OpenSsl,
        Theirs("certificate has expired"),
        Place::Any,
        &["valid until this second"],
        "notAfter is included (RFC 5280, 4.1.2.5); to OpenSSL the last second has passed.",
    ),
    reason(
        OpenSsl,
        Theirs("Basic Constraints of CA cert not marked critical"),
        Place::Ca,
        &["basicConstraints not critical"],
        "The path validation suite of NIST has such a chain among the valid ones; it is processed \
         all the same.",
    ),
    reason(
        OpenSsl,
        Theirs("unsuitable certificate purpose"),
        Place::Leaf,
        &["keyEncipherment alone"],
        "OpenSSL derives keyUsage from the purpose; here a role does (digitalSignature or keyAgreement), \
         and the compared run demands a purpose alone.",
    ),
    reason(
        OpenSsl,
        Theirs("unsuitable certificate purpose"),
        Place::Ca,
        &["any purpose"],
        "As for webpki: OpenSSL heeds anyExtendedKeyUsage nowhere but for its purpose `any`.",
    ),
    reason(
        OpenSsl,
        Theirs("unable to get"),
        Place::Issued,
        &["authority key identifier of another key"],
        "Key identifiers help to find an issuer; name and signature decide (RFC 5280, 6.1.3 (a)).",
    ),
];
