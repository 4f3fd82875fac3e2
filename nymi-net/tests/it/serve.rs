//! Listeners and their guard.

use axum::Router;
use axum::routing::get;
use nymi_net::guard::Guard;
use nymi_net::serve::{self, BindError, ConnectionLimits, ServerHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn server(guard: Guard) -> ServerHandle {
    let router = Router::new().route("/", get(|| async { "hello" }));
    let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    serve::serve(listener, router, guard, None).unwrap()
}

/// The HTTP status of a request with this head.
async fn status(server: &ServerHandle, head: &str) -> u16 {
    status_of(server, "GET /", head).await
}

async fn status_of(server: &ServerHandle, target: &str, head: &str) -> u16 {
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    let request = format!("{target} HTTP/1.1\r\nConnection: close\r\n{head}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_remedy() {
    let first = serve::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = first.local_addr().unwrap();
    let error = serve::bind(address).await.unwrap_err();
    assert!(matches!(error, BindError::InUse(_)));
    let text = error.to_string();
    assert!(
        text.contains(&address.port().to_string()) && text.contains("another port"),
        "{text}"
    );
    let error = serve::bind(([192, 0, 2, 1], 0).into()).await.unwrap_err();
    assert!(matches!(error, BindError::NoSuchAddress(_)), "{error}");
}

#[tokio::test]
async fn hosts() {
    let server = server(Guard::loopback().with_hosts(["Agent.Example"])).await;
    let port = server.local_addr().port();
    for host in [
        "127.0.0.1",
        &format!("localhost:{port}"),
        "LOCALHOST",
        &format!("[::1]:{port}"),
        "127.9.9.9",
        "localhost.",
        &format!("localhost.:{port}"),
        // A name that the administrator allowed may be that of a forwarded port.
        "agent.example:9120",
        "agent.example.:9120",
    ] {
        assert_eq!(
            status(&server, &format!("Host: {host}\r\n")).await,
            200,
            "{host}"
        );
    }
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "10.0.0.1",
        "localhost...",
        "agent.example..",
        &format!("127.0.0.1:{}", port ^ 1),
        "localhost:80",
        "localhost:x",
        "localhost:65536",
        "",
        "a b",
    ] {
        let found = status(&server, &format!("Host: {host}\r\n")).await;
        assert!(found == 421 || found == 400, "{host}: {found}");
    }
    let twice = "Host: localhost\r\nHost: evil.example\r\n";
    assert_eq!(status(&server, twice).await, 421);
}

#[tokio::test]
async fn origins() {
    let guard = Guard::loopback().with_origins(["https://Records.example/", "null"]);
    let server = server(guard).await;
    let host = server.local_addr();
    for origin in [
        format!("http://{host}"),
        format!("HTTP://{host}/"),
        "https://records.example:443".to_owned(),
    ] {
        let head = format!("Host: {host}\r\nOrigin: {origin}\r\n");
        assert_eq!(status(&server, &head).await, 200, "{origin}");
    }
    let other_port = format!("http://127.0.0.1:{}", host.port() ^ 1);
    for origin in [
        "null",
        "https://evil.example",
        "http://records.example",
        &format!("https://{host}"),
        &other_port,
        "",
    ] {
        let head = format!("Host: {host}\r\nOrigin: {origin}\r\n");
        assert_eq!(status(&server, &head).await, 403, "{origin}");
    }
    // A browser leaves out the scheme's own port only, and that is not this listener's.
    let head = "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1:80\r\n";
    assert_eq!(status(&server, head).await, 421);
    let head = format!("Host: {host}\r\nOrigin: https://records.example..\r\n");
    assert_eq!(status(&server, &head).await, 403);
}

#[tokio::test]
async fn a_target_in_absolute_form_names_the_same_host() {
    let server = server(Guard::loopback().with_hosts(["agent.example"])).await;
    let host = server.local_addr();
    let head = format!("Host: {host}\r\n");
    for (target, expected) in [
        (format!("GET http://{host}/"), 200),
        (format!("GET http://127.0.0.1.:{}/", host.port()), 200),
        ("GET http://evil.example/".to_owned(), 421),
        ("GET http://agent.example/".to_owned(), 421),
        (format!("GET http://localhost:{}/", host.port()), 421),
        ("GET http://127.0.0.1/".to_owned(), 421),
    ] {
        let found = status_of(&server, &target, &head).await;
        assert_eq!(found, expected, "{target}");
    }
}

#[tokio::test]
async fn another_site_may_open_the_page_and_do_nothing_else() {
    let server = server(Guard::loopback()).await;
    let host = server.local_addr();
    let fetch = |site: &str, mode: &str| {
        format!("Host: {host}\r\nSec-Fetch-Site: {site}\r\nSec-Fetch-Mode: {mode}\r\n")
    };
    for (target, site, mode, expected) in [
        ("GET /", "cross-site", "navigate", 200),
        ("GET /", "same-origin", "cors", 200),
        ("GET /", "none", "navigate", 200),
        ("GET /", "cross-site", "no-cors", 403),
        ("GET /", "Cross-Site", "websocket", 403),
        ("GET /metrics", "cross-site", "navigate", 403),
        ("POST /", "cross-site", "navigate", 403),
    ] {
        let found = status_of(&server, target, &fetch(site, mode)).await;
        assert_eq!(found, expected, "{target} {site} {mode}");
    }
}

async fn limited(total: usize, per_peer: usize) -> ServerHandle {
    let socket = |request| async {
        nymi_net::ws::accept(request, 1024, |mut socket| async move {
            use futures_util::StreamExt;
            while let Some(Ok(_)) = socket.next().await {}
        })
    };
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/socket", get(socket));
    let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let limits = ConnectionLimits { total, per_peer };
    serve::serve_at_most(limits, listener, router, Guard::loopback(), None).unwrap()
}

/// A connection from that address that was answered and is kept open; none if it was closed.
async fn kept(server: &ServerHandle, from: [u8; 4], path: &str) -> Option<TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    let mut stream = socket.connect(server.local_addr()).await.unwrap();
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let upgrade = if path == "/socket" { upgrade } else { "" };
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n");
    // Closed already, writing may fail, and reading then says so too.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.ok()?;
    assert!(answer.starts_with(b"HTTP/1.1 "));
    Some(stream)
}

const HERE: [u8; 4] = [127, 0, 0, 1];
const THERE: [u8; 4] = [127, 0, 0, 2];

#[tokio::test]
async fn connections_are_limited_in_all_and_by_address() {
    let server = limited(3, 2).await;
    let first = kept(&server, HERE, "/").await.unwrap();
    let _second = kept(&server, HERE, "/").await.unwrap();
    assert!(kept(&server, HERE, "/").await.is_none());
    let third = kept(&server, THERE, "/").await.unwrap();
    assert!(kept(&server, THERE, "/").await.is_none());
    drop(third);
    drop(first);
    // The server learns of the end in its own time.
    while kept(&server, HERE, "/").await.is_none() {}
}

#[tokio::test]
async fn a_websocket_keeps_its_place_until_it_ends() {
    let server = limited(1, 1).await;
    let socket = kept(&server, HERE, "/socket").await.unwrap();
    assert!(kept(&server, HERE, "/").await.is_none());
    drop(socket);
    while kept(&server, HERE, "/").await.is_none() {}
}

#[tokio::test]
async fn shutdown_ends_idle_connections_and_frees_the_port() {
    let server = server(Guard::loopback()).await;
    let address = server.local_addr();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    server.shutdown().await;
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
