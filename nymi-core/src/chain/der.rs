//! A strict reader of DER (X.690, 10 and 11), for untrusted input.
//!
//! The reader walks one document and never copies. Lengths are definite and minimal, tags are of
//! the low form, every value is in its one encoding, and whoever reads a structure says where it
//! ends ([`Reader::finish`]), so that trailing bytes are found everywhere.

use crate::UnixMillis;

/// A rule of DER, or of the structure that was expected, is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at byte {offset})")]
pub struct DerError {
    what: &'static str,
    offset: usize,
}

impl DerError {
    /// Which rule is broken.
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// Where the offending element begins in the input.
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

pub(crate) type DerResult<T> = Result<T, DerError>;

/// Identifier octets.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const OBJECT_DESCRIPTOR: u8 = 0x07;
    pub(crate) const REAL: u8 = 0x09;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const RELATIVE_OID: u8 = 0x0d;
    pub(crate) const TIME: u8 = 0x0e;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const VIDEOTEX_STRING: u8 = 0x15;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const GRAPHIC_STRING: u8 = 0x19;
    pub(crate) const VISIBLE_STRING: u8 = 0x1a;
    pub(crate) const GENERAL_STRING: u8 = 0x1b;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const EXTERNAL: u8 = 0x28;
    pub(crate) const EMBEDDED_PDV: u8 = 0x2b;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    pub(crate) const CHARACTER_STRING: u8 = 0x3d;

    /// A context-specific primitive tag.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// A context-specific constructed tag.
    pub(crate) const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// A stretch of a document, for owners that keep the document beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes in the document that the span was taken from; nothing in a shorter one.
    pub(crate) fn of(self, document: &[u8]) -> &[u8] {
        document
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(crate) const fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// One element: its tag, the whole of it, and a reader over its contents.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) whole: Span,
    pub(crate) content: Reader<'a>,
}

/// Reads elements one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    document: &'a [u8],
    at: usize,
    end: usize,
}

/// The largest document: offsets are kept in 32 bits.
pub(crate) const MAX_DOCUMENT: usize = 1 << 28;

impl<'a> Reader<'a> {
    /// A reader over a whole document.
    pub(crate) fn new(document: &'a [u8]) -> DerResult<Self> {
        if document.len() > MAX_DOCUMENT {
            return Err(DerError {
                what: "the input is too long",
                offset: 0,
            });
        }
        Ok(Self {
            document,
            at: 0,
            end: document.len(),
        })
    }

    pub(crate) const fn fail(&self, what: &'static str) -> DerError {
        DerError {
            what,
            offset: self.at,
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.at == self.end
    }

    /// What has not been read yet.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.document.get(self.at..self.end).unwrap_or_default()
    }

    /// Where that is.
    pub(crate) const fn span(&self) -> Span {
        Span {
            start: self.at as u32,
            end: self.end as u32,
        }
    }

