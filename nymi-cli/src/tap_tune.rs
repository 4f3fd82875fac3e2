//! `nymi tap tune`: proposes detection parameters from recorded samples.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use nymi_core::tap::recording::{Label, MAX_LINE, MAX_SAMPLES, Recording};
use nymi_core::tap::tune::{self, Effect, Proposal};
use nymi_core::tap::{AdapterKind, TapConfig, TapConfigValues, plain_taps, plot};
use nymi_nbe::settings::Settings;
use serde_json::{Value, json};

use crate::args::TapTuneArgs;
use crate::error::{CliError, file_name};
use crate::output::print;

/// The largest file that can be a recording, bytes.
const MAX_FILE: u64 = (MAX_SAMPLES * (MAX_LINE + 2)) as u64;

/// Reads the recordings, prints what is proposed beside what is in force, and draws it.
pub(crate) fn run(args: &TapTuneArgs) -> Result<(), CliError> {
    if let Some(path) = &args.plot
        && path.extension().is_none_or(|ending| ending != "svg")
    {
        return Err(CliError::about(
            path.display(),
            "the name of a picture must end in .svg",
        ));
    }
    let current = match &args.current {
        Some(path) => in_force(path, args.dongle)?,
        None => TapConfig::default(),
    };
    let recordings: Vec<Recording> = args
        .files
        .iter()
        .map(|path| recording(path))
        .collect::<Result<_, _>>()?;
    let joined = Recording::joined(&recordings)
        .map_err(|error| CliError::about("all recordings together", error))?;
    let proposal = tune::propose(&current, &joined)
        .map_err(|error| CliError::about(names(&args.files), error))?;
    let report = Report {
        kind: args.dongle,
        current,
        plain_now: plain(&current, &joined),
        plain_then: plain(&proposal.config, &joined),
        proposal,
        joined,
    };
    if let Some(path) = &args.plot {
        let drawn = plot::sheet(&report.proposal.config, &recordings);
        write_new(path, &drawn)?;
    }
    let text = if args.json {
        format!("{}\n", report.json())
    } else {
        report.text()
    };
    print(|out| out.write_all(text.as_bytes()))?;
    unusable(&report.proposal).map_or(Ok(()), |reason| Err(CliError::new(reason)))
}

/// Never overwrites: the name may be that of a recording.
fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    File::create_new(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => CliError::about(
                path.display(),
                "this file exists; give another name or delete it",
            ),
            _ => CliError::about(path.display(), error),
        })
}

/// Why a proposal must not be used, if so.
fn unusable(proposal: &Proposal) -> Option<String> {
    let Proposal { now, then, .. } = proposal;
    let wrong = |effect: &Effect| effect.missed() + effect.false_taps;
    let no_better = wrong(then) > 0 && wrong(then) >= wrong(now);
    if !no_better && 2 * then.hits >= then.approaches {
        return None;
    }
    let cause = if proposal.margin_tenths_db <= 0 {
        "what is not labelled as a tap is heard as strongly as taps"
    } else {
        "labels do not fit what is heard, or taps are held too briefly"
    };
    Some(format!(
        "nothing is proposed from these recordings: {cause}. The best parameters tried find {} taps, with {} false \
         taps; those in force find {}, with {}. Look at the picture (--plot), correct the labels or record again",
        found(then),
        then.false_taps,
        found(now),
        now.false_taps,
    ))
}

fn in_force(path: &Path, kind: AdapterKind) -> Result<TapConfig, CliError> {
    let settings =
        Settings::load(path, true, |_| None).map_err(|error| CliError::new(error.to_string()))?;
    Ok(*settings.taps().of(kind))
}

fn recording(path: &Path) -> Result<Recording, CliError> {
    let name = file_name(path);
    let about = |error: &dyn std::fmt::Display| CliError::about(&name, error);
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| about(&error))?)
    };
    let mut bytes = Vec::new();
    source
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| about(&error))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(about(&format_args!(
            "more than {MAX_FILE} bytes; no recording is that long"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        about(&format_args!("line {line} is not UTF-8 text"))
    })?;
    text.parse::<Recording>().map_err(|error| about(&error))
}

fn names(files: &[std::path::PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|path| file_name(path)).collect();
    names.join(", ")
}

fn plain(config: &TapConfig, recording: &Recording) -> Effect {
    tune::judge(recording, &plain_taps(config, recording))
}

struct Report {
    kind: AdapterKind,
    current: TapConfig,
    proposal: Proposal,
    /// What a plain rolling mean makes of it, with the parameters in force and the proposed ones.
    plain_now: Effect,
    plain_then: Effect,
    joined: Recording,
}

