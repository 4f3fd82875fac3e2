//! What a client needs while nothing happens: it is connected, has proved its name and hears an
//! endpoint.

use std::ffi::{c_char, c_void};
use std::ptr::null_mut;

use crate::Effort;
use crate::interface::{Client, OnUpdate, c};
use crate::system::Ready;

/// Takes updates and drops them.
unsafe extern "C-unwind" fn ignore(_: *mut c_void, _: *const c_char) {}

/// What the system counts of this process.
struct Used {
    kilobytes: u64,
    threads: u64,
    descriptors: usize,
}

impl Used {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            number.expect("a number")
        };
        Self {
            kilobytes: number("VmRSS:"),
            threads: number("Threads:"),
            descriptors: std::fs::read_dir("/proc/self/fd").expect("Linux").count(),
        }
    }
}

pub(crate) fn measure(ready: &Ready, effort: Effort) {
    // What the first client of a process needs once, such as the libraries' own tables.
    let before = Used::now();
    let first = Client::ready(ready);
    let after = Used::now();
    println!(
        "\nidle: the first client of a process takes {} KiB",
        after.kilobytes - before.kilobytes
    );
    drop(first);
    each(ready, effort, "each further client", None);
    each(
        ready,
        effort,
        "each further client with a callback",
        Some((ignore, null_mut())),
    );
}

fn each(ready: &Ready, effort: Effort, name: &str, on_update: Option<OnUpdate>) {
    let count = effort.times(50, 2);
    let endpoint = c(ready.endpoint());
    let start = || {
        let client = Client::start(ready, on_update);
        client.init();
        client.subscribe(&endpoint);
        client
    };
    let _first = start();
    let before = Used::now();
    let clients: Vec<_> = (0..count).map(|_| start()).collect();
    let after = Used::now();
    let of = |difference: f64| difference / count as f64;
    println!(
        "  {name:45} {:6.0} KiB  {:.1} threads  {:.1} descriptors  (of {count})",
        of(after.kilobytes as f64 - before.kilobytes as f64),
        of((after.threads - before.threads) as f64),
        of((after.descriptors - before.descriptors) as f64),
    );
    drop(clients);
}
