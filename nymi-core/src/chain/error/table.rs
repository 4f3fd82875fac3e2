//! The numbers of chain errors, in one table.

/// A row of the table of chain errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultInfo {
    /// The number, as logged in `nsl_verify_nea_cert_chain, N` and reported as `"nsl"`.
    pub number: u32,
    /// A short name that stays the same.
    pub name: &'static str,
    /// What an operator does about it.
    pub remedy: &'static str,
    /// Among several faults the one with the highest rank is reported.
    pub(super) rank: u8,
}

const fn row(number: u32, name: &'static str, rank: u8, remedy: &'static str) -> FaultInfo {
    FaultInfo {
        number,
        name,
        remedy,
        rank,
    }
}

const REISSUE: &str = "have the certificate issued again by a CA that follows RFC 5280";
const NOT_OURS: &str =
    "check that L1 and the certificates come from the same enterprise, and fetch them again";

/// Every chain error, by number. Append only: a number never gets another meaning. 5, 14 and 29
/// are the product's; ours begin at 101.
pub const FAULTS: &[FaultInfo] = &[
    row(
        5,
        "certificates missing",
        90,
        "let the application fetch its certificates from NES again",
    ),
    row(
        14,
        "grade differs",
        80,
        "use certificates of the grade that this component expects, or configure the other grade",
    ),
    row(
        29,
        "outside validity",
        85,
        "compare the clocks of this terminal and of NES; renew the certificate if it has expired",
    ),
    row(101, "malformed", 60, REISSUE),
    row(
        102,
        "too large",
        60,
        "present certificates without unusually long contents",
    ),
    row(
        103,
        "too many certificates",
        12,
        "present the leaf and its intermediates alone",
    ),
    row(
        104,
        "too much work",
        11,
        "present the leaf and its intermediates alone",
    ),
    row(105, "unknown issuer", 10, NOT_OURS),
    row(106, "bad signature", 20, NOT_OURS),
    row(
        107,
        "unsupported signature algorithm",
        22,
        "use certificates signed with ECDSA P-256 and SHA-256",
    ),
    row(108, "unsupported key", 22, "use P-256 keys"),
    row(109, "algorithms differ", 60, REISSUE),
    row(
        110,
        "not a CA",
        70,
        "present the certificate of the CA that issued the one before it",
    ),
    row(
        111,
        "path length exceeded",
        68,
        "let a CA issue that is allowed to be at this place of the chain",
    ),
    row(
        112,
        "chain too deep",
        66,
        "present a chain with fewer intermediates",
    ),
    row(
        113,
        "wrong key usage",
        72,
        "use a certificate whose keyUsage covers this use",
    ),
    row(
        114,
        "wrong role",
        76,
        "use a certificate that was issued for this role",
    ),
    row(
        115,
        "wrong key purpose",
        75,
        "use a certificate that was issued for this purpose",
    ),
    row(
        116,
        "CA as leaf",
        83,
        "present the leaf certificate first, then its issuer",
    ),
    row(117, "unknown critical extension", 62, REISSUE),
    row(118, "duplicate extension", 60, REISSUE),
    row(119, "serial number", 60, REISSUE),
    row(120, "version", 60, "use X.509 version 3 certificates"),
    row(
        121,
        "name not permitted",
        65,
        "use a name within the name constraints of the CA",
    ),
    row(
        122,
        "name excluded",
        65,
        "use a name outside the excluded subtrees of the CA",
    ),
    row(
        123,
        "policy",
        64,
        "use certificates with a policy that the CA certificates above require",
    ),
    row(
        124,
        "revoked",
        95,
        "obtain a new certificate; this one must no longer be used",
    ),
    row(
        125,
        "revocation status unknown",
        50,
        "provide the current CRL of the issuer",
    ),
    row(
        126,
        "CRL out of date",
        52,
        "provide the current CRL of the issuer, and compare clocks",
    ),
    row(
        127,
        "CRL unusable",
        51,
        "provide a CRL that the issuer signed",
    ),
    row(128, "not conforming", 55, REISSUE),
    row(
        129,
        "leaf is the anchor",
        92,
        "present a certificate that L1 or L2 issued, not L1 itself",
    ),
    row(130, "empty name", 60, REISSUE),
    row(
        131,
        "no anchor",
        91,
        "pin the L1 certificate of the enterprise",
    ),
    row(132, "PEM", 60, "give the certificate as PEM text"),
    row(
        133,
        "path length of L2",
        67,
        "use an L2 that was issued with a path length constraint of 0",
    ),
    row(
        134,
        "two roles",
        74,
        "use a certificate that was issued for this role alone",
    ),
];

/// The row with this number.
pub fn fault_info(number: u32) -> Option<&'static FaultInfo> {
    FAULTS.iter().find(|info| info.number == number)
}
