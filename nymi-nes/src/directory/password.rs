use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Argon2id with 19 MiB and two passes (OWASP Password Storage Cheat Sheet).
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// A hash of no password, verified where there is no account: the same work, so that timing does not
/// tell whether there is one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const SHORTEST: usize = 8;
const LONGEST: usize = 256;

/// A password that cannot be hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("a password has {SHORTEST} to {LONGEST} bytes; choose another")]
    Length,
    #[error("the password could not be hashed ({0}); check that the machine has free memory")]
    Failed(String),
}

/// Hashes and verifies passwords off the async threads, a few at a time: each takes 19 MiB.
#[derive(Clone)]
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            permits: Arc::new(Semaphore::new(cores.clamp(1, 8))),
        }
    }
}

impl Hasher {
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let failed = |error: &dyn std::fmt::Display| PasswordError::Failed(error.to_string());
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|error| failed(&error))?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        done.await.map_err(|error| failed(&error))
    }

    /// The hash to store.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        if !(SHORTEST..=LONGEST).contains(&password.len()) {
            return Err(PasswordError::Length);
        }
        let password = Zeroizing::new(password.to_owned());
        let hashed = self
            .run(move || {
                argon2()
                    .hash_password(password.as_bytes())
                    .map(|hash| hash.to_string())
            })
            .await?;
        hashed.map_err(|error| PasswordError::Failed(error.to_string()))
    }

    /// Whether `password` is the one of `hash`; without a hash the answer is no, after the same work.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let there = hash.is_some();
        let password = Zeroizing::new(password.chars().take(LONGEST).collect::<String>());
        let matches = self
            .run(move || {
                let hash = hash.as_deref().unwrap_or(NOBODY);
                PasswordHash::new(hash)
                    .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(matches && there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn verifies_its_own_hashes_and_nobodys_never() {
        let hasher = Hasher::default();
        let hash = hasher.hash("correct horse").await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            hasher
                .verify("correct horse", Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!hasher.verify("correct horsf", Some(hash)).await.unwrap());
        assert!(!hasher.verify("", None).await.unwrap());
        assert_eq!(hasher.hash("short").await, Err(PasswordError::Length));
    }

    #[test]
    fn nobody_costs_the_same_work() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(
            Params::try_from(&hash).unwrap().m_cost(),
            Params::DEFAULT.m_cost()
        );
        assert_eq!(
            Params::try_from(&hash).unwrap().t_cost(),
            Params::DEFAULT.t_cost()
        );
    }
}
