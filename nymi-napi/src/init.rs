//! `init`: from what the caller says to an identity.
//!
//! A stored certificate that still validates is enough, so that an application starts while NES is
//! away. Otherwise NES is asked for one over a session that the caller's credentials open, and what
//! it answers is validated before it is stored.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nymi_core::chain::{GradeRequirement, TrustAnchor, pem};
use nymi_core::crypto::SecretKey;
use nymi_core::message::{Init, NeaName, NesUrl, Secret, Status, Update};
use nymi_net::http::HttpClient;
use nymi_net::nes::{Credentials, NesClient, NesError};
use nymi_net::network::Network;
use nymi_net::tls::client_config;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::config::{Clock, Config};
use crate::csr::certificate_request;
use crate::files;
use crate::identity::{Identity, IdentityError, NSL_MISSING};
use crate::site;
use crate::store::{Entry, Found, Store};

/// How every refusal for want of a usable chain begins.
const INVALID_CHAIN: &str = "NEA certificate chain is missing or invalid.";

/// No certificate is longer, whatever file is named.
const MAX_L1_FILE: u64 = 64 * 1024;

/// What the caller wants to be, as far as certificates go. Kept for renewal.
pub(crate) struct Application {
    pub(crate) name: NeaName,
    pub(crate) nes_url: Option<NesUrl>,
    pub(crate) grade: GradeRequirement,
    l1: Option<String>,
    /// What the environment has as `NYMI_L1`.
    site_l1: Option<String>,
    log_in: Option<Credentials>,
    /// As it was found then: later the environment may say another folder, or none.
    store: Store,
    network: Arc<dyn Network>,
}

/// Why there is no identity: the answer to `init`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: Status,
    pub(crate) specifics: String,
    pub(crate) nsl: Option<u32>,
}

impl Refusal {
    /// The update that says so.
    pub(crate) fn to_update(&self) -> Update {
        let update = Update::error(self.status, self.specifics.clone());
        match self.nsl {
            Some(nsl) => update.with_nsl(nsl),
            None => update,
        }
    }

    /// What an agent answers to a join or a proof that it refuses.
    pub(crate) fn by_agent(response: &Value) -> Self {
        let number = |name| response.get(name).and_then(Value::as_u64);
        let status = number("status")
            .and_then(|code| u32::try_from(code).ok())
            .and_then(Status::from_code)
            .filter(|status| !status.is_success())
            .unwrap_or(Status::AGENT_REFUSED);
        let reason = response.get("reason").and_then(Value::as_str);
        let reason = reason.unwrap_or("no reason is given");
        if status != Status::CERTIFICATES {
            return Self::new(status, format!("the agent refuses: {reason}"));
        }
        let nsl = number("nsl")
            .and_then(|nsl| u32::try_from(nsl).ok())
            .unwrap_or(NSL_MISSING);
        tracing::error!("NSL: nsl_verify_nea_cert_chain, {nsl}");
        Self::certificates(
            nsl,
            format!(
                "{INVALID_CHAIN} The agent refuses it: {}",
                said_once(reason)
            ),
        )
    }

    pub(crate) fn new(status: Status, specifics: impl Into<String>) -> Self {
        Self {
            status,
            specifics: specifics.into(),
            nsl: None,
        }
    }

    fn certificates(nsl: u32, specifics: impl Into<String>) -> Self {
        Self {
            nsl: Some(nsl),
            ..Self::new(Status::CERTIFICATES, specifics)
        }
    }

    /// Names what of the store is not used, where it lacks a chain.
    fn besides(mut self, left_aside: &[String]) -> Self {
        if self.status == Status::CERTIFICATES {
            for reason in left_aside {
                self = self.with(reason);
            }
        }
        self
    }

    /// With one more sentence, given without its full stop.
    fn with(mut self, sentence: &str) -> Self {
        if !self.specifics.ends_with('.') {
            self.specifics.push('.');
        }
        self.specifics.push(' ');
        self.specifics.push_str(sentence);
        self.specifics.push('.');
        self
    }

