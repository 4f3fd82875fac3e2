//! A month of bands whose clocks drift, through the real verification.
//!
//! The same seed gives the same month, to the digit: additions and products of whole numbers and of
//! doubles only.

use nymi_core::presence::tune::Arrival;
use nymi_core::presence::{
    AdvKey, Claim, Flags, Frame, Outcome, PacKey, PacParameters, TSet, Tail, VerificationState,
    verify,
};
use nymi_core::{BandId, UnixMillis};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const DAYS: i64 = 30;
/// A Monday, 00:00 UTC.
const START_MS: i64 = 1_777_852_800_000;
const FLAGS: Flags = Flags {
    authenticated: true,
    worn: true,
    time_lost: false,
    low_battery: false,
};

/// What the month is like.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// For the table.
    pub(crate) name: &'static str,
    /// Bands.
    pub(crate) bands: u8,
    /// The wearer logs in to the Band Application, which sets the clock, every so many days.
    pub(crate) set_every_days: i64,
    /// How far a crystal may be off, ppm.
    pub(crate) crystal_ppm: i64,
    /// How far a terminal's clock may be off, ms.
    pub(crate) terminal_ms: i64,
    /// The slowest way from the band's radio to NES, ms.
    pub(crate) slowest_ms: i64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Month {
    /// Taps of an honest wearer.
    pub(crate) uses: u32,
    /// Of those, refused as out_of_bounds.
    pub(crate) out_of_bounds: u32,
    /// Of those, refused as stale.
    pub(crate) stale: u32,
    /// Of those, with a lost clock, until the next setting.
    pub(crate) time_lost: u32,
    /// Settings that were refused because the terminal's clock was out of bounds.
    pub(crate) terminals_refused: u32,
    /// The longest for which a frame withheld just after a use still passed, ms.
    pub(crate) attack_in_use_ms: i64,
    /// The same for a frame withheld before the first use of a day.
    pub(crate) attack_overnight_ms: i64,
    /// The same before the first use after a setting: nothing is known of the band but its clock.
    pub(crate) attack_unused_ms: i64,
    /// What `pac tune` would see: authentic arrivals.
    pub(crate) arrivals: Vec<Arrival>,
    /// And the terminals' differences, NES minus terminal, also of the settings refused.
    pub(crate) terminals: Vec<i64>,
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// From `low` to `high`, both included.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }
}

/// A band's clock: true time, stretched by its crystal and the temperature.
struct Crystal {
    ppm: f64,
    works_in_the_cold: bool,
    at: i64,
    clock: f64,
}

impl Crystal {
    /// Runs on to a moment, an hour at most at a time.
    fn run_to(&mut self, at: i64) {
        while self.at < at {
            let hour_ends = self.at.div_euclid(HOUR_MS) * HOUR_MS + HOUR_MS;
            let until = at.min(hour_ends);
            let ppm = self.ppm + temperature_ppm(self.degrees());
            self.clock += (until - self.at) as f64 * (1.0 + ppm / 1_000_000.0);
            self.at = until;
        }
    }

    /// On the wrist by day, on the charger by night; some work in a cold store in the morning.
    fn degrees(&self) -> f64 {
        match self.at.rem_euclid(DAY_MS) / HOUR_MS {
            8..12 if self.works_in_the_cold => 5.0,
            7..17 => 31.0,
            _ => 21.0,
        }
    }
}

/// The parabola of a 32 kHz tuning fork: it runs slower the farther it is from 25 degrees.
fn temperature_ppm(degrees: f64) -> f64 {
    -0.034 * (degrees - 25.0) * (degrees - 25.0)
}

/// One band, and what NES knows of it.
struct Band<'a> {
    scenario: &'a Scenario,
    parameters: &'a PacParameters,
    key: PacKey,
    crystal: Crystal,
    t_set: TSet,
    /// The band's clock when it was set to T_set.
    set_at: f64,
    lost: bool,
    state: VerificationState,
    month: &'a mut Month,
}

/// Lives through the month.
pub(crate) fn simulate(scenario: &Scenario, parameters: &PacParameters, seed: u64) -> Month {
    let mut month = Month::default();
    for number in 0..scenario.bands {
        let mut random = Random(seed ^ u64::from(number) << 32);
        let id = BandId::new([0xc0, 0, 0, 0, 0, number]);
        let crystal = Crystal {
            ppm: random.between(-scenario.crystal_ppm * 10, scenario.crystal_ppm * 10) as f64
                / 10.0,
            works_in_the_cold: number % 4 == 0,
            at: START_MS,
            clock: 0.0,
        };
        let mut band = Band {
            scenario,
            parameters,
            key: PacKey::new(&AdvKey::new([number; 16]), id),
            crystal,
            t_set: TSet::new(START_MS as u64).unwrap(),
            set_at: 0.0,
            lost: true,
            state: VerificationState::default(),
            month: &mut month,
        };
        for day in 0..DAYS {
            band.live(day, &mut random);
        }
    }
    month
}

