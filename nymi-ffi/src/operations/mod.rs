//! Typed operations that agent and server answer.

mod assertion;
mod endpoints;
mod init;
mod lookup;
mod user_status;

pub use assertion::*;
pub use endpoints::*;
pub use init::*;
pub use lookup::*;
pub use user_status::*;

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, c_char};

    pub(super) fn read<'a>(text: *const c_char) -> Option<&'a str> {
        // SAFETY: NULL, or a text of parts that the test still holds.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().unwrap())
    }
}
