//! The WebAPI: one envelope in each text message.

use std::ops::ControlFlow;
use std::sync::Arc;

use nymi_core::message::{MAX_MESSAGE, Request, Status, Update};
use nymi_net::ws::CloseCode;

use crate::outbox::{Farewell, Outbox, Route};
use crate::pump::Protocol;
use crate::session::{Kind, Session};
use crate::shared::Shared;

pub(super) struct WebApiSocket {
    session: Arc<Session>,
    settled: bool,
}

impl WebApiSocket {
    pub(super) fn new(shared: &Arc<Shared>, origin: Option<String>, outbox: &Arc<Outbox>) -> Self {
        let session = Session::open(shared, Kind::WebApi { origin }, outbox, Route::Plain);
        Self {
            session,
            settled: false,
        }
    }
}

impl Drop for WebApiSocket {
    fn drop(&mut self) {
        self.session.close();
    }
}

impl Protocol for WebApiSocket {
    const FIRST: &'static str = "first message";
    const PINGS: bool = true;

    fn text(&mut self, text: &str) -> ControlFlow<Farewell> {
        self.settled = true;
        self.session.request(Request::parse(text.as_bytes()));
        ControlFlow::Continue(())
    }

    fn binary(&mut self) -> ControlFlow<Farewell> {
        self.settled = true;
        let specifics = "a binary message; envelopes are JSON in text messages";
        self.session
            .send(&Update::error(Status::MALFORMED_JSON, specifics));
        ControlFlow::Continue(())
    }

    fn too_large(&mut self) -> Farewell {
        let reason = format!("a message is at most {MAX_MESSAGE} bytes");
        self.session
            .send(&Update::error(Status::TOO_LARGE, reason.clone()));
        Farewell::new(CloseCode::Size, reason)
    }

    fn end(&mut self) {
        self.session.close();
    }

    fn settled(&self) -> bool {
        self.settled
    }
}
