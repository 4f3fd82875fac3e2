//! What a directory answers, in any words: names, attributes, refusals.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::UnixMillis;
use nymi_core::directory::{Attributes, BindRefusal, DistinguishedName, DomainRules, UnitName};

fuzz_target!(|text: &str| {
    let _ = BindRefusal::parse(text).status_outside();
    let _ = text.parse::<UnitName>();
    if let Ok(name) = text.parse::<DistinguishedName>() {
        let again: DistinguishedName = name.to_string().parse().expect("our own text parses");
        assert!(again == name && again.is_within(&name));
        let beneath = format!("CN=x,{name}").parse::<DistinguishedName>();
        assert!(beneath.is_ok_and(|beneath| beneath.is_within(&name) && !name.is_within(&beneath)));
    }
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    if let Ok(attributes) = Attributes::parse(lines) {
        for now in [i64::MIN, 0, 1_716_000_000_000, i64::MAX] {
            let _ = attributes.status(&DomainRules::default(), UnixMillis(now));
        }
    }
});
