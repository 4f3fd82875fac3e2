//! The nymi command.
fn main() {}
