//! What a caller asks of certificate policies (RFC 5280, 6.1.1 (c) and (e) to (g)).

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::oid::{ANY_POLICY, Dotted, Oid};

/// The longest identifier that is read, in octets of its encoding.
const MAX_OCTETS: usize = 64;

/// The identifier of a certificate policy.
///
/// ```
/// use nymi_core::chain::PolicyId;
/// let policy: PolicyId = "2.16.840.1.101.3.2.1.48.1".parse()?;
/// assert_eq!(policy.to_string(), "2.16.840.1.101.3.2.1.48.1");
/// assert!("2.16.".parse::<PolicyId>().is_err());
/// # Ok::<(), nymi_core::chain::PolicyIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId(Vec<u8>);

impl PolicyId {
    /// Any policy (RFC 5280, 4.2.1.4).
    pub fn any() -> Self {
        ANY_POLICY.into()
    }

    /// The contents octets of the DER encoding, without tag and length.
    pub fn content(&self) -> &[u8] {
        &self.0
    }
}

impl From<Oid> for PolicyId {
    fn from(oid: Oid) -> Self {
        Self(oid.content().to_vec())
    }
}

impl FromStr for PolicyId {
    type Err = PolicyIdError;

    /// Dotted form (X.660): at least two arcs, the first 0 to 2, the second at most 39 unless the first is 2, of 128
    /// bits at most, as a UUID (X.667) has.
    fn from_str(text: &str) -> Result<Self, PolicyIdError> {
        let mut arcs = text.split('.').map(arc);
        let (Some(first), Some(second)) = (arcs.next(), arcs.next()) else {
            return Err(PolicyIdError(()));
        };
        let (first, second) = (first?, second?);
        if first > 2 || first < 2 && second > 39 {
            return Err(PolicyIdError(()));
        }
        let mut content = Vec::new();
        let both = second.checked_add(first * 40).ok_or(PolicyIdError(()))?;
        push(&mut content, both);
        for arc in arcs {
            push(&mut content, arc?);
            if content.len() > MAX_OCTETS {
                return Err(PolicyIdError(()));
            }
        }
        Ok(Self(content))
    }
}

/// One arc, without signs and leading zeros.
fn arc(text: &str) -> Result<u128, PolicyIdError> {
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    match text.parse() {
        Ok(arc) if is_plain => Ok(arc),
        _ => Err(PolicyIdError(())),
    }
}

/// X.690, 8.19.2: seven bits an octet, the highest first.
fn push(content: &mut Vec<u8>, arc: u128) {
    let octets = (128 - arc.leading_zeros()).div_ceil(7).max(1);
    for position in (0..octets).rev() {
        let more = if position > 0 { 0x80 } else { 0 };
        content.push((arc >> (7 * position) & 0x7f) as u8 | more);
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Dotted(&self.0).fmt(f)
    }
}

impl fmt::Debug for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyId({self})")
    }
}

/// A text that is no object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an object identifier: write numbers with dots between, such as 1.3.6.1.4.1.311.21.8")]
pub struct PolicyIdError(());

/// The inputs of path validation that concern certificate policies. By default any policy will do, none is
/// required, and mappings and anyPolicy are heeded until a certificate says otherwise.
///
/// ```
/// use nymi_core::chain::{GradeRequirement, PolicyId, PolicyInputs, Requirements};
/// let acceptable: [PolicyId; 1] = ["2.16.840.1.101.3.2.1.48.1".parse()?];
/// let policies = PolicyInputs::new().with_acceptable(&acceptable).with_explicit(true);
/// let requirements = Requirements::new(GradeRequirement::Any).with_policies(policies);
/// # Ok::<(), nymi_core::chain::PolicyIdError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyInputs<'a> {
    acceptable: Option<&'a [PolicyId]>,
    pub(crate) explicit: bool,
    pub(crate) mapping_inhibited: bool,
    pub(crate) any_inhibited: bool,
}

