//! Tap, proximity and presence: what an endpoint concludes from signal strength and silence.
//!
//! An endpoint hears each band about ten times a second and knows two things of a sample: when it
//! came, and how strong it was. Three conclusions follow (manual "Endpoint", Detection):
//!
//! ```text
//!   samples ──┬── mean of the last rssi_window_tap  ──► tap: held at the adapter, once per approach
//!             ├── mean of the last rssi_window_long ──► proximity: tap, close, far, gone
//!             └── time since the last               ──► presence: yes, likely, unlikely, no
//! ```
//!
//! **Tap.** The first moment when a full window's mean is at or above `rssi_tap_threshold`. A mean
//! forgives the one strong reflection that a single sample would not. The next tap needs a new
//! approach: the mean must have fallen by `tap_hysteresis`, or the band must have been silent for
//! 3 s. After such a silence, old samples as strong as a tap count as 12 dB below the threshold, so
//! that a band that was near before and is far now does not tap with them; weaker ones stay as they
//! are, so that a tap after a silence takes no longer than one without.
//!
//! **Proximity.** The long window, once full, judges: close at or above `rssi_cutoff_close`, far
//! below `rssi_cutoff_far`, between them what it was before, and far if it was nothing before. From
//! a tap until the hand is taken away it is `tap`, and then close until judged otherwise. After 30 s
//! of silence it is gone.
//!
//! **Presence.** Silence alone: yes for 5 s, likely up to 15 s, unlikely up to 60 s, then no, and the
//! band is forgotten.
//!
//! Which parameters fit a place, its own samples tell: [`recording`] reads them, [`tune`] proposes
//! parameters from them, [`plot`] draws them.
//!
//! All of it is a hint: anybody can send an advertisement. Only a frame that the server verified
//! says who is there ([`presence`](crate::presence)).
//!
//! The [`Detector`] has no clock. It is told the time with each sample, and between samples whenever
//! [`Detector::next_deadline`] has come; it makes no difference if it is told late, only later:
//! events carry the time at which they were due. Time that runs back by up to a second is taken for
//! samples out of order and stands still; further back, for a clock that was set, and it goes on
//! from where it was.
//!
//! ```
//! use nymi_core::tap::{Detector, TapConfig, TapEvent};
//! use nymi_core::{BandId, UnixMillis};
//!
//! let mut detector = Detector::new(TapConfig::default());
//! let band = BandId::new([1, 2, 3, 4, 5, 6]);
//! let mut events = Vec::new();
//! for step in 0..10 {
//!     events.extend(detector.handle_sample(UnixMillis(step * 100), band, -40));
//! }
//! assert!(events.contains(&TapEvent::Tap { band, rssi: -40, at: UnixMillis(900) }));
//! assert_eq!(detector.next_deadline(), Some(UnixMillis(3900)));
//! ```

mod adapter;
mod config;
mod detector;
mod plain;
pub mod plot;
pub mod recording;
mod track;
pub mod tune;

pub use adapter::{AdapterKind, TapConfigs, UnknownAdapterKind};
pub use config::{TapConfig, TapConfigError, TapConfigValues};
pub use detector::{Detector, MAX_BANDS, MEASURABLE_DBM, TapEvent};
pub use plain::plain_taps;
pub use track::{Presence, Proximity};
