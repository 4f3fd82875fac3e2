//! What the fuzz targets share: a mutator that knows DER, and certificates and revocation lists
//! that are written from a description, under a signature scheme that a fuzzer can sign in.

pub mod der;
pub mod toy;
pub mod x509;

// The writer of the chain tests, so that there is one.
#[allow(dead_code)]
#[path = "../../nymi-core/tests/it/chain_writer.rs"]
mod chain_writer;
