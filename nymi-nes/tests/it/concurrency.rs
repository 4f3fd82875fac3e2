//! Concurrent claims: exactly one order wins.

use nymi_nes::Clock;

use crate::support::{INTENT, Nes, join_all, wish};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_claims_on_one_step_exactly_one_place_wins() {
    let nes = Nes::start().await;
    let band = nes.user("bob").await.enroll(1).await;
    let (one, two) = (
        nes.agent("one", &["*"]).await,
        nes.agent("two", &["*"]).await,
    );
    for round in 0..4 {
        nes.clock.advance(60_000);
        let frame = band.frame(nes.clock.now());
        let claims = (0..24).map(|index| {
            let agent = if index % 2 == 0 { &one } else { &two };
            let (band, frame) = (&band, frame.clone());
            async move { agent.outcome(band, &format!("t-{index}"), frame).await }
        });
        let outcomes = join_all(claims).await;
        let verified = outcomes
            .iter()
            .filter(|outcome| *outcome == "verified")
            .count();
        let replayed = outcomes
            .iter()
            .filter(|outcome| *outcome == "replayed")
            .count();
        assert_eq!((verified, replayed), (1, 23), "round {round}: {outcomes:?}");
    }
    nes.server.admin().verify_audit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_only_go_forwards() {
    let nes = Nes::start().await;
    let band = nes.user("bob").await.enroll(1).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(60_000);
    let now = nes.clock.now().0;
    // Frames of several steps, all within bounds, claimed at once from one place.
    let claims = (0..12).map(|index| {
        let frame = band.frame_at(now - 1_000 * (index % 4), crate::support::WORN);
        let (agent, band) = (&agent, &band);
        async move { agent.outcome(band, "t-7", frame).await }
    });
    join_all(claims).await;
    let rows = nes.server.admin().audit_rows(100).await.unwrap();
    let mut verified: Vec<_> = rows
        .iter()
        .filter(|row| row.outcome.as_deref() == Some("verified"))
        .filter_map(|row| row.counter)
        .collect();
    verified.reverse();
    assert!(
        verified.is_sorted(),
        "in the order of the audit trail: {verified:?}"
    );
    assert_eq!(verified.last(), Some(&60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_assertions_on_one_gesture_exactly_one_is_made() {
    let nes = Nes::start().await;
    let band = nes.user("bob").await.enroll(1).await;
    let agent = nes.agent("agent", &["*"]).await;
    nes.clock.advance(5_000);
    let now = nes.clock.now();
    let body = wish(&band, &band.frame(now), INTENT, now);
    let asked = join_all((0..16).map(|_| agent.post("api/Assertions", &body))).await;
    assert_eq!(asked.iter().filter(|reply| reply.code == 200).count(), 1);
}
