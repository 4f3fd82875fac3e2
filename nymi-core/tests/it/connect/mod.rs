//! Connect: which window gets credentials, and what is recorded.

mod decide;
mod settings;
mod telemetry;
mod url;
