//! Behaviour of nymi-core through its public interface.
mod assertion;
mod catalogue;
mod message;
mod presence_agreement;
mod presence_edges;
mod presence_model;
mod presence_month;
mod presence_properties;
mod presence_tune;
mod presence_vectors;
mod tap;

#[path = "../../examples/presence-parameters/report.rs"]
mod report;
#[path = "../../examples/presence-parameters/simulation.rs"]
mod simulation;
