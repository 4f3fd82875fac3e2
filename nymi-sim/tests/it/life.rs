//! A band's rules from outside: through text commands, and through its state file.

use serde_json::Value;

use crate::world::Scene;

fn shown(answer: &str) -> Value {
    serde_json::from_str(answer).unwrap()
}

fn refused(scene: &mut Scene, command: &str) -> String {
    scene.try_run(command).unwrap_err().to_string()
}

#[test]
fn screens_gestures_and_faults_are_there_to_be_played() {
    let mut scene = Scene::new(21);
    let (serial, _) = scene.user();
    let screen = |scene: &mut Scene| shown(&scene.run(&format!("screen {serial}")))["rows"].clone();
    assert_eq!(screen(&mut scene), serde_json::json!(["abcdef", "ghijkl"]));

    scene.run(&format!("fault {serial} 0xD001D 77"));
    assert_eq!(screen(&mut scene), serde_json::json!(["0xD001D", "77"]));
    assert!(!scene.info(&serial).authenticated && !scene.info(&serial).advertising);
    scene.run(&format!("charger {serial} on"));
    let after = shown(&scene.run(&format!("press {serial} hold-top-12")));
    assert_eq!(after[1]["rows"], serde_json::json!(["starting"]));
    assert!(scene.info(&serial).band_id.is_some());

    scene.run(&format!("updater {serial} on"));
    scene.run(&format!("press {serial} bottom"));
    assert!(scene.info(&serial).band_id.is_some(), "blocked");
    scene.run(&format!("updater {serial} off"));
    scene.run(&format!("press {serial} bottom"));
    assert_eq!(scene.info(&serial).band_id, None);
    assert!(refused(&mut scene, &format!("press {serial} twice")).contains("GESTURE"));
    assert!(refused(&mut scene, &format!("fault {serial} xyz")).contains("CODE"));
}

