//! The enrollment terminal's part, between a scripted band and a scripted server.

use nymi_core::BandId;
use nymi_core::band::{BandDescription, BandReply, BandRequest, EnrollmentAnswer};
use nymi_napi::Client;
use nymi_napi::enroll::{EnrollError, Enrolled, Enrollment, enroll_band};
use nymi_net::http::HttpClient;
use nymi_net::nes::{Credentials, NesClient};
use serde_json::{Value, json};

use crate::fake::FakeAgent;
use crate::support::Bench;

const STATIC: [u8; 6] = [0xC0, 1, 2, 3, 4, 5];
const ENROLLED: [u8; 6] = [0xD0, 1, 2, 3, 4, 5];

fn describe() -> BandReply {
    BandReply::Description(BandDescription {
        serial_number: "GAAH-00125".into(),
        static_mac_address: STATIC,
        band_id: None,
        firmware_version: "5.1.2".into(),
        hardware_version: "14.00".into(),
        nfc_uid: None,
        authenticated: true,
        worn: true,
    })
}

fn agree() -> BandReply {
    BandReply::Enrollment(EnrollmentAnswer {
        band_id: ENROLLED,
        q_band: [2; 33],
        identity_public_key: vec![0x30, 0x59],
        confirm: [0xCF; 16],
        nfc_uid: vec![4, 0xA1, 0xB2, 0xC3],
    })
}

/// Enrolls over a band that gives these replies in turn; also what the band was asked, by address.
fn enroll(
    bench: &Bench,
    replies: &[BandReply],
) -> (Result<Enrolled, EnrollError>, Vec<(String, BandRequest)>) {
    let agent = bench.agent();
    let client = bench.ready(&agent);
    bench.runtime.block_on(async {
        let work = tokio::spawn(run(bench.nes.url.clone(), client));
        let asked = tokio::task::spawn_blocking({
            let replies = replies.to_vec();
            // The agent comes back with the result: it must outlive the last answer.
            move || (serve(&agent, &replies), agent)
        });
        let (asked, _agent) = asked.await.unwrap();
        (work.await.unwrap(), asked)
    })
}

async fn run(nes_url: String, client: Client) -> Result<Enrolled, EnrollError> {
    let login = Credentials::Token("t".to_owned().into());
    let nes = NesClient::new(&nes_url, HttpClient::new(&[]).unwrap(), login).unwrap();
    let enrollment = Enrollment {
        endpoint_id: "bench-1".into(),
        address: BandId::new(STATIC),
        domain: "ACME".into(),
        username: "bob".into(),
        label: Some("BOB".into()),
    };
    enroll_band(&client, &nes, &enrollment).await
}

fn serve(agent: &FakeAgent, replies: &[BandReply]) -> Vec<(String, BandRequest)> {
    let mut asked = Vec::new();
    for reply in replies {
        let request = agent.next_request();
        assert_eq!(request["operation"], "band_exchange");
        assert_eq!(request["payload"]["endpoint_id"], "bench-1");
        let text = |name: &str| request["payload"][name].as_str().unwrap().to_owned();
        let data: Vec<u8> = hex(&text("data"));
        asked.push((text("address"), BandRequest::from_bytes(&data).unwrap()));
        let data: String = reply
            .to_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        agent.answer(&request, json!({"data": data}));
    }
    asked
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn recorded(bench: &Bench) -> Vec<(&'static str, Value)> {
    bench.nes.script.lock().unwrap().enrollment.clone()
}

#[test]
fn band_and_server_hear_from_each_other() {
    let bench = Bench::new();
    let (outcome, asked) = enroll(&bench, &[describe(), agree(), BandReply::Done]);
    let enrolled = outcome.unwrap();
    assert_eq!(
        (enrolled.band, enrolled.serial_number.as_str()),
        (BandId::new(ENROLLED), "GAAH-00125")
    );
    assert_eq!(enrolled.nfc_uid.unwrap().as_str(), "04A1B2C3");

    let now = 1_767_312_000_000; // the bench's time
    let addresses: Vec<_> = asked.iter().map(|(address, _)| address.as_str()).collect();
    assert_eq!(
        addresses,
        [
            "C0:01:02:03:04:05",
            "C0:01:02:03:04:05",
            "D0:01:02:03:04:05"
        ]
    );
    let BandRequest::Enroll(offer) = &asked[1].1 else {
        panic!()
    };
    {
        let script = bench.nes.script.lock().unwrap();
        assert_eq!((&offer.l1, &offer.l2), (&script.pki.l1, &script.pki.l2));
    }
    assert_eq!((offer.at_ms, offer.label.as_deref()), (now, Some("BOB")));
    assert_eq!(offer.enrollment_id, std::array::from_fn(|at| at as u8));
    assert_eq!(
        asked[2].1,
        BandRequest::SetTime {
            t_set_ms: now as u64,
            tag: [0x0f; 16],
            t_interval_ms: 1000
        }
    );

    let said = recorded(&bench);
    assert_eq!(
        said[0],
        (
            "begin",
            json!({"Username": "bob", "Domain": "ACME", "SerialNumber": "GAAH-00125"})
        )
    );
    assert_eq!(
        said[1],
        (
            "finish",
            json!({
        "NymiBandID": "D0:01:02:03:04:05", "q_band": "02".repeat(33), "identity_public_key": "3059",
        "confirm": "cf".repeat(16), "SerialNumber": "GAAH-00125", "FirmwareVersion": "5.1.2",
        "HardwareVersion": "14.00", "StaticMacAddress": "C0:01:02:03:04:05", "NfcUID": "04A1B2C3",
        "BandLabel": "BOB"})
        )
    );
    assert_eq!(
        said[2],
        (
            "set_time",
            json!({"t_set_ms": now, "band": "D0:01:02:03:04:05"})
        )
    );
}

#[test]
fn the_servers_refusal_keeps_its_code_sentence_and_event() {
    let bench = Bench::new();
    let agent_needs_a_certificate = bench.agent();
    bench.ready(&agent_needs_a_certificate).terminate();
    let sentence = "Adv Key 1 cannot be generated due to CMAC mismatch.";
    let message = json!({"ResponseCode": 12, "Description": sentence}).to_string();
    bench.nes.script.lock().unwrap().refuse = Some((
        400,
        json!({"Message": message, "EventTypeID": 12, "Status": 6005}),
    ));
    let (outcome, _) = enroll(&bench, &[describe(), agree()]);
    let Err(EnrollError::Nes {
        status,
        message,
        response_code,
        event_type_id,
    }) = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!((status.code(), message.as_str()), (6005, sentence));
    assert_eq!((response_code, event_type_id), (Some(12), Some(12)));
    assert_eq!(
        recorded(&bench).len(),
        2,
        "the clock is not set after a refusal"
    );
}

#[test]
fn the_bands_refusal_ends_it_before_the_server_hears_of_it() {
    let bench = Bench::new();
    let refused = BandReply::Refused {
        status: 8000,
        nsl: Some(14),
        reason: "another grade".into(),
    };
    let (outcome, _) = enroll(&bench, &[describe(), refused]);
    let Err(EnrollError::Band {
        status,
        nsl,
        reason,
    }) = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (status, nsl, reason.as_str()),
        (8000, Some(14), "another grade")
    );
    assert_eq!(recorded(&bench).len(), 1);
}

#[test]
fn a_band_off_script_is_named() {
    let bench = Bench::new();
    let (outcome, _) = enroll(&bench, &[BandReply::Done]);
    assert!(
        matches!(
            outcome,
            Err(EnrollError::Protocol {
                who: "the band",
                ..
            })
        ),
        "{outcome:?}"
    );
}
