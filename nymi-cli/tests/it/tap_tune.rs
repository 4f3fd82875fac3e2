//! `nymi tap tune` on recordings of files and of standard input.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{nymi, stderr, stdout};

/// So many taps held at -50 dBm, too weak for the default threshold, and rests at -70 between them.
pub(crate) fn recording(taps: usize) -> String {
    written(&[(-70, "close", 60), (-50, "tap", 20), (-70, "close", 30)].repeat(taps))
}

/// Levels with labels, each for so many samples, ten a second.
fn written(parts: &[(i32, &str, i32)]) -> String {
    let mut text = String::from("time_ms,address,rssi,label\n");
    let mut at = 1_700_000_000_000_u64;
    for (rssi, label, count) in parts {
        for n in 0..*count {
            let rssi = rssi + n % 3 - 1;
            writeln!(text, "{at},DD:34:A2:0F:0B:0D,{rssi},{label}").unwrap();
            at += 100;
        }
    }
    text
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }
}

#[test]
fn parameters_are_proposed_from_recordings() {
    let files = Files::new();
    let (one, two) = (
        files.write("one.csv", &recording(4)),
        files.write("two.csv", &recording(3)),
    );
    let plot = files.path("desk.svg");
    let output = nymi(&["tap", "tune", &one, &two, "--json", "--plot", &plot]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&shown["samples"], &shown["bands"]),
        (&770.into(), &1.into())
    );
    assert_eq!(shown["labels"]["tap"], 140);
    assert_eq!(shown["now"]["parameters"]["rssi_tap_threshold"], -42);
    assert_eq!(shown["now"]["detector"]["found"], 0);
    assert_eq!(shown["then"]["detector"]["taps"], 7);
    assert_eq!(shown["then"]["detector"]["found"], 7);
    assert_eq!(shown["then"]["detector"]["false_taps"], 0);
    assert_eq!(shown["then"]["plain_mean"]["found"], 7);
    let threshold = shown["then"]["parameters"]["rssi_tap_threshold"]
        .as_i64()
        .unwrap();
    assert!((-69..=-51).contains(&threshold), "{threshold}");
    assert!(shown["to_spare_db"].as_f64().unwrap() >= 6.0);
    assert_eq!(shown["cutoffs_proposed"], false);
    let drawn = fs::read_to_string(&plot).unwrap();
    assert!(drawn.contains(&format!("tap {threshold}")));
    assert_eq!(
        drawn.matches("<g transform").count(),
        2,
        "a panel for each recording"
    );

    let text = stdout(&nymi(&["tap", "tune", &one, &two, "--dongle", "bleuio"]));
    assert!(text.contains("0 of 7") && text.contains("7 of 7"), "{text}");
    assert!(text.contains("false taps, plain mean"), "{text}");
    // What it prints last is a section that the endpoint takes.
    let section = &text[text.find("[dongle.bleuio]").unwrap()..];
    let settings = nymi_nbe::settings::Settings::parse(section, "nbe.toml", |_| None).unwrap();
    let taken = settings.taps().of(nymi_core::tap::AdapterKind::Bleuio);
    assert_eq!(taken.values().rssi_tap_threshold, threshold);
}

