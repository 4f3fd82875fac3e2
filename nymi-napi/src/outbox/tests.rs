//! Who gets which update, and when.

use super::letters::{MOST_BYTES, MOST_LETTERS};
use super::*;
use std::sync::Arc;
use std::thread;

fn of_kind(text: &str, kind: Kind) -> Letter {
    Letter {
        text: text.to_owned(),
        kind,
    }
}

/// Queues and wakes; false after the end.
fn add(outbox: &Outbox, letter: Letter) -> bool {
    outbox.push(letter).is_some()
}

fn letter(text: &str) -> Letter {
    of_kind(text, Kind::Answer)
}

/// As one who waits for taps does it.
fn tap_or_failure(kind: &Kind) -> Pick {
    match kind {
        Kind::Tap | Kind::Failure => Pick::Take,
        Kind::Answer => Pick::Leave,
        Kind::Presence(_) | Kind::Event => Pick::Drop,
    }
}

fn now(outbox: &Outbox) -> Result<Option<String>, GetError> {
    outbox.take(usize::MAX, Some(Duration::ZERO))
}

fn blocked_getters(
    outbox: &Arc<Outbox>,
    count: usize,
) -> Vec<thread::JoinHandle<Result<Option<String>, GetError>>> {
    let getters = (0..count)
        .map(|_| {
            let outbox = Arc::clone(outbox);
            thread::spawn(move || outbox.take(usize::MAX, None))
        })
        .collect();
    while outbox.lock().blocked < count {
        thread::yield_now();
    }
    getters
}

#[test]
fn gives_updates_in_order_and_nothing_when_empty() {
    let outbox = Outbox::default();
    assert!(add(&outbox, letter("one")) && add(&outbox, letter("two")));
    assert_eq!(now(&outbox), Ok(Some("one".into())));
    assert_eq!(now(&outbox), Ok(Some("two".into())));
    assert_eq!(now(&outbox), Ok(None));
    assert_eq!(outbox.take(9, Some(Duration::from_millis(1))), Ok(None));
}

#[test]
fn an_update_that_does_not_fit_stays() {
    let outbox = Outbox::default();
    add(&outbox, letter("twelve bytes"));
    let short = Some(Duration::ZERO);
    assert_eq!(
        outbox.take(11, short),
        Err(GetError::TooLong { needed: 12 })
    );
    assert_eq!(outbox.take(12, short), Ok(Some("twelve bytes".into())));
}

#[test]
fn after_the_end_the_rest_is_read_then_the_end_is_told_once() {
    let outbox = Outbox::default();
    add(&outbox, letter("queued"));
    assert!(outbox.close([letter("last")]));
    assert!(!outbox.close([letter("again")]));
    assert!(!add(&outbox, letter("late")));
    assert_eq!(now(&outbox), Ok(Some("queued".into())));
    assert_eq!(now(&outbox), Ok(Some("last".into())));
    assert_eq!(now(&outbox), Err(GetError::Terminated));
    assert_eq!(now(&outbox), Err(GetError::NotRunning));
    assert_eq!(outbox.take(9, None), Err(GetError::NotRunning));
}

#[test]
fn it_is_full_by_number_or_bytes_until_half_is_read() {
    let long = MOST_BYTES / 4;
    for (text, count) in [(String::new(), MOST_LETTERS), ("x".repeat(long), 4)] {
        let outbox = Outbox::default();
        for _ in 0..count {
            assert!(!outbox.is_full());
            add(&outbox, letter(&text));
        }
        for _ in 0..count / 2 {
            assert!(outbox.is_full());
            now(&outbox).unwrap();
        }
        assert!(!outbox.is_full());
    }
}

#[test]
fn every_blocked_getter_hears_of_the_end_and_nobody_after_them() {
    let outbox = Arc::new(Outbox::default());
    let getters = blocked_getters(&outbox, 3);
    outbox.close([]);
    for getter in getters {
        assert_eq!(getter.join().unwrap(), Err(GetError::Terminated));
    }
    assert_eq!(now(&outbox), Err(GetError::NotRunning));
}

#[test]
fn a_getter_that_takes_the_last_update_leaves_the_end_to_the_next() {
    let outbox = Arc::new(Outbox::default());
    let getters = blocked_getters(&outbox, 1);
    outbox.close([letter("last")]);
    for getter in getters {
        assert_eq!(getter.join().unwrap(), Ok(Some("last".into())));
    }
    assert_eq!(now(&outbox), Err(GetError::Terminated));
    assert_eq!(now(&outbox), Err(GetError::NotRunning));
}

