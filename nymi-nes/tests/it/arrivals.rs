//! The verified frames for `nymi pac tune`: each with the setting of the clock that it counts from.

use std::process::Command;

use nymi_core::presence::tune::Arrival;
use nymi_nes::{ARRIVALS_HEADER, Clock};

use crate::support::{Nes, SoftBand};

fn line(arrival: &Arrival) -> String {
    let (t_set, at) = (arrival.t_set.ms(), arrival.at.0);
    let (t_interval, counter) = (arrival.t_interval_ms, arrival.counter);
    format!("{},{t_set},{t_interval},{counter},{at}\n", arrival.band)
}

/// Two frames under the first setting of a band's clock and one under the second; what is to be told of them.
async fn three_frames(nes: &Nes) -> String {
    let bob = nes.user("bob").await;
    let agent = nes.agent("agent", &["*"]).await;
    let mut expected = String::new();
    let mut seen = async |band: &SoftBand, t_set: i64| {
        nes.clock.advance(90_000);
        let now = nes.clock.now();
        let outcome = agent.outcome(band, "t-7", band.frame(now)).await;
        assert_eq!(outcome, "verified");
        let counter = (now.0 - t_set) / 1000;
        expected += &format!("{},{t_set},1000,{counter},{}\n", band.id, now.0);
    };
    let first = nes.clock.now().0;
    let band = bob.enroll(1).await;
    seen(&band, first).await;
    seen(&band, first).await;
    let second = nes.clock.now().0;
    let band = bob.set_clock(band).await;
    seen(&band, second).await;
    // Not verified, and so no arrival.
    let old = band.frame(nes.clock.now().saturating_add(-80_000));
    assert_eq!(agent.outcome(&band, "t-7", old).await, "out_of_bounds");
    expected
}

#[tokio::test]
async fn verified_frames_are_told_with_the_setting_that_they_count_from() {
    let nes = Nes::start().await;
    let expected = three_frames(&nes).await;
    let told = async |days| -> String {
        let found = nes.server.admin().arrivals(days).await.unwrap();
        found.iter().map(line).collect()
    };
    assert_eq!(told(1).await, expected);
    nes.clock.advance(86_400_000 - 100_000);
    let newest: String = expected
        .lines()
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(told(1).await, newest, "the first is of more than a day ago");
    assert_eq!(told(2).await, expected);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn the_program_writes_them_as_csv() {
    let nes = Nes::start().await;
    let expected = three_frames(&nes).await;
    nes.server.admin().verify_audit().await.unwrap();
    let Nes { server, folder, .. } = nes;
    server.shutdown().await;
    std::fs::write(
        folder.path().join("nes.toml"),
        "[nes]\ngrade = \"bronze\"\n",
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nymi-nes"))
        .args(["--config", "nes.toml", "arrivals", "--days", "3650"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("3 arrivals"), "{told}");
    let written = String::from_utf8(output.stdout).unwrap();
    assert_eq!(written, format!("{ARRIVALS_HEADER}\n{expected}"));
}
