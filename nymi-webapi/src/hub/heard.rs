//! The frames that one endpoint heard lately, newest first, distinct.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use nymi_core::BandId;
use tokio::time::Instant;

/// Frames kept of one band.
const PER_BAND: usize = 16;
/// Frames sent in one request (presence.md).
const PER_REQUEST: usize = 8;
/// Bands kept before those that fell silent are forgotten.
const BANDS: usize = 1024;
/// The longest frame there is, with room for later versions; others are noise.
const FRAME_BYTES: usize = 31;

#[derive(Debug, Default)]
pub(super) struct Heard {
    bands: HashMap<BandId, VecDeque<Frame>>,
}

#[derive(Debug)]
struct Frame {
    data: Vec<u8>,
    at: Instant,
}

impl Heard {
    /// Notes a frame; one that was heard before becomes the newest again.
    pub(super) fn note(&mut self, band: BandId, data: Vec<u8>, now: Instant, fresh: Duration) {
        if data.is_empty() || data.len() > FRAME_BYTES {
            return;
        }
        if self.bands.len() >= BANDS && !self.bands.contains_key(&band) {
            self.bands.retain(|_, frames| is_fresh(frames, now, fresh));
            if self.bands.len() >= BANDS {
                return;
            }
        }
        let frames = self.bands.entry(band).or_default();
        frames.retain(|frame| frame.data != data);
        frames.push_front(Frame { data, at: now });
        frames.truncate(PER_BAND);
    }

    /// When the band was last heard, and the newest frames; none if it was not within `fresh`.
    pub(super) fn newest(
        &self,
        band: BandId,
        now: Instant,
        fresh: Duration,
    ) -> Option<(Instant, Vec<Vec<u8>>)> {
        let frames = self.bands.get(&band)?;
        let latest = frames.front()?.at;
        let fresh_frames = frames
            .iter()
            .filter(|frame| now.duration_since(frame.at) <= fresh);
        let frames: Vec<_> = fresh_frames
            .take(PER_REQUEST)
            .map(|f| f.data.clone())
            .collect();
        (!frames.is_empty()).then_some((latest, frames))
    }
}

fn is_fresh(frames: &VecDeque<Frame>, now: Instant, fresh: Duration) -> bool {
    frames
        .front()
        .is_some_and(|frame| now.duration_since(frame.at) <= fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: BandId = BandId::new([1; 6]);
    const FRESH: Duration = Duration::from_secs(15);

    #[test]
    fn newest_first_distinct_and_at_most_eight() {
        let mut heard = Heard::default();
        let start = Instant::now();
        for n in 0..20u8 {
            let at = start + Duration::from_millis(u64::from(n));
            heard.note(BAND, vec![n], at, FRESH);
        }
        heard.note(BAND, vec![15], start + Duration::from_millis(30), FRESH);
        let (_, frames) = heard
            .newest(BAND, start + Duration::from_millis(40), FRESH)
            .unwrap();
        assert_eq!(frames, [15, 19, 18, 17, 16, 14, 13, 12].map(|n| vec![n]));
    }

    #[test]
    fn a_band_that_fell_silent_is_not_heard() {
        let mut heard = Heard::default();
        let start = Instant::now();
        heard.note(BAND, vec![1], start, FRESH);
        assert!(heard.newest(BAND, start + FRESH, FRESH).is_some());
        assert!(heard.newest(BAND, start + FRESH * 2, FRESH).is_none());
        assert!(heard.newest(BandId::new([2; 6]), start, FRESH).is_none());
    }

    #[test]
    fn a_flood_of_addresses_forgets_only_silent_bands() {
        let mut heard = Heard::default();
        let start = Instant::now();
        heard.note(BAND, vec![1], start, FRESH);
        for n in 0..5000u32 {
            let [a, b, c, d] = n.to_be_bytes();
            heard.note(BandId::new([9, 9, a, b, c, d]), vec![1], start, FRESH);
        }
        assert!(heard.bands.len() <= BANDS);
        assert!(heard.newest(BAND, start, FRESH).is_some());
        let later = start + FRESH * 2;
        heard.note(BandId::new([7; 6]), vec![1], later, FRESH);
        assert!(heard.newest(BandId::new([7; 6]), later, FRESH).is_some());
    }
}