impl Band<'_> {
    fn live(&mut self, day: i64, random: &mut Random) {
        let midnight = START_MS + day * DAY_MS;
        if self.lost || day % self.scenario.set_every_days == 0 {
            self.set_clock(
                midnight + 7 * HOUR_MS + random.between(0, HOUR_MS / 2),
                random,
            );
        }
        // One day in sixty the battery runs flat over the day.
        let flat_at = (random.between(1, 60) == 1)
            .then(|| midnight + random.between(8 * HOUR_MS, 16 * HOUR_MS));
        let mut times: Vec<i64> = (0..20)
            .map(|_| midnight + random.between(8 * HOUR_MS, 16 * HOUR_MS))
            .collect();
        times.sort_unstable();
        for (index, at) in times.into_iter().enumerate() {
            self.lost |= flat_at.is_some_and(|flat_at| at >= flat_at);
            if index == 0 && !self.lost {
                let window = self.attack(at - HOUR_MS / 2);
                let longest = match self.state.best {
                    Some(_) => &mut self.month.attack_overnight_ms,
                    None => &mut self.month.attack_unused_ms,
                };
                *longest = window.max(*longest);
            }
            self.tap(at, random);
            if index == 7 && !self.lost {
                let window = self.attack(at + 1000);
                self.month.attack_in_use_ms = window.max(self.month.attack_in_use_ms);
            }
        }
    }

    /// A log-in to the Band Application, at another terminal if one is refused.
    fn set_clock(&mut self, at: i64, random: &mut Random) {
        for attempt in 0..5 {
            // Most terminals are well kept; one in five is as far off as they come.
            let reach = match random.between(1, 5) {
                1 => self.scenario.terminal_ms,
                _ => self.scenario.terminal_ms / 4,
            };
            let ahead = random.between(-reach, reach);
            let at = at + attempt * 60_000;
            let terminal = at + ahead;
            self.month.terminals.push(at - terminal);
            if !self.parameters.terminal_clock_in_bounds(at, terminal) {
                self.month.terminals_refused += 1;
                continue;
            }
            // The tag travels to the band, which then takes T_set for now.
            let set = at + random.between(50, 400);
            self.crystal.run_to(set);
            self.t_set = TSet::new(terminal as u64).unwrap();
            self.set_at = self.crystal.clock;
            self.state = VerificationState::default();
            self.lost = false;
            return;
        }
    }

    /// What the band advertises at this moment.
    fn frame(&mut self, at: i64) -> (u32, Vec<u8>) {
        let mut crystal = Crystal { ..self.crystal };
        crystal.run_to(at);
        let since = crystal.clock - self.set_at;
        let counter = (since / f64::from(self.parameters.t_interval_ms())) as u32;
        let tail = if self.lost {
            Tail::BootNonce([1; 4])
        } else {
            self.t_set.into()
        };
        (
            counter,
            Frame::signed(&self.key, FLAGS, counter, tail, 0).to_bytes(),
        )
    }

    fn verify(&self, frame: &[u8], now: i64) -> (Outcome, Option<VerificationState>) {
        let claim = Claim {
            frame,
            now: UnixMillis(now),
            agent: "agent",
            endpoint: "terminal",
        };
        let found = verify(&self.key, self.t_set, self.parameters, &self.state, &claim);
        (found.outcome, found.next)
    }

    /// The wearer taps: the newest frame, on its way for a moment.
    fn tap(&mut self, at: i64, random: &mut Random) {
        self.crystal.run_to(at);
        let (counter, frame) = self.frame(at);
        // Mostly quick; one in ten takes as long as it can.
        let slowest = self.scenario.slowest_ms;
        let way = if random.between(1, 10) == 1 {
            slowest
        } else {
            slowest / 4
        };
        let now = at + random.between(20, way);
        let (outcome, next) = self.verify(&frame, now);
        self.month.uses += 1;
        match outcome {
            Outcome::Verified => self.state = next.unwrap_or_default(),
            Outcome::OutOfBounds => self.month.out_of_bounds += 1,
            Outcome::Stale => self.month.stale += 1,
            Outcome::VerifiedTimeLost => self.month.time_lost += 1,
            other => unreachable!("an honest tap was {}", other.name()),
        }
        if !self.lost {
            self.month.arrivals.push(Arrival {
                band: self.key.band(),
                t_set: self.t_set,
                t_interval_ms: self.parameters.t_interval_ms(),
                counter,
                at: UnixMillis(now),
            });
        }
    }

    /// For how long a frame heard at this moment, and kept from NES, still verifies.
    fn attack(&mut self, at: i64) -> i64 {
        let (_, frame) = self.frame(at);
        let passes = |after| self.verify(&frame, at + after).0 == Outcome::Verified;
        // A band that is ahead may be early; from the first moment that passes it passes until the
        // last one.
        let Some(first) = (0..60).map(|step| step * 1000).find(|after| passes(*after)) else {
            return 0;
        };
        let (mut good, mut bad) = (first, first + 10 * 60_000);
        while bad - good > 1 {
            let middle = (good + bad) / 2;
            if passes(middle) {
                good = middle
            } else {
                bad = middle
            }
        }
        good
    }
}
