//! Object identifiers that the platform defines or asks for.
//!
//! The arc of the platform is `2.25.1853451625`: grades below `.1` (certificatePolicies of L2),
//! roles below `.2` (extendedKeyUsage of the leaf).
//!
//! ```
//! use nymi_core::chain::{Grade, Role, oid};
//!
//! assert_eq!(Role::Nea.oid().to_string(), "2.25.1853451625.2.1");
//! assert_eq!(Grade::Gold.oid(), oid::GRADE_GOLD);
//! assert_eq!(oid::CLIENT_AUTH.to_der(), [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2]);
//! ```

use core::fmt;

/// An object identifier known at compile time, as arcs and as the contents of its DER encoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Oid {
    arcs: &'static [u64],
    content: &'static [u8],
}

impl Oid {
    /// The arcs, as certificate builders take them.
    pub const fn arcs(&self) -> &'static [u64] {
        self.arcs
    }

    /// The contents octets of the DER encoding, without tag and length.
    pub const fn content(&self) -> &'static [u8] {
        self.content
    }

    /// The whole DER encoding, tag and length included.
    pub fn to_der(&self) -> alloc::vec::Vec<u8> {
        // Every constant below is shorter than 128 octets.
        [&[0x06, self.content.len() as u8], self.content].concat()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, arc) in self.arcs.iter().enumerate() {
            let dot = if position == 0 { "" } else { "." };
            write!(f, "{dot}{arc}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

const fn ours(arcs: &'static [u64], content: &'static [u8]) -> Oid {
    Oid { arcs, content }
}

/// The platform's arc, `2.25.1853451625`.
pub const PLATFORM: Oid = ours(&[2, 25, 1853451625], &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69]);
/// Grade gold: production.
pub const GRADE_GOLD: Oid = ours(
    &[2, 25, 1853451625, 1, 1],
    &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 1, 1],
);
/// Grade bronze: evaluation and development.
pub const GRADE_BRONZE: Oid = ours(
    &[2, 25, 1853451625, 1, 2],
    &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 1, 2],
);
/// Role: a Nymi-enabled application.
pub const ROLE_NEA: Oid = ours(
    &[2, 25, 1853451625, 2, 1],
    &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 2, 1],
);
/// Role: the key of NES that agrees advertising keys with bands.
pub const ROLE_NES_AGREEMENT: Oid = ours(
    &[2, 25, 1853451625, 2, 2],
    &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 2, 2],
);
/// Role: the key of NES that signs assertions.
pub const ROLE_NES_ASSERTION: Oid = ours(
    &[2, 25, 1853451625, 2, 3],
    &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 2, 3],
);
/// Role: an agent.
pub const ROLE_AGENT: Oid = ours(
    &[2, 25, 1853451625, 2, 4],
    &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 2, 4],
);
/// Role: a Bluetooth endpoint.
pub const ROLE_ENDPOINT: Oid = ours(
    &[2, 25, 1853451625, 2, 5],
    &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 2, 5],
);
/// Role: an enrollment terminal.
pub const ROLE_NBA: Oid = ours(
    &[2, 25, 1853451625, 2, 6],
    &[0x69, 0x86, 0xf3, 0xe5, 0xda, 0x69, 2, 6],
);

/// id-kp-serverAuth (RFC 5280, 4.2.1.12).
pub const SERVER_AUTH: Oid = ours(&[1, 3, 6, 1, 5, 5, 7, 3, 1], &[0x2b, 6, 1, 5, 5, 7, 3, 1]);
/// id-kp-clientAuth (RFC 5280, 4.2.1.12).
pub const CLIENT_AUTH: Oid = ours(&[1, 3, 6, 1, 5, 5, 7, 3, 2], &[0x2b, 6, 1, 5, 5, 7, 3, 2]);
/// id-kp-codeSigning (RFC 5280, 4.2.1.12).
pub const CODE_SIGNING: Oid = ours(&[1, 3, 6, 1, 5, 5, 7, 3, 3], &[0x2b, 6, 1, 5, 5, 7, 3, 3]);
/// id-kp-emailProtection (RFC 5280, 4.2.1.12).
pub const EMAIL_PROTECTION: Oid = ours(&[1, 3, 6, 1, 5, 5, 7, 3, 4], &[0x2b, 6, 1, 5, 5, 7, 3, 4]);
/// id-kp-timeStamping (RFC 5280, 4.2.1.12).
pub const TIME_STAMPING: Oid = ours(&[1, 3, 6, 1, 5, 5, 7, 3, 8], &[0x2b, 6, 1, 5, 5, 7, 3, 8]);
/// id-kp-OCSPSigning (RFC 5280, 4.2.1.12).
pub const OCSP_SIGNING: Oid = ours(&[1, 3, 6, 1, 5, 5, 7, 3, 9], &[0x2b, 6, 1, 5, 5, 7, 3, 9]);

/// anyExtendedKeyUsage (RFC 5280, 4.2.1.12).
pub(crate) const ANY_POLICY: Oid = ours(&[2, 5, 29, 32, 0], &[0x55, 0x1d, 0x20, 0x00]);
pub(crate) const ANY_PURPOSE: Oid = ours(&[2, 5, 29, 37, 0], &[0x55, 0x1d, 0x25, 0x00]);

/// Contents octets in dotted form, for messages; `malformed` if they are not an identifier.
pub(crate) struct Dotted<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Dotted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc = 0u128;
        let mut first = true;
        for byte in self.0 {
            if arc > u128::MAX >> 7 {
                return f.write_str("…");
            }
            arc = arc << 7 | u128::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            if first {
                let top = (arc / 40).min(2);
                write!(f, "{top}.{}", arc - top * 40)?;
                first = false;
            } else {
                write!(f, ".{arc}")?;
            }
            arc = 0;
        }
        if first {
            f.write_str("malformed")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn arcs_and_contents_are_the_same_identifier() {
        for oid in [
            PLATFORM,
            GRADE_GOLD,
            GRADE_BRONZE,
            ROLE_NEA,
            ROLE_NES_AGREEMENT,
            ROLE_NES_ASSERTION,
            ROLE_AGENT,
            ROLE_ENDPOINT,
            ROLE_NBA,
            SERVER_AUTH,
            CLIENT_AUTH,
            CODE_SIGNING,
            EMAIL_PROTECTION,
            TIME_STAMPING,
            OCSP_SIGNING,
            ANY_PURPOSE,
        ] {
            assert_eq!(oid.to_string(), Dotted(oid.content()).to_string());
        }
        assert_eq!(ROLE_NBA.to_string(), "2.25.1853451625.2.6");
    }

    #[test]
    fn arcs_of_128_bits_are_shown_and_longer_ones_cut() {
        let longest = [[0x83].as_slice(), &[0xff; 17], &[0x7f]].concat();
        let arc = u128::MAX - 80;
        assert_eq!(Dotted(&longest).to_string(), alloc::format!("2.{arc}"));
        let longer = [[0x84].as_slice(), &[0x80; 17], &[0x00]].concat();
        assert_eq!(Dotted(&longer).to_string(), "…");
        let ours = [[0x2a].as_slice(), &longer].concat();
        assert_eq!(Dotted(&ours).to_string(), "1.2…");
    }
}
