//! `explain` finds every row of every table, however an operator asks for it.

use std::collections::BTreeSet;

use nymi_core::catalogue::{
    CodeKind, Entry, Explanation, MatchKind, MessageKind, Source, all, entries, explain, suggest,
};
use nymi_core::chain::FAULTS;
use nymi_core::directory::SUB_CODES;
use nymi_core::message::Status;
use proptest::prelude::*;

/// The ids of the answers; each is given once, however many ways lead to it.
fn ids(query: &str) -> Vec<String> {
    let ids: Vec<String> = explain(query).iter().map(Explanation::id).collect();
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{query}: {ids:?}");
    ids
}

#[track_caller]
fn finds(query: &str, id: &str) {
    let found = ids(query);
    assert!(found.iter().any(|found| found == id), "{query}: {found:?}");
}

#[track_caller]
fn finds_first(query: &str, id: &str) {
    let found = ids(query);
    assert_eq!(
        found.first().map(String::as_str),
        Some(id),
        "{query}: {found:?}"
    );
}

#[test]
fn the_whole_catalogue_is_there() {
    assert_eq!(entries().len(), 361);
    for entry in entries() {
        assert!(
            !entry.causes.is_empty() && !entry.remedies.is_empty(),
            "{}",
            entry.id
        );
        if let Some(status) = entry.maps_to {
            assert!(
                Status::from_code(status).is_some(),
                "{}: {status}",
                entry.id
            );
        }
        let is_ours = entry.code.is_some_and(|code| code.kind == CodeKind::Napi);
        let number = entry.code.map_or(0, |code| code.number);
        assert!(
            !is_ours || Status::from_code(number).is_some(),
            "{}",
            entry.id
        );
        assert!(!entry.source.contains(".txt"), "{}", entry.id);
    }
}

#[test]
fn every_entry_is_found_by_id_and_text() {
    for entry in entries() {
        finds_first(entry.id, entry.id);
        finds(entry.message, entry.id);
        finds(&entry.message.to_uppercase(), entry.id);
        for text in entry.also {
            finds(text, entry.id);
        }
    }
}

#[test]
fn every_message_is_found_in_a_log_line() {
    let telling = |text: &str| text.split_whitespace().count() >= 2 && text.len() >= 8;
    for entry in entries()
        .iter()
        .filter(|entry| entry.message_kind == MessageKind::Shown)
    {
        if telling(entry.message) {
            let line = format!(
                "2026-05-13 08:30:00,123 ERROR [main] {} (thread x)",
                entry.message
            );
            finds(&line, entry.id);
        }
    }
}

#[test]
fn every_number_is_found_bare_and_with_its_kind() {
    for status in Status::ALL {
        finds_first(
            &status.code().to_string(),
            &format!("status-{}", status.code()),
        );
        finds_first(status.name(), &format!("status-{}", status.code()));
        // Alone, a name of one word is taken for a status; within a line, only what nobody writes by chance.
        let in_line = ids(&format!("job 7 of bob: {} since noon", status.name()));
        assert_eq!(
            in_line.contains(&format!("status-{}", status.code())),
            status.name().contains('_'),
            "{in_line:?}"
        );
    }
    for fault in FAULTS {
        let id = format!("nsl-{}", fault.number);
        finds(&fault.number.to_string(), &id);
        finds_first(&format!("nsl {}", fault.number), &id);
        finds_first(&id, &id);
        // Its name is too common to be a certain answer within a line.
        let in_line = explain(&format!("job 7 of bob: {} since noon", fault.name));
        assert!(
            in_line
                .iter()
                .all(|one| one.id() != id || one.matched == MatchKind::Similar)
        );
        finds(
            &format!("nsl_verify_nea_cert_chain, 2238, {}", fault.number),
            &id,
        );
    }
    for entry in entries() {
        let Some(code) = entry.code else { continue };
        let number = code.number;
        match code.kind {
            CodeKind::Napi => finds(&format!("status {number}"), entry.id),
            CodeKind::Nsl => finds(&format!("nsl_verify_nea_cert_chain, {number}"), entry.id),
            CodeKind::EventTypeId => finds(&format!("EventTypeID {number}"), entry.id),
            CodeKind::ResponseCode => finds(&format!("{{\"ResponseCode\":{number}}}"), entry.id),
            CodeKind::BandFault => finds(&format!("0x{number:X}"), entry.id),
            CodeKind::Http => finds(&format!("HTTP {number}"), entry.id),
            CodeKind::OsError => finds(&format!("(os error {number})"), entry.id),
            CodeKind::Windows => finds(&format!("0x{number:x}"), entry.id),
            CodeKind::DirectoryBind => finds_first(&format!("data {number:x}"), entry.id),
        }
        if code.kind != CodeKind::BandFault {
            finds(&number.to_string(), entry.id);
        }
    }
}

