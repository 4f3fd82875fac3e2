//! The chain validator against `openssl verify -x509_strict` and rustls-webpki, over generated chains.
//!
//! Chains are sound, or changed at one place, or at several. OpenSSL's strict mode also demands what
//! section 4 of RFC 5280 obliges issuers to, so it is compared with [`Profile::Conforming`]; webpki with
//! [`Profile::Path`]. Every disagreement has its entry in [`reasons`]; one without fails the test, as
//! does an entry that no chain of the systematic run needs.

mod chain;
mod lists;
mod mutations;
mod others;
mod reasons;

use nymi_core::chain::{GradeRequirement, Profile, Purpose, Requirements, TrustAnchor, oid};

use self::chain::{Case, Numbers};
use self::reasons::{Other, REASONS};
use crate::chain_writer::{NOW, check};

/// Accepted, or the number of the error.
type Ours = Result<(), u32>;

fn ours(case: &Case, profile: Profile) -> Ours {
    let anchor = TrustAnchor::from_der(&case.anchor).map_err(|error| error.number())?;
    let requirements = Requirements::new(GradeRequirement::Any)
        .with_max_depth(8)
        .with_purpose(Purpose::KeyPurpose(oid::CLIENT_AUTH))
        .with_profile(profile);
    check(&[anchor], &case.presented(), NOW, &requirements)
        .map(drop)
        .map_err(|error| error.number())
}

/// What a run found.
#[derive(Default)]
struct Outcome {
    agreed: usize,
    accepted: usize,
    /// How often each reason explained a disagreement.
    used: Vec<usize>,
    unexplained: Vec<String>,
}

impl Outcome {
    fn compare(&mut self, case: &Case, other: Other, ours: Ours, theirs: &others::Verdict) {
        if ours.is_ok() == theirs.is_ok() {
            self.agreed += 1;
            self.accepted += usize::from(ours.is_ok());
            return;
        }
        let reason = REASONS
            .iter()
            .position(|reason| reason.explains(case, other, ours, theirs));
        match reason {
            Some(reason) => self.used[reason] += 1,
            None => self
                .unexplained
                .push(format!("{case}: ours {ours:?}, {other:?} {theirs:?}")),
        }
    }
}

fn run(cases: &[Case]) -> Outcome {
    let mut outcome = Outcome {
        used: vec![0; REASONS.len()],
        ..Outcome::default()
    };
    let openssl = others::openssl(cases);
    for (case, openssl) in cases.iter().zip(openssl) {
        let path = ours(case, Profile::Path);
        let conforming = ours(case, Profile::Conforming);
        assert!(
            path.is_ok() || conforming.is_err(),
            "{case}: stricter accepts more"
        );
        outcome.compare(case, Other::OpenSsl, conforming, &openssl);
        outcome.compare(case, Other::Webpki, path, &others::webpki(case));
    }
    outcome
}

fn assert_explained(unexplained: &[String]) {
    assert!(
        unexplained.is_empty(),
        "{} disagreements without a reason\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
}

#[test]
fn each_change_alone() {
    let cases = chain::systematic();
    let outcome = run(&cases);
    assert_explained(&outcome.unexplained);
    for (reason, used) in REASONS.iter().zip(&outcome.used) {
        assert!(
            *used > 0,
            "no disagreement needs the reason {:?}",
            reason.why
        );
    }
    // Neither everybody refuses everything nor accepts everything.
    assert!(
        outcome.accepted > cases.len() / 4,
        "{} accepted",
        outcome.accepted
    );
    assert!(
        outcome.agreed - outcome.accepted > cases.len() / 2,
        "{} agreed",
        outcome.agreed
    );
}

#[test]
fn several_changes_at_once() {
    assert_explained(&run(&chain::random(&mut Numbers(1), 100)).unexplained);
}

#[test]
#[ignore = "some thousand processes of openssl"]
fn several_changes_at_once_in_thousands_of_chains() {
    let mut numbers = Numbers(2);
    let mut unexplained = vec![];
    for _ in 0..20 {
        unexplained.extend(run(&chain::random(&mut numbers, 250)).unexplained);
    }
    assert_explained(&unexplained);
}

#[test]
fn reasons_name_changes_that_exist() {
    for name in REASONS.iter().flat_map(|reason| reason.changes) {
        assert!(
            mutations::MUTATIONS
                .iter()
                .any(|mutation| mutation.name == *name),
            "{name:?}"
        );
    }
}
