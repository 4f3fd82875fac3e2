//! docs/tap-tuning.md.

use std::fmt::Write;
use std::ops::Range;

use nymi_core::tap::recording::Recording;
use nymi_core::tap::tune::{self, Proposal};
use nymi_core::tap::{TapConfig, TapConfigValues};

use super::detectors::{Measured, compare, day, ours};
use super::traces::{ADAPTERS, TRACES, Trace};

/// The seeds that the document is measured over.
const SEEDS: Range<u64> = 0..20;
/// The seeds that parameters are proposed from: others.
const RECORDED: Range<u64> = 1000..1002;

const INTRODUCTION: &str = "\
# Choosing the tap and proximity parameters

<!-- Written by `cargo run -p nymi-sim --example tap-tuning`; a test compares. -->

A tap is a guess from signal strength. Three parameters make it, and each trades one thing for another:

| parameter | default | larger | smaller |
| --- | --- | --- | --- |
| `rssi_window_tap` | 10 samples | steadier, and the hand has to stay longer | quicker, and distances vary |
| `rssi_tap_threshold` | -42 dBm | nearer 0: the hand has to come closer | taps from farther away |
| `tap_hysteresis` | 6 dB | the hand has to go farther before the next tap | a resting band may tap again |

All figures below come from simulated traces (`nymi-sim/examples/tap-tuning`): -59 dBm at one metre, 20 dB less per tenfold distance,
2 dB of noise on each of ten frames a second, one frame in a hundred lost, unless a row says otherwise. A tap is a hand that comes
from one metre to three centimetres within 0.3 s and stays for 1.5 s. Times count from the hand's arrival. Twenty seeds a row; the same
seeds give the same document. Simulated air is not the air of your plant: [record your own](#record-your-own-place).

";

fn config(change: impl FnOnce(&mut TapConfigValues)) -> TapConfig {
    let mut values = TapConfigValues::default();
    change(&mut values);
    TapConfig::try_from(values).expect("within the ranges")
}

fn milliseconds(time: Option<i64>) -> String {
    time.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"))
}

fn cells(measured: &Measured) -> String {
    let (hits, of) = (measured.hits, measured.approaches);
    let rate = if of == 0 {
        "–".to_owned()
    } else {
        format!("{hits} of {of}")
    };
    let median = milliseconds(measured.median_ms());
    let worst = milliseconds(measured.times_ms.last().copied());
    format!("{rate} | {median} | {worst} | {}", measured.false_taps)
}

/// The whole document.
pub(crate) fn document() -> String {
    let mut out = INTRODUCTION.to_owned();
    against_plain(&mut out);
    alternatives(&mut out);
    proximity(&mut out);
    proposals(&mut out);
    out.push_str(CHOOSING);
    out
}

fn against_plain(out: &mut String) {
    out.push_str(
        "## Against a plain rolling mean\n\n\
         The guides describe a mean over the last samples that taps when it reaches the threshold. Ours is the same mean with two\n\
         additions: it arms again only after the mean has fallen by the hysteresis or after 3 s of silence, and after such a silence\n\
         old strong samples no longer count. False taps are those without a hand at the adapter, and second taps of one hold.\n\n\
         | trace | detector | taps found | median | worst | false taps |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for trace in &TRACES {
        let [plain, ours] = compare(&TapConfig::default(), trace, SEEDS);
        for (name, measured) in [("plain", &plain), ("ours", &ours)] {
            _ = writeln!(out, "| {} | {name} | {} |", trace.name, cells(measured));
        }
    }
}

/// The traces of one adapter together, under each of these parameters.
fn together(configs: &[TapConfig], adapter: &str) -> Vec<Measured> {
    let mut sums = vec![Measured::default(); configs.len()];
    for trace in TRACES.iter().filter(|trace| trace.adapter.name == adapter) {
        for recording in SEEDS.map(|seed| trace.recording(seed)) {
            for (sum, config) in sums.iter_mut().zip(configs) {
                sum.judge(&recording, &ours(config, &recording));
            }
        }
    }
    sums
}

/// What is tried beside the defaults, with its text.
fn tried() -> Vec<(String, TapConfig)> {
    let mut tried = vec![("defaults".to_owned(), TapConfig::default())];
    for window in [3, 5, 20, 30] {
        let changed = config(|values| values.rssi_window_tap = window);
        tried.push((format!("rssi_window_tap = {window}"), changed));
    }
    for threshold in [-36, -48, -54] {
        let changed = config(|values| values.rssi_tap_threshold = threshold);
        tried.push((format!("rssi_tap_threshold = {threshold}"), changed));
    }
    for hysteresis in [0, 3, 10] {
        let changed = config(|values| values.tap_hysteresis = hysteresis);
        tried.push((format!("tap_hysteresis = {hysteresis}"), changed));
    }
    tried
}

fn alternatives(out: &mut String) {
    let (names, configs): (Vec<_>, Vec<_>) = tried().into_iter().unzip();
    for adapter in &ADAPTERS {
        _ = write!(
            out,
            "\n## Alternatives: an adapter that reports {}\n\n\
             Its traces of the table above, together. A band that rests at the edge counts as one tap.\n\n\
             | parameters | taps found | median | worst | false taps |\n| --- | --- | --- | --- | --- |\n",
            adapter.name
        );
        for (name, sum) in names.iter().zip(together(&configs, adapter.name)) {
            _ = writeln!(out, "| {name} | {} |", cells(&sum));
        }
    }
}

fn proximity(out: &mut String) {
    out.push_str(
        "\n## Proximity\n\n\
         Ten minutes at one metre, a walk to twenty metres, a minute there, a walk back; noise of 6 dB. Times count from the first step\n\
         away, and from being back. False changes are those while nobody moves: at the desk, and in ten minutes at 3.5 m, where\n\
         -70 dBm are heard.\n\n\
         | parameters | false changes at 1 m | at 3.5 m | away after | close again after |\n| --- | --- | --- | --- | --- |\n",
    );
    let one = config(|values| {
        (values.rssi_cutoff_close, values.rssi_cutoff_far) = (-70, -70);
    });
    let rows = [10, 20, 50, 100].map(|window| {
        let name = format!("rssi_window_long = {window}");
        (name, config(|values| values.rssi_window_long = window))
    });
    let nearer = config(|values| {
        (values.rssi_cutoff_close, values.rssi_cutoff_far) = (-62, -75);
    });
    let others = [
        ("one cut-off, -70, for both".to_owned(), one),
        ("cut-offs -62 and -75".to_owned(), nearer),
    ];
    for (name, config) in rows.into_iter().chain(others) {
        let followed = day(&config, SEEDS);
        let seconds = |ms: i64| format!("{}.{} s", ms / 1000, ms.rem_euclid(1000) / 100);
        _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {} |",
            followed.false_changes,
            followed.at_the_border,
            seconds(followed.away_ms),
            if followed.back_ms < 0 {
                "before arriving".to_owned()
            } else {
                seconds(followed.back_ms)
            }
        );
    }
}

