//! Reading appsettings.json.

use nymi_core::connect::*;
use proptest::prelude::*;

/// The guide's samples as printed (guide 004, 4.4). The second continues the first: the page
/// breaks between them.
const INCLUDED: &str = include_str!("samples/included.json");
const CONTINUED: &str = include_str!("samples/included-continued.json");
const SUPPRESSED: &str = include_str!("samples/suppressed.json");
const SELECT: &str = include_str!("samples/select.json");

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text.as_bytes())
}

#[test]
fn the_guides_samples_load_as_printed() {
    let included = parse(INCLUDED).unwrap();
    let [entry] = included.included.as_slice() else {
        panic!("{included:?}")
    };
    assert_eq!(entry.process.as_deref(), Some("msedge"));
    assert_eq!(entry.title, None, "empty means any");
    assert_eq!(
        entry.url.as_ref().unwrap().to_string(),
        "https://myapp.domain.com/"
    );
    assert_eq!(entry.username_field, UsernameField::Text);

    let suppressed = parse(SUPPRESSED).unwrap();
    assert!(!suppressed.is_restricted());
    assert_eq!(suppressed.suppressed[0].process, "ssoengine");
    assert_eq!(
        suppressed.suppressed[0].name.as_deref(),
        Some("Evidian SSO Engine")
    );

    let select = parse(SELECT).unwrap();
    assert_eq!(select.included[0].username_field, UsernameField::Select);
    assert_eq!(select.included.len(), 1);
}

#[test]
fn the_sample_that_goes_over_the_page_loads_in_one_piece() {
    let head = INCLUDED.trim_end().strip_suffix("],\n}").unwrap();
    let settings = parse(&format!("{head}{CONTINUED}")).unwrap();
    let urls: Vec<_> = settings
        .included
        .iter()
        .map(|entry| entry.url.as_ref().map(ToString::to_string))
        .collect();
    let expected = [
        Some("https://myapp.domain.com/"),
        None,
        Some("https://mysite.domain.com/*"),
        Some("https://*.domain.com/*"),
    ];
    assert_eq!(urls, expected.map(|url| url.map(str::to_owned)));
    assert_eq!(settings.included[1].process.as_deref(), Some("chrome"));
}

#[test]
fn without_lists_any_application_is_eligible() {
    for text in [
        "{}",
        "{ \"included\": [] }",
        "{ \"included\": [], \"suppressed\": [], }",
    ] {
        assert_eq!(parse(text).unwrap(), Settings::default(), "{text}");
    }
}

#[test]
fn keys_of_other_parts_are_left_to_them_and_a_byte_order_mark_is_skipped() {
    let text = "\u{feff}{ \"Serilog\": { \"MinimumLevel\": [1, {}] }, \"NES\": null }";
    assert_eq!(parse(text).unwrap(), Settings::default());
}

#[test]
fn comments_and_commas_inside_text_are_text() {
    let text = r#"{
        /* a list, ] of */ "suppressed": [ // one
            { "name": "a // b, /* c */ \" ,]", "processName": "x" /**/ , /* */ } , // last
        ] /* * / */ ,
    } // end"#;
    let settings = parse(text).unwrap();
    assert_eq!(
        settings.suppressed[0].name.as_deref(),
        Some("a // b, /* c */ \" ,]")
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (text, error) in [
        ("", "line 1 column 0"),
        ("{ \"included\": [,] }", "line 1 column 16"),
        ("{ \"included\": [{},,] }", "line 1 column 19"),
        ("{ , }", "line 1 column 3"),
        ("/{}", "line 1 column 1"),
        ("{ / }", "line 1 column 3"),
        ("{ \"included\": , }", "line 1 column 15"),
        (
            "{\n  \"included\": [ { \"processName\": 5 } ]\n}",
            "invalid type: integer `5`, expected a string at line 2 column 34",
        ),
        (
            "{ \"included\": [ { \"proccessName\": \"a\" } ] }",
            "unknown field `proccessName`",
        ),
        (
            "{ \"included\": [ { \"usernameFieldType\": \"combo\" } ] }",
            "unknown variant `combo`, expected `text` or `select`",
        ),
        (
            "{ \"included\": {}, \"included\": [] }",
            "invalid type: map",
        ),
        (
            "{ \"included\": [], \"included\": [] }",
            "duplicate field `included`",
        ),
        ("[]", "invalid type: sequence, expected an object"),
        ("{ \"included\": [ [] ] }", "expected an object"),
        (
            "{ \"suppressed\": [ [\"a\", \"b\"] ] }",
            "expected an object",
        ),
        ("{} {}", "trailing characters"),
        ("{\n/* \n", "line 2: the comment does not end"),
        (
            "{ \"suppressed\": [ { \"name\": \"a\" } ] }",
            "suppressed[0].processName is empty",
        ),
        (
            "{ \"suppressed\": [ { \"processName\": \" .exe\" } ] }",
            "suppressed[0].processName is empty",
        ),
        (
            "{ \"included\": [ {}, { \"applicationUrl\": \"ftp://a.b\" } ] }",
            "included[1].applicationUrl: \"ftp://a.b\"",
        ),
    ] {
        let found = parse(text).expect_err(text).to_string();
        assert!(found.contains(error), "{text}: {found}");
    }
}

