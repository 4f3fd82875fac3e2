//! GeneralName (RFC 5280, 4.2.1.6), as alternative names, name constraints and CRLs use it.

use alloc::vec::Vec;

use super::der::{DerResult, Element, Reader, Span, tag};
use super::name;

/// A name of one of the nine forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneralName {
    /// A mailbox.
    Rfc822(Span),
    /// A DNS name.
    Dns(Span),
    /// A Name, the whole SEQUENCE.
    Directory(Span),
    /// A URI.
    Uri(Span),
    /// An IP address, or address and mask in a constraint.
    Ip(Span),
    /// A mailbox beyond ASCII (RFC 9598), the whole element; we do not interpret it, and constraints on
    /// mailboxes are for it too.
    Utf8Mailbox(Span),
    /// A form that we do not interpret: its tag and the whole element.
    Other(u8, Span),
}

/// id-on-SmtpUTF8Mailbox, 1.3.6.1.5.5.7.8.9.
const SMTP_UTF8_MAILBOX: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x09];

/// Checks these contents as one DirectoryString, which is not empty (RFC 5280, 4.1.2.4).
fn directory_string(mut content: Reader<'_>) -> DerResult<()> {
    let text = content.value()?;
    content.finish()?;
    let is_string = matches!(
        text.tag,
        tag::TELETEX_STRING
            | tag::PRINTABLE_STRING
            | tag::UNIVERSAL_STRING
            | tag::UTF8_STRING
            | tag::BMP_STRING
    );
    if is_string && !text.content.is_empty() {
        Ok(())
    } else {
        Err(text.content.fail("a name of an EDI party is no text"))
    }
}

impl GeneralName {
    /// How many octets it has.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::Rfc822(span)
            | Self::Dns(span)
            | Self::Directory(span)
            | Self::Uri(span)
            | Self::Ip(span)
            | Self::Utf8Mailbox(span)
            | Self::Other(_, span) => span.len(),
        }
    }

    fn read(element: Element<'_>) -> DerResult<Self> {
        let content = element.content;
        let ia5 = || {
            if content.bytes().is_ascii() {
                Ok(content.span())
            } else {
                Err(content.fail("a name is not ASCII text"))
            }
        };
        match element.tag {
            0x81 => Ok(Self::Rfc822(ia5()?)),
            0x82 => Ok(Self::Dns(ia5()?)),
            0x86 => Ok(Self::Uri(ia5()?)),
            0x87 => Ok(Self::Ip(content.span())),
            0xa4 => {
                let mut explicit = content;
                let inner = explicit.element(tag::SEQUENCE, "a directory name is not a Name")?;
                explicit.finish()?;
                name::check(inner.content)?;
                Ok(Self::Directory(inner.whole))
            }
            0x88 => {
                content.as_oid()?;
                Ok(Self::Other(element.tag, element.whole))
            }
            0xa0 => {
                let mut other = content;
                let kind = other.oid("another name has no type")?;
                let mut value =
                    other.read(tag::context_constructed(0), "another name has no value")?;
                other.finish()?;
                value.value()?;
                value.finish()?;
                if kind.bytes() == SMTP_UTF8_MAILBOX {
                    Ok(Self::Utf8Mailbox(element.whole))
                } else {
                    Ok(Self::Other(element.tag, element.whole))
                }
            }
            0xa3 => {
                // ORAddress (RFC 5280, appendix A.1): a SEQUENCE of standard attributes, then others.
                let mut address = content;
                address.sequence("an X.400 address has no attributes")?;
                content.check_values()?;
                Ok(Self::Other(element.tag, element.whole))
            }
            0xa5 => {
                let mut party = content;
                if let Some(assigner) = party.optional(tag::context_constructed(0))? {
                    directory_string(assigner)?;
                }
                let name = tag::context_constructed(1);
                directory_string(party.read(name, "an EDI party has no name")?)?;
                party.finish()?;
                Ok(Self::Other(element.tag, element.whole))
            }
            _ => Err(content.fail("a name has no known form")),
        }
    }

    /// The next GeneralName.
    pub(crate) fn next(reader: &mut Reader<'_>) -> DerResult<Self> {
        Self::read(reader.any()?)
    }

    /// All names up to the end; at least one.
    pub(crate) fn list(mut reader: Reader<'_>) -> DerResult<Vec<Self>> {
        if reader.is_empty() {
            return Err(reader.fail("a list of names is empty"));
        }
        let mut names = Vec::new();
        while !reader.is_empty() {
            names.push(Self::next(&mut reader)?);
        }
        Ok(names)
    }

    /// The number that tells the forms apart; two names of one form can be compared.
    pub(crate) const fn form(self) -> u8 {
        match self {
            Self::Rfc822(_) => 1,
            Self::Dns(_) => 2,
            Self::Directory(_) => 4,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::Utf8Mailbox(_) => 0,
            Self::Other(tag, _) => tag & 0x1f,
        }
    }

    /// A key that is equal for equal names: directory names by their canonical form, all others by
    /// their bytes.
    pub(crate) fn key(self, document: &[u8]) -> (u8, name::Canonical) {
        match self {
            Self::Directory(span) => (4, name::canonical(span.of(document))),
            Self::Rfc822(span)
            | Self::Dns(span)
            | Self::Uri(span)
            | Self::Ip(span)
            | Self::Utf8Mailbox(span)
            | Self::Other(_, span) => (self.form(), alloc::vec![span.of(document).to_vec()]),
        }
    }
}
