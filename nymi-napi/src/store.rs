//! The per-user store of certificates and keys (NSL).
//!
//! One file per application, enterprise server and L1, so that none of them can be taken for
//! another. Files are for this user alone, and replaced as a whole: a crash leaves the old entry or
//! the new one.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use nymi_core::chain::TrustAnchor;
use nymi_core::chain::pem;
use nymi_core::crypto::SecretKey;
use nymi_core::message::{NeaName, Secret};
use nymi_net::durable::{self, Readers};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::files;
use crate::{Config, KeyProtection};

/// The label of certificates in PEM (RFC 7468).
const CERTIFICATE: &str = "CERTIFICATE";
/// No entry is longer; a longer file is not one.
const MAX_FILE: u64 = 256 * 1024;

/// What is kept: enough to prove who we are without asking NES.
#[derive(Clone)]
pub(crate) struct Entry {
    /// The application.
    pub(crate) nea_name: String,
    /// NES, as a service URL.
    pub(crate) nes_url: String,
    /// The pinned L1.
    pub(crate) anchor: TrustAnchor,
    /// Leaf, then L2; DER.
    pub(crate) chain: Vec<Vec<u8>>,
    /// The key of the leaf.
    pub(crate) key: SecretKey,
}

/// The file's form.
#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    nea_name: String,
    nes_url: String,
    l1: String,
    chain: Vec<String>,
    /// The protection that sealed the key, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protection: Option<String>,
    /// PKCS#8, perhaps sealed, in hex.
    key: Secret,
}

const FORMAT: u32 = 1;

/// The folder, and what seals the keys in it.
#[derive(Clone)]
pub(crate) struct Store {
    folder: PathBuf,
    protection: Option<Arc<dyn KeyProtection>>,
}

/// The store cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(
        "no folder for certificates: neither XDG_DATA_HOME nor HOME is set, or this program has more rights than its user and does not look; name a folder \
         of this user as store_directory, or in NYMI_NSL_DIR"
    )]
    NoFolder,
    #[error("{path} is no safe folder for certificates and keys: {error}")]
    Folder { path: String, error: io::Error },
    #[error(
        "{path} cannot be written: {error}; the folder must belong to this user and have space"
    )]
    Write { path: String, error: io::Error },
}

/// What the folder has for an application.
#[derive(Default)]
pub(crate) struct Found {
    /// The readable entries, newest file first.
    pub(crate) entries: Vec<Entry>,
    /// The application's files that are not used, and why.
    pub(crate) left_aside: Vec<String>,
}

impl Store {
    /// The configured folder, else `NYMI_NSL_DIR`, else the user's data folder.
    pub(crate) fn open(config: &Config) -> Result<Self, StoreError> {
        let folder = match &config.store {
            Some(folder) => folder.clone(),
            None => user_folder(config).ok_or(StoreError::NoFolder)?,
        };
        Ok(Self {
            folder,
            protection: config.key_protection.clone(),
        })
    }

    /// Makes the folder if it is not there, and refuses one that is not safe.
    pub(crate) fn prepare(&self) -> Result<(), StoreError> {
        make_private_folder(&self.folder).map_err(|error| StoreError::Write {
            path: self.folder.display().to_string(),
            error,
        })?;
        self.check()
    }

