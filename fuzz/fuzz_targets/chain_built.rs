//! Chains and revocation lists that are written from a description and signed, by a toy scheme that
//! tells keys and messages apart: what passes fulfils what was demanded, and demanding less refuses
//! nothing more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nymi_core::chain::{
    Certificate, ChainError, Crl, PolicyInputs, Profile, Requirements, Revocation, TrustAnchor,
    VerifiedChain, verify,
};
use nymi_fuzz::toy::Checksum;
use nymi_fuzz::x509::Scene;

struct Case<'a> {
    scene: &'a Scene,
    anchors: Vec<TrustAnchor>,
    presented: Vec<&'a [u8]>,
}

impl Case<'_> {
    fn verify(&self, requirements: &Requirements<'_>) -> Result<VerifiedChain, ChainError> {
        verify(
            &Checksum,
            &self.anchors,
            &self.presented,
            self.scene.at(),
            requirements,
        )
    }
}

/// Whether the search gave up, in which case less may have been found than there is.
fn gave_up(result: &Result<VerifiedChain, ChainError>) -> bool {
    result
        .as_ref()
        .is_err_and(|error| format!("{error:?}").contains("WorkLimit"))
}

fn holds(case: &Case<'_>, chain: &VerifiedChain) {
    let path = chain.path();
    let at = case.scene.at();
    assert_eq!(chain.leaf().der(), case.presented[0]);
    assert!(
        case.anchors
            .iter()
            .any(|anchor| anchor.der() == chain.anchor().der())
    );
    let [_, below @ ..] = path else {
        panic!("a path is empty")
    };
    let [above @ .., _] = path else {
        panic!("a path is empty")
    };
    assert!(below.iter().all(|one| one.is_valid_at(at)));
    assert!(above.iter().all(|one| one.is_ca()));
    for pair in path.windows(2) {
        assert_eq!(
            spelled(pair[0].subject_der()),
            spelled(pair[1].issuer_der())
        );
    }
    if let Some(role) = case.scene.role() {
        assert!(chain.leaf().has_role(role) && !chain.leaf().is_ca());
    }
    for (index, one) in above.iter().enumerate().skip(1) {
        let under = above[index + 1..]
            .iter()
            .filter(|other| !self_issued(other))
            .count();
        assert!(one.path_length().is_none_or(|most| under <= most as usize));
    }
}

fn self_issued(certificate: &Certificate) -> bool {
    spelled(certificate.subject_der()) == spelled(certificate.issuer_der())
}

/// The letters of a name alone: all spellings of one are the same, and no two names are.
fn spelled(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name).to_lowercase();
    text.chars().filter(|char| char.is_alphanumeric()).collect()
}

fuzz_target!(
    init: assert!(judge(&Scene::usual()), "what is usual passes, else this target reaches little"),
    |scene: Scene| {
        judge(&scene);
    }
);

/// Whether the chain passes; panics where that contradicts something.
fn judge(scene: &Scene) -> bool {
    let written = scene.write();
    let anchors: Vec<TrustAnchor> = written
        .anchors
        .iter()
        .filter_map(|der| TrustAnchor::from_der(der).ok())
        .collect();
    let crls: Vec<Crl> = written
        .lists
        .iter()
        .filter_map(|der| Crl::from_der(der).ok())
        .collect();
    let presented: Vec<&[u8]> = written.presented.iter().map(Vec::as_slice).collect();
    let mut case = Case {
        scene,
        anchors,
        presented,
    };
    let demanded = scene.requirements().with_crls(&crls);
    let found = case.verify(&demanded);
    let Ok(chain) = found else {
        if !gave_up(&found) && case.presented.len() > 2 {
            case.presented[1..].reverse();
            let again = case.verify(&demanded);
            assert!(
                again.is_err() || gave_up(&again),
                "the order of intermediates does not matter"
            );
        }
        return false;
    };
    holds(&case, &chain);
    let fewer = [
        scene
            .requirements()
            .with_crls(&crls)
            .with_revocation(Revocation::WhereCovered),
        scene
            .requirements()
            .with_crls(&crls)
            .with_profile(Profile::Path),
        scene.requirements().with_crls(&crls).with_max_depth(8),
        scene.requirements_of_any_grade().with_crls(&crls),
        scene
            .requirements()
            .with_crls(&crls)
            .with_policies(PolicyInputs::new()),
    ];
    for less in fewer {
        let result = case.verify(&less);
        assert!(
            result.is_ok() || gave_up(&result),
            "demanding less refuses more: {result:?}"
        );
    }
    let leaf = chain.leaf().clone();
    let mut issuer = chain.into_issuer();
    issuer.remember_crls(&Checksum, &crls);
    let kept = issuer.verify_leaf(&Checksum, leaf.der(), scene.at(), &demanded);
    // A list may be signed by a certificate that is not in the path: the kept issuer does not know it.
    if crls.is_empty() {
        assert!(
            kept.is_ok(),
            "a kept issuer judges as the whole chain does: {kept:?}"
        );
    }
    true
}
