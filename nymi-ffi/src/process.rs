//! One process: a child made by `fork` has our memory, but not our threads.
//!
//! Locks may have been held at the fork and would never be released, so nothing is locked before
//! this was asked. A number alone does not tell a child: in a namespace of its own it may have that
//! of its parent.

#[cfg(unix)]
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The process that uses the library; 0 before the first client.
static OWNER: AtomicU32 = AtomicU32::new(0);
/// Set in a child, by `fork` itself.
static IS_CHILD: AtomicBool = AtomicBool::new(false);

/// Makes this process the one that uses the library, if none does.
pub(crate) fn claim() {
    #[cfg(unix)]
    {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: the function stays, since the library is never unloaded, and does nothing that
            // is not allowed after a fork. Without memory the number has to do.
            let _ = unsafe { libc::pthread_atfork(None, None, Some(note_fork)) };
        });
    }
    let this = std::process::id();
    let _ = OWNER.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed);
    #[cfg(windows)]
    stay_loaded();
}

/// Keeps the library where it is, whoever frees it: a client's threads run in its code. On Linux the
/// linker is told so.
#[cfg(windows)]
fn stay_loaded() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };
    let mut module = std::ptr::null_mut();
    // SAFETY: with this flag the name is an address, which is in this library; the handle can be
    // written. It cannot fail for an address in a library that is loaded.
    let _ = unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
            (&raw const OWNER).cast(),
            &mut module,
        )
    };
}

#[cfg(unix)]
unsafe extern "C" fn note_fork() {
    IS_CHILD.store(true, Ordering::Relaxed);
}

/// Whether this is the child of a process that had used the library before it forked.
pub(crate) fn is_forked() -> bool {
    let owner = OWNER.load(Ordering::Relaxed);
    IS_CHILD.load(Ordering::Relaxed) || owner != 0 && owner != std::process::id()
}

/// Whether AddressSanitizer or valgrind watches the memory of this process. Both keep addresses of what
/// was freed to themselves for long.
pub(crate) fn is_watched() -> bool {
    #[cfg(all(unix, not(miri)))]
    {
        static IS_WATCHED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        *IS_WATCHED.get_or_init(|| {
            // SAFETY: the name ends with a NUL; the address is only compared.
            let sanitizer = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__asan_init".as_ptr()) };
            let preloaded = std::env::var_os("LD_PRELOAD").unwrap_or_default();
            !sanitizer.is_null() || preloaded.to_string_lossy().contains("/vgpreload_")
        })
    }
    #[cfg(not(all(unix, not(miri))))]
    false
}

/// Whether this process has more rights than whoever started it (`AT_SECURE` of Linux: by a set-uid
/// bit, capabilities of the file, or a security module). Its environment is that user's.
pub(crate) fn is_elevated() -> bool {
    #[cfg(target_os = "linux")]
    // SAFETY: it reads what the kernel gave the process.
    let is_elevated = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    #[cfg(all(unix, not(target_os = "linux")))]
    // SAFETY: these ask for numbers and cannot fail.
    let is_elevated =
        unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() };
    #[cfg(not(unix))]
    let is_elevated = false;
    is_elevated
}
