//! An agent that says what the input has it say.

use std::collections::VecDeque;
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, OnceLock, PoisonError};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use serde_json::{Value, json};
use tungstenite::{Error, Message, WebSocket};

use crate::enterprise::Enterprise;

/// What the agent says when it is asked for something.
#[derive(Arbitrary, Debug)]
pub(crate) enum Say {
    /// An answer that fits some operation.
    Answer(u8),
    /// Success, with whatever payload.
    Payload(Json),
    /// A refusal.
    Refusal(u16, Json),
    /// What nobody asked for, of a kind that there is or not.
    Event(u8, Json),
    /// The same, right.
    RightEvent(u8),
    /// Another event of the channel.
    Push(u8, Json),
    /// No message of the channel.
    Text(String),
    Bytes(Vec<u8>),
    /// The end of the connection.
    End,
}

/// A text that is JSON, or else stands for itself.
#[derive(Arbitrary, Debug)]
pub(crate) struct Json(String);

impl Json {
    fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_else(|_| json!(self.0))
    }
}

const ANSWERS: [&str; 8] = [
    "{}",
    r#"{"endpoint_id":"desk"}"#,
    r#"{"endpoints":[{"endpoint_id":"desk","hostname":"pc","addresses":["127.0.0.1"],"adapters":[{"id":"hci0","kind":"ble","state":"ready"}],"readers":[],"ready":true}]}"#,
    r#"{"Username":"bob","Domain":"ACME","NymiBandID":"AA:BB:CC:DD:EE:FF","IsActive":true}"#,
    r#"{"matches":[{"Username":"bob"},{"Username":"ann","IsPrimary":false}]}"#,
    r#"{"assertion":"a.b.c","verified_at":"2026-01-02T00:00:00.000Z","Username":"bob","Domain":"ACME","NymiBandID":"AA:BB:CC:DD:EE:FF","method":"ble"}"#,
    r#"{"status":"active"}"#,
    r#"{"version":"0.1.0","endpoints":[],"bands":[{"endpoint_id":"desk","NymiBandID":"AA:BB:CC:DD:EE:FF","presence":"yes","authenticated":true,"worn":true,"rssi":-50,"proximity":1}]}"#,
];
const KINDS: [&str; 6] = ["presence", "tap", "endpoint", "error", "init", "no"];
const EVENTS: [&str; 3] = [
    r#"{"operation":"tap","status":0,"payload":{"endpoint_id":"desk","NymiBandID":"AA:BB:CC:DD:EE:FF","method":"ble","intent_id":"00112233445566778899aabbccddeeff","at":"2026-01-02T00:00:00.000Z"},"error":{}}"#,
    r#"{"operation":"presence","status":0,"payload":{"endpoint_id":"desk","NymiBandID":"AA:BB:CC:DD:EE:FF","before":"no","after":"yes","authenticated":true,"worn":true,"rssi":-50,"proximity":1},"error":{}}"#,
    r#"{"operation":"endpoint","status":0,"payload":{"endpoint_id":"desk","event":"ble_lost"},"error":{}}"#,
];
const PUSHES: [&str; 5] = ["update", "phx_reply", "phx_error", "phx_close", "other"];

pub(crate) struct Agent {
    pub(crate) url: String,
    pub(crate) enterprise: Enterprise,
    says: Mutex<VecDeque<Say>>,
}

