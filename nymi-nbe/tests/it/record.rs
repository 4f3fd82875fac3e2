//! Recordings with typed labels.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use nymi_core::message::channel::HardwareState;
use nymi_core::tap::recording::{HEADER, Label, MAX_RECORDED_BANDS, MAX_SAMPLES, Recording};
use nymi_core::tap::{AdapterKind, TapConfig, tune};
use nymi_core::{BandId, UnixMillis};
use nymi_nbe::adapter::{Adapter, AdapterEvent, AdapterLink};
use nymi_nbe::record::{Recorder, record};
use tokio::sync::mpsc;

const BAND: BandId = BandId::new([1, 2, 3, 4, 5, 6]);
const OTHER: BandId = BandId::new([9; 6]);

fn label(recorder: &mut Recorder, band: BandId) -> Option<Label> {
    recorder
        .handle_heard(UnixMillis(5), band, -60)
        .map(|sample| sample.label)
}

#[test]
fn labels_hold_until_the_next_and_enter_frames_a_tap() {
    let mut recorder = Recorder::new(None);
    assert_eq!(label(&mut recorder, BAND), None, "a pause at first");
    for (typed, expected) in [
        ("", Some(Label::Tap)),
        ("", Some(Label::NotTap)),
        ("c", Some(Label::Close)),
        ("", Some(Label::Tap)),
        ("", Some(Label::Close)),
        ("far", Some(Label::Far)),
        ("t", Some(Label::Tap)),
        ("", Some(Label::Far)),
        ("n", Some(Label::NotTap)),
        ("p", None),
    ] {
        recorder.handle_label(typed).unwrap();
        assert_eq!(label(&mut recorder, BAND), expected, "{typed:?}");
        assert_eq!(label(&mut recorder, OTHER), expected, "{typed:?}");
    }
    let error = recorder.handle_label("taps").unwrap_err().to_string();
    assert!(
        error.contains("\"taps\"") && error.ends_with("still pause"),
        "{error}"
    );
    assert_eq!(recorder.count(), 18);
}

#[test]
fn other_bands_than_the_wearers_must_not_tap() {
    let mut recorder = Recorder::new(Some(BAND));
    for (typed, expected) in [("t", Label::Tap), ("f", Label::Far)] {
        recorder.handle_label(typed).unwrap();
        assert_eq!(label(&mut recorder, BAND), Some(expected));
        assert_eq!(label(&mut recorder, OTHER), Some(Label::NotTap));
    }
}

#[test]
fn what_is_recorded_is_a_recording() {
    let mut recorder = Recorder::new(None);
    recorder.handle_label("c").unwrap();
    let mut samples = Vec::new();
    // A clock set back, strengths that no radio measures, more bands than a recording may have.
    for (now, rssi) in [
        (1000, -60),
        (400, -61),
        (1100, 127),
        (1200, -128),
        (1300, 20),
    ] {
        samples.extend(recorder.handle_heard(UnixMillis(now), BAND, rssi));
    }
    assert_eq!(samples.len(), 3);
    for n in 0..=MAX_RECORDED_BANDS as u8 {
        samples.extend(recorder.handle_heard(UnixMillis(1400), BandId::new([n; 6]), -60));
    }
    assert_eq!(samples.len(), 3 + MAX_RECORDED_BANDS - 1);
    Recording::try_from(samples).unwrap();
    while recorder.handle_heard(UnixMillis(2000), BAND, -60).is_some() {}
    assert!(recorder.is_full() && recorder.count() == MAX_SAMPLES);
}

#[derive(Clone, Default)]
struct File(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for File {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl File {
    fn recording(&self) -> Recording {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.parse().unwrap()
    }

    fn lines(&self) -> usize {
        let bytes = self.0.lock().unwrap();
        bytes.iter().filter(|byte| **byte == b'\n').count()
    }
}

/// An adapter that hears what a test says.
struct Scripted(AdapterLink);

impl Adapter for Scripted {
    fn start(self: Box<Self>) -> AdapterLink {
        self.0
    }
}

#[tokio::test]
async fn a_session_with_an_adapter_becomes_a_file() {
    let (events, heard) = mpsc::channel(4);
    let (requests, _asked) = mpsc::channel(1);
    let adapter = Scripted(AdapterLink {
        events: heard,
        requests,
    });
    let (typed, labels) = mpsc::channel(4);
    let (tell, mut told) = mpsc::unbounded_channel();
    let (file, clock) = (File::default(), Arc::new(AtomicI64::new(1_000)));
    let (now, sink) = (clock.clone(), file.clone());
    let task = tokio::spawn(record(
        Box::new(adapter),
        Recorder::new(None),
        labels,
        sink,
        move || UnixMillis(now.load(Relaxed)),
        move |line| tell.send(line.to_owned()).unwrap(),
    ));
    let plugged = AdapterEvent::Adapter {
        id: "0".into(),
        kind: AdapterKind::Bleuio,
        state: HardwareState::Ready,
        detail: None,
    };
    events.send(plugged).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "adapter ready: [dongle.bleuio]");
    typed.send("nonsense".to_owned()).await.unwrap();
    assert!(told.recv().await.unwrap().contains("nonsense"));
    let mut lines = 1;
    for (label, rssi, count) in [("close", -60, 20), ("", -30, 15), (" \r", -60, 20)] {
        typed.send(label.to_owned()).await.unwrap();
        told.recv().await.unwrap();
        for _ in 0..count {
            let data = Vec::new();
            let heard = AdapterEvent::Heard {
                address: BAND,
                rssi,
                data,
            };
            events.send(heard).await.unwrap();
            lines += 1;
            while file.lines() < lines {
                tokio::task::yield_now().await;
            }
            clock.fetch_add(100, Relaxed);
        }
    }
    // Without anybody who labels, the last label stays.
    drop(typed);
    drop(events);
    task.await.unwrap().unwrap();
    let recorded = file.recording();
    assert_eq!(recorded.samples().len(), 55);
    assert_eq!(recorded.samples()[54].label, Label::Close);
    let effect = tune::effect_on(&TapConfig::default(), &recorded);
    assert_eq!((effect.approaches, effect.hits), (1, 1));
}

#[test]
fn the_program_records_into_a_new_file_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.csv");
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_nbe"))
            .args(["--nymulator", "127.0.0.1:1", "--record"])
            .arg(&file)
            .env("ENDPOINT_ID", "desk-7")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut process = start();
    let told = BufReader::new(process.stderr.take().unwrap()).lines();
    let told: Vec<String> = told
        .map(Result::unwrap)
        .take_while(|line| !line.starts_with("no adapter: "))
        .collect();
    assert!(told[0].starts_with("Type what the wearer does"), "{told:?}");
    let begun = std::fs::read_to_string(&file).unwrap();
    assert_eq!(begun, format!("{HEADER}\n"));
    process.kill().unwrap();
    process.wait().unwrap();
    let again = start().wait_with_output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    let error = String::from_utf8(again.stderr).unwrap();
    assert!(error.contains("desk.csv: File exists"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), begun);
}
