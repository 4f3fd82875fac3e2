//! Connect: are credentials typed into this window, and what is recorded of it?
//!
//! [`Settings`] is what `appsettings.json` says (guide 004, 4.4). Given the window that has the
//! focus, [`Settings::decide`] answers before anything else is done with a tap:
//!
//! ```text
//!   process in `suppressed`? ──yes──► Silent: no typing, no notice, no error
//!          │ no
//!   `included` empty? ──yes──► Inject, into a text field
//!          │ no
//!   an entry with all of its attributes matching? ──► Inject, as that entry says
//!          │ no
//!   NotConfigured
//! ```
//!
//! Credentials go where this says so: a URL that is not plainly the one that was meant
//! does not match ([`UrlPattern`]).
//!
//! What happened is one of six [`AuditEvent`]s, written to the local log and, with the 19 keys of
//! [`Attributes`], to the server's telemetry.log (guide 004, 6.2; guide 001 "Auditing Nymi Connect
//! Usage").
//!
//! ```
//! use nymi_core::connect::{Decision, Settings, Target, UsernameField};
//!
//! let settings = Settings::parse(br#"{
//!   "included": [
//!     { "applicationUrl": "https://*.domain.com/*" }, // any browser
//!   ],
//! }"#)?;
//! let page = |url| settings.decide(&Target { url: Some(url), process: "chrome.exe", title: "" });
//! assert_eq!(page("https://mes.domain.com/login"), Decision::Inject(UsernameField::Text));
//! assert_eq!(page("https://evil-domain.com/login"), Decision::NotConfigured);
//! # Ok::<(), nymi_core::connect::SettingsError>(())
//! ```

mod decide;
mod field;
mod object;
mod relaxed;
mod settings;
mod telemetry;
mod url;

pub use decide::{Decision, NOT_CONFIGURED, Target};
pub use field::{OptionError, choose_option};
pub use settings::{
    Application, MAX_DEPTH, MAX_SIZE, Settings, SettingsError, Suppressed, UsernameField,
};
pub use telemetry::{
    Attributes, AuditEvent, Authenticator, Category, Destination, OsType, Producer, Severity,
    SubCategory, TelemetryError, TelemetryEvent,
};
pub use url::{PageUrl, UrlPattern, UrlPatternError};