    /// Logs why a chain is not used, in the form that support knows, and makes the answer of it.
    fn of_chain(error: &IdentityError) -> Self {
        tracing::error!("NSL: nsl_verify_nea_cert_chain, {}", error.nsl());
        let error_text = error.to_string();
        Self::certificates(
            error.nsl(),
            format!("{INVALID_CHAIN} {}", said_once(&error_text)),
        )
    }
}

impl From<NesError> for Refusal {
    fn from(error: NesError) -> Self {
        Self::new(error.status, error.message)
    }
}

impl Application {
    /// Completes what `init` says from the site's configuration.
    pub(crate) fn new(init: &Init, config: &Config) -> Result<Self, Refusal> {
        let nes_url = match &init.nes_url {
            Some(url) => Some(url.clone()),
            None => site::nes_url(config)
                .map_err(|error| Refusal::new(Status::INVALID_FIELD, error.to_string()))?,
        };
        let store = Store::open(config).and_then(|store| store.check().map(|()| store));
        let store = store.map_err(|error| Refusal::new(Status::INTERNAL, error.to_string()))?;
        let secret = |secret: &Secret| Zeroizing::new(secret.expose().to_owned());
        let log_in = match (&init.token, &init.username, &init.password) {
            (Some(token), _, _) => Some(Credentials::Token(secret(token))),
            (None, Some(user), Some(password)) => {
                let (user, password) = (user.to_string(), secret(password));
                Some(Credentials::Basic { user, password })
            }
            _ => config.nes_login.clone(),
        };
        let grade = match init.grade {
            None => GradeRequirement::Gold,
            Some(nymi_core::chain::Grade::Gold) => GradeRequirement::Gold,
            Some(nymi_core::chain::Grade::Bronze) => GradeRequirement::Bronze,
        };
        Ok(Self {
            name: init.nea_name.clone(),
            nes_url,
            grade,
            l1: init.l1.clone(),
            site_l1: config
                .variable("NYMI_L1")
                .and_then(|l1| l1.into_string().ok()),
            log_in,
            store,
            network: Arc::clone(&config.network),
        })
    }

    /// Whether a new certificate can be asked for.
    pub(crate) fn can_renew(&self) -> bool {
        self.nes_url.is_some() && self.log_in.is_some()
    }

    /// The identity of a stored certificate, or of a new one.
    pub(crate) async fn identify(
        &self,
        clock: &Clock,
        deadline: Duration,
    ) -> Result<Identity, Refusal> {
        let url = self.nes_url.as_ref().map(NesUrl::as_str);
        let Found {
            entries: stored,
            left_aside,
        } = self.store.entries(&self.name, url);
        let anchors = self
            .anchors(&stored)
            .map_err(|refusal| refusal.besides(&left_aside))?;
        let mut fault = None;
        for entry in stored
            .into_iter()
            .filter(|entry| is_one_of(&anchors, entry))
        {
            let own = [entry.anchor.clone()];
            match Identity::verify(entry, &own, &self.name, self.grade, clock()) {
                Ok(identity) => {
                    tracing::info!("The stored NEA certificate is valid.");
                    return Ok(identity);
                }
                Err(error) => {
                    tracing::warn!("the stored NEA certificate is not used: {error}");
                    fault = Some(error);
                }
            }
        }
        if let Some(missing) = self.missing() {
            let refusal = match fault {
                Some(error) => Refusal::of_chain(&error),
                None => Refusal::certificates(NSL_MISSING, INVALID_CHAIN),
            };
            let refusal = refusal.with(&format!("Missing in init: {missing}"));
            return Err(refusal.besides(&left_aside));
        }
        self.obtain(&anchors, clock, deadline).await
    }

