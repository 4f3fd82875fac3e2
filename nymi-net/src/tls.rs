//! TLS for both sides: rustls with the ring provider, passed explicitly.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsConnector;

use crate::network::Connection;

/// Why TLS cannot be set up. Each names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or cannot be read.
    #[error("cannot read {} ({key}): {source}; check the path and that the service may read it", .path.display())]
    Unreadable {
        /// The configuration key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds no PEM of the kind expected.
    #[error("{} ({key}) holds no {expected} in PEM; {remedy}", .path.display())]
    NotPem {
        /// The configuration key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// Certificate and key do not belong together, or the algorithm is not supported.
    #[error("{} and {} do not belong together ({detail}); give the private key of that certificate", .certfile.display(), .keyfile.display())]
    Mismatch {
        /// The certificate file.
        certfile: PathBuf,
        /// The key file.
        keyfile: PathBuf,
        /// What rustls says.
        detail: String,
    },
    /// A root certificate given by the caller is not one.
    #[error("a trusted root certificate is not valid ({0}); give the L1 certificate in DER or PEM")]
    Root(String),
}

/// The files of a TLS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain, leaf first, PEM.
    pub certfile: PathBuf,
    /// Private key, PEM, not encrypted.
    pub keyfile: PathBuf,
    /// Certificates to append to the chain, PEM; optional.
    pub cacertfile: Option<PathBuf>,
}

/// What a TLS listener presents; [`ServerTls::reload`] replaces it without dropping connections.
#[derive(Clone)]
pub struct ServerTls {
    files: TlsFiles,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl ServerTls {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let config = server_config(&files)?;
        Ok(Self {
            files,
            current: Arc::new(RwLock::new(Arc::new(config))),
        })
    }

    /// Reads the files again; on an error the present certificate stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = Arc::new(server_config(&self.files)?);
        *self
            .current
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = config;
        Ok(())
    }

    /// The files this was read from.
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(
            &self
                .current
                .read()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(key, path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .filter_map(Result::ok)
        .collect();
    if chain.is_empty() {
        return Err(TlsError::NotPem {
            key,
            path: path.to_owned(),
            expected: "certificate",
            remedy: "give the certificate chain, leaf first",
        });
    }
    Ok(chain)
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable {
        key,
        path: path.to_owned(),
        source,
    })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = rustls_zeroizing(read("keyfile", path)?);
    let encrypted = find(&pem, b"ENCRYPTED");
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::NotPem {
        key: "keyfile",
        path: path.to_owned(),
        expected: "private key without a password",
        remedy: if encrypted {
            "the key is encrypted: write it without a password, readable by the service alone"
        } else {
            "give the private key of the certificate"
        },
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

fn rustls_zeroizing(bytes: Vec<u8>) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new(bytes)
}

fn server_config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let mut chain = certificates("certfile", &files.certfile)?;
    if let Some(path) = &files.cacertfile {
        for certificate in certificates("cacertfile", path)? {
            if !chain.contains(&certificate) {
                chain.push(certificate);
            }
        }
    }
    let key = private_key(&files.keyfile)?;
    let mismatch = |error: rustls::Error| TlsError::Mismatch {
        certfile: files.certfile.clone(),
        keyfile: files.keyfile.clone(),
        detail: error.to_string(),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(mismatch)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// For clients that prove nothing by a certificate of their own. Without the code that signs with every
/// kind of key, programs that are only clients are smaller.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("clients have no keys".to_owned()))
    }
}

/// A client configuration that trusts the system's roots and `extra_roots` (DER), such as L1.
pub fn client_config(extra_roots: &[Vec<u8>]) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    for error in add_system_roots(&mut roots) {
        tracing::debug!(%error, "a system root certificate was left out");
    }
    for root in extra_roots {
        roots
            .add(CertificateDer::from(root.clone()))
            .map_err(|error| TlsError::Root(error.to_string()))?;
    }
    let provider = CryptoProvider {
        key_provider: &NoKeys,
        ..ring::default_provider()
    };
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Root(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Speaks TLS on a connection, with the server of this name or address (IPv6 without brackets).
pub(crate) async fn secure(
    config: Arc<ClientConfig>,
    host: &str,
    connection: Connection,
) -> io::Result<Connection> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let stream = TlsConnector::from(config).connect(name, connection).await?;
    Ok(Box::new(stream))
}

/// Whether a connection failed because the server answered with something that is not TLS, such as plain
/// HTTP.
pub(crate) fn is_no_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    use rustls::{Error, InvalidMessage};
    match error.downcast_ref::<Error>() {
        Some(Error::InvalidMessage(message)) => *message == InvalidMessage::InvalidContentType,
        Some(_) => false,
        None => {
            let within = error.downcast_ref::<io::Error>();
            let within = within.and_then(io::Error::get_ref);
            within.is_some_and(|it| is_no_tls(it as &(dyn std::error::Error + 'static)))
                || error.source().is_some_and(is_no_tls)
        }
    }
}

fn add_system_roots(roots: &mut RootCertStore) -> Vec<String> {
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    native.errors.iter().map(ToString::to_string).collect()
}
