//! Typed operations with a band, in a session between this process and the band.

use std::ffi::c_char;

use nymi_core::message::{
    FirmwareAnswer, Operation, RandomAnswer, SignAnswer, SymmetricKeyAnswer, TotpAnswer,
};

use crate::boundary::{guarded, optional_digest};
use crate::call::{Fields, NymiCall, action, operation};
use crate::client::NymiClient;
use crate::error::{Failure, NymiError};
use crate::memory::{CStruct, Parts, take_back};

/// What a band shows.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NymiNotification {
    /// Success.
    Positive = 0,
    /// Failure.
    Negative = 1,
}

/// What to do with a secret that a band keeps.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NymiKeyAction {
    /// Make it.
    Create = 0,
    /// Use or read it.
    Get = 1,
    /// Forget it.
    Delete = 2,
}

fn key_action(action: u32) -> Result<&'static str, Failure> {
    const NAMES: [&str; 3] = ["create", "get", "delete"];
    let name = usize::try_from(action).ok().and_then(|at| NAMES.get(at));
    name.copied()
        .ok_or_else(|| Failure::argument("action", "expected enum NymiKeyAction"))
}

/// Has a band vibrate and show a sign.
///
/// band          its NymiBandID
/// notification  enum NymiNotification
/// call          timeout and name of this call, or NULL
///
/// Ownership: nothing is kept. Threads: any; waits until the band has done it.
/// Errors: NYMI_STATUS_BAND_..., NYMI_STATUS_TIMEOUT_BAND, and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// nymi_client_notify(client, tap->band, NYMI_NOTIFICATION_POSITIVE, NULL, NULL);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_notify(
    client: *mut NymiClient,
    band: *const c_char,
    notification: u32,
    call: *const NymiCall,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        let name = match notification {
            0 => "positive",
            1 => "negative",
            _ => {
                let what = "expected enum NymiNotification";
                return Err(Failure::argument("notification", what));
            }
        };
        // SAFETY: the caller passes NULL or a NUL-terminated text.
        unsafe { Fields::default().required("device", band) }
            .map(|fields| fields.with("notification", name))
    };
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { action((client, call, Operation::Notify), fields, error) }
}

/// Random bytes. The library may add fields at the end.
#[repr(C)]
pub struct NymiRandom {
    /// The bytes.
    pub bytes: *const u8,
    /// How many.
    pub size: usize,
}

impl CStruct for NymiRandom {}

/// Random bytes from a band.
///
/// band    its NymiBandID
/// size    how many, 1 to 64
/// call    timeout and name of this call, or NULL
/// random  receives them
///
/// Ownership: free the answer with nymi_random_free. Threads: any; waits for the answer.
/// Errors: NYMI_STATUS_BAND_..., NYMI_STATUS_INVALID_FIELD, and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiRandom *random;
/// result = nymi_client_random(client, tap->band, 32, NULL, &random, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_random(
    client: *mut NymiClient,
    band: *const c_char,
    size: u32,
    call: *const NymiCall,
    random: *mut *mut NymiRandom,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        // SAFETY: the caller passes NULL or a NUL-terminated text.
        let fields = unsafe { Fields::default().required("device", band) }?;
        Ok(fields.with("length", size))
    };
    let view = |answer: RandomAnswer, parts: &mut Parts| NymiRandom {
        bytes: parts.bytes(&answer.random.0),
        size: answer.random.0.len(),
    };
    let target = (client, call, Operation::Random);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("random", random, error)) }
}

/// Frees what nymi_client_random gave.
///
/// Ownership: the bytes are wiped and gone. NULL, and what was freed before, are ignored. Threads:
/// any. Errors: none.
///
/// Example:
///
/// ```c
/// nymi_random_free(random);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_random_free(random: *mut NymiRandom) {
    guarded((), || take_back(random));
}

