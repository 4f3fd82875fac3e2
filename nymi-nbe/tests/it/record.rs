//! Recordings with typed labels.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use nymi_core::message::channel::HardwareState;
use nymi_core::tap::recording::{HEADER, Label, MAX_RECORDED_BANDS, MAX_SAMPLES, Recording};
use nymi_core::tap::{AdapterKind, TapConfig, tune};
use nymi_core::{BandId, UnixMillis};
use nymi_nbe::adapter::{Adapter, AdapterEvent, AdapterLink};
use nymi_nbe::record::{NewFile, Recorder, record};
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
    let task = tokio::spawn(async move {
        let mut recorder = Recorder::new(None);
        let told = move |line: &str| tell.send(line.to_owned()).unwrap();
        let clock = move || UnixMillis(now.load(Relaxed));
        let ended = record(Box::new(adapter), &mut recorder, labels, sink, clock, told).await;
        ended.map(|()| recorder.summary())
    });
    let plugged = AdapterEvent::Adapter {
        id: "COM7".into(),
        kind: AdapterKind::Bleuio,
        state: HardwareState::Ready,
        detail: None,
    };
    events.send(plugged).await.unwrap();
    let ready = told.recv().await.unwrap();
    assert_eq!(ready, "adapter COM7 ([dongle.bleuio]) is ready");
    assert_eq!(file.lines(), 0, "no header before a sample");
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
    let summary = task.await.unwrap().unwrap();
    assert_eq!(summary, "55 samples of 1 bands recorded");
    let recorded = file.recording();
    assert_eq!(recorded.samples().len(), 55);
    assert_eq!(recorded.samples()[54].label, Label::Close);
    let effect = tune::effect_on(&TapConfig::default(), &recorded);
    assert_eq!((effect.approaches, effect.hits), (1, 1));
}

#[test]
fn the_adapter_is_named_with_what_to_do_and_not_twice() {
    let mut recorder = Recorder::new(None);
    assert!(recorder.summary().contains("did not answer"));
    let mut handle = |state, detail| {
        let told = recorder.handle_adapter("COM7", AdapterKind::Bluegiga, state, detail);
        (told.unwrap_or_default(), recorder.summary())
    };
    let (told, summary) = handle(HardwareState::Missing, None);
    assert!(told.starts_with("adapter COM7 ([dongle.bluegiga]) is not there: plug it in."));
    assert_eq!(summary, format!("nothing was recorded: {told}"));
    assert_eq!(handle(HardwareState::Missing, None).0, "");
    let (told, _) = handle(HardwareState::Failed, None);
    assert!(told.contains("does not work: unplug it"), "{told}");
    let (told, _) = handle(HardwareState::Missing, Some("gone"));
    assert!(told.contains("is not there: gone."), "{told}");
    let (told, summary) = handle(HardwareState::Ready, None);
    assert_eq!(told, "adapter COM7 ([dongle.bluegiga]) is ready");
    assert!(summary.contains("type a label"), "{summary}");
    recorder.handle_label("c").unwrap();
    assert!(recorder.summary().contains("no band was heard"));
}

#[test]
fn a_file_is_made_with_the_first_bytes_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.csv");
    let mut file = NewFile::named(&path).unwrap();
    file.flush().unwrap();
    assert!(!path.exists());
    file.write_all(b"one").unwrap();
    file.write_all(b"two").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"onetwo");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn what_has_the_name_is_kept_whenever_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.csv");
    let mut late = NewFile::named(&path).unwrap();
    std::fs::write(&path, "another's").unwrap();
    for error in [
        late.write_all(b"mine").unwrap_err(),
        NewFile::named(&path).unwrap_err(),
    ] {
        assert!(error.to_string().contains("another name"), "{error}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"another's");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.csv");
        std::os::unix::fs::symlink(folder.path().join("nothing"), &link).unwrap();
        assert!(NewFile::named(&link).is_err());
    }
    let nowhere = NewFile::named(&folder.path().join("no/desk.csv")).unwrap_err();
    assert!(
        nowhere.to_string().contains("there is no folder"),
        "{nowhere}"
    );
}

fn recording_nbe(file: &Path, nymulator: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nbe"));
    command
        .args(["--nymulator", nymulator, "--record"])
        .arg(file)
        .env("ENDPOINT_ID", "desk-7")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[cfg(unix)]
fn interrupt(process: &Child) {
    let id = process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Without an adapter there is nothing to record: no file, and the reason with what to do.
#[cfg(unix)]
#[test]
fn without_an_adapter_there_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.csv");
    let mut process = recording_nbe(&file, "127.0.0.1:1").spawn().unwrap();
    let mut told = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut line = move || told.next().unwrap().unwrap();
    assert!(line().starts_with("Type what the wearer does"));
    let missing = std::iter::repeat_with(&mut line).find(|line| line.starts_with("adapter "));
    let missing = missing.unwrap();
    assert!(
        missing.contains("([dongle.virtual]) is not there"),
        "{missing}"
    );
    assert!(missing.contains("no nymulator at 127.0.0.1:1"), "{missing}");
    interrupt(&process);
    let last = line();
    assert!(
        last.contains("desk.csv: nothing was recorded: adapter "),
        "{last}"
    );
    assert_eq!(process.wait().unwrap().code(), Some(1));
    assert!(!file.exists());
}

#[test]
fn the_program_keeps_a_file_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.csv");
    std::fs::write(&file, HEADER).unwrap();
    let ended = recording_nbe(&file, "127.0.0.1:1").output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let error = String::from_utf8(ended.stderr).unwrap();
    assert!(
        error.contains("desk.csv: this file exists and is kept"),
        "{error}"
    );
    assert!(!error.contains("Type what"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), HEADER);
}
