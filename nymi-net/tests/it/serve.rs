//! Listeners and their guard.

use axum::Router;
use axum::routing::get;
use nymi_net::guard::Guard;
use nymi_net::serve::{self, BindError, ServerHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn server(guard: Guard) -> ServerHandle {
    let router = Router::new().route("/", get(|| async { "hello" }));
    let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    serve::serve(listener, router, guard, None).unwrap()
}

/// The HTTP status of a request with this head.
async fn status(server: &ServerHandle, head: &str) -> u16 {
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nConnection: close\r\n{head}\r\n");
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
    for host in [
        "127.0.0.1",
        "localhost:8080",
        "LOCALHOST",
        "[::1]:1",
        "127.9.9.9",
        "localhost.",
        "agent.example:9120",
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
    let head = "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1:80\r\n";
    assert_eq!(status(&server, head).await, 200);
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
