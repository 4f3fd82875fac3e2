//! The typed operations, none of which is answered here.

use std::ffi::c_void;
use std::ptr::null;

use nymi_api::band::*;
use nymi_api::info::*;
use nymi_api::operations::*;

use crate::passed::{Sized, Step, Text, nowhere, pick};
use crate::program::Program;

impl Program {
    pub(crate) fn typed(&mut self, step: &Step) {
        match step {
            Step::Init(which, options, nes, [name, user, token, l1]) => {
                self.ask(which, options, |texts, client, call, out, error| {
                    let make = |size| NymiInitOptions {
                        size,
                        nea_name: texts.pass(name),
                        nes_url: nowhere(*nes),
                        username: texts.pass(user),
                        password: c"x".as_ptr(),
                        token: texts.pass(token),
                        // Not a path, which could name any file here.
                        l1: match l1 {
                            Text::Known(_) => c"-----BEGIN CERTIFICATE-----".as_ptr(),
                            _ => null(),
                        },
                        grade: pick(&[null(), c"bronze".as_ptr(), c"tin".as_ptr()], *nes).cast(),
                        agent_url: nowhere(nes / 5),
                    };
                    let it = Sized::new(make, &options.size);
                    unsafe { nymi_client_init(client, it.pass(&options.size), call, out, error) }
                });
            }
            Step::Subscribe(which, options, named) => {
                self.ask(which, options, |texts, client, call, out, error| unsafe {
                    nymi_client_subscribe(client, texts.pass(named), call, out, error)
                });
            }
            Step::Unsubscribe(which, options, named) => {
                self.ask(
                    which,
                    options,
                    |texts, client, call, _: *mut *mut c_void, error| unsafe {
                        nymi_client_unsubscribe(client, texts.pass(named), call, error)
                    },
                );
            }
            Step::Cancel(which, named) => self.cancel(which, named),
            Step::Lookup(which, options, [user, band, uid]) => {
                self.ask(which, options, |texts, client, call, out, error| {
                    let make = |size| NymiLookupQuery {
                        size,
                        username: texts.pass(user),
                        domain: texts.pass(user),
                        band: texts.pass(band),
                        nfc_uid: texts.pass(uid),
                        serial_number: texts.pass(uid),
                    };
                    let it = Sized::new(make, &options.size);
                    unsafe { nymi_client_lookup(client, it.pass(&options.size), call, out, error) }
                });
            }
            Step::Assert(which, options, [band, intent, meaning], digest) => {
                self.ask(which, options, |texts, client, call, out, error| {
                    let make = |size| NymiAssertOptions {
                        size,
                        band: texts.pass(band),
                        intent_id: texts.pass(intent),
                        document_sha256: digest.as_ref().map_or(null(), |it| it.as_ptr()),
                        meaning: texts.pass(meaning),
                        audience: texts.pass(intent),
                        nonce: texts.pass(meaning),
                    };
                    let it = Sized::new(make, &options.size);
                    unsafe { nymi_client_assert(client, it.pass(&options.size), call, out, error) }
                });
            }
            Step::UserStatus(which, options, [user, domain]) => {
                self.ask(which, options, |texts, client, call, out, error| unsafe {
                    nymi_client_user_status(
                        client,
                        texts.pass(user),
                        texts.pass(domain),
                        call,
                        out,
                        error,
                    )
                });
            }
            Step::Notify(which, options, band, kind) => {
                self.ask(
                    which,
                    options,
                    |texts, client, call, _: *mut *mut c_void, error| unsafe {
                        nymi_client_notify(client, texts.pass(band), *kind, call, error)
                    },
                );
            }
            Step::Random(which, options, band, size) => {
                self.ask(which, options, |texts, client, call, out, error| unsafe {
                    nymi_client_random(client, texts.pass(band), *size, call, out, error)
                });
            }
            Step::Sign(which, options, band, digest) => {
                self.ask(which, options, |texts, client, call, out, error| unsafe {
                    let digest = digest.as_ref().map_or(null(), |it| it.as_ptr());
                    nymi_client_sign(client, texts.pass(band), digest, call, out, error)
                });
            }
            Step::SymmetricKey(which, options, [band, key], action) => {
                self.ask(which, options, |texts, client, call, out, error| unsafe {
                    let (band, key) = (texts.pass(band), texts.pass(key));
                    nymi_client_symmetric_key(client, band, action % 5, key, call, out, error)
                });
            }
            Step::Totp(which, options, band, action) => {
                self.ask(which, options, |texts, client, call, out, error| unsafe {
                    nymi_client_totp(client, texts.pass(band), action % 5, call, out, error)
                });
            }
            Step::Firmware(which, options, band) => {
                self.ask(which, options, |texts, client, call, out, error| unsafe {
                    nymi_client_firmware(client, texts.pass(band), call, out, error)
                });
            }
            Step::Info(which, options) => {
                self.ask(which, options, |_, client, call, out, error| unsafe {
                    nymi_client_info(client, call, out, error)
                });
            }
            Step::ListEndpoints(which, options) => {
                self.ask(which, options, |_, client, call, out, error| unsafe {
                    nymi_client_list_endpoints(client, call, out, error)
                });
            }
            _ => {}
        }
    }
}
