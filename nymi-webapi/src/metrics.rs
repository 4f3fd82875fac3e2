//! Counters in Prometheus text form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use nymi_core::message::Status;

/// Everything the agent counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    frames: AtomicU64,
    taps: AtomicU64,
    connections: AtomicU64,
    open: AtomicU64,
    answers: Mutex<BTreeMap<(&'static str, u32), u64>>,
}

/// Counts a connection as open until dropped.
pub(crate) struct Open<'a>(&'a Metrics);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(crate) fn frames(&self, count: usize) {
        self.frames.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn tap(&self) {
        self.taps.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connection(&self) -> Open<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(self)
    }

    pub(crate) fn answered(&self, operation: &'static str, status: Status) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((operation, status.code())).or_default() += 1;
    }

    /// The text, with these gauges.
    pub(crate) fn text(&self, endpoints: usize, bands: usize, nes_ready: bool) -> String {
        let mut text = String::new();
        let mut single = |name: &str, kind: &str, help: &str, value: u64| {
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
            );
        };
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        single(
            "nymi_agent_endpoints",
            "gauge",
            "Endpoints connected.",
            endpoints as u64,
        );
        single(
            "nymi_agent_bands",
            "gauge",
            "Bands near an endpoint.",
            bands as u64,
        );
        single(
            "nymi_agent_nes_ready",
            "gauge",
            "1 if NES accepts the agent.",
            nes_ready.into(),
        );
        single(
            "nymi_agent_connections",
            "gauge",
            "WebSockets open.",
            load(&self.open),
        );
        let accepted = load(&self.connections);
        single(
            "nymi_agent_connections_total",
            "counter",
            "WebSockets accepted.",
            accepted,
        );
        single(
            "nymi_agent_frames_total",
            "counter",
            "Frames heard.",
            load(&self.frames),
        );
        single(
            "nymi_agent_taps_total",
            "counter",
            "Taps heard.",
            load(&self.taps),
        );
        text.push_str("# HELP nymi_agent_answers_total Requests answered.\n");
        text.push_str("# TYPE nymi_agent_answers_total counter\n");
        for ((operation, status), count) in
            &*self.answers.lock().unwrap_or_else(PoisonError::into_inner)
        {
            let labels = format!("operation=\"{operation}\",status=\"{status}\"");
            let _ = writeln!(text, "nymi_agent_answers_total{{{labels}}} {count}");
        }
        text
    }
}
