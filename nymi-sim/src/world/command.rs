//! The text commands.

use std::str::{FromStr, SplitAsciiWhitespace};

use nymi_core::{BandId, UnixMillis};

use super::{ADAPTER_ID, Entry, MAX_READERS, World};
use crate::band::{AuthenticationError, SerialNumber};
use crate::radio::MAX_METRES;
use crate::stream::Downlink;

/// Every command with its arguments, and what it does; `help` shows them.
pub const COMMANDS: [(&str, &str); 20] = [
    ("list", "the bands, as JSON"),
    ("add [SERIAL]", "a new band from the factory"),
    ("wear BAND", "put it on"),
    ("remove BAND", "take it off; ends authentication"),
    ("auth BAND", "its wearer authenticates"),
    ("fail BAND [TIMES]", "a finger that does not match"),
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
    ("adapter off|on", "unplug or plug in the Bluetooth adapter"),
    ("reader off|on NAME", "unplug or plug in an NFC reader"),
    ("readers", "the NFC readers, as JSON"),
    (
        "radio",
        "turn this connection into the radio stream of an adapter",
    ),
    ("help", "this"),
];

const MAX_SKEW_MS: i64 = 1_000_000_000_000;
const MAX_WALK_MS: i64 = 3_600_000;
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
    #[error("{serial}: {error}")]
    NotAuthenticated {
        /// Which band.
        serial: SerialNumber,
        /// Why not.
        error: AuthenticationError,
    },
    /// Only a connection can become a radio stream.
    #[error("`radio` works on a connection to the control port only")]
    NotHere,
}

struct Arguments<'a> {
    usage: &'static str,
    words: SplitAsciiWhitespace<'a>,
}

impl<'a> Arguments<'a> {
    fn optional(&mut self) -> Option<&'a str> {
        self.words.next()
    }

    fn word(&mut self) -> Result<&'a str, CommandError> {
        self.words.next().ok_or(CommandError::Usage(self.usage))
    }

    fn rest(&mut self) -> String {
        self.words.by_ref().collect::<Vec<_>>().join(" ")
    }

    fn end(mut self) -> Result<(), CommandError> {
        self.words
            .next()
            .map_or(Ok(()), |_| Err(CommandError::Usage(self.usage)))
    }

    fn bad(&self, what: &'static str, found: &str) -> CommandError {
        let found = found.chars().take(40).collect();
        CommandError::Argument {
            what,
            found,
            usage: self.usage,
        }
    }

    fn number<T>(&mut self, what: &'static str, min: T, max: T) -> Result<T, CommandError>
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

    fn one_of(&mut self, what: &'static str, yes: &str, no: &str) -> Result<bool, CommandError> {
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

fn json<T: serde::Serialize>(value: &T) -> String {
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
                let present = arguments.one_of("adapter", "on", "off")?;
                arguments.end()?;
                Ok(self.plug_adapter(present))
            }
            "reader" => self.plug_reader(arguments),
            _ => self.band_command(name, arguments, now),
        }
    }

    fn plug_adapter(&mut self, present: bool) -> String {
        if self.adapter != present {
            self.adapter = present;
            self.events.push_back(Downlink::Adapter {
                id: ADAPTER_ID.to_owned(),
                present,
            });
        }
        format!("adapter {}", on_off(present))
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

    fn entry(&mut self, name: &str) -> Result<&mut Entry, CommandError> {
        let serial = name.parse::<SerialNumber>().ok();
        let address = name.parse::<BandId>().ok();
        let is_meant = |entry: &Entry| {
            serial
                .as_ref()
                .is_some_and(|serial| serial == entry.band.serial_number())
                || address.is_some_and(|address| entry.band.answers_to(address))
        };
        let found = self.bands.values_mut().find(|entry| is_meant(entry));
        found.ok_or_else(|| CommandError::NoBand(name.chars().take(40).collect()))
    }

    fn band_command(
        &mut self,
        name: &str,
        mut arguments: Arguments<'_>,
        now: UnixMillis,
    ) -> Result<String, CommandError> {
        let entry = self.entry(arguments.word()?)?;
        let serial = entry.band.serial_number().clone();
        let done = match name {
            "wear" | "remove" | "delete" | "reset" | "auth" => {
                arguments.end()?;
                simple(entry, name)
                    .map_err(|error| CommandError::NotAuthenticated {
                        serial: serial.clone(),
                        error,
                    })?
                    .to_owned()
            }
            "fail" => fail(entry, &mut arguments)?,
            "move" | "walk" => relocate(entry, name == "walk", &mut arguments, now)?,
            "tap" => {
                let on_reader = arguments.one_of("tap", "nfc", "ble")?;
                let reader = arguments.rest();
                if on_reader {
                    return self.tap_reader(&serial, &reader);
                }
                if !reader.is_empty() {
                    return Err(CommandError::Usage(arguments.usage));
                }
                tap_adapter(entry, now)?
            }
            "skew" => {
                let ms = arguments.number("MS", -MAX_SKEW_MS, MAX_SKEW_MS)?;
                arguments.end()?;
                entry.band.skew(ms);
                format!("clock {ms} ms ahead")
            }
            "drift" => {
                let ppm = arguments.number("PPM", -100_000, 100_000)?;
                arguments.end()?;
                entry.band.set_drift(now, ppm);
                format!("clock {ppm} ppm fast")
            }
            "battery" => {
                let charged = arguments.one_of("battery", "on", "off")?;
                arguments.end()?;
                entry.band.set_battery(now, charged, &mut entry.secrets);
                format!("battery {}", on_off(charged))
            }
            "mute" => {
                entry.mute = arguments.one_of("mute", "on", "off")?;
                arguments.end()?;
                format!("mute {}", on_off(entry.mute))
            }
            _ => return Err(CommandError::Unknown(name.to_owned())),
        };
        self.revision += 1;
        Ok(format!("{serial} {done}"))
    }

    fn tap_reader(&mut self, serial: &SerialNumber, reader: &str) -> Result<String, CommandError> {
        let is_meant = |name: &&String| reader.is_empty() || *name == reader;
        let found = self.readers.iter().find(is_meant);
        let reader = found
            .cloned()
            .ok_or_else(|| CommandError::NoReader(reader.to_owned()))?;
        let entry = self.entry(serial.as_str())?;
        let Some(uid) = entry.band.nfc_tap(&mut entry.secrets) else {
            return Ok(format!(
                "{serial} has no power, so that {reader} sees nothing"
            ));
        };
        let uid = hex::encode_upper(uid);
        let answer = format!("{serial} shows {uid} to {reader}");
        self.events.push_back(Downlink::Nfc { uid, reader });
        Ok(answer)
    }
}

