//! Recorded samples: what an adapter heard while somebody said what was going on.
//!
//! ```text
//! time_ms,address,rssi,label
//! 1700000000000,DD:34:A2:0F:0B:0D,-63,close
//! 1700000000100,DD:34:A2:0F:0B:0D,-41,tap
//! ```
//!
//! | label | while |
//! | --- | --- |
//! | `tap` | the wearer holds the band at the adapter |
//! | `close` | the wearer works at the terminal and does not tap |
//! | `far` | the wearer is away from the terminal |
//! | `not_tap` | anything else that must not tap: walking by, lying near |
//!
//! One line a sample, in order of time; `\n` or `\r\n`; empty lines and lines that begin with `#` are
//! skipped. Size and number are bounded: a file from elsewhere costs no more memory than that.
//!
//! ```
//! use nymi_core::tap::recording::{Label, Recording, RecordingError};
//!
//! let text = "time_ms,address,rssi,label\n1700000000000,DD:34:A2:0F:0B:0D,-63,close\n";
//! let recording: Recording = text.parse()?;
//! assert_eq!(recording.samples()[0].label, Label::Close);
//! assert_eq!(recording.to_csv(), text);
//!
//! let refused = text.replace("close", "near").parse::<Recording>().unwrap_err();
//! assert!(matches!(refused, RecordingError::Value { line: 2, column: "label", .. }));
//! # Ok::<(), RecordingError>(())
//! ```

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::detector::MEASURABLE_DBM;
use super::track::FORGOTTEN_MS;
use crate::{BandId, UnixMillis};

/// The first line of a file.
pub const HEADER: &str = "time_ms,address,rssi,label";
/// The most samples: two and a half hours of one band.
pub const MAX_SAMPLES: usize = 100_000;
/// The most bands.
pub const MAX_RECORDED_BANDS: usize = 64;
/// The longest line, bytes.
pub const MAX_LINE: usize = 128;

/// What the wearer was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// Held the band at the adapter.
    Tap,
    /// Worked at the terminal.
    Close,
    /// Was away.
    Far,
    /// Something else that is not a tap.
    NotTap,
}

impl Label {
    /// Every label with its text.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Tap, "tap"),
        (Self::Close, "close"),
        (Self::Far, "far"),
        (Self::NotTap, "not_tap"),
    ];
}

/// The text in a file.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(label, _)| label == self);
        f.write_str(known.map_or("", |(_, text)| text))
    }
}

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it was heard.
    pub at: UnixMillis,
    /// Whose.
    pub band: BandId,
    /// How strongly, dBm.
    pub rssi_dbm: i16,
    /// What was going on.
    pub label: Label,
}

/// A line of a file, without its end.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            band,
            rssi_dbm,
            label,
        } = self;
        write!(f, "{},{band},{rssi_dbm},{label}", at.0)
    }
}

/// Samples in order of time, within the bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording(Vec<Sample>);

/// Why samples are not a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// Another first line.
    #[error("line 1 is {found:?}; it must be {HEADER:?}")]
    Header {
        /// What was there.
        found: String,
    },
    /// A value that cannot be.
    #[error("line {line}: {column} is {found:?}; it must be {rule}")]
    Value {
        /// Counted from 1; in samples that were not read from text, the sample.
        line: usize,
        /// The column.
        column: &'static str,
        /// What was there.
        found: String,
        /// What must be there.
        rule: &'static str,
    },
    /// Not four columns, or too long.
    #[error("line {line} must have four columns ({HEADER}) and at most {MAX_LINE} bytes")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// Too many samples.
    #[error("there are more than {MAX_SAMPLES} samples; record less at once")]
    Samples,
    /// Too many bands.
    #[error("there are more than {MAX_RECORDED_BANDS} bands; record fewer at once")]
    Bands,
}

impl Recording {
    /// The samples.
    pub fn samples(&self) -> &[Sample] {
        &self.0
    }

    /// The file.
    pub fn to_csv(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for sample in &self.0 {
            text.push_str(&format!("{sample}\n"));
        }
        text
    }

