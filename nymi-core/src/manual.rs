//! The manual's chapters on the rules of this crate, with every rule's source, and the threat model.
//!
//! | chapter | for |
//! | --- | --- |
//! | [`trust`] | certificates: what is checked, in which order, and what each error number means |
//! | [`presence`] | the band's code: how it is made, and the eight steps of its verification |
//! | [`assertions`] | the signed token: its layout, log-in and record checks, maker and checker |
//! | [`threat_model`] | what attackers can do, what is done about it, where, and which test shows it |
//!
//! The texts are those of `docs/` in the repository: this crate is not published, so that a path
//! out of its folder is fine. Their examples run as tests, and their tables are compared with the code.
//! Links are defined twice: here, first and therefore valid, to items; in the text, to files.

pub mod trust {
    //! [`nymi_core::chain`]: crate::chain
    //! [`chain::oid`]: crate::chain::oid
    //! [`chain::verify`]: crate::chain::verify()
    //! [`Requirements`]: crate::chain::Requirements
    //! [`Requirements::with_crls`]: crate::chain::Requirements::with_crls
    //! [`Revocation::Required`]: crate::chain::Revocation::Required
    //! [`Profile::Conforming`]: crate::chain::Profile::Conforming
    //! [`MAX_DEPTH`]: crate::chain::MAX_DEPTH
    //! [`VerifiedChain`]: crate::chain::VerifiedChain
    //! [`VerifiedIssuer`]: crate::chain::VerifiedIssuer
    //! [`ChainError`]: crate::chain::ChainError
    #![doc = include_str!("../../docs/manual/trust.md")]
}

pub mod presence {
    //! [`nymi_core::presence`]: crate::presence
    //! [`PacParameters`]: crate::presence::PacParameters
    //! [threat model]: crate::manual::threat_model
    #![doc = include_str!("../../docs/manual/presence.md")]
}

pub mod assertions {
    //! [`nymi_core::assertion`]: crate::assertion
    //! [`Check::LogIn`]: crate::assertion::Check::LogIn
    //! [`Check::Record`]: crate::assertion::Check::Record
    //! [`verify_counter`]: crate::assertion::verify_counter
    //! [`VerifiedAssertion`]: crate::assertion::VerifiedAssertion
    //! [`AssertionError::number`]: crate::assertion::AssertionError::number
    //! [trust chapter]: crate::manual::trust
    //! [presence chapter]: crate::manual::presence
    #![doc = include_str!("../../docs/manual/assertions.md")]
}

pub mod threat_model {
    //! [trust chapter]: crate::manual::trust
    //! [presence chapter]: crate::manual::presence
    //! [assertions chapter]: crate::manual::assertions
    #![doc = include_str!("../../docs/threat-model.md")]
}
