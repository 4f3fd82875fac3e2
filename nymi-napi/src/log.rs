//! `nymi_api.log`: one line per event, for whoever supports the application. A sink of the application
//! takes the same lines.
//!
//! The file is written by a thread of its own ([`LogFile`]), so that no caller and not the engine ever
//! waits for it. The engine runs on a thread of its own, and that thread's events go to this client's file, so
//! several clients in a process do not mix. Only events of this platform's crates are written:
//! libraries below may print message bodies at their lowest level, and those hold tokens.

use std::fmt::{self, Write as _};
use std::io;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use crate::config::{Clock, LogConfig, LogLevel, LogSink, WriteLog};
use crate::files;
use crate::log_file::LogFile;

/// The name of the file in the log directory.
const FILE_NAME: &str = "nymi_api.log";

/// Opens the log file and makes the subscriber that writes to it and to the sink; none without both.
/// `set_up` runs first on the thread that writes the file.
pub(crate) fn open(
    file: Option<&LogConfig>,
    sink: Option<&LogSink>,
    clock: Clock,
    set_up: Option<fn()>,
) -> io::Result<Option<Dispatch>> {
    if file.is_none() && sink.is_none() {
        return Ok(None);
    }
    let file = match file {
        Some(config) => open_file(config, &clock, set_up)?,
        None => None,
    };
    let sink = sink.and_then(|sink| Some((filter(sink.level)?, sink.write.clone())));
    if file.is_none() && sink.is_none() {
        return Ok(Some(Dispatch::none()));
    }
    Ok(Some(Dispatch::new(Log { file, sink, clock })))
}

/// The file, unless nothing is to be written.
fn open_file(
    config: &LogConfig,
    clock: &Clock,
    set_up: Option<fn()>,
) -> io::Result<Option<(LevelFilter, LogFile)>> {
    if !config.directory.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "there is no such directory",
        ));
    }
    let Some(level) = filter(config.level) else {
        return Ok(None);
    };
    let path = config.directory.join(FILE_NAME);
    let file = files::append(&path).map_err(named)?;
    let file = LogFile::start(file, path, files::append, clock.clone(), set_up)?;
    Ok(Some((level, file)))
}

fn named(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{FILE_NAME} there: {error}"))
}

fn filter(level: LogLevel) -> Option<LevelFilter> {
    match level {
        LogLevel::None => None,
        LogLevel::Normal => Some(LevelFilter::WARN),
        LogLevel::Info => Some(LevelFilter::INFO),
        LogLevel::Debug => Some(LevelFilter::DEBUG),
        LogLevel::Verbose => Some(LevelFilter::TRACE),
    }
}

/// The least that has to be asked for to hear of an event.
fn log_level(level: Level) -> LogLevel {
    match level {
        Level::ERROR | Level::WARN => LogLevel::Normal,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Verbose,
    }
}

/// Waits until a log's lines are in its file, but not long for a file that hangs.
pub(crate) fn flush(log: &Dispatch) {
    let log = log.downcast_ref::<Log>();
    if let Some((_, file)) = log.and_then(|log| log.file.as_ref()) {
        file.flush();
    }
}

struct Log {
    file: Option<(LevelFilter, LogFile)>,
    sink: Option<(LevelFilter, WriteLog)>,
    clock: Clock,
}

impl Log {
    /// The more talkative of the two.
    fn level(&self) -> LevelFilter {
        let file = self.file.as_ref().map(|(level, _)| *level);
        let sink = self.sink.as_ref().map(|(level, _)| *level);
        file.into_iter()
            .chain(sink)
            .max()
            .unwrap_or(LevelFilter::OFF)
    }
}

/// Events are all that is written: spans are not told apart.
impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level() && metadata.target().starts_with("nymi_")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level())
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let level = *event.metadata().level();
        let line = format!(
            "{} {level} - {}{}",
            (self.clock)(),
            text.message,
            text.fields
        );
        if let Some((_, write)) = self.sink.as_ref().filter(|(most, _)| level <= *most) {
            write(log_level(level), &line);
        }
        if let Some((_, file)) = self.file.as_ref().filter(|(most, _)| level <= *most) {
            file.add(line);
        }
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
    use std::sync::{Arc, Mutex};

    fn logged(level: LogLevel, events: impl FnOnce()) -> String {
        let directory = tempfile::tempdir().unwrap();
        let config = LogConfig {
            directory: directory.path().to_owned(),
            level,
        };
        let dispatch = open(Some(&config), None, Arc::new(|| UnixMillis(0)), None).unwrap();
        let dispatch = dispatch.unwrap();
        tracing::dispatcher::with_default(&dispatch, events);
        flush(&dispatch);
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
            assert!(open(Some(&config), None, Arc::new(|| UnixMillis(0)), None).is_err());
        }
    }

    #[test]
    fn file_and_sink_have_their_own_levels() {
        let directory = tempfile::tempdir().unwrap();
        let config = LogConfig {
            directory: directory.path().to_owned(),
            level: LogLevel::Normal,
        };
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = LogSink {
            level: LogLevel::Debug,
            write: {
                let lines = Arc::clone(&lines);
                Arc::new(move |level, line| lines.lock().unwrap().push((level, line.to_owned())))
            },
        };
        let clock: Clock = Arc::new(|| UnixMillis(0));
        let dispatch = open(Some(&config), Some(&sink), clock, None)
            .unwrap()
            .unwrap();
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::error!("both");
            tracing::debug!("the sink");
            tracing::trace!("neither");
        });
        let both = "1970-01-01T00:00:00.000Z ERROR - both";
        let debug = "1970-01-01T00:00:00.000Z DEBUG - the sink";
        assert_eq!(
            *lines.lock().unwrap(),
            [
                (LogLevel::Normal, both.to_owned()),
                (LogLevel::Debug, debug.to_owned())
            ]
        );
        flush(&dispatch);
        let file = std::fs::read_to_string(directory.path().join(FILE_NAME)).unwrap();
        assert_eq!(file, format!("{both}\n"));
    }
}
