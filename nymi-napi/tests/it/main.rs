//! The client against a scripted agent and a scripted enterprise server.

mod agent;
mod band;
mod enroll;
mod fake;
mod init;
mod pki;
mod queue;
mod simulation;
mod support;
mod waiting;
