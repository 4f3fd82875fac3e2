//! The endpoints that the application listens to, so that they are asked for again after the agent
//! was away.
//!
//! An agent that has just started may not know the endpoint yet, so what fails is tried again until
//! it works; the application hears of it once.

use std::time::Duration;

use nymi_core::message::{SubscribeEndpointAnswer, Update};
use nymi_net::backoff::Backoff;
use tokio::time::Instant;

/// What the exchanges of our own requests begin with; those of the application are numbers.
const PREFIX: &str = "restore-";

struct Subscription {
    /// As the application named it: an id, a host name or an address.
    named: String,
    endpoint_id: String,
    state: State,
}

enum State {
    /// The agent sends its events.
    Active,
    /// To be asked for from this moment on.
    Wanted {
        at: Instant,
        backoff: Backoff,
        told: bool,
    },
    /// Asked for under this number.
    Asked {
        number: u64,
        backoff: Backoff,
        told: bool,
    },
}

/// All of them.
#[derive(Default)]
pub(crate) struct Subscriptions {
    list: Vec<Subscription>,
    last_number: u64,
}

fn backoff() -> Backoff {
    Backoff::new(Duration::from_millis(200), Duration::from_secs(5))
}

impl Subscriptions {
    /// The agent agreed to a subscription.
    pub(crate) fn add(&mut self, named: &str, endpoint_id: &str) {
        self.remove(named);
        self.list.push(Subscription {
            named: named.to_owned(),
            endpoint_id: endpoint_id.to_owned(),
            state: State::Active,
        });
    }

    /// The application wants it, and there is no agent to agree: it is asked for once there is one.
    pub(crate) fn want(&mut self, named: &str, now: Instant) {
        let is_known = |entry: &Subscription| entry.named == named || entry.endpoint_id == named;
        if self.list.iter().any(is_known) {
            return;
        }
        self.list.push(Subscription {
            named: named.to_owned(),
            endpoint_id: named.to_owned(),
            state: State::Wanted {
                at: now,
                backoff: backoff(),
                told: false,
            },
        });
    }

    /// Whether the application listens to this endpoint.
    pub(crate) fn has(&self, endpoint_id: &str) -> bool {
        let is_it = |entry: &Subscription| entry.endpoint_id == endpoint_id;
        self.list.iter().any(is_it)
    }

    /// The application wants it no longer.
    pub(crate) fn remove(&mut self, named: &str) {
        self.list
            .retain(|entry| entry.named != named && entry.endpoint_id != named);
    }

    /// The agent is gone, and has forgotten all of them.
    pub(crate) fn lost(&mut self, now: Instant) {
        for entry in &mut self.list {
            entry.state = State::Wanted {
                at: now,
                backoff: backoff(),
                told: false,
            };
        }
    }

    /// What to ask for now: exchange and endpoint.
    pub(crate) fn ask(&mut self, now: Instant) -> Vec<(String, String)> {
        let mut asked = Vec::new();
        for entry in &mut self.list {
            let State::Wanted { at, backoff, told } = &entry.state else {
                continue;
            };
            if *at > now {
                continue;
            }
            self.last_number += 1;
            let number = self.last_number;
            entry.state = State::Asked {
                number,
                backoff: backoff.clone(),
                told: *told,
            };
            asked.push((format!("{PREFIX}{number}"), entry.named.clone()));
        }
        asked
    }

    /// When there is something to ask for.
    pub(crate) fn next(&self) -> Option<Instant> {
        let at = |entry: &Subscription| match &entry.state {
            State::Wanted { at, .. } => Some(*at),
            _ => None,
        };
        self.list.iter().filter_map(at).min()
    }

    /// Takes an answer to one of our own requests; what the application should hear of it.
    pub(crate) fn answered(&mut self, update: &Update, now: Instant) -> Option<Update> {
        let number: u64 = update
            .exchange
            .as_deref()?
            .strip_prefix(PREFIX)?
            .parse()
            .ok()?;
        let entry = self.list.iter_mut().find(
            |entry| matches!(&entry.state, State::Asked { number: asked, .. } if *asked == number),
        )?;
        let State::Asked { backoff, told, .. } = &entry.state else {
            return None;
        };
        if update.status.is_success() {
            // What the application named may be another endpoint by now.
            if let Ok(answer) = update.payload_as::<SubscribeEndpointAnswer>() {
                entry.endpoint_id = answer.endpoint_id;
            }
            entry.state = State::Active;
            return None;
        }
        let (mut backoff, told) = (backoff.clone(), *told);
        let at = now + backoff.delay();
        entry.state = State::Wanted {
            at,
            backoff,
            told: true,
        };
        if told {
            return None;
        }
        let specifics = format!(
            "the subscription of {} is not in place yet, and is tried again: {}",
            entry.named,
            update.specifics()
        );
        Some(Update::error(update.status, specifics))
    }

    /// Whether an exchange is of one of our own requests.
    pub(crate) fn owns(exchange: &str) -> bool {
        exchange.starts_with(PREFIX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nymi_core::message::{Map, Status};

    fn ok(exchange: &str) -> Update {
        Update::ok("subscribe_endpoint", Some(exchange.to_owned()), Map::new())
    }

    fn missing(exchange: &str) -> Update {
        let exchange = Some(exchange.to_owned());
        Update::failed(
            "subscribe_endpoint",
            exchange,
            Status::ENDPOINT_MISSING,
            "gone",
        )
    }

    #[test]
    fn what_was_lost_is_asked_for_until_it_works() {
        let now = Instant::now();
        let mut all = Subscriptions::default();
        all.add("127.0.0.1", "bench-1");
        assert!(all.ask(now).is_empty() && all.next().is_none());

        all.lost(now);
        let [(exchange, named)] = &all.ask(now)[..] else {
            panic!()
        };
        assert_eq!(named, "127.0.0.1");
        assert!(Subscriptions::owns(exchange) && !Subscriptions::owns("17"));
        assert!(all.ask(now).is_empty(), "asked for twice");

        let told = all.answered(&missing(exchange), now).unwrap();
        assert_eq!(
            (told.status, told.exchange),
            (Status::ENDPOINT_MISSING, None)
        );
        let at = all.next().unwrap();
        assert!(at > now);
        let again = all.ask(at).pop().unwrap().0;
        assert_eq!(all.answered(&missing(&again), at), None, "told twice");
        let at = all.next().unwrap();
        let again = all.ask(at).pop().unwrap().0;
        assert_eq!(all.answered(&ok(&again), at), None);
        assert_eq!(all.next(), None);
    }

    #[test]
    fn an_answer_from_before_the_loss_means_nothing() {
        let now = Instant::now();
        let mut all = Subscriptions::default();
        all.add("a", "a");
        all.lost(now);
        let old = all.ask(now).pop().unwrap().0;
        all.lost(now);
        assert_eq!(all.answered(&ok(&old), now), None);
        assert_eq!(all.ask(now).len(), 1);
    }

    #[test]
    fn what_is_not_wanted_any_more_is_not_asked_for() {
        let now = Instant::now();
        let mut all = Subscriptions::default();
        all.add("10.0.0.7", "bench-1");
        all.add("10.0.0.8", "bench-2");
        all.remove("bench-1");
        all.lost(now);
        let names: Vec<_> = all.ask(now).into_iter().map(|(_, named)| named).collect();
        assert_eq!(names, ["10.0.0.8"]);
    }
}
