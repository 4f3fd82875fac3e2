//! What an endpoint does, as a state machine without I/O and clock.
//!
//! In come adapter events, agent messages and the time; out come [`Action`]s: messages for the agent
//! and requests for the adapter. [`Engine::next_deadline`] says when time alone matters.
//!
//! - **Frames** are batched: at most 64, at most 100 ms old. A tap sends what waits first, so that
//!   the agent already has the frame that the tap is about.
//! - **Taps** while no agent is joined are dropped, and that is logged: delivered later they would
//!   be intents of another moment.
//! - **Requests** for bands end with the band's reply, or with the status that says what is missing.

mod requests;

use std::collections::{BTreeMap, VecDeque};

use nymi_core::message::channel::{
    AdapterStatus, Configure, EndpointStatus, FrameReport, Frames, HardwareState, MAX_FRAMES,
    NfcReport, PresenceReport, ReaderStatus, TapReport, event,
};
use nymi_core::message::{HexBytes, TapMethod};
use nymi_core::presence::{Flags, Frame};
use nymi_core::tap::{
    AdapterKind, Detector, Presence, TapConfig, TapConfigValues, TapConfigs, TapEvent,
};
use nymi_core::{BandId, UnixMillis};
use serde::Serialize;
use serde_json::Value;

use crate::adapter::{AdapterEvent, AdapterRequest};
use requests::Requests;

/// How long a frame waits for company, milliseconds: with the way to the agent it is not older than
/// 100 ms there.
pub const FRAME_WAIT_MS: i64 = 80;

/// Presence is also told when nothing changed but the signal, by this much, dB: whoever shows it sees
/// a band approach.
const SIGNAL_STEP_DB: f64 = 3.0;

/// And for each band at most this often, milliseconds.
const SIGNAL_PAUSE_MS: i64 = 500;

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Tell the agent.
    Push {
        /// The event of agent.md.
        event: &'static str,
        /// Its payload.
        payload: Value,
    },
    /// Ask a band.
    Ask(AdapterRequest),
}

/// What is known of a band that is heard.
#[derive(Clone, Copy, Debug)]
struct Heard {
    flags: Flags,
    /// Exponentially smoothed, dBm.
    rssi: f64,
    /// The signal that the agent was told last, dBm, and when.
    told: Option<(f64, UnixMillis)>,
}

impl Heard {
    /// Whether the signal is another one than the agent knows, and it was not told just now.
    fn has_moved(&self, now: UnixMillis) -> bool {
        self.told.is_some_and(|(rssi, at)| {
            (self.rssi - rssi).abs() >= SIGNAL_STEP_DB && now.since(at) >= SIGNAL_PAUSE_MS
        })
    }
}

/// The state machine.
#[derive(Debug)]
pub struct Engine {
    detector: Detector,
    taps: TapConfigs,
    /// The kind of the adapter that was plugged in last: its parameters apply.
    adapter: AdapterKind,
    bands: BTreeMap<BandId, Heard>,
    waiting: Vec<FrameReport>,
    hardware: EndpointStatus,
    joined: bool,
    requests: Requests,
    actions: VecDeque<Action>,
}

impl Engine {
    /// An endpoint that has heard nothing and is not joined.
    pub fn new(taps: TapConfigs) -> Self {
        let adapter = AdapterKind::default();
        Self {
            detector: Detector::new(*taps.of(adapter)),
            taps,
            adapter,
            bands: BTreeMap::new(),
            waiting: Vec::new(),
            hardware: EndpointStatus::default(),
            joined: false,
            requests: Requests::default(),
            actions: VecDeque::new(),
        }
    }

    /// What is to be done, oldest first.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The adapters and readers.
    pub fn hardware(&self) -> &EndpointStatus {
        &self.hardware
    }

    /// Takes new detection parameters.
    pub fn reconfigure(&mut self, taps: TapConfigs) {
        self.taps = taps;
        self.apply_parameters();
    }

    fn use_adapter(&mut self, kind: AdapterKind) {
        self.adapter = kind;
        self.apply_parameters();
    }

    /// Lets those of the adapter that is plugged in apply.
    fn apply_parameters(&mut self) {
        let wanted = *self.taps.of(self.adapter);
        if *self.detector.config() != wanted {
            self.detector.reconfigure(wanted);
            self.log_parameters();
        }
    }

    /// What applies, as nbe.toml would say it.
    fn log_parameters(&self) {
        let values = self.detector.config().values().in_order();
        let pairs = TapConfigValues::KEYS.into_iter().zip(values);
        let pairs: Vec<String> = pairs
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        tracing::info!("[dongle.{}] {}", self.adapter, pairs.join(", "));
    }

