//! A band's clock: who may set it, and the time step it counts.

use super::enrollment::BandRefusal;
use crate::BandId;
use crate::presence::agreement::{self, AdvKeys};
use crate::presence::{PacParameters, TSet};

/// What the last `set_time` said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSetting {
    /// The moment that the clock was set to, from which steps are counted.
    pub t_set: TSet,
    /// How long a step is.
    pub t_interval_ms: u32,
}

/// A `set_time` that a terminal asks for.
#[derive(Clone, Copy, Debug)]
pub struct SettingRequest<'a> {
    /// The new clock, milliseconds since 1970.
    pub t_set_ms: u64,
    /// The server's permission.
    pub tag: &'a [u8; 16],
    /// How long a step is to be.
    pub t_interval_ms: u32,
}

impl ClockSetting {
    /// What may be set: what the server permitted, later than the last setting.
    ///
    /// # Errors
    /// The band refuses; its clock stays.
    pub fn permitted(
        band: BandId,
        keys: &AdvKeys,
        last: Option<Self>,
        request: SettingRequest<'_>,
    ) -> Result<Self, BandRefusal> {
        let t_set = TSet::new(request.t_set_ms)
            .ok_or_else(|| BandRefusal::rule("T_set is above 2^63-1"))?;
        let expected = agreement::set_time_tag(&keys.second, band, t_set);
        if !agreement::tags_equal(request.tag, &expected) {
            return Err(BandRefusal::rule(
                "the server did not permit this setting of the clock",
            ));
        }
        if last.is_some_and(|last| t_set <= last.t_set) {
            return Err(BandRefusal::rule("T_set is not later than the last one"));
        }
        let t_interval_ms = request.t_interval_ms;
        if PacParameters::default()
            .with_t_interval(t_interval_ms)
            .is_err()
        {
            return Err(BandRefusal::rule("TInterval must be 250 to 60000 ms"));
        }
        Ok(Self {
            t_set,
            t_interval_ms,
        })
    }

    /// The time step of a clock that shows so much. A clock behind T_set counts as step 0, since
    /// there is no earlier one; none beyond 2^32-1, where the clock counts as lost.
    pub fn step(&self, clock_ms: i64) -> Option<u32> {
        let elapsed = i128::from(clock_ms) - i128::from(self.t_set.ms());
        self.step_after(elapsed)
    }

    /// The time step so long after boot, of a band that lost its clock.
    pub fn step_since_boot(&self, ms: i64) -> Option<u32> {
        self.step_after(i128::from(ms))
    }

    fn step_after(&self, elapsed_ms: i128) -> Option<u32> {
        let steps = elapsed_ms.div_euclid(i128::from(self.t_interval_ms.max(1)));
        u32::try_from(steps.max(0)).ok()
    }
}
