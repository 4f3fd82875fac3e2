//! The simulated month, what it must show, and that docs/presence-parameters.md says so.

use std::sync::LazyLock;

use nymi_core::presence::tune::{code_lifetime_ms, delay_in_use_ms};

use crate::report::{Row, document, rows};
use crate::simulation::Month;

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(rows);

const DAY_MS: i64 = 86_400_000;

/// Refusals of honest taps by the parameters.
fn false_rejects(month: &Month) -> u32 {
    month.out_of_bounds + month.stale
}

#[test]
fn the_document_is_what_the_simulation_reports() {
    let kept = include_str!("../../../docs/presence-parameters.md");
    assert!(
        kept == document(&ROWS),
        "run `cargo run -p nymi-core --example presence-parameters > docs/presence-parameters.md`"
    );
}

#[test]
fn the_defaults_refuse_nobody_whose_clocks_are_ordinary() {
    for row in ROWS.iter().take(3) {
        assert_eq!(false_rejects(&row.before), 0, "{}", row.scenario.name);
        assert!(row.before.time_lost > 0, "batteries did run flat");
    }
}

#[test]
fn poor_crystals_bad_terminals_and_slow_ways_are_noticed() {
    let [poor, terminals, slow] = [3, 4, 5].map(|index| &ROWS[index].before);
    assert!(poor.out_of_bounds > 0);
    assert!(terminals.terminals_refused > 0);
    assert!(false_rejects(slow) > 0);
}

#[test]
fn proposed_parameters_refuse_nobody_and_a_fitting_month_less_widely() {
    for row in ROWS.iter() {
        assert_eq!(false_rejects(&row.after), 0, "{}", row.scenario.name);
        assert_eq!(row.proposal.then.out_of_bounds + row.proposal.then.stale, 0);
        let now = row.proposal.now;
        assert_eq!(
            (now.out_of_bounds + now.stale) as u32,
            false_rejects(&row.before)
        );
    }
    let daily = &ROWS[0];
    assert!(daily.after.attack_in_use_ms <= daily.before.attack_in_use_ms);
    assert!(daily.after.attack_unused_ms < daily.before.attack_unused_ms);
}

#[test]
fn no_withheld_frame_outlives_the_formulas() {
    for row in ROWS.iter() {
        let set = row.scenario.set_every_days * DAY_MS;
        for (name, parameters, month) in row.months() {
            assert!(month.attack_in_use_ms > 0);
            let life = code_lifetime_ms(&parameters, set + DAY_MS);
            let longest = [
                month.attack_in_use_ms,
                month.attack_overnight_ms,
                month.attack_unused_ms,
            ];
            assert!(
                longest.iter().all(|ms| *ms <= life),
                "{} {name}",
                row.scenario.name
            );
            // Where all of a band's frames were accepted, the limit from the freshest arrival holds;
            // that one was itself on its way for a moment, and up to one interval into its code.
            if false_rejects(month) == 0 {
                let way = row.scenario.slowest_ms / 4 + i64::from(parameters.t_interval_ms());
                assert!(month.attack_in_use_ms <= delay_in_use_ms(&parameters, DAY_MS) + way);
            }
        }
    }
}
