//! docs/presence-parameters.md.

use std::fmt::Write;

use nymi_core::presence::tune::{self, Observations, Proposal, code_lifetime_ms, delay_in_use_ms};
use nymi_core::presence::{PacParameterValues, PacParameters};

use crate::simulation::{Month, Scenario, simulate};

const SEED: u64 = 2026;
const DAY_MS: i64 = 86_400_000;

const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "set each day, ordinary crystals",
        bands: 16,
        set_every_days: 1,
        crystal_ppm: 20,
        terminal_ms: 1500,
        slowest_ms: 2000,
    },
    Scenario {
        name: "set each week, ordinary crystals",
        bands: 16,
        set_every_days: 7,
        crystal_ppm: 20,
        terminal_ms: 1500,
        slowest_ms: 2000,
    },
    Scenario {
        name: "set once a month, ordinary crystals",
        bands: 16,
        set_every_days: 30,
        crystal_ppm: 20,
        terminal_ms: 1500,
        slowest_ms: 2000,
    },
    Scenario {
        name: "set each week, poor crystals",
        bands: 16,
        set_every_days: 7,
        crystal_ppm: 60,
        terminal_ms: 1500,
        slowest_ms: 2000,
    },
    Scenario {
        name: "set each day, clocks of terminals badly kept",
        bands: 16,
        set_every_days: 1,
        crystal_ppm: 20,
        terminal_ms: 8000,
        slowest_ms: 2000,
    },
    Scenario {
        name: "set each day, slow network",
        bands: 16,
        set_every_days: 1,
        crystal_ppm: 20,
        terminal_ms: 1500,
        slowest_ms: 9000,
    },
];

/// A scenario under the defaults, what is proposed then, and the same month under that.
pub(crate) struct Row {
    pub(crate) scenario: Scenario,
    pub(crate) before: Month,
    pub(crate) proposal: Proposal,
    pub(crate) after: Month,
}

impl Row {
    /// Both months, with the parameters that were in force.
    pub(crate) fn months(&self) -> [(&'static str, PacParameters, &Month); 2] {
        [
            ("defaults", PacParameters::default(), &self.before),
            ("proposed", self.proposal.parameters, &self.after),
        ]
    }
}

/// Every scenario's row.
pub(crate) fn rows() -> Vec<Row> {
    let defaults = PacParameters::default();
    let row = |scenario: &Scenario| {
        let before = simulate(scenario, &defaults, SEED);
        let observed = Observations {
            arrivals: &before.arrivals,
            terminals_ms: &before.terminals,
            tolerated_per_mille: 0,
        };
        let proposal = tune::propose(&defaults, &observed).unwrap();
        let after = simulate(scenario, &proposal.parameters, SEED);
        Row {
            scenario: *scenario,
            before,
            proposal,
            after,
        }
    };
    SCENARIOS.iter().map(row).collect()
}

/// The whole document.
pub(crate) fn document(rows: &[Row]) -> String {
    let mut text = String::from(include_str!("introduction.md"));
    text.push_str(&lifetimes());
    text.push_str(include_str!("month.md"));
    text.push_str(&months(rows));
    text.push_str(include_str!("proposals.md"));
    text.push_str(&proposals(rows));
    text.push_str(include_str!("choosing.md"));
    text
}

fn seconds(ms: i64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

fn lifetimes() -> String {
    let mut text = String::from(
        "| DvClockDrift | an hour after setting | a day | a week | 30 days | in use, heard 8 h ago |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for ppm in [5, 10, 20, 50, 100] {
        let values = PacParameterValues {
            dv_clock_drift: ppm,
            ..PacParameterValues::default()
        };
        let parameters = PacParameters::try_from(values).unwrap();
        let lives = [DAY_MS / 24, DAY_MS, 7 * DAY_MS, 30 * DAY_MS]
            .map(|elapsed| seconds(code_lifetime_ms(&parameters, elapsed)));
        let delay = seconds(delay_in_use_ms(&parameters, DAY_MS / 3));
        writeln!(text, "| {ppm} ppm | {} | {delay} |", lives.join(" | ")).unwrap();
    }
    text
}

fn months(rows: &[Row]) -> String {
    let mut text = String::from(
        "| month | parameters | taps | out_of_bounds | stale | clock lost | settings refused | in use | \
         overnight | never heard |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        for (name, _, month) in row.months() {
            let attacks = [
                month.attack_in_use_ms,
                month.attack_overnight_ms,
                month.attack_unused_ms,
            ];
            let attacks = attacks
                .map(|ms| if ms == 0 { "–".into() } else { seconds(ms) })
                .join(" | ");
            writeln!(
                text,
                "| {} | {name} | {} | {} | {} | {} | {} of {} | {attacks} |",
                row.scenario.name,
                month.uses,
                month.out_of_bounds,
                month.stale,
                month.time_lost,
                month.terminals_refused,
                month.terminals.len(),
            )
            .unwrap();
        }
    }
    text
}

fn proposals(rows: &[Row]) -> String {
    let mut text = String::from(
        "| month | DmNBANESTime | DvNBANESTime | DmNBANBTime | DvNBANBTime | DmIntent | DvIntent | \
         DmClockDrift | DvClockDrift |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let defaults = PacParameters::default();
    let named = rows
        .iter()
        .map(|row| (row.scenario.name, &row.proposal.parameters));
    for (name, parameters) in [("defaults", &defaults)].into_iter().chain(named) {
        let v = parameters.values();
        let columns = [
            v.dm_nba_nes_time,
            v.dv_nba_nes_time,
            v.dm_nba_nb_time,
            v.dv_nba_nb_time,
            v.dm_intent,
            v.dv_intent,
            v.dm_clock_drift,
            v.dv_clock_drift,
        ];
        let columns = columns.map(|value| value.to_string()).join(" | ");
        writeln!(text, "| {name} | {columns} |").unwrap();
    }
    text
}
