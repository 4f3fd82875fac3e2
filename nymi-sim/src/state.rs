//! The state file: the bands' memory, keys included, so mode 0600 and replaced atomically.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use nymi_net::durable::{self, Readers};
use zeroize::Zeroizing;

use crate::world::{RestoreError, SavedWorld};

/// Why bands cannot be remembered.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be read.
    #[error("the state file {path} cannot be read: {source}; check its owner and mode", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("the state file {path} cannot be written: {source}; check that its directory is writable and has room", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is not a state file.
    #[error("{path} is not a state file of nymulator ({reason}); move it away to start with new bands", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

const MAX_STATE: u64 = 16 * 1024 * 1024;

/// Reads a state file; none if there is none.
pub(crate) fn load(path: &Path) -> Result<Option<SavedWorld>, StateError> {
    let read_error = |source| StateError::Read {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read_error(error)),
    };
    let mut text = Zeroizing::new(Vec::new());
    file.take(MAX_STATE)
        .read_to_end(&mut text)
        .map_err(read_error)?;
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| content(path, &error))
}

/// The error for a file whose content cannot be.
pub(crate) fn unusable(path: &Path, error: &RestoreError) -> StateError {
    StateError::Content {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

fn content(path: &Path, error: &serde_json::Error) -> StateError {
    // serde's own message may quote a value, and values here are keys.
    let reason = format!("line {}, column {}", error.line(), error.column());
    StateError::Content {
        path: path.to_owned(),
        reason,
    }
}

/// Replaces a state file: whoever reads it sees the old or the new, never a part.
pub(crate) fn save(path: &Path, world: &SavedWorld) -> Result<(), StateError> {
    let write = || -> io::Result<()> {
        let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
        serde_json::to_writer_pretty(&mut *text, world)?;
        durable::write(path, &text, Readers::Owner)
    };
    write().map_err(|source| StateError::Write {
        path: path.to_owned(),
        source,
    })
}
