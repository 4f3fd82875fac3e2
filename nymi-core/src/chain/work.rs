//! What one verification may cost, so that hostile input takes bounded time.

use super::error::Fault;

/// Signatures that are verified at most; an honest chain needs one for each certificate and CRL.
const SIGNATURES: u32 = 100;
/// Steps of the search for a path.
const STEPS: u32 = 2_000;
/// Comparisons of names with names and constraints, and of policies with each other; of long names,
/// each 64 octets.
const COMPARISONS: u32 = 100_000;
/// Octets of names that are brought into the form in which they are compared.
const NAME_OCTETS: u32 = 2 * 1024 * 1024;

/// The budget that is left.
pub(crate) struct Work {
    signatures: u32,
    steps: u32,
    comparisons: u32,
    name_octets: u32,
}

impl Work {
    pub(crate) const fn new() -> Self {
        Self {
            signatures: SIGNATURES,
            steps: STEPS,
            comparisons: COMPARISONS,
            name_octets: NAME_OCTETS,
        }
    }

    pub(crate) fn signature(&mut self) -> Result<(), Fault> {
        take(&mut self.signatures, 1)
    }

    pub(crate) fn step(&mut self) -> Result<(), Fault> {
        self.steps(1)
    }

    /// A whole path of so many certificates.
    pub(crate) fn steps(&mut self, count: usize) -> Result<(), Fault> {
        take(&mut self.steps, u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Comparison of two names or texts of which the shorter has so many octets.
    pub(crate) fn compare_names(&mut self, one: usize, other: usize) -> Result<(), Fault> {
        self.compare(1 + one.min(other) / 64)
    }

    pub(crate) fn prepare_name(&mut self, octets: usize) -> Result<(), Fault> {
        take(
            &mut self.name_octets,
            u32::try_from(octets).unwrap_or(u32::MAX),
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_count_as_several() {
        for (one, other, cost) in [(0, 900, 1), (63, 63, 1), (64, 900, 2), (900, 640, 11)] {
            let mut work = Work::new();
            let times = (0..).take_while(|_| work.compare_names(one, other).is_ok());
            assert_eq!(times.count() as u32, COMPARISONS / cost, "{one} {other}");
        }
    }

    #[test]
    fn names_are_prepared_up_to_their_octets() {
        let mut work = Work::new();
        assert!(work.prepare_name(NAME_OCTETS as usize).is_ok());
        assert!(work.prepare_name(1).is_err());
        assert!(Work::new().prepare_name(usize::MAX).is_err());
    }
}