/// A site, by the traces that its people make.
pub(crate) struct Site {
    name: &'static str,
    traces: &'static [usize],
}

pub(crate) const SITES: [Site; 4] = [
    Site {
        name: "office: every frame",
        traces: &[0, 1, 3],
    },
    Site {
        name: "noise of 6 dB",
        traces: &[8, 3],
    },
    Site {
        name: "protective equipment",
        traces: &[10, 3],
    },
    Site {
        name: "every other frame, protective equipment",
        traces: &[12, 11],
    },
];

impl Site {
    fn of(&self) -> impl Iterator<Item = &'static Trace> {
        self.traces.iter().map(|index| &TRACES[*index])
    }

    /// What is proposed from what was recorded there.
    pub(crate) fn proposal(&self) -> Proposal {
        let mut samples = Vec::new();
        let mut after = 0;
        for recording in self
            .of()
            .flat_map(|trace| RECORDED.map(|seed| trace.recording(seed)))
        {
            let shift = after;
            for sample in recording.samples() {
                let mut sample = *sample;
                sample.at = sample.at.saturating_add(shift);
                samples.push(sample);
            }
            // A pause of ten seconds between one recording and the next.
            let last = recording.samples().last().expect("not empty").at;
            after += last.since(recording.samples()[0].at) + 10_000;
        }
        let recording = Recording::try_from(samples).expect("in order");
        tune::propose(&TapConfig::default(), &recording).expect("enough was recorded")
    }

    /// What parameters make of other days there.
    pub(crate) fn measured(&self, config: &TapConfig) -> Measured {
        let mut sum = Measured::default();
        for trace in self.of() {
            for recording in SEEDS.map(|seed| trace.recording(seed)) {
                sum.judge(&recording, &ours(config, &recording));
            }
        }
        sum
    }
}