    /// Everything has been read.
    pub(crate) fn finish(&self) -> DerResult<()> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.fail("trailing bytes"))
        }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes().first().copied()
    }

    fn byte(&mut self) -> DerResult<u8> {
        let byte = self.peek().ok_or(self.fail("the element is cut off"))?;
        self.at += 1;
        Ok(byte)
    }

    fn length(&mut self) -> DerResult<usize> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(usize::from(first));
        }
        let count = first & 0x7f;
        if !(1..=4).contains(&count) {
            return Err(self.fail("the length is indefinite or too long"));
        }
        let mut length = 0usize;
        for _ in 0..count {
            length = length << 8 | usize::from(self.byte()?);
        }
        let minimal = length >= 0x80 && length >> (8 * (usize::from(count) - 1)) != 0;
        if minimal {
            Ok(length)
        } else {
            Err(self.fail("the length is not minimal"))
        }
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> DerResult<Element<'a>> {
        let begin = *self;
        let mut head = begin;
        let tag = head.byte()?;
        if tag & 0x1f == 0x1f {
            return Err(begin.fail("the tag is of the high form"));
        }
        let length = head.length()?;
        // Compared before it is added: where usize has 32 bits the sum may wrap, and end before its beginning.
        if length > self.end - head.at {
            return Err(begin.fail("the element is cut off"));
        }
        let end = head.at + length;
        self.at = end;
        Ok(Element {
            tag,
            whole: Span {
                start: begin.at as u32,
                end: end as u32,
            },
            content: Self {
                document: self.document,
                at: head.at,
                end,
            },
        })
    }

    /// The next element, which must have this tag.
    pub(crate) fn element(&mut self, tag: u8, what: &'static str) -> DerResult<Element<'a>> {
        if self.peek() == Some(tag) {
            self.any()
        } else {
            Err(self.fail(what))
        }
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn read(&mut self, tag: u8, what: &'static str) -> DerResult<Self> {
        Ok(self.element(tag, what)?.content)
    }

    /// The contents of the next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> DerResult<Option<Self>> {
        if self.peek() == Some(tag) {
            Ok(Some(self.any()?.content))
        } else {
            Ok(None)
        }
    }

    pub(crate) fn sequence(&mut self, what: &'static str) -> DerResult<Self> {
        self.read(tag::SEQUENCE, what)
    }

    /// The contents of a SEQUENCE OF that must not be empty.
    pub(crate) fn non_empty_sequence(&mut self, what: &'static str) -> DerResult<Self> {
        let content = self.sequence(what)?;
        if content.is_empty() {
            Err(content.fail(what))
        } else {
            Ok(content)
        }
    }

    /// BOOLEAN DEFAULT FALSE: absent, or TRUE.
    pub(crate) fn default_false(&mut self) -> DerResult<bool> {
        match self.optional(tag::BOOLEAN)? {
            None => Ok(false),
            Some(content) => content.is_true(),
        }
    }

    /// The contents of a BOOLEAN DEFAULT FALSE that is there: it can only be TRUE in DER.
    pub(crate) fn is_true(&self) -> DerResult<bool> {
        match self.bytes() {
            [0xff] => Ok(true),
            [0x00] => Err(self.fail("the default FALSE is encoded")),
            _ => Err(self.fail("a BOOLEAN is not FF or 00")),
        }
    }

    /// The contents of an INTEGER, minimal two's complement.
    pub(crate) fn integer(&mut self, what: &'static str) -> DerResult<Self> {
        self.read(tag::INTEGER, what)?.as_integer()
    }

    /// Checks these contents as those of an INTEGER.
    pub(crate) fn as_integer(self) -> DerResult<Self> {
        match self.bytes() {
            [] => Err(self.fail("an INTEGER is empty")),
            [0x00, next, ..] if next & 0x80 == 0 => Err(self.fail("an INTEGER is not minimal")),
            [0xff, next, ..] if next & 0x80 != 0 => Err(self.fail("an INTEGER is not minimal")),
            _ => Ok(self),
        }
    }

    /// These contents as an INTEGER (0..MAX); what does not fit is the largest number.
    pub(crate) fn as_count(self) -> DerResult<u32> {
        let bytes = self.as_integer()?.bytes();
        if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
            return Err(self.fail("a count is negative"));
        }
        Ok(bytes
            .iter()
            .try_fold(0u32, |value, byte| {
                value.checked_mul(256).map(|value| value | u32::from(*byte))
            })
            .unwrap_or(u32::MAX))
    }

    /// The contents of an OBJECT IDENTIFIER.
    pub(crate) fn oid(&mut self, what: &'static str) -> DerResult<Self> {
        self.read(tag::OID, what)?.as_oid()
    }

    /// Checks these contents as those of an OBJECT IDENTIFIER.
    pub(crate) fn as_oid(self) -> DerResult<Self> {
        let mut first_of_arc = true;
        for byte in self.bytes() {
            if first_of_arc && *byte == 0x80 {
                return Err(self.fail("an OBJECT IDENTIFIER is not minimal"));
            }
            first_of_arc = byte & 0x80 == 0;
        }
        if self.is_empty() || !first_of_arc {
            return Err(self.fail("an OBJECT IDENTIFIER is cut off"));
        }
        Ok(self)
    }

    /// Checks these contents as those of a BIT STRING, whose unused bits are zero (X.690, 11.2.1).
    pub(crate) fn as_bits(self) -> DerResult<()> {
        let sound = match self.bytes() {
            [0] => true,
            [unused @ 0..=7, .., last] => last.trailing_zeros() >= u32::from(*unused),
            _ => false,
        };
        if sound {
            Ok(())
        } else {
            Err(self.fail("a BIT STRING is malformed"))
        }
    }

    /// The octets of a BIT STRING without unused bits.
    pub(crate) fn octet_bits(&mut self, what: &'static str) -> DerResult<Self> {
        let mut content = self.read(tag::BIT_STRING, what)?;
        match content.byte()? {
            0 => Ok(content),
            _ => Err(content.fail("a BIT STRING has unused bits")),
        }
    }

    /// These contents as a named bit list of at most 16 bits (X.690, 11.2.2: no trailing zeros);
    /// bit 0 is the highest of the result.
    pub(crate) fn as_named_bits(self) -> DerResult<u16> {
        let (bytes, unused) = match self.bytes() {
            [unused @ 0..=7, bytes @ ..] if bytes.len() <= 2 => (bytes, u32::from(*unused)),
            _ => return Err(self.fail("a list of bits is malformed")),
        };
        let Some(last) = bytes.last() else {
            return if unused == 0 {
                Ok(0)
            } else {
                Err(self.fail("a list of bits is malformed"))
            };
        };
        if last.trailing_zeros() != unused {
            return Err(self.fail("a list of bits is not minimal"));
        }
        let second = bytes.get(1).copied().unwrap_or(0);
        Ok(u16::from_be_bytes([bytes[0], second]))
    }

    /// A Time: UTCTime or GeneralizedTime with seconds, in UTC (RFC 5280, 4.1.2.5).
    ///
    /// Issuers must use UTCTime up to 2049; readers must process both, so both are read.
    pub(crate) fn time(&mut self) -> DerResult<UnixMillis> {
        let element = self.any()?;
        match element.tag {
            tag::UTC_TIME | tag::GENERALIZED_TIME => element.content.as_time(element.tag),
            _ => Err(element.content.fail("a time is missing")),
        }
    }

    /// These contents as a time of this tag, in whole seconds.
    pub(crate) fn as_time(self, tag: u8) -> DerResult<UnixMillis> {
        let malformed = self.fail("a time is malformed");
        let year_digits = if tag == tag::UTC_TIME { 2 } else { 4 };
        let digits = self.bytes().strip_suffix(b"Z").ok_or(malformed)?;
        if digits.len() != year_digits + 10 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(malformed);
        }
        let number = |from: usize, count: usize| {
            digits[from..from + count]
                .iter()
                .fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'))
        };
        let year = match (number(0, year_digits), year_digits) {
            (year @ 0..=49, 2) => 2000 + year,
            (year, 2) => 1900 + year,
            (year, _) => year,
        };
        let part = |position: usize| number(year_digits + 2 * position, 2);
        let date = (i64::from(year), part(0), part(1));
        UnixMillis::from_civil(date, (part(2), part(3), part(4)), 0).ok_or(malformed)
    }
}

/// The one element that a document holds.
pub(crate) fn whole<'a>(document: &'a [u8], tag: u8, what: &'static str) -> DerResult<Reader<'a>> {
    let mut reader = Reader::new(document)?;
    let content = reader.read(tag, what)?;
    reader.finish()?;
    Ok(content)
}

mod value;

pub(crate) use value::wide;

#[cfg(test)]
mod tests;
