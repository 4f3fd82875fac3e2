//! The engine in virtual time.

use nymi_core::message::channel::HardwareState;
use nymi_core::presence::{AdvKey, Flags, Frame, PacKey, Tail};
use nymi_core::tap::{AdapterKind, TapConfig, TapConfigValues, TapConfigs};
use nymi_core::{BandId, UnixMillis};
use nymi_nbe::adapter::AdapterEvent;
use nymi_nbe::engine::{Action, Engine};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const BAND: BandId = BandId::new([0xc0, 1, 2, 3, 4, 5]);
pub(crate) const NOW: UnixMillis = UnixMillis(1_778_630_400_000);

pub(crate) fn frame(authenticated: bool) -> Vec<u8> {
    let key = PacKey::new(&AdvKey::new([1; 16]), BAND);
    let flags = Flags {
        authenticated,
        worn: true,
        ..Flags::default()
    };
    Frame::signed(&key, flags, 1, Tail::TSet(0), 0).to_bytes()
}

pub(crate) fn heard(rssi: i16) -> AdapterEvent {
    AdapterEvent::Heard {
        address: BAND,
        rssi,
        data: frame(true),
    }
}

pub(crate) fn plugged(present: bool) -> AdapterEvent {
    let state = if present {
        HardwareState::Ready
    } else {
        HardwareState::Missing
    };
    AdapterEvent::Adapter {
        id: "virtual".into(),
        kind: AdapterKind::Virtual,
        state,
        detail: None,
    }
}

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) now: UnixMillis,
}

impl Bench {
    /// With an adapter, joined.
    pub(crate) fn joined() -> Self {
        let mut bench = Self {
            engine: Engine::new(TapConfigs::default()),
            now: NOW,
        };
        bench.engine.handle_adapter(NOW, plugged(true));
        bench.engine.handle_joined(NOW);
        bench.pushed();
        bench
    }

    /// The same, with the band heard and told of.
    fn known() -> Self {
        let mut bench = Self::joined();
        bench.adapter(heard(-60));
        bench.pushed();
        bench
    }

    pub(crate) fn adapter(&mut self, event: AdapterEvent) {
        self.engine.handle_adapter(self.now, event);
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn pass(&mut self, ms: i64) {
        let end = self.now.saturating_add(ms);
        while let Some(at) = self.engine.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.engine.handle_timeout(self.now);
        }
        self.now = end;
    }

    /// Hears a band ten times a second.
    pub(crate) fn listen(&mut self, rssi: i16, times: usize) {
        for _ in 0..times {
            self.adapter(heard(rssi));
            self.pass(100);
        }
    }

    pub(crate) fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.engine.poll_action()).collect()
    }

    pub(crate) fn pushed(&mut self) -> Vec<(&'static str, Value)> {
        let push = |action| match action {
            Action::Push { event, payload } => Some((event, payload)),
            Action::Ask(_) => None,
        };
        self.actions().into_iter().filter_map(push).collect()
    }

    pub(crate) fn pushed_as(&mut self, wanted: &str) -> Vec<Value> {
        self.pushed()
            .into_iter()
            .filter(|(event, _)| *event == wanted)
            .map(|(_, p)| p)
            .collect()
    }
}

#[test]
fn frames_wait_for_company_but_not_for_long() {
    let mut bench = Bench::known();
    bench.adapter(heard(-60));
    bench.pass(79);
    assert!(bench.pushed_as("frames").is_empty());
    bench.adapter(heard(-61));
    bench.pass(1);
    let frames = bench.pushed_as("frames");
    assert_eq!(frames.len(), 1);
    assert_eq!(
        frames[0]["frames"][0],
        json!({"address": BAND, "rssi": -60, "data": hex::encode(frame(true)), "at": NOW})
    );
    assert_eq!(frames[0]["frames"].as_array().unwrap().len(), 2);
}

