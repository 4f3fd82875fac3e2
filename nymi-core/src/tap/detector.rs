use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::config::TapConfig;
use super::track::{Presence, Proximity, Track};
use crate::forward_clock::ForwardClock;
use crate::{BandId, UnixMillis};

/// Bands that are followed at once; beyond it the longest silent is forgotten for a new one, so that
/// made-up addresses cost no memory and displace no band that is heard.
pub const MAX_BANDS: usize = 1024;

/// What a radio can measure (Bluetooth Core 5.4, Vol 4 Part E 7.7.65.2: -127 to +20 dBm; 127 stands
/// for "not available"). Anything else says that the band was heard, but not how near it is.
pub const MEASURABLE_DBM: core::ops::RangeInclusive<i16> = -127..=20;

/// What the detector noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapEvent {
    /// A band was held at the adapter.
    Tap {
        /// Which.
        band: BandId,
        /// The mean of the tap window, dBm.
        rssi: i16,
        /// When.
        at: UnixMillis,
    },
    /// A band came nearer or went away.
    Proximity {
        /// Which.
        band: BandId,
        /// What it was.
        before: Proximity,
        /// What it is.
        after: Proximity,
        /// When.
        at: UnixMillis,
    },
    /// A band appeared or fell silent.
    Presence {
        /// Which.
        band: BandId,
        /// What it was.
        before: Presence,
        /// What it is.
        after: Presence,
        /// When.
        at: UnixMillis,
    },
}

/// The detector of one adapter; see the [module](super).
///
/// Its loop: wait until the next sample or the deadline, whichever is first, and tell it.
///
/// ```
/// use nymi_core::tap::{Detector, Presence, TapConfig, TapEvent};
/// use nymi_core::{BandId, UnixMillis};
///
/// let mut detector = Detector::new(TapConfig::default());
/// let band = BandId::new([1; 6]);
/// detector.handle_sample(UnixMillis(0), band, -65);
/// assert_eq!(detector.presence(band), Presence::Yes);
///
/// // Nothing is heard any more: the band becomes likely, unlikely, gone, each at its time.
/// let mut changes = Vec::new();
/// while let Some(deadline) = detector.next_deadline() {
///     for event in detector.handle_timeout(deadline) {
///         if let TapEvent::Presence { after, at, .. } = event {
///             changes.push((after, at.0));
///         }
///     }
/// }
/// let expected = [(Presence::Likely, 5_000), (Presence::Unlikely, 15_000), (Presence::No, 60_000)];
/// assert_eq!(changes, expected);
/// assert_eq!(detector.bands().count(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Detector {
    config: TapConfig,
    bands: BTreeMap<BandId, Track>,
    /// The next deadline of each band.
    deadlines: BTreeSet<(UnixMillis, BandId)>,
    clock: ForwardClock,
}

impl Detector {
    /// A detector that has heard nothing yet.
    pub const fn new(config: TapConfig) -> Self {
        Self {
            config,
            bands: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            clock: ForwardClock::new(),
        }
    }

    /// The parameters.
    pub const fn config(&self) -> &TapConfig {
        &self.config
    }

    /// Takes new parameters; what was concluded of the bands stays, their windows begin anew.
    pub fn reconfigure(&mut self, config: TapConfig) {
        self.config = config;
        for track in self.bands.values_mut() {
            track.reconfigure(&config);
        }
    }

