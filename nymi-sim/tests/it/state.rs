//! What survives a restart.

use nymi_sim::{Config, Handle, Nymulator};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use nymi_sim::clock::ManualClock;
use tempfile::TempDir;

use crate::control::enroll_over_tcp;
use crate::pki::enterprise;
use crate::terminal::NOW;

async fn start(state: &Path) -> Handle {
    Nymulator::start(Config {
        seed: Some(1),
        bands: 2,
        state_file: Some(state.to_owned()),
        clock: Arc::new(ManualClock::new(NOW)),
        ..Config::default()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn bands_survive_with_all_they_know() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("bands.json");
    let first = start(&path).await;
    let enrolled = enroll_over_tcp(&first, &enterprise()).await;
    let serial = first.bands()[0].serial_number.clone();
    for command in ["wear", "auth"] {
        first.command(&format!("{command} {serial}")).await.unwrap();
    }
    first.command(&format!("move {serial} 3")).await.unwrap();
    first
        .command(&format!("skew {serial} -1234"))
        .await
        .unwrap();
    let before = first.bands();
    assert_eq!(before[0].band_id, Some(enrolled.id));
    // As if it had been killed: nothing is written at the end that is not there already.
    let written = std::fs::read(&path).unwrap();
    first.shutdown().await;
    std::fs::write(&path, written).unwrap();

    let second = start(&path).await;
    assert_eq!(second.bands(), before);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    second.shutdown().await;
}

#[tokio::test]
async fn no_key_is_made_twice_even_from_the_same_seed() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("bands.json");
    let enterprise = enterprise();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let nymulator = start(&path).await;
        ids.push(enroll_over_tcp(&nymulator, &enterprise).await.id);
        let serial = nymulator.bands()[0].serial_number.clone();
        nymulator
            .command(&format!("delete {serial}"))
            .await
            .unwrap();
        nymulator.shutdown().await;
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_file_that_is_none_is_refused_by_name_and_without_its_content() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("bands.json");
    for content in ["not json: 0123456789abcdef", r#"{"version":2,"bands":[]}"#] {
        std::fs::write(&path, content).unwrap();
        let config = Config {
            state_file: Some(path.clone()),
            ..Config::default()
        };
        let error = Nymulator::start(config).await.err().unwrap().to_string();
        assert!(
            error.contains("bands.json") && error.contains("move it away"),
            "{error}"
        );
        assert!(!error.contains("0123456789abcdef"), "{error}");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("missing").join("bands.json");
    let config = Config {
        state_file: Some(path),
        bands: 1,
        ..Config::default()
    };
    let error = Nymulator::start(config).await.err().unwrap().to_string();
    assert!(
        error.contains("missing/bands.json cannot be written"),
        "{error}"
    );
}