fn simple(entry: &mut Entry, name: &str) -> Result<&'static str, AuthenticationError> {
    let band = &mut entry.band;
    Ok(match name {
        "wear" => {
            band.wear();
            "worn"
        }
        "remove" => {
            band.take_off();
            "taken off"
        }
        "delete" => {
            band.delete_user_data();
            "has no user any more"
        }
        "reset" => {
            band.reset();
            "as from the factory"
        }
        _ => {
            band.authenticate()?;
            "authenticated"
        }
    })
}

fn fail(entry: &mut Entry, arguments: &mut Arguments<'_>) -> Result<String, CommandError> {
    let times = match arguments.words.clone().next() {
        Some(_) => arguments.number("TIMES", 1, 1000)?,
        None => 1,
    };
    let serial = entry.band.serial_number().clone();
    let mut last = AuthenticationError::NoMatch;
    for _ in 0..times {
        if let Err(error) = entry.band.mismatch() {
            last = error;
        }
    }
    match last {
        AuthenticationError::NoMatch => Ok("NO MATCH".to_owned()),
        error => Err(CommandError::NotAuthenticated { serial, error }),
    }
}

fn relocate(
    entry: &mut Entry,
    walk: bool,
    arguments: &mut Arguments<'_>,
    now: UnixMillis,
) -> Result<String, CommandError> {
    let metres = arguments.number("METRES", 0.0, MAX_METRES)?;
    if !walk {
        entry.walk.place(metres, now);
    } else if !entry
        .walk
        .walk(metres, arguments.number("MS", 0, MAX_WALK_MS)?, now)
    {
        return Err(CommandError::TooMany {
            what: "movements in a row",
            most: 8,
        });
    }
    if arguments.optional().is_some() {
        return Err(CommandError::Usage(arguments.usage));
    }
    Ok(format!("at {metres} m"))
}

fn tap_adapter(entry: &mut Entry, now: UnixMillis) -> Result<String, CommandError> {
    if !entry.walk.tap(now) {
        return Err(CommandError::TooMany {
            what: "taps in a row",
            most: 8,
        });
    }
    let heard = if entry.band.advertises() {
        ""
    } else {
        ", but it does not advertise"
    };
    Ok(format!("is held at the adapter{heard}"))
}

fn on_off(on: bool) -> &'static str {
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