#[test]
fn every_sub_code_of_a_refused_bind_has_an_entry() {
    for row in SUB_CODES {
        let is_it = |entry: &&Entry| {
            let code = entry
                .code
                .filter(|code| code.kind == CodeKind::DirectoryBind);
            code.is_some_and(|code| code.number == row.code)
        };
        let entry = entries().iter().find(is_it).expect(row.name);
        assert_eq!(
            entry.maps_to,
            Some(row.refusal.status().code()),
            "{}",
            row.name
        );
        let is_masked = row.refusal.status_outside() != row.refusal.status();
        assert_eq!(entry.note.is_some(), is_masked, "{}", row.name);
        for query in [
            format!("{:x}", row.code),
            format!("{:X}", row.code),
            format!("data {:x}, v3839", row.code),
            format!(
                "ldap_bind: Invalid credentials (49)\n\tadditional info: 80090308: LdapErr: \
                 DSID-0C090439, comment: AcceptSecurityContext error, data {:x}, v4563",
                row.code
            ),
            format!(
                "[LDAP: error code 49 - 80090308: LdapErr: DSID-0C0903A9, comment: \
                 AcceptSecurityContext error, data {:x}, v1db1\0]",
                row.code
            ),
        ] {
            finds_first(&query, entry.id);
        }
        finds(&format!("Windows error {}", row.code), entry.id);
        finds(row.name, entry.id);
    }
}

#[test]
fn a_long_message_with_a_slip_comes_before_two_words_in_it() {
    for query in [
        "The requsted query was not found on NES server",
        "The requested quory was not found on the NES sever.",
    ] {
        let found = ids(query);
        assert!(
            found[0] == "status-2201" || found[0] == "napi-2201-not-found",
            "{query}: {found:?}"
        );
        assert!(found.contains(&"nba-not-found".to_owned()), "{found:?}");
    }
    // In a longer text the words that are there count.
    let line =
        ids("08:30 the clerk went home and then on page nine of the book: Not Found, she said");
    assert_eq!(line[0], "nba-not-found", "{line:?}");
}

#[test]
fn a_number_of_one_kind_is_not_taken_for_another() {
    let kinds = |query: &str| -> BTreeSet<CodeKind> {
        explain(query)
            .iter()
            .filter_map(|found| found.code().map(|code| code.kind))
            .collect()
    };
    assert_eq!(kinds("nsl 14"), [CodeKind::Nsl].into());
    assert_eq!(kinds("event 14"), [CodeKind::EventTypeId].into());
    assert_eq!(kinds("14"), [CodeKind::Nsl, CodeKind::EventTypeId].into());
    // 0x21c7: a band's fault codes are hexadecimal, and a Windows component prints some numbers so.
    finds("Windows error 8647 of the job", "nes-spn-assign-failed");
    finds("the job ended with 0x21c7", "nes-spn-assign-failed");
    assert!(ids("fault 0x21c7").is_empty());
    assert!(ids("424242").is_empty());
    assert!(ids("nsl 424242").is_empty());
}

