//! The virtual adapter: the radio stream of a nymulator, over TCP.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use nymi_core::message::Status;
use nymi_core::message::channel::HardwareState;
use nymi_core::tap::AdapterKind;
use nymi_net::backoff::Backoff;
use nymi_sim::stream::{self, Downlink, Uplink};
use nymi_sim::world::ADAPTER_ID;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::{Adapter, AdapterEvent, AdapterLink, AdapterRequest};

const QUEUE: usize = 256;
const CONNECT: Duration = Duration::from_secs(5);
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(2);

/// The adapter that a nymulator plays.
#[derive(Clone, Copy, Debug)]
pub struct VirtualAdapter {
    address: SocketAddr,
}

impl VirtualAdapter {
    /// The adapter of the nymulator whose control port is there.
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }
}

impl Adapter for VirtualAdapter {
    fn start(self: Box<Self>) -> AdapterLink {
        let (events, event_queue) = mpsc::channel(QUEUE);
        let (requests, request_queue) = mpsc::channel(QUEUE);
        tokio::spawn(run(self.address, events, request_queue));
        AdapterLink {
            events: event_queue,
            requests,
        }
    }
}

/// The link to the endpoint was dropped.
struct Dropped;

/// Why a session with a nymulator is over.
enum Over {
    Dropped,
    Lost(String),
}

impl From<Dropped> for Over {
    fn from(_: Dropped) -> Self {
        Self::Dropped
    }
}

impl From<io::Error> for Over {
    fn from(error: io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}

struct Link {
    events: mpsc::Sender<AdapterEvent>,
    /// What the nymulator plays, as far as it said.
    kind: AdapterKind,
    readers: BTreeSet<String>,
}

impl Link {
    async fn tell(&mut self, event: AdapterEvent) -> Result<(), Dropped> {
        self.events.send(event).await.map_err(|_| Dropped)
    }

    async fn tell_adapter(
        &mut self,
        id: String,
        present: bool,
        detail: Option<String>,
    ) -> Result<(), Dropped> {
        self.tell(AdapterEvent::Adapter {
            id,
            kind: self.kind,
            state: state(present),
            detail,
        })
        .await
    }

    /// Everything there is gone with the connection.
    async fn lost(&mut self, detail: String) -> Result<(), Dropped> {
        self.tell_adapter(ADAPTER_ID.to_owned(), false, Some(detail))
            .await?;
        for name in std::mem::take(&mut self.readers) {
            self.tell(AdapterEvent::Reader {
                name,
                state: HardwareState::Missing,
            })
            .await?;
        }
        Ok(())
    }
}

fn state(present: bool) -> HardwareState {
    if present {
        HardwareState::Ready
    } else {
        HardwareState::Missing
    }
}

async fn run(
    address: SocketAddr,
    events: mpsc::Sender<AdapterEvent>,
    mut requests: mpsc::Receiver<AdapterRequest>,
) {
    let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
    let mut link = Link {
        events,
        kind: AdapterKind::Virtual,
        readers: BTreeSet::new(),
    };
    loop {
        let Err(over) = session(address, &mut link, &mut requests, &mut backoff).await;
        let reason = match over {
            Over::Dropped => return,
            Over::Lost(reason) => reason,
        };
        let detail =
            format!("no nymulator at {address} ({reason}); start it, or correct its address");
        if link.lost(detail).await.is_err() || !pause(&mut backoff, &mut link, &mut requests).await
        {
            return;
        }
    }
}

/// Waits before the next attempt; requests meanwhile are answered. False if the link was dropped.
async fn pause(
    backoff: &mut Backoff,
    link: &mut Link,
    requests: &mut mpsc::Receiver<AdapterRequest>,
) -> bool {
    let delay = tokio::time::sleep(backoff.delay());
    tokio::pin!(delay);
    loop {
        tokio::select! {
            () = &mut delay => return true,
            request = requests.recv() => {
                let Some(AdapterRequest { id, .. }) = request else { return false };
                let answer = Err(Status::ADAPTER_MISSING);
                if link.tell(AdapterEvent::Reply { id, answer, last: true }).await.is_err() {
                    return false;
                }
            }
        }
    }
}

/// One connection, from its beginning to its end.
async fn session(
    address: SocketAddr,
    link: &mut Link,
    requests: &mut mpsc::Receiver<AdapterRequest>,
    backoff: &mut Backoff,
) -> Result<std::convert::Infallible, Over> {
    let (mut reader, mut writer) = tokio::time::timeout(CONNECT, connect(address))
        .await
        .map_err(|_| Over::Lost("it does not answer".to_owned()))??;
    backoff.reset();
    let mut begun = Vec::new();
    loop {
        tokio::select! {
            line = next_line(&mut reader, &mut begun) => {
                let downlink = serde_json::from_slice(&line?)
                    .map_err(|error| Over::Lost(format!("it does not speak the stream: {error}")))?;
                handle(downlink, link).await?;
            }
            request = requests.recv() => {
                let request = request.ok_or(Dropped)?;
                send(&mut writer, request).await?;
            }
            () = link.events.closed() => return Err(Over::Dropped),
        }
    }
}

async fn connect(address: SocketAddr) -> Result<(BufReader<OwnedReadHalf>, OwnedWriteHalf), Over> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (reader, mut writer) = socket.into_split();
    let mut reader = BufReader::new(reader);
    writer.write_all(b"radio\n").await?;
    let answer = next_line(&mut reader, &mut Vec::new()).await?;
    let expected = format!("ok radio {}", stream::VERSION);
    if answer.trim_ascii_end() != expected.as_bytes() {
        return Err(Over::Lost(
            "it is another program, or another version".to_owned(),
        ));
    }
    Ok((reader, writer))
}