fn proposals(out: &mut String) {
    out.push_str(
        "\n## What `nymi tap tune` proposes\n\n\
         From two recordings of each kind, measured on twenty others. *To spare* is the smaller distance of the threshold from the weakest\n\
         tap and from the strongest of everything else.\n\n\
         | site | window, threshold, hysteresis | to spare | taps found | median | worst | false taps |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for site in &SITES {
        let proposal = site.proposal();
        for (config, spare) in [
            (TapConfig::default(), "".to_owned()),
            (proposal.config, tenths(proposal.margin_tenths_db)),
        ] {
            let v = config.values();
            let (window, threshold) = (v.rssi_window_tap, v.rssi_tap_threshold);
            _ = writeln!(
                out,
                "| {} | {window}, {threshold}, {} | {spare} | {} |",
                site.name,
                v.tap_hysteresis,
                cells(&site.measured(&config))
            );
        }
    }
}

fn tenths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{} dB", value.abs() / 10, value.abs() % 10)
}

const CHOOSING: &str = "
## Record your own place

One person, one band, a quarter of an hour. The endpoint's service must be stopped: the adapter belongs to one program.

```
nbe --record desk.csv --band DD:34:A2:0F:0B:0D
```

The address is the NymiBandID; the debug log of the endpoint (`nbe --log debug`) shows those it hears. Other
bands that are heard count as `not_tap`, so their wearers should not tap meanwhile. Labels are typed, and hold until the next:

| do | type | how long |
| --- | --- | --- |
| sit and work at the terminal | `c` Enter | a minute |
| hold the band at the adapter as people will, gloves and all | Enter when the hand arrives, Enter when it leaves | ten times, some seconds between |
| walk by, lean over, lay the arm beside the adapter | `n` Enter | a minute each |
| rest where the band must not tap again | `n` Enter | a minute |
| walk away, stay away | `p` Enter on the way, `f` Enter there | a minute |

Ctrl-C ends the recording. Then:

```
nymi tap tune desk.csv --current /etc/nymi/nbe.toml --dongle bleuio --plot desk.svg
```

It prints the parameters in force beside the proposed ones, and for each what the recording would have been: taps found, time to tap,
false taps, all of it also for a plain rolling mean. The last lines are a section for `nbe.toml`, which the endpoint takes within a
second. Look at the picture before: shaded is what was labelled as a tap, a mark is a tap that is detected, the dashed line the threshold.
Several recordings may be given together, of one kind of adapter. Less than 6 dB to spare means that another glove or another desk
may tell taps and the rest no longer apart.

## How to choose

1. **Begin with the defaults.** They find every tap of an adapter that reports every frame, within about a second, and none of
   somebody who walks by.
2. **Taps not found**: the band is heard too weakly or too rarely. Look at a recording first (`nymi tap tune --plot`). If held samples stay below
   the threshold, lower it (-48); if they pass it and the mean does not, the hand leaves before the window is full: make the window
   smaller. An adapter that reports every other frame needs twice the time for the same window; half of it is the same time.
3. **Taps from varying distances**: a larger window, on every adapter. Mind the hold that it asks for: window times the time
   between samples.
4. **Taps from too far away**: a threshold nearer to 0.
5. **A band that lies at the adapter taps again**: more hysteresis. With 10 dB, a hand that goes back by less than half a metre
   between two taps makes only one: the row above misses such taps.
6. **Locks too late or too early**: move `rssi_cutoff_far`, and keep it well below `rssi_cutoff_close`. A single cut-off makes a
   person at that distance come and go all day.
";
