//! The few DER forms that a certificate needs (X.690), written by hand so that an issuer's name goes
//! into a certificate byte for byte as its own certificate has it.

/// One tag, its length and content.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(short as u8),
        long => {
            let bytes = long.to_be_bytes();
            let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            out.push(0x80 | significant.len() as u8);
            out.extend(significant);
        }
    }
    out.extend(content);
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(super) fn octet_string(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// A bit string without unused bits.
pub(super) fn bit_string(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

/// A named-bit list from bit 0 (the most significant of the first byte), trailing zeros removed.
pub(super) fn named_bits(set: &[u8]) -> Vec<u8> {
    let highest = set.iter().copied().max().unwrap_or(0);
    let mut bits = vec![0_u8; usize::from(highest) / 8 + 1];
    for bit in set {
        bits[usize::from(*bit) / 8] |= 0x80 >> (bit % 8);
    }
    tlv(0x03, &[&[7 - highest % 8], bits.as_slice()].concat())
}

/// A non-negative integer from its big-endian bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    match bytes.first() {
        None => tlv(0x02, &[0]),
        Some(first) if first & 0x80 != 0 => tlv(0x02, &[&[0], bytes].concat()),
        Some(_) => tlv(0x02, bytes),
    }
}

pub(super) fn oid(arcs: &[u64]) -> Vec<u8> {
    let (head, rest) = match arcs {
        [first, second, rest @ ..] => (first * 40 + second, rest),
        _ => (0, [].as_slice()),
    };
    let mut content = Vec::new();
    for arc in std::iter::once(&head).chain(rest) {
        let start = content.len();
        let mut arc = *arc;
        content.push((arc & 0x7f) as u8);
        while arc > 0x7f {
            arc >>= 7;
            content.insert(start, 0x80 | (arc & 0x7f) as u8);
        }
    }
    tlv(0x06, &content)
}

/// A distinguished name of one common name, UTF8String.
pub(super) fn common_name(name: &str) -> Vec<u8> {
    let attribute = sequence(&[&oid(&[2, 5, 4, 3]), &tlv(0x0c, name.as_bytes())]);
    sequence(&[&tlv(0x31, &attribute)])
}

/// UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5); whole seconds.
pub(super) fn time(at: nymi_core::UnixMillis) -> Vec<u8> {
    // 2026-05-13T08:30:00.000Z, by its own definition of the text form.
    let text: String = at
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect();
    match text.get(..4).and_then(|year| year.parse().ok()) {
        Some(1950..=2049) => tlv(0x17, format!("{}Z", &text[2..]).as_bytes()),
        _ => tlv(0x18, format!("{text}Z").as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nymi_core::UnixMillis;

    #[test]
    fn known_encodings() {
        assert_eq!(oid(&[2, 5, 29, 15]), [6, 3, 0x55, 0x1d, 0x0f]);
        assert_eq!(
            oid(&[1, 2, 840, 10045, 4, 3, 2]),
            [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]
        );
        assert_eq!(oid(&[2, 25, 128])[..4], [6, 3, 105, 0x81]);
        assert_eq!(named_bits(&[0]), [3, 2, 7, 0x80]);
        assert_eq!(named_bits(&[5, 6]), [3, 2, 1, 0x06]);
        assert_eq!(unsigned(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
        assert_eq!(tlv(4, &[7; 200])[..3], [4, 0x81, 200]);
        assert_eq!(tlv(4, &[7; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn times_change_form_in_2050() {
        let at = |text: &str| text.parse::<UnixMillis>().unwrap();
        assert_eq!(time(at("2049-12-31T23:59:59.999Z"))[2..], *b"491231235959Z");
        assert_eq!(time(at("2050-01-01T00:00:00Z"))[2..], *b"20500101000000Z");
    }
}
