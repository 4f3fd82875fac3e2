use axum::http::StatusCode;
use nymi_core::assertion::{Method, Sha256Hex};
use nymi_core::message::{Status, Uuid};
use nymi_core::text::{is_blank, is_plain};
use nymi_core::{BandId, UnixMillis};
use serde::Deserialize;

use crate::http::Refusal;

const MAX_FRAMES: usize = 8;
const MAX_FRAME: usize = 64;
const MAX_NAME: usize = 256;
const MAX_MEANING: usize = 4096;
/// How old a gesture may be.
const INTENT_AGE_MS: i64 = 60_000;
/// How long a spent gesture is remembered: longer than it could count, clocks included.
pub(super) const INTENT_MEMORY_MS: i64 = 10 * 60_000;

/// The body of `api/Pac/verify` and `api/Assertions`, as it comes.
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "NymiBandID")]
    band: Option<BandId>,
    frames: Option<Vec<String>>,
    endpoint: Option<String>,
    method: Option<Method>,
    intent_id: Option<Uuid>,
    intent_at: Option<UnixMillis>,
    azp: Option<String>,
    audience: Option<String>,
    nonce: Option<String>,
    document_sha256: Option<Sha256Hex>,
    meaning: Option<String>,
}

/// A gesture that the agent saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) at: UnixMillis,
}

impl Intent {
    /// The identifier as the audit trail keeps it.
    pub(super) fn bytes(&self) -> Option<[u8; 16]> {
        uuid::Uuid::parse_str(&self.id)
            .ok()
            .map(uuid::Uuid::into_bytes)
    }

    /// Whether the gesture was within the last 60 s, give or take what the clocks may differ.
    pub(super) fn is_recent(&self, now: UnixMillis, tolerance_ms: i64) -> bool {
        let age = now.since(self.at);
        (-tolerance_ms..=INTENT_AGE_MS.saturating_add(tolerance_ms)).contains(&age)
    }
}

/// Frames that an agent reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimRequest {
    pub(crate) band: BandId,
    /// The newest first, each once.
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) endpoint: String,
    pub(crate) method: Method,
    pub(crate) intent: Option<Intent>,
}

/// What an assertion should say besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssertionWish {
    pub(crate) azp: String,
    pub(crate) audience: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) document_sha256: Option<Sha256Hex>,
    pub(crate) meaning: Option<String>,
}

/// A body that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("the body is not valid: {0}")]
    Json(String),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{name} must be {expected}")]
    Invalid {
        name: &'static str,
        expected: &'static str,
    },
}

impl RequestError {
    pub(super) const fn status(&self) -> Status {
        match self {
            Self::Missing(_) => Status::MISSING_FIELD,
            Self::Json(_) | Self::Invalid { .. } => Status::INVALID_FIELD,
        }
    }

    pub(crate) fn refusal(&self) -> Refusal {
        Refusal::status(StatusCode::BAD_REQUEST, self.status(), self.to_string())
    }
}

impl ClaimRequest {
    /// Reads a body; with `assertion`, its wishes too.
    pub(crate) fn read(
        bytes: &[u8],
        assertion: bool,
    ) -> Result<(Self, Option<AssertionWish>), RequestError> {
        let mut body: Body =
            serde_json::from_slice(bytes).map_err(|error| RequestError::Json(error.to_string()))?;
        let wish = if assertion { Some(body.wish()?) } else { None };
        let frames = body.frames.take().ok_or(RequestError::Missing("frames"))?;
        let endpoint = checked(
            "endpoint",
            body.endpoint
                .take()
                .ok_or(RequestError::Missing("endpoint"))?,
        )?;
        let intent = match (body.intent_id, body.intent_at) {
            (None, None) => None,
            (Some(id), Some(at)) => Some(Intent {
                id: id.to_string(),
                at,
            }),
            (Some(_), None) => return Err(RequestError::Missing("intent_at")),
            (None, Some(_)) => return Err(RequestError::Missing("intent_id")),
        };
        let request = Self {
            band: body.band.ok_or(RequestError::Missing("NymiBandID"))?,
            frames: read_frames(&frames)?,
            endpoint,
            method: body.method.ok_or(RequestError::Missing("method"))?,
            intent,
        };
        let signs = wish
            .as_ref()
            .is_some_and(|w| w.document_sha256.is_some() || w.meaning.is_some());
        if signs && request.intent.is_none() {
            return Err(RequestError::Missing("intent_id"));
        }
        Ok((request, wish))
    }
}

