//! The requests in flight: each gets exactly one last update, whoever is first to give it.
//!
//! Towards the agent a request carries a number of ours, not the caller's exchange. So late answers
//! of a lost connection meet nobody, requests without an exchange can be told apart, and what the
//! caller chose comes back to it unchanged.

use std::collections::{BTreeSet, HashMap};

use nymi_core::message::{Operation, ReplyTo, Status, Update};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How many requests may be in flight at once.
pub(crate) const MAX_IN_FLIGHT: usize = 4096;

/// Names a request in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(u64);

impl Id {
    /// The exchange under which the agent knows it.
    pub(crate) fn to_exchange(self) -> String {
        self.0.to_string()
    }

    pub(crate) fn from_exchange(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

/// Where the updates of a request go.
#[derive(Debug)]
pub(crate) enum Sink {
    /// To whoever reads the client's queue.
    Queue,
    /// The last one, to a caller in this process.
    Caller(oneshot::Sender<Update>),
}

#[derive(Debug)]
struct Open {
    operation: Operation,
    reply_to: ReplyTo,
    sink: Sink,
    deadline: Instant,
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    ended: bool,
    last: u64,
    open: HashMap<Id, Open>,
    by_name: HashMap<String, Id>,
    deadlines: BTreeSet<(Instant, Id)>,
}

impl Exchanges {
    /// Takes a request in; 1005 if its exchange is in flight already, 1008 if too many are, with
    /// the sink to say so.
    pub(crate) fn open(
        &mut self,
        operation: Operation,
        reply_to: ReplyTo,
        sink: Sink,
        deadline: Instant,
    ) -> Result<Id, (Status, Sink)> {
        if reply_to
            .exchange
            .as_ref()
            .is_some_and(|name| self.by_name.contains_key(name))
        {
            return Err((Status::DUPLICATE_EXCHANGE, sink));
        }
        if self.ended {
            return Err((Status::TERMINATED, sink));
        }
        // What operations themselves ask for comes on top, or they would be in each other's way.
        let most = match sink {
            Sink::Queue => MAX_IN_FLIGHT,
            Sink::Caller(_) => 2 * MAX_IN_FLIGHT,
        };
        if self.open.len() >= most {
            return Err((Status::TOO_MANY_IN_FLIGHT, sink));
        }
        self.last += 1;
        let id = Id(self.last);
        if let Some(name) = &reply_to.exchange {
            self.by_name.insert(name.clone(), id);
        }
        self.deadlines.insert((deadline, id));
        self.open.insert(
            id,
            Open {
                operation,
                reply_to,
                sink,
                deadline,
            },
        );
        Ok(id)
    }

    /// Turns an update for a request into what its caller gets; none if nobody waits for it (any
    /// more). The last update ends the request; an in-process caller gets it here.
    pub(crate) fn answer(&mut self, id: Id, mut update: Update) -> Option<Update> {
        let open = self.open.get(&id)?;
        update.operation.clone_from(&open.reply_to.operation);
        update.exchange.clone_from(&open.reply_to.exchange);
        let is_last = update.is_last();
        match &open.sink {
            Sink::Queue if !is_last => Some(update),
            Sink::Caller(_) if !is_last => None,
            _ => match self.close(id)?.sink {
                Sink::Queue => Some(update),
                Sink::Caller(caller) => {
                    // A caller that gave up does not mind.
                    let _ = caller.send(update);
                    None
                }
            },
        }
    }

    fn close(&mut self, id: Id) -> Option<Open> {
        let open = self.open.remove(&id)?;
        self.deadlines.remove(&(open.deadline, id));
        if let Some(name) = &open.reply_to.exchange {
            self.by_name.remove(name);
        }
        Some(open)
    }

    /// What a request in flight asks for.
    pub(crate) fn operation(&self, id: Id) -> Option<Operation> {
        self.open.get(&id).map(|open| open.operation)
    }

    /// Whom to answer.
    pub(crate) fn reply_to(&self, id: Id) -> Option<&ReplyTo> {
        self.open.get(&id).map(|open| &open.reply_to)
    }

    /// The request in flight with this exchange of the caller's.
    pub(crate) fn by_name(&self, exchange: &str) -> Option<Id> {
        self.by_name.get(exchange).copied()
    }

    /// The earliest deadline.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// A request whose deadline has passed.
    pub(crate) fn overdue(&self, now: Instant) -> Option<Id> {
        self.deadlines
            .first()
            .filter(|(deadline, _)| *deadline <= now)
            .map(|(_, id)| *id)
    }

    /// From now on nothing is taken in.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Every request in flight, oldest first.
    pub(crate) fn ids(&self) -> Vec<Id> {
        let mut ids: Vec<_> = self.open.keys().copied().collect();
        ids.sort_unstable();
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nymi_core::message::{Payload, Request};
    use std::time::Duration;

    fn reply_to(exchange: Option<&str>) -> ReplyTo {
        let payload = Payload::ListEndpoints;
        Request {
            exchange: exchange.map(str::to_owned),
            deadline_ms: 1,
            payload,
        }
        .reply_to()
    }

    fn open(table: &mut Exchanges, exchange: Option<&str>) -> Result<Id, Status> {
        let deadline = Instant::now();
        let reply_to = reply_to(exchange);
        table
            .open(Operation::ListEndpoints, reply_to, Sink::Queue, deadline)
            .map_err(|(status, _)| status)
    }

    fn some_update() -> Update {
        Update::error(Status::SUCCESS, "")
    }

    #[test]
    fn an_exchange_is_a_duplicate_only_while_the_first_is_in_flight() {
        let mut table = Exchanges::default();
        let first = open(&mut table, Some("a")).unwrap();
        assert_eq!(open(&mut table, Some("a")), Err(Status::DUPLICATE_EXCHANGE));
        assert_eq!(table.by_name("a"), Some(first));
        let progress = table
            .answer(first, some_update().with("completed", false))
            .unwrap();
        assert_eq!(progress.exchange.as_deref(), Some("a"));
        assert_eq!(open(&mut table, Some("a")), Err(Status::DUPLICATE_EXCHANGE));
        let last = table.answer(first, some_update()).unwrap();
        assert_eq!(
            (last.operation.as_str(), last.exchange.as_deref()),
            ("list_endpoints", Some("a"))
        );
        assert_eq!(table.answer(first, some_update()), None);
        assert!(open(&mut table, Some("a")).is_ok());
    }

    #[test]
    fn requests_without_an_exchange_are_told_apart() {
        let mut table = Exchanges::default();
        let ids = [
            open(&mut table, None).unwrap(),
            open(&mut table, None).unwrap(),
        ];
        assert_eq!(table.ids(), ids);
        assert_eq!(Id::from_exchange(&ids[1].to_exchange()), Some(ids[1]));
    }

    #[test]
    fn an_in_process_caller_gets_the_last_update_alone() {
        let mut table = Exchanges::default();
        let (sender, mut receiver) = oneshot::channel();
        let sink = Sink::Caller(sender);
        let id = table
            .open(Operation::Info, reply_to(None), sink, Instant::now())
            .unwrap();
        assert_eq!(
            table.answer(id, some_update().with("completed", false)),
            None
        );
        assert!(receiver.try_recv().is_err());
        assert_eq!(table.answer(id, some_update()), None);
        assert!(receiver.try_recv().is_ok());
    }

    #[test]
    fn deadlines_come_in_order() {
        let mut table = Exchanges::default();
        let now = Instant::now();
        let mut at = |seconds| {
            let deadline = now + Duration::from_secs(seconds);
            table
                .open(Operation::Info, reply_to(None), Sink::Queue, deadline)
                .unwrap()
        };
        let (late, soon) = (at(9), at(3));
        assert_eq!(table.overdue(now), None);
        assert_eq!(table.next_deadline(), Some(now + Duration::from_secs(3)));
        assert_eq!(table.overdue(now + Duration::from_secs(3)), Some(soon));
        table.answer(soon, some_update());
        assert_eq!(table.overdue(now + Duration::from_secs(9)), Some(late));
    }

    #[test]
    fn too_many_are_refused() {
        let mut table = Exchanges::default();
        for _ in 0..MAX_IN_FLIGHT {
            open(&mut table, None).unwrap();
        }
        assert_eq!(open(&mut table, None), Err(Status::TOO_MANY_IN_FLIGHT));
    }
}
