use alloc::string::String;

use serde::{Deserialize, Serialize};

/// The keys of a `[dongle.*]` section of nbe.toml, except `port`; absent keys have their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TapConfigValues {
    /// Samples in the mean that decides a tap.
    pub rssi_window_tap: i64,
    /// Samples in the mean that decides proximity.
    pub rssi_window_long: i64,
    /// A tap is a mean at or above this, dBm; 0 turns the tap over Bluetooth off.
    pub rssi_tap_threshold: i64,
    /// Close is at or above this, dBm; 0 turns proximity off.
    pub rssi_cutoff_close: i64,
    /// Far is below this, dBm.
    pub rssi_cutoff_far: i64,
    /// How far below the threshold the mean must fall before the next tap, dB.
    pub tap_hysteresis: i64,
}

impl Default for TapConfigValues {
    fn default() -> Self {
        Self {
            rssi_window_tap: 10,
            rssi_window_long: 50,
            rssi_tap_threshold: -42,
            rssi_cutoff_close: -70,
            rssi_cutoff_far: -83,
            tap_hysteresis: 6,
        }
    }
}

/// Detection parameters that are all within their ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "TapConfigValues", into = "TapConfigValues")]
pub struct TapConfig(TapConfigValues);

/// A detection parameter that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TapConfigError {
    /// Outside its range.
    #[error("{key} is {found}; it must be {min} to {max} {unit}")]
    Range {
        /// The key of nbe.toml.
        key: &'static str,
        /// The refused value.
        found: i64,
        /// The smallest value allowed.
        min: i64,
        /// The largest value allowed.
        max: i64,
        /// `samples`, `dBm` or `dB`.
        unit: &'static str,
    },
    /// Close would begin below where far ends.
    #[error("rssi_cutoff_far is {far}, above rssi_cutoff_close {close}; it must be at or below it")]
    Crossed {
        /// rssi_cutoff_far.
        far: i64,
        /// rssi_cutoff_close.
        close: i64,
    },
    /// Not a whole number.
    #[error("{key} is {found:?}; it must be a whole number")]
    NotANumber {
        /// The key of nbe.toml.
        key: &'static str,
        /// The refused text.
        found: String,
    },
}

impl TapConfigValues {
    /// Every key, in the order of nbe.toml.
    pub const KEYS: [&'static str; 6] = [
        "rssi_window_tap",
        "rssi_window_long",
        "rssi_tap_threshold",
        "rssi_cutoff_close",
        "rssi_cutoff_far",
        "tap_hysteresis",
    ];

    /// The values, in the order of [`Self::KEYS`].
    pub const fn in_order(&self) -> [i64; 6] {
        [
            self.rssi_window_tap,
            self.rssi_window_long,
            self.rssi_tap_threshold,
            self.rssi_cutoff_close,
            self.rssi_cutoff_far,
            self.tap_hysteresis,
        ]
    }

    /// Sets one key from text, as an environment variable gives it (`RSSI_TAP_THRESHOLD`): the key in
    /// either case. False if there is no such key.
    ///
    /// # Errors
    /// The key is known and the text is no whole number.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, TapConfigError> {
        let Some(index) = Self::KEYS
            .iter()
            .position(|known| known.eq_ignore_ascii_case(key))
        else {
            return Ok(false);
        };
        let number = value
            .trim()
            .parse()
            .map_err(|_| TapConfigError::NotANumber {
                key: Self::KEYS[index],
                found: value.into(),
            })?;
        *[
            &mut self.rssi_window_tap,
            &mut self.rssi_window_long,
            &mut self.rssi_tap_threshold,
            &mut self.rssi_cutoff_close,
            &mut self.rssi_cutoff_far,
            &mut self.tap_hysteresis,
        ][index] = number;
        Ok(true)
    }
}

impl TapConfig {
    /// The values.
    pub const fn values(&self) -> &TapConfigValues {
        &self.0
    }

    /// Whether BLE taps are detected.
    pub const fn detects_taps(&self) -> bool {
        self.0.rssi_tap_threshold != 0
    }

    /// Whether proximity is judged.
    pub const fn judges_proximity(&self) -> bool {
        self.0.rssi_cutoff_close != 0
    }
}

impl TryFrom<TapConfigValues> for TapConfig {
    type Error = TapConfigError;

    fn try_from(values: TapConfigValues) -> Result<Self, TapConfigError> {
        let v = &values;
        for (key, found, min, max, unit) in [
            ("rssi_window_tap", v.rssi_window_tap, 1, 1000, "samples"),
            ("rssi_window_long", v.rssi_window_long, 1, 1000, "samples"),
            ("rssi_tap_threshold", v.rssi_tap_threshold, -127, 0, "dBm"),
            ("rssi_cutoff_close", v.rssi_cutoff_close, -127, 0, "dBm"),
            ("rssi_cutoff_far", v.rssi_cutoff_far, -127, -1, "dBm"),
            ("tap_hysteresis", v.tap_hysteresis, 0, 60, "dB"),
        ] {
            if !(min..=max).contains(&found) {
                return Err(TapConfigError::Range {
                    key,
                    found,
                    min,
                    max,
                    unit,
                });
            }
        }
        if v.rssi_cutoff_far > v.rssi_cutoff_close {
            let (far, close) = (v.rssi_cutoff_far, v.rssi_cutoff_close);
            return Err(TapConfigError::Crossed { far, close });
        }
        Ok(Self(values))
    }
}

impl From<TapConfig> for TapConfigValues {
    fn from(config: TapConfig) -> Self {
        config.0
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_key_set_from_text_is_that_key() {
        for (index, key) in TapConfigValues::KEYS.iter().enumerate() {
            let mut values = TapConfigValues::default();
            let mut expected = values.in_order();
            expected[index] = -7;
            assert_eq!(values.set(&key.to_uppercase(), " -7 "), Ok(true));
            assert_eq!(values.in_order(), expected, "{key}");
        }
        let defaults = TapConfigValues::default().in_order();
        assert_eq!(defaults, [10, 50, -42, -70, -83, 6]);
        assert_eq!(TapConfigValues::default().set("port", "1"), Ok(false));
    }

    #[test]
    fn each_key_has_its_range() {
        for (key, least, most) in [
            ("rssi_window_tap", 1, 1000),
            ("rssi_window_long", 1, 1000),
            ("rssi_tap_threshold", -127, 0),
            ("rssi_cutoff_close", -127, 0),
            ("rssi_cutoff_far", -127, -1),
            ("tap_hysteresis", 0, 60),
        ] {
            let read = |value: i64| {
                let mut values = TapConfigValues {
                    rssi_cutoff_close: 0,
                    rssi_cutoff_far: -127,
                    ..TapConfigValues::default()
                };
                values.set(key, &value.to_string()).unwrap();
                TapConfig::try_from(values).map(|config| (TapConfigValues::from(config), values))
            };
            for value in [least, most] {
                let (kept, given) = read(value).unwrap();
                assert_eq!(kept, given, "{key} {value}");
            }
            for value in [least - 1, most + 1] {
                let refused = read(value).unwrap_err().to_string();
                assert!(refused.starts_with(key), "{refused}");
            }
        }
    }

    #[test]
    fn close_begins_where_far_ends_or_above() {
        let read = |close, far| {
            TapConfig::try_from(TapConfigValues {
                rssi_cutoff_close: close,
                rssi_cutoff_far: far,
                ..TapConfigValues::default()
            })
        };
        assert!(read(-70, -70).is_ok());
        let (far, close) = (-69, -70);
        assert_eq!(read(-70, -69), Err(TapConfigError::Crossed { far, close }));
    }
}
