//! The records of Seos bands, which have to be here before such a band is enrolled (guide 000, 5.1.1).

mod differing;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nymi_core::import::{
    BandRecord, INVALID_FILE, ImportError, MAX_FILE, Record, Row, RowError, Upload,
};
use nymi_core::message::Status;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::{Body, MAX_BODY, Principal, Refusal};
use crate::nes::Nes;
use crate::store::seos::Stored;

/// How many rows of a kind the JSON answer lists.
const MAX_LISTED: usize = 1000;
/// How long an import waits for the one before it.
const PATIENCE: Duration = Duration::from_secs(3);
/// After how long who waited in vain should come again.
const RETRY_AFTER_S: u64 = 10;

/// How the records come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The vendor's file.
    Csv,
    /// A list of objects.
    Json,
}

/// POST `api/Import`: adds what is new, keeps what is known, and says of each other record what is
/// wrong with it. Who accepts text/csv gets the wrong rows as a file instead. A file takes many times
/// its size of memory while it is read, so one import runs at a time.
pub(super) async fn seos(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    request: Request,
) -> Result<Response, Refusal> {
    let caller = caller.administrator()?;
    let form = Form::of(request.headers())?;
    let wants_file = wants_file(request.headers());
    let turn = turn(&nes).await?;
    let body = Body::read(request, form.largest()).await?;
    // A request that is given up is read to its end; its turn lasts as long.
    let (read, _turn) = tokio::task::spawn_blocking(move || (form.read(&body), turn))
        .await
        .map_err(|error| unfinished(&error))?;
    let mut upload = read?;
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let stored = Stored::load(write.sql()).await?;
    upload.refuse_taken(|record| stored.is_taken(record));
    let known = |serial: &_| stored.known(serial);
    write
        .import_seos(&upload.actions(known), &caller.name())
        .await?;
    write.commit().await?;
    let differing = differing::of(&upload, &stored);
    if wants_file {
        let mut file = upload.invalid_records();
        file.extend(differing.iter().map(|row| row.csv_line(&upload)));
        return Ok((file_headers(), file).into_response());
    }
    let counts = upload.counts(known);
    let listed = differing.iter().take(MAX_LISTED);
    let listed: Vec<_> = listed.map(|row| row.to_json(&upload)).collect();
    let answer = json!({
        "Added": counts.new,
        "Known": counts.known,
        "Invalid": wrong_rows(&upload),
        "InvalidCount": counts.invalid,
        "Differs": listed,
        "DiffersCount": differing.len(),
    });
    Ok(Json(answer).into_response())
}

/// Waits for the import before; held until this one is done.
async fn turn(nes: &Nes) -> Result<OwnedSemaphorePermit, Refusal> {
    let permit = Arc::clone(&nes.importing).acquire_owned();
    let turn = tokio::time::timeout(PATIENCE, permit).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| {
        Refusal::status(
            StatusCode::TOO_MANY_REQUESTS,
            Status::NES_TIMEOUT,
            format!("another import is running; try again in {RETRY_AFTER_S} s"),
        )
        .retry_after(RETRY_AFTER_S)
    })
}

fn wrong_rows(upload: &Upload) -> Vec<Value> {
    let wrong = |row: &Row| {
        let error = row.record.as_ref().err()?;
        let [serial, seos_id] = upload.values(row);
        Some(json!({
            "Row": row.line,
            "SerialNumber": serial,
            "SeosId": seos_id,
            "Error": error.to_string(),
        }))
    };
    let rows = upload.rows().iter().filter_map(wrong);
    rows.take(MAX_LISTED).collect()
}

fn unfinished(error: &tokio::task::JoinError) -> Refusal {
    tracing::error!(%error, "a file could not be read");
    Refusal::status(
        StatusCode::INTERNAL_SERVER_ERROR,
        Status::NES_SERVER_ERROR,
        "The server met an internal error; its log has the cause.",
    )
}

/// The file is the answer where the caller accepts nothing else that this route gives.
fn wants_file(headers: &HeaderMap) -> bool {
    let accepts = |wanted: &str| {
        let values = headers.get_all(header::ACCEPT).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|kind| media_type(kind).0.eq_ignore_ascii_case(wanted))
    };
    accepts("text/csv") && !accepts("application/json")
}

fn file_headers() -> [(HeaderName, String); 2] {
    [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".into()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{INVALID_FILE}\""),
        ),
    ]
}

/// The type before the parameters, and these.
fn media_type(value: &str) -> (&str, &str) {
    let (kind, parameters) = value.split_once(';').unwrap_or((value, ""));
    (kind.trim(), parameters)
}

impl Form {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        // Without one it is JSON, as on every other route.
        let Some(value) = headers.get(header::CONTENT_TYPE) else {
            return Ok(Self::Json);
        };
        let value = value.to_str().unwrap_or_default();
        let (kind, parameters) = media_type(value);
        if kind.eq_ignore_ascii_case("application/json") {
            return Ok(Self::Json);
        }
        if !kind.eq_ignore_ascii_case("text/csv") {
            return Err(Refusal::invalid(format!(
                "Content-Type is {kind:?}; it must be text/csv for a file or application/json for a list"
            )));
        }
        let charset = parameters
            .split(';')
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
            .map_or("utf-8", |(_, charset)| charset.trim().trim_matches('"'));
        match charset.to_ascii_lowercase().as_str() {
            "utf-8" | "us-ascii" => Ok(Self::Csv),
            _ => Err(Refusal::invalid(
                "the charset of the file must be utf-8; save it in UTF-8",
            )),
        }
    }

    /// The largest body. JSON takes more memory than it has bytes.
    const fn largest(self) -> usize {
        match self {
            Self::Csv => MAX_FILE,
            Self::Json => MAX_BODY,
        }
    }

    fn read(self, body: &Body) -> Result<Upload, Refusal> {
        let upload = match self {
            Self::Csv => std::str::from_utf8(body)
                .map_err(|error| {
                    let byte = error.valid_up_to() + 1;
                    Refusal::invalid(format!(
                        "the file is not UTF-8 text from byte {byte} on; save it in UTF-8"
                    ))
                })?
                .parse(),
            Self::Json => {
                let records: Vec<Value> = body.json()?;
                Upload::of_records(records.iter().map(record))
            }
        };
        upload.map_err(|error| match error {
            ImportError::TooLarge { .. } | ImportError::TooMany => Refusal::status(
                StatusCode::PAYLOAD_TOO_LARGE,
                Status::TOO_LARGE,
                error.to_string(),
            ),
            _ => Refusal::invalid(error.to_string()),
        })
    }
}

/// One object as a record; what else it has is left alone.
fn record(object: &Value) -> Record {
    let serial = ["SerialNumber", "HardwareID"]
        .iter()
        .find_map(|name| object.get(name));
    let (serial, seos_id) = (
        text("SerialNumber", serial),
        text("SeosId", object.get("SeosId")),
    );
    let shown = |value: &Result<&str, RowError>| match value {
        Ok(text) => (*text).to_owned(),
        Err(RowError::Value { found, .. }) => found.clone(),
        Err(_) => String::new(),
    };
    let fields = [shown(&serial), shown(&seos_id)];
    let read = serial.and_then(|serial| BandRecord::read(serial, seos_id?));
    (fields, read)
}

/// A text; absent it is empty. A number is none: it would lose zeros at its beginning.
fn text<'a>(column: &'static str, value: Option<&'a Value>) -> Result<&'a str, RowError> {
    match value {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(RowError::Value {
            column,
            found: other.to_string().chars().take(40).collect(),
            rule: "a JSON string".into(),
        }),
    }
}
