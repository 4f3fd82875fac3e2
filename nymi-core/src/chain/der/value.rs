//! Values whose type a reader does not know beforehand: of each we check what its tag says of it.

use super::{DerResult, Element, Reader, tag};

/// How deep such a value may be nested. The deepest that the field knows, an X.400 address, has four levels.
const MAX_NESTING: u8 = 8;

impl<'a> Reader<'a> {
    /// The next element, whatever it is, with everything in it in its one encoding.
    pub(crate) fn value(&mut self) -> DerResult<Element<'a>> {
        let element = self.any()?;
        element.check(MAX_NESTING)?;
        Ok(element)
    }

    /// Checks these contents as elements of any type, one after the other.
    pub(crate) fn check_values(self) -> DerResult<()> {
        self.check_nested(MAX_NESTING)
    }

    fn check_nested(mut self, levels: u8) -> DerResult<()> {
        let Some(levels) = levels.checked_sub(1) else {
            return Err(self.fail("a value is nested too deeply"));
        };
        while !self.is_empty() {
            self.any()?.check(levels)?;
        }
        Ok(())
    }
}

impl Element<'_> {
    /// Of a tagged primitive value, and of a few types that nobody uses, nothing is known; the elements of a SET are
    /// in an order that only its type tells.
    fn check(&self, levels: u8) -> DerResult<()> {
        const UNIVERSAL_CLASS: u8 = 0xc0;
        const CONSTRUCTED: u8 = 0x20;
        let (content, bytes) = (self.content, self.content.bytes());
        let sound = match self.tag {
            tag::BOOLEAN => matches!(bytes, [0x00] | [0xff]),
            tag::INTEGER | tag::ENUMERATED => return content.as_integer().map(|_| ()),
            tag::BIT_STRING => return content.as_bits(),
            tag::NULL => bytes.is_empty(),
            tag::OID | tag::RELATIVE_OID => return content.as_oid().map(|_| ()),
            tag::UTF8_STRING => bytes.is_ascii() || core::str::from_utf8(bytes).is_ok(),
            // Issuers put `@`, `*` and `&` into PrintableString, and everybody reads them.
            tag::IA5_STRING | tag::PRINTABLE_STRING | tag::VISIBLE_STRING => bytes.is_ascii(),
            tag::NUMERIC_STRING => bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b' ')),
            tag::BMP_STRING | tag::UNIVERSAL_STRING => {
                wide(self.tag, bytes).is_some_and(|mut text| text.all(|char| char.is_some()))
            }
            tag::UTC_TIME | tag::GENERALIZED_TIME => return content.without_fraction(self.tag),
            tag::OCTET_STRING
            | tag::OBJECT_DESCRIPTOR
            | tag::REAL
            | tag::TIME
            | tag::TELETEX_STRING
            | tag::VIDEOTEX_STRING
            | tag::GRAPHIC_STRING
            | tag::GENERAL_STRING => true,
            tag::SEQUENCE
            | tag::SET
            | tag::EXTERNAL
            | tag::EMBEDDED_PDV
            | tag::CHARACTER_STRING => return content.check_nested(levels),
            // DER writes each type either primitive or constructed (X.690, 10.2), and 0 ends contents of
            // indefinite length.
            tag if tag & UNIVERSAL_CLASS == 0 => false,
            tag if tag & CONSTRUCTED != 0 => return content.check_nested(levels),
            _ => true,
        };
        if sound {
            Ok(())
        } else {
            Err(content.fail("a value is not what its type allows"))
        }
    }
}

impl Reader<'_> {
    /// Checks these contents as a time; a GeneralizedTime may have a fraction of a second that does not end with
    /// zero (X.690, 11.7).
    fn without_fraction(self, tag: u8) -> DerResult<()> {
        let mut seconds = [0; 15];
        let text = match self.bytes() {
            [whole @ .., b'Z'] if tag == tag::GENERALIZED_TIME => whole,
            _ => return self.as_time(tag).map(|_| ()),
        };
        match (text.get(..14), text.get(14..)) {
            (Some(whole), Some([b'.', digits @ .., b'1'..=b'9']))
                if digits.iter().all(u8::is_ascii_digit) =>
            {
                seconds[..14].copy_from_slice(whole);
                seconds[14] = b'Z';
                let moment = Reader::new(&seconds).and_then(|text| text.as_time(tag));
                moment
                    .map(|_| ())
                    .map_err(|_| self.fail("a time is malformed"))
            }
            _ => self.as_time(tag).map(|_| ()),
        }
    }
}

