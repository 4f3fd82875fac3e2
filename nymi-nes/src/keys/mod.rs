//! Keys at rest: files that only the service reads, and the sealing of secrets in the database.

mod files;
mod seal;

pub(crate) use files::{Protection, prepare_folder, read_secret, write_atomically};
pub(crate) use seal::{Place, SealError, Sealer};