impl Body {
    fn wish(&mut self) -> Result<AssertionWish, RequestError> {
        let optional = |name, value: Option<String>| value.map(|v| checked(name, v)).transpose();
        let meaning = self.meaning.take();
        if meaning.as_ref().is_some_and(|text| {
            text.chars().all(is_blank) || text.len() > MAX_MEANING || !text.chars().all(is_plain)
        }) {
            return Err(RequestError::Invalid {
                name: "meaning",
                expected: "1 to 4096 bytes that show something, without control characters",
            });
        }
        Ok(AssertionWish {
            azp: checked("azp", self.azp.take().ok_or(RequestError::Missing("azp"))?)?,
            audience: optional("audience", self.audience.take())?,
            nonce: optional("nonce", self.nonce.take())?,
            document_sha256: self.document_sha256,
            meaning,
        })
    }
}

fn checked(name: &'static str, text: String) -> Result<String, RequestError> {
    let fits = (1..=MAX_NAME).contains(&text.len()) && text.chars().all(is_plain);
    let expected = "1 to 256 bytes without control characters";
    if fits {
        Ok(text)
    } else {
        Err(RequestError::Invalid { name, expected })
    }
}

fn read_frames(texts: &[String]) -> Result<Vec<Vec<u8>>, RequestError> {
    let invalid = |expected| RequestError::Invalid {
        name: "frames",
        expected,
    };
    if !(1..=MAX_FRAMES).contains(&texts.len()) {
        return Err(invalid("1 to 8 frames, the newest first"));
    }
    let mut frames: Vec<Vec<u8>> = Vec::with_capacity(texts.len());
    for text in texts {
        let frame = hex::decode(text)
            .ok()
            .filter(|frame| frame.len() <= MAX_FRAME);
        let frame = frame.ok_or_else(|| invalid("frames in hexadecimal, at most 64 bytes each"))?;
        if !frames.contains(&frame) {
            frames.push(frame);
        }
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn full() -> Value {
        json!({"NymiBandID": "AA:BB:CC:DD:EE:FF", "frames": ["00", "01", "00"], "endpoint": "t-7",
            "method": "ble", "intent_id": "6f1e7c5a-4b5a-4d6e-8f3a-0a1b2c3d4e5f",
            "intent_at": "2026-05-13T08:30:00.000Z", "azp": "webapi", "document_sha256": "00".repeat(32)})
    }

    fn read(body: &Value, assertion: bool) -> Result<ClaimRequest, RequestError> {
        ClaimRequest::read(body.to_string().as_bytes(), assertion).map(|(request, _)| request)
    }

    #[test]
    fn reads_a_whole_body() {
        let request = read(&full(), true).unwrap();
        assert_eq!(request.frames, [[0], [1]], "each once");
        assert_eq!(request.method, Method::Ble);
    }

    #[test]
    fn names_what_is_missing() {
        for name in [
            "NymiBandID",
            "frames",
            "endpoint",
            "method",
            "azp",
            "intent_id",
            "intent_at",
        ] {
            let mut body = full();
            body.as_object_mut().unwrap().remove(name);
            assert_eq!(read(&body, true), Err(RequestError::Missing(name)));
        }
        let mut body = full();
        for name in ["intent_id", "intent_at"] {
            body.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(
            read(&body, true),
            Err(RequestError::Missing("intent_id")),
            "a signature"
        );
        assert!(read(&body, false).is_ok(), "no wish, no signature");
    }

    #[test]
    fn names_what_is_wrong() {
        for (name, value) in [
            ("frames", json!([])),
            ("frames", json!(vec!["00"; 9])),
            ("frames", json!(["zz"])),
            ("frames", json!(["00".repeat(65)])),
            ("endpoint", json!("")),
            ("azp", json!("a\nb")),
            ("meaning", json!("")),
            ("meaning", json!(" \u{200b}")),
            ("meaning", json!("pay 10\r\u{1b}[2K to eve")),
            ("meaning", json!("pay \u{202e}01 to eve")),
            ("endpoint", json!("t\u{2066}7")),
            ("nonce", json!("n\u{200f}")),
        ] {
            let mut body = full();
            body[name] = value;
            assert!(
                matches!(read(&body, true), Err(RequestError::Invalid { name: found, .. }) if found == name),
                "{body}"
            );
        }
        for (name, value) in [("method", json!("wifi")), ("NymiBandID", json!(7))] {
            let mut body = full();
            body[name] = value;
            assert!(
                matches!(read(&body, true), Err(RequestError::Json(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn a_gesture_counts_for_a_minute() {
        let intent = Intent {
            id: String::new(),
            at: UnixMillis(100_000),
        };
        assert!(intent.is_recent(UnixMillis(162_000), 2_000));
        assert!(!intent.is_recent(UnixMillis(162_001), 2_000));
        assert!(intent.is_recent(UnixMillis(98_000), 2_000));
        assert!(!intent.is_recent(UnixMillis(97_999), 2_000));
    }
}
