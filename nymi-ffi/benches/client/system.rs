//! Server, agent, endpoint and virtual bands, in a process of their own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};

use nymi_cli::UpArgs;
use nymi_cli::up::System;
use serde_json::{Value, json};

/// Tells the parts where the system is.
pub(crate) const READY: &str = "NYMI_BENCH_READY";

/// The part that is the system: says where it is, and runs until nobody wants it any more.
pub(crate) fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let system = runtime.block_on(System::start(&UpArgs::ephemeral(7)));
    let system = system.unwrap_or_else(|error| panic!("{error}"));
    println!("{}", system.ready().to_json());
    // The other end is closed when its owner ends, however that is.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    runtime.block_on(system.shutdown());
}

/// The system while it runs.
pub(crate) struct Running {
    process: Child,
    input: Option<ChildStdin>,
    ready: Ready,
}

impl Running {
    pub(crate) fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().expect("its own path"))
            .env(crate::PART, "system")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the system starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("a first line");
        Self {
            input: process.stdin.take(),
            process,
            ready: Ready::parse(&line),
        }
    }

    pub(crate) fn ready(&self) -> &Ready {
        &self.ready
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.wait();
    }
}

/// Where everything of the system is.
pub(crate) struct Ready(Value);

impl Ready {
    fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("JSON"))
    }

    pub(crate) fn of_environment() -> Self {
        Self::parse(&std::env::var(READY).expect("set by whoever started this part"))
    }

    pub(crate) fn to_json(&self) -> String {
        self.0.to_string()
    }

    fn text(&self, pointer: &str) -> &str {
        let found = self.0.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("{pointer} in {}", self.0))
    }

    pub(crate) fn agent(&self) -> &str {
        self.text("/agent")
    }

    pub(crate) fn agent_port(&self) -> u16 {
        let (_, host_and_more) = self.agent().split_once("://").expect("a URL");
        let host = host_and_more.split('/').next().unwrap_or_default();
        let port = host.rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("a port")
    }

    pub(crate) fn nes(&self) -> &str {
        self.text("/nes")
    }

    pub(crate) fn l1_pem(&self) -> String {
        std::fs::read_to_string(self.text("/l1")).expect("L1")
    }

    pub(crate) fn username(&self) -> &str {
        self.text("/users/0/Username")
    }

    pub(crate) fn account(&self) -> String {
        format!("{}\\{}", self.text("/users/0/Domain"), self.username())
    }

    pub(crate) fn password(&self) -> &str {
        self.text("/users/0/password")
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.text("/endpoints/0")
    }

    /// The payload of `init` for an application without a certificate.
    pub(crate) fn init(&self, nea_name: &str) -> Value {
        json!({
            "nea_name": nea_name,
            "nes_url": self.nes(),
            "username": self.account(),
            "password": self.password(),
            "l1": self.l1_pem(),
            "grade": "bronze",
        })
    }

    /// Someone who can hold the first band to the reader of the terminal.
    pub(crate) fn wrist(&self) -> Wrist {
        let stream = TcpStream::connect(self.text("/nymulator")).expect("virtual hardware");
        stream.set_nodelay(true).expect("a socket");
        let serial = self.text("/bands/0/SerialNumber");
        Wrist {
            answers: BufReader::new(stream),
            command: format!("tap {serial} nfc\n"),
        }
    }
}

/// A connection to the virtual hardware.
pub(crate) struct Wrist {
    answers: BufReader<TcpStream>,
    command: String,
}

impl Wrist {
    /// Holds the band to the reader, without waiting for what the hardware says about it.
    pub(crate) fn tap(&mut self) {
        let sent = self.answers.get_mut().write_all(self.command.as_bytes());
        sent.expect("the hardware takes commands");
    }

    /// Reads what it said.
    pub(crate) fn confirm(&mut self) {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        assert!(line.starts_with("ok"), "{line}");
    }
}
