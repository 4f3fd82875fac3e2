//! Nymi Enterprise Server
mod admin;
mod clock;
mod config;
mod server;

pub use admin::{Admin, AdminError, AuditRow, ServiceKind};
pub use clock::{Clock, SystemClock};
pub use config::{Config, ConfigError, Grade};
pub use server::{Server, ServerHandle, StartError};