#[test]
fn a_picture_overwrites_nothing() {
    let files = Files::new();
    let text = recording(6);
    for (name, expected) in [
        ("one.csv", "the name of a picture must end in .svg"),
        (
            "one.svg",
            "this file exists; give another name or delete it",
        ),
    ] {
        let path = files.write(name, &text);
        let output = nymi(&["tap", "tune", &path, "--plot", &path]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains(&format!("{name}: {expected}")),
            "{}",
            stderr(&output)
        );
        assert!(stdout(&output).is_empty());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

/// Six taps at one level, and the same again that is labelled as none.
fn with_a_false_label(held: i32) -> String {
    let mut parts = [(-70, "close", 60), (held, "tap", 20), (-70, "close", 30)].repeat(6);
    parts.extend([
        (-70, "close", 60),
        (held, "not_tap", 20),
        (-70, "close", 30),
    ]);
    written(&parts)
}

#[test]
fn nothing_is_proposed_from_a_recording_that_contradicts_itself() {
    let files = Files::new();
    let alike = [(-60, "close", 60), (-60, "tap", 20), (-60, "close", 30)].repeat(6);
    // Fewer than half of the taps; no fewer faults than the parameters in force.
    for text in [written(&alike), with_a_false_label(-30)] {
        let path = files.write("one.csv", &text);
        let output = nymi(&["tap", "tune", &path]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("nothing is proposed"),
            "{}",
            stderr(&output)
        );
        assert!(stdout(&output).contains("taps found"));
        assert!(!stdout(&output).contains("[dongle."));
        let output = nymi(&["tap", "tune", &path, "--json"]);
        assert_eq!(output.status.code(), Some(1));
        let shown: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(shown["usable"], false);
        let reason = shown["reason"].as_str().unwrap();
        assert!(reason.contains("heard as strongly as taps"), "{reason}");
    }
    // One fault instead of the six of those in force is worth proposing.
    let path = files.write("one.csv", &with_a_false_label(-50));
    let output = nymi(&["tap", "tune", &path]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("[dongle.virtual]"));
}

#[test]
fn the_section_of_the_adapter_is_in_force() {
    let files = Files::new();
    let one = files.write("one.csv", &recording(6));
    let settings = files.write("nbe.toml", "[dongle.bleuio]\nrssi_tap_threshold = -60\n");
    let found = |kind: &str| {
        let arguments = [
            "tap",
            "tune",
            &one,
            "--json",
            "--current",
            &settings,
            "--dongle",
            kind,
        ];
        let shown: Value = serde_json::from_str(&stdout(&nymi(&arguments))).unwrap();
        shown["now"]["detector"]["found"].as_u64().unwrap()
    };
    assert_eq!((found("bleuio"), found("bluegiga")), (6, 0));
}

#[test]
fn a_recording_may_come_from_standard_input() {
    let of_input = |text: &str| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_nymi"))
            .args(["tap", "tune", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = process.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        process.wait_with_output().unwrap()
    };
    for (text, expected) in [
        ("time,band\n", "standard input: line 1"),
        (&recording(4), "standard input: 4 recorded taps"),
    ] {
        let error = stderr(&of_input(text));
        assert!(error.contains(expected), "{error}");
    }
    let output = of_input(&recording(5));
    let shown: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(shown["then"]["detector"]["found"], 5);
}

#[test]
fn what_is_wrong_is_named_with_file_and_line() {
    let files = Files::new();
    let header = "time_ms,address,rssi,label\n";
    for (text, expected) in [
        ("", "line 1 is \"\""),
        ("time,band\n", "line 1 is \"time,band\""),
        (
            &format!("{header}5,DD:34:A2:0F:0B:0D,-41,taps\n"),
            "line 2: label is \"taps\"; it must be tap, close, far or not_tap",
        ),
        (
            &format!("{header}# note\n5,DD:34,-41,tap\n"),
            "line 3: address is \"DD:34\"",
        ),
        (header, "0 recorded taps are too few"),
        (&recording(4), "4 recorded taps are too few"),
    ] {
        let path = files.write("wrong.csv", text);
        let output = nymi(&["tap", "tune", &path]);
        assert_eq!(output.status.code(), Some(1), "{expected}");
        let error = stderr(&output);
        assert!(
            error.contains("wrong.csv: ") && error.contains(expected),
            "{error}"
        );
        assert!(stdout(&output).is_empty());
    }
    fs::write(
        files.path("bytes.csv"),
        b"time_ms,address,rssi,label\n\xff\n",
    )
    .unwrap();
    let output = nymi(&["tap", "tune", &files.path("bytes.csv")]);
    assert!(
        stderr(&output).contains("bytes.csv: line 2 is not UTF-8"),
        "{}",
        stderr(&output)
    );
    let output = nymi(&["tap", "tune", &files.path("absent.csv")]);
    assert!(stderr(&output).contains("absent.csv: "));
    let settings = files.write("nbe.toml", "[dongle.bleuio]\nrssi_tap_threshold = 5\n");
    let one = files.write("one.csv", &recording(6));
    let output = nymi(&["tap", "tune", &one, "--current", &settings]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("rssi_tap_threshold is 5"),
        "{}",
        stderr(&output)
    );
    for arguments in [
        vec!["tap", "tune"],
        vec!["tap", "tune", &one, "--dongle", "zigbee"],
    ] {
        assert_eq!(nymi(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_tells_of_recording_and_of_tapping() {
    let help = stdout(&nymi(&["tap", "tune", "--help"]));
    for word in [
        "Examples:",
        "nbe --record",
        "time_ms,address,rssi,label",
        "--plot",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert!(stdout(&nymi(&["tap", "--help"])).contains("tune"));
    assert_eq!(nymi(&["tap"]).status.code(), Some(2), "a band or a command");
}
