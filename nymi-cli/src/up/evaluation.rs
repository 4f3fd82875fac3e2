//! The people and accounts of an evaluation system, and how a band comes to each person.

use nymi_core::BandId;
use nymi_core::chain::TrustAnchor;
use nymi_core::message::Request;
use nymi_napi::enroll::{Enrollment, enroll_band};
use nymi_napi::{Client, Config as NapiConfig};
use nymi_nes::{Admin, ServiceKind};
use nymi_net::http::HttpClient;
use nymi_net::nes::{Credentials, NesClient};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::data_dir::{DataDir, read_json, write_private};
use crate::error::CliError;

/// The domain of the evaluation users.
pub(super) const DOMAIN: &str = "EVAL";
/// The agent's account at the server.
pub(super) const AGENT_ACCOUNT: &str = "nymi-agent";
const TERMINAL_ACCOUNT: &str = "nymi-terminal";
const TERMINAL_NEA: &str = "NymiBandApp";
const NAMES: [&str; 12] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory",
    "niaj",
];

/// A user of the evaluation system, with a password that only its data directory knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct User {
    #[serde(rename = "Domain")]
    pub domain: String,
    #[serde(rename = "Username")]
    pub username: String,
    pub password: String,
}

/// What `evaluation.json` keeps, mode 0600. For evaluation only: a real server's users keep their
/// passwords to themselves.
#[derive(Serialize, Deserialize)]
pub(super) struct Evaluation {
    pub(super) users: Vec<User>,
    pub(super) agent_password: String,
    terminal_password: String,
}

/// 100 bits, easy to read aloud: no letter or digit that looks like another.
fn password() -> String {
    use rand::Rng;
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0u8; 20];
    rand::rng().fill_bytes(&mut random);
    random
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

fn username(index: usize) -> String {
    NAMES
        .get(index)
        .map_or_else(|| format!("user{}", index + 1), ToString::to_string)
}

impl Evaluation {
    /// Reads what an earlier run left, or makes accounts; brings the number of users to `count`.
    pub(super) async fn open(
        directory: &DataDir,
        admin: &Admin,
        count: usize,
    ) -> Result<Self, CliError> {
        let file = directory.join("evaluation.json");
        let found: Option<Self> = read_json(&file)?;
        let fresh = found.is_none();
        let mut evaluation = found.unwrap_or_else(|| Self {
            users: Vec::new(),
            agent_password: password(),
            terminal_password: password(),
        });
        let known = evaluation.users.len();
        for index in known..count {
            evaluation.users.push(User {
                domain: DOMAIN.to_owned(),
                username: username(index),
                password: password(),
            });
        }
        // Written first: a crash between here and the server leaves passwords that are then set.
        let text = serde_json::to_vec_pretty(&evaluation)
            .map_err(|error| CliError::about("internal error", error))?;
        write_private(&file, &text)?;
        if fresh {
            evaluation.create_accounts(admin).await?;
        }
        let mut creating = tokio::task::JoinSet::new();
        for user in evaluation.users[known..].iter().cloned() {
            let admin = admin.clone();
            creating.spawn(async move {
                admin
                    .create_user(&user.domain, &user.username, &user.password)
                    .await
            });
        }
        while let Some(created) = creating.join_next().await {
            created
                .map_err(|error| CliError::about("internal error", error))?
                .map_err(|error| CliError::about("a user could not be made", error))?;
        }
        Ok(evaluation)
    }

    async fn create_accounts(&self, admin: &Admin) -> Result<(), CliError> {
        let agent = ServiceKind::Agent {
            endpoints: vec!["*".to_owned()],
        };
        let terminal = ServiceKind::EnrollmentTerminal;
        tokio::try_join!(
            admin.create_service_account(AGENT_ACCOUNT, &self.agent_password, agent),
            admin.create_service_account(TERMINAL_ACCOUNT, &self.terminal_password, terminal),
        )
        .map_err(|error| CliError::about("an account could not be made", error))?;
        Ok(())
    }
}

