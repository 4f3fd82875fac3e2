//! Everything of std that nymi-core/clippy.toml refuses, once each. tests/purity/run has clippy read it; it never runs.

pub fn time() {
    let _ = std::time::SystemTime::now();
    let _ = std::time::UNIX_EPOCH.elapsed();
    let _ = std::time::Instant::now();
    let _ = later().elapsed();
}

fn later() -> std::time::Instant {
    unreachable!()
}

pub fn threads() {
    std::thread::sleep(std::time::Duration::ZERO);
    let _ = std::thread::spawn(|| ());
}

pub fn environment() {
    let _ = std::env::args();
    let _ = std::env::args_os();
    let _ = std::env::current_dir();
    let _ = std::env::temp_dir();
    let _ = std::env::var("A");
    let _ = std::env::var_os("A");
    let _ = std::env::vars();
}

pub fn files() {
    let _ = std::fs::create_dir_all("a");
    let _ = std::fs::metadata("a");
    let _ = std::fs::read("a");
    let _ = std::fs::read_dir("a");
    let _ = std::fs::read_to_string("a");
    let _ = std::fs::remove_file("a");
    let _ = std::fs::rename("a", "b");
    let _ = std::fs::write("a", "b");
}

pub fn streams() {
    let _ = std::io::stderr();
    let _ = std::io::stdin();
    let _ = std::io::stdout();
}

pub fn end() -> ! {
    std::process::abort()
}

pub fn end_with_a_code() -> ! {
    std::process::exit(1)
}

pub type File = std::fs::File;
pub type OpenOptions = std::fs::OpenOptions;
pub type TcpListener = std::net::TcpListener;
pub type TcpStream = std::net::TcpStream;
pub type UdpSocket = std::net::UdpSocket;
pub type Command = std::process::Command;
pub type Mutex = std::sync::Mutex<()>;
pub type OnceLock = std::sync::OnceLock<()>;
pub type LazyLock = std::sync::LazyLock<()>;
