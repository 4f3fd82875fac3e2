use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::config::TapConfig;

/// A kind of Bluetooth adapter: each has its section `[dongle.<name>]` in nbe.toml, for each hears
/// bands differently.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum AdapterKind {
    /// Bluegiga BLED112.
    Bluegiga,
    /// BleuIO.
    Bleuio,
    /// The host's own Bluetooth.
    Native,
    /// Played by nymulator.
    #[default]
    Virtual,
}

impl AdapterKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Bluegiga, Self::Bleuio, Self::Native, Self::Virtual];

    /// The name in nbe.toml and in status reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bluegiga => "bluegiga",
            Self::Bleuio => "bleuio",
            Self::Native => "native",
            Self::Virtual => "virtual",
        }
    }
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a kind of adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an adapter is one of bluegiga, bleuio, native and virtual")]
pub struct UnknownAdapterKind;

impl FromStr for AdapterKind {
    type Err = UnknownAdapterKind;

    fn from_str(text: &str) -> Result<Self, UnknownAdapterKind> {
        let named = Self::ALL.into_iter().find(|kind| kind.name() == text);
        named.ok_or(UnknownAdapterKind)
    }
}

/// The detection parameters of each kind of adapter; those of the one that is plugged in apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TapConfigs([TapConfig; AdapterKind::ALL.len()]);

impl TapConfigs {
    /// The parameters of one kind.
    pub const fn of(&self, kind: AdapterKind) -> &TapConfig {
        &self.0[kind as usize]
    }

    /// Changes the parameters of one kind.
    pub const fn set(&mut self, kind: AdapterKind, config: TapConfig) {
        self.0[kind as usize] = config;
    }
}

/// The same for every kind.
impl From<TapConfig> for TapConfigs {
    fn from(config: TapConfig) -> Self {
        Self([config; AdapterKind::ALL.len()])
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::super::TapConfigValues;
    use super::*;

    #[test]
    fn a_kind_is_written_as_its_section_is_named() {
        for (kind, name) in AdapterKind::ALL
            .into_iter()
            .zip(["bluegiga", "bleuio", "native", "virtual"])
        {
            assert_eq!((kind.name(), kind.to_string().as_str()), (name, name));
            assert_eq!(name.parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
        assert_eq!("Native".parse::<AdapterKind>(), Err(UnknownAdapterKind));
    }

    #[test]
    fn each_kind_has_parameters_of_its_own() {
        let config = |rssi_tap_threshold| {
            let values = TapConfigValues {
                rssi_tap_threshold,
                ..TapConfigValues::default()
            };
            TapConfig::try_from(values).unwrap()
        };
        let mut configs = TapConfigs::from(config(-50));
        configs.set(AdapterKind::Native, config(-60));
        for kind in AdapterKind::ALL {
            let own = if kind == AdapterKind::Native {
                -60
            } else {
                -50
            };
            assert_eq!(*configs.of(kind), config(own), "{kind}");
        }
    }
}
