//! How stored keys are kept from other users, where the modes of files do not do it.

use std::io;

use zeroize::Zeroizing;

/// Seals the keys of stored certificates for this user of this machine: on Windows DPAPI, which the C
/// library brings along.
pub trait KeyProtection: Send + Sync {
    /// What stands beside a sealed key in the store, so that no other protection tries to open it.
    fn name(&self) -> &'static str;

    /// Seals a key.
    ///
    /// # Errors
    /// What the system says against it; the certificate is not stored then.
    fn seal(&self, key: &[u8]) -> io::Result<Vec<u8>>;

    /// Opens what [`seal`](Self::seal) made.
    ///
    /// # Errors
    /// It is another user's, or was changed; a new certificate is asked for then.
    fn open(&self, sealed: &[u8]) -> io::Result<Zeroizing<Vec<u8>>>;
}
