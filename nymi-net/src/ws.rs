//! Accepting WebSockets: a handshake for axum handlers, with the stream of tokio-tungstenite, whose
//! socket stays reachable, so that an oversized message can be answered and drained before closing
//! (a close with unread bytes becomes a TCP reset, which can destroy the answer).
//! No extension is ever accepted, permessage-deflate included.

use std::future::Future;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::SinkExt;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
pub use tokio_tungstenite::tungstenite::{self, Message, protocol::frame::coding::CloseCode};

/// The largest message that the platform's sockets accept, bytes.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// An accepted WebSocket.
pub type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Answers a WebSocket handshake and runs `handler` with the socket; messages over `max_message`
/// bytes make reading fail with [`tungstenite::Error::Capacity`].
pub fn accept<F, Fut>(mut request: Request, max_message: usize, handler: F) -> Response
where
    F: FnOnce(Socket) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let key = match handshake_key(request.method(), request.headers()) {
        Ok(key) => key,
        Err(refusal) => return refusal.into_response(),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                let config = WebSocketConfig::default()
                    .read_buffer_size(16 * 1024)
                    .write_buffer_size(0)
                    .max_write_buffer_size(4 * MAX_MESSAGE)
                    .max_message_size(Some(max_message))
                    .max_frame_size(Some(max_message));
                let io = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
                handler(socket).await;
            }
            Err(error) => tracing::debug!(%error, "WebSocket upgrade failed"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    response
}

/// True if the request asks for a WebSocket.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    has_token(headers, header::UPGRADE, "websocket")
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}

fn handshake_key(
    method: &Method,
    headers: &HeaderMap,
) -> Result<HeaderValue, (StatusCode, &'static str)> {
    if method != Method::GET
        || !is_upgrade(headers)
        || !has_token(headers, header::CONNECTION, "upgrade")
    {
        return Err((
            StatusCode::UPGRADE_REQUIRED,
            "this address speaks WebSocket only; /asyncapi.json describes what it says",
        ));
    }
    if headers
        .get(header::SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err((
            StatusCode::BAD_REQUEST,
            "only WebSocket version 13 is spoken here",
        ));
    }
    headers
        .get(header::SEC_WEBSOCKET_KEY)
        .and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok())
        .ok_or((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing"))
}

/// Sends a close frame and ends this side of the connection, then reads and drops what the peer still
/// sends until it ends its side, for at most `patience`; only then is the socket dropped, so that no
/// reset overtakes what was sent before.
pub async fn close(mut socket: Socket, code: CloseCode, reason: &str, patience: Duration) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let farewell = async {
        // Refused if the peer closed first: then only the reply to its close frame is flushed.
        let _ = socket.send(Message::Close(Some(frame))).await;
        let _ = SinkExt::close(&mut socket).await;
        let io = socket.get_mut();
        io.shutdown().await?;
        let mut discard = [0; 8192];
        while io.read(&mut discard).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(patience, farewell).await;
}
