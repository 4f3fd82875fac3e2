//! The two kinds of WebSocket that the agent accepts.

mod bluebox;
mod channel;
mod nea;
mod webapi;

use std::net::SocketAddr;
use std::sync::Arc;

use nymi_core::message::phoenix::Vsn;
use nymi_net::ws::{CloseCode, Socket};

use crate::outbox::{Farewell, Outbox};
use crate::pump::{self, Protocol};
use crate::shared::Shared;

/// Serves a channel connection to its end.
pub(crate) async fn channel(socket: Socket, shared: Arc<Shared>, vsn: Vsn, peer: SocketAddr) {
    let outbox = Outbox::new(shared.hub.limits());
    let mut protocol = channel::ChannelSocket::new(&shared, vsn, peer, &outbox);
    serve(socket, &shared, &outbox, &mut protocol).await;
}

/// Serves a WebAPI connection to its end.
pub(crate) async fn webapi(socket: Socket, shared: Arc<Shared>, origin: Option<String>) {
    let outbox = Outbox::new(shared.hub.limits());
    let mut protocol = webapi::WebApiSocket::new(&shared, origin, &outbox);
    serve(socket, &shared, &outbox, &mut protocol).await;
}

async fn serve<P: Protocol>(
    socket: Socket,
    shared: &Arc<Shared>,
    outbox: &Arc<Outbox>,
    protocol: &mut P,
) {
    let _open = shared.open.clone();
    let _counted = shared.hub.metrics.connection();
    let mut stopping = shared.stopping.clone();
    let served = pump::run(socket, outbox, shared.hub.limits(), protocol);
    let mut served = std::pin::pin!(served);
    let stopped = async { drop(stopping.wait_for(|stop| *stop).await) };
    tokio::select! {
        () = &mut served => return,
        () = stopped => {
            outbox.close(Farewell::new(CloseCode::Away, "the agent stops"));
        }
    }
    served.await;
}