impl Agent {
    /// The one of this process.
    pub(crate) fn here() -> &'static Self {
        static AGENT: OnceLock<Agent> = OnceLock::new();
        static RUNS: std::sync::Once = std::sync::Once::new();
        let mut listener = None;
        let agent = AGENT.get_or_init(|| {
            let bound = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = bound.local_addr().expect("an address");
            listener = Some(bound);
            Self {
                url: format!("ws://{address}/socket/websocket"),
                enterprise: Enterprise::new(),
                says: Mutex::default(),
            }
        });
        RUNS.call_once(|| {
            let listener = listener.take().expect("just made");
            std::thread::spawn(move || {
                // One client at a time, so none waits for another.
                for connection in listener.incoming().flatten() {
                    let _ = agent.serve(connection);
                }
            });
        });
        agent
    }

    pub(crate) fn will_say(&self, says: Vec<Say>) {
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = says.into();
    }

    fn next(&self) -> Option<Say> {
        let mut says = self.says.lock().unwrap_or_else(PoisonError::into_inner);
        says.pop_front()
    }

    fn serve(&self, connection: TcpStream) -> Result<(), Box<Error>> {
        connection.set_nodelay(true).map_err(Error::from)?;
        let socket = tungstenite::accept(connection).map_err(|_| Error::ConnectionClosed)?;
        let mut talk = Talk {
            socket,
            topic: Value::Null,
        };
        loop {
            let Message::Text(text) = talk.socket.read().map_err(Box::new)? else {
                continue;
            };
            let message: Value = serde_json::from_str(&text).expect("the client sends JSON");
            talk.topic = message[2].clone();
            let response = match message[3].as_str() {
                Some("phx_join") => json!({"nonce": "07".repeat(32)}),
                Some(_) => json!({}),
                None => panic!("the client sends events: {message}"),
            };
            let reply = json!([message[0], message[1], message[2], "phx_reply",
                {"status": "ok", "response": response}]);
            talk.send(Message::text(reply.to_string()))?;
            if message[3] == "request" {
                self.answer(&mut talk, &message[4])?;
            }
        }
    }

    /// What the input has said, at most thrice, and then what ends the request in any case.
    fn answer(&self, talk: &mut Talk, request: &Value) -> Result<(), Box<Error>> {
        for _ in 0..3 {
            let Some(say) = self.next() else { break };
            let is_answer = matches!(say, Say::Answer(_) | Say::Payload(_) | Say::Refusal(..));
            talk.say(say, request)?;
            if is_answer {
                break;
            }
        }
        talk.update(
            request,
            9000,
            json!({}),
            json!({"error_specifics": "the end"}),
        )
    }
}

struct Talk {
    socket: WebSocket<TcpStream>,
    topic: Value,
}

impl Talk {
    fn send(&mut self, message: Message) -> Result<(), Box<Error>> {
        self.socket.send(message).map_err(Box::new)
    }

    fn push(&mut self, event: &str, payload: Value) -> Result<(), Box<Error>> {
        let message = json!([null, null, self.topic, event, payload]);
        self.send(Message::text(message.to_string()))
    }

    fn update(
        &mut self,
        request: &Value,
        status: u32,
        payload: Value,
        error: Value,
    ) -> Result<(), Box<Error>> {
        let update = json!({
            "operation": request["operation"], "exchange": request["exchange"],
            "status": status, "payload": payload, "error": error,
        });
        self.push("update", update)
    }

    fn say(&mut self, say: Say, request: &Value) -> Result<(), Box<Error>> {
        let known = |texts: &[&str], which: u8| {
            let text = texts[usize::from(which) % texts.len()];
            serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!(text))
        };
        match say {
            Say::Answer(which) => self.update(request, 0, known(&ANSWERS, which), json!({})),
            Say::Payload(payload) => self.update(request, 0, payload.value(), json!({})),
            Say::Refusal(status, error) => {
                self.update(request, status.into(), json!({}), error.value())
            }
            Say::Event(kind, payload) => {
                let update = json!({"operation": known(&KINDS, kind), "status": 0,
                    "payload": payload.value(), "error": {}});
                self.push("update", update)
            }
            Say::RightEvent(which) => self.push("update", known(&EVENTS, which)),
            Say::Push(event, payload) => {
                let event = known(&PUSHES, event);
                self.push(event.as_str().unwrap_or_default(), payload.value())
            }
            Say::Text(text) => self.send(Message::text(text)),
            Say::Bytes(bytes) => self.send(Message::binary(bytes)),
            Say::End => Err(Box::new(Error::ConnectionClosed)),
        }
    }
}