/// The next line; what a cancelled call has read stays in `begun`.
async fn next_line(
    reader: &mut BufReader<OwnedReadHalf>,
    begun: &mut Vec<u8>,
) -> Result<Vec<u8>, Over> {
    let room = (stream::MAX_LINE + 2).saturating_sub(begun.len());
    reader.take(room as u64).read_until(b'\n', begun).await?;
    if begun.last() == Some(&b'\n') {
        return Ok(std::mem::take(begun));
    }
    let reason = if begun.len() > stream::MAX_LINE {
        "its line is too long"
    } else {
        "it ended"
    };
    Err(Over::Lost(reason.to_owned()))
}

async fn send(writer: &mut OwnedWriteHalf, request: AdapterRequest) -> Result<(), Over> {
    let AdapterRequest {
        id,
        address,
        data,
        last,
    } = request;
    let id = id.as_str().to_owned();
    let uplink = Uplink::Request {
        id,
        address,
        data: hex::encode(data),
        last,
    };
    let mut line = serde_json::to_vec(&uplink).map_err(io::Error::from)?;
    line.push(b'\n');
    Ok(writer.write_all(&line).await?)
}

async fn handle(downlink: Downlink, link: &mut Link) -> Result<(), Dropped> {
    match downlink {
        Downlink::Adapter { id, kind, present } => {
            link.kind = kind;
            let detail = (!present).then(|| "the virtual adapter is unplugged".to_owned());
            link.tell_adapter(id, present, detail).await
        }
        Downlink::Reader { name, present } => {
            if present {
                link.readers.insert(name.clone());
            } else {
                link.readers.remove(&name);
            }
            link.tell(AdapterEvent::Reader {
                name,
                state: state(present),
            })
            .await
        }
        Downlink::Heard {
            address,
            rssi,
            data,
        } => {
            // What is no hexadecimal is no frame: noise.
            let Ok(data) = hex::decode(data) else {
                return Ok(());
            };
            link.tell(AdapterEvent::Heard {
                address,
                rssi,
                data,
            })
            .await
        }
        Downlink::Nfc { uid, reader } => {
            let Ok(uid) = uid.parse() else {
                tracing::warn!("CardReadError(UnresponsiveCard) at {reader}: not a UID");
                return Ok(());
            };
            link.tell(AdapterEvent::Nfc { uid, reader }).await
        }
        Downlink::Reply {
            id,
            data,
            last,
            error,
        } => {
            let Ok(id) = id.parse() else { return Ok(()) };
            let data = data.and_then(|data| hex::decode(data).ok());
            let refused = error
                .and_then(Status::from_code)
                .unwrap_or(Status::BAND_CONNECTION_LOST);
            let answer = data.filter(|_| error.is_none()).ok_or(refused);
            link.tell(AdapterEvent::Reply { id, answer, last }).await
        }
    }
}