/// A signature with a band's key. The library may add fields at the end.
#[repr(C)]
pub struct NymiSignature {
    /// ECDSA on P-256: r and s, 32 bytes each.
    pub signature: *const u8,
    /// How many bytes.
    pub signature_size: usize,
    /// The band's public key for this application, SubjectPublicKeyInfo in DER.
    pub public_key: *const u8,
    /// How many bytes.
    pub public_key_size: usize,
}

impl CStruct for NymiSignature {}

/// Has a band sign a digest with the key that it made for this application.
///
/// band       its NymiBandID
/// sha256     the digest, 32 bytes
/// call       timeout and name of this call, or NULL
/// signature  receives signature and key
///
/// Ownership: free the answer with nymi_signature_free. Threads: any; waits for the answer.
/// Errors: NYMI_STATUS_BAND_..., NYMI_STATUS_KEY_NOT_FOUND, and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiSignature *signature;
/// result = nymi_client_sign(client, tap->band, digest, NULL, &signature, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_sign(
    client: *mut NymiClient,
    band: *const c_char,
    sha256: *const u8,
    call: *const NymiCall,
    signature: *mut *mut NymiSignature,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        // SAFETY: the caller passes NULL, or a NUL-terminated text and 32 bytes.
        let (fields, digest) = unsafe {
            let fields = Fields::default().required("device", band)?;
            (fields, optional_digest(sha256))
        };
        let digest = digest.ok_or_else(|| Failure::argument("sha256", "NULL"))?;
        Ok(fields.with("hash", hex::encode(digest)))
    };
    let view = |answer: SignAnswer, parts: &mut Parts| NymiSignature {
        signature: parts.bytes(&answer.signature.0),
        signature_size: answer.signature.0.len(),
        public_key: parts.bytes(&answer.public_key.0),
        public_key_size: answer.public_key.0.len(),
    };
    let target = (client, call, Operation::Sign);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("signature", signature, error)) }
}

/// Frees what nymi_client_sign gave.
///
/// Ownership: it and its bytes are gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_signature_free(signature);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_signature_free(signature: *mut NymiSignature) {
    guarded((), || take_back(signature));
}

/// A key that a band keeps. The library may add fields at the end.
#[repr(C)]
pub struct NymiKey {
    /// Names the key.
    pub key_id: *const c_char,
    /// The key; NULL after NYMI_KEY_ACTION_DELETE.
    pub key: *const u8,
    /// How many bytes: 32, or 0.
    pub key_size: usize,
}

impl CStruct for NymiKey {}

/// Makes, reads or deletes a symmetric key that a band keeps for this application.
///
/// A band has room for few, a virtual one for 32: its registrations with servers share it with the keys
/// of all applications, those for signatures and one-time passwords included. A full band answers
/// NYMI_STATUS_BAND_MEMORY; deleting a key gives room back.
///
/// band    its NymiBandID
/// action  enum NymiKeyAction
/// key_id  which key, a UUID; NULL with NYMI_KEY_ACTION_CREATE to have one chosen
/// call    timeout and name of this call, or NULL
/// key     receives it
///
/// Ownership: free the answer with nymi_key_free, which wipes it. Threads: any; waits for the answer.
/// Errors: NYMI_STATUS_KEY_NOT_FOUND, NYMI_STATUS_BAND_MEMORY, NYMI_STATUS_BAND_..., and those of enum
/// NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiKey *key;
/// result = nymi_client_symmetric_key(client, tap->band, NYMI_KEY_ACTION_CREATE, NULL, NULL, &key,
///                                    &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_symmetric_key(
    client: *mut NymiClient,
    band: *const c_char,
    action: u32,
    key_id: *const c_char,
    call: *const NymiCall,
    key: *mut *mut NymiKey,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        let fields = Fields::default().with("action", key_action(action)?);
        // SAFETY: the caller passes NULL or NUL-terminated texts.
        unsafe { fields.required("device", band)?.optional("key_id", key_id) }
    };
    let view = |answer: SymmetricKeyAnswer, parts: &mut Parts| NymiKey {
        key_id: parts.text(answer.key_id.as_str()),
        key: match &answer.key {
            Some(key) => parts.bytes(&key.0),
            None => std::ptr::null(),
        },
        key_size: answer.key.map_or(0, |key| key.0.len()),
    };
    let target = (client, call, Operation::SymmetricKey);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("key", key, error)) }
}

