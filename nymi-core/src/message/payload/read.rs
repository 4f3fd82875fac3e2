//! How the fields of each operation are read.

use serde::Deserialize;
use serde_json::Value;

use super::{
    AssertIdentity, BandExchange, BandSession, Cancel, Firmware, Init, KeyAction, Notification,
    Notify, Random, Sign, SubscribeEndpoint, SymmetricKey, Totp, UnsubscribeEndpoint, UserStatus,
};
use crate::chain::Grade;
use crate::message::fields::{AnyText, Field, Fields, Text};

struct AssertUser;

impl Field for AssertUser {
    const EXPECTED: &'static str = "\"assert_user\"";

    fn read(value: &Value) -> Option<Self> {
        (value.as_str()? == AssertIdentity::ASSERT_USER).then_some(Self)
    }
}

struct Length(u8);

impl Field for Length {
    const EXPECTED: &'static str = "a whole number from 1 to 64";

    fn read(value: &Value) -> Option<Self> {
        let length = u8::try_from(value.as_u64()?).ok()?;
        (1..=64).contains(&length).then_some(Self(length))
    }
}

impl Field for Grade {
    const EXPECTED: &'static str = "\"gold\" or \"bronze\"";

    fn read(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "gold" => Some(Self::Gold),
            "bronze" => Some(Self::Bronze),
            _ => None,
        }
    }
}

impl Field for Notification {
    const EXPECTED: &'static str = "\"positive\" or \"negative\"";

    fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

impl Field for KeyAction {
    const EXPECTED: &'static str = "\"create\", \"get\" or \"delete\"";

    fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

impl Init {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let nea_name = fields.required("nea_name");
        let (nes_url, token) = (fields.optional("nes_url"), fields.optional("token"));
        let (username, password) = (fields.optional("username"), fields.optional("password"));
        let (agent_url, grade) = (fields.optional("agent_url"), fields.optional("grade"));
        let l1 = fields.optional::<AnyText>("l1").map(|text| text.0);
        let nea_name = nea_name?;
        Some(Self {
            nea_name,
            nes_url,
            token,
            username,
            password,
            agent_url,
            grade,
            l1,
        })
    }
}

impl SubscribeEndpoint {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let endpoint_id = fields.required::<Text>("endpoint_id")?.0;
        Some(Self { endpoint_id })
    }
}

impl UnsubscribeEndpoint {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let endpoint_id = fields.required::<Text>("endpoint_id")?.0;
        Some(Self { endpoint_id })
    }
}

impl AssertIdentity {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let assert_type = fields.required::<AssertUser>("assert_type");
        let device = fields.required("device");
        let intent_id = fields.optional("intent_id");
        let document_sha256 = fields.optional("document_sha256");
        let meaning = fields.optional::<Text<4096>>("meaning").map(|text| text.0);
        let audience = fields.optional::<Text>("audience").map(|text| text.0);
        let nonce = fields.optional::<Text>("nonce").map(|text| text.0);
        if intent_id.is_none() && (document_sha256.is_some() || meaning.is_some()) {
            let expected = "the intent_id of a tap, since a document or meaning is signed";
            fields.missing("intent_id", expected);
        }
        let (AssertUser, device) = (assert_type?, device?);
        let assert_type = Self::ASSERT_USER;
        Some(Self {
            assert_type,
            device,
            intent_id,
            document_sha256,
            meaning,
            audience,
            nonce,
        })
    }
}

impl UserStatus {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let username = fields.required::<Text>("Username");
        let domain = fields.required::<Text>("Domain");
        Some(Self {
            username: username?.0,
            domain: domain?.0,
        })
    }
}

impl Notify {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (device, notification) = (fields.required("device"), fields.required("notification"));
        Some(Self {
            device: device?,
            notification: notification?,
        })
    }
}

impl Random {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (device, length) = (
            fields.required("device"),
            fields.required::<Length>("length"),
        );
        Some(Self {
            device: device?,
            length: length?.0,
        })
    }
}

impl Sign {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (device, hash) = (fields.required("device"), fields.required("hash"));
        Some(Self {
            device: device?,
            hash: hash?,
        })
    }
}

impl SymmetricKey {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (device, action) = (fields.required("device"), fields.required("action"));
        let key_id = fields.optional("key_id");
        if key_id.is_none() && matches!(action, Some(KeyAction::Get | KeyAction::Delete)) {
            fields.missing("key_id", "the key_id that create answered");
        }
        Some(Self {
            device: device?,
            action: action?,
            key_id,
        })
    }
}

impl Totp {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (device, action) = (fields.required("device"), fields.required("action"));
        Some(Self {
            device: device?,
            action: action?,
        })
    }
}

impl Firmware {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            device: fields.required("device")?,
        })
    }
}

impl Cancel {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            exchange: fields.required::<AnyText>("exchange")?.0,
        })
    }
}

impl BandExchange {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let endpoint_id = fields.required::<Text>("endpoint_id");
        let (address, data) = (fields.required("address"), fields.required("data"));
        Some(Self {
            endpoint_id: endpoint_id?.0,
            address: address?,
            data: data?,
        })
    }
}

impl BandSession {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (device, data) = (fields.required("device"), fields.required("data"));
        Some(Self {
            device: device?,
            data: data?,
        })
    }
}
