//! What one verification may cost, so that hostile input takes bounded time.

use super::error::Fault;

/// Signatures that are verified at most; an honest chain needs one for each certificate and CRL.
const SIGNATURES: u32 = 100;
/// Steps of the search for a path.
const STEPS: u32 = 2_000;
/// Comparisons of names with constraints, and of policies with each other.
const COMPARISONS: u32 = 100_000;

/// The budget that is left.
pub(crate) struct Work {
    signatures: u32,
    steps: u32,
    comparisons: u32,
}

impl Work {
    pub(crate) const fn new() -> Self {
        Self {
            signatures: SIGNATURES,
            steps: STEPS,
            comparisons: COMPARISONS,
        }
    }

    pub(crate) fn signature(&mut self) -> Result<(), Fault> {
        take(&mut self.signatures, 1)
    }

    pub(crate) fn step(&mut self) -> Result<(), Fault> {
        take(&mut self.steps, 1)
    }

    pub(crate) fn compare(&mut self, count: usize) -> Result<(), Fault> {
        take(
            &mut self.comparisons,
            u32::try_from(count).unwrap_or(u32::MAX),
        )
    }
}

fn take(left: &mut u32, count: u32) -> Result<(), Fault> {
    match left.checked_sub(count) {
        Some(rest) => {
            *left = rest;
            Ok(())
        }
        None => {
            *left = 0;
            Err(Fault::WorkLimit)
        }
    }
}
