//! The handle interface, called from C, and once from Rust, since C cannot panic.

use std::ffi::{CStr, c_char, c_void};
use std::fs::{Permissions, set_permissions};
use std::io::ErrorKind;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::mpsc;

use nymi_api::client::{
    NymiClientConfig, nymi_client_free, nymi_client_new, nymi_client_put, nymi_client_terminate,
};

use crate::toolchain::{C, command, compile, repository, run, run_c, run_test};

#[test]
fn clients_live_wait_call_back_and_end() {
    run_c("handles");
}

#[test]
fn hostile_callers_get_errors() {
    run_c("hostile_handles");
}

#[test]
fn a_child_with_its_parents_number_gets_an_error() {
    run_c("namespaces");
}

/// The second program answers in the kernel's place. With the rights of the superuser the kernel itself is
/// asked as well, by a set-uid program of another user.
#[test]
fn a_program_with_more_rights_than_its_user_ignores_the_environment() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let folder = tempfile::tempdir().unwrap();
    let compiled = |name: &str| {
        let program = folder.path().join(name);
        let source = repository().join(format!("nymi-ffi/tests/c/{name}.c"));
        compile(C[0], &source, &program);
        program
    };
    let says = |program: &Path| {
        let output = run(command(program).env("NYMI_AGENT_URL", "no agent"));
        String::from_utf8(output.stdout).unwrap()
    };
    let program = compiled("elevated");
    assert_eq!(says(&program), "usual\n");
    assert_eq!(says(&compiled("elevated_told")), "elevated\n");

    let mode = |path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
    mode(folder.path(), 0o755);
    match chown(&program, Some(4242), None) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return,
        given => given.unwrap(),
    }
    // What starts a program for a runner, such as valgrind, is the runner.
    if std::env::var_os("NYMI_TEST_RUNNER").is_none() {
        mode(&program, 0o4755);
        let why =
            "the folder for temporary files is mounted nosuid, or this process has no_new_privs";
        assert_eq!(says(&program), "elevated\n", "{why}");
    }
}

#[test]
fn a_cancelled_thread_ends_after_its_call() {
    run_c("cancelled");
}

/// Rust's standard library would take the stacks of the client's threads from there.
#[test]
fn the_environment_does_not_choose_the_stacks() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let source = repository().join("nymi-ffi/tests/c/cancelled.c");
    compile(C[0], &source, &program);
    for bytes in ["1", "18446744073709551615"] {
        run(command(&program).env("RUST_MIN_STACK", bytes));
    }
}

#[test]
fn memory_that_runs_out_ends_nothing() {
    run_c("no_memory");
}

#[test]
fn the_library_can_be_closed_and_loaded_again() {
    run_c("unloaded");
}

#[test]
fn two_hundred_clients_leave_nothing() {
    run_test(C[0], "cycles.c", &["20"]);
}

#[test]
#[ignore = "ten thousand clients"]
fn ten_thousand_clients_leave_nothing() {
    run_test(C[0], "cycles.c", &["1000"]);
}

type Heard = mpsc::Sender<Option<String>>;

/// Tells what it heard, and panics each time.
unsafe extern "C-unwind" fn panics(user_data: *mut c_void, update: *const c_char) {
    // SAFETY: the test keeps the sender until the client is freed.
    let heard = unsafe { &*user_data.cast::<Heard>() };
    // SAFETY: the library gives NULL or a text.
    let text = (!update.is_null()).then(|| unsafe { CStr::from_ptr(update) });
    heard
        .send(text.map(|text| text.to_str().unwrap().to_owned()))
        .unwrap();
    panic!("a callback may fail");
}

#[test]
fn a_callback_that_panics_is_called_again() {
    let (sender, heard) = mpsc::channel();
    let sender: Box<Heard> = Box::new(sender);
    let config = NymiClientConfig {
        size: size_of::<NymiClientConfig>(),
        nea_name: c"Records".as_ptr(),
        agent_url: c"ws://127.0.0.1:1".as_ptr(),
        store_directory: std::ptr::null(),
        log_directory: std::ptr::null(),
        log_level: 0,
        on_log_level: 0,
        on_update: Some(panics),
        on_log: None,
        user_data: (&raw const *sender).cast_mut().cast(),
    };
    let mut client = null_mut();
    // SAFETY: the arguments are as the header asks for.
    let started = unsafe { nymi_client_new(&config, &mut client, null_mut()) };
    assert_eq!(started, 0);
    let request = c"{\"operation\":\"no\",\"exchange\":\"last\"}";
    // SAFETY: as above.
    let put = unsafe { nymi_client_put(client, request.as_ptr(), null_mut()) };
    assert_eq!(put, 0);
    while !heard.recv().unwrap().unwrap().contains("last") {}
    assert_eq!(nymi_client_terminate(client), 0);
    while heard.recv().unwrap().is_some() {}
    assert_eq!(nymi_client_free(client), 0);
}