    /// A band was heard with this strength.
    pub fn handle_sample(&mut self, now: UnixMillis, band: BandId, rssi_dbm: i16) -> Vec<TapEvent> {
        let mut events = self.handle_timeout(now);
        let now = self.clock.tick(now);
        let at = self.clock.outside(now);
        if !self.bands.contains_key(&band) {
            self.make_room(at, &mut events);
        }
        let track = self
            .bands
            .entry(band)
            .or_insert_with(|| Track::new(&self.config));
        if let Some(deadline) = track.deadline() {
            self.deadlines.remove(&(deadline, band));
        }
        let before = track.presence;
        track.hear(now);
        if let Some(deadline) = track.deadline() {
            self.deadlines.insert((deadline, band));
        }
        if before != track.presence {
            events.push(TapEvent::Presence {
                band,
                before,
                after: track.presence,
                at,
            });
        }
        if MEASURABLE_DBM.contains(&rssi_dbm)
            && let Some(mean) = track.measure(&self.config, rssi_dbm)
        {
            events.push(TapEvent::Tap {
                band,
                rssi: mean.rounded(),
                at,
            });
        }
        events.extend(settle_proximity(&self.config, band, track, at));
        events
    }

    /// Time passed. Every deadline up to now is handled, in order, each at its own time.
    pub fn handle_timeout(&mut self, now: UnixMillis) -> Vec<TapEvent> {
        let now = self.clock.tick(now);
        let mut events = Vec::new();
        while let Some((deadline, band)) = self
            .deadlines
            .first()
            .copied()
            .filter(|(deadline, _)| *deadline <= now)
        {
            self.deadlines.remove(&(deadline, band));
            let at = self.clock.outside(deadline);
            let Some(track) = self.bands.get_mut(&band) else {
                continue;
            };
            let before = track.presence;
            track.fall_silent(&self.config);
            events.extend(settle_proximity(&self.config, band, track, at));
            if before != track.presence {
                events.push(TapEvent::Presence {
                    band,
                    before,
                    after: track.presence,
                    at,
                });
            }
            match track.deadline() {
                Some(next) => _ = self.deadlines.insert((next, band)),
                None => _ = self.bands.remove(&band),
            }
        }
        events
    }

    /// When [`Self::handle_timeout`] has something to do, if nothing is heard before; none while no
    /// band is known.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        self.deadlines
            .first()
            .map(|(deadline, _)| self.clock.outside(*deadline))
    }

    /// How present a band is.
    pub fn presence(&self, band: BandId) -> Presence {
        self.bands
            .get(&band)
            .map_or(Presence::No, |track| track.presence)
    }

    /// How near a band is; none if proximity is off.
    pub fn proximity(&self, band: BandId) -> Option<Proximity> {
        let known = self
            .bands
            .get(&band)
            .map_or(Proximity::Gone, |track| track.proximity);
        self.config.judges_proximity().then_some(known)
    }

    /// The bands that were heard within the last 60 s.
    pub fn bands(&self) -> impl Iterator<Item = BandId> + '_ {
        self.bands.keys().copied()
    }

    /// Forgets the longest silent band if there is no room for another.
    fn make_room(&mut self, at: UnixMillis, events: &mut Vec<TapEvent>) {
        if self.bands.len() < MAX_BANDS {
            return;
        }
        let oldest = self
            .bands
            .iter()
            .min_by_key(|(_, track)| track.heard)
            .map(|(band, _)| *band);
        let Some((band, mut track)) = oldest.and_then(|band| self.bands.remove_entry(&band)) else {
            return;
        };
        if let Some(deadline) = track.deadline() {
            self.deadlines.remove(&(deadline, band));
        }
        let before = track.presence;
        while track.deadline().is_some() {
            track.fall_silent(&self.config);
        }
        events.extend(settle_proximity(&self.config, band, &mut track, at));
        events.push(TapEvent::Presence {
            band,
            before,
            after: track.presence,
            at,
        });
    }
}

/// Reports the proximity if it is not what was last reported.
fn settle_proximity(
    config: &TapConfig,
    band: BandId,
    track: &mut Track,
    at: UnixMillis,
) -> Option<TapEvent> {
    let after = track.current_proximity();
    if !config.judges_proximity() || after == track.proximity {
        return None;
    }
    let before = core::mem::replace(&mut track.proximity, after);
    Some(TapEvent::Proximity {
        band,
        before,
        after,
        at,
    })
}
