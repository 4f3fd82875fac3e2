//! One connection: text commands, and after `radio` the radio stream.

use std::time::Duration;

use nymi_core::band::MAX_BAND_MESSAGE;
use nymi_core::message::Status;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::lines::{LineError, Lines};
use super::place::Place;
use crate::stream::{self, Downlink, Uplink};

const MAX_COMMAND: usize = 1024;
/// Who connects and says nothing gives its place to another.
const FIRST_COMMAND: Duration = Duration::from_secs(10);

type Reader = Lines<BufReader<OwnedReadHalf>>;

/// Why a connection ends; nobody is told.
struct Ended;

impl From<std::io::Error> for Ended {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve(socket: TcpStream, place: &Place) {
    let _ = socket.set_nodelay(true);
    let (reader, mut writer) = socket.into_split();
    let mut lines = Lines::new(BufReader::new(reader));
    if commands(&mut lines, &mut writer, place).await.is_ok() {
        let _ = radio(&mut lines, &mut writer, place).await;
    }
}

/// Runs commands until `radio`.
async fn commands(
    lines: &mut Reader,
    writer: &mut OwnedWriteHalf,
    place: &Place,
) -> Result<(), Ended> {
    let mut first = true;
    loop {
        let next = lines.next(MAX_COMMAND);
        let next = if first {
            timeout(FIRST_COMMAND, next).await.map_err(|_| Ended)?
        } else {
            next.await
        };
        let line = match next {
            Ok(Some(line)) => line,
            Ok(None) | Err(LineError::Io) => return Err(Ended),
            // What a browser sends first may be long; whoever it is gets no answer on a first line.
            Err(_) if first => return Err(Ended),
            Err(error) => {
                writer
                    .write_all(format!("error {}\n", complaint(&error)).as_bytes())
                    .await?;
                return Err(Ended);
            }
        };
        if std::mem::take(&mut first) && looks_like_http(&line) {
            return Err(Ended);
        }
        if line.trim() == "radio" {
            let answer = format!("ok radio {}\n", stream::VERSION);
            writer.write_all(answer.as_bytes()).await?;
            return Ok(());
        }
        let answer = match place.command(&line).await {
            Ok(text) => format!("ok {text}\n"),
            Err(text) => format!("error {text}\n"),
        };
        writer.write_all(answer.as_bytes()).await?;
    }
}

fn complaint(error: &LineError) -> &'static str {
    match error {
        LineError::TooLong => "a command has at most 1024 bytes",
        LineError::NotText | LineError::Io => "a command is UTF-8 text",
    }
}

/// A request line (RFC 9112, 3), or the preface of HTTP/2: a page that a browser lets post here must
/// not get its body read as commands.
pub(super) fn looks_like_http(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let method = words.next().unwrap_or_default();
    let known = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI",
    ];
    known.contains(&method) || words.any(|word| word.starts_with("HTTP/"))
}

/// Streams what is heard and carries requests, both until one side ends.
async fn radio(
    lines: &mut Reader,
    writer: &mut OwnedWriteHalf,
    place: &Place,
) -> Result<(), Ended> {
    let mut heard = place.listen();
    loop {
        let downlink = tokio::select! {
            event = heard.recv() => event.ok_or(Ended)?,
            line = lines.next(stream::MAX_LINE) => {
                let line = line.map_err(|_| Ended)?.ok_or(Ended)?;
                let uplink = serde_json::from_str(&line).map_err(|_| Ended)?;
                match request(uplink, place).await {
                    Some(reply) => reply,
                    None => continue,
                }
            }
        };
        let mut line = serde_json::to_vec(&downlink).map_err(|_| Ended)?;
        line.push(b'\n');
        writer.write_all(&line).await?;
    }
}

async fn request(uplink: Uplink, place: &Place) -> Option<Downlink> {
    let Uplink::Request {
        id,
        address,
        data,
        last,
    } = uplink;
    let message = hex::decode(&data)
        .ok()
        .filter(|bytes| bytes.len() <= MAX_BAND_MESSAGE);
    let answer = match message {
        None => Err(Status::INVALID_FIELD.code()),
        Some(message) => match place.request(address, &message).await {
            Ok(answer) => answer?,
            Err(error) => {
                tracing::error!("{error}");
                Err(Status::INTERNAL.code())
            }
        },
    };
    Some(match answer {
        Ok(reply) => Downlink::Reply {
            id,
            data: Some(hex::encode(reply)),
            last,
            error: None,
        },
        Err(error) => Downlink::Reply {
            id,
            data: None,
            last: true,
            error: Some(error),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_http_when_it_sees_it() {
        for line in [
            "GET / HTTP/1.1",
            "POST /add HTTP/1.0",
            "PRI * HTTP/2.0",
            "GET /",
            "x y HTTP/1.1",
        ] {
            assert!(looks_like_http(line), "{line}");
        }
        for line in ["list", "tap ACAK-00001 ble", "", "help", "get"] {
            assert!(!looks_like_http(line), "{line}");
        }
    }
}