#[test]
fn the_beginning_of_a_fault_code_is_enough() {
    for code in [
        "0x110",
        "0x1100042",
        "1100042",
        "0X1100042",
        "0x1101",
        "fault 0x1100042 line 12",
    ] {
        finds(code, "band-fault-110");
    }
    for other in ["1101", "0x110zz42", "110wxyz", "0x1"] {
        assert!(
            !ids(other).contains(&"band-fault-110".to_owned()),
            "{other}"
        );
    }
    finds("0xB000123", "band-fault-b000");
    for code in ["d001d", "D001D", "0xd001d"] {
        finds_first(code, "band-fault-d001d");
    }
    finds("the band shows 0xD001D since noon", "band-fault-d001d");
    finds("error 0xD001D of the band", "band-fault-d001d");
    assert!(!ids("0x140001").contains(&"band-fault-110".to_owned()));
}

#[test]
fn a_pasted_update_is_understood() {
    let update = r#"{"operation":"init","exchange":"0","status":8000,"payload":{},"error":{"error_description":"NEA missing certificates.","error_specifics":"NEA certificate chain is missing or invalid.","nsl":14}}"#;
    let found = ids(update);
    for id in [
        "status-8000",
        "nsl-14",
        "napi-8000-certificates-missing",
        "cert-nsl-14",
    ] {
        assert!(found.contains(&id.to_owned()), "{id}: {found:?}");
    }
}

#[test]
fn words_from_memory_and_slips_find_the_entry() {
    for (query, id) in [
        ("blutooth adapter missing", "nbe-adapter-missing"),
        (
            "insuficient memory on band for registration",
            "nba-insufficient-memory",
        ),
        (
            "duplicate endpoint identifier failed connect agent",
            "nbe-duplicate-endpoint-id",
        ),
        ("LDAP server unavailable", "nes-ldap-unavailable"),
    ] {
        finds(query, id);
    }
    for query in ["", "   ", "?", "the weather", "lorem ipsum dolor sit amet"] {
        assert!(ids(query).is_empty(), "{query}: {:?}", ids(query));
    }
}

#[test]
fn what_is_not_known_leads_to_what_is_near() {
    let near = |query: &str| -> Vec<String> {
        assert!(explain(query).is_empty(), "{query}");
        suggest(query).iter().map(Explanation::id).collect()
    };
    assert!(
        near("6099").iter().any(|id| id == "status-6016"),
        "{:?}",
        near("6099")
    );
    // Numbers on both sides, each once and as the table of its kind has it.
    let codes = near("9999");
    assert!(
        codes.len() == 5 && codes.iter().all(|id| id.starts_with("status-")),
        "{codes:?}"
    );
    assert_eq!(codes[..2], ["status-9000", "status-8000"]);
    assert_eq!(near("3999")[0], "status-4000");
    assert!(near("nsl 424242").iter().all(|id| id.contains("nsl")));
    let merely_near = |one: &Explanation| one.matched == MatchKind::Similar;
    assert!(suggest("6099").iter().all(merely_near));
    let odd = near("purple dongle unplugged somewhere strange");
    assert!(
        odd.iter()
            .any(|id| id.starts_with("nbe-") || id.contains("dongle")),
        "{odd:?}"
    );
    assert!(suggest("").is_empty() && suggest("zzzzqqq xxyyzz").is_empty());
    assert!(suggest("bluetooth").len() <= 5);
}

#[test]
fn of_texts_with_the_same_word_the_shortest_is_suggested_first() {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        words
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let length = |one: &Explanation| {
        let also = match one.source {
            Source::Entry(entry) => entry.also,
            _ => &[],
        };
        let texts = also.iter().copied().chain([one.message()]).map(words);
        let with_it = texts.filter(|text| text.iter().any(|word| word == "bluetooth"));
        with_it.map(|text| text.len()).min().unwrap()
    };
    let all_lengths: Vec<usize> = all()
        .filter(|one| one.message().to_lowercase().contains("bluetooth "))
        .map(|one| length(&one))
        .collect();
    let lengths: Vec<usize> = suggest("bluetooth").iter().map(length).collect();
    assert!(lengths.is_sorted() && lengths.len() == 5, "{lengths:?}");
    assert_eq!(lengths.first(), all_lengths.iter().min());
}

