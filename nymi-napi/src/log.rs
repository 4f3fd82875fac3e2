//! `nymi_api.log`: one line per event, for whoever supports the application.
//!
//! The engine runs on a thread of its own, and that thread's events go to this client's file, so
//! several clients in a process do not mix. Only events of this platform's crates are written:
//! libraries below may print message bodies at their lowest level, and those hold tokens.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::config::{Clock, LogConfig, LogLevel};

/// The name of the file in the log directory.
const FILE_NAME: &str = "nymi_api.log";

/// Opens the log file and makes the subscriber that writes to it.
pub(crate) fn open(config: &LogConfig, clock: Clock) -> io::Result<Dispatch> {
    if !config.directory.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "there is no such directory",
        ));
    }
    let level = match config.level {
        LogLevel::None => return Ok(Dispatch::none()),
        LogLevel::Normal => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Verbose => LevelFilter::TRACE,
    };
    let file = append_to(&config.directory.join(FILE_NAME))?;
    let layer = LogFile {
        file: Mutex::new(file),
        level,
        clock,
    };
    Ok(Dispatch::new(tracing_subscriber::registry().with(layer)))
}

fn append_to(path: &std::path::Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o640);
    }
    options.open(path)
}

struct LogFile {
    file: Mutex<File>,
    level: LevelFilter,
    clock: Clock,
}

impl<S: Subscriber> Layer<S> for LogFile {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.level && metadata.target().starts_with("nymi_")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let line = format!(
            "{} {} - {}{}\n",
            (self.clock)(),
            event.metadata().level(),
            text.message,
            text.fields
        );
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not stop the application.
        let _ = file.write_all(line.as_bytes());
    }
}

/// An event's message and fields, each on one line whatever a peer put into them.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(OneLine(&mut self.message), "{value:?}");
        } else {
            let _ = write!(OneLine(&mut self.fields), " {}={value:?}", field.name());
        }
    }
}

struct OneLine<'a>(&'a mut String);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            if char.is_control() {
                self.0.extend(char.escape_default());
            } else {
                self.0.push(char);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nymi_core::UnixMillis;
    use std::sync::Arc;

    fn logged(level: LogLevel, events: impl FnOnce()) -> String {
        let directory = tempfile::tempdir().unwrap();
        let config = LogConfig {
            directory: directory.path().to_owned(),
            level,
        };
        let dispatch = open(&config, Arc::new(|| UnixMillis(0))).unwrap();
        tracing::dispatcher::with_default(&dispatch, events);
        std::fs::read_to_string(directory.path().join(FILE_NAME)).unwrap_or_default()
    }

    #[test]
    fn a_line_per_event_at_or_above_the_level() {
        let text = logged(LogLevel::Info, || {
            tracing::info!(band = 3, "hello\nworld");
            tracing::debug!("not this");
            tracing::error!(target: "tungstenite", "nor this");
        });
        assert_eq!(
            text,
            "1970-01-01T00:00:00.000Z INFO - hello\\nworld band=3\n"
        );
        let text = logged(LogLevel::Normal, || {
            tracing::info!("not this");
            tracing::warn!("this");
        });
        assert_eq!(text, "1970-01-01T00:00:00.000Z WARN - this\n");
        assert_eq!(logged(LogLevel::None, || tracing::error!("nothing")), "");
    }

    #[test]
    fn a_directory_that_is_not_there_is_refused() {
        for level in [LogLevel::None, LogLevel::Verbose] {
            let config = LogConfig {
                directory: "/nowhere/at/all".into(),
                level,
            };
            assert!(open(&config, Arc::new(|| UnixMillis(0))).is_err());
        }
    }
}
