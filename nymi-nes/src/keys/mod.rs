//! Keys at rest: files that only the service reads, and the sealing of secrets in the database.

mod files;
mod seal;

pub(crate) use files::{prepare_folder, read_secret};
pub(crate) use seal::{Place, SealError, Sealer};
