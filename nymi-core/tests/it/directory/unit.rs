//! Organizational units and distinguished names.

use nymi_core::directory::*;
use nymi_core::message::Status;
use proptest::prelude::*;

fn dn(text: &str) -> DistinguishedName {
    text.parse().unwrap()
}

const UNITS: [&str; 4] = [
    "OU=Terminals,DC=corp,DC=example",
    "OU=Line 1,OU=Terminals,DC=corp,DC=example",
    "OU=Line 1,OU=Terminals,DC=plant,DC=example",
    "CN=Computers,DC=corp,DC=example",
];

fn resolve(name: &str) -> Result<DistinguishedName, UnitError> {
    let units: Vec<_> = UNITS.iter().map(|unit| dn(unit)).collect();
    name.parse::<UnitName>().unwrap().resolve(&units)
}

#[test]
fn one_unit_of_that_name_is_meant() {
    assert_eq!(resolve("terminals"), Ok(dn(UNITS[0])));
    assert_eq!(
        resolve(" ou = LINE 1, OU=Terminals, dc=Plant, dc=example "),
        Ok(dn(UNITS[2]))
    );
}

#[test]
fn none_and_several_have_the_guides_messages() {
    for name in [
        "Office",
        "Terminal",
        "Computers",
        "OU=Line 2,DC=corp,DC=example",
    ] {
        let error = resolve(name).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Error: {name} is not found on any of the domains")
        );
    }
    let error = resolve("Line 1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Error: Line 1 Multiple instances of the same OU name appear in the directory. Type the full DN of \
         the OU instead.\n\
         OU=Line 1,OU=Terminals,DC=corp,DC=example\n\
         OU=Line 1,OU=Terminals,DC=plant,DC=example"
    );
    // The same unit, found through two domains, is one.
    let twice = [dn(UNITS[0]), dn("ou=terminals,dc=CORP,dc=example")];
    assert!(
        "Terminals"
            .parse::<UnitName>()
            .unwrap()
            .resolve(&twice)
            .is_ok()
    );
}

#[test]
fn names_that_are_none_are_refused() {
    for (text, rule) in [
        ("", "a unit has a name"),
        ("  ", "a unit has a name"),
        ("OU=", "a value is not empty"),
        ("=x", "a type has letters"),
        ("OU=a,", "each part is a type"),
        ("OU=a,,DC=b", "each part is a type"),
        ("O_U=a", "a type has letters"),
        ("OU=a\\", "a backslash escapes something"),
        ("OU=a\\4", "an escape in hex has two digits"),
        ("OU=a\\ff", "escapes in hex are UTF-8"),
        ("OU=\"a\"", "quotes, < and > are escaped"),
        ("OU=a\0", "quotes, < and > are escaped"),
    ] {
        let error = text.parse::<UnitName>().unwrap_err();
        assert!(error.rule.contains(rule), "{text}: {error}");
    }
    assert!(
        format!("OU={}", "x".repeat(2048))
            .parse::<UnitName>()
            .is_err()
    );
}

#[test]
fn a_terminal_is_in_a_unit_or_beneath_it_and_nowhere_else() {
    let allowed = AllowedUnits(vec![dn("OU=Terminals,DC=corp,DC=example")]);
    for (terminal, expected) in [
        ("CN=T7,OU=Terminals,DC=corp,DC=example", true),
        ("cn=t7,ou=line 1,ou=TERMINALS,dc=corp,dc=example", true),
        ("CN=T7,OU=\\54erminals,DC=corp,DC=example", true),
        ("CN=T7 , OU = Terminals , DC=corp;DC=example", true),
        ("OU=Terminals,DC=corp,DC=example", true),
        ("CN=T7,OU=Terminals,DC=corp,DC=example,DC=evil", false),
        ("CN=T7,OU=Terminals,DC=evil,DC=example", false),
        ("CN=T7,CN=Terminals,DC=corp,DC=example", false),
        ("CN=T7,OU=My Terminals,DC=corp,DC=example", false),
        ("CN=T7\\,OU\\=Terminals,DC=corp,DC=example", false),
        ("CN=T7,OU=x\\,OU=Terminals,DC=corp,DC=example", false),
        ("CN=T7,OU=Terminals\\ ,DC=corp,DC=example", false),
        ("CN=T7,OU=Terminals+CN=x,DC=corp,DC=example", false),
        ("DC=corp,DC=example", false),
    ] {
        let terminal = dn(terminal);
        assert_eq!(allowed.allow(Some(&terminal)), expected, "{terminal}");
        let status = allowed.judge(Some(&terminal), AccountStatus::Active);
        assert_eq!(status.status() == Status::NOT_IN_UNIT, !expected);
    }
    assert!(!allowed.allow(None), "one that the directory does not know");
    assert!(AllowedUnits::default().allow(None), "no limit");
    assert_eq!(
        allowed.judge(None, AccountStatus::Disabled),
        AccountStatus::Disabled
    );
}

#[test]
fn a_name_is_shown_as_it_was_written_and_has_at_most_2048_bytes() {
    let written = "ou = Line 1, DC=corp";
    assert_eq!(dn(written).as_str(), written);
    let longest = format!("{:x<2048}", "OU=");
    assert_eq!(dn(&longest).as_str(), longest);
    assert!(format!("{longest}x").parse::<DistinguishedName>().is_err());
}

#[test]
fn parts_with_several_types_are_compared_in_any_order() {
    assert_eq!(dn("CN=a+OU=b,DC=c"), dn("ou=B + cn=A,dc=C"));
    assert_ne!(dn("CN=a+OU=b,DC=c"), dn("CN=a,OU=b,DC=c"));
}

/// A value with every character that is written with care.
fn any_value() -> impl Strategy<Value = String> {
    "[a-z0-9 ,;+=\\\\\"<>#é-]{0,8}[a-z]"
}

fn escape(value: &str) -> String {
    let mut text = String::new();
    for (index, c) in value.chars().enumerate() {
        match c {
            ',' | ';' | '+' | '=' | '\\' | '"' | '<' | '>' => text.extend(['\\', c]),
            ' ' | '#' if index == 0 => text.extend(['\\', c]),
            'é' => text.push_str("\\c3\\a9"),
            c => text.push(c),
        }
    }
    text
}

proptest! {
    #[test]
    fn a_value_is_one_value_however_it_is_written(values in prop::collection::vec(any_value(), 1..4), other in any_value()) {
        let name: Vec<_> = values.iter().map(|value| format!("OU={}", escape(value))).collect();
        let parsed = dn(&name.join(","));
        let unescaped = values[0].trim_end();
        prop_assert_eq!(parsed.unit_name(), Some(unescaped));
        for depth in 0..values.len() {
            prop_assert!(parsed.is_within(&dn(&name[depth..].join(","))));
        }
        let beneath = dn(&format!("OU={},{parsed}", escape(&other)));
        prop_assert!(beneath.is_within(&parsed) && !parsed.is_within(&beneath));
    }

    #[test]
    fn any_text_is_a_name_or_not(text in "\\PC{0,60}") {
        if let Ok(name) = text.parse::<DistinguishedName>() {
            prop_assert_eq!(name.to_string().parse(), Ok(name.clone()));
            prop_assert!(name.is_within(&name));
        }
        let _ = text.parse::<UnitName>();
    }
}
