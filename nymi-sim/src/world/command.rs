//! The text commands.

use std::str::{FromStr, SplitAsciiWhitespace};

use nymi_core::UnixMillis;
use nymi_core::tap::AdapterKind;

use super::{MAX_READERS, World};
use crate::band::{AuthenticationError, SerialNumber};
use crate::stream::Downlink;

/// Every command with its arguments, and what it does; `help` shows them.
pub const COMMANDS: [(&str, &str); 32] = [
    ("list", "the bands, as JSON"),
    ("add [SERIAL]", "a new band from the factory"),
    ("wear BAND", "put it on"),
    ("remove BAND", "take it off; ends authentication"),
    (
        "auth BAND [no-ecg]",
        "its wearer's finger, with or without a heartbeat",
    ),
    ("fail BAND [TIMES]", "a finger that does not match"),
    (
        "credentials BAND",
        "its wearer logs in with the directory password",
    ),
    (
        "policy BAND liveness|haptics|credentials on|off",
        "what the policy of its user says",
    ),
    (
        "capture BAND good|bad",
        "a part of the fingerprint template, during enrollment",
    ),
    ("register BAND", "write a registration into its memory"),
    ("screen BAND", "what its screen shows, as JSON"),
    (
        "press BAND GESTURE",
        "top, bottom, top+bottom, sensor-thrice, hold-top-S, hold-top+bottom-S or hold-charger-S seconds",
    ),
    ("charger BAND on|off", "put it on a charger, or take it off"),
    ("charge BAND MINUTES", "so long on the charger"),
    ("work BAND TAPS", "what so many taps of a workday cost"),
    ("fault BAND CODE [LINE]", "its firmware stops with a fault"),
    (
        "updater BAND on|off",
        "a firmware updater is connected to it",
    ),
    ("firmware BAND VERSION", "the updater installs firmware"),
    (
        "move BAND METRES",
        "put it at this distance from the adapter",
    ),
    ("walk BAND METRES MS", "walk it there within this time"),
    (
        "tap BAND ble|nfc [READER]",
        "hold it at the adapter, or on a reader",
    ),
    (
        "skew BAND MS",
        "its clock is this far ahead (negative: behind), until it is set again",
    ),
    ("drift BAND PPM", "how fast its clock runs"),
    (
        "battery BAND off|on",
        "empty or charge it; empty, it loses the time",
    ),
    ("delete BAND", "delete its user data"),
    ("reset BAND", "back to the factory's state"),
    ("mute BAND on|off", "it answers no terminal"),
    (
        "adapter off|on|KIND",
        "unplug or plug in the Bluetooth adapter, or one of another kind (bluegiga, bleuio, native, virtual)",
    ),
    ("reader off|on NAME", "unplug or plug in an NFC reader"),
    ("readers", "the NFC readers, as JSON"),
    (
        "radio",
        "turn this connection into the radio stream of an adapter",
    ),
    ("help", "this"),
];

const MAX_READER_NAME: usize = 64;

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No such command.
    #[error("no command {0:?}; `help` lists all")]
    Unknown(String),
    /// A command with wrong arguments.
    #[error("usage: {0}")]
    Usage(&'static str),
    /// An argument that is no such thing.
    #[error("{what} cannot be {found:?}; usage: {usage}")]
    Argument {
        /// The argument's name.
        what: &'static str,
        /// What was given.
        found: String,
        /// How the command is used.
        usage: &'static str,
    },
    /// No such band.
    #[error("no band {0:?}; `list` shows serial numbers and NymiBandIDs")]
    NoBand(String),
    /// No such reader.
    #[error("no NFC reader {0:?}; `readers` shows them")]
    NoReader(String),
    /// A serial number that is taken.
    #[error("there is a band {0} already")]
    Known(SerialNumber),
    /// A bound.
    #[error("at most {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The bound.
        most: usize,
    },
    /// The band does not let its wearer in.
    #[error("{serial}: {error}{}", hint(*error))]
    NotAuthenticated {
        /// Which band.
        serial: SerialNumber,
        /// Why not.
        error: AuthenticationError,
    },
    /// The band refuses something else.
    #[error("{serial}: {reason}")]
    Refused {
        /// Which band.
        serial: SerialNumber,
        /// Why.
        reason: String,
    },
    /// Only a connection can become a radio stream.
    #[error("`radio` works on a connection to the control port only")]
    NotHere,
}

/// Which command makes up for what is missing.
fn hint(error: AuthenticationError) -> &'static str {
    match error {
        AuthenticationError::BatteryEmpty => ": charge it with `battery BAND on`",
        AuthenticationError::NotWorn => ": put it on with `wear BAND`",
        AuthenticationError::NotEnrolled => ": enroll it first",
        AuthenticationError::LockedOut => {
            ": `credentials BAND`, or delete its user data and enroll it again"
        }
        _ => "",
    }
}

pub(super) struct Arguments<'a> {
    pub(super) usage: &'static str,
    pub(super) words: SplitAsciiWhitespace<'a>,
}

