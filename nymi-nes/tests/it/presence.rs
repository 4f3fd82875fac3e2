//! Presence verification.

use nymi_core::presence::Flags;
use nymi_nes::Clock;
use serde_json::json;

use crate::support::{INTENT, Nes, Session, SoftBand, WORN, wish};

pub(crate) async fn bob_and_band(nes: &Nes) -> (Session<'_>, SoftBand) {
    let bob = nes.user("bob").await;
    let band = bob.enroll(1).await;
    (bob, band)
}

#[tokio::test]
async fn each_outcome_with_its_event_and_status() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(60_000);
    let now = nes.clock.now().0;
    let mut tampered = band.frame_at(now, WORN);
    tampered[5] ^= 1;
    let idle = Flags {
        authenticated: false,
        ..WORN
    };
    for (frame, outcome, event, status) in [
        (vec![1, 2, 3], "malformed", 6, 6000),
        (tampered, "failed", 6, 6000),
        (band.lost_frame(9), "verified_time_lost", 7, 6002),
        (band.frame_at(now + 20_000, WORN), "out_of_bounds", 14, 6003),
        (band.frame_at(now, idle), "not_authenticated", 6, 3021),
        (band.frame_at(now, WORN), "verified", 13, 0),
        (band.frame_at(now - 1_000, WORN), "replayed", 6, 6001),
    ] {
        let reply = agent.verify(&band, "t-7", &[frame]).await.ok();
        assert_eq!(reply["outcome"], outcome);
        assert_eq!(
            (&reply["EventTypeID"], &reply["Status"]),
            (&json!(event), &json!(status))
        );
        assert_eq!(reply["t_interval_ms"], 1000);
        let row = nes.server.admin().audit_rows(1).await.unwrap().remove(0);
        assert_eq!(
            (row.event_type_id, row.outcome.as_deref()),
            (event, Some(outcome))
        );
        assert_eq!(row.username.as_deref(), Some("bob"));
        assert_eq!(
            (row.agent.as_deref(), row.endpoint.as_deref()),
            (Some("agent"), Some("t-7"))
        );
        assert_eq!(row.band, Some(band.id));
        if outcome == "out_of_bounds" {
            assert_eq!(reply["skew_ms"], 20_000 + 500 + 650, "ahead, by that much");
            assert_eq!(reply["counter"], 80);
        }
    }
    assert_eq!(nes.events().await, [3, 6, 6, 7, 14, 6, 13, 6]);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn a_frame_sent_ten_minutes_later_is_refused() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(60_000);
    let recorded = band.frame(nes.clock.now());
    assert_eq!(
        agent.outcome(&band, "t-7", recorded.clone()).await,
        "verified"
    );
    nes.clock.advance(600_000);
    assert_eq!(agent.outcome(&band, "t-7", recorded).await, "out_of_bounds");
}

#[tokio::test]
async fn a_late_frame_is_stale_once_a_fresh_one_was_seen() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(60_000);
    // The clock of this band is 3 s ahead; then a frame arrives that is 2 s behind.
    let now = nes.clock.now().0;
    assert_eq!(
        agent
            .outcome(&band, "t-7", band.frame_at(now + 2_500, WORN))
            .await,
        "verified"
    );
    nes.clock.advance(6_000);
    let now = nes.clock.now().0;
    assert_eq!(
        agent
            .outcome(&band, "t-7", band.frame_at(now - 3_000, WORN))
            .await,
        "stale"
    );
}

#[tokio::test]
async fn a_replay_from_another_endpoint_or_agent_is_refused() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let (agent, other) = (
        nes.agent("agent", &["*"]).await,
        nes.agent("other", &["*"]).await,
    );
    nes.clock.advance(5_000);
    let frame = band.frame(nes.clock.now());
    assert_eq!(agent.outcome(&band, "t-7", frame.clone()).await, "verified");
    assert_eq!(agent.outcome(&band, "t-8", frame.clone()).await, "replayed");
    assert_eq!(other.outcome(&band, "t-7", frame.clone()).await, "replayed");
    assert_eq!(
        agent.outcome(&band, "t-7", frame).await,
        "verified",
        "the same place may ask again"
    );
}

#[tokio::test]
async fn the_first_frame_that_verifies_counts_and_one_event_is_written() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(60_000);
    let now = nes.clock.now().0;
    let mut forged = band.frame_at(now, WORN);
    forged[6] ^= 1;
    let frames = [
        forged.clone(),
        band.frame_at(now, WORN),
        band.frame_at(now - 1_000, WORN),
    ];
    let reply = agent.verify(&band, "t-7", &frames).await.ok();
    assert_eq!(
        (&reply["outcome"], &reply["counter"]),
        (&json!("verified"), &json!(60))
    );
    let frames = [band.frame_at(now - 1_000, WORN), forged];
    let reply = agent.verify(&band, "t-7", &frames).await.ok();
    assert_eq!(
        reply["outcome"], "replayed",
        "none verifies: the newest, which is the first"
    );
    assert_eq!(nes.events().await, [3, 13, 6]);
}

