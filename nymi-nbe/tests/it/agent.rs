//! A scripted agent: accepts an endpoint's WebSocket and says what the test says.

use futures_util::{SinkExt, StreamExt};
use nymi_core::message::phoenix::{self, Message, Vsn};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;

pub(crate) struct Agent {
    listener: TcpListener,
}

/// One connection of an endpoint.
pub(crate) struct Session {
    stream: WebSocketStream<TcpStream>,
    join_ref: Option<phoenix::Ref>,
    pub(crate) topic: String,
}

impl Agent {
    pub(crate) async fn bind() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!(
            "ws://{}/socket/websocket",
            self.listener.local_addr().unwrap()
        )
    }

    /// The next connection and its join message, not answered yet.
    pub(crate) async fn accept(&self) -> (Session, Message) {
        let (socket, _) = self.listener.accept().await.unwrap();
        let stream = tokio_tungstenite::accept_async(socket).await.unwrap();
        let mut session = Session {
            stream,
            join_ref: None,
            topic: String::new(),
        };
        let join = session.message().await.expect("a join");
        assert_eq!(join.event, "phx_join");
        session.join_ref.clone_from(&join.join_ref);
        session.topic.clone_from(&join.topic);
        (session, join)
    }

    /// The next connection, let in; and its join payload.
    pub(crate) async fn join(&self) -> (Session, Value) {
        let (mut session, join) = self.accept().await;
        session.send(&join.reply_ok(json!({}))).await;
        (session, join.payload)
    }

    /// The next connection, refused.
    pub(crate) async fn refuse(&self, reason: &str) {
        let (mut session, join) = self.accept().await;
        session.send(&join.refuse(reason)).await;
        while session.message().await.is_some() {}
    }
}

impl Session {
    pub(crate) async fn send(&mut self, message: &Message) {
        let text = phoenix::encode(Vsn::V2, message);
        self.stream.send(Frame::text(text)).await.unwrap();
    }

    pub(crate) async fn push(&mut self, event: &str, payload: Value) {
        let message = Message::push(self.join_ref.clone(), &self.topic, event, payload);
        self.send(&message).await;
    }

    /// The next message; none at the end.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        loop {
            match self.stream.next().await? {
                Ok(Frame::Text(text)) => return Some(phoenix::decode(Vsn::V2, &text).unwrap()),
                Ok(Frame::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The payload of the next `event`; what comes before goes into `passed`.
    pub(crate) async fn until(&mut self, event: &str, passed: &mut Vec<Message>) -> Value {
        loop {
            let message = self
                .message()
                .await
                .unwrap_or_else(|| panic!("ended before {event}"));
            if message.event == event {
                return message.payload;
            }
            passed.push(message);
        }
    }

    pub(crate) async fn next(&mut self, event: &str) -> Value {
        self.until(event, &mut Vec::new()).await
    }

    /// The next `event` that is as asked for.
    pub(crate) async fn find(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let payload = self.next(event).await;
            if wanted(&payload) {
                return payload;
            }
        }
    }
}
