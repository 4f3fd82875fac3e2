//! The keys of applications, as the state file holds them.

use std::collections::BTreeMap;

use nymi_core::band::session::{ApplicationKeys, BandSecret, KeyRing};
use nymi_core::crypto::SecretKey;
use serde::{Deserialize, Serialize};

use super::memory::Secret;

/// The keys of one application; cleared when dropped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedKeys {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signing: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    totp: Option<Secret>,
    /// By id, in hexadecimal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    symmetric: BTreeMap<String, Secret>,
}

pub(super) fn save(ring: &KeyRing) -> BTreeMap<String, SavedKeys> {
    let of = |keys: &ApplicationKeys| {
        let signing = keys.signing.as_ref().map(SecretKey::to_pkcs8_der);
        let symmetric = keys
            .symmetric
            .iter()
            .map(|(id, key)| (hex::encode(id), Secret::new(key.expose())));
        SavedKeys {
            signing: signing.map(|key| Secret::new(&key)),
            totp: keys.totp.as_ref().map(|key| Secret::new(key.expose())),
            symmetric: symmetric.collect(),
        }
    };
    let applications = ring.applications();
    applications
        .map(|(name, keys)| (name.to_owned(), of(keys)))
        .collect()
}

/// The keys that were saved; none if a key is not one.
pub(super) fn restore(saved: &BTreeMap<String, SavedKeys>) -> Option<KeyRing> {
    let mut kept = Vec::with_capacity(saved.len());
    for (name, keys) in saved {
        let mut restored = ApplicationKeys::default();
        if let Some(signing) = &keys.signing {
            restored.signing = Some(SecretKey::from_pkcs8_der(&signing.bytes()?)?);
        }
        if let Some(totp) = &keys.totp {
            restored.totp = Some(secret(totp)?);
        }
        for (id, key) in &keys.symmetric {
            let id = hex::decode(id).ok()?.try_into().ok()?;
            restored.symmetric.insert(id, secret(key)?);
        }
        kept.push((name.clone(), restored));
    }
    Some(kept.into_iter().collect())
}

fn secret<const N: usize>(saved: &Secret) -> Option<BandSecret<N>> {
    let bytes = saved.bytes()?;
    Some(BandSecret::new(bytes.as_slice().try_into().ok()?))
}