#[tokio::test]
async fn a_new_setting_of_the_clock_ends_the_old_one_when_it_verifies() {
    let nes = Nes::start().await;
    let (bob, old) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(10_000);
    assert_eq!(
        agent.outcome(&old, "t-7", old.frame(nes.clock.now())).await,
        "verified"
    );
    nes.clock.advance(10_000);
    let new = bob.set_clock(old.clone()).await;
    nes.clock.advance(1_000);
    assert_eq!(
        agent.outcome(&old, "t-7", old.frame(nes.clock.now())).await,
        "verified",
        "still pending"
    );
    nes.clock.advance(1_000);
    assert_eq!(
        agent.outcome(&new, "t-7", new.frame(nes.clock.now())).await,
        "verified"
    );
    nes.clock.advance(1_000);
    assert_eq!(
        agent.outcome(&old, "t-7", old.frame(nes.clock.now())).await,
        "failed"
    );
    assert_eq!(
        agent.outcome(&new, "t-7", new.frame(nes.clock.now())).await,
        "verified"
    );
}

#[tokio::test]
async fn state_survives_a_restart() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(5_000);
    let frame = band.frame(nes.clock.now());
    let body = wish(&band, &frame, INTENT, nes.clock.now());
    agent.post("api/Assertions", &body).await.ok();
    let before = nes.server.admin().audit_rows(100).await.unwrap();
    let bearer = agent.bearer.clone();
    let nes = nes.restart().await;
    let agent = Session { nes: &nes, bearer };
    assert_eq!(nes.server.admin().audit_rows(100).await.unwrap(), before);
    assert_eq!(agent.outcome(&band, "t-8", frame).await, "replayed");
    nes.clock.advance(1_000);
    let frame = band.frame(nes.clock.now());
    let body = wish(&band, &frame, INTENT, nes.clock.now());
    agent.post("api/Assertions", &body).await.refused(400, 1003);
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test]
async fn a_stepped_server_clock_does_not_lock_bands_out() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(60_000);
    // The server's clock runs 3.5 s late for a moment: a frame looks fresher than any later can be.
    nes.clock.step(-2_500);
    let late = band.frame_at(nes.clock.now().0 + 2_500, WORN);
    assert_eq!(agent.outcome(&band, "t-7", late).await, "verified");
    nes.clock.step(2_500);
    nes.clock.advance(2_000);
    let now = nes.clock.now().0;
    assert_eq!(
        agent
            .outcome(&band, "t-7", band.frame_at(now - 2_000, WORN))
            .await,
        "verified"
    );
}

#[tokio::test]
async fn failures_are_limited_and_successes_are_not() {
    let nes = Nes::start().await;
    let (_, band) = bob_and_band(&nes).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(60_000);
    for _ in 0..20 {
        assert_eq!(agent.outcome(&band, "t-7", vec![0]).await, "malformed");
    }
    agent
        .verify(&band, "t-7", &[vec![0]])
        .await
        .refused(429, 6000);
    assert_eq!(
        nes.events().await.len(),
        21,
        "the enrollment and twenty failures"
    );
    assert_eq!(
        agent
            .outcome(&band, "t-7", band.frame(nes.clock.now()))
            .await,
        "verified"
    );
    for _ in 0..3 {
        assert_eq!(
            agent.outcome(&band, "t-7", band.lost_frame(1)).await,
            "verified_time_lost"
        );
    }
    nes.clock.advance(60_000);
    assert_eq!(
        agent.outcome(&band, "t-7", band.lost_frame(1)).await,
        "verified_time_lost"
    );
    let events = nes.events().await;
    assert_eq!(
        events.iter().filter(|event| **event == 7).count(),
        2,
        "once a minute"
    );
}

#[tokio::test]
async fn only_agents_speak_and_only_for_their_endpoints() {
    let nes = Nes::start().await;
    let (bob, band) = bob_and_band(&nes).await;
    nes.clock.advance(5_000);
    let frame = band.frame(nes.clock.now());
    bob.verify(&band, "t-7", std::slice::from_ref(&frame))
        .await
        .refused(403, 2003);
    nes.terminal()
        .await
        .verify(&band, "t-7", std::slice::from_ref(&frame))
        .await
        .refused(403, 2003);
    let agent = nes.agent("agent", &["t-7", "t-9"]).await;
    agent
        .verify(&band, "t-8", std::slice::from_ref(&frame))
        .await
        .refused(403, 2003);
    assert_eq!(agent.outcome(&band, "t-9", frame).await, "verified");
}
