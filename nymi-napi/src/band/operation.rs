//! What a request means to a band, and what a band's answer means to the caller.

use data_encoding::BASE32_NOPAD;
use nymi_core::BandId;
use nymi_core::band::session::{
    BandOperation, SessionAnswer, TOTP_DIGITS, TOTP_PERIOD_S, TOTP_SECRET_BYTES,
};
use nymi_core::message::{
    FirmwareAnswer, HexBytes, KeyAction, Map, Notification, Payload, RandomAnswer, SignAnswer,
    Status, SymmetricKeyAnswer, TotpAnswer, Uuid,
};
use zeroize::Zeroizing;

use super::worker::Trouble;
use crate::engine::to_map;

/// An operation with a band.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) device: BandId,
    pub(super) operation: BandOperation,
    key_id: Option<Uuid>,
}

impl Wanted {
    /// What a request wants of a band; none if it is about something else.
    ///
    /// # Errors
    /// The system gives no random numbers for a key's id.
    pub(crate) fn of(payload: &Payload) -> Result<Option<Self>, getrandom::Error> {
        let mut named = None;
        let (device, operation) = match payload {
            Payload::Notify(notify) => {
                let positive = notify.notification == Notification::Positive;
                (notify.device, BandOperation::Notify { positive })
            }
            Payload::Random(random) => {
                let length = random.length;
                (random.device, BandOperation::Random { length })
            }
            Payload::Sign(sign) => {
                let digest = sign.hash.0;
                (sign.device, BandOperation::Sign { digest })
            }
            Payload::SymmetricKey(wanted) => {
                // Chosen here, so that the request can be repeated without making a second key.
                let key = match &wanted.key_id {
                    Some(key) => key.clone(),
                    None => new_uuid()?,
                };
                let key_id = named.insert(key).to_bytes();
                let operation = match wanted.action {
                    KeyAction::Create => BandOperation::CreateKey { key_id },
                    KeyAction::Get => BandOperation::GetKey { key_id },
                    KeyAction::Delete => BandOperation::DeleteKey { key_id },
                };
                (wanted.device, operation)
            }
            Payload::Totp(totp) => {
                let operation = match totp.action {
                    KeyAction::Create => BandOperation::CreateTotp,
                    KeyAction::Get => BandOperation::GetTotp,
                    KeyAction::Delete => BandOperation::DeleteTotp,
                };
                (totp.device, operation)
            }
            Payload::Firmware(firmware) => (firmware.device, BandOperation::Firmware),
            _ => return Ok(None),
        };
        Ok(Some(Self {
            device,
            operation,
            key_id: named,
        }))
    }

    /// What an enrollment terminal wants of a band.
    pub(crate) fn of_terminal(device: BandId, operation: BandOperation) -> Self {
        Self {
            device,
            operation,
            key_id: None,
        }
    }

    /// The payload of the answer to the caller.
    pub(super) fn answer(&self, name: &str, answer: SessionAnswer) -> Result<Map, Trouble> {
        use BandOperation as Asked;
        match (&self.operation, answer) {
            (_, SessionAnswer::Refused { status, reason }) => {
                Err(Trouble::by_band(status, None, reason))
            }
            (
                Asked::Notify { .. } | Asked::Settings { .. } | Asked::DeleteUserData,
                SessionAnswer::Done,
            ) => Ok(Map::new()),
            (Asked::Random { length }, SessionAnswer::Random(bytes))
                if bytes.len() == usize::from(*length) =>
            {
                let random = HexBytes(bytes);
                Ok(to_map(&RandomAnswer { random }))
            }
            (
                Asked::Sign { .. },
                SessionAnswer::Signature {
                    signature,
                    public_key,
                },
            ) => Ok(to_map(&SignAnswer {
                signature: HexBytes(signature.to_vec()),
                public_key: HexBytes(public_key),
            })),
            (Asked::CreateKey { .. } | Asked::GetKey { .. }, SessionAnswer::Key(key)) => {
                self.key(Some(key.expose()))
            }
            (Asked::DeleteKey { .. }, SessionAnswer::Done) => self.key(None),
            (Asked::CreateTotp, SessionAnswer::Totp { code, secret }) => {
                let secret = secret.as_ref().map(|secret| secret.expose());
                Ok(to_map(&TotpAnswer {
                    totp: Some(code),
                    otpauth: secret.map(|secret| otpauth(name, self.device, secret).to_string()),
                }))
            }
            (Asked::GetTotp, SessionAnswer::Totp { code, secret: None }) => {
                Ok(to_map(&TotpAnswer {
                    totp: Some(code),
                    otpauth: None,
                }))
            }
            (Asked::DeleteTotp, SessionAnswer::Done) => Ok(Map::new()),
            (
                Asked::Firmware,
                SessionAnswer::Firmware {
                    firmware_version,
                    hardware_version,
                },
            ) => Ok(to_map(&FirmwareAnswer {
                firmware_version,
                hardware_version,
            })),
            _ => Err(Trouble::off_script()),
        }
    }

    fn key(&self, key: Option<&[u8; 32]>) -> Result<Map, Trouble> {
        let key_id = self.key_id.clone().ok_or_else(Trouble::off_script)?;
        let key = key.map(|key| nymi_core::message::Digest(*key));
        Ok(to_map(&SymmetricKeyAnswer { key_id, key }))
    }
}

pub(super) fn new_uuid() -> Result<Uuid, getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(Uuid::from_random(random))
}

/// The form in which authenticator programs and servers take a secret over.
fn otpauth(name: &str, band: BandId, secret: &[u8; TOTP_SECRET_BYTES]) -> Zeroizing<String> {
    let account = band.to_string().replace(':', "");
    let secret = Zeroizing::new(BASE32_NOPAD.encode(secret));
    Zeroizing::new(format!(
        "otpauth://totp/{name}:{account}?secret={}&issuer={name}&algorithm=SHA1&digits={TOTP_DIGITS}&period={TOTP_PERIOD_S}",
        secret.as_str()
    ))
}

/// A status of the band's; one that is not in the table is a refusal.
pub(super) fn status_of_band(code: u32) -> Status {
    Status::from_code(code)
        .filter(|status| !status.is_success())
        .unwrap_or(Status::BAND_REFUSED)
}