    /// A new certificate in the place of this one, under what the configuration trusts by now: an L1
    /// that was replaced there since `init` counts, and no other.
    pub(crate) async fn renew(
        &self,
        present: &Entry,
        clock: &Clock,
        deadline: Duration,
    ) -> Result<Identity, Refusal> {
        let anchors = self.anchors(std::slice::from_ref(present))?;
        self.obtain(&anchors, clock, deadline).await
    }

    /// Names the fields without which NES cannot be asked.
    fn missing(&self) -> Option<String> {
        let mut missing = Vec::new();
        if self.nes_url.is_none() {
            missing.push("nes_url");
        }
        if self.log_in.is_none() {
            missing.push("token, or username and password");
        }
        (!missing.is_empty()).then(|| missing.join("; "))
    }

    /// The L1 that are trusted now; that of the certificate in use where the configuration cannot be
    /// read.
    pub(crate) fn trusted(&self, present: &Entry) -> Vec<TrustAnchor> {
        self.anchors(std::slice::from_ref(present))
            .unwrap_or_else(|_| vec![present.anchor.clone()])
    }

    /// The L1 that are trusted: as given to `init`, else by the environment, else of the newest stored
    /// entry and of the site's file. Files are read anew each time.
    fn anchors(&self, stored: &[Entry]) -> Result<Vec<TrustAnchor>, Refusal> {
        if let Some(l1) = &self.l1 {
            return read_anchors(l1)
                .map_err(|why| Refusal::new(Status::INVALID_FIELD, format!("l1: {why}")));
        }
        configured_anchors(self.site_l1.as_deref(), stored, site::L1_FILE)
    }

    /// Asks NES for a certificate, validates it, then stores it.
    async fn obtain(
        &self,
        anchors: &[TrustAnchor],
        clock: &Clock,
        deadline: Duration,
    ) -> Result<Identity, Refusal> {
        let (nes, anchor) = self.session(anchors)?;
        let nes = nes.with_deadline(deadline);
        nes.login().await?;
        let key = new_key()?;
        let csr = pem::encode(
            "CERTIFICATE REQUEST",
            &certificate_request(self.name.as_str(), &key),
        );
        let reply = nes.certificates(&csr, self.name.as_str()).await?;
        tracing::info!("Successfully got an NEA certificate from server.");
        let chain = reply
            .chain
            .iter()
            .map(|text| pem::decode(text, "CERTIFICATE"))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| {
                Refusal::new(
                    Status::NES_VERSION,
                    format!("NES sent a certificate chain that cannot be read: {error}"),
                )
            })?
            .concat();
        let (name, nes_url) = (self.name.to_string(), nes.url().to_owned());
        let entry = Entry {
            nea_name: name,
            nes_url,
            anchor,
            chain,
            key,
        };
        let identity = Identity::verify(entry, anchors, &self.name, self.grade, clock())
            .map_err(|error| Refusal::of_chain(&error))?;
        match self.store.save(identity.entry()) {
            Ok(()) => tracing::info!("Successfully stored NEA certificate."),
            // It serves this session all the same.
            Err(error) => tracing::warn!("the NEA certificate is not stored: {error}"),
        }
        Ok(identity)
    }

    /// A session with NES, which may show a certificate under any of these L1; and the first of them.
    fn session(&self, anchors: &[TrustAnchor]) -> Result<(NesClient, TrustAnchor), Refusal> {
        let missing = || Refusal::certificates(NSL_MISSING, INVALID_CHAIN);
        let url = self.nes_url.as_ref().ok_or_else(missing)?;
        let credentials = self.log_in.clone().ok_or_else(missing)?;
        let first = anchors.first().cloned().ok_or_else(missing)?;
        let roots: Vec<_> = anchors.iter().map(|anchor| anchor.der().to_vec()).collect();
        let tls = client_config(&roots)
            .map_err(|error| Refusal::new(Status::NES_TLS, error.to_string()))?;
        let http = HttpClient::over(Arc::clone(&self.network), tls);
        Ok((NesClient::new(url.as_str(), http, credentials)?, first))
    }
}