#[test]
fn a_crowded_queue_keeps_the_latest_presence_of_a_band_and_every_tap() {
    let outbox = Outbox::default();
    for round in 0..1000 {
        let text = format!("presence {round}");
        add(&outbox, of_kind(&text, Kind::Presence("band".into())));
        if round % 10 == 0 {
            add(&outbox, letter("tap"));
        }
    }
    let mut taps = 0;
    let mut latest = String::new();
    let mut length = 0;
    while let Ok(Some(text)) = now(&outbox) {
        length += 1;
        match text.as_str() {
            "tap" => taps += 1,
            _ => latest = text,
        }
    }
    assert_eq!((taps, latest.as_str()), (100, "presence 999"));
    assert!(length < 1000, "{length}");
}

#[test]
fn a_picker_takes_its_kind_leaves_answers_and_drops_what_it_says() {
    let outbox = Outbox::default();
    for (text, kind) in [
        ("answer", Kind::Answer),
        ("near", Kind::Presence("band".into())),
        ("first tap", Kind::Tap),
        ("radio", Kind::Event),
        ("4000", Kind::Failure),
    ] {
        add(&outbox, of_kind(text, kind));
    }
    let pick = || outbox.pick(tap_or_failure, Some(Duration::ZERO));
    assert_eq!(pick(), Ok(Some("first tap".into())));
    assert_eq!(pick(), Ok(Some("4000".into())));
    assert_eq!(pick(), Ok(None));
    assert_eq!(now(&outbox), Ok(Some("answer".into())));
    assert_eq!(now(&outbox), Ok(None));
    outbox.close([letter("last")]);
    assert_eq!(pick(), Err(GetError::Terminated));
    assert_eq!(pick(), Err(GetError::Terminated));
    assert_eq!(now(&outbox), Ok(Some("last".into())));
}

#[test]
fn an_update_reaches_the_one_who_wants_it_among_all_who_wait() {
    let outbox = Arc::new(Outbox::default());
    let picker = {
        let outbox = Arc::clone(&outbox);
        thread::spawn(move || outbox.pick(tap_or_failure, None))
    };
    while outbox.lock().picking == 0 {
        thread::yield_now();
    }
    let getter = blocked_getters(&outbox, 1).pop().unwrap();
    add(&outbox, letter("answer"));
    assert_eq!(getter.join().unwrap(), Ok(Some("answer".into())));
    add(&outbox, of_kind("tap", Kind::Tap));
    assert_eq!(picker.join().unwrap(), Ok(Some("tap".into())));
}

#[test]
fn whoever_waits_is_woken_and_if_nobody_does_the_next_one() {
    let outbox = Arc::new(Outbox::default());
    let getters = blocked_getters(&outbox, 3);
    outbox.wake(true);
    for getter in getters {
        assert_eq!(getter.join().unwrap(), Err(GetError::Woken));
    }
    outbox.wake(true);
    outbox.wake(false);
    assert_eq!(now(&outbox), Ok(None), "it does not wait");
    assert_eq!(outbox.take(9, None), Err(GetError::Woken));
    let brief = Some(Duration::from_millis(1));
    outbox.wake(false);
    assert_eq!(outbox.pick(tap_or_failure, brief), Ok(None));
    outbox.wake(true);
    assert_eq!(
        outbox.pick(tap_or_failure, None),
        Err(GetError::Woken),
        "pickers, too"
    );
    add(&outbox, letter("first"));
    outbox.wake(true);
    assert_eq!(outbox.take(9, None), Ok(Some("first".into())));
}

#[test]
fn whether_there_is_something_to_read_is_told_when_it_changes() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let outbox = {
        let told = Arc::clone(&told);
        let on_readable: OnReadable = Arc::new(move |is| told.lock().unwrap().push(is));
        Outbox::new(Some(on_readable))
    };
    let said = || std::mem::take(&mut *told.lock().unwrap());
    add(&outbox, letter("one"));
    add(&outbox, letter("two"));
    assert_eq!(said(), [true]);
    now(&outbox).unwrap();
    assert!(said().is_empty());
    now(&outbox).unwrap();
    assert_eq!(said(), [false]);
    add(&outbox, of_kind("near", Kind::Presence("band".into())));
    assert_eq!(
        outbox.pick(tap_or_failure, Some(Duration::ZERO)),
        Ok(None),
        "dropped"
    );
    assert_eq!(said(), [true, false]);
    outbox.announce();
    assert_eq!(said(), [false]);
    outbox.close([]);
    assert!(now(&outbox).is_err() && now(&outbox).is_err());
    outbox.announce();
    assert_eq!(said(), [true, true], "the end stays readable");
}
