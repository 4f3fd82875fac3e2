//! The bits of keyUsage (RFC 5280, 4.2.1.3), bit 0 of the standard first.

pub(crate) const DIGITAL_SIGNATURE: u16 = 0x8000;
pub(crate) const KEY_AGREEMENT: u16 = 0x0800;
pub(crate) const KEY_CERT_SIGN: u16 = 0x0400;
pub(crate) const CRL_SIGN: u16 = 0x0200;

/// The standard's name of a bit, for messages.
pub(crate) const fn name(bit: u16) -> &'static str {
    match bit {
        DIGITAL_SIGNATURE => "digitalSignature",
        KEY_AGREEMENT => "keyAgreement",
        KEY_CERT_SIGN => "keyCertSign",
        _ => "the bit",
    }
}
