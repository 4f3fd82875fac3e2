//! What somebody would write instead of the library: tokio-tungstenite and serde_json on the calling
//! thread, nothing more. It does not come back after a loss, renews nothing, and one thing at a time
//! uses it, so nothing is handed from thread to thread: the fastest that there can be.

use futures_util::{SinkExt as _, StreamExt as _};
use nymi_core::chain::pem;
use nymi_core::crypto::{PrivateKey as _, SecretKey};
use nymi_core::message::channel::nea_proof_message;
use nymi_core::message::channel::{Authenticate, CertificateDer, NeaJoin, NeaJoinReply, event};
use nymi_core::message::phoenix;
use nymi_core::message::{AgentUrl, HexBytes};
use nymi_net::http::HttpClient;
use nymi_net::nes::{Credentials, NesClient};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use zeroize::Zeroizing;

use crate::system::Ready;

const NEA_NAME: &str = "BareClient";
const TOPIC: &str = "nea:BareClient:bench";
const JOIN_REF: &str = "1";

pub(crate) struct Bare {
    runtime: Runtime,
    link: Link,
}

struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_ref: u64,
}

impl Bare {
    /// Gets a certificate, connects, joins and proves its name.
    pub(crate) fn connect(ready: &Ready) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let link = runtime.block_on(async {
            let (key, chain) = certificate(ready).await;
            let mut link = Link::open(ready).await;
            let join = serde_json::to_value(NeaJoin::default()).expect("JSON");
            let reply = link.reply_to(phoenix::JOIN, join).await;
            let reply: NeaJoinReply = serde_json::from_value(reply).expect("a nonce");
            let signature = key.sign_fixed(&nea_proof_message(&reply.nonce.0, TOPIC));
            let proof = Authenticate {
                chain,
                signature: HexBytes(signature.to_vec()),
            };
            let proof = serde_json::to_value(proof).expect("JSON");
            link.reply_to(event::AUTHENTICATE, proof).await;
            link
        });
        Self { runtime, link }
    }

    /// One request; its answer's payload.
    pub(crate) fn ask(&mut self, operation: &str, payload: &Value) -> Value {
        let Self { runtime, link } = self;
        runtime.block_on(async {
            let exchange = link.request(operation, payload).await;
            let update = link.update(|update| update["exchange"] == exchange).await;
            succeeded(update)
        })
    }

    /// So many requests, of which `in_flight` are under way at once.
    pub(crate) fn ask_often(
        &mut self,
        operation: &str,
        payload: &Value,
        times: usize,
        in_flight: usize,
    ) {
        let Self { runtime, link } = self;
        runtime.block_on(async {
            for sent in 0..times + in_flight {
                if sent >= in_flight {
                    succeeded(link.update(|update| !update["exchange"].is_null()).await);
                }
                if sent < times {
                    link.request(operation, payload).await;
                }
            }
        });
    }

    /// Reads until an event of this name.
    pub(crate) fn wait_for(&mut self, operation: &str) {
        let Self { runtime, link } = self;
        runtime.block_on(link.update(|update| update["operation"] == operation));
    }
}

fn succeeded(mut update: Value) -> Value {
    assert_eq!(update["status"], 0, "{update}");
    update["payload"].take()
}

/// A key, and leaf and L2 for it.
async fn certificate(ready: &Ready) -> (SecretKey, Vec<CertificateDer>) {
    let l1 = pem::decode(&ready.l1_pem(), "CERTIFICATE").expect("PEM");
    let http = HttpClient::new(&l1).expect("L1");
    let credentials = Credentials::Basic {
        user: ready.account(),
        password: Zeroizing::new(ready.password().to_owned()),
    };
    let nes = NesClient::new(ready.nes(), http, credentials).expect("an address");
    nes.login().await.expect("a log-in");
    let key = KeyPair::generate().expect("a key");
    let request = CertificateParams::default().serialize_request(&key);
    let request = request.and_then(|request| request.pem()).expect("a CSR");
    let reply = nes.certificates(&request, NEA_NAME).await;
    let chain = reply.expect("a certificate").chain;
    let chain = chain
        .iter()
        .flat_map(|text| pem::decode(text, "CERTIFICATE").expect("PEM"))
        .map(CertificateDer)
        .collect();
    let key = SecretKey::from_pkcs8_der(&key.serialize_der()).expect("PKCS#8");
    (key, chain)
}

impl Link {
    async fn open(ready: &Ready) -> Self {
        let url: AgentUrl = ready.agent().parse().expect("an agent");
        let url = format!("{}?vsn={}", url.as_str(), phoenix::Vsn::V2.as_str());
        let connected = connect_async_with_config(url, None, true).await;
        Self {
            socket: connected.expect("an agent").0,
            last_ref: 0,
        }
    }

    async fn push(&mut self, event: &str, payload: &Value) -> String {
        self.last_ref += 1;
        let reference = self.last_ref.to_string();
        let message = json!([JOIN_REF, reference, TOPIC, event, payload]);
        let sent = self.socket.send(Message::text(message.to_string())).await;
        sent.expect("sent");
        reference
    }

    /// Sends a request; the exchange that its answer has.
    async fn request(&mut self, operation: &str, payload: &Value) -> String {
        let exchange = self.last_ref.to_string();
        let envelope = json!({"operation": operation, "exchange": exchange, "payload": payload});
        self.push(event::REQUEST, &envelope).await;
        exchange
    }

    /// The next message: reference, event, payload.
    async fn next(&mut self) -> (Option<String>, String, Value) {
        loop {
            let message = self.socket.next().await.expect("open").expect("readable");
            if let Message::Text(text) = message {
                type Parts = (Option<String>, Option<String>, String, String, Value);
                let (_, reference, _, event, payload): Parts =
                    serde_json::from_str(&text).expect("a channel message");
                return (reference, event, payload);
            }
        }
    }

    async fn reply_to(&mut self, event: &str, payload: Value) -> Value {
        let wanted = Some(self.push(event, &payload).await);
        loop {
            let (reference, event, mut payload) = self.next().await;
            if event == phoenix::REPLY && reference == wanted {
                assert_eq!(payload["status"], "ok", "{payload}");
                return payload["response"].take();
            }
        }
    }

    async fn update(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (_, event, payload) = self.next().await;
            if event == event::UPDATE && is_wanted(&payload) {
                return payload;
            }
        }
    }
}
