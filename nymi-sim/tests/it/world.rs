//! The place in virtual time.

use nymi_core::band::{BandReply, BandRequest};
use nymi_core::tap::AdapterKind;
use nymi_core::tap::{Detector, Proximity, TapConfig, TapEvent};
use nymi_core::{BandId, UnixMillis};
use nymi_sim::FirmwareGrade;
use nymi_sim::stream::Downlink;
use nymi_sim::world::{CommandError, MAX_BANDS, Seeds, World};

use crate::pki::enterprise;
use crate::terminal::{NOW, enroll};

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) now: UnixMillis,
}

impl Scene {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            world: World::new(
                Seeds {
                    air: [seed; 32],
                    secrets: [seed; 32],
                },
                FirmwareGrade::Bronze,
            ),
            now: NOW,
        }
    }

    pub(crate) fn run(&mut self, command: &str) -> String {
        self.try_run(command)
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    pub(crate) fn try_run(&mut self, command: &str) -> Result<String, CommandError> {
        self.world.execute(command, self.now)
    }

    /// A new band, enrolled, worn and authenticated.
    pub(crate) fn user(&mut self) -> (String, BandId) {
        let serial = self.run("add");
        let mac = self.info(&serial).static_mac_address;
        let (world, now) = (&mut self.world, self.now);
        let mut ask = |request: &BandRequest| {
            let reply = world
                .handle_request(mac, &request.to_bytes(), now)
                .unwrap()
                .unwrap();
            BandReply::from_bytes(&reply).unwrap()
        };
        let id = enroll(&mut ask, &enterprise()).id;
        self.run(&format!("wear {serial}"));
        self.run(&format!("auth {serial}"));
        (serial, id)
    }

    pub(crate) fn info(&mut self, serial: &str) -> nymi_sim::BandInfo {
        let found = self
            .world
            .bands(self.now)
            .into_iter()
            .find(|b| b.serial_number == serial);
        found.unwrap()
    }

    /// Lets time pass, deadline by deadline, and gives what was heard, with its time.
    pub(crate) fn pass(&mut self, ms: i64) -> Vec<(UnixMillis, Downlink)> {
        let end = self.now.saturating_add(ms);
        let mut heard = Vec::new();
        loop {
            while let Some(event) = self.world.poll_event() {
                heard.push((self.now, event));
            }
            match self.world.next_deadline().filter(|at| *at <= end) {
                Some(at) => self.now = self.now.max(at),
                None => break,
            }
            self.world.handle_timeout(self.now);
        }
        self.now = end;
        heard
    }

    /// What a detector with default thresholds concludes meanwhile.
    pub(crate) fn detect(&mut self, detector: &mut Detector, ms: i64) -> Vec<TapEvent> {
        let mut events = Vec::new();
        for (at, event) in self.pass(ms) {
            if let Downlink::Heard { address, rssi, .. } = event {
                events.extend(detector.handle_sample(at, address, rssi));
            }
        }
        events
    }
}

fn taps(events: &[TapEvent]) -> Vec<UnixMillis> {
    let tap = |event: &TapEvent| match event {
        TapEvent::Tap { at, .. } => Some(*at),
        _ => None,
    };
    events.iter().filter_map(tap).collect()
}

#[test]
fn a_band_in_use_is_heard_ten_times_a_second() {
    let mut scene = Scene::new(1);
    let (_, id) = scene.user();
    let heard = scene.pass(60_000);
    assert!(
        (570..=601).contains(&heard.len()),
        "a few are lost: {}",
        heard.len()
    );
    assert!(heard.iter().all(|(_, event)| matches!(
        event, Downlink::Heard { address, .. } if *address == id)));
}

#[test]
fn the_same_seed_gives_the_same_air_and_another_seed_another() {
    let air = |seed| {
        let mut scene = Scene::new(seed);
        scene.user();
        scene.user();
        let strengths: Vec<_> = scene
            .pass(5000)
            .into_iter()
            .map(|(at, event)| match event {
                Downlink::Heard { rssi, address, .. } => (at, address, rssi),
                other => panic!("{other:?}"),
            })
            .collect();
        strengths
    };
    assert_eq!(air(1), air(1));
    assert_ne!(air(1), air(2));
}

#[test]
fn what_happens_to_one_band_does_not_change_another() {
    let air = |disturb: bool| {
        let mut scene = Scene::new(1);
        let (_, id) = scene.user();
        let (other, _) = scene.user();
        if disturb {
            scene.run(&format!("remove {other}"));
        }
        let mine = |(at, event): (UnixMillis, Downlink)| match event {
            Downlink::Heard { address, rssi, .. } if address == id => Some((at, rssi)),
            _ => None,
        };
        scene
            .pass(5000)
            .into_iter()
            .filter_map(mine)
            .collect::<Vec<_>>()
    };
    assert_eq!(air(false), air(true));
}

