use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Argon2id with 19 MiB and two passes (OWASP Password Storage Cheat Sheet), as a PHC string begins.
const PREFIX: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

/// A hash of no password, verified where there is no account: the same work, so that timing does not
/// tell whether there is one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const SHORTEST: usize = 8;
const LONGEST: usize = 256;
/// Log-ins that wait for their turn; one more is told to come again.
const QUEUE: usize = 64;
/// The same for those whose budget is spent, of which one is checked at a time.
const SLOW_QUEUE: usize = 16;

/// A password that cannot be hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("a password has {SHORTEST} to {LONGEST} bytes; choose another")]
    Length,
    #[error("too many passwords wait to be checked; try again in a second")]
    Busy,
    #[error("the password could not be hashed ({0}); check that the machine has free memory")]
    Failed(String),
}

fn failed(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

/// In which queue a password waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Normal,
    /// One at a time, so that whoever guesses does not keep the others waiting.
    Slow,
}

/// Argon2's memory: as many buffers as hashes run at a time, used again and wiped after each use.
type Buffers = Arc<Mutex<Vec<Vec<Block>>>>;

/// Hashes and verifies passwords off the async threads, a few at a time: each takes 19 MiB.
#[derive(Clone)]
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
    places: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    slow_places: Arc<Semaphore>,
    buffers: Buffers,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let at_a_time = cores.clamp(1, 8);
        Self {
            permits: Arc::new(Semaphore::new(at_a_time)),
            places: Arc::new(Semaphore::new(at_a_time + QUEUE)),
            slow: Arc::new(Semaphore::new(1)),
            slow_places: Arc::new(Semaphore::new(1 + SLOW_QUEUE)),
            buffers: Buffers::default(),
        }
    }
}

/// Argon2id over the password, in one of the buffers.
fn argon2id(
    buffers: &Buffers,
    params: Params,
    password: &[u8],
    salt: &[u8],
    output: &mut [u8],
) -> Result<(), argon2::Error> {
    let lock = || buffers.lock().unwrap_or_else(PoisonError::into_inner);
    let mut blocks = lock().pop().unwrap_or_default();
    if blocks.len() < params.block_count() {
        blocks.resize(params.block_count(), Block::new());
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = argon2.hash_password_into_with_memory(password, salt, output, &mut blocks[..]);
    blocks.fill(Block::new());
    lock().push(blocks);
    done
}

/// Whether `password` is the one of a PHC string that this server wrote.
fn matches(buffers: &Buffers, password: &[u8], hash: &str) -> Option<bool> {
    let stored = PasswordHash::new(hash).ok()?;
    let params = Params::try_from(&stored).ok()?;
    let (salt, expected) = (stored.salt?, stored.hash?);
    let mut output = Zeroizing::new(vec![0; expected.as_ref().len()]);
    argon2id(buffers, params, password, &salt, &mut output).ok()?;
    // Outputs are compared in constant time.
    Some(Output::new(&output).ok()? == expected)
}

impl Hasher {
    /// A place in the queue, and the turn.
    async fn turn(&self, lane: Lane) -> Result<[Option<OwnedSemaphorePermit>; 3], PasswordError> {
        let places = match lane {
            Lane::Normal => &self.places,
            Lane::Slow => &self.slow_places,
        };
        let place = Arc::clone(places).try_acquire_owned();
        let place = place.map_err(|_| PasswordError::Busy)?;
        let slow = match lane {
            Lane::Normal => None,
            Lane::Slow => Some(
                Arc::clone(&self.slow)
                    .acquire_owned()
                    .await
                    .map_err(failed)?,
            ),
        };
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        Ok([Some(permit.map_err(failed)?), slow, Some(place)])
    }

    async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&Buffers) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = self.turn(lane).await?;
        let buffers = Arc::clone(&self.buffers);
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&buffers);
            drop(turn);
            result
        });
        done.await.map_err(failed)
    }

    /// The hash to store.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        if !(SHORTEST..=LONGEST).contains(&password.len()) {
            return Err(PasswordError::Length);
        }
        let password = Zeroizing::new(password.to_owned());
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(failed)?;
        let mut output = [0; 32];
        let hashed = self.run(Lane::Normal, move |buffers| {
            argon2id(
                buffers,
                Params::DEFAULT,
                password.as_bytes(),
                &salt,
                &mut output,
            )
            .map(|()| output)
        });
        let output = hashed.await?.map_err(failed)?;
        let base64 = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        Ok(format!("{PREFIX}{}${}", base64(&salt), base64(&output)))
    }

    /// Whether `password` is the one of `hash`; without a hash the answer is no, after the same work.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<String>,
        lane: Lane,
    ) -> Result<bool, PasswordError> {
        let there = hash.is_some();
        let password = Zeroizing::new(password.chars().take(LONGEST).collect::<String>());
        let matches = self.run(lane, move |buffers| {
            let hash = hash.as_deref().unwrap_or(NOBODY);
            matches(buffers, password.as_bytes(), hash).unwrap_or(false)
        });
        Ok(matches.await? && there)
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
                .verify("correct horse", Some(hash.clone()), Lane::Normal)
                .await
                .unwrap()
        );
        assert!(
            !hasher
                .verify("correct horsf", Some(hash), Lane::Normal)
                .await
                .unwrap()
        );
        assert!(!hasher.verify("", None, Lane::Normal).await.unwrap());
        assert_eq!(hasher.hash("short").await, Err(PasswordError::Length));
    }

    /// Hashes that another implementation of the same algorithm made, in the form that is stored.
    #[test]
    fn reads_what_the_library_writes() {
        use argon2::password_hash::PasswordHasher;
        let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
        let hash = library.hash_password(b"correct horse").unwrap().to_string();
        assert!(hash.starts_with(PREFIX) && NOBODY.starts_with(PREFIX));
        let buffers = Buffers::default();
        assert_eq!(matches(&buffers, b"correct horse", &hash), Some(true));
        assert_eq!(matches(&buffers, b"correct horsf", &hash), Some(false));
    }

    #[tokio::test]
    async fn memory_is_used_again_and_wiped() {
        let hasher = Hasher::default();
        let at_a_time = hasher.permits.available_permits();
        let open: Vec<_> = (0..3 * at_a_time)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.verify("guess", None, Lane::Normal).await })
            })
            .collect();
        for one in open {
            assert_eq!(one.await.unwrap(), Ok(false));
        }
        let buffers = hasher.buffers.lock().unwrap();
        assert!((1..=at_a_time).contains(&buffers.len()));
        for blocks in buffers.iter() {
            assert_eq!(blocks.len(), Params::DEFAULT.block_count());
            assert!(
                blocks
                    .iter()
                    .all(|b| b.as_ref().iter().all(|word| *word == 0))
            );
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let hasher = Hasher::default();
        let _all = hasher
            .places
            .acquire_many(hasher.places.available_permits() as u32);
        let _all = _all.await.unwrap();
        let verify = async |lane| hasher.verify("guess", None, lane).await;
        assert_eq!(verify(Lane::Normal).await, Err(PasswordError::Busy));
        assert_eq!(verify(Lane::Slow).await, Ok(false), "a queue of its own");
        let slow = hasher.slow_places.available_permits() as u32;
        let _slow = hasher.slow_places.acquire_many(slow).await.unwrap();
        assert_eq!(verify(Lane::Slow).await, Err(PasswordError::Busy));
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
