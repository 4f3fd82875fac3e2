//! `nymi demo`: the whole flow without a person.
//!
//! A native application's client does what a person's application would: gets a certificate, hears a
//! tap, asks who it was, has a document signed. Then an auditor who has nothing but L1 verifies it.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nymi_core::assertion::{self, Check, Expectations};
use nymi_core::chain::{GradeRequirement, TrustAnchor};
use nymi_core::crypto::RustCrypto;
use nymi_napi::{Client, Config as NapiConfig};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::args::UpArgs;
use crate::error::CliError;
use crate::output::print;
use crate::up::{self, System};

const NEA: &str = "NymiDemo";
const DOCUMENT: &[u8] = b"Batch 4711: filled, inspected, released.\n";
const MEANING: &str = "approved";
const PATIENCE: Duration = Duration::from_secs(10);

/// Prints each step as it is done.
struct Steps {
    json: bool,
    begin: Instant,
    last: Instant,
}

impl Steps {
    fn new(json: bool) -> Self {
        let now = Instant::now();
        Self {
            json,
            begin: now,
            last: now,
        }
    }

    fn done(&mut self, step: &str, found: &str) -> Result<(), CliError> {
        let now = Instant::now();
        let ms = (now - self.last).as_secs_f64() * 1000.0;
        self.last = now;
        print(|out| {
            if self.json {
                let line = json!({"step": step, "ok": true, "ms": ms, "found": found});
                writeln!(out, "{line}")
            } else {
                writeln!(out, "{ms:9.1} ms  {step:<10} {found}")
            }
        })
    }

    fn finish(&self, result: &Result<(), CliError>) -> ExitCode {
        let ms = self.begin.elapsed().as_secs_f64() * 1000.0;
        let line = match (result, self.json) {
            (Ok(()), true) => json!({"verified": true, "ms": ms}).to_string(),
            (Ok(()), false) => format!("{ms:9.1} ms  all of it verified"),
            (Err(error), true) => {
                json!({"verified": false, "ms": ms, "error": error.to_string()}).to_string()
            }
            (Err(error), false) => {
                eprintln!("nymi: {error}");
                return ExitCode::FAILURE;
            }
        };
        let written = print(|out| writeln!(out, "{line}"));
        if let Err(error) = &written {
            eprintln!("nymi: {error}");
        }
        ExitCode::from(u8::from(result.is_err() || written.is_err()))
    }
}

/// Runs the demo; exit code 0 only if everything verified.
pub fn run(seed: u64, json: bool) -> ExitCode {
    let mut steps = Steps::new(json);
    let result = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let result = runtime.block_on(in_new_system(seed, &mut steps));
            runtime.shutdown_timeout(Duration::from_millis(100));
            result
        }
        Err(error) => Err(CliError::about("the runtime did not start", error)),
    };
    steps.finish(&result)
}

async fn in_new_system(seed: u64, steps: &mut Steps) -> Result<(), CliError> {
    let system = System::start(&UpArgs::ephemeral(seed)).await?;
    let enrolled: Vec<_> = system
        .ready()
        .bands
        .iter()
        .map(|band| format!("{} wears {}", band.username, band.band_id))
        .collect();
    let begun = steps.done(
        "enroll",
        &format!("system started; {}", enrolled.join(", ")),
    );
    let result = match begun {
        Ok(()) => sign_and_verify(&system, steps).await,
        Err(error) => Err(error),
    };
    system.shutdown().await;
    result
}

async fn sign_and_verify(system: &System, steps: &mut Steps) -> Result<(), CliError> {
    let client = start_client(system)?;
    let signed = sign(&client, system, steps).await;
    client.terminate();
    let token = signed?;
    let jti = verify_offline(system, &token, steps)?;
    audit(system, &jti, steps).await
}

fn start_client(system: &System) -> Result<Arc<Client>, CliError> {
    let name = NEA
        .parse()
        .map_err(|error| CliError::about("internal error", error))?;
    let agent_url = system
        .ready()
        .agent
        .parse()
        .map_err(|error| CliError::about("the agent", error))?;
    Client::start(NapiConfig {
        agent_url: Some(agent_url),
        store: Some(system.ready().data.join("nsl")),
        ..NapiConfig::new(name)
    })
    .map(Arc::new)
    .map_err(|error| CliError::about("the client did not start", error))
}

