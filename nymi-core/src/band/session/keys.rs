use alloc::collections::BTreeMap;
use alloc::string::String;

use super::secret::BandSecret;
use super::totp::TOTP_SECRET_BYTES;
use crate::crypto::SecretKey;

/// The keys that a band holds for applications: each belongs to the name that made it.
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    applications: BTreeMap<String, ApplicationKeys>,
}

/// The keys of one application.
#[derive(Clone, Debug, Default)]
pub struct ApplicationKeys {
    /// Signs; made at the first signature. The band's identity key signs nothing that an application
    /// chooses.
    pub signing: Option<SecretKey>,
    /// The secret of its one-time passwords.
    pub totp: Option<BandSecret<TOTP_SECRET_BYTES>>,
    /// Its symmetric keys, by id.
    pub symmetric: BTreeMap<[u8; 16], BandSecret<32>>,
}

impl ApplicationKeys {
    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.signing.is_some())
            + usize::from(self.totp.is_some())
            + self.symmetric.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl KeyRing {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.applications.values().map(ApplicationKeys::len).sum()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.applications.is_empty()
    }

    /// Wipes all of them.
    pub fn clear(&mut self) {
        self.applications.clear();
    }

    /// Each application with its keys, to be written down.
    pub fn applications(&self) -> impl Iterator<Item = (&str, &ApplicationKeys)> {
        self.applications
            .iter()
            .map(|(name, keys)| (name.as_str(), keys))
    }

    /// The keys of an application; none if it has none.
    pub fn of(&self, application: &str) -> Option<&ApplicationKeys> {
        self.applications.get(application)
    }

    /// The same, to be changed.
    pub(super) fn entry(&mut self, application: &str) -> &mut ApplicationKeys {
        self.applications.entry(application.into()).or_default()
    }

    /// The same, unless it has none.
    pub(super) fn of_mut(&mut self, application: &str) -> Option<&mut ApplicationKeys> {
        self.applications.get_mut(application)
    }

    /// Forgets applications without keys.
    pub(super) fn tidy(&mut self) {
        self.applications.retain(|_, keys| !keys.is_empty());
    }
}

impl FromIterator<(String, ApplicationKeys)> for KeyRing {
    fn from_iter<I: IntoIterator<Item = (String, ApplicationKeys)>>(kept: I) -> Self {
        let applications = kept.into_iter().collect();
        let mut ring = Self { applications };
        ring.tidy();
        ring
    }
}
