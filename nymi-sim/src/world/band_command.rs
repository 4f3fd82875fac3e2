//! The text commands that name a band.

use std::str::FromStr;

use nymi_core::band::{Fault, FaultCode, Finger, Gesture, Screen, SerialNumber, UserData};
use nymi_core::{BandId, UnixMillis};

use super::command::{Arguments, CommandError, json, on_off};
use super::{Entry, World};
use crate::band::{AuthenticationError, Band};
use crate::radio::MAX_METRES;
use crate::stream::Downlink;

const MAX_SKEW_MS: i64 = 1_000_000_000_000;
const MAX_WALK_MS: i64 = 3_600_000;

impl World {
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

    pub(super) fn band_command(
        &mut self,
        name: &str,
        mut arguments: Arguments<'_>,
        now: UnixMillis,
    ) -> Result<String, CommandError> {
        let entry = self.entry(arguments.word()?)?;
        let serial = entry.band.serial_number().clone();
        let done = match name {
            "screen" => {
                arguments.end()?;
                return Ok(json(&Shown::new(&entry.band.screen())));
            }
            "press" => {
                let gesture = gesture(&mut arguments)?;
                arguments.end()?;
                let shown = entry.band.press(gesture);
                self.revision += 1;
                return Ok(json(&shown.iter().map(Shown::new).collect::<Vec<_>>()));
            }
            "auth" | "fail" | "credentials" => finger(entry, name, &mut arguments)?,
            "policy" | "capture" | "register" | "fault" | "updater" | "firmware" => {
                firmware(&mut entry.band, name, &mut arguments)?
            }
            "charger" | "charge" | "work" | "battery" => power(entry, name, &mut arguments, now)?,
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
            _ => simple(entry, name, &mut arguments, now)?,
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

/// A screen, as `screen` and `press` print it.
#[derive(serde::Serialize)]
struct Shown {
    rows: Vec<String>,
    icon: Option<&'static str>,
}

impl Shown {
    fn new(screen: &Screen) -> Self {
        Self {
            rows: screen.rows(),
            icon: screen.icon(),
        }
    }
}

fn simple(
    entry: &mut Entry,
    name: &str,
    arguments: &mut Arguments<'_>,
    now: UnixMillis,
) -> Result<String, CommandError> {
    if !matches!(name, "skew" | "drift" | "mute") {
        arguments.end()?;
    }
    let band = &mut entry.band;
    Ok(match name {
        "wear" => {
            band.wear();
            "worn".to_owned()
        }
        "remove" => {
            band.take_off();
            "taken off".to_owned()
        }
        "delete" => {
            band.delete_user_data();
            "has no user any more".to_owned()
        }
        "reset" => {
            band.reset();
            "as from the factory".to_owned()
        }
        "skew" => {
            let ms = arguments.number("MS", -MAX_SKEW_MS, MAX_SKEW_MS)?;
            arguments.end()?;
            band.skew(ms);
            format!("clock {ms} ms ahead")
        }
        "drift" => {
            let ppm = arguments.number("PPM", -100_000, 100_000)?;
            arguments.end()?;
            band.set_drift(now, ppm);
            format!("clock {ppm} ppm fast")
        }
        "mute" => {
            let mute = arguments.one_of("mute", "on", "off")?;
            arguments.end()?;
            entry.mute = mute;
            format!("mute {}", on_off(entry.mute))
        }
        _ => return Err(CommandError::Unknown(name.to_owned())),
    })
}

fn finger(
    entry: &mut Entry,
    name: &str,
    arguments: &mut Arguments<'_>,
) -> Result<String, CommandError> {
    let serial = entry.band.serial_number().clone();
    let refused = |error| CommandError::NotAuthenticated {
        serial: serial.clone(),
        error,
    };
    match name {
        "fail" => {
            let times = match arguments.words.clone().next() {
                Some(_) => arguments.number("TIMES", 1, 1000)?,
                None => 1,
            };
            arguments.end()?;
            let mut last = entry.band.touch(Finger::Other);
            for _ in 1..times {
                last = entry.band.touch(Finger::Other);
            }
            match last.result {
                Err(AuthenticationError::NoMatch) => Ok(last.screen.rows().join(" ")),
                Err(error) => Err(refused(error)),
                Ok(()) => Ok(String::new()),
            }
        }
        "auth" => {
            let ecg = match arguments.optional() {
                None => true,
                Some("no-ecg") => false,
                Some(_) => return Err(CommandError::Usage(arguments.usage)),
            };
            arguments.end()?;
            let feedback = entry.band.touch(Finger::Right { ecg });
            feedback.result.map_err(refused)?;
            Ok("authenticated".to_owned())
        }
        _ => {
            arguments.end()?;
            entry.band.authenticate_by_credentials().map_err(refused)?;
            Ok("authenticated".to_owned())
        }
    }
}

fn firmware(
    band: &mut Band,
    name: &str,
    arguments: &mut Arguments<'_>,
) -> Result<String, CommandError> {
    let serial = band.serial_number().clone();
    let refuse = |reason: String| CommandError::Refused { serial, reason };
    match name {
        "policy" => {
            let field: fn(&mut UserData) -> &mut bool = match arguments.word()? {
                "liveness" => |user| &mut user.liveness,
                "haptics" => |user| &mut user.haptics,
                "credentials" => |user| &mut user.corporate_credentials,
                word => return Err(arguments.bad("policy", word)),
            };
            let on = arguments.one_of("policy", "on", "off")?;
            arguments.end()?;
            band.set_policy(|user| *field(user) = on);
            Ok(format!("policy {}", on_off(on)))
        }
        "capture" => {
            let good = arguments.one_of("capture", "good", "bad")?;
            arguments.end()?;
            band.capture(good).map_err(|e| refuse(e.to_string()))?;
            Ok("captured".to_owned())
        }
        "register" => {
            arguments.end()?;
            band.register().map_err(|e| refuse(e.to_string()))?;
            Ok("registered".to_owned())
        }
        "fault" => {
            let code: FaultCode = parsed(arguments, "CODE")?;
            let line = match arguments.words.clone().next() {
                Some(_) => arguments.number("LINE", 0, u32::MAX)?,
                None => 0,
            };
            arguments.end()?;
            band.fail(Fault { code, line });
            Ok(format!("shows {code} {line}"))
        }
        "updater" => {
            let on = arguments.one_of("updater", "on", "off")?;
            arguments.end()?;
            band.connect_updater(on);
            Ok(format!("updater {}", on_off(on)))
        }
        _ => {
            let version = parsed(arguments, "VERSION")?;
            arguments.end()?;
            band.install(version).map_err(|e| refuse(e.to_string()))?;
            Ok(format!("has firmware {version}"))
        }
    }
}

fn power(
    entry: &mut Entry,
    name: &str,
    arguments: &mut Arguments<'_>,
    now: UnixMillis,
) -> Result<String, CommandError> {
    let band = &mut entry.band;
    Ok(match name {
        "charger" => {
            let on = arguments.one_of("charger", "on", "off")?;
            arguments.end()?;
            band.set_charger(now, on, &mut entry.secrets);
            format!("charger {}", on_off(on))
        }
        "charge" => {
            let minutes: u32 = arguments.number("MINUTES", 0, 600)?;
            arguments.end()?;
            band.charge(minutes * 60_000);
            format!("charged for {minutes} minutes")
        }
        "work" => {
            let taps = arguments.number("TAPS", 0, 1_000_000)?;
            arguments.end()?;
            band.work(taps);
            format!("worked for {taps} taps")
        }
        _ => {
            let charged = arguments.one_of("battery", "on", "off")?;
            arguments.end()?;
            band.set_battery(now, charged, &mut entry.secrets);
            format!("battery {}", on_off(charged))
        }
    })
}

fn parsed<T: FromStr>(
    arguments: &mut Arguments<'_>,
    what: &'static str,
) -> Result<T, CommandError> {
    let text = arguments.word()?;
    text.parse().map_err(|_| arguments.bad(what, text))
}

fn gesture(arguments: &mut Arguments<'_>) -> Result<Gesture, CommandError> {
    let word = arguments.word()?;
    let held = |prefix| word.strip_prefix(prefix)?.parse::<u32>().ok();
    let read = match word {
        "top" => Some(Gesture::Top),
        "bottom" => Some(Gesture::Bottom),
        "top+bottom" => Some(Gesture::TopAndBottom),
        "sensor-thrice" => Some(Gesture::SensorThrice),
        _ => None,
    };
    read.or_else(|| held("hold-top-").map(|seconds| Gesture::HoldTop { seconds }))
        .or_else(|| held("hold-top+bottom-").map(|seconds| Gesture::HoldTopAndBottom { seconds }))
        .or_else(|| held("hold-charger-").map(|seconds| Gesture::HoldCharger { seconds }))
        .ok_or_else(|| arguments.bad("GESTURE", word))
}

fn relocate(
    entry: &mut Entry,
    walk: bool,
    arguments: &mut Arguments<'_>,
    now: UnixMillis,
) -> Result<String, CommandError> {
    let metres = arguments.number("METRES", 0.0, MAX_METRES)?;
    let ms = if walk {
        Some(arguments.number("MS", 0, MAX_WALK_MS)?)
    } else {
        None
    };
    arguments.end()?;
    let Some(ms) = ms else {
        entry.walk.place(metres, now);
        return Ok(format!("at {metres} m"));
    };
    if !entry.walk.walk(metres, ms, now) {
        return Err(CommandError::TooMany {
            what: "movements in a row",
            most: 8,
        });
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
