//! `nymi pac tune`: proposes PAC parameters from what the clocks of an installation did.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use nymi_core::presence::tune::{self, Arrival, Effect, Observations, Proposal};
use nymi_core::presence::{PacParameterValues, PacParameters, TSet};
use nymi_core::{BandId, UnixMillis};
use nymi_nes::ARRIVALS_HEADER;
use serde_json::{Value, json};

use crate::args::TuneArgs;
use crate::error::{CliError, file_name};
use crate::output::print;

/// More rows than a large plant's month; a bound on memory.
const MAX_ROWS: usize = 5_000_000;
const MAX_LINE: u64 = 256;

/// Reads observations and prints what is proposed, beside what is in force.
pub(crate) fn tune(args: &TuneArgs) -> Result<(), CliError> {
    let current = match &args.current {
        Some(path) => parameters(path)?,
        None => PacParameters::default(),
    };
    let arrivals = rows(&args.file, Some(ARRIVALS_HEADER), arrival)?;
    let terminals = match &args.terminals {
        Some(path) => rows(path, None, |line| {
            line.trim().parse().map_err(|_| "a whole number of ms")
        })?,
        None => Vec::new(),
    };
    let observed = Observations {
        arrivals: &arrivals,
        terminals_ms: &terminals,
        tolerated_per_mille: args.tolerate,
    };
    let proposal = tune::propose(&current, &observed)
        .map_err(|error| CliError::about(args.file.display(), error))?;
    let text = if args.json {
        format!("{}\n", as_json(&proposal))
    } else {
        as_text(&current, &proposal)
    };
    print(|out| out.write_all(text.as_bytes()))
}

fn parameters(path: &Path) -> Result<PacParameters, CliError> {
    let text = std::fs::read(path).map_err(|error| CliError::about(path.display(), error))?;
    serde_json::from_slice(&text).map_err(|error| CliError::about(path.display(), error))
}

/// Reads a line-based file, `-` for standard input; an error names file, line and what was expected.
fn rows<T>(
    path: &Path,
    header: Option<&str>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<T>, CliError> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| CliError::about(file_name(path), error))?)
    };
    let mut reader = BufReader::new(source);
    let mut found = Vec::new();
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        let fault = |what: &str| {
            CliError::about(
                file_name(path),
                format_args!("line {number}: expected {what}"),
            )
        };
        let read = (&mut reader)
            .take(MAX_LINE)
            .read_line(&mut line)
            .map_err(|error| CliError::about(file_name(path), error))?;
        if read == 0 {
            break;
        }
        if read as u64 == MAX_LINE && !line.ends_with('\n') {
            return Err(fault("a line of less than 256 bytes"));
        }
        // As a table calculation begins its CSV.
        let text = if number == 1 {
            line.trim_start_matches('\u{feff}').trim()
        } else {
            line.trim()
        };
        match header {
            Some(header) if number == 1 => {
                if text != header {
                    return Err(fault(&format!("the header {header}")));
                }
            }
            _ if text.is_empty() => {}
            _ => found.push(parse(text).map_err(fault)?),
        }
        if found.len() > MAX_ROWS {
            return Err(CliError::about(
                file_name(path),
                "more than 5,000,000 rows; give a part of them",
            ));
        }
    }
    Ok(found)
}

fn arrival(line: &str) -> Result<Arrival, &'static str> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let [band, t_set, t_interval, counter, at] = fields[..] else {
        return Err("five fields: NymiBandID,t_set_ms,t_interval_ms,counter,at_ms");
    };
    let t_set = t_set.parse().ok().and_then(TSet::new);
    let t_interval_ms: Option<u32> = t_interval.parse().ok();
    Ok(Arrival {
        band: band
            .parse::<BandId>()
            .map_err(|_| "a NymiBandID such as AA:BB:CC:DD:EE:FF")?,
        t_set: t_set.ok_or("t_set_ms, milliseconds since 1970")?,
        t_interval_ms: t_interval_ms
            .filter(|ms| (250..=60_000).contains(ms))
            .ok_or("t_interval_ms, 250 to 60000")?,
        counter: counter.parse().map_err(|_| "counter, 0 to 4294967295")?,
        at: at
            .parse()
            .map(UnixMillis)
            .map_err(|_| "at_ms, milliseconds since 1970")?,
    })
}

fn effect(effect: &Effect) -> Value {
    json!({
        "out_of_bounds": effect.out_of_bounds,
        "stale": effect.stale,
        "code_lifetime_ms": effect.code_lifetime_ms,
        "delay_in_use_ms": effect.delay_in_use_ms,
    })
}

fn as_json(proposal: &Proposal) -> Value {
    let cautions = proposal.cautions.iter();
    let cautions =
        cautions.map(|caution| json!({ "name": caution.name(), "text": caution.to_string() }));
    json!({
        "parameters": proposal.parameters,
        "arrivals": proposal.arrivals,
        "duplicates": proposal.duplicates,
        "bands": proposal.bands,
        "days": proposal.days,
        "series": proposal.series,
        "drift_series": proposal.drift_series,
        "now": effect(&proposal.now),
        "then": effect(&proposal.then),
        "cautions": cautions.collect::<Vec<Value>>(),
    })
}

fn as_text(current: &PacParameters, proposal: &Proposal) -> String {
    let mut text = format!(
        "{} arrivals of {} bands on {} days, in {} series, {} of them long enough to tell a drift\n",
        proposal.arrivals, proposal.bands, proposal.days, proposal.series, proposal.drift_series,
    );
    if proposal.duplicates > 0 {
        text += &format!(
            "{} rows that repeat another in every field were left out\n",
            proposal.duplicates
        );
    }
    text += &format!("\n{:<34}{:>12}{:>12}\n", "", "in force", "proposed");
    let mut row = |name: &str, now: i64, then: i64| {
        text += &format!("{name:<34}{now:>12}{then:>12}\n");
    };
    let (now, then) = (
        columns(current.values()),
        columns(proposal.parameters.values()),
    );
    for ((name, now), (_, then)) in now.into_iter().zip(then) {
        row(name, now, then);
    }
    let (now, then) = (&proposal.now, &proposal.then);
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    row(
        "refused as out of bounds",
        count(now.out_of_bounds),
        count(then.out_of_bounds),
    );
    row("refused as stale", count(now.stale), count(then.stale));
    row(
        "a recorded code may pass for, ms",
        now.code_lifetime_ms,
        then.code_lifetime_ms,
    );
    row(
        "a delayed frame may pass for, ms",
        now.delay_in_use_ms,
        then.delay_in_use_ms,
    );
    if !proposal.cautions.is_empty() {
        text += "\nbefore you take it:\n";
    }
    for caution in &proposal.cautions {
        text += &format!("- {caution}\n");
    }
    text += "\nmilliseconds, drifts in ppm; how to choose: docs/presence-parameters.md\n";
    text
}

fn columns(values: &PacParameterValues) -> [(&'static str, i64); 9] {
    [
        ("TInterval", values.t_interval),
        ("DmNBANESTime", values.dm_nba_nes_time),
        ("DvNBANESTime", values.dv_nba_nes_time),
        ("DmNBANBTime", values.dm_nba_nb_time),
        ("DvNBANBTime", values.dv_nba_nb_time),
        ("DmClockDrift", values.dm_clock_drift),
        ("DvClockDrift", values.dv_clock_drift),
        ("DmIntent", values.dm_intent),
        ("DvIntent", values.dv_intent),
    ]
}