#[test]
fn a_list_counts_in_any_case_and_a_misspelt_one_is_an_error() {
    let settings =
        parse(r#"{"Included":[{"processName":"a"}],"SUPPRESSED":[{"processName":"b"}]}"#);
    let settings = settings.unwrap();
    assert_eq!((settings.included.len(), settings.suppressed.len()), (1, 1));
    for (file, part) in [
        (r#"{"includes":[]}"#, "unknown field `includes`"),
        (r#"{" included":[]}"#, "unknown field ` included`"),
        (r#"{"\t\u200bsuppressed":[]}"#, "suppressed`, expected"),
        (r#"{"Suppress":[]}"#, "unknown field `Suppress`"),
        (
            r#"{"included":[],"Included":[]}"#,
            "duplicate field `included`",
        ),
        (
            r#"{"suppressed":[],"Suppressed":[]}"#,
            "duplicate field `suppressed`",
        ),
    ] {
        let error = parse(file).unwrap_err().to_string();
        assert!(error.contains(part), "{file}: {error}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let at_limit = format!("{{}}{}", " ".repeat(MAX_SIZE - 2));
    assert!(parse(&at_limit).is_ok());
    assert_eq!(
        parse(&format!("{at_limit} ")),
        Err(SettingsError::TooLarge {
            found: MAX_SIZE + 1
        })
    );
    let entry = r#"{"processName":"msedge.exe","applicationUrl":"https://myapp.domain.com"},"#;
    let thousand = parse(&format!("{{\"included\":[{}]}}", entry.repeat(1000))).unwrap();
    assert_eq!(thousand.included.len(), 1000);
    let nested = |depth: usize| {
        let depth = depth - 1;
        parse(&format!(
            "{{ \"x\": {}{} }}",
            "[".repeat(depth),
            "]".repeat(depth)
        ))
    };
    assert!(nested(MAX_DEPTH).is_ok());
    assert_eq!(
        nested(MAX_DEPTH + 1),
        Err(SettingsError::TooDeep { line: 1 })
    );
    assert_eq!(
        Settings::parse(&[b'{', 0xff, b'}']),
        Err(SettingsError::NotText)
    );
}

/// Space, comments, and a comma where one may be too many.
fn any_gap() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            " ",
            "\n",
            "\t",
            "/* , ] */",
            "// \" }\n",
            "/**/",
            "/*\n*/",
        ]),
        0..4,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn gaps_and_trailing_commas_change_nothing(
        gaps in prop::collection::vec(any_gap(), 16),
        trailing in prop::collection::vec(any::<bool>(), 3),
        title in "[a-z/*\",\\[\\]{} \\\\]{0,12}",
    ) {
        let title = serde_json::to_string(&title).unwrap();
        let comma = |index: usize| if trailing[index] { "," } else { "" };
        let g = |index: usize| gaps[index].as_str();
        let text = format!(
            "{}{{{}\"included\"{}:{}[{}{{{}\"windowTitle\"{}:{}{}{}{}{}}}{}{}{}]{}{}{}}}{}",
            g(0), g(1), g(2), g(3), g(4), g(5), g(6), g(7), title, g(8), comma(0), g(9), g(10),
            comma(1), g(11), g(12), comma(2), g(13), g(14),
        );
        let plain = parse(&format!("{{\"included\":[{{\"windowTitle\":{title}}}]}}"));
        prop_assert_eq!(parse(&text), plain);
    }

    #[test]
    fn plain_json_is_read_as_any_reader_does(text in "[{}\\[\\],:\" a1/*\n-]{0,40}") {
        // What serde_json takes without help, help does not change.
        if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok() {
            prop_assert!(parse(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Settings::parse(&bytes);
    }
}
