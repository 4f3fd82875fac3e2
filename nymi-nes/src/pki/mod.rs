//! The server's certificates: the enterprise's L1 and L2, the leaves that NES uses itself, and what
//! it issues to others.
//!
//! `keys/enterprise.pem` holds L1, L2 and the key of L2; `keys/agreement.pem` and
//! `keys/assertion.pem` a leaf and its key each. A leaf is replaced once two thirds of its life have
//! passed; an enrollment in flight keeps the agreement key that its band was shown.

mod der;
mod enterprise;
mod issue;
mod pkcs12;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nymi_core::UnixMillis;
use nymi_core::chain::{ChainError, Grade, pem};
use nymi_core::crypto::SecretKey;
use nymi_net::durable::{self, Readers};
use zeroize::Zeroizing;

pub(crate) use enterprise::{Enterprise, Issued, Leaf, Use};

use crate::keys::read_secret;
use pkcs12::{FullChain, FullChainError};

/// Why certificates cannot be used, made or taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PkiError {
    #[error("{0}")]
    FullChain(#[from] FullChainError),
    #[error("{}", chain_sentence(.0))]
    Chain(ChainError),
    #[error("L2 is not a certificate that can be read; ask the vendor for the file again")]
    L2Unreadable,
    #[error("the private key does not belong to L2; export L2 together with its key")]
    KeyOfAnother,
    #[error(
        "this server accepts gold certificates only, and evaluation certificates are bronze; set \
         grade = \"bronze\" for an evaluation, or import the vendor's fullchain.p12"
    )]
    EvaluationIsBronze,
    #[error(
        "this server has enterprise certificates already; import a fullchain.p12 to replace them"
    )]
    Exists,
    #[error("an enterprise name has 1 to 40 characters and no control characters; {0:?} has not")]
    Name(String),
    #[error("{} is not usable: {detail}", .path.display())]
    File { path: PathBuf, detail: String },
    #[error("the system gave no random bytes: {0}")]
    Random(getrandom::Error),
}

/// The numbered form that the field greps for, and the sentence.
fn chain_sentence(error: &ChainError) -> String {
    let place = match error.index() {
        Some(0) => "a leaf under L2",
        Some(1) => "L2",
        Some(_) => "L1",
        None => "the chain",
    };
    format!(
        "{place}: {error} (nsl_verify_nea_cert_chain, {})",
        error.number()
    )
}

fn random(error: getrandom::Error) -> PkiError {
    PkiError::Random(error)
}

#[derive(Default)]
struct Current {
    enterprise: Option<Arc<Enterprise>>,
    /// Why the stored enterprise cannot be used, such as an expired L2.
    problem: Option<String>,
    agreement: Option<Arc<Leaf>>,
    assertion: Option<Arc<Leaf>>,
}

/// An enterprise and one of the server's leaves under it.
pub(crate) type Issuing = (Arc<Enterprise>, Arc<Leaf>);

/// The certificates of one data directory.
pub(crate) struct Pki {
    folder: PathBuf,
    public: PathBuf,
    grade: Grade,
    current: Mutex<Current>,
}