#[test]
fn a_batch_has_at_most_64_frames() {
    let mut bench = Bench::known();
    // Until proximity is first judged, which sends what waits.
    for _ in 0..60 {
        bench.adapter(heard(-60));
    }
    bench.pass(100);
    bench.pushed();
    for _ in 0..130 {
        bench.adapter(heard(-60));
    }
    let sizes: Vec<_> = bench
        .pushed_as("frames")
        .iter()
        .map(|batch| batch["frames"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [64, 64]);
}

#[test]
fn a_clock_that_steps_back_does_not_hold_frames() {
    let mut bench = Bench::joined();
    bench.adapter(heard(-60));
    bench.engine.handle_timeout(NOW.saturating_add(-3_600_000));
    assert_eq!(bench.pushed_as("frames").len(), 1);
}

#[test]
fn a_tap_comes_after_its_frames() {
    let mut bench = Bench::joined();
    bench.listen(-60, 20);
    bench.pushed();
    for _ in 0..10 {
        bench.adapter(heard(-30));
        bench.now = bench.now.saturating_add(5);
    }
    let events: Vec<_> = bench.pushed().into_iter().map(|(event, _)| event).collect();
    let tap = events
        .iter()
        .position(|event| *event == "tap")
        .expect("a tap");
    assert!(events[..tap].contains(&"frames"), "{events:?}");
}

#[test]
fn a_tap_of_another_moment_is_not_delivered() {
    let mut bench = Bench::joined();
    bench.engine.handle_lost();
    bench.listen(-30, 20);
    assert_eq!(bench.actions(), []);
    bench.engine.handle_joined(bench.now);
    let events: Vec<_> = bench.pushed().into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, ["status", "presence"]);
}

#[test]
fn presence_follows_silence_and_the_band_is_forgotten() {
    let mut bench = Bench::joined();
    bench.adapter(heard(-60));
    bench.pass(70_000);
    let states: Vec<_> = bench
        .pushed_as("presence")
        .into_iter()
        .map(|p| (p["before"].clone(), p["after"].clone(), p["at"].clone()))
        .collect();
    let at = |ms| json!(NOW.saturating_add(ms));
    let expected = [
        (json!("no"), json!("yes"), at(0)),
        (json!("yes"), json!("likely"), at(5000)),
        (json!("likely"), json!("unlikely"), at(15_000)),
        (json!("unlikely"), json!("no"), at(60_000)),
    ];
    assert_eq!(states, expected);
    assert_eq!(bench.engine.next_deadline(), None);
    bench.engine.handle_joined(bench.now);
    assert!(bench.pushed_as("presence").is_empty());
}

#[test]
fn what_a_frame_says_of_the_wearer_is_passed_on_at_once() {
    let mut bench = Bench::joined();
    bench.listen(-60, 3);
    bench.pushed();
    bench.adapter(AdapterEvent::Heard {
        address: BAND,
        rssi: -60,
        data: frame(false),
    });
    let presence = bench.pushed_as("presence");
    assert_eq!(presence.len(), 1);
    assert_eq!(presence[0]["authenticated"], false);
    assert_eq!(
        (&presence[0]["before"], &presence[0]["after"]),
        (&json!("yes"), &json!("yes"))
    );
    assert_eq!(presence[0]["rssi"], -60);
}

#[test]
fn a_signal_that_moves_is_told_but_not_all_the_time() {
    let mut bench = Bench::joined();
    bench.listen(-60, 20);
    bench.pushed();
    bench.listen(-61, 20);
    assert!(bench.pushed_as("presence").is_empty(), "noise is no news");
    for step in 0..20 {
        bench.listen(-61 - step, 1);
    }
    let signals: Vec<_> = bench
        .pushed_as("presence")
        .iter()
        .map(|p| p["rssi"].as_i64().unwrap())
        .collect();
    assert!(
        (2..=4).contains(&signals.len()),
        "2 s, every 500 ms: {signals:?}"
    );
    assert!(signals.is_sorted_by(|a, b| a - b >= 3), "{signals:?}");
}

