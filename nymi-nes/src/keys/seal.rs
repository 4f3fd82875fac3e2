use std::io;
use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use nymi_net::durable::{self, Readers};
use zeroize::Zeroizing;

use super::files::read_secret;

/// The version byte before the nonce; another key or algorithm gets another.
const VERSION: u8 = 1;
const NONCE: usize = 12;

/// Where a sealed value belongs; moved elsewhere it does not open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    pub(crate) row: i64,
    pub(crate) user: i64,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        for name in [self.table, self.column] {
            bytes.extend(name.as_bytes());
            bytes.push(0);
        }
        bytes.extend(self.row.to_be_bytes());
        bytes.extend(self.user.to_be_bytes());
        bytes
    }
}

/// A value that does not open: another key, another place, or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sealed value does not open; restore the key file that belongs to this database, or enroll the band again"
)]
pub(crate) struct SealError;

/// Seals secrets with AES-256-GCM under a key that lives in a file outside the database.
pub(crate) struct Sealer(Aes256Gcm);

impl Sealer {
    /// The key in `path`, or a new one if the file does not exist.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let key = match read_secret(path)? {
            Some(key) => key,
            None => {
                let mut key = Zeroizing::new(vec![0; 32]);
                getrandom::fill(&mut key).map_err(io::Error::other)?;
                durable::write(path, &key, Readers::Owner)?;
                key
            }
        };
        let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_| {
            io::Error::other(format!(
                "it has {} bytes, not 32; restore it from a backup",
                key.len()
            ))
        })?;
        Ok(Self(cipher))
    }

    /// Seals `secret` for this place.
    pub(crate) fn seal(&self, place: Place<'_>, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let payload = Payload {
            msg: secret,
            aad: &place.bytes(),
        };
        let sealed = self
            .0
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| SealError)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Sealer::seal`] made for the same place.
    pub(crate) fn open_sealed(
        &self,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(SealError)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(SealError)?;
        let payload = Payload {
            msg: sealed,
            aad: &place.bytes(),
        };
        self.0
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place {
        table: "nub.AdvertisingKey",
        column: "AdvKey1",
        row: 1,
        user: 2,
    };

    #[test]
    fn opens_only_where_it_was_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let sealer = Sealer::open(&path).unwrap();
        let sealed = sealer.seal(HERE, b"secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        let again = Sealer::open(&path).unwrap();
        assert_eq!(
            again.open_sealed(HERE, &sealed).unwrap().as_slice(),
            b"secret"
        );
        for elsewhere in [
            Place {
                table: "nub.NymiBand",
                ..HERE
            },
            Place {
                column: "AdvKey2",
                ..HERE
            },
            Place { row: 2, ..HERE },
            Place { user: 1, ..HERE },
        ] {
            assert_eq!(again.open_sealed(elsewhere, &sealed), Err(SealError));
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(
                again.open_sealed(HERE, &changed),
                Err(SealError),
                "byte {at}"
            );
        }
        assert_eq!(again.open_sealed(HERE, &[]), Err(SealError));
    }
}