/// A reason that begins like every such refusal, without its beginning.
fn said_once(reason: &str) -> &str {
    reason
        .strip_prefix(INVALID_CHAIN)
        .map_or(reason, str::trim_start)
}

fn is_one_of(anchors: &[TrustAnchor], entry: &Entry) -> bool {
    let fingerprint = entry.anchor.fingerprint();
    anchors.iter().any(|it| it.fingerprint() == fingerprint)
}

/// The L1 that are trusted where `init` names none.
fn configured_anchors(
    named: Option<&str>,
    stored: &[Entry],
    site_file: Option<&str>,
) -> Result<Vec<TrustAnchor>, Refusal> {
    let unusable = |place: &str, why: String| {
        let specifics = format!("{INVALID_CHAIN} l1 from {place}: {why}");
        Refusal::certificates(NSL_MISSING, specifics)
    };
    if let Some(named) = named {
        return read_anchors(named).map_err(|why| unusable("NYMI_L1", why));
    }
    let mut anchors: Vec<_> = stored
        .first()
        .map(|entry| entry.anchor.clone())
        .into_iter()
        .collect();
    match site_file.filter(|file| fs::exists(file).unwrap_or(false)) {
        None => {}
        Some(file) => match read_anchors(file) {
            Ok(site) => anchors.extend(site),
            Err(why) if anchors.is_empty() => return Err(unusable(file, why)),
            Err(why) => tracing::warn!("l1 from {file} is left aside: {why}"),
        },
    }
    if anchors.is_empty() {
        let or_site = site_file.map_or_else(String::new, |file| format!(" or {file}"));
        return Err(Refusal::certificates(
            NSL_MISSING,
            format!(
                "{INVALID_CHAIN} Missing in init: l1, the enterprise's L1 certificate (PEM, or the path of a file); NYMI_L1{or_site} can name it too.",
            ),
        ));
    }
    Ok(anchors)
}