    /// Refuses a folder of another user, or that others may write: they could put entries there or
    /// take them away.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match files::check_own_folder(&self.folder) {
            Err(error) if !is_not_there(&error) => Err(StoreError::Folder {
                path: self.folder.display().to_string(),
                error,
            }),
            _ => Ok(()),
        }
    }

    /// What there is of an application, at this NES if one is named.
    pub(crate) fn entries(&self, nea_name: &NeaName, nes_url: Option<&str>) -> Found {
        let Ok(files) = fs::read_dir(&self.folder) else {
            return Found::default();
        };
        let prefix = format!("{nea_name}-");
        let mut left_aside = Vec::new();
        let read = files
            .filter_map(Result::ok)
            .filter(|file| {
                file.path()
                    .extension()
                    .is_some_and(|extension| extension == "json")
            })
            .filter_map(|file| {
                let path = file.path();
                let entry = match self.read(&path) {
                    Ok(entry) => entry,
                    Err(error) => {
                        let reason = format!(
                            "{} in the certificate store is left aside: {error}",
                            path.display()
                        );
                        tracing::warn!("{reason}");
                        if file.file_name().to_string_lossy().starts_with(&prefix) {
                            left_aside.push(reason);
                        }
                        return None;
                    }
                };
                let modified = file
                    .metadata()
                    .and_then(|metadata| metadata.modified())
                    .ok()?;
                Some((modified, entry))
            })
            .filter(|(_, entry)| entry.nea_name == nea_name.as_str())
            .filter(|(_, entry)| nes_url.is_none_or(|url| url == entry.nes_url));
        let mut found: Vec<(SystemTime, Entry)> = Vec::new();
        for (modified, entry) in read {
            let at = found.partition_point(|(other, _)| *other >= modified);
            found.insert(at, (modified, entry));
        }
        Found {
            entries: found.into_iter().map(|(_, entry)| entry).collect(),
            left_aside,
        }
    }

    /// Writes an entry in the place of the one with the same name, NES and L1.
    pub(crate) fn save(&self, entry: &Entry) -> Result<(), StoreError> {
        let path = self
            .folder
            .join(file_name(&entry.nea_name, &entry.nes_url, &entry.anchor));
        self.write(&path, entry).map_err(|error| StoreError::Write {
            path: path.display().to_string(),
            error,
        })
    }

    fn write(&self, path: &Path, entry: &Entry) -> io::Result<()> {
        make_private_folder(&self.folder)?;
        files::check_own_folder(&self.folder)?;
        durable::remove_leftovers(&self.folder, is_entry);
        let stored = Stored {
            format: FORMAT,
            nea_name: entry.nea_name.clone(),
            nes_url: entry.nes_url.clone(),
            l1: pem::encode(CERTIFICATE, entry.anchor.der()),
            chain: entry
                .chain
                .iter()
                .map(|der| pem::encode(CERTIFICATE, der))
                .collect(),
            protection: self.protection.as_ref().map(|it| it.name().to_owned()),
            key: self.sealed(&entry.key)?,
        };
        // Large enough that growing leaves no copy behind.
        let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
        serde_json::to_writer_pretty(&mut *text, &stored)?;
        durable::write(path, &text, Readers::Owner)
    }

    fn sealed(&self, key: &SecretKey) -> io::Result<Secret> {
        let key = key.to_pkcs8_der();
        let text = match &self.protection {
            Some(protection) => hex::encode(protection.seal(&key)?),
            None if cfg!(unix) => hex::encode(&*key),
            None => {
                return Err(io::Error::other(
                    "nothing seals keys, and the modes of files do not keep them from others here",
                ));
            }
        };
        text.try_into().map_err(io::Error::other)
    }

    fn opened(&self, stored: &Stored) -> io::Result<SecretKey> {
        let unreadable = || io::Error::other("its key cannot be read");
        let own = self.protection.as_ref().map(|it| it.name());
        if stored.protection.as_deref() != own {
            let by = stored.protection.as_deref().unwrap_or("nothing");
            return Err(io::Error::other(format!("its key is sealed by {by}")));
        }
        let bytes = hex::decode(stored.key.expose()).map_err(|_| unreadable())?;
        let bytes = Zeroizing::new(bytes);
        let key = match &self.protection {
            Some(protection) => protection.open(&bytes)?,
            None => bytes,
        };
        SecretKey::from_pkcs8_der(&key).ok_or_else(unreadable)
    }

    fn read(&self, path: &Path) -> io::Result<Entry> {
        files::read_private(path, MAX_FILE).and_then(|text| self.parse(&text))
    }

    fn parse(&self, text: &[u8]) -> io::Result<Entry> {
        let stored: Stored = serde_json::from_slice(text)?;
        if stored.format != FORMAT {
            return Err(io::Error::other("it is of another version"));
        }
        let not_pem = |what: &str| io::Error::other(format!("its {what} cannot be read"));
        let anchor = TrustAnchor::from_pem(&stored.l1).map_err(|_| not_pem("L1"))?;
        let chain = stored
            .chain
            .iter()
            .map(|text| one(text).ok_or_else(|| not_pem("certificate chain")))
            .collect::<io::Result<_>>()?;
        let key = self.opened(&stored)?;
        Ok(Entry {
            nea_name: stored.nea_name,
            nes_url: stored.nes_url,
            anchor,
            chain,
            key,
        })
    }
}

fn user_folder(config: &Config) -> Option<PathBuf> {
    let set = |name: &str| config.variable(name);
    if let Some(folder) = set("NYMI_NSL_DIR") {
        return Some(folder.into());
    }
    if cfg!(windows) {
        return set("APPDATA").map(|data| Path::new(&data).join("Nymi").join("NSL"));
    }
    let data = match set("XDG_DATA_HOME") {
        Some(data) => PathBuf::from(data),
        None => Path::new(&set("HOME")?).join(".local").join("share"),
    };
    Some(data.join("nymi").join("nsl"))
}

/// Whether a name, less `.json`, may be that of an entry ([`file_name`]).
fn is_entry(stem: &str) -> bool {
    let is_hash = |text: &str| text.len() == 32 && text.bytes().all(|it| it.is_ascii_hexdigit());
    stem.rsplit_once('-').is_some_and(|(_, hash)| is_hash(hash))
}