#[test]
fn everything_is_listed_once() {
    let ids: Vec<String> = all().map(|one| one.id()).collect();
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(
        ids.len(),
        Status::ALL.len() + FAULTS.len() + entries().len()
    );
    assert_eq!(unique.len(), ids.len());
    let components: BTreeSet<&str> = entries().iter().map(|entry| entry.component).collect();
    assert!(all().all(|one| components.contains(one.component())));
}

#[test]
fn a_status_names_the_entries_that_lead_to_it() {
    let found = explain("8000");
    assert_eq!(found[0].matched, MatchKind::Code);
    assert!(found[0].related().contains(&"cert-nsl-14"));
    assert!(explain("0")[0].related().is_empty());
}

#[test]
fn the_entry_named_after_a_number_comes_before_those_that_mention_it() {
    assert_eq!(ids("4000")[..2], ["status-4000", "napi-4000-agent-missing"]);
    assert_eq!(ids("event 12")[0], "audit-event-12");
}

#[test]
fn json_has_cause_and_remedy_for_each_source() {
    for query in ["4000", "nsl 101", "band-fault-d001d"] {
        let json = serde_json::to_value(explain(query)[0]).unwrap();
        for key in ["id", "match", "message", "code", "causes", "remedies"] {
            assert!(json.get(key).is_some(), "{query}: {key}");
        }
        assert!(!json["remedies"].as_array().unwrap().is_empty());
    }
}

#[test]
fn component_cause_and_remedy_are_those_of_the_row() {
    let status = explain("4000")[0];
    assert_eq!(status.component(), "napi");
    assert_eq!(status.causes(), [Status::AGENT_MISSING.cause()]);
    assert_eq!(status.remedies(), [Status::AGENT_MISSING.remedy()]);
    let fault = explain("nsl 101")[0];
    assert_eq!(fault.component(), "cert");
    assert_eq!(fault.remedies(), [FAULTS[3].remedy]);
    for entry in entries() {
        let found = explain(entry.id)[0];
        assert_eq!(found.component(), entry.component);
        assert_eq!(found.causes(), entry.causes);
        assert_eq!(found.remedies(), entry.remedies);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_query_is_answered_or_not(query in any::<String>()) {
        let _ = explain(&query);
    }

    #[test]
    fn any_query_of_numbers_and_signs_is_answered_or_not(query in "(0x|nsl|event|status|[0-9A-F]{1,9}|[ ,:é]){0,6}") {
        let _ = explain(&query);
    }
}

#[test]
fn the_newest_line_of_a_long_log_is_explained() {
    let harmless = "2026-05-13 08:30:00,123 INFO [main] all is well é\n";
    let newest = "ERROR Insufficient memory on the Nymi Band to support the registration";
    for count in [100, 100_000] {
        let log = harmless.repeat(count) + newest;
        finds(&log, "nba-insufficient-memory");
        assert!(ids(&log).len() < 10, "{:?}", ids(&log));
        finds(&(log + "\n\n"), "nba-insufficient-memory");
    }
    let old = format!("{newest}\n{}", harmless.repeat(100));
    assert!(!ids(&old).contains(&"nba-insufficient-memory".to_owned()));
    finds(&"é Nymi Agent missing. ".repeat(100_000), "status-4000");
}

#[test]
fn a_telling_word_is_found_in_a_log_line() {
    let id = "audit-connect-autofill-failed";
    finds("Connect audit: PasswordAutofillFailed user=bob", id);
    finds("connect audit: passwordautofillfailed user=bob", id);
    for line in [
        "Connect audit: NoPasswordAutofillFailed user=bob",
        "Connect audit: PasswordAutofillFailedTwice user=bob",
    ] {
        assert!(!ids(line).contains(&id.to_owned()), "{line}");
    }
    // A word that anybody may write means nothing within a line.
    assert!(!ids("job 7 of bob: Pending since noon").contains(&"nes-policy-pending".to_owned()));
}
