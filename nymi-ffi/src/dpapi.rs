//! Keys sealed by Windows for the user who runs the program (Data Protection API).

use std::ptr::{null, null_mut};
use std::{io, slice};

use nymi_napi::KeyProtection;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Cryptography::{
    CRYPT_INTEGER_BLOB, CRYPTPROTECT_UI_FORBIDDEN, CryptProtectData, CryptUnprotectData,
};
use zeroize::{Zeroize as _, Zeroizing};

/// Sealed by one user on one machine, opened by nobody else.
pub(crate) struct Dpapi;

impl KeyProtection for Dpapi {
    fn name(&self) -> &'static str {
        "dpapi"
    }

    fn seal(&self, key: &[u8]) -> io::Result<Vec<u8>> {
        let input = blob(key)?;
        let mut output = Given::default();
        // SAFETY: the input is that many bytes, which are only read; the output can be written; the
        // other pointers may be NULL.
        let done = unsafe {
            CryptProtectData(
                &input,
                null(),
                null(),
                null(),
                null(),
                CRYPTPROTECT_UI_FORBIDDEN,
                &mut output.0,
            )
        };
        output.taken(done).map(|sealed| sealed.to_vec())
    }

    fn open(&self, sealed: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        let input = blob(sealed)?;
        let mut output = Given::default();
        // SAFETY: as above.
        let done = unsafe {
            CryptUnprotectData(
                &input,
                null_mut(),
                null(),
                null(),
                null(),
                CRYPTPROTECT_UI_FORBIDDEN,
                &mut output.0,
            )
        };
        output.taken(done)
    }
}

/// Bytes that the system only reads.
fn blob(bytes: &[u8]) -> io::Result<CRYPT_INTEGER_BLOB> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    Ok(CRYPT_INTEGER_BLOB {
        cbData: length,
        pbData: bytes.as_ptr().cast_mut(),
    })
}

/// Memory that the system gives, wiped and given back.
struct Given(CRYPT_INTEGER_BLOB);

impl Default for Given {
    fn default() -> Self {
        Self(CRYPT_INTEGER_BLOB {
            cbData: 0,
            pbData: null_mut(),
        })
    }
}

impl Given {
    fn bytes(&mut self) -> &mut [u8] {
        if self.0.pbData.is_null() {
            return &mut [];
        }
        // SAFETY: the system gave that many bytes there, which are ours until they are freed.
        unsafe { slice::from_raw_parts_mut(self.0.pbData, self.0.cbData as usize) }
    }

    fn taken(mut self, done: i32) -> io::Result<Zeroizing<Vec<u8>>> {
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Zeroizing::new(self.bytes().to_vec()))
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        self.bytes().zeroize();
        // SAFETY: NULL, or what the system gave, which is freed once.
        unsafe { LocalFree(self.0.pbData.cast()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_another_text_and_never_opens_as_another_key() {
        let sealed = Dpapi.seal(b"a key").unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"a key"));
        assert_eq!(&**Dpapi.open(&sealed).unwrap(), b"a key");
        let mut refused = 0;
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            match Dpapi.open(&changed) {
                Ok(opened) => assert_eq!(&**opened, b"a key", "byte {at}"),
                Err(_) => refused += 1,
            }
        }
        // Wine does not look at every byte.
        assert!(refused > sealed.len() / 2, "{refused} of {}", sealed.len());
        assert!(Dpapi.open(b"").is_err());
    }
}