    /// Several recordings as one, each after the one before and so long after it that a detector has
    /// forgotten every band: none sees the end of one in the beginning of the next. Their own times
    /// do not matter.
    ///
    /// # Errors
    /// Together they are beyond the bounds.
    pub fn joined(parts: &[Self]) -> Result<Self, RecordingError> {
        let mut samples: Vec<Sample> = Vec::new();
        for part in parts {
            let from = part.0.first().map_or(0, |sample| sample.at.0);
            let begin = samples
                .last()
                .map_or(from, |sample| sample.at.0.saturating_add(FORGOTTEN_MS));
            if samples.len() + part.0.len() > MAX_SAMPLES {
                return Err(RecordingError::Samples);
            }
            samples.extend(part.0.iter().map(|sample| Sample {
                at: UnixMillis(sample.at.0.saturating_sub(from).saturating_add(begin)),
                ..*sample
            }));
        }
        samples.try_into()
    }

    fn check(samples: &[Sample], line_of: impl Fn(usize) -> usize) -> Result<(), RecordingError> {
        let mut bands = BTreeSet::new();
        let mut before = i64::MIN;
        for (index, sample) in samples.iter().enumerate() {
            let value = |column, found, rule| RecordingError::Value {
                line: line_of(index),
                column,
                found,
                rule,
            };
            let time = sample.at.0;
            if !(0..=MAX_TIME_MS).contains(&time) {
                return Err(value("time_ms", format!("{time}"), TIME_RULE));
            }
            if time < before {
                return Err(value("time_ms", format!("{time}"), ORDER_RULE));
            }
            if !MEASURABLE_DBM.contains(&sample.rssi_dbm) {
                return Err(value("rssi", format!("{}", sample.rssi_dbm), RSSI_RULE));
            }
            before = time;
            bands.insert(sample.band);
            if bands.len() > MAX_RECORDED_BANDS {
                return Err(RecordingError::Bands);
            }
        }
        Ok(())
    }
}

/// The end of the year 9999.
const MAX_TIME_MS: i64 = 253_402_300_799_999;
const TIME_RULE: &str = "a whole number of milliseconds since 1970, up to the year 9999";
const ORDER_RULE: &str = "at or after the time of the line before";
const ADDRESS_RULE: &str = "a NymiBandID, such as AA:BB:CC:DD:EE:FF";
const RSSI_RULE: &str = "a whole number from -127 to 20 (dBm)";
const LABEL_RULE: &str = "tap, close, far or not_tap";

/// Samples that were not read from text.
impl TryFrom<Vec<Sample>> for Recording {
    type Error = RecordingError;

    fn try_from(samples: Vec<Sample>) -> Result<Self, RecordingError> {
        if samples.len() > MAX_SAMPLES {
            return Err(RecordingError::Samples);
        }
        Self::check(&samples, |index| index + 1)?;
        Ok(Self(samples))
    }
}

/// Reads a file.
impl FromStr for Recording {
    type Err = RecordingError;

    fn from_str(text: &str) -> Result<Self, RecordingError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines().enumerate();
        let header = lines.next().map_or("", |(_, line)| line);
        if header.trim_end() != HEADER {
            let found = header.chars().take(60).collect();
            return Err(RecordingError::Header { found });
        }
        let (mut samples, mut numbers) = (Vec::new(), Vec::new());
        for (index, line) in lines {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if samples.len() == MAX_SAMPLES {
                return Err(RecordingError::Samples);
            }
            samples.push(sample(index + 1, line)?);
            numbers.push(index + 1);
        }
        Self::check(&samples, |index| numbers[index])?;
        Ok(Self(samples))
    }
}

fn sample(line: usize, text: &str) -> Result<Sample, RecordingError> {
    let wrong = RecordingError::Line { line };
    if text.len() > MAX_LINE {
        return Err(wrong);
    }
    let mut columns = text.split(',').map(str::trim);
    let mut next = || columns.next().ok_or_else(|| wrong.clone());
    let (time, address, rssi, label) = (next()?, next()?, next()?, next()?);
    if columns.next().is_some() {
        return Err(wrong);
    }
    let value = |column, found: &str, rule| RecordingError::Value {
        line,
        column,
        found: found.into(),
        rule,
    };
    let at = time
        .parse()
        .map_err(|_| value("time_ms", time, TIME_RULE))?;
    let known = Label::ALL.iter().find(|(_, text)| *text == label);
    Ok(Sample {
        at: UnixMillis(at),
        band: address
            .parse()
            .map_err(|_| value("address", address, ADDRESS_RULE))?,
        rssi_dbm: rssi.parse().map_err(|_| value("rssi", rssi, RSSI_RULE))?,
        label: known
            .map(|(label, _)| *label)
            .ok_or_else(|| value("label", label, LABEL_RULE))?,
    })
}