impl<'a> PolicyInputs<'a> {
    /// Any policy, none required.
    pub const fn new() -> Self {
        Self {
            acceptable: None,
            explicit: false,
            mapping_inhibited: false,
            any_inhibited: false,
        }
    }

    /// Where a policy is required, by the caller or by a certificate, it must be one of these
    /// (user-initial-policy-set, (c)). They are policies of the anchor's domain, before mappings.
    #[must_use]
    pub const fn with_acceptable(mut self, policies: &'a [PolicyId]) -> Self {
        self.acceptable = Some(policies);
        self
    }

    /// Whether a valid policy is required of every chain (initial-explicit-policy, (f)).
    #[must_use]
    pub const fn with_explicit(mut self, required: bool) -> Self {
        self.explicit = required;
        self
    }

    /// Whether mappings are not followed (initial-policy-mapping-inhibit, (e)).
    #[must_use]
    pub const fn with_mapping_inhibited(mut self, inhibited: bool) -> Self {
        self.mapping_inhibited = inhibited;
        self
    }

    /// Whether anyPolicy stands for nothing (initial-any-policy-inhibit, (g)).
    #[must_use]
    pub const fn with_any_inhibited(mut self, inhibited: bool) -> Self {
        self.any_inhibited = inhibited;
        self
    }

    /// The policies that will do; none if any does.
    pub(crate) fn acceptable(&self) -> Option<&'a [PolicyId]> {
        self.acceptable
            .filter(|list| list.iter().all(|one| one.0 != ANY_POLICY.content()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString as _};

    #[test]
    fn identifiers_are_read_and_written() {
        let encoded = [
            ("2.5.29.32.0", &[0x55, 0x1d, 0x20, 0x00][..]),
            ("0.0", &[0]),
            ("1.39", &[79]),
            ("2.999", &[0x88, 0x37]),
            ("2.16.840.1.101", &[0x60, 0x86, 0x48, 1, 0x65]),
        ];
        for (text, content) in encoded {
            let id: PolicyId = text.parse().unwrap();
            assert_eq!((id.content(), id.to_string()), (content, text.to_string()));
        }
        assert_eq!(PolicyId::any(), "2.5.29.32.0".parse().unwrap());
        let uuid = "2.25.329800735698586629295641978511506172918";
        assert_eq!(uuid.parse::<PolicyId>().unwrap().to_string(), uuid);
        let largest = "2.0.340282366920938463463374607431768211455";
        assert_eq!(largest.parse::<PolicyId>().unwrap().content().len(), 20);
        let longest = String::from("1.3") + &".1".repeat(MAX_OCTETS - 1);
        assert_eq!(
            longest.parse::<PolicyId>().unwrap().content().len(),
            MAX_OCTETS
        );
        let long = longest + ".1";
        for text in [
            "",
            "1",
            "1.",
            ".1",
            "1..1",
            "3.1",
            "1.40",
            "1.+1",
            "1.01",
            "1.-1",
            "1.a",
            " 1.2",
            "1.2 ",
            "2.340282366920938463463374607431768211455",
            "2.0.340282366920938463463374607431768211456",
            &long,
        ] {
            assert!(text.parse::<PolicyId>().is_err(), "{text}");
        }
    }

    #[test]
    fn any_policy_among_the_acceptable_accepts_all() {
        let lists = [
            alloc::vec![PolicyId::any()],
            alloc::vec!["1.2".parse().unwrap()],
        ];
        assert_eq!(
            PolicyInputs::new().with_acceptable(&lists[0]).acceptable(),
            None
        );
        assert_eq!(
            PolicyInputs::new().with_acceptable(&lists[1]).acceptable(),
            Some(&lists[1][..])
        );
        assert_eq!(
            PolicyInputs::new().with_acceptable(&[]).acceptable(),
            Some(&[][..])
        );
    }
}
