//! A picture of a recording, as SVG: what was heard, what was labelled, and what the parameters make
//! of it. Whole numbers only: the same recording gives the same text everywhere.
//!
//! ```
//! use nymi_core::tap::{TapConfig, plot, recording::Recording};
//!
//! let text = "time_ms,address,rssi,label\n0,DD:34:A2:0F:0B:0D,-63,close\n";
//! let picture = plot::svg(&TapConfig::default(), &text.parse::<Recording>()?);
//! assert!(picture.starts_with("<svg") && picture.contains("DD:34:A2:0F:0B:0D"));
//! # Ok::<(), nymi_core::tap::recording::RecordingError>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::config::TapConfig;
use super::recording::{Label, Recording, Sample};
use super::tune::taps;
use crate::{BandId, UnixMillis};

const WIDTH: i64 = 960;
const HEIGHT: i64 = 360;
const LEFT: i64 = 48;
const TOP: i64 = 24;
const STRONGEST_DBM: i64 = -10;
const WEAKEST_DBM: i64 = -110;
/// Distinguishable in print and for most who do not see all colours (after Okabe and Ito).
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00",
];
/// At most so many bands are drawn; more would be a blot.
const MAX_DRAWN: usize = 12;

struct Scale {
    first: UnixMillis,
    span_ms: i64,
}

impl Scale {
    fn new(samples: &[Sample]) -> Self {
        let first = samples.first().map_or(UnixMillis(0), |sample| sample.at);
        let last = samples.last().map_or(first, |sample| sample.at);
        Self {
            first,
            span_ms: last.since(first).max(1),
        }
    }

    /// The column of a moment.
    fn x(&self, at: UnixMillis) -> i64 {
        let share = i128::from(at.since(self.first)) * i128::from(WIDTH - 1);
        LEFT + (share / i128::from(self.span_ms)) as i64
    }
}

fn y(dbm: i64) -> i64 {
    let clipped = dbm.clamp(WEAKEST_DBM, STRONGEST_DBM);
    TOP + (STRONGEST_DBM - clipped) * HEIGHT / (STRONGEST_DBM - WEAKEST_DBM)
}

/// Draws a recording under these parameters: each band's samples and the mean of its tap window,
/// shaded where a tap was labelled, marked where one is detected.
pub fn svg(config: &TapConfig, recording: &Recording) -> String {
    sheet(config, core::slice::from_ref(recording))
}

/// Draws several recordings, one below the other.
pub fn sheet(config: &TapConfig, recordings: &[Recording]) -> String {
    let (width, height) = (LEFT + WIDTH + 96, TOP + HEIGHT + 40);
    let all = height * recordings.len() as i64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {all}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{all}\" fill=\"#fff\"/>\n"
    );
    for (recording, row) in recordings.iter().zip(0..) {
        out.push_str(&format!(
            "<g transform=\"translate(0 {})\">\n",
            row * height
        ));
        panel(&mut out, config, recording);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn panel(out: &mut String, config: &TapConfig, recording: &Recording) {
    let samples = recording.samples();
    let scale = Scale::new(samples);
    let mut bands: BTreeMap<BandId, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        bands.entry(sample.band).or_default().push(sample);
    }
    for (band, colour) in bands.keys().zip(COLOURS.iter().cycle()).take(MAX_DRAWN) {
        shade(out, &scale, &bands[band], colour);
    }
    axes(out, &scale);
    limits(out, config);
    let taps = taps(config, recording);
    for (index, ((band, track), colour)) in bands
        .iter()
        .zip(COLOURS.iter().cycle())
        .take(MAX_DRAWN)
        .enumerate()
    {
        draw(out, &scale, track, colour);
        mean(out, &scale, config, track, colour);
        let times = taps.iter().filter(|(tapped, _)| tapped == band);
        for (_, at) in times {
            out.push_str(&format!(
                "<path d=\"M{} {TOP}l-5 -9h10z\" fill=\"{colour}\"/>\n",
                scale.x(*at)
            ));
        }
        let below = TOP + HEIGHT + 32;
        let x = LEFT + index as i64 * 130;
        out.push_str(&format!(
            "<text x=\"{x}\" y=\"{below}\" fill=\"{colour}\">{band}</text>\n"
        ));
    }
}