/// A name that is the same for the same application, NES and L1, and different otherwise.
fn file_name(nea_name: &str, nes_url: &str, anchor: &TrustAnchor) -> String {
    let key = [
        nea_name.as_bytes(),
        nes_url.as_bytes(),
        &anchor.fingerprint(),
    ]
    .join(&0);
    format!(
        "{nea_name}-{}.json",
        hex::encode(&Sha256::digest(key)[..16])
    )
}

fn one(text: &str) -> Option<Vec<u8>> {
    let mut blocks = pem::decode(text, CERTIFICATE).ok()?;
    if blocks.len() == 1 {
        blocks.pop()
    } else {
        None
    }
}

/// There is no folder yet, or what is there has no entries.
fn is_not_there(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(serial: u8) -> Entry {
        use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Entry {
            nea_name: "Records".into(),
            nes_url: "https://nes.example.com/nes".into(),
            anchor: TrustAnchor::from_der(certificate.der()).unwrap(),
            chain: vec![vec![serial; 2000], vec![serial]],
            key: SecretKey::from_scalar(&[serial; 32]).unwrap(),
        }
    }

    /// Where the modes of files do not keep others out, nothing is stored without a protection.
    struct Open;

    impl KeyProtection for Open {
        fn name(&self) -> &'static str {
            "open"
        }

        fn seal(&self, key: &[u8]) -> io::Result<Vec<u8>> {
            Ok(key.to_vec())
        }

        fn open(&self, sealed: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
            Ok(Zeroizing::new(sealed.to_vec()))
        }
    }

    fn store(folder: &Path) -> Store {
        let protection: Option<Arc<dyn KeyProtection>> = if cfg!(unix) {
            None
        } else {
            Some(Arc::new(Open))
        };
        Store {
            folder: folder.join("nsl"),
            protection,
        }
    }

    #[test]
    fn an_entry_is_the_old_one_or_the_new_one_whoever_writes_and_reads() {
        let folder = tempfile::tempdir().unwrap();
        let (store, first) = (store(folder.path()), entry(1));
        store.save(&first).unwrap();
        let name = "Records".parse().unwrap();
        std::thread::scope(|scope| {
            for serial in 2..5 {
                let (store, mut entry) = (&store, first.clone());
                entry.chain = vec![vec![serial; 2000], vec![serial]];
                entry.key = SecretKey::from_scalar(&[serial; 32]).unwrap();
                scope.spawn(move || (0..30).for_each(|_| store.save(&entry).unwrap()));
            }
            for _ in 0..200 {
                let found = store.entries(&name, None).entries;
                let [entry] = &found[..] else {
                    panic!("{} entries", found.len())
                };
                let serial = entry.chain[1][0];
                assert_eq!(entry.chain[0], [serial; 2000], "of two writers");
                let key = SecretKey::from_scalar(&[serial; 32]).unwrap();
                assert_eq!(entry.key.to_pkcs8_der(), key.to_pkcs8_der());
            }
        });
        let files = fs::read_dir(folder.path().join("nsl")).unwrap().count();
        assert_eq!(files, 1, "what was half written is gone");
    }

    #[test]
    fn what_a_crash_left_is_removed_by_the_next_write_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (store, entry) = (store(folder.path()), entry(1));
        store.save(&entry).unwrap();
        let left = format!("Records-{}.{}.new", "ab".repeat(16), "01".repeat(8));
        let kept = [
            format!("Records-{}.{}.new", "ab".repeat(16), "02".repeat(8)),
            format!("Records-{}.{}.new", "ab".repeat(15), "01".repeat(8)),
            format!("Records-{}.{}.new", "ab".repeat(16), "01".repeat(7)),
            format!("Records-{}.new", "ab".repeat(16)),
            format!("{}.{}.new", "ab".repeat(16), "01".repeat(8)),
            "notes.new".to_owned(),
        ];
        let old = SystemTime::now() - std::time::Duration::from_secs(10 * 60);
        for name in kept.iter().chain([&left]) {
            let file = fs::File::create(store.folder.join(name)).unwrap();
            file.set_modified(old).unwrap();
        }
        // This one may still be written.
        let young = fs::File::create(store.folder.join(&kept[0])).unwrap();
        young.set_modified(SystemTime::now()).unwrap();

        store.save(&entry).unwrap();
        let mut expected = kept.to_vec();
        expected.push(file_name("Records", &entry.nes_url, &entry.anchor));
        expected.sort();
        let names = fs::read_dir(&store.folder).unwrap();
        let names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (store, entry) = (store(folder.path()), entry(1));
        store.save(&entry).unwrap();
        let path = fs::read_dir(&store.folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        // Nothing is renamed to where a folder is.
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("kept"), "").unwrap();
        let error = store.save(&entry).unwrap_err().to_string();
        assert!(error.contains("cannot be written"), "{error}");
        assert_eq!(fs::read_dir(&store.folder).unwrap().count(), 1);
        assert!(path.join("kept").exists());
    }
}
