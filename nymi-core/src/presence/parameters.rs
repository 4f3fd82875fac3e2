use serde::{Deserialize, Serialize};

/// The PAC parameters under the guide's column names; milliseconds, and ppm for the two drifts.
///
/// `Dm` is the midpoint of a difference, `Dv` how far it may vary from there. Turn it into
/// [`PacParameters`] to use it.
///
/// ```
/// use nymi_core::presence::{PacParameterValues, PacParameters};
///
/// let values = PacParameterValues { dv_clock_drift: 60, ..PacParameterValues::default() };
/// assert_eq!(PacParameters::try_from(values)?.t_interval_ms(), 1000);
/// let refused = PacParameters::try_from(PacParameterValues { dv_clock_drift: 501, ..values }).unwrap_err();
/// assert_eq!(refused.to_string(), "DvClockDrift is 501; it must be 0 to 500 ppm");
/// # Ok::<(), nymi_core::presence::PacParameterError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub struct PacParameterValues {
    /// How long a time step is, ms.
    pub t_interval: i64,
    /// NES minus the terminal that sets the clock: to be expected, ms.
    #[serde(rename = "DmNBANESTime")]
    pub dm_nba_nes_time: i64,
    /// The same: how far from there, ms. A terminal further off may not set a clock.
    #[serde(rename = "DvNBANESTime")]
    pub dv_nba_nes_time: i64,
    /// How late the band takes the time that the terminal proposed: to be expected, ms.
    #[serde(rename = "DmNBANBTime")]
    pub dm_nba_nb_time: i64,
    /// The same: how far from there, ms.
    #[serde(rename = "DvNBANBTime")]
    pub dv_nba_nb_time: i64,
    /// How much slower than true the band's clock runs: to be expected, ppm.
    pub dm_clock_drift: i64,
    /// The same: how far from there, ppm.
    pub dv_clock_drift: i64,
    /// From the making of a frame to its arrival at NES: to be expected, ms.
    pub dm_intent: i64,
    /// The same: how far from there, ms. Twice this, and a step, is the patience of step 5.
    pub dv_intent: i64,
}

impl Default for PacParameterValues {
    fn default() -> Self {
        Self {
            t_interval: 1000,
            dm_nba_nes_time: 0,
            dv_nba_nes_time: 2000,
            dm_nba_nb_time: 150,
            dv_nba_nb_time: 350,
            dm_clock_drift: 0,
            dv_clock_drift: 20,
            dm_intent: 500,
            dv_intent: 1500,
        }
    }
}

/// PAC parameters that are all within their ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "PacParameterValues", into = "PacParameterValues")]
pub struct PacParameters(PacParameterValues);

/// A PAC parameter outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {found}; it must be {min} to {max} {unit}")]
pub struct PacParameterError {
    /// The column.
    pub name: &'static str,
    /// The refused value.
    pub found: i64,
    /// The smallest value allowed.
    pub min: i64,
    /// The largest value allowed.
    pub max: i64,
    /// `ms` or `ppm`.
    pub unit: &'static str,
}

impl PacParameters {
    /// The values.
    pub const fn values(&self) -> &PacParameterValues {
        &self.0
    }

    /// TInterval in milliseconds, 250 to 60,000.
    pub const fn t_interval_ms(&self) -> u32 {
        self.0.t_interval as u32
    }

    /// The same parameters under another TInterval, if that is in range.
    ///
    /// # Errors
    /// It is below 250 or above 60,000.
    pub fn with_t_interval(self, t_interval_ms: u32) -> Result<Self, PacParameterError> {
        PacParameterValues {
            t_interval: i64::from(t_interval_ms),
            ..self.0
        }
        .try_into()
    }

    /// Whether a terminal's clock is within bounds of the server's, presence.md "Setting the band's
    /// clock": `|NES - terminal - DmNBANESTime| <= DvNBANESTime`.
    pub fn terminal_clock_in_bounds(&self, nes_ms: i64, terminal_ms: i64) -> bool {
        let difference = i128::from(nes_ms) - i128::from(terminal_ms);
        (difference - i128::from(self.0.dm_nba_nes_time)).abs()
            <= i128::from(self.0.dv_nba_nes_time)
    }
}

impl TryFrom<PacParameterValues> for PacParameters {
    type Error = PacParameterError;

    fn try_from(values: PacParameterValues) -> Result<Self, PacParameterError> {
        let v = &values;
        for (name, found, min, max, unit) in [
            ("TInterval", v.t_interval, 250, 60_000, "ms"),
            ("DmNBANESTime", v.dm_nba_nes_time, -60_000, 60_000, "ms"),
            ("DvNBANESTime", v.dv_nba_nes_time, 0, 60_000, "ms"),
            ("DmNBANBTime", v.dm_nba_nb_time, -60_000, 60_000, "ms"),
            ("DvNBANBTime", v.dv_nba_nb_time, 0, 60_000, "ms"),
            ("DmClockDrift", v.dm_clock_drift, -500, 500, "ppm"),
            ("DvClockDrift", v.dv_clock_drift, 0, 500, "ppm"),
            ("DmIntent", v.dm_intent, -60_000, 60_000, "ms"),
            ("DvIntent", v.dv_intent, 0, 60_000, "ms"),
        ] {
            if !(min..=max).contains(&found) {
                return Err(PacParameterError {
                    name,
                    found,
                    min,
                    max,
                    unit,
                });
            }
        }
        Ok(Self(values))
    }
}

impl From<PacParameters> for PacParameterValues {
    fn from(parameters: PacParameters) -> Self {
        parameters.0
    }
}