#[test]
fn proximity_is_in_the_presence() {
    let mut bench = Bench::joined();
    bench.listen(-60, 60);
    assert_eq!(
        bench.pushed_as("presence").last().unwrap()["proximity"],
        "close"
    );
    bench.listen(-90, 60);
    assert_eq!(
        bench.pushed_as("presence").last().unwrap()["proximity"],
        "far"
    );
}

#[test]
fn other_devices_are_ignored() {
    let mut bench = Bench::joined();
    for data in [vec![], vec![0x13; 13], vec![0x23; 14], vec![0xff; 27]] {
        bench.adapter(AdapterEvent::Heard {
            address: BAND,
            rssi: -20,
            data,
        });
    }
    bench.pass(1000);
    assert_eq!(bench.actions(), []);
}

#[test]
fn hardware_is_reported_when_it_changes() {
    let mut bench = Bench::joined();
    let reader = |state| AdapterEvent::Reader {
        name: "Desk".into(),
        state,
    };
    bench.adapter(plugged(true));
    assert_eq!(bench.actions(), [], "nothing changed");
    bench.adapter(reader(HardwareState::Ready));
    bench.adapter(reader(HardwareState::Failed));
    bench.adapter(reader(HardwareState::Missing));
    let readers: Vec<_> = bench
        .pushed_as("status")
        .into_iter()
        .map(|status| status["readers"].clone())
        .collect();
    let desk = |state| json!([{"name": "Desk", "state": state}]);
    assert_eq!(readers, [desk("ready"), desk("failed"), json!([])]);
}

fn plugged_in(kind: AdapterKind) -> AdapterEvent {
    AdapterEvent::Adapter {
        id: "virtual".into(),
        kind,
        state: HardwareState::Ready,
        detail: None,
    }
}

/// Whether a band held at this strength taps.
fn taps_at(bench: &mut Bench, rssi: i16) -> bool {
    bench.pass(70_000);
    bench.pushed();
    bench.listen(rssi, 20);
    !bench.pushed_as("tap").is_empty()
}

#[test]
fn the_parameters_of_the_attached_adapter_apply() {
    let with = |threshold| {
        TapConfig::try_from(TapConfigValues {
            rssi_tap_threshold: threshold,
            ..TapConfigValues::default()
        })
        .unwrap()
    };
    let mut taps = TapConfigs::default();
    taps.set(AdapterKind::Bluegiga, with(-50));
    taps.set(AdapterKind::Bleuio, with(-60));
    let mut bench = Bench::joined();
    bench.engine.reconfigure(taps);
    assert!(!taps_at(&mut bench, -45), "the virtual adapter's -42");
    bench.adapter(plugged_in(AdapterKind::Bluegiga));
    assert!(taps_at(&mut bench, -45) && !taps_at(&mut bench, -55));
    bench.adapter(plugged_in(AdapterKind::Bleuio));
    assert!(taps_at(&mut bench, -55) && !taps_at(&mut bench, -65));
    // What the agent says is about the adapter that is there, and stays with it.
    bench.engine.handle_message(
        NOW,
        "configure",
        json!({"tap": {"rssi_tap_threshold": -70}}),
    );
    assert!(taps_at(&mut bench, -65));
    bench.adapter(plugged_in(AdapterKind::Virtual));
    assert!(!taps_at(&mut bench, -45));
    bench.adapter(plugged_in(AdapterKind::Bleuio));
    assert!(taps_at(&mut bench, -65));
}

#[test]
fn the_parameters_in_force_are_in_the_log() {
    let log = crate::log::Log::start("info");
    let mut bench = Bench::joined();
    log.assert_contains(
        "[dongle.virtual] rssi_window_tap = 10, rssi_window_long = 50, rssi_tap_threshold = -42, \
         rssi_cutoff_close = -70, rssi_cutoff_far = -83, tap_hysteresis = 6",
    );
    let text = "[dongle.bleuio]\nrssi_tap_threshold = -60\n";
    let settings = nymi_nbe::settings::Settings::parse(text, "nbe.toml", |_| None).unwrap();
    bench.engine.reconfigure(*settings.taps());
    bench.adapter(plugged_in(AdapterKind::Bleuio));
    log.assert_contains(
        "[dongle.bleuio] rssi_window_tap = 10, rssi_window_long = 50, rssi_tap_threshold = -60",
    );
}

