//! The textual encoding of certificates, requests and revocation lists (RFC 7468).

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Text in which no certificate, request or list could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// There is no block with the label that was asked for.
    #[error("no \"-----BEGIN {0}-----\" block was found: give the PEM file with it")]
    Missing(String),
    /// A block begins and has no end.
    #[error("a \"{0}\" block is cut off: the line \"-----END {0}-----\" is missing")]
    Unterminated(String),
    /// The contents of a block are not base64.
    #[error("block {1} with the label \"{0}\" is not valid base64: copy the file again")]
    Base64(String, usize),
}

/// The contents of every block with this label (such as `CERTIFICATE`), in order; at least one.
///
/// Text outside the blocks and blocks with other labels are passed over, as are blank space and
/// line breaks within the base64.
///
/// ```
/// use nymi_core::chain::pem;
/// let text = pem::encode("CERTIFICATE", &[1, 2, 3]);
/// assert_eq!(pem::decode(&text, "CERTIFICATE"), Ok(vec![vec![1, 2, 3]]));
/// assert!(pem::decode(&text, "X509 CRL").is_err());
/// ```
///
/// # Errors
/// No block has the label, one does not end, or its contents are not base64.
pub fn decode(text: &str, label: &str) -> Result<Vec<Vec<u8>>, PemError> {
    let begin = alloc::format!("-----BEGIN {label}-----");
    let end = alloc::format!("-----END {label}-----");
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(&begin) {
        let (body, after) = after
            .split_once(&end)
            .ok_or_else(|| PemError::Unterminated(label.into()))?;
        let mut compact = String::with_capacity(body.len());
        compact.extend(body.chars().filter(|char| !char.is_ascii_whitespace()));
        let der = STANDARD
            .decode(&compact)
            .map_err(|_| PemError::Base64(label.into(), blocks.len() + 1))?;
        blocks.push(der);
        rest = after;
    }
    if blocks.is_empty() {
        return Err(PemError::Missing(label.into()));
    }
    Ok(blocks)
}

/// One block with this label, lines of 64 characters, with a line break at the end.
pub fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = alloc::format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&alloc::format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn says_what_is_wrong_with_the_text() {
        let missing = PemError::Missing("CERTIFICATE".into());
        assert_eq!(decode("hello", "CERTIFICATE"), Err(missing));
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert_eq!(
            decode(cut, "CERTIFICATE"),
            Err(PemError::Unterminated("CERTIFICATE".into()))
        );
        let bad = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        assert_eq!(
            decode(bad, "CERTIFICATE"),
            Err(PemError::Base64("CERTIFICATE".into(), 1))
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(blocks in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..200), 1..4)) {
            let text: String = blocks.iter().map(|der| encode("CERTIFICATE", der)).collect();
            let noisy = alloc::format!("subject=x\r\n{text}\ntrailing");
            prop_assert_eq!(decode(&noisy, "CERTIFICATE"), Ok(blocks));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = decode(&text, "CERTIFICATE");
        }
    }
}
