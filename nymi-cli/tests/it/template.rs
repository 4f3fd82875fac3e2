//! Nothing of a fingerprint is anywhere but in the band: not in any file of the system around it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Up, WebApp};

/// As few bytes of a template in a row are no accident.
const RUN: usize = 8;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The templates in the memory of the bands.
fn templates(memory: &Value) -> Vec<String> {
    let bands = memory["bands"].as_array().unwrap().iter();
    bands
        .map(|entry| {
            entry["band"]["enrollment"]["template"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// Whether bytes, as they are or written in hex, have a part of this template in them.
fn has_part(bytes: &[u8], template: &str) -> bool {
    let raw = hex::decode(template).unwrap();
    let text = bytes.to_ascii_lowercase();
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|found| found == part);
    raw.chunks(RUN)
        .any(|part| holds(bytes, part) || holds(&text, hex::encode(part).as_bytes()))
}

#[tokio::test]
async fn after_enrollment_and_signature_no_file_but_the_bands_memory_has_the_template() {
    let data = tempfile::tempdir().unwrap();
    let up = Up::in_directory(data.path());
    let mut app = WebApp::subscribed(&up).await;
    let answer = app.sign(&up, up.band(0), b"record").await;
    assert_eq!(answer["status"], 0, "{answer}");
    drop(app);
    assert!(up.terminate().0.success());
    let memory = data.path().join("bands.json");
    let templates = templates(&serde_json::from_slice(&fs::read(&memory).unwrap()).unwrap());
    assert_eq!(templates.len(), 2);
    let mut found = Vec::new();
    files(data.path(), &mut found);
    assert!(
        found
            .iter()
            .any(|path| path.starts_with(data.path().join("nes"))),
        "{found:?}"
    );
    for path in found {
        let bytes = fs::read(&path).unwrap();
        for template in &templates {
            assert_eq!(
                has_part(&bytes, template),
                path == memory,
                "{}",
                path.display()
            );
        }
    }
}