/// The application's side: init, subscribe, hear the tap, ask who it was, have it signed.
async fn sign(
    client: &Arc<Client>,
    system: &System,
    steps: &mut Steps,
) -> Result<String, CliError> {
    let ready = system.ready();
    let (user, band) = match (ready.users.first(), ready.bands.first()) {
        (Some(user), Some(band)) => (user, band),
        _ => return Err(CliError::new("no band was enrolled")),
    };
    let init = request(
        "init",
        json!({
            "nea_name": NEA,
            "nes_url": ready.nes,
            "username": format!("{}\\{}", user.domain, user.username),
            "password": user.password,
            "grade": "bronze",
            "l1": system.l1_pem(),
        }),
    );
    let answer = up::call(client, &init).await?;
    steps.done(
        "init",
        &format!("certificate {}", answer["certificate"]["serial"]),
    )?;

    up::call(
        client,
        &request("subscribe_endpoint", json!({"endpoint_id": "127.0.0.1"})),
    )
    .await?;
    steps.done("subscribe", "endpoint 127.0.0.1")?;

    system
        .hardware(&format!("tap {} ble", band.serial_number))
        .await?;
    let tap = tap_of(client, &band.band_id.to_string()).await?;
    let intent = text(&tap, "intent_id")?;
    steps.done(
        "tap",
        &format!(
            "{} at {}",
            text(&tap, "NymiBandID")?,
            text(&tap, "endpoint_id")?
        ),
    )?;

    let who = up::call(
        client,
        &request(
            "lookup",
            json!({
                "query": {"NymiBandID": band.band_id},
                "lookup_keys": ["Username", "Domain", "SerialNumber"],
            }),
        ),
    )
    .await?;
    let name = format!("{}\\{}", text(&who, "Domain")?, text(&who, "Username")?);
    steps.done(
        "lookup",
        &format!("{name} wears {}", text(&who, "SerialNumber")?),
    )?;

    let answer = up::call(
        client,
        &request(
            "assert_identity",
            json!({
                "assert_type": "assert_user",
                "device": band.band_id,
                "intent_id": intent,
                "document_sha256": hex::encode(Sha256::digest(DOCUMENT)),
                "meaning": MEANING,
            }),
        ),
    )
    .await?;
    steps.done("assert", &format!("{name} {MEANING} the document"))?;
    text(&answer, "assertion")
}

fn request(operation: &str, payload: Value) -> Value {
    json!({"operation": operation, "exchange": operation, "payload": payload})
}

fn text(payload: &Map<String, Value>, field: &str) -> Result<String, CliError> {
    payload
        .get(field)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| CliError::new(format!("the answer has no {field}")))
}

/// Waits for the tap of this band.
async fn tap_of(client: &Arc<Client>, band: &str) -> Result<Map<String, Value>, CliError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let reader = Arc::clone(client);
        let update = tokio::task::spawn_blocking(move || reader.get(Some(left)))
            .await
            .map_err(|error| CliError::about("internal error", error))?
            .map_err(|error| CliError::about("waiting for the tap", error))?
            .ok_or_else(|| CliError::new(format!("no tap of {band} was heard")))?;
        let update: Value = serde_json::from_str(&update)
            .map_err(|error| CliError::about("internal error", error))?;
        if update["operation"] == "tap" && update["payload"]["NymiBandID"] == band {
            return Ok(update["payload"].as_object().cloned().unwrap_or_default());
        }
    }
}

/// The auditor's side: nothing but L1, the token and the document. Gives the assertion's identifier.
fn verify_offline(system: &System, token: &str, steps: &mut Steps) -> Result<String, CliError> {
    let l1 =
        TrustAnchor::from_pem(system.l1_pem()).map_err(|error| CliError::about("L1", error))?;
    let check = |document: &[u8]| {
        let check = Check::Record {
            document_sha256: Sha256::digest(document).into(),
        };
        let expectations = Expectations::new(check).with_grade(GradeRequirement::Bronze);
        assertion::verify(&RustCrypto, std::slice::from_ref(&l1), token, &expectations)
    };
    let verified =
        check(DOCUMENT).map_err(|error| CliError::about("the assertion does not verify", error))?;
    let who = format!(
        "{}\\{}",
        verified.claims().domain,
        verified.claims().username
    );
    steps.done(
        "verify",
        &format!(
            "offline against L1: {who} at {}",
            verified.claims().verified_at
        ),
    )?;
    match check(b"Batch 4711: rejected.\n") {
        Ok(_) => Err(CliError::new(
            "the assertion verified for a document that was not signed",
        )),
        Err(error) => {
            steps.done("tamper", &format!("another document is refused: {error}"))?;
            Ok(verified.claims().jti.clone())
        }
    }
}

async fn audit(system: &System, jti: &str, steps: &mut Steps) -> Result<(), CliError> {
    let failed = |error| CliError::about("the audit trail", error);
    let rows = system.admin().audit_rows(20).await.map_err(failed)?;
    let row = rows
        .iter()
        .find(|row| row.jti.as_deref() == Some(jti))
        .ok_or_else(|| CliError::new("the audit trail does not hold the signature"))?;
    if row.document_sha256 != Some(hex::encode(Sha256::digest(DOCUMENT))) {
        return Err(CliError::new(
            "the audit trail holds another document for this signature",
        ));
    }
    let who = row.username.as_deref().unwrap_or("?");
    let event = row.event;
    steps.done(
        "audit",
        &format!(
            "row {}: event {} ({event}), {who}",
            row.id, row.event_type_id
        ),
    )?;
    let checked = system.admin().verify_audit().await.map_err(failed)?;
    steps.done(
        "chain",
        &format!("{checked} rows in all audit tables are unbroken"),
    )?;
    Ok(())
}