    /// When [`Engine::handle_timeout`] has something to do.
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        let frames = self
            .waiting
            .first()
            .map(|frame| frame.at.saturating_add(FRAME_WAIT_MS));
        let deadlines = [
            frames,
            self.detector.next_deadline(),
            self.requests.next_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: UnixMillis) {
        let events = self.detector.handle_timeout(now);
        self.report(events);
        let oldest = self.waiting.first().map(|frame| now.since(frame.at));
        // A clock that stepped back must not hold frames for longer.
        if oldest.is_some_and(|age| !(0..FRAME_WAIT_MS).contains(&age)) {
            self.flush_frames();
        }
        for reply in self.requests.expire(now) {
            self.push(event::BAND_REPLY, &reply);
        }
    }

    /// The agent let us in: it learns all that is known.
    pub fn handle_joined(&mut self, now: UnixMillis) {
        self.joined = true;
        self.push_hardware();
        let known: Vec<BandId> = self.bands.keys().copied().collect();
        for band in known {
            self.push_presence(band, Presence::No, self.detector.presence(band), now);
        }
    }

    /// The agent is gone: what waits for it is of no use later.
    pub fn handle_lost(&mut self) {
        self.joined = false;
        self.waiting.clear();
        self.requests.clear();
        self.actions
            .retain(|action| matches!(action, Action::Ask(_)));
    }

    /// Something happened at the adapter.
    pub fn handle_adapter(&mut self, now: UnixMillis, event: AdapterEvent) {
        match event {
            AdapterEvent::Adapter {
                id,
                kind,
                state,
                detail,
            } => {
                let status = AdapterStatus {
                    id,
                    kind: kind.name().to_owned(),
                    state,
                    detail,
                };
                if state == HardwareState::Ready {
                    self.use_adapter(kind);
                }
                self.adapter_changed(status);
            }
            AdapterEvent::Reader { name, state } => self.reader_changed(name, state),
            AdapterEvent::Heard {
                address,
                rssi,
                data,
            } => self.heard(now, address, rssi, data),
            AdapterEvent::Nfc { uid, reader } => {
                self.flush_frames();
                if !self.joined {
                    tracing::warn!("no agent: an NFC tap at {reader} was not delivered");
                }
                self.push(
                    event::NFC,
                    &NfcReport {
                        uid,
                        reader,
                        at: now,
                    },
                );
            }
            AdapterEvent::Reply { id, answer, last } => {
                if let Some(reply) = self.requests.answered(now, id, answer, last) {
                    self.push(event::BAND_REPLY, &reply);
                }
            }
        }
    }

    /// The agent said something.
    pub fn handle_message(&mut self, now: UnixMillis, event: &str, payload: Value) {
        match event {
            event::BAND_REQUEST => self.band_request(now, payload),
            event::CONFIGURE => self.configure(payload),
            other => tracing::debug!("the agent sent {other:?}, which this version does not know"),
        }
    }

    fn push<T: Serialize>(&mut self, event: &'static str, payload: &T) {
        if !self.joined {
            return;
        }
        match serde_json::to_value(payload) {
            Ok(payload) => self.actions.push_back(Action::Push { event, payload }),
            Err(error) => tracing::error!("{event} cannot be written: {error}"),
        }
    }

    fn push_hardware(&mut self) {
        let hardware = std::mem::take(&mut self.hardware);
        self.push(event::STATUS, &hardware);
        self.hardware = hardware;
    }

    fn adapter_changed(&mut self, status: AdapterStatus) {
        let was_ready = self.hardware.ble_ready();
        match self
            .hardware
            .adapters
            .iter_mut()
            .find(|known| known.id == status.id)
        {
            Some(known) if *known == status => return,
            Some(known) => *known = status,
            None => self.hardware.adapters.push(status),
        }
        match (was_ready, self.hardware.ble_ready()) {
            (false, true) => {
                tracing::info!("BLE Dongle connected.");
                self.log_parameters();
            }
            (true, false) => {
                tracing::warn!("BLE Dongle removed.");
                for reply in self.requests.connection_lost() {
                    self.push(event::BAND_REPLY, &reply);
                }
            }
            _ => {}
        }
        self.push_hardware();
    }

    fn reader_changed(&mut self, name: String, state: HardwareState) {
        match self
            .hardware
            .readers
            .iter_mut()
            .find(|known| known.name == name)
        {
            Some(known) if known.state == state => return,
            Some(known) => known.state = state,
            None => self.hardware.readers.push(ReaderStatus {
                name: name.clone(),
                state,
            }),
        }
        match state {
            HardwareState::Ready => tracing::info!("NFC reader {name} connected."),
            HardwareState::Missing => {
                tracing::warn!("NFC reader {name} removed.");
                self.hardware.readers.retain(|known| known.name != name);
            }
            HardwareState::Failed => tracing::warn!("NFC reader {name} failed; replug it."),
        }
        self.push_hardware();
    }