#[test]
fn recovery_deletes_the_user_and_a_downgrade_needs_it() {
    let mut scene = Scene::new(22);
    let (serial, id) = scene.user();
    let older = format!("firmware {serial} 4.9");
    assert!(refused(&mut scene, &older).contains("RECOVERY"));
    scene.run(&format!("charger {serial} on"));
    scene.run(&format!("press {serial} hold-charger-20"));
    assert_eq!(scene.info(&serial).band_id, None);
    let ask = nymi_core::band::BandRequest::Describe.to_bytes();
    let mac = scene.info(&serial).static_mac_address;
    let (now, world) = (scene.now, &mut scene.world);
    assert!(
        matches!(world.handle_request(mac, &ask, now), Some(Err(_))),
        "no firmware to answer"
    );
    assert!(matches!(
        world.handle_request(id, &ask, now),
        Some(Err(3020))
    ));
    scene.run(&older);
    let reply = scene.world.handle_request(mac, &ask, scene.now);
    let reply = nymi_core::band::BandReply::from_bytes(&reply.unwrap().unwrap()).unwrap();
    match reply {
        nymi_core::band::BandReply::Description(description) => {
            assert_eq!(description.firmware_version, "4.9");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn credentials_clear_a_lockout_if_the_policy_was_there_at_enrollment() {
    let mut scene = Scene::new(23);
    let enterprise = crate::pki::enterprise();
    let serial = scene.run("add");
    let enroll = |scene: &mut Scene| {
        let mac = scene.info(&serial).static_mac_address;
        let (world, now) = (&mut scene.world, scene.now);
        let mut ask = |request: &nymi_core::band::BandRequest| {
            let reply = world.handle_request(mac, &request.to_bytes(), now);
            nymi_core::band::BandReply::from_bytes(&reply.unwrap().unwrap()).unwrap()
        };
        crate::terminal::enroll(&mut ask, &enterprise);
    };
    enroll(&mut scene);
    scene.run(&format!("wear {serial}"));
    scene.run(&format!("policy {serial} credentials on"));
    let late = refused(&mut scene, &format!("credentials {serial}"));
    assert!(late.contains("made at enrollment"), "{late}");
    assert!(refused(&mut scene, &format!("fail {serial} 50")).contains("See Admin"));
    scene.run(&format!("delete {serial}"));
    assert!(scene.info(&serial).locked_out);
    enroll(&mut scene);
    assert!(!scene.info(&serial).locked_out);
    let _ = scene.try_run(&format!("fail {serial} 50"));
    assert!(scene.info(&serial).locked_out);
    scene.run(&format!("credentials {serial}"));
    assert!(scene.info(&serial).authenticated && !scene.info(&serial).locked_out);
}

#[test]
fn haptics_off_keeps_the_motor_still() {
    let mut scene = Scene::new(24);
    let (serial, _) = scene.user();
    let vibrations = |scene: &Scene| {
        let band = scene.world.band(&serial.parse().unwrap()).unwrap();
        band.vibrations()
    };
    let before = vibrations(&scene);
    scene.run(&format!("fail {serial}"));
    assert_eq!(vibrations(&scene), before + 1);
    scene.run(&format!("policy {serial} haptics off"));
    scene.run(&format!("fail {serial}"));
    assert_eq!(vibrations(&scene), before + 1);
}

#[test]
fn work_drains_the_battery_and_its_frames_say_so() {
    let mut scene = Scene::new(25);
    let (serial, _) = scene.user();
    let low = |scene: &mut Scene| {
        let heard = scene.pass(1000);
        let data = heard.into_iter().find_map(|(_, event)| match event {
            nymi_sim::stream::Downlink::Heard { data, .. } => Some(data),
            _ => None,
        });
        data.map(|data| u8::from_str_radix(&data[..2], 16).unwrap() & 8 != 0)
    };
    assert_eq!(low(&mut scene), Some(false));
    scene.run(&format!("work {serial} 820"));
    assert_eq!(low(&mut scene), Some(true));
    scene.run(&format!("work {serial} 75"));
    let screen = shown(&scene.run(&format!("screen {serial}")));
    assert_eq!(screen["rows"][0], "0x6000D");
    scene.run(&format!("charger {serial} on"));
    scene.run(&format!("charge {serial} 120"));
    scene.run(&format!("wear {serial}"));
    scene.run(&format!("auth {serial}"));
    assert!(scene.info(&serial).authenticated);
}

#[test]
fn a_full_memory_says_so_and_captures_lock() {
    let mut scene = Scene::new(26);
    let (serial, _) = scene.user();
    for _ in 0..nymi_core::band::REGISTRATIONS {
        scene.run(&format!("register {serial}"));
    }
    let full = refused(&mut scene, &format!("register {serial}"));
    assert!(full.ends_with("Insufficient memory on the Nymi Band to support the registration"));
    assert!(scene.info(&serial).authenticated);
    let none = refused(&mut scene, &format!("capture {serial} bad"));
    assert!(none.contains("no enrollment"), "{none}");
}

#[test]
fn a_state_file_from_before_conditions_is_read() {
    use nymi_sim::FirmwareGrade;
    use nymi_sim::world::{SavedWorld, Seeds, World};

    let mut scene = Scene::new(27);
    let (serial, id) = scene.user();
    let saved = serde_json::to_value(scene.world.to_saved()).unwrap();
    let mut former = saved.clone();
    let band = &mut former["bands"][0]["band"];
    let fields = band.as_object_mut().unwrap();
    fields.remove("condition");
    fields.remove("policy");
    for (name, value) in [("worn", true), ("authenticated", true), ("battery", true)] {
        fields.insert(name.to_owned(), value.into());
    }
    fields.insert("failures".to_owned(), 3.into());
    fields["enrollment"]["label"] = "abcdefghijkl".into();
    let read = |value: &Value| {
        let saved: SavedWorld = serde_json::from_value(value.clone()).unwrap();
        let seeds = Seeds {
            air: [1; 32],
            secrets: [1; 32],
        };
        World::restore(seeds, FirmwareGrade::Bronze, saved, scene.now)
    };
    let mut world = read(&former).unwrap();
    let info = world.bands(scene.now).remove(0);
    assert_eq!((info.band_id, info.authenticated), (Some(id), true));
    let band = world.band(&serial.parse().unwrap()).unwrap();
    assert_eq!(band.state().condition().mismatches, 3);
    assert_eq!(band.label_rows(), Some(["abcdef".into(), "ghijkl".into()]));
    let again = serde_json::to_value(read(&saved).unwrap().to_saved()).unwrap();
    assert_eq!(again, saved);

    let mut torn = saved;
    torn["bands"][0]["band"]["enrollment"] = Value::Null;
    assert!(read(&torn).err().unwrap().to_string().contains("condition"));
}
