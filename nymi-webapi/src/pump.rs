//! One connection: reads and writes at the same time, with deadlines, and ends politely.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use nymi_net::ws::{self, CloseCode, Message, Socket, tungstenite};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};

use crate::config::Limits;
use crate::outbox::{Farewell, Outbox};

/// What a protocol does with what arrives.
pub(crate) trait Protocol {
    /// A text message.
    fn text(&mut self, text: &str) -> ControlFlow<Farewell>;
    /// A binary message.
    fn binary(&mut self) -> ControlFlow<Farewell>;
    /// A message beyond the size limit; the connection ends with this.
    fn too_large(&mut self) -> Farewell;
    /// Nothing more is read: whoever is at the other end is gone for everybody else.
    fn end(&mut self);
    /// Whether the first message or join that the deadline waits for has come.
    fn settled(&self) -> bool;
    /// What the deadline waits for, for the reason.
    const FIRST: &'static str;
    /// Whether the agent pings.
    const PINGS: bool;
}

/// Runs the connection until it ends; then everything queued is sent, and the socket is closed so
/// that the peer still reads it.
pub(crate) async fn run<P: Protocol>(
    socket: Socket,
    outbox: &Arc<Outbox>,
    limits: &Limits,
    protocol: &mut P,
) {
    let (mut sink, mut stream) = socket.split();
    let ping = P::PINGS.then_some(limits.ping);
    let farewell = tokio::select! {
        farewell = read(&mut stream, limits, protocol) => {
            protocol.end();
            let farewell = outbox.close(farewell);
            let _ = timeout(limits.farewell, write(&mut sink, outbox, None)).await;
            farewell
        }
        farewell = write(&mut sink, outbox, ping) => farewell,
        farewell = overdue(outbox, limits.farewell) => farewell,
    };
    protocol.end();
    if let Ok(socket) = sink.reunite(stream) {
        ws::close(socket, farewell.code, &farewell.reason, limits.farewell).await;
    }
}

async fn read<P: Protocol>(
    stream: &mut SplitStream<Socket>,
    limits: &Limits,
    protocol: &mut P,
) -> Farewell {
    let first = Instant::now() + limits.first_message;
    loop {
        let silence = Instant::now() + limits.silence;
        let deadline = if protocol.settled() {
            silence
        } else {
            silence.min(first)
        };
        let Ok(received) = timeout_at(deadline, stream.next()).await else {
            let missing = if protocol.settled() {
                "heartbeat"
            } else {
                P::FIRST
            };
            return Farewell::new(CloseCode::Policy, format!("no {missing} in time"));
        };
        let flow = match received {
            Some(Ok(Message::Text(text))) => protocol.text(text.as_str()),
            Some(Ok(Message::Binary(_))) => protocol.binary(),
            Some(Ok(Message::Close(_))) | None => {
                return Farewell::new(CloseCode::Normal, "");
            }
            Some(Ok(_)) => ControlFlow::Continue(()),
            Some(Err(error)) => return broken(&error, protocol),
        };
        if let ControlFlow::Break(farewell) = flow {
            return farewell;
        }
        // A burst of requests must not fill the outbox before the writer has had its turn.
        tokio::task::yield_now().await;
    }
}

fn broken<P: Protocol>(error: &tungstenite::Error, protocol: &mut P) -> Farewell {
    match error {
        tungstenite::Error::Capacity(_) => protocol.too_large(),
        tungstenite::Error::Utf8(_) => Farewell::new(CloseCode::Invalid, "text is UTF-8"),
        tungstenite::Error::Protocol(error) => {
            Farewell::new(CloseCode::Protocol, error.to_string())
        }
        _ => Farewell::new(CloseCode::Normal, ""),
    }
}

/// Gives a peer that must go some time to read what waits for it.
async fn overdue(outbox: &Outbox, patience: Duration) -> Farewell {
    let farewell = outbox.ending().await;
    tokio::time::sleep(patience).await;
    farewell
}

/// Sends what is queued until there is a reason to close.
async fn write(
    sink: &mut SplitSink<Socket, Message>,
    outbox: &Outbox,
    ping: Option<Duration>,
) -> Farewell {
    let every = ping.unwrap_or(Duration::from_secs(3600));
    let mut pings = interval_at(Instant::now() + every, every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            biased;
            next = outbox.next() => match next {
                Ok(text) => Message::text(text),
                Err(farewell) => return farewell,
            },
            _ = pings.tick(), if ping.is_some() => Message::Ping(Default::default()),
        };
        if sink.send(message).await.is_err() {
            return Farewell::new(CloseCode::Normal, "");
        }
    }
}
