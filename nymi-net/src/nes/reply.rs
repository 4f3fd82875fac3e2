//! Reading what NES answers.

use axum::http::StatusCode;
use nymi_core::message::Status;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::NesError;
use crate::http::HttpReply;

/// Marks in [`NesError::detail`] a log-in that NES put off.
pub(super) const BUSY: &str = "busy";

/// The JSON of a successful answer, or the error that a refusal means.
pub(super) fn read<T: DeserializeOwned>(url: &str, reply: &HttpReply) -> Result<T, NesError> {
    if !reply.status.is_success() {
        return Err(refusal(url, reply));
    }
    let body: &[u8] = if reply.body.is_empty() {
        b"null"
    } else {
        &reply.body
    };
    serde_json::from_slice(body).map_err(|error| {
        NesError::new(
            Status::NES_VERSION,
            format!("{url} answered something else than this version expects ({error}); check nes_url and that NES and this program are of the same version"),
        )
    })
}

/// The token of `BasicLoginWithToken`.
pub(super) fn token(
    url: &str,
    user: &str,
    reply: &HttpReply,
) -> Result<Zeroizing<String>, NesError> {
    match reply.status {
        StatusCode::UNAUTHORIZED => Err(NesError::new(
            Status::NES_CREDENTIALS,
            format!(
                "Basic Authentication query returned with a status code of 401 Unauthorized. {url} refused the user name or password of {}; check both, the domain part included",
                // On one line, and with the one backslash that was written between domain and name.
                format!("{user:?}").replace(r"\\", r"\")
            ),
        )),
        StatusCode::TOO_MANY_REQUESTS => Err(busy(url)),
        StatusCode::NOT_FOUND => Err(NesError::new(
            Status::NES_UNREACHABLE,
            format!(
                "there is no Nymi Enterprise Server at {url}; check nes_url and directory_service_id"
            ),
        )),
        _ => {
            #[derive(serde::Deserialize)]
            struct Login {
                #[serde(rename = "Token")]
                token: String,
            }
            read::<Login>(url, reply).map(|login| Zeroizing::new(login.token))
        }
    }
}

/// NES did not look at the credentials: whatever code it adds says nothing about them.
fn busy(url: &str) -> NesError {
    let mut error = NesError::new(
        Status::NES_UNREACHABLE,
        format!("{url} takes no more log-ins of this account or address for now; try again later"),
    );
    error.detail.insert(BUSY.to_owned(), Value::Bool(true));
    error
}

fn refusal(url: &str, reply: &HttpReply) -> NesError {
    let mut detail = match reply.json() {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let said = match detail.remove("Message") {
        Some(Value::String(message)) if !message.is_empty() => Some(message),
        _ => None,
    };
    let status = detail
        .remove("Status")
        .and_then(|code| u32::try_from(code.as_u64()?).ok())
        .and_then(Status::from_code);
    NesError {
        status: status.unwrap_or_else(|| by_http(reply.status)),
        message: said.unwrap_or_else(|| match reply.status {
            StatusCode::MISDIRECTED_REQUEST => format!(
                "the server of {url} does not go by that name; name it in nes_url as it does, or add the name to its allowed_hosts"
            ),
            status => format!("{url} answered HTTP {status}"),
        }),
        detail,
    }
}

/// The code for a refusal that names none.
fn by_http(status: StatusCode) -> Status {
    match status {
        StatusCode::UNAUTHORIZED => Status::NES_CREDENTIALS,
        StatusCode::FORBIDDEN => Status::NES_FORBIDDEN,
        StatusCode::NOT_FOUND => Status::NOT_FOUND,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::MISDIRECTED_REQUEST => Status::NES_UNREACHABLE,
        StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => Status::NES_TIMEOUT,
        status if status.is_client_error() => Status::INVALID_FIELD,
        _ => Status::NES_SERVER_ERROR,
    }
}

/// `path?name=value&…`, percent-encoded.
pub(super) fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    for (index, (name, value)) in query.iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(&segment(name));
        text.push('=');
        text.push_str(&segment(value));
    }
    text
}

/// One path segment or query value: everything but RFC 3986's unreserved characters is encoded.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_name_is_told_as_it_was_written_on_one_line() {
        let reply = HttpReply {
            status: StatusCode::UNAUTHORIZED,
            body: "".into(),
        };
        let message = |user| {
            token("https://nes.example", user, &reply)
                .unwrap_err()
                .message
        };
        let told = message(r"EVAL\alice");
        assert!(told.contains(r#"of "EVAL\alice"; check"#), "{told}");
        assert!(!message("alice\n").contains('\n'));
    }

    #[test]
    fn a_server_of_another_name_is_told_with_what_to_do() {
        let reply = HttpReply {
            status: StatusCode::MISDIRECTED_REQUEST,
            body: "this server is not known by that Host".into(),
        };
        let error = refusal("https://alias.example/nes", &reply);
        assert_eq!(error.status, Status::NES_UNREACHABLE);
        let message = &error.message;
        assert!(
            message.contains("alias.example") && message.contains("allowed_hosts"),
            "{message}"
        );
    }
}
