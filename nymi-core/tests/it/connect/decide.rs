//! Included, suppressed, and what matches.

use nymi_core::connect::*;
use proptest::prelude::*;

fn target<'a>(process: &'a str, title: &'a str, url: Option<&'a str>) -> Target<'a> {
    Target {
        process,
        title,
        url,
    }
}

const TEXT: Decision = Decision::Inject(UsernameField::Text);

#[test]
fn all_attributes_must_match_and_empty_ones_match_anything() {
    let mes = (
        "chrome.exe",
        "MES - Sign in",
        Some("https://mes.domain.com/login"),
    );
    let native = ("Scada.EXE", "Batch 7 - Login", None);
    for (entry, (process, title, url), expected) in [
        (r#"{}"#, native, true),
        (
            r#"{ "processName": "", "windowTitle": "", "applicationUrl": "" }"#,
            native,
            true,
        ),
        (r#"{ "processName": "chrome" }"#, mes, true),
        (r#"{ "processName": "CHROME.exe" }"#, mes, true),
        (r#"{ "processName": "chrom" }"#, mes, false),
        (r#"{ "processName": "scada" }"#, native, true),
        (r#"{ "windowTitle": "login" }"#, native, true),
        (r#"{ "windowTitle": "Batch 8" }"#, native, false),
        (
            r#"{ "applicationUrl": "https://mes.domain.com/*" }"#,
            mes,
            true,
        ),
        (
            r#"{ "applicationUrl": "https://mes.domain.com/*" }"#,
            native,
            false,
        ),
        (
            r#"{ "processName": "chrome", "windowTitle": "Sign in", "applicationUrl": "https://*.domain.com/*" }"#,
            mes,
            true,
        ),
        (
            r#"{ "processName": "msedge", "windowTitle": "Sign in", "applicationUrl": "https://*.domain.com/*" }"#,
            mes,
            false,
        ),
        (
            r#"{ "processName": "chrome", "windowTitle": "Log in", "applicationUrl": "https://*.domain.com/*" }"#,
            mes,
            false,
        ),
        (
            r#"{ "processName": "chrome", "windowTitle": "Sign in", "applicationUrl": "https://domain.com/*" }"#,
            mes,
            false,
        ),
    ] {
        let settings =
            Settings::parse(format!("{{ \"included\": [ {entry} ] }}").as_bytes()).unwrap();
        let decision = settings.decide(&target(process, title, url));
        let wanted = if expected {
            TEXT
        } else {
            Decision::NotConfigured
        };
        assert_eq!(decision, wanted, "{entry} {process}");
    }
}

#[test]
fn suppressed_wins_and_is_silent() {
    let settings = Settings::parse(
        br#"{ "included": [ { "processName": "sso" } ], "suppressed": [ { "processName": "SSO.exe" } ] }"#,
    )
    .unwrap();
    assert_eq!(
        settings.decide(&target("sso.exe", "", None)),
        Decision::Silent
    );
    assert_eq!(
        settings.decide(&target("ssoo", "", None)),
        Decision::NotConfigured
    );
}

#[test]
fn the_first_entry_that_matches_says_where_the_name_goes() {
    let settings = Settings::parse(
        br#"{ "included": [
            { "processName": "chrome", "windowTitle": "List", "usernameFieldType": "select" },
            { "processName": "chrome", "usernameFieldType": "text" },
        ] }"#,
    )
    .unwrap();
    let decide = |title| settings.decide(&target("chrome", title, None));
    assert_eq!(decide("A list"), Decision::Inject(UsernameField::Select));
    assert_eq!(decide("A form"), TEXT);
}

#[test]
fn a_drop_down_list_needs_the_user_once() {
    let user = "CORP\\ann".parse().unwrap();
    for (options, expected) in [
        (&["Please choose", "ann", "bob"][..], Ok(1)),
        (&["CORP\\Ann"], Ok(0)),
        (&["x", "ANN@corp"], Ok(1)),
        (&[" ann "], Ok(0)),
        (
            &["anna", "joann", "OTHER\\ann", "ann@other", "ann smith"],
            Err(OptionError::Missing),
        ),
        (&[], Err(OptionError::Missing)),
        (&["ann", "CORP\\ann"], Err(OptionError::Ambiguous)),
    ] {
        assert_eq!(choose_option(options, &user), expected, "{options:?}");
    }
}

fn any_entry() -> impl Strategy<Value = (String, String)> {
    ("[ab]{0,2}", "[xy]{0,2}")
}

proptest! {
    #[test]
    fn agrees_with_the_sentences_of_the_guide(
        included in prop::collection::vec(any_entry(), 0..4),
        suppressed in prop::collection::vec("[ab]{1,2}", 0..3),
        process in "[abAB]{1,2}",
        title in "[xyXY]{0,3}",
    ) {
        let entries: Vec<_> = included
            .iter()
            .map(|(process, title)| serde_json::json!({ "processName": process, "windowTitle": title }))
            .collect();
        let silent: Vec<_> = suppressed.iter().map(|name| serde_json::json!({ "processName": name })).collect();
        let file = serde_json::json!({ "included": entries, "suppressed": silent }).to_string();
        let settings = Settings::parse(file.as_bytes()).unwrap();
        let (lower, lower_title) = (process.to_lowercase(), title.to_lowercase());
        let listed = included.iter().any(|(process, title)| {
            (process.is_empty() || *process == lower) && lower_title.contains(title.as_str())
        });
        let expected = if suppressed.contains(&lower) {
            Decision::Silent
        } else if included.is_empty() || listed {
            TEXT
        } else {
            Decision::NotConfigured
        };
        let with_extension = format!("{process}.exe");
        for name in [&process, &with_extension] {
            prop_assert_eq!(settings.decide(&target(name, &title, None)), expected);
        }
    }
}
