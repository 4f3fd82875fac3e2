//! The state file.

/// Why bands cannot be remembered.
#[derive(Debug, thiserror::Error)]
#[error("state")]
pub struct StateError;
