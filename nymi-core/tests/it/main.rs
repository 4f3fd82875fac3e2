//! Behaviour of nymi-core through its public interface.
mod presence_vectors;
