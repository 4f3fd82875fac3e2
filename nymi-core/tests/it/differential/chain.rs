//! Generated chains: sound to begin with, then changed.

use std::fmt;

use nymi_core::chain::oid;
use nymi_core::crypto::SecretKey;

use super::mutations::{MUTATIONS, Mutation};
use crate::chain_writer::*;

/// Which certificates of a chain a change concerns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Any,
    Root,
    Ca,
    Leaf,
    /// All but the root.
    Issued,
}

/// A change to what was signed.
pub(super) type Change = fn(&mut Vec<u8>);

/// A chain before it is written, the root first.
#[derive(Clone)]
pub(super) struct Chain {
    pub(super) certs: Vec<Cert>,
    /// Who signs each.
    pub(super) signers: Vec<SecretKey>,
    /// What happens to each after it was signed.
    pub(super) after: Vec<Vec<Change>>,
    pub(super) reversed: bool,
    pub(super) with_root: bool,
    /// An intermediate that is not presented.
    pub(super) absent: Option<usize>,
}

impl Chain {
    /// A chain that everybody accepts, with this many intermediates.
    pub(super) fn sound(intermediates: usize) -> Self {
        let mut certs: Vec<Cert> = vec![];
        for position in 0..intermediates + 2 {
            let issuer = certs
                .last()
                .map_or(cn("Root CA"), |issuer| issuer.subject.clone());
            let number = position as u8 + 1;
            let mut cert = if position == 0 {
                Cert::root("Root CA", number)
            } else if position <= intermediates {
                Cert::ca(&format!("Sub CA {position}"), number, &issuer, None)
            } else {
                Cert::end("kiosk", number, &issuer).with(
                    KEY_PURPOSES,
                    false,
                    &ids(&[oid::CLIENT_AUTH]),
                )
            };
            cert.set(SUBJECT_KEY_ID, false, &octets(&[number; 20]));
            let authority = [number.saturating_sub(1).max(1); 20];
            cert.set(AUTHORITY_KEY_ID, false, &seq(&[&tlv(0x80, &authority)]));
            certs.push(cert);
        }
        let signers = (0..certs.len())
            .map(|position| certs[position.saturating_sub(1)].key.clone())
            .collect();
        Self {
            signers,
            after: vec![vec![]; certs.len()],
            certs,
            reversed: false,
            with_root: false,
            absent: None,
        }
    }

    pub(super) fn leaf(&mut self) -> &mut Cert {
        self.certs.last_mut().unwrap()
    }

    /// Where this mutation can be applied.
    pub(super) fn places(&self, mutation: &Mutation) -> std::ops::Range<usize> {
        let count = self.certs.len();
        match mutation.place {
            Place::Any => 0..count,
            Place::Root => 0..1,
            Place::Ca => 0..count - 1,
            Place::Leaf => count - 1..count,
            Place::Issued => 1..count,
        }
    }
}

/// A chain in DER and what was done to it.
pub(super) struct Case {
    /// The names of the mutations, and where.
    pub(super) changes: Vec<(&'static str, usize)>,
    pub(super) count: usize,
    pub(super) anchor: Vec<u8>,
    pub(super) intermediates: Vec<Vec<u8>>,
    pub(super) leaf: Vec<u8>,
}

impl Case {
    fn new(changes: Vec<(&'static str, usize)>, chain: &Chain) -> Self {
        let mut written: Vec<Vec<u8>> = chain
            .certs
            .iter()
            .zip(&chain.signers)
            .zip(&chain.after)
            .map(|((cert, signer), changes)| {
                let mut der = cert.sign(signer);
                changes.iter().for_each(|change| change(&mut der));
                der
            })
            .collect();
        let leaf = written.pop().unwrap();
        if let Some(absent) = chain.absent {
            written.remove(absent);
        }
        let anchor = written[0].clone();
        let mut intermediates = written.split_off(usize::from(!chain.with_root));
        if !chain.reversed {
            intermediates.reverse();
        }
        Self {
            changes,
            count: chain.certs.len(),
            anchor,
            intermediates,
            leaf,
        }
    }

    /// What is presented, leaf first.
    pub(super) fn presented(&self) -> Vec<Vec<u8>> {
        [std::slice::from_ref(&self.leaf), &self.intermediates].concat()
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chain of {}", self.count)?;
        self.changes
            .iter()
            .try_for_each(|(name, place)| write!(f, ", {name} at {place}"))
    }
}

/// Every mutation once at every place of root, one intermediate and leaf; and chains of other lengths.
pub(super) fn systematic() -> Vec<Case> {
    let mut cases: Vec<Case> = (0..=5)
        .map(|n| Case::new(vec![], &Chain::sound(n)))
        .collect();
    let sound = Chain::sound(1);
    for mutation in MUTATIONS {
        for place in sound.places(mutation) {
            let mut chain = sound.clone();
            (mutation.apply)(&mut chain, place);
            cases.push(Case::new(vec![(mutation.name, place)], &chain));
        }
    }
    cases
}

/// One to three mutations anywhere in chains with up to four intermediates.
pub(super) fn random(numbers: &mut Numbers, count: usize) -> Vec<Case> {
    let mut cases = vec![];
    while cases.len() < count {
        let (mut chain, mut changes) = (Chain::sound(numbers.below(5)), vec![]);
        for _ in 0..=numbers.below(3) {
            let mutation = &MUTATIONS[numbers.below(MUTATIONS.len())];
            let places = chain.places(mutation);
            let place = places.start + numbers.below(places.len());
            (mutation.apply)(&mut chain, place);
            changes.push((mutation.name, place));
        }
        cases.push(Case::new(changes, &chain));
    }
    cases
}
