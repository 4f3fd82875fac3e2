//! What `docs/manual/webapi.md` prints is what a running system answers.

use serde_json::{Value, json};

use crate::support::{Up, WebApp};

const PAGE: &str = include_str!("../../../docs/manual/webapi.md");
/// The band and the tap that the page prints; the system under test has others.
const BAND: &str = "E2:4F:B1:9A:96:7A";
const INTENT: &str = "91e51694-668c-472e-adac-8e38be49da04";

/// The fenced JSON blocks with this word after `json`, parsed, each with its place in the page.
fn blocks(word: &str) -> Vec<(usize, Value)> {
    let fence = format!("```json {word}\n");
    PAGE.match_indices(&fence)
        .map(|(at, _)| {
            let rest = &PAGE[at + fence.len()..];
            let text = &rest[..rest.find("\n```").expect("an end")];
            let value =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            (at, value)
        })
        .collect()
}

/// The value with nothing left but its keys; of a list, the first element counts.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), shape(value)))
            .collect(),
        Value::Array(list) => list.first().map(shape).into_iter().collect(),
        _ => Value::Null,
    }
}

#[tokio::test]
async fn each_request_of_the_manual_gets_the_answer_that_it_prints() {
    let (requests, answers) = (blocks("request"), blocks("answer"));
    assert_eq!(requests.len(), answers.len());
    let up = Up::ephemeral();
    let band = up.band(0).to_owned();
    let mut app = WebApp::subscribed(&up).await;
    for (index, ((at, request), (answer_at, printed))) in requests.iter().zip(&answers).enumerate()
    {
        let next = requests
            .get(index + 1)
            .map_or(PAGE.len(), |(next, _)| *next);
        assert!((*at..next).contains(answer_at), "no answer to {request}");
        let mut text = request.to_string().replace(BAND, &band);
        if text.contains(INTENT) {
            let subscribe = json!({"endpoint_id": "127.0.0.1"});
            app.ask("subscribe_endpoint", subscribe).await;
            let tap = app.tap(&up, &band, "ble").await;
            text = text.replace(INTENT, tap["intent_id"].as_str().unwrap());
        }
        app.send(text).await;
        let answer = app
            .until(|update| update["exchange"] == request["exchange"])
            .await;
        assert_eq!(
            answer["status"], printed["status"],
            "{request} got {answer}"
        );
        assert_eq!(answer["operation"], printed["operation"]);
        assert_eq!(shape(&answer), shape(printed), "{request} got {answer}");
    }
}

#[tokio::test]
async fn events_have_the_keys_that_the_manual_prints() {
    let up = Up::ephemeral();
    let band = up.band(0).to_owned();
    let mut app = WebApp::connect(&up).await;
    app.ask("subscribe_endpoint", json!({"endpoint_id": "127.0.0.1"}))
        .await;
    app.send("{".to_owned()).await;
    assert!(up.hardware(&format!("tap {band} ble")).starts_with("ok"));
    for (_, printed) in blocks("event") {
        let event = app
            .until(|update| {
                update["operation"] == printed["operation"] && update["exchange"].is_null()
            })
            .await;
        assert_eq!(shape(&event), shape(&printed), "{event}");
        assert_eq!(event["status"], printed["status"]);
    }
}
