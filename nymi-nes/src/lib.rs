//! Nymi Enterprise Server: users, bands and certificates, presence verification, assertions, audit.
//!
//! A library with a thin `main`: [`Server::start`] opens a data directory and serves it, [`Admin`] is
//! what the command line and `nymi up` do in process.
//!
//! | module | holds |
//! | --- | --- |
//! | `store` | the database: each change and its audit rows in one transaction, the audit chain |
//! | `keys` | key files and the sealing of secrets |
//! | `pki` | L1 and L2, import, evaluation, issuing and renewing certificates |
//! | `directory` | accounts, passwords, account status |
//! | `enrollment` | key agreement with bands, enrolling as the core decides, setting a band's clock |
//! | `life` | what the core's operations on bands read and write |
//! | `presence` | claims on frames, replay state, assertions |
//! | `http` | the REST interface |
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use nymi_nes::{Config, Grade, Server, ServiceKind};
//!
//! let config = Config { grade: Grade::Bronze, ..Config::new("/var/lib/nymi-nes") };
//! let server = Server::start(config).await?;
//! server.admin().create_evaluation_enterprise("Example").await?;
//! server.admin().create_user("CORP", "bob", "correct horse battery").await?;
//! let any = vec!["*".to_owned()];
//! let agent = ServiceKind::Agent { endpoints: any };
//! server.admin().create_service_account("agent", "a long random text", agent).await?;
//! println!("{}", server.url());
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod admin;
mod clock;
mod config;
mod directory;
mod enrollment;
mod http;
mod keys;
mod life;
mod nes;
mod pki;
mod presence;
mod server;
mod store;

pub use admin::{ARRIVALS_HEADER, Admin, AdminError, AuditRow, MAX_ARRIVALS, ServiceKind};
pub use clock::{Clock, SystemClock};
pub use config::{Config, ConfigError, Grade};
pub use directory::AccountFlags;
pub use server::{Server, ServerHandle, StartError};
