//! A strict reader of DER (X.690, 10 and 11), for untrusted input.

/// A rule of DER, or of the structure that was expected, is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at byte {offset})")]
pub struct DerError {
    pub(crate) what: &'static str,
    pub(crate) offset: usize,
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
