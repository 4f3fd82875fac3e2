//! Setting the clock of a band, and what terminals report.

use nymi_nes::Clock;
use serde_json::json;

use crate::support::Nes;

#[tokio::test]
async fn the_terminals_clock_is_checked_at_both_edges() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let band = bob.enroll_without_clock(1).await;
    let path = format!("api/NymiBands/{}/SetTime", band.id);
    let ask = async |offset: i64| {
        bob.post(&path, &json!({"t_set_ms": nes.clock.now().0 + offset}))
            .await
    };
    for offset in [-2_001, 2_001] {
        let refused = ask(offset).await.refused(400, 6006);
        assert_eq!(refused["EventTypeID"], 15);
        assert_eq!(refused["skew_ms"], offset);
        assert!(refused["Message"].as_str().unwrap().contains("Out of Sync"));
    }
    ask(-2_000).await.ok();
    ask(2_000).await.ok();
    assert_eq!(nes.events().await, [3, 15, 15]);
    // Each must be a second later than the last.
    nes.clock.advance(2_999);
    ask(0).await.refused(409, 1003);
    nes.clock.advance(1);
    ask(0).await.ok();
}

#[tokio::test]
async fn only_the_owner_sets_the_clock_of_an_active_band() {
    let nes = Nes::start().await;
    let (bob, eve) = (nes.user("bob").await, nes.user("eve").await);
    let band = bob.enroll_without_clock(1).await;
    let path = format!("api/NymiBands/{}/SetTime", band.id);
    let body = json!({"t_set_ms": nes.clock.now().0});
    eve.post(&path, &body).await.refused(404, 2201);
    nes.agent("agent", &["*"])
        .await
        .post(&path, &body)
        .await
        .refused(403, 2003);
    nes.server
        .admin()
        .set_band_active(band.id, false)
        .await
        .unwrap();
    bob.post(&path, &body).await.refused(403, 6011);
    bob.post(&path, &json!({"t_set_ms": u64::MAX}))
        .await
        .refused(400, 1003);
    bob.post(&path, &json!({"t_set_ms": -1}))
        .await
        .refused(400, 1003);
}

#[tokio::test]
async fn events_are_reported_by_terminals_only_and_never_forged() {
    let nes = Nes::start().await;
    let (bob, terminal) = (nes.user("bob").await, nes.terminal().await);
    let event = |id: u8, username: &str| json!({"EventTypeID": id, "Username": username});
    assert_eq!(
        terminal
            .post("api/EnrollmentEvents", &event(2, "eve"))
            .await
            .code,
        201
    );
    assert_eq!(
        bob.post("api/EnrollmentEvents", &event(1, "bob"))
            .await
            .code,
        201
    );
    bob.post("api/EnrollmentEvents", &event(1, "eve"))
        .await
        .refused(403, 2003);
    for id in [0, 3, 12, 13, 19, 25] {
        terminal
            .post("api/EnrollmentEvents", &event(id, "eve"))
            .await
            .refused(400, 1003);
    }
    let namesake = json!({"EventTypeID": 1, "Username": "bob", "Domain": "OTHER"});
    let refused = bob.post("api/EnrollmentEvents", &namesake).await;
    refused.refused(403, 2003);
    let hidden = event(2, "e\u{202e}ve");
    let refused = terminal.post("api/EnrollmentEvents", &hidden).await;
    refused.refused(400, 1003);
    assert_eq!(nes.events().await, [2, 1]);
}
