//! From a band at the reader until the program knows: through endpoint, server (whose tag is it?),
//! agent and client.

use std::ffi::{CStr, c_char, c_void};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::bare::Bare;
use crate::interface::{Client, c};
use crate::system::{Ready, Wrist};
use crate::{Effort, Spread};

/// The start of every tap's update.
const TAP: &str = r#"{"operation":"tap","#;

/// Tells when a tap was heard.
///
/// # Safety
/// `sender` is a `Sender<Instant>` and `update` a text that ends with a NUL, or NULL.
unsafe extern "C-unwind" fn on_update(sender: *mut c_void, update: *const c_char) {
    let now = Instant::now();
    if update.is_null() {
        return;
    }
    // SAFETY: the library passes a text that ends with a NUL.
    let update = unsafe { CStr::from_ptr(update) };
    if update.to_bytes().starts_with(TAP.as_bytes()) {
        // SAFETY: the caller promises that; it is used on the callback's thread alone.
        let sender = unsafe { &*sender.cast::<Sender<Instant>>() };
        // Nobody may wait any more.
        let _ = sender.send(now);
    }
}

/// A client with a callback, and where that leaves the times.
fn called(ready: &Ready) -> (Client, Receiver<Instant>) {
    let (sender, heard) = mpsc::channel();
    // As long as the process, since the callback uses it.
    let sender: *mut Sender<Instant> = Box::leak(Box::new(sender));
    let client = Client::start(ready, Some((on_update, sender.cast())));
    client.init();
    (client, heard)
}

pub(crate) fn measure(ready: &Ready, effort: Effort) {
    // It leaves a certificate for the others.
    let waiting = Client::ready(ready);
    let (called, heard) = called(ready);
    let mut bare = Bare::connect(ready);
    let mut wrist = ready.wrist();
    let endpoint = c(ready.endpoint());
    let named = json!({"endpoint_id": ready.endpoint()});

    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..effort.times(300, 2) {
        bare.ask("subscribe_endpoint", &named);
        times[0].push(timed(&mut wrist, || {
            bare.wait_for("tap");
            Instant::now()
        }));
        bare.ask("unsubscribe_endpoint", &named);

        called.subscribe(&endpoint);
        times[1].push(timed(&mut wrist, || heard.recv().expect("a tap")));
        called.unsubscribe(&endpoint);

        waiting.subscribe(&endpoint);
        times[2].push(timed(&mut wrist, || {
            waiting.wait_tap();
            Instant::now()
        }));
        waiting.unsubscribe(&endpoint);
    }
    println!(
        "\nfrom a band at the NFC reader to the program, in turn, of {}:",
        times[0].len()
    );
    let names = [
        "tokio-tungstenite alone",
        "callback",
        "nymi_client_wait_tap",
    ];
    let mut first = None;
    for (name, times) in names.into_iter().zip(times) {
        let Spread { median, low, high } = Spread::of(times);
        let ratio = median.as_secs_f64() / first.get_or_insert(median).as_secs_f64();
        println!("  {name:45} {median:9.1?}  {ratio:.3}  ({low:.1?} to {high:.1?})");
    }
}

fn timed(wrist: &mut Wrist, heard: impl FnOnce() -> Instant) -> Duration {
    let began = Instant::now();
    wrist.tap();
    let heard = heard();
    wrist.confirm();
    heard - began
}
