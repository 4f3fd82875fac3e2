//! A sequence of frames against one band's state: only a verified frame changes it, and no step is
//! ever verified for two places.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::arbitrary;
use libfuzzer_sys::fuzz_target;
use nymi_core::presence::{
    AdvKey, Claim, Flags, Frame, Outcome, PacKey, PacParameters, TSet, Tail, VerificationState,
    verify,
};
use nymi_core::{BandId, UnixMillis};

#[derive(arbitrary::Arbitrary, Debug)]
struct Sequence {
    t_set_ms: u64,
    steps: Vec<Step>,
}

#[derive(arbitrary::Arbitrary, Debug)]
struct Step {
    /// Since the step before, may go backwards.
    elapsed_ms: i32,
    kind: Kind,
    agent: bool,
    endpoint: bool,
}

#[derive(arbitrary::Arbitrary, Debug)]
enum Kind {
    /// As the band would send it, `late` steps off.
    Genuine {
        late: i8,
        authenticated: bool,
        worn: bool,
    },
    /// With any counter.
    Counter(u32),
    /// While the clock is lost.
    Lost { counter: u32, nonce: [u8; 4] },
    /// Anything at all.
    Bytes(Vec<u8>),
}

fn frame(key: &PacKey, t_set: TSet, now: i64, kind: &Kind) -> Vec<u8> {
    let on = Flags {
        authenticated: true,
        worn: true,
        ..Flags::default()
    };
    let (flags, counter, tail) = match *kind {
        Kind::Genuine {
            late,
            authenticated,
            worn,
        } => {
            let expected = now.saturating_sub(t_set.ms() as i64) / 1000;
            let counter = expected.saturating_sub(i64::from(late)) as u32;
            (
                Flags {
                    authenticated,
                    worn,
                    ..on
                },
                counter,
                t_set.into(),
            )
        }
        Kind::Counter(counter) => (on, counter, t_set.into()),
        Kind::Lost { counter, nonce } => (on, counter, Tail::BootNonce(nonce)),
        Kind::Bytes(ref bytes) => return bytes.clone(),
    };
    Frame::signed(key, flags, counter, tail, 0).to_bytes()
}

fuzz_target!(|sequence: Sequence| {
    let Some(t_set) = TSet::new(sequence.t_set_ms) else {
        return;
    };
    let key = PacKey::new(&AdvKey::new([7; 16]), BandId::new([0xc1; 6]));
    let parameters = PacParameters::default();
    let mut state = VerificationState::default();
    let mut claimed = BTreeMap::new();
    let mut now = t_set.ms() as i64;
    for step in &sequence.steps {
        now = now.saturating_add(i64::from(step.elapsed_ms));
        let bytes = frame(&key, t_set, now, &step.kind);
        let place = (
            ["a", "b"][usize::from(step.agent)],
            ["x", "y"][usize::from(step.endpoint)],
        );
        let claim = Claim {
            frame: &bytes,
            now: UnixMillis(now),
            agent: place.0,
            endpoint: place.1,
        };
        let found = verify(&key, t_set, &parameters, &state, &claim);
        assert_eq!(found.next.is_some(), found.outcome == Outcome::Verified);
        if let Some(next) = found.next {
            let counter = found.counter.expect("a verified frame has a counter");
            assert!(
                state
                    .last
                    .as_ref()
                    .is_none_or(|last| last.counter <= counter)
            );
            assert_eq!(*claimed.entry(counter).or_insert(place), place);
            state = next;
        }
    }
});