#[test]
fn a_tap_is_one_tap_within_a_second() {
    for seed in 0..50 {
        let mut scene = Scene::new(seed);
        let (serial, _) = scene.user();
        let mut detector = Detector::new(TapConfig::default());
        assert_eq!(
            taps(&scene.detect(&mut detector, 20_000)),
            [],
            "resting at two metres"
        );
        let begun = scene.now;
        scene.run(&format!("tap {serial} ble"));
        let tapped = taps(&scene.detect(&mut detector, 10_000));
        assert_eq!(tapped.len(), 1, "seed {seed}");
        assert!(
            tapped[0].since(begun) <= 1000,
            "seed {seed}: {} ms",
            tapped[0].since(begun)
        );
    }
}

#[test]
fn taps_in_a_row_are_each_a_tap() {
    let mut scene = Scene::new(3);
    let (serial, _) = scene.user();
    let mut detector = Detector::new(TapConfig::default());
    scene.detect(&mut detector, 5000);
    for _ in 0..3 {
        scene.run(&format!("tap {serial} ble"));
    }
    assert_eq!(taps(&scene.detect(&mut detector, 20_000)).len(), 3);
}

#[test]
fn resting_at_the_adapter_is_one_tap() {
    let mut scene = Scene::new(4);
    let (serial, _) = scene.user();
    let mut detector = Detector::new(TapConfig::default());
    scene.run(&format!("move {serial} 0.05"));
    assert_eq!(taps(&scene.detect(&mut detector, 600_000)).len(), 1);
}

#[test]
fn walking_away_and_back_is_far_and_close_once() {
    let mut scene = Scene::new(5);
    let (serial, id) = scene.user();
    let mut detector = Detector::new(TapConfig::default());
    scene.detect(&mut detector, 10_000);
    assert_eq!(detector.proximity(id), Some(Proximity::Close));
    let mut changes = Vec::new();
    for metres in [30, 2] {
        scene.run(&format!("walk {serial} {metres} 20000"));
        for event in scene.detect(&mut detector, 40_000) {
            if let TapEvent::Proximity { after, .. } = event {
                changes.push(after);
            }
        }
    }
    assert_eq!(changes, [Proximity::Far, Proximity::Close]);
}

#[test]
fn out_of_range_nothing_is_heard_and_nobody_answers() {
    let mut scene = Scene::new(6);
    let (serial, id) = scene.user();
    scene.run(&format!("move {serial} 500"));
    assert_eq!(scene.pass(5000), []);
    let ask = BandRequest::Describe.to_bytes();
    assert_eq!(
        scene.world.handle_request(id, &ask, scene.now),
        Some(Err(3020))
    );
    scene.run(&format!("move {serial} 2"));
    assert!(matches!(
        scene.world.handle_request(id, &ask, scene.now),
        Some(Ok(_))
    ));
}

#[test]
fn an_adapter_of_another_kind_takes_the_place_of_the_first() {
    let mut scene = Scene::new(7);
    let changes = |scene: &mut Scene| -> Vec<(AdapterKind, bool)> {
        let seen = scene.pass(100).into_iter();
        seen.filter_map(|(_, event)| match event {
            Downlink::Adapter { kind, present, .. } => Some((kind, present)),
            _ => None,
        })
        .collect()
    };
    scene.run("adapter bleuio");
    let swapped = [(AdapterKind::Virtual, false), (AdapterKind::Bleuio, true)];
    assert_eq!(changes(&mut scene), swapped);
    for (command, expected) in [
        ("adapter bleuio", vec![]),
        ("adapter off", vec![(AdapterKind::Bleuio, false)]),
        ("adapter bluegiga", vec![(AdapterKind::Bluegiga, true)]),
        ("adapter on", vec![]),
    ] {
        scene.run(command);
        assert_eq!(changes(&mut scene), expected, "{command}");
    }
    let now = scene.now;
    assert!(scene.world.execute("adapter zigbee", now).is_err());
}

#[test]
fn an_unplugged_adapter_hears_nothing_and_says_so() {
    let mut scene = Scene::new(7);
    let (_, id) = scene.user();
    scene.pass(100);
    scene.run("adapter off");
    let gone = Downlink::Adapter {
        id: "virtual".into(),
        kind: AdapterKind::Virtual,
        present: false,
    };
    assert_eq!(scene.pass(5000), [(NOW.saturating_add(100), gone)]);
    let ask = BandRequest::Describe.to_bytes();
    assert_eq!(
        scene.world.handle_request(id, &ask, scene.now),
        Some(Err(5101))
    );
    scene.run("adapter on");
    let back = scene.pass(2000);
    assert!(matches!(back[0].1, Downlink::Adapter { present: true, .. }));
    assert!(
        back.len() > 10,
        "heard again, without the frames missed: {}",
        back.len()
    );
    assert!(back.len() < 25, "{}", back.len());
}

