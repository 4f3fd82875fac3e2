//! Behaviour of nymi-core through its public interface.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read vectors, run other verifiers and rewrite generated pages"
)]
mod assertion;
mod band;
mod catalogue;
mod catalogue_page;
mod catalogue_pastes;
mod chain_broken;
mod chain_building;
mod chain_csr;
mod chain_hostile;
mod chain_kept;
mod chain_name_matrix;
mod chain_names;
mod chain_policies;
mod chain_policy_model;
mod chain_properties;
mod chain_revocation;
mod chain_rules;
mod chain_writer;
mod connect;
mod differential;
mod directory;
mod enrollment;
mod enterprise;
mod import;
mod life;
mod lock;
mod manual;
mod message;
mod policy;
mod presence_agreement;
mod presence_edges;
mod presence_model;
mod presence_month;
mod presence_properties;
mod presence_tune;
mod presence_vectors;
mod tap;
mod wycheproof;

#[path = "../../examples/presence-parameters/report.rs"]
mod report;
#[path = "../../examples/presence-parameters/simulation.rs"]
mod simulation;