/// The L1 in PEM text or in the file that the text names: several while one takes the place of
/// another.
fn read_anchors(l1: &str) -> Result<Vec<TrustAnchor>, String> {
    let text = if l1.contains("-----BEGIN") {
        l1.to_owned()
    } else {
        files::read(Path::new(l1), MAX_L1_FILE)
            .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
            .map_err(|error| unreadable(l1, &error))?
    };
    let certificates = pem::decode(&text, "CERTIFICATE").map_err(|error| error.to_string())?;
    let anchors = certificates.iter().map(|der| TrustAnchor::from_der(der));
    anchors
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

/// Says why a path cannot be read; of what is none, and may be a secret in the wrong place, the first
/// characters.
fn unreadable(l1: &str, error: &io::Error) -> String {
    const PREFIX: usize = 4;
    let begins_with = |it: &str| l1.starts_with(it);
    let is_path = l1.len() <= 1024
        && !l1.chars().any(char::is_control)
        && (["/", "./", "../", "~", r"\\", r".\", r"..\"]
            .into_iter()
            .any(begins_with)
            || l1.get(1..3).is_some_and(|it| [":\\", ":/"].contains(&it))
            || [".pem", ".crt", ".cer", ".der"]
                .into_iter()
                .any(|it| l1.to_ascii_lowercase().ends_with(it)));
    if is_path || fs::exists(l1).unwrap_or(false) {
        return format!("{l1:?} cannot be read: {error}");
    }
    let prefix: String = l1.chars().take(PREFIX).collect();
    format!(
        "a text of {} characters that begins with {prefix:?} is neither PEM nor the path of a file",
        l1.chars().count()
    )
}

fn new_key() -> Result<SecretKey, Refusal> {
    let mut scalar = Zeroizing::new([0; 32]);
    loop {
        getrandom::fill(scalar.as_mut_slice()).map_err(|error| {
            let specifics = format!("the system gives no random numbers: {error}");
            Refusal::new(Status::INTERNAL, specifics)
        })?;
        if let Some(key) = SecretKey::from_scalar(&scalar) {
            return Ok(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An L1 of its own for each name.
    fn l1(name: &str) -> TrustAnchor {
        use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        TrustAnchor::from_der(certificate.der()).unwrap()
    }

    fn entry(anchor: &TrustAnchor) -> Entry {
        Entry {
            nea_name: "Records".into(),
            nes_url: "https://nes.example.com/nes".into(),
            anchor: anchor.clone(),
            chain: Vec::new(),
            key: new_key().unwrap(),
        }
    }

    #[test]
    fn a_refusal_is_made_of_sentences() {
        let refusal = Refusal::certificates(29, "l2: configure the other grade");
        let refusal = refusal
            .with("Missing in init: token")
            .besides(&["a.pem is left aside: it is a symbolic link".into()]);
        assert_eq!(
            refusal.specifics,
            "l2: configure the other grade. Missing in init: token. \
             a.pem is left aside: it is a symbolic link."
        );
        let missing = Refusal::certificates(NSL_MISSING, INVALID_CHAIN).with("Missing in init: l1");
        assert_eq!(
            missing.specifics,
            "NEA certificate chain is missing or invalid. Missing in init: l1."
        );
    }

    #[test]
    fn what_is_no_path_is_not_repeated() {
        let secret = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/abcdef";
        let why = read_anchors(secret).unwrap_err();
        assert!(why.contains("\"MIGH\"") && !why.contains("MIGHA"), "{why}");
        assert!(why.contains("neither PEM nor the path"), "{why}");
        let why = read_anchors("pass\nword").unwrap_err();
        assert!(!why.contains("word"), "{why}");
        for path in [
            "/nowhere/l1",
            "./nowhere",
            "certs/L1.PEM",
            r"C:\l1",
            r"\\a\b",
        ] {
            let why = read_anchors(path).unwrap_err();
            assert!(
                why.starts_with(&format!("{path:?} cannot be read: ")),
                "{why}"
            );
        }
    }

    #[test]
    fn the_environment_then_the_store_and_the_site_say_which_l1_is_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, anchors: &[&TrustAnchor]| {
            let file = folder.path().join(name);
            let pem = anchors
                .iter()
                .map(|it| pem::encode("CERTIFICATE", it.der()));
            fs::write(&file, pem.collect::<String>()).unwrap();
            file.to_str().unwrap().to_owned()
        };
        let (a, b, c, d) = (l1("a"), l1("b"), l1("c"), l1("d"));
        let named = write("named.pem", &[&a, &b]);
        let site = write("site.pem", &[&c]);
        let stored = [entry(&d), entry(&a)];
        let trusted = |named: Option<&str>, stored: &[Entry], site: Option<&str>| {
            configured_anchors(named, stored, site).map_err(|refusal| refusal.specifics)
        };
        assert_eq!(trusted(Some(&named), &stored, Some(&site)), Ok(vec![a, b]));
        assert_eq!(
            trusted(None, &stored, Some(&site)),
            Ok(vec![d.clone(), c.clone()])
        );
        assert_eq!(trusted(None, &[], Some(&site)), Ok(vec![c]));
        let missing = trusted(None, &[], Some("/nowhere/l1.pem")).unwrap_err();
        assert!(missing.contains("NYMI_L1 or /nowhere/l1.pem"), "{missing}");
        fs::write(folder.path().join("site.pem"), "spoilt").unwrap();
        assert_eq!(trusted(None, &stored, Some(&site)), Ok(vec![d]));
        let spoilt = trusted(None, &[], Some(&site)).unwrap_err();
        assert!(spoilt.contains("site.pem"), "{spoilt}");
        assert!(trusted(Some("/nowhere/l1.pem"), &stored, None).is_err());
    }
}
