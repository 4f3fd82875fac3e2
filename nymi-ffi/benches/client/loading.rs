//! From the library on disk to the first tap, with the library as it ships, in a new process each time.

use std::ffi::{CStr, c_char, c_int, c_ulonglong, c_void};
use std::path::PathBuf;
use std::ptr::null;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::interface::{NEA_NAME, c, request};
use crate::system::{Ready, Running};
use crate::{Effort, Spread, this_program};

/// Where the shared library is, if not where packaging/c/install builds it.
const LIBRARY: &str = "NYMI_BENCH_LIBRARY";

const STEPS: [&str; 5] = [
    "dlopen",
    "napiConfigure",
    "init is answered",
    "the subscription is answered",
    "the first tap is there",
];

type Configure = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const c_char,
    c_int,
    c_int,
    *const c_char,
) -> c_int;
type Put = unsafe extern "C" fn(*const c_char) -> c_int;
type Get = unsafe extern "C" fn(*mut c_char, c_ulonglong, *mut c_ulonglong) -> c_int;

fn library() -> PathBuf {
    let built = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/library/libnymi_api.so"
    );
    std::env::var_os(LIBRARY).map_or_else(|| built.into(), Into::into)
}

/// Starts many processes, and says how long the steps took in them.
pub(crate) fn measure(system: &Running, effort: Effort) {
    let library = library();
    if !library.exists() {
        println!(
            "\n{} is not there: build it with packaging/c/install, or name another in {LIBRARY}",
            library.display()
        );
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let once = || -> Vec<u64> {
        let mut command = this_program("loading", system, folder.path());
        let output = command.env(LIBRARY, &library).output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        serde_json::from_slice(&output.stdout).expect("times")
    };
    let first = once();
    let more: Vec<_> = (0..effort.times(30, 1)).map(|_| once()).collect();
    println!(
        "\nafter the program starts to load the library, in µs: without a certificate; then with the"
    );
    println!("stored one, of {}:", more.len());
    for (at, step) in STEPS.into_iter().enumerate() {
        let spread = Spread::of(more.iter().map(|times| times[at]).collect());
        let Spread { median, low, high } = spread;
        println!("  {step:45} {:9}  {median:9}  ({low} to {high})", first[at]);
    }
}

/// Loads the library and goes all the way once; prints how long it was until each step was done.
pub(crate) fn once(ready: &Ready) {
    let path = c(library().into_os_string().into_encoded_bytes());
    let mut wrist = ready.wrist();
    let began = Instant::now();
    let mut times = Vec::new();
    let library = Library::open(&path);
    times.push(began.elapsed());
    library.configure(ready);
    times.push(began.elapsed());
    library.ask("init", &ready.init(NEA_NAME));
    times.push(began.elapsed());
    library.ask(
        "subscribe_endpoint",
        &json!({"endpoint_id": ready.endpoint()}),
    );
    times.push(began.elapsed());
    wrist.tap();
    library.until(|update| update["operation"] == "tap");
    times.push(began.elapsed());
    wrist.confirm();
    let times: Vec<_> = times.iter().map(Duration::as_micros).collect();
    println!("{}", json!(times));
}

/// The functions that are found in the library.
struct Library {
    configure: Configure,
    put: Put,
    get: Get,
}

impl Library {
    fn open(path: &CStr) -> Self {
        // SAFETY: the path ends with a NUL; the library runs nothing when it is loaded.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{path:?} cannot be loaded");
        let find = |name: &CStr| -> *mut c_void {
            // SAFETY: the handle is open and the name ends with a NUL.
            let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
            assert!(!found.is_null(), "{name:?} is not in the library");
            found
        };
        // SAFETY: these are the types that the header gives the functions of these names.
        unsafe {
            Self {
                configure: std::mem::transmute::<*mut c_void, Configure>(find(c"napiConfigure")),
                put: std::mem::transmute::<*mut c_void, Put>(find(c"napiPut")),
                get: std::mem::transmute::<*mut c_void, Get>(find(c"napiGet")),
            }
        }
    }

    fn configure(&self, ready: &Ready) {
        let (name, empty) = (c(NEA_NAME), c(""));
        let port = c_int::from(ready.agent_port());
        // SAFETY: the texts live as long as the call.
        let result = unsafe {
            (self.configure)(
                name.as_ptr(),
                empty.as_ptr(),
                null(),
                0,
                port,
                empty.as_ptr(),
            )
        };
        assert_eq!(result, 0);
    }

    fn ask(&self, operation: &str, payload: &Value) {
        // SAFETY: the text ends with a NUL.
        let result = unsafe { (self.put)(request(operation, payload).as_ptr()) };
        assert_eq!(result, 0);
        let update = self.until(|update| update["operation"] == operation);
        assert_eq!(update["status"], 0, "{update}");
    }

    fn until(&self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let mut buffer = [0; 8192];
        let mut length = 0;
        loop {
            // SAFETY: the buffer is as long as said.
            let result = unsafe {
                (self.get)(
                    buffer.as_mut_ptr(),
                    buffer.len() as c_ulonglong,
                    &mut length,
                )
            };
            assert_eq!(result, 0);
            // SAFETY: the library ended the text with a NUL.
            let text = unsafe { CStr::from_ptr(buffer.as_ptr()) };
            let update = serde_json::from_slice(text.to_bytes()).expect("JSON");
            if is_wanted(&update) {
                return update;
            }
        }
    }
}
