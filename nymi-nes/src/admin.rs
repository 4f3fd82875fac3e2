//! Administration in process: what the command line, `nymi up` and tests do without HTTP.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use nymi_core::policy::GroupPolicy;
use nymi_core::presence::tune::Arrival;
use nymi_core::text::is_plain;
use nymi_core::{BandId, UnixMillis};
use tokio::sync::Semaphore;

use crate::directory::{AccountFlags, BuiltIn, Hasher, Statuses, Throttle};
use crate::enrollment::Pending;
use crate::keys::{Sealer, prepare_folder};
use crate::nes::Nes;
use crate::pki::Pki;
use crate::presence::{ClockSteps, Limits};
use crate::store::accounts::NewAccount;
use crate::store::{SYSTEM_USER, Store, Write, accounts, bands, policies};
use crate::{Clock, Config, StartError, SystemClock};

/// The most arrivals that are given at once: a large plant's month, and a bound on memory.
pub const MAX_ARRIVALS: u32 = 1_000_000;

/// The first line of arrivals as CSV, which `nymi-nes arrivals` writes and `nymi pac tune` reads: the band,
/// the setting of its clock and its interval (ms), the frame's counter, and the server's clock (ms).
pub const ARRIVALS_HEADER: &str = "NymiBandID,t_set_ms,t_interval_ms,counter,at_ms";

/// Administers one open data directory. Cheap to clone.
#[derive(Clone)]
pub struct Admin {
    pub(crate) nes: Arc<Nes>,
    l1_path: PathBuf,
}

/// What a service account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// A Nymi Agent: reports frames of these endpoints; `*` stands for any.
    Agent {
        /// Endpoint ids, or `*`.
        endpoints: Vec<String>,
    },
    /// An enrollment terminal: its certificates carry the roles nea and nba.
    EnrollmentTerminal,
}

/// Why an administrative action failed: a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AdminError(pub String);

fn failed(error: impl Display) -> AdminError {
    AdminError(error.to_string())
}

/// One row of the audit trail, for showing.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuditRow {
    /// The row's number in audit.Events.
    #[serde(rename = "ID")]
    pub id: i64,
    /// When.
    pub created_at: UnixMillis,
    /// What, as the number of guide 000, audit.Events.
    #[serde(rename = "EventTypeID")]
    pub event_type_id: u8,
    /// What, in words.
    pub event: &'static str,
    /// Whose band, or who logged in.
    pub username: Option<String>,
    /// The band.
    #[serde(rename = "NymiBandID")]
    pub band: Option<BandId>,
    /// Who reported the frame, or who enrolled.
    pub agent: Option<String>,
    /// Who heard it.
    pub endpoint: Option<String>,
    /// `ble` or `nfc+ble`.
    pub method: Option<String>,
    /// The outcome of presence verification: `verified`, `replayed`, …
    pub outcome: Option<String>,
    /// The status answered, 0 for success.
    pub status: Option<u32>,
    /// The frame's counter.
    pub counter: Option<u32>,
    /// How far the clock was off, milliseconds.
    pub skew_ms: Option<i64>,
    /// The application that asked for the assertion.
    pub azp: Option<String>,
    /// The assertion's jti, if one was issued.
    pub jti: Option<String>,
    /// The document signed, lower-case hex.
    pub document_sha256: Option<String>,
    /// What the signer declared.
    pub meaning: Option<String>,
    /// The serial number of the band.
    pub serial_number: Option<String>,
}