impl Report {
    fn bands(&self) -> usize {
        let bands = self.joined.samples().iter().map(|sample| sample.band);
        bands.collect::<std::collections::BTreeSet<_>>().len()
    }

    fn labelled(&self, label: Label) -> usize {
        let samples = self.joined.samples().iter();
        samples.filter(|sample| sample.label == label).count()
    }

    fn json(&self) -> Value {
        let labels: serde_json::Map<String, Value> = Label::ALL
            .into_iter()
            .map(|(label, name)| (name.to_owned(), self.labelled(label).into()))
            .collect();
        let side = |config: &TapConfig, detector: &Effect, plain: &Effect| {
            json!({
                "parameters": config,
                "detector": effect(detector),
                "plain_mean": effect(plain),
            })
        };
        let proposal = &self.proposal;
        let reason = unusable(proposal);
        json!({
            "usable": reason.is_none(),
            "reason": reason,
            "dongle": self.kind,
            "samples": self.joined.samples().len(),
            "bands": self.bands(),
            "labels": labels,
            "now": side(&self.current, &proposal.now, &self.plain_now),
            "then": side(&proposal.config, &proposal.then, &self.plain_then),
            "to_spare_db": to_spare_db(proposal),
            "cutoffs_proposed": proposal.cutoffs,
        })
    }

    fn text(&self) -> String {
        let proposal = &self.proposal;
        let usable = unusable(proposal).is_none();
        let mut text = format!(
            "{} samples of {}, {} taps among them\n\n{:<34}{:>12}{:>12}\n",
            self.joined.samples().len(),
            match self.bands() {
                1 => "1 band".to_owned(),
                bands => format!("{bands} bands"),
            },
            proposal.now.approaches,
            "",
            "in force",
            if usable { "proposed" } else { "tried" },
        );
        let mut row = |name: &str, now: String, then: String| {
            text += &format!("{name:<34}{now:>12}{then:>12}\n");
        };
        let (now, then) = (self.current.values(), proposal.config.values());
        for (name, now, then) in pairs(now, then) {
            row(name, now.to_string(), then.to_string());
        }
        for (what, now, then) in [
            ("", &proposal.now, &proposal.then),
            (", plain mean", &self.plain_now, &self.plain_then),
        ] {
            row(&format!("taps found{what}"), found(now), found(then));
            row(
                &format!("median time to tap{what}"),
                time(now.median_ms),
                time(then.median_ms),
            );
            row(
                &format!("longest time to tap{what}"),
                time(now.worst_ms),
                time(then.worst_ms),
            );
            row(
                &format!("false taps{what}"),
                now.false_taps.to_string(),
                then.false_taps.to_string(),
            );
        }
        let spare = to_spare_db(proposal);
        row(
            "to spare on both sides",
            String::new(),
            format!("{spare:.1} dB"),
        );
        if !usable {
            return text;
        }
        text += self.advice(spare);
        text += &format!("\n[dongle.{}]\n", self.kind);
        for (name, _, then) in pairs(now, then) {
            text += &format!("{name} = {then}\n");
        }
        text
    }

    fn advice(&self, spare: f64) -> &'static str {
        if spare < 0.0 {
            "\nWhat must not tap is heard as strongly as taps: no threshold tells them apart. Record taps held\n\
             closer, or move the adapter.\n"
        } else if !self.proposal.cutoffs && self.current.judges_proximity() {
            "\nThe cut-offs stay: record close and far, apart from each other, to have them proposed.\n"
        } else {
            ""
        }
    }
}

fn to_spare_db(proposal: &Proposal) -> f64 {
    proposal.margin_tenths_db as f64 / 10.0
}

fn found(effect: &Effect) -> String {
    format!("{} of {}", effect.hits, effect.approaches)
}

fn time(ms: Option<i64>) -> String {
    ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"))
}

fn effect(effect: &Effect) -> Value {
    json!({
        "taps": effect.approaches,
        "found": effect.hits,
        "missed": effect.missed(),
        "false_taps": effect.false_taps,
        "median_ms": effect.median_ms,
        "worst_ms": effect.worst_ms,
    })
}

/// Each key of nbe.toml with both values.
fn pairs(now: &TapConfigValues, then: &TapConfigValues) -> [(&'static str, i64, i64); 6] {
    let (now, then) = (now.in_order(), then.in_order());
    std::array::from_fn(|index| (TapConfigValues::KEYS[index], now[index], then[index]))
}
