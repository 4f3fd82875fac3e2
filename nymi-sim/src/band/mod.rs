//! One virtual band.

/// Whose certificates a band's firmware trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FirmwareGrade {
    /// Evaluation: trusts the first L1 that it is shown, and keeps it.
    #[default]
    Bronze,
    /// Production: L1 must chain to this vendor root (DER).
    Gold(Vec<u8>),
}
