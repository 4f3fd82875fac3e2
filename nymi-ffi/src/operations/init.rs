//! `init`: the certificate of the application.

use std::ffi::c_char;

use nymi_core::message::{CertificateInfo, InitAnswer, Operation};

use crate::boundary::{Growing, guarded, read_growing};
use crate::call::{Fields, NymiCall, action, operation};
use crate::client::NymiClient;
use crate::error::NymiError;
use crate::memory::{CStruct, Parts, take_back};

/// What nymi_client_init needs. Set it to zeros, then `size`, then what is known; without anything
/// else the stored certificate of an earlier run is used.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NymiInitOptions {
    /// sizeof (struct NymiInitOptions).
    pub size: usize,
    /// The application, if it is not the `nea_name` of the client's config.
    pub nea_name: *const c_char,
    /// The server, such as `https://nes.example.com/nes`.
    pub nes_url: *const c_char,
    /// Who asks the server for the certificate, `DOMAIN\user` or `user@domain`.
    pub username: *const c_char,
    /// Its password.
    pub password: *const c_char,
    /// A session token of the server, instead of user and password.
    pub token: *const c_char,
    /// The enterprise's root certificate, PEM or a file's path.
    pub l1: *const c_char,
    /// The grade that certificates must have, "gold" or "bronze"; NULL for gold.
    pub grade: *const c_char,
    /// The agent, if not the client's.
    pub agent_url: *const c_char,
}

// SAFETY: repr(C), its size first, then pointers.
unsafe impl Growing for NymiInitOptions {
    const NAME: &'static str = "NymiInitOptions";
    const FIRST_SIZE: usize = 9 * size_of::<usize>();
}

/// What nymi_client_init answers. The library may add fields at the end.
#[repr(C)]
pub struct NymiInit {
    /// The application.
    pub nea_name: *const c_char,
    /// The agent's URL, or NULL.
    pub agent: *const c_char,
    /// The server's URL, or NULL.
    pub nes: *const c_char,
    /// The serial number of the application's certificate in hex, or NULL.
    pub certificate_serial: *const c_char,
    /// Until when it is valid, RFC 3339 in UTC, or NULL.
    pub certificate_not_after: *const c_char,
    /// The same in milliseconds since 1970, or 0.
    pub certificate_not_after_ms: i64,
}

impl CStruct for NymiInit {}

/// A certificate, as fields of a struct; NULL and 0 if there is none.
pub(crate) struct CertificateView {
    pub(crate) serial: *const c_char,
    pub(crate) not_after: *const c_char,
    pub(crate) not_after_ms: i64,
}

pub(crate) fn certificate_view(
    certificate: Option<&CertificateInfo>,
    parts: &mut Parts,
) -> CertificateView {
    CertificateView {
        serial: parts.optional(certificate.map(|it| it.serial.as_str())),
        not_after: certificate.map_or(std::ptr::null(), |it| parts.time(it.not_after)),
        not_after_ms: certificate.map_or(0, |it| it.not_after.0),
    }
}

/// Obtains or finds the application's certificate and makes it known to the agent. The first call;
/// all others but nymi_client_get and its like need its success.
///
/// options  what is known; NULL for nothing
/// call     timeout and name of this call, or NULL
/// init     receives the answer, if it is not NULL
/// error    receives what went wrong, if it is not NULL
///
/// Ownership: free the answer with nymi_init_free; nothing is kept of the arguments. Threads: any;
/// waits for the answer. Errors: NYMI_STATUS_CERTIFICATES (nsl in the error), NYMI_STATUS_NES_..., and
/// those of enum NymiResult.
///
/// Example:
///
/// ```c
/// struct NymiInitOptions options = {.size = sizeof options, .nes_url = "https://nes.example.com/nes",
///                                   .username = "CORP\\alice", .password = password,
///                                   .l1 = "/etc/nymi/l1.pem"};
/// struct NymiInit *init;
/// uint32_t result = nymi_client_init(client, &options, NULL, &init, &error);
/// ```
///
/// # Safety
/// Each pointer is NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nymi_client_init(
    client: *mut NymiClient,
    options: *const NymiInitOptions,
    call: *const NymiCall,
    init: *mut *mut NymiInit,
    error: *mut *mut NymiError,
) -> u32 {
    let fields = || {
        let name = crate::client::nea_name(client)?;
        let fields = Fields::default().with("nea_name", name);
        if options.is_null() {
            return Ok(fields);
        }
        // SAFETY: the caller passes a struct of the header, whose texts end with a NUL.
        unsafe {
            let options = read_growing(options)?;
            fields
                .optional("nea_name", options.nea_name)?
                .optional("nes_url", options.nes_url)?
                .optional("username", options.username)?
                .optional("password", options.password)?
                .optional("token", options.token)?
                .optional("l1", options.l1)?
                .optional("grade", options.grade)?
                .optional("agent_url", options.agent_url)
        }
    };
    let view = |answer: InitAnswer, parts: &mut Parts| {
        let certificate = certificate_view(answer.certificate.as_ref(), parts);
        NymiInit {
            nea_name: parts.text(answer.nea_name.as_str()),
            agent: parts.optional(answer.agent.as_deref()),
            nes: parts.optional(answer.nes.as_deref()),
            certificate_serial: certificate.serial,
            certificate_not_after: certificate.not_after,
            certificate_not_after_ms: certificate.not_after_ms,
        }
    };
    let target = (client, call, Operation::Init);
    if init.is_null() {
        // SAFETY: the caller passes NULL or what the header asks for.
        return unsafe { action(target, fields, error) };
    }
    // SAFETY: the caller passes NULL or what the header asks for.
    unsafe { operation(target, fields, view, ("init", init, error)) }
}

/// Frees what nymi_client_init gave.
///
/// Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
/// Errors: none.
///
/// Example:
///
/// ```c
/// nymi_init_free(init);
/// ```
#[unsafe(no_mangle)]
pub extern "C" fn nymi_init_free(init: *mut NymiInit) {
    guarded((), || take_back(init));
}