#[test]
fn the_agent_configures_all_or_nothing() {
    let mut bench = Bench::joined();
    let configure = |bench: &mut Bench, tap: Value| {
        bench
            .engine
            .handle_message(NOW, "configure", json!({"tap": tap}));
        bench.listen(-60, 20);
        let tapped = !bench.pushed_as("tap").is_empty();
        bench.pass(70_000);
        bench.pushed();
        tapped
    };
    assert!(!configure(&mut bench, json!({})));
    assert!(!configure(
        &mut bench,
        json!({"rssi_tap_threshold": -65, "rssi_window_tap": 0})
    ));
    assert!(!configure(
        &mut bench,
        json!({"rssi_tap_threshold": -65, "colour": 1})
    ));
    assert!(!configure(&mut bench, json!([])));
    assert!(configure(&mut bench, json!({"rssi_tap_threshold": -65})));
    assert!(!configure(&mut bench, json!({"rssi_tap_threshold": 0})));
}

#[derive(Clone, Debug)]
enum Step {
    Adapter(AdapterEvent),
    Joined,
    Lost,
    Message(&'static str, Value),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let address = (0u8..5).prop_map(|last| BandId::new([0xc0, 0, 0, 0, 0, last]));
    let data = prop_oneof![
        Just(frame(true)),
        Just(frame(false)),
        vec(any::<u8>(), 0..20)
    ];
    let state = prop_oneof![
        Just(HardwareState::Ready),
        Just(HardwareState::Missing),
        Just(HardwareState::Failed)
    ];
    let reader = state.prop_map(|state| AdapterEvent::Reader {
        name: "r".into(),
        state,
    });
    let request = prop_oneof![
        Just(
            json!({"id": "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "address": BAND, "data": "00", "last": false})
        ),
        Just(json!({"id": "nothing"})),
        Just(json!([1])),
    ];
    let text = prop_oneof![Just("band_request"), Just("configure"), Just("dance")];
    prop_oneof![
        8 => (address, any::<i16>(), data)
            .prop_map(|(address, rssi, data)| Step::Adapter(AdapterEvent::Heard { address, rssi, data })),
        1 => any::<bool>().prop_map(|present| Step::Adapter(plugged(present))),
        1 => reader.prop_map(Step::Adapter),
        1 => Just(Step::Joined),
        1 => Just(Step::Lost),
        1 => (text, request).prop_map(|(event, payload)| Step::Message(event, payload)),
        3 => (-2000i64..20_000).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn anything_in_any_order_keeps_the_bounds(steps in vec(step(), 0..200)) {
        let mut bench = Bench { engine: Engine::new(TapConfigs::default()), now: NOW };
        let mut joined = false;
        for step in steps {
            match step {
                Step::Adapter(event) => bench.adapter(event),
                Step::Joined => { joined = true; bench.engine.handle_joined(bench.now) }
                Step::Lost => { joined = false; bench.engine.handle_lost() }
                Step::Message(event, payload) => bench.engine.handle_message(bench.now, event, payload),
                Step::Pass(ms) => {
                    bench.now = bench.now.saturating_add(ms);
                    bench.engine.handle_timeout(bench.now);
                    // Whatever was due is done: no deadline is left in the past.
                    prop_assert!(bench.engine.next_deadline().is_none_or(|at| at > bench.now));
                }
            }
            for action in bench.actions() {
                if let Action::Push { event, payload } = action {
                    prop_assert!(joined, "{event} without an agent");
                    if event == "frames" {
                        let batch = payload["frames"].as_array().unwrap().len();
                        prop_assert!((1..=64).contains(&batch));
                    }
                }
            }
        }
    }
}
