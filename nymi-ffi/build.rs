//! How the shared library is linked on Linux.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // Programs ask for this name, wherever the library is installed. Its number is
        // NYMI_ABI_VERSION; a test compares them.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libnymi_api.so.1");
        // A client's threads run in the library's code, so dlclose must leave it where it is.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
