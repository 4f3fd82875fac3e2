use std::fmt::Display;

/// Why a command failed: a sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CliError(String);

impl CliError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// `what: why`
    pub(crate) fn about(what: impl Display, why: impl Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}
