//! The `nymi` command from outside: real processes, real sockets, and nothing but what it prints.
mod arrivals;
mod assertion_verify;
mod band_session;
mod capabilities;
mod cert_show;
mod closed_output;
mod commands;
mod documents;
mod durability;
mod hostile;
mod manual;
#[allow(unreachable_pub, reason = "the text of the README")]
mod readme_example;
mod signature;
mod starting;
mod support;
mod tap_tune;
mod template;