/// Frees what nymi_client_symmetric_key gave.
///
/// Ownership: the key is wiped and gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_key_free(key);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_key_free(key: *mut NymiKey) {
    guarded((), || take_back(key));
}

/// A one-time password. The library may add fields at the end.
#[repr(C)]
pub struct NymiTotp {
    /// The present password; NULL after NYMI_KEY_ACTION_DELETE.
    pub totp: *const c_char,
    /// After NYMI_KEY_ACTION_CREATE the secret as an otpauth URI, for whoever checks passwords; else
    /// NULL.
    pub otpauth: *const c_char,
}

impl CStruct for NymiTotp {}

/// Makes or deletes the secret of one-time passwords (RFC 6238) on a band, or gets a password.
///
/// band    its NymiBandID
/// action  enum NymiKeyAction
/// call    timeout and name of this call, or NULL
/// totp    receives the password
///
/// Ownership: free the answer with nymi_totp_free, which wipes it. Threads: any; waits for the
/// answer. Errors: NYMI_STATUS_KEY_NOT_FOUND, NYMI_STATUS_BAND_..., and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiTotp *totp;
/// result = nymi_client_totp(client, tap->band, NYMI_KEY_ACTION_GET, NULL, &totp, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_totp(
    client: *mut NymiClient,
    band: *const c_char,
    action: u32,
    call: *const NymiCall,
    totp: *mut *mut NymiTotp,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        let fields = Fields::default().with("action", key_action(action)?);
        // SAFETY: the caller passes NULL or a NUL-terminated text.
        unsafe { fields.required("device", band) }
    };
    let view = |answer: TotpAnswer, parts: &mut Parts| NymiTotp {
        totp: parts.optional(answer.totp.as_deref()),
        otpauth: parts.optional(answer.otpauth.as_deref()),
    };
    let target = (client, call, Operation::Totp);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("totp", totp, error)) }
}

/// Frees what nymi_client_totp gave.
///
/// Ownership: its texts are wiped and gone. NULL, and what was freed before, are ignored. Threads:
/// any. Errors: none.
///
/// Example:
///
/// ```c
/// nymi_totp_free(totp);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_totp_free(totp: *mut NymiTotp) {
    guarded((), || take_back(totp));
}

/// The versions of a band. The library may add fields at the end.
#[repr(C)]
pub struct NymiFirmware {
    /// The firmware.
    pub firmware_version: *const c_char,
    /// The hardware.
    pub hardware_version: *const c_char,
}

impl CStruct for NymiFirmware {}

/// Asks a band for its versions, in any state of the band.
///
/// band      its NymiBandID
/// call      timeout and name of this call, or NULL
/// firmware  receives them
///
/// Ownership: free the answer with nymi_firmware_free. Threads: any; waits for the answer.
/// Errors: NYMI_STATUS_BAND_NOT_PRESENT, NYMI_STATUS_TIMEOUT_BAND, and those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiFirmware *firmware;
/// result = nymi_client_firmware(client, tap->band, NULL, &firmware, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_firmware(
    client: *mut NymiClient,
    band: *const c_char,
    call: *const NymiCall,
    firmware: *mut *mut NymiFirmware,
    error: *mut *mut NymiError,
) -> u32 {
    // SAFETY: the caller passes NULL or a NUL-terminated text.
    let fields = || unsafe { Fields::default().required("device", band) };
    let view = |answer: FirmwareAnswer, parts: &mut Parts| NymiFirmware {
        firmware_version: parts.text(&answer.firmware_version),
        hardware_version: parts.text(&answer.hardware_version),
    };
    let target = (client, call, Operation::Firmware);
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("firmware", firmware, error)) }
}

/// Frees what nymi_client_firmware gave.
///
/// Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_firmware_free(firmware);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_firmware_free(firmware: *mut NymiFirmware) {
    guarded((), || take_back(firmware));
}
