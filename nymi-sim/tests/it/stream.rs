//! The radio stream, over real sockets and in virtual time.

use std::sync::Arc;

use nymi_core::band::BandRequest;
use nymi_core::tap::AdapterKind;
use nymi_sim::Handle;
use nymi_sim::clock::ManualClock;
use nymi_sim::stream::{Downlink, MAX_LINE};

use crate::control::{Client, enroll_over_tcp, start};
use crate::pki::enterprise;
use crate::terminal::NOW;

struct Setup {
    clock: Arc<ManualClock>,
    nymulator: Handle,
    serial: String,
    id: nymi_core::BandId,
}

async fn setup() -> Setup {
    let clock = Arc::new(ManualClock::new(NOW));
    let nymulator = start(clock.clone()).await;
    let id = enroll_over_tcp(&nymulator, &enterprise()).await.id;
    let serial = nymulator.bands()[0].serial_number.clone();
    for command in ["wear", "auth"] {
        nymulator
            .command(&format!("{command} {serial}"))
            .await
            .unwrap();
    }
    Setup {
        clock,
        nymulator,
        serial,
        id,
    }
}

#[tokio::test]
async fn begins_with_what_is_there() {
    let Setup { nymulator, .. } = setup().await;
    nymulator.command("adapter off").await.unwrap();
    let mut adapter = Client::connect(&nymulator).await;
    let expected = [
        Downlink::Adapter {
            id: "virtual".into(),
            kind: AdapterKind::Virtual,
            present: false,
        },
        Downlink::Reader {
            name: "Virtual Reader 0".into(),
            present: true,
        },
    ];
    assert_eq!(adapter.radio().await, expected);
    nymulator.shutdown().await;
}

#[tokio::test]
async fn carries_frames_taps_and_plugging_to_every_adapter() {
    let Setup {
        clock,
        nymulator,
        serial,
        id,
    } = setup().await;
    let mut adapters = [
        Client::connect(&nymulator).await,
        Client::connect(&nymulator).await,
    ];
    for adapter in &mut adapters {
        adapter.radio().await;
    }
    // Two intervals, so that even a lost frame leaves one.
    clock.advance(100);
    nymulator.command("list").await.unwrap();
    clock.advance(100);
    let mut first = None;
    for adapter in &mut adapters {
        let heard = adapter.downlink().await.unwrap();
        let Downlink::Heard { address, .. } = &heard else {
            panic!("{heard:?}")
        };
        assert_eq!(*address, id);
        assert_eq!(first.get_or_insert(heard.clone()), &heard);
    }
    nymulator
        .command(&format!("tap {serial} nfc"))
        .await
        .unwrap();
    nymulator.command("adapter off").await.unwrap();
    for adapter in &mut adapters {
        let mut seen = Vec::new();
        while !matches!(seen.last(), Some(Downlink::Adapter { present: false, .. })) {
            seen.push(adapter.downlink().await.unwrap());
        }
        assert!(
            seen.iter()
                .any(|event| matches!(event, Downlink::Nfc { .. })),
            "{seen:?}"
        );
    }
    nymulator.shutdown().await;
}

#[tokio::test]
async fn requests_are_answered_or_refused_with_a_status() {
    let Setup {
        nymulator,
        serial,
        id,
        ..
    } = setup().await;
    let mut adapter = Client::connect(&nymulator).await;
    adapter.radio().await;
    let describe = BandRequest::Describe.to_bytes();
    let (data, error) = adapter.request(id, describe.clone()).await;
    assert!(data.is_some() && error.is_none());
    let nobody = "C0:00:00:00:00:01".parse().unwrap();
    assert_eq!(
        adapter.request(nobody, describe.clone()).await,
        (None, Some(3020))
    );
    nymulator
        .command(&format!("battery {serial} off"))
        .await
        .unwrap();
    assert_eq!(
        adapter.request(id, describe.clone()).await,
        (None, Some(3020))
    );
    nymulator.command("adapter off").await.unwrap();
    assert_eq!(adapter.request(id, describe).await, (None, Some(5101)));
    nymulator.shutdown().await;
}

#[tokio::test]
async fn a_mute_band_gives_no_answer() {
    let Setup {
        nymulator,
        serial,
        id,
        ..
    } = setup().await;
    let mut adapter = Client::connect(&nymulator).await;
    adapter.radio().await;
    nymulator
        .command(&format!("mute {serial} on"))
        .await
        .unwrap();
    let request = serde_json::json!({
        "type": "request", "id": "lost", "address": id, "data": "00", "last": true
    });
    adapter.send(&request.to_string()).await;
    // Requests of a connection are served in order: the next answer is the next request's.
    let nobody = "C0:00:00:00:00:01".parse().unwrap();
    assert_eq!(adapter.request(nobody, vec![0]).await, (None, Some(3020)));
    nymulator.shutdown().await;
}

#[tokio::test]
async fn what_is_no_request_ends_the_stream() {
    let Setup { nymulator, .. } = setup().await;
    for line in [
        "wear ACAK-00001".to_owned(),
        "{}".to_owned(),
        "x".repeat(MAX_LINE + 1),
    ] {
        let mut adapter = Client::connect(&nymulator).await;
        adapter.radio().await;
        adapter.send(&line).await;
        assert_eq!(adapter.downlink().await, None);
    }
    nymulator.shutdown().await;
}

#[test]
fn the_documented_request_is_describe() {
    assert_eq!(hex::encode(BandRequest::Describe.to_bytes()), "820080");
}