impl Pki {
    /// Reads what is in `folder`; L1 is copied to `public` for everyone to read.
    pub(crate) fn open(
        folder: &Path,
        public: &Path,
        grade: Grade,
        now: UnixMillis,
    ) -> Result<Self, PkiError> {
        let pki = Self {
            folder: folder.to_owned(),
            public: public.to_owned(),
            grade,
            current: Mutex::default(),
        };
        if let Some(text) = pki.read("enterprise.pem")? {
            match Enterprise::checked(pki.parse(&text)?, grade, now) {
                Ok(enterprise) => pki.lock().enterprise = Some(Arc::new(enterprise)),
                // The server still starts, so that an administrator can replace them.
                Err(error @ PkiError::Chain(_)) => {
                    tracing::error!(%error, "the enterprise certificates cannot be used");
                    pki.lock().problem = Some(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(pki)
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // What is behind the lock is replaced as a whole, so that a panic leaves it usable.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The enterprise, if there is one.
    pub(crate) fn enterprise(&self) -> Option<Arc<Enterprise>> {
        self.lock().enterprise.clone()
    }

    /// Makes an evaluation enterprise where there is none.
    pub(crate) fn create_evaluation(&self, name: &str, now: UnixMillis) -> Result<(), PkiError> {
        if self.grade != Grade::Bronze {
            return Err(PkiError::EvaluationIsBronze);
        }
        let length = name.chars().count();
        if !(1..=40).contains(&length) || name.trim() != name || name.chars().any(char::is_control)
        {
            return Err(PkiError::Name(name.to_owned()));
        }
        if self.enterprise().is_some() {
            return Err(PkiError::Exists);
        }
        self.adopt(Enterprise::evaluation(name, now)?)
    }

    /// Takes over the vendor's file, in place of what was there.
    pub(crate) fn import(
        &self,
        file: &[u8],
        password: &str,
        now: UnixMillis,
    ) -> Result<(), PkiError> {
        let chain = pkcs12::read(file, password)?;
        self.adopt(Enterprise::checked(chain, self.grade, now)?)
    }

    fn adopt(&self, enterprise: Enterprise) -> Result<(), PkiError> {
        self.write("enterprise.pem", enterprise.to_pem().as_bytes())?;
        durable::write(
            &self.public,
            enterprise.l1_pem().as_bytes(),
            Readers::Everybody,
        )
        .map_err(|error| file_error(&self.public, &error))?;
        *self.lock() = Current {
            enterprise: Some(Arc::new(enterprise)),
            ..Current::default()
        };
        Ok(())
    }

    /// Why there is no enterprise, for an operator.
    pub(crate) fn why_none(&self) -> String {
        self.lock().problem.clone().unwrap_or_else(|| {
            "this server has no enterprise certificates yet; run `nymi-nes import fullchain.p12`, or \
             `nymi-nes evaluation NAME` for a trial"
                .to_owned()
        })
    }

    /// The enterprise and its present leaf for this use; made or replaced when it is due. None
    /// without an enterprise.
    pub(crate) fn leaf(&self, purpose: Use, now: UnixMillis) -> Result<Option<Issuing>, PkiError> {
        let mut current = self.lock();
        let Some(enterprise) = current.enterprise.clone() else {
            return Ok(None);
        };
        let kept = match purpose {
            Use::Agreement => &mut current.agreement,
            Use::Assertion => &mut current.assertion,
        };
        if let Some(leaf) = kept.as_ref().filter(|leaf| is_current(leaf, now)) {
            return Ok(Some((enterprise, Arc::clone(leaf))));
        }
        let leaf = Arc::new(self.stored_or_new(&enterprise, purpose, now)?);
        *kept = Some(Arc::clone(&leaf));
        Ok(Some((enterprise, leaf)))
    }

    fn stored_or_new(
        &self,
        enterprise: &Enterprise,
        purpose: Use,
        now: UnixMillis,
    ) -> Result<Leaf, PkiError> {
        let stored = self.read(purpose.file())?;
        let stored = stored.and_then(|text| enterprise.read_leaf(&text, purpose, now));
        if let Some(leaf) = stored.filter(|leaf| is_current(leaf, now)) {
            return Ok(leaf);
        }
        let leaf = enterprise.leaf(purpose, now)?;
        enterprise
            .verify(&leaf.der, purpose.role(), now)
            .map_err(PkiError::Chain)?;
        let key = Zeroizing::new(pem::encode("PRIVATE KEY", &leaf.key.to_pkcs8_der()));
        let text = Zeroizing::new(pem::encode("CERTIFICATE", &leaf.der) + &key);
        self.write(purpose.file(), text.as_bytes())?;
        tracing::info!(?purpose, not_after = %leaf.validity.not_after, "issued a certificate for this server");
        Ok(leaf)
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<String>>, PkiError> {
        let path = self.folder.join(name);
        let content = read_secret(&path).map_err(|error| file_error(&path, &error))?;
        content
            .map(|content| match std::str::from_utf8(&content) {
                Ok(text) => Ok(Zeroizing::new(text.to_owned())),
                Err(_) => Err(file_error(&path, &io::Error::other("it is not PEM text"))),
            })
            .transpose()
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), PkiError> {
        let path = self.folder.join(name);
        durable::write(&path, content, Readers::Owner).map_err(|error| file_error(&path, &error))
    }

    fn parse(&self, text: &str) -> Result<FullChain, PkiError> {
        let bad = || {
            let detail = "it should hold L1, L2 and the key of L2; restore it from a backup";
            file_error(
                &self.folder.join("enterprise.pem"),
                &io::Error::other(detail),
            )
        };
        let certificates = pem::decode(text, "CERTIFICATE").map_err(|_| bad())?;
        let key = pem::decode(text, "PRIVATE KEY").map_err(|_| bad())?;
        let key = Zeroizing::new(key.into_iter().next().ok_or_else(bad)?);
        let [l1, l2] = <[Vec<u8>; 2]>::try_from(certificates).map_err(|_| bad())?;
        let l2_key = SecretKey::from_pkcs8_der(&key).ok_or_else(bad)?;
        Ok(FullChain { l1, l2, l2_key })
    }
}

fn is_current(leaf: &Leaf, now: UnixMillis) -> bool {
    !leaf.validity.wants_renewal(now) && now >= leaf.validity.not_before
}

fn file_error(path: &Path, error: &io::Error) -> PkiError {
    PkiError::File {
        path: path.to_owned(),
        detail: error.to_string(),
    }
}
