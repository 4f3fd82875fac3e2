//! Tap, proximity and presence of bands, from signal strength and silence.
mod config;
mod detector;

pub use config::{TapConfig, TapConfigError, TapConfigValues};
pub use detector::{Detector, Presence, Proximity, TapEvent};
