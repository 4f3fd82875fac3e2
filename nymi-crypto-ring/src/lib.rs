//! A fast signature verifier for nymi-core, from ring
