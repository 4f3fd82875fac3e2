//! Directory: may this account act, as the directory describes it?
//!
//! A directory says of an account in numbers what an operator must read as a reason. This module
//! turns [`Attributes`] that a search returned, or the sub-code of a refused bind, into one
//! [`AccountStatus`] at a given time, and decides how long it may be kept. It speaks no LDAP.
//!
//! ```text
//!   attributes ──► Attributes::parse ──► status(domain, now) ──┐
//!   bind error ──► BindRefusal::parse ────────────────────────┼──► AccountStatus ──► StatusCache
//!   no entry   ──► AccountStatus::NotFound ───────────────────┘
//! ```
//!
//! **Which reason counts** when several apply: the one that stands first in [`AccountStatus`]. What
//! an administrator must undo comes before what the user can. Sources: guide 001 "Cannot log in
//! using this account" and "Password has expired", guide 002 "Username or password are incorrect",
//! and MS-ADTS 3.1.1.4.5.17 for what the directory itself computes.
//!
//! **Units**: [`UnitName::resolve`] finds the one organizational unit that a name means, and
//! [`AllowedUnits`] says whether a terminal or account is in one (guide 002 "Organization Unit Error
//! Messages").
//!
//! ```
//! use nymi_core::directory::{AccountStatus, Attributes, DomainRules};
//! use nymi_core::UnixMillis;
//!
//! let found = Attributes::parse([
//!     ("userAccountControl", "512"),
//!     ("accountExpires", "9223372036854775807"),
//!     ("pwdLastSet", "133500000000000000"),
//!     ("lockoutTime", "0"),
//! ])?;
//! let status = found.status(&DomainRules::default(), UnixMillis::from_secs(1_716_000_000));
//! assert_eq!(status, AccountStatus::Active);
//! # Ok::<(), nymi_core::directory::AttributeError>(())
//! ```

mod attributes;
mod bind;
mod cache;
mod file_time;
mod name;
mod status;
mod unit;

pub use attributes::{AccountFlags, AttributeError, Attributes, DomainRules};
pub use bind::{BindRefusal, SUB_CODES, SubCode};
pub use cache::{CacheDecision, CachePolicy, CachedStatus, MAX_CACHED, StatusCache};
pub use file_time::{FileTime, Interval};
pub use name::{DistinguishedName, DnError};
pub use status::AccountStatus;
pub use unit::{AllowedUnits, UnitError, UnitName};