    /// One advertisement. What is no presence frame comes from other devices and is ignored.
    fn heard(&mut self, now: UnixMillis, address: BandId, rssi: i16, data: Vec<u8>) {
        let Ok(frame) = Frame::parse(&data) else {
            return;
        };
        tracing::debug!("heard {address} at {rssi} dBm");
        let events = self.detector.handle_sample(now, address, rssi);
        let before = self.remember(address, frame.flags, rssi);
        if self.joined {
            let data = HexBytes(data);
            self.waiting.push(FrameReport {
                address,
                rssi,
                data,
                at: now,
            });
        }
        let flags_changed = before.is_some_and(|flags| flags != frame.flags);
        let moved = self
            .bands
            .get(&address)
            .is_some_and(|band| band.has_moved(now));
        let silent_change = events.is_empty() && (flags_changed || moved);
        self.report(events);
        if silent_change {
            let presence = self.detector.presence(address);
            self.push_presence(address, presence, presence, now);
        }
        if self.waiting.len() >= MAX_FRAMES {
            self.flush_frames();
        }
    }

    /// Notes what a frame says; the flags before, if the band was known.
    fn remember(&mut self, address: BandId, flags: Flags, rssi: i16) -> Option<Flags> {
        let rssi = f64::from(rssi);
        match self.bands.get_mut(&address) {
            None => {
                self.bands.insert(
                    address,
                    Heard {
                        flags,
                        rssi,
                        told: None,
                    },
                );
                None
            }
            Some(known) => {
                known.rssi += (rssi - known.rssi) * 0.3;
                Some(std::mem::replace(&mut known.flags, flags))
            }
        }
    }

    fn flush_frames(&mut self) {
        if !self.waiting.is_empty() {
            let frames = std::mem::take(&mut self.waiting);
            self.push(event::FRAMES, &Frames { frames });
        }
    }

    fn report(&mut self, events: Vec<TapEvent>) {
        for event in events {
            match event {
                TapEvent::Tap { band, rssi, at } => self.tap(band, rssi, at),
                TapEvent::Proximity { band, at, .. } => {
                    let presence = self.detector.presence(band);
                    self.push_presence(band, presence, presence, at);
                }
                TapEvent::Presence {
                    band,
                    before,
                    after,
                    at,
                } => {
                    self.push_presence(band, before, after, at);
                    if after == Presence::No {
                        self.bands.remove(&band);
                    }
                }
            }
        }
    }

    fn tap(&mut self, band: BandId, rssi: i16, at: UnixMillis) {
        tracing::debug!("tap of {band} at {rssi} dBm");
        if !self.joined {
            tracing::warn!("no agent: a tap of {band} was not delivered");
        }
        self.flush_frames();
        let tap = TapReport {
            address: band,
            method: TapMethod::Ble,
            rssi: Some(rssi),
            at,
        };
        self.push(event::TAP, &tap);
    }

    /// Frames go first, so that whoever hears of a band can have it verified at once.
    fn push_presence(&mut self, band: BandId, before: Presence, after: Presence, at: UnixMillis) {
        self.flush_frames();
        let Some(known) = self.bands.get_mut(&band) else {
            return;
        };
        known.told = Some((known.rssi, at));
        let known = *known;
        let heard = after == Presence::Yes;
        let report = PresenceReport {
            address: band,
            before,
            after,
            authenticated: known.flags.authenticated,
            worn: known.flags.worn,
            rssi: heard.then_some(known.rssi.round() as i16),
            proximity: self.detector.proximity(band),
            at,
        };
        self.push(event::PRESENCE, &report);
    }

    fn band_request(&mut self, now: UnixMillis, payload: Value) {
        match self.requests.begin(now, payload, self.hardware.ble_ready()) {
            Ok(request) => self.actions.push_back(Action::Ask(request)),
            Err(Some(reply)) => self.push(event::BAND_REPLY, &reply),
            Err(None) => tracing::warn!("the agent sent a band_request without a usable id"),
        }
    }

    /// Takes the agent's detection parameters for the adapter that is plugged in, all or none.
    fn configure(&mut self, payload: Value) {
        let outcome = serde_json::from_value::<Configure>(payload)
            .map_err(|error| error.to_string())
            .and_then(|configure| merged(self.detector.config(), &configure));
        match outcome {
            Ok(tap) => {
                self.taps.set(self.adapter, tap);
                self.apply_parameters();
            }
            Err(reason) => tracing::warn!("the agent's configure is ignored: {reason}"),
        }
    }
}

fn merged(present: &TapConfig, configure: &Configure) -> Result<TapConfig, String> {
    let mut values: TapConfigValues = *present.values();
    for (key, value) in &configure.tap {
        let known = values
            .set(key, &value.to_string())
            .map_err(|error| error.to_string())?;
        if !known {
            return Err(format!("{key:?} is not a key of nbe.toml"));
        }
    }
    values
        .try_into()
        .map_err(|error: nymi_core::tap::TapConfigError| error.to_string())
}