#[test]
fn three_readers_one_tap_each() {
    let mut scene = Scene::new(8);
    let (serial, _) = scene.user();
    let uid = scene.info(&serial).nfc_uid.unwrap();
    scene.pass(0);
    for name in ["Omnikey 5x25", "Desk Reader"] {
        scene.run(&format!("reader on {name}"));
    }
    for name in ["Virtual Reader 0", "Omnikey 5x25", "Desk Reader"] {
        scene.run(&format!("tap {serial} nfc {name}"));
    }
    let heard = scene.pass(0);
    let tapped: Vec<_> = heard
        .iter()
        .filter_map(|(_, event)| match event {
            Downlink::Nfc { uid, reader } => Some((uid.as_str(), reader.as_str())),
            _ => None,
        })
        .collect();
    let expected =
        ["Virtual Reader 0", "Omnikey 5x25", "Desk Reader"].map(|reader| (uid.as_str(), reader));
    assert_eq!(tapped, expected);
    scene.run("reader off Desk Reader");
    assert!(matches!(
        scene.try_run(&format!("tap {serial} nfc Desk Reader")),
        Err(CommandError::NoReader(_))
    ));
}

#[test]
fn commands_take_a_serial_number_or_a_band_id() {
    let mut scene = Scene::new(9);
    let (serial, id) = scene.user();
    scene.run(&format!("remove {id}"));
    assert!(!scene.info(&serial).worn);
    scene.run(&format!("wear {}", serial.to_lowercase()));
    assert!(scene.info(&serial).worn);
    let mac = scene.info(&serial).static_mac_address;
    scene.run(&format!("remove {mac}"));
    assert!(!scene.info(&serial).worn);
}

#[test]
fn refusals_say_what_to_do() {
    let mut scene = Scene::new(10);
    let serial = scene.run("add GEXX-1234");
    assert_eq!(serial, "GEXX-1234");
    for (command, expected) in [
        ("", "no command \"\"; `help` lists all"),
        ("dance", "no command \"dance\"; `help` lists all"),
        ("wear", "usage: wear BAND"),
        (
            "wear ACAK-00009",
            "no band \"ACAK-00009\"; `list` shows serial numbers and NymiBandIDs",
        ),
        ("wear GEXX-1234 now", "usage: wear BAND"),
        (
            "move GEXX-1234 -1",
            "METRES cannot be \"-1\"; usage: move BAND METRES",
        ),
        (
            "move GEXX-1234 NaN",
            "METRES cannot be \"NaN\"; usage: move BAND METRES",
        ),
        (
            "battery GEXX-1234 maybe",
            "battery cannot be \"maybe\"; usage: battery BAND off|on",
        ),
        (
            "auth GEXX-1234",
            "GEXX-1234: it is not worn: put it on with `wear BAND`",
        ),
        ("add GEXX-1234", "there is a band GEXX-1234 already"),
        ("add me", "SERIAL cannot be \"me\"; usage: add [SERIAL]"),
        (
            "radio",
            "`radio` works on a connection to the control port only",
        ),
    ] {
        assert_eq!(
            scene.try_run(command).unwrap_err().to_string(),
            expected,
            "{command}"
        );
    }
}

#[test]
fn help_names_every_command_and_every_command_is_known() {
    let mut scene = Scene::new(11);
    let help = scene.run("help");
    for (usage, _) in nymi_sim::world::COMMANDS {
        assert!(help.contains(usage), "{usage}");
        let name = usage.split(' ').next().unwrap();
        let unknown = matches!(scene.try_run(name), Err(CommandError::Unknown(_)));
        assert!(!unknown, "{name}");
    }
    assert!(!help.contains('\n'), "an answer is one line");
}

#[test]
fn bands_are_bounded() {
    let mut scene = Scene::new(12);
    for _ in 0..MAX_BANDS {
        scene.run("add");
    }
    assert!(matches!(
        scene.try_run("add"),
        Err(CommandError::TooMany { .. })
    ));
}

#[test]
fn fifty_wrong_fingers_lock_out() {
    let mut scene = Scene::new(13);
    let (serial, _) = scene.user();
    assert_eq!(
        scene.run(&format!("fail {serial} 3")),
        format!("{serial} NO MATCH")
    );
    assert_eq!(
        scene.run(&format!("fail {serial} 46")),
        format!("{serial} CENTER FINGER")
    );
    let refused = scene
        .try_run(&format!("fail {serial}"))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("See Admin"), "{refused}");
    assert!(scene.info(&serial).locked_out);
}

#[test]
fn a_machine_that_slept_does_not_catch_up() {
    let mut scene = Scene::new(14);
    scene.user();
    scene.pass(1000);
    scene.now = scene.now.saturating_add(8 * 3_600_000);
    scene.world.handle_timeout(scene.now);
    assert!(scene.pass(0).len() <= 1);
    scene.now = scene.now.saturating_add(-3_600_000);
    scene.world.handle_timeout(scene.now);
    assert!(
        scene.pass(1000).len() >= 8,
        "a clock that stepped back does not silence bands"
    );
}
