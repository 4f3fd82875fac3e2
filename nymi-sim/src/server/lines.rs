//! Lines of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// What came instead of a line.
#[derive(Debug)]
pub(super) enum LineError {
    /// More bytes than allowed without an end of line.
    TooLong,
    /// Not UTF-8.
    NotText,
    /// The connection broke.
    Io,
}

impl From<io::Error> for LineError {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// Reads lines; one that is cut off by a cancelled call is continued by the next.
pub(super) struct Lines<R> {
    reader: R,
    begun: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            begun: Vec::new(),
        }
    }

    /// The next line without its end; none at the end of the connection. Safe to cancel.
    pub(super) async fn next(&mut self, max: usize) -> Result<Option<String>, LineError> {
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                return if self.begun.is_empty() {
                    Ok(None)
                } else {
                    self.finish().map(Some)
                };
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(available.len());
            if self.begun.len() + taken > max {
                return Err(LineError::TooLong);
            }
            self.begun.extend(&available[..taken]);
            self.reader.consume(end.map_or(taken, |end| end + 1));
            if end.is_some() {
                return self.finish().map(Some);
            }
        }
    }

    fn finish(&mut self) -> Result<String, LineError> {
        let mut line = std::mem::take(&mut self.begun);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        String::from_utf8(line).map_err(|_| LineError::NotText)
    }
}