/// The characters of a BMPString or UniversalString, none for what is no character, such as half of a pair in
/// UTF-16: a BMPString has none of them (X.680, 41.15). None if there is not a whole number of them.
pub(crate) fn wide(tag: u8, bytes: &[u8]) -> Option<impl Iterator<Item = Option<char>>> {
    let width = if tag == tag::BMP_STRING { 2 } else { 4 };
    let whole = bytes.len().is_multiple_of(width);
    whole.then(|| {
        bytes.chunks_exact(width).map(|octets| {
            let number = octets
                .iter()
                .fold(0u32, |number, octet| number << 8 | u32::from(*octet));
            char::from_u32(number)
        })
    })
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn check(bytes: &[u8]) -> Result<(), &'static str> {
        let mut reader = Reader::new(bytes).unwrap();
        reader.value().map(|_| ()).map_err(|error| error.what())
    }

    #[test]
    fn each_type_has_its_values() {
        for sound in [
            &[1, 1, 0xff][..],
            &[1, 1, 0],
            &[2, 1, 0x80],
            &[10, 1, 1],
            &[3, 2, 4, 0xf0],
            &[4, 2, 0xff, 0],
            &[5, 0],
            &[6, 1, 0x2a],
            &[0x0d, 1, 5],
            "\x0c\x02\u{e4}".as_bytes(),
            b"\x12\x031 2",
            b"\x13\x01@",
            &[0x14, 1, 0xff],
            &[0x1e, 2, 0, 0x61],
            &[0x1c, 4, 0, 1, 0xf6, 0],
            b"\x17\x0d260513083000Z",
            b"\x18\x0f20260513083000Z",
            b"\x18\x1120260513083000.5Z",
            &[0x80, 1, 0xff],
            &[0x30, 3, 2, 1, 1],
            &[0x31, 0],
            &[0xa0, 2, 5, 0],
            &[0x61, 2, 5, 0],
        ] {
            assert_eq!(check(sound), Ok(()), "{sound:02x?}");
        }
        for broken in [
            &[1, 1, 1][..],
            &[1, 0],
            &[2, 0],
            &[2, 3, 0, 0, 1],
            &[10, 2, 0, 1],
            &[3, 2, 4, 0xff],
            &[3, 0],
            &[5, 1, 0],
            &[6, 2, 0x80, 1],
            &[0x0d, 1, 0x85],
            &[0x0c, 1, 0xff],
            b"\x12\x01a",
            &[0x13, 1, 0xff],
            &[0x1e, 1, 0x61],
            &[0x1e, 2, 0xd8, 0],
            // A character of two halves, as UTF-16 has it.
            &[0x1e, 4, 0xd8, 0x3d, 0xde, 0],
            &[0x1c, 4, 0, 0, 0xd8, 0],
            &[0x1c, 4, 0, 0x11, 0, 0],
            b"\x17\x0b2605130830Z",
            b"\x18\x1120260513083000.0Z",
            b"\x18\x1020260513083000.Z",
            b"\x18\x1120261313083000.5Z",
            b"\x18\x1020260513083000.5",
            &[0x00, 0],
            &[0x08, 0],
            &[0x10, 0],
            &[0x24, 0],
            &[0x30, 2, 0x80, 0x80],
            &[0x30, 3, 1, 1, 1],
            &[0x31, 1, 5],
            &[0xa0, 3, 1, 1, 1],
            &[0x61, 1, 0xff],
        ] {
            assert!(check(broken).is_err(), "{broken:02x?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| {
            (0..levels).fold(Vec::new(), |inner, _| {
                [&[0x30, inner.len() as u8][..], &inner].concat()
            })
        };
        let most = usize::from(MAX_NESTING);
        assert_eq!(check(&nested(most)), Ok(()));
        assert_eq!(
            check(&nested(most + 1)),
            Err("a value is nested too deeply")
        );
    }
}
