//! A caller's thread waits for the answer to its request, without a runtime of its own.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::oneshot;

/// The threads that wait, so that they can be woken.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<Vec<Weak<Sleeper>>>);

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// [`Waiters::wake`] came first.
    Woken,
    /// Nobody is left to answer.
    Abandoned,
}

#[derive(Debug, Default)]
struct Sleeper {
    state: Mutex<Sleep>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Sleep {
    is_woken: bool,
    has_progress: bool,
}

impl Sleeper {
    fn change(&self, change: impl FnOnce(&mut Sleep)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// Waits for progress; true if it was woken instead.
    fn sleep(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if std::mem::take(&mut state.has_progress) {
                return false;
            }
            if state.is_woken {
                return true;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.change(|state| state.has_progress = true);
    }
}

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Sleeper>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes this thread in, before the request goes out whose answer it waits for: a wake from now
    /// on reaches it.
    pub(crate) fn enter(&self) -> Waiting {
        let sleeper = Arc::new(Sleeper::default());
        let mut waiting = self.lock();
        waiting.retain(|sleeper| sleeper.strong_count() > 0);
        waiting.push(Arc::downgrade(&sleeper));
        Waiting(sleeper)
    }

    /// Wakes every thread that waits now; false if there was none.
    pub(crate) fn wake(&self) -> bool {
        let waiting: Vec<_> = self
            .lock()
            .drain(..)
            .filter_map(|waiting| waiting.upgrade())
            .collect();
        for sleeper in &waiting {
            sleeper.change(|state| state.is_woken = true);
        }
        !waiting.is_empty()
    }
}

/// A thread that is about to wait.
pub(crate) struct Waiting(Arc<Sleeper>);

impl Waiting {
    /// Waits for an answer. Whoever holds the sender sees to the deadline.
    pub(crate) fn wait<T>(self, answer: oneshot::Receiver<T>) -> Result<T, NoAnswer> {
        let waker = Waker::from(Arc::clone(&self.0));
        let mut context = Context::from_waker(&waker);
        let mut answer = pin!(answer);
        loop {
            match answer.as_mut().poll(&mut context) {
                Poll::Ready(Ok(answer)) => return Ok(answer),
                Poll::Ready(Err(_)) => return Err(NoAnswer::Abandoned),
                Poll::Pending if self.0.sleep() => return Err(NoAnswer::Woken),
                Poll::Pending => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn an_answer_a_wake_and_a_lost_sender_end_the_wait() {
        let waiters = Waiters::default();
        let wait = || {
            let (sender, answer) = oneshot::channel::<u32>();
            let waiting = waiters.enter();
            (sender, thread::spawn(move || waiting.wait(answer)))
        };
        let (answered, first) = wait();
        let (_kept, second) = wait();
        let (lost, third) = wait();
        answered.send(7).unwrap();
        assert_eq!(first.join().unwrap(), Ok(7));
        drop(lost);
        assert_eq!(third.join().unwrap(), Err(NoAnswer::Abandoned));
        assert!(waiters.wake());
        assert_eq!(second.join().unwrap(), Err(NoAnswer::Woken));

        assert!(!waiters.wake(), "nobody is left");
        let (answered, later) = wait();
        answered.send(8).unwrap();
        assert_eq!(later.join().unwrap(), Ok(8), "an earlier wake is over");
    }
}