/// Where an enrollment terminal finds everything.
pub(super) struct Surroundings<'a> {
    pub(super) agent_url: &'a str,
    pub(super) nes_url: &'a str,
    pub(super) l1_pem: &'a str,
    pub(super) endpoint_id: &'a str,
    pub(super) store: std::path::PathBuf,
}

/// An enrollment terminal: what the Band Application does when a person enrolls.
pub(super) struct Terminal<'a> {
    client: Client,
    http: HttpClient,
    surroundings: &'a Surroundings<'a>,
}

impl<'a> Terminal<'a> {
    /// Signs the terminal in and gets its certificate.
    pub(super) async fn open(
        evaluation: &Evaluation,
        surroundings: &'a Surroundings<'a>,
    ) -> Result<Self, CliError> {
        let name = TERMINAL_NEA
            .parse()
            .map_err(|error| CliError::about("internal error", error))?;
        let agent_url = surroundings
            .agent_url
            .parse()
            .map_err(|error| CliError::about("the agent", error))?;
        let login = Credentials::Basic {
            user: TERMINAL_ACCOUNT.to_owned(),
            password: Zeroizing::new(evaluation.terminal_password.clone()),
        };
        let client = Client::start(NapiConfig {
            agent_url: Some(agent_url),
            nes_login: Some(login),
            store: Some(surroundings.store.clone()),
            ..NapiConfig::new(name)
        })
        .map_err(|error| CliError::about("the enrollment terminal did not start", error))?;
        let init = json!({
            "operation": "init",
            "exchange": "enroll",
            "payload": {
                "nea_name": TERMINAL_NEA,
                "nes_url": surroundings.nes_url,
                "grade": "bronze",
                "l1": surroundings.l1_pem,
            },
        });
        call(&client, &init).await?;
        let anchor = TrustAnchor::from_pem(surroundings.l1_pem)
            .map_err(|error| CliError::about("L1", error))?;
        let http = HttpClient::new(&[anchor.der().to_vec()])
            .map_err(|error| CliError::about("TLS", error))?;
        Ok(Self {
            client,
            http,
            surroundings,
        })
    }

    /// Enrolls the band at this address for a user.
    pub(super) async fn enroll(&self, user: &User, address: BandId) -> Result<BandId, CliError> {
        let login = Credentials::Basic {
            user: format!("{}\\{}", user.domain, user.username),
            password: Zeroizing::new(user.password.clone()),
        };
        let failed = |error: &dyn std::fmt::Display| {
            CliError::about(
                format_args!("{} could not be enrolled", user.username),
                error,
            )
        };
        let nes = NesClient::new(self.surroundings.nes_url, self.http.clone(), login)
            .map_err(|error| failed(&error))?;
        let enrollment = Enrollment {
            endpoint_id: self.surroundings.endpoint_id.to_owned(),
            address,
            domain: user.domain.clone(),
            username: user.username.clone(),
            label: None,
        };
        enroll_band(&self.client, &nes, &enrollment)
            .await
            .map(|enrolled| enrolled.band)
            .map_err(|error| failed(&error))
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        self.client.terminate();
    }
}

/// Sends one request and turns a failure into a sentence.
pub(crate) async fn call(
    client: &Client,
    request: &serde_json::Value,
) -> Result<serde_json::Map<String, serde_json::Value>, CliError> {
    let request = Request::parse(request.to_string().as_bytes())
        .map_err(|update| CliError::about("internal error", update.to_json()))?;
    let operation = request.operation().name().to_owned();
    let update = client.call(request).await;
    match update.error {
        None => Ok(update.payload),
        Some(error) => Err(CliError::about(
            operation,
            format_args!(
                "{} {} (status {})",
                error.error_description,
                error.error_specifics,
                update.status.code()
            ),
        )),
    }
}
