//! What commands print.

use std::io::{self, StdoutLock, Write as _};

use crate::error::CliError;

/// Writes to standard output. A reader that has seen enough, such as `head`, is no failure: the exit
/// code still says what the command found.
pub(crate) fn print(
    write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>,
) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::about("standard output", error))
        }
        _ => Ok(()),
    }
}