impl<'a> Arguments<'a> {
    pub(super) fn optional(&mut self) -> Option<&'a str> {
        self.words.next()
    }

    pub(super) fn word(&mut self) -> Result<&'a str, CommandError> {
        self.words.next().ok_or(CommandError::Usage(self.usage))
    }

    pub(super) fn rest(&mut self) -> String {
        self.words.by_ref().collect::<Vec<_>>().join(" ")
    }

    pub(super) fn end(&mut self) -> Result<(), CommandError> {
        self.words
            .next()
            .map_or(Ok(()), |_| Err(CommandError::Usage(self.usage)))
    }

    pub(super) fn bad(&self, what: &'static str, found: &str) -> CommandError {
        let found = found.chars().take(40).collect();
        CommandError::Argument {
            what,
            found,
            usage: self.usage,
        }
    }

    pub(super) fn number<T>(
        &mut self,
        what: &'static str,
        min: T,
        max: T,
    ) -> Result<T, CommandError>
    where
        T: FromStr + PartialOrd,
    {
        let text = self.word()?;
        let number = text
            .parse()
            .ok()
            .filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| self.bad(what, text))
    }

    pub(super) fn one_of(
        &mut self,
        what: &'static str,
        yes: &str,
        no: &str,
    ) -> Result<bool, CommandError> {
        match self.word()? {
            word if word == yes => Ok(true),
            word if word == no => Ok(false),
            word => Err(self.bad(what, word)),
        }
    }
}

fn usage(name: &str) -> Option<&'static str> {
    let first = |line: &str| line.split(' ').next().is_some_and(|word| word == name);
    COMMANDS
        .iter()
        .map(|(usage, _)| *usage)
        .find(|usage| first(usage))
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    // Plain data always serialises.
    serde_json::to_string(value).unwrap_or_default()
}

impl World {
    /// Runs one line of the control port; the answer is one line too.
    pub fn execute(&mut self, line: &str, now: UnixMillis) -> Result<String, CommandError> {
        let mut words = line.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let unknown = || CommandError::Unknown(name.chars().take(40).collect());
        let usage = usage(name).ok_or_else(unknown)?;
        let mut arguments = Arguments { usage, words };
        match name {
            "list" => arguments.end().map(|()| json(&self.bands(now))),
            "readers" => arguments.end().map(|()| json(&self.readers)),
            "help" => arguments.end().map(|()| help()),
            "radio" => Err(CommandError::NotHere),
            "add" => {
                let serial = arguments
                    .optional()
                    .map(|text| text.parse().map_err(|_| arguments.bad("SERIAL", text)))
                    .transpose()?;
                arguments.end()?;
                self.add(serial, now).map(|serial| serial.to_string())
            }
            "adapter" => {
                let wanted = arguments.word()?;
                arguments.end()?;
                match wanted {
                    "on" => Ok(self.plug_adapter(self.adapter_kind, true)),
                    "off" => Ok(self.plug_adapter(self.adapter_kind, false)),
                    kind => kind
                        .parse()
                        .map(|kind| self.plug_adapter(kind, true))
                        .map_err(|_| arguments.bad("off|on|KIND", kind)),
                }
            }
            "reader" => self.plug_reader(arguments),
            _ => self.band_command(name, arguments, now),
        }
    }

    /// There is one adapter: another kind takes the place of the one that was there.
    fn plug_adapter(&mut self, kind: AdapterKind, present: bool) -> String {
        if self.adapter && (kind != self.adapter_kind || !present) {
            self.adapter = false;
            self.events.push_back(self.adapter_state());
        }
        self.adapter_kind = kind;
        if present && !self.adapter {
            self.adapter = true;
            self.events.push_back(self.adapter_state());
        }
        format!("adapter {kind} {}", on_off(present))
    }

    fn plug_reader(&mut self, mut arguments: Arguments<'_>) -> Result<String, CommandError> {
        let present = arguments.one_of("reader", "on", "off")?;
        let name = arguments.rest();
        if name.is_empty() || name.len() > MAX_READER_NAME {
            return Err(arguments.bad("NAME", &name));
        }
        let known = self.readers.iter().position(|reader| *reader == name);
        match known {
            None if !present => return Err(CommandError::NoReader(name)),
            None if self.readers.len() >= MAX_READERS => {
                return Err(CommandError::TooMany {
                    what: "NFC readers",
                    most: MAX_READERS,
                });
            }
            None => self.readers.push(name.clone()),
            Some(index) if !present => {
                self.readers.remove(index);
            }
            Some(_) => return Ok(format!("reader {name} on")),
        }
        self.events.push_back(Downlink::Reader {
            name: name.clone(),
            present,
        });
        Ok(format!("reader {name} {}", on_off(present)))
    }
}

pub(super) fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn help() -> String {
    let lines: Vec<_> = COMMANDS
        .iter()
        .map(|(usage, does)| format!("{usage}: {does}"))
        .collect();
    format!(
        "{} | BAND is a serial number or NymiBandID",
        lines.join(" | ")
    )
}