/// The spans that are labelled as taps.
fn shade(out: &mut String, scale: &Scale, track: &[&Sample], colour: &str) {
    let mut open: Option<(i64, i64)> = None;
    let close = |span: Option<(i64, i64)>, out: &mut String| {
        if let Some((from, to)) = span {
            let wide = (to - from).max(1);
            out.push_str(&format!(
                "<rect x=\"{from}\" y=\"{TOP}\" width=\"{wide}\" height=\"{HEIGHT}\" \
                 fill=\"{colour}\" fill-opacity=\"0.15\"/>\n"
            ));
        }
    };
    for sample in track {
        let x = scale.x(sample.at);
        match (&mut open, sample.label) {
            (Some((_, to)), Label::Tap) => *to = x,
            (none @ None, Label::Tap) => *none = Some((x, x)),
            _ => close(open.take(), out),
        }
    }
    close(open, out);
}

fn axes(out: &mut String, scale: &Scale) {
    for dbm in (WEAKEST_DBM..=STRONGEST_DBM).step_by(20) {
        let (y, x, right) = (y(dbm), LEFT - 6, LEFT + WIDTH);
        out.push_str(&format!(
            "<path d=\"M{LEFT} {y}H{right}\" stroke=\"#ddd\"/>\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"end\">{dbm}</text>\n",
            y + 4
        ));
    }
    let (below, right) = (TOP + HEIGHT + 16, LEFT + WIDTH);
    let seconds = scale.span_ms / 1000;
    out.push_str(&format!(
        "<text x=\"{LEFT}\" y=\"{below}\">0 s</text>\
         <text x=\"{right}\" y=\"{below}\" text-anchor=\"end\">{seconds} s</text>\n\
         <text x=\"4\" y=\"14\">dBm</text>\n"
    ));
}

/// The thresholds that are in use.
fn limits(out: &mut String, config: &TapConfig) {
    let v = config.values();
    for (name, dbm, used) in [
        ("tap", v.rssi_tap_threshold, config.detects_taps()),
        ("close", v.rssi_cutoff_close, config.judges_proximity()),
        ("far", v.rssi_cutoff_far, config.judges_proximity()),
    ] {
        if used {
            let (y, right) = (y(dbm), LEFT + WIDTH);
            out.push_str(&format!(
                "<path d=\"M{LEFT} {y}H{right}\" stroke=\"#000\" stroke-dasharray=\"6 4\"/>\
                 <text x=\"{}\" y=\"{}\">{name} {dbm}</text>\n",
                right + 4,
                y + 4
            ));
        }
    }
}

/// The samples: in each column a line from the weakest to the strongest.
fn draw(out: &mut String, scale: &Scale, track: &[&Sample], colour: &str) {
    let mut columns: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for sample in track {
        let dbm = i64::from(sample.rssi_dbm);
        let column = columns.entry(scale.x(sample.at)).or_insert((dbm, dbm));
        *column = (column.0.min(dbm), column.1.max(dbm));
    }
    let mut path = String::new();
    for (x, (weakest, strongest)) in columns {
        path.push_str(&format!("M{x} {}V{}", y(strongest) - 1, y(weakest) + 1));
    }
    out.push_str(&format!(
        "<path d=\"{path}\" stroke=\"{colour}\" stroke-opacity=\"0.45\" fill=\"none\"/>\n"
    ));
}

/// The mean of the tap window: in each column the last.
fn mean(out: &mut String, scale: &Scale, config: &TapConfig, track: &[&Sample], colour: &str) {
    let size = usize::try_from(config.values().rssi_window_tap).unwrap_or(1);
    let mut columns: BTreeMap<i64, i64> = BTreeMap::new();
    let mut sum = 0;
    for (index, sample) in track.iter().enumerate() {
        sum += i64::from(sample.rssi_dbm);
        if index >= size {
            sum -= i64::from(track[index - size].rssi_dbm);
        }
        if index + 1 >= size {
            columns.insert(scale.x(sample.at), sum.div_euclid(size as i64));
        }
    }
    let mut points = String::new();
    for (x, dbm) in columns {
        points.push_str(&format!("{x},{} ", y(dbm)));
    }
    out.push_str(&format!(
        "<polyline points=\"{}\" stroke=\"{colour}\" stroke-width=\"1.5\" fill=\"none\"/>\n",
        points.trim_end()
    ));
}
