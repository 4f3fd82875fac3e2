//! Nymi Enterprise Server
