//! Behaviour of nymi-core through its public interface.
mod catalogue;
mod message;
mod presence_agreement;
mod presence_edges;
mod presence_model;
mod presence_properties;
mod presence_vectors;
mod tap;