impl Admin {
    /// Opens a data directory without serving it: for the command line. Created if missing.
    ///
    /// # Errors
    /// If the directory, the key file or the database cannot be used.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        Self::open_with(config, Arc::new(SystemClock)).await
    }

    pub(crate) async fn open_with(
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let unusable = |path: &Path, error: &dyn Display| {
            StartError(format!(
                "{} cannot be used: {error}; choose a data directory that this user may write",
                path.display()
            ))
        };
        let keys = config.data_dir.join("keys");
        prepare_folder(&keys).map_err(|error| unusable(&config.data_dir, &error))?;
        let key_file = keys.join("master.key");
        let sealer = Sealer::open(&key_file).map_err(|error| unusable(&key_file, &error))?;
        let now = clock.now();
        let l1_path = config.data_dir.join("l1.pem");
        let pki = Pki::open(&keys, &l1_path, config.grade, now)
            .map_err(|error| StartError(error.to_string()))?;
        let database = config.data_dir.join("nes.sqlite");
        let store = Store::open(&database, sealer).await;
        let store = store.map_err(|error| unusable(&database, &error))?;
        store
            .ensure_policies(now)
            .await
            .map_err(|error| unusable(&database, &error))?;
        store
            .ensure_one_primary(now)
            .await
            .map_err(|error| unusable(&database, &error))?;
        let nes = Nes {
            service: config.directory_service_id.clone(),
            tls: config.tls.is_some(),
            token_ttl: config.token_ttl,
            allowed_audiences: config.allowed_audiences.clone(),
            directory: Box::new(BuiltIn::new(store.clone())),
            store,
            pki: Arc::new(pki),
            statuses: Statuses::default(),
            hasher: Hasher::default(),
            throttle: Throttle::default(),
            limits: Limits::default(),
            importing: Arc::new(Semaphore::new(1)),
            steps: ClockSteps::new(now, clock.monotonic_ms()),
            enrollments: Pending::default(),
            url: OnceLock::new(),
            clock,
        };
        Ok(Self {
            nes: Arc::new(nes),
            l1_path,
        })
    }

    /// Makes an evaluation enterprise: bronze L1 and L2, and the leaves under it. Refused where an
    /// enterprise exists, or where the server accepts gold only.
    pub async fn create_evaluation_enterprise(&self, name: &str) -> Result<(), AdminError> {
        let (pki, now, name) = (
            Arc::clone(&self.nes.pki),
            self.nes.clock.now(),
            name.to_owned(),
        );
        let made = tokio::task::spawn_blocking(move || pki.create_evaluation(&name, now)).await;
        made.map_err(failed)?.map_err(failed)
    }

    /// Takes over the vendor's `fullchain.p12`: L1, L2 and the L2 private key, in place of those that
    /// were there.
    pub async fn import_fullchain(&self, p12: &[u8], password: &str) -> Result<(), AdminError> {
        let (pki, now) = (Arc::clone(&self.nes.pki), self.nes.clock.now());
        let (p12, password) = (p12.to_vec(), zeroize::Zeroizing::new(password.to_owned()));
        let done = tokio::task::spawn_blocking(move || pki.import(&p12, &password, now)).await;
        done.map_err(failed)?.map_err(failed)
    }

    /// The enterprise's name; none before there is an enterprise that can be used.
    pub fn enterprise_name(&self) -> Option<String> {
        self.nes
            .pki
            .enterprise()
            .map(|enterprise| enterprise.name().to_owned())
    }

    /// The enterprise's L1 in PEM; none before there is an enterprise.
    pub fn l1_pem(&self) -> Option<String> {
        self.nes
            .pki
            .enterprise()
            .map(|enterprise| enterprise.l1_pem())
    }

    /// Where L1 is kept for others to read, in PEM.
    pub fn l1_path(&self) -> &Path {
        &self.l1_path
    }

    /// Whether a built-in account has this name; programs have an empty domain.
    pub async fn account_exists(&self, domain: &str, username: &str) -> Result<bool, AdminError> {
        let mut reading = self.nes.store.read().await.map_err(failed)?;
        let found = accounts::find(&mut reading, domain, username).await;
        Ok(found.map_err(failed)?.is_some())
    }

    /// Creates a built-in user; refused if the name is taken.
    pub async fn create_user(
        &self,
        domain: &str,
        username: &str,
        password: &str,
    ) -> Result<(), AdminError> {
        checked_user(domain, username)?;
        self.create("user", domain, username, password, false, None)
            .await
    }

    /// Creates a built-in user who administers the server.
    pub async fn create_administrator(
        &self,
        domain: &str,
        username: &str,
        password: &str,
    ) -> Result<(), AdminError> {
        checked_user(domain, username)?;
        self.create("user", domain, username, password, true, None)
            .await
    }

    /// Creates an account for a program. It logs in with this name, without a domain.
    pub async fn create_service_account(
        &self,
        name: &str,
        password: &str,
        kind: ServiceKind,
    ) -> Result<(), AdminError> {
        let fits = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !fits {
            return Err(AdminError(format!(
                "a service account's name has 1 to 64 letters, digits, '.', '_' or '-'; {name:?} has not"
            )));
        }
        match kind {
            ServiceKind::Agent { endpoints } => {
                let endpoints = serde_json::to_string(&endpoints).map_err(failed)?;
                self.create("agent", "", name, password, false, Some(endpoints))
                    .await
            }
            ServiceKind::EnrollmentTerminal => {
                self.create("terminal", "", name, password, false, None)
                    .await
            }
        }
    }

    async fn create(
        &self,
        kind: &'static str,
        domain: &str,
        username: &str,
        password: &str,
        is_administrator: bool,
        endpoints: Option<String>,
    ) -> Result<(), AdminError> {
        let password_hash = self.nes.hasher.hash(password).await.map_err(failed)?;
        let account = NewAccount {
            kind,
            domain,
            username,
            password_hash: &password_hash,
            is_administrator,
            endpoints,
        };
        let mut write = self.begin().await?;
        if !write.insert_account(&account).await.map_err(failed)? {
            return Err(AdminError(format!(
                "an account named {username:?} exists in domain {domain:?}; choose another name"
            )));
        }
        write.commit().await.map_err(failed)
    }

    /// Gives a built-in user the names by which administrators search.
    ///
    /// # Errors
    /// If there is no such user, or a name is longer than 64 characters or has control characters.
    pub async fn set_account_names(
        &self,
        domain: &str,
        username: &str,
        first_name: &str,
        last_name: &str,
    ) -> Result<(), AdminError> {
        let fits = |name: &str| name.chars().count() <= 64 && name.chars().all(is_plain);
        if !fits(first_name) || !fits(last_name) {
            return Err(AdminError(
                "first and last name have at most 64 characters, none of them a control character"
                    .into(),
            ));
        }
        let mut write = self.begin().await?;
        if !write
            .set_account_names(domain, username, [first_name, last_name])
            .await
            .map_err(failed)?
        {
            return Err(AdminError(format!("there is no user {domain}\\{username}")));
        }
        write.commit().await.map_err(failed)
    }

    async fn begin(&self) -> Result<Write<'_>, AdminError> {
        let now = self.nes.clock.now();
        self.nes.store.begin(now).await.map_err(failed)
    }

    /// Disables, locks or limits a built-in user.
    pub async fn set_account_flags(
        &self,
        domain: &str,
        username: &str,
        flags: AccountFlags,
    ) -> Result<(), AdminError> {
        let mut write = self.begin().await?;
        if !write
            .set_account_flags(domain, username, flags)
            .await
            .map_err(failed)?
        {
            return Err(AdminError(format!("there is no user {domain}\\{username}")));
        }
        write.commit().await.map_err(failed)
    }

    /// Suspends (false) or restores (true) a band; the user's other bands go inactive then.
    pub async fn set_band_active(&self, band: BandId, active: bool) -> Result<(), AdminError> {
        let mut write = self.begin().await?;
        let old = bands::by_band_id(write.sql(), band).await.map_err(failed)?;
        let old = old.ok_or_else(|| AdminError(format!("there is no band {band}")))?;
        write
            .change_band(&old, SYSTEM_USER, |registry| match active {
                true => registry.restore(&old.hardware_id),
                false => registry.suspend(&old.hardware_id),
            })
            .await
            .map_err(failed)?;
        write.commit().await.map_err(failed)
    }

    /// The active group policy.
    pub async fn active_policy(&self) -> Result<GroupPolicy, AdminError> {
        let mut reading = self.nes.store.read().await.map_err(failed)?;
        policies::active(&mut reading).await.map_err(failed)
    }

    /// Changes the active group policy, as saving its page does.
    pub async fn set_active_policy(&self, policy: &GroupPolicy) -> Result<(), AdminError> {
        let mut write = self.begin().await?;
        let old = policies::all(write.sql()).await.map_err(failed)?;
        let mut new = old.clone();
        new.save_group(old.active().0, policy.values().clone(), true)
            .map_err(failed)?;
        write
            .save_policies(&old, &new, SYSTEM_USER)
            .await
            .map_err(failed)?;
        write.commit().await.map_err(failed)
    }

    /// The newest audit events, newest first.
    pub async fn audit_rows(&self, limit: u32) -> Result<Vec<AuditRow>, AdminError> {
        self.nes.store.newest_events(limit).await.map_err(failed)
    }

    /// The newest frames that verified in the last `days`, oldest first and at most [`MAX_ARRIVALS`]: what
    /// `nymi pac tune` chooses parameters from. Those of earlier versions of this server are not there: their
    /// audit rows do not say which setting of the clock a frame counts from.
    pub async fn arrivals(&self, days: u16) -> Result<Vec<Arrival>, AdminError> {
        let back = i64::from(days) * 86_400_000;
        let since = self.nes.clock.now().saturating_add(-back);
        let found = self.nes.store.arrivals(since, MAX_ARRIVALS).await;
        found.map_err(failed)
    }

    /// Checks the hash chain over all audit rows; the error names the first row that was edited,
    /// removed or reordered. Returns how many rows were checked.
    pub async fn verify_audit(&self) -> Result<u64, AdminError> {
        match self.nes.store.verify_audit().await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(tampered)) => Err(AdminError(format!(
                "the audit trail was changed: {tampered}"
            ))),
            Err(error) => Err(failed(error)),
        }
    }

    /// Closes the database. What is still in use fails from then on.
    pub async fn close(&self) {
        self.nes.store.close().await;
    }
}

fn checked_user(domain: &str, username: &str) -> Result<(), AdminError> {
    let name = format!("{domain}\\{username}");
    match name.parse::<nymi_core::message::AccountName>() {
        Ok(_) if name.chars().all(is_plain) => Ok(()),
        _ => Err(AdminError(format!(
            "{name:?} is no user name; give a domain and a name without '\\', ':' and control characters"
        ))),
    }
}
