//! Hosts and origins, on every route of both listeners.

use serde_json::json;

use crate::support::{Fixture, Web, Ws, frame, get};

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused_before_any_upgrade() {
    let fixture = Fixture::start().await;
    let agent = fixture.agent.agent_url().replace("/socket/websocket", "");
    let webapi = fixture.agent.webapi_url().trim_end_matches('/').to_owned();
    let sockets = [
        format!("{agent}/socket/websocket"),
        format!("{agent}/webapi"),
        format!("{webapi}/"),
    ];
    for url in &sockets {
        assert_eq!(
            Ws::refusal(url, &[("host", "evil.example")]).await,
            421,
            "{url}"
        );
        assert_eq!(
            Ws::refusal(url, &[("host", "evil.example:9120")]).await,
            421,
            "{url}"
        );
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1",
            "http://localhost:1",
        ] {
            assert_eq!(
                Ws::refusal(url, &[("origin", origin)]).await,
                403,
                "{url} {origin}"
            );
        }
    }
    for base in [&agent, &webapi] {
        for path in ["/metrics", "/healthz", "/readyz", "/asyncapi.json"] {
            let url = format!("{base}{path}");
            assert_eq!(get(&url, "").await.0, 200, "{url}");
            assert_eq!(get(&url, "Host: evil.example\r\n").await.0, 421, "{url}");
            assert_eq!(
                get(&url, "Origin: https://evil.example\r\n").await.0,
                403,
                "{url}"
            );
        }
    }
}

#[tokio::test]
async fn own_and_allowed_origins_come_in_and_name_the_assertion() {
    let fixture = Fixture::with(|config| {
        config.allowed_origins = vec!["https://records.example".to_owned()];
        config.allowed_hosts = vec!["agent.example".to_owned()];
    })
    .await;
    let mut desk = fixture.desk().await;
    desk.frames("bluebox:desk", &[frame(1)]).await;
    let url = fixture.agent.webapi_url();
    let own = url.replace("ws://", "http://");
    let own = own.trim_end_matches('/');
    let assert = json!({"assert_type": "assert_user", "device": crate::support::BAND});
    let (_, port) = own.rsplit_once(':').unwrap();
    let (local, local_origin) = (
        format!("localhost:{port}"),
        format!("http://localhost:{port}"),
    );
    for (count, headers, azp) in [
        (
            1,
            vec![("origin", "https://records.example")],
            "https://records.example",
        ),
        (2, vec![("origin", own)], own),
        (3, vec![("host", "agent.example")], "webapi"),
        (
            4,
            vec![("host", local.as_str()), ("origin", &local_origin)],
            &local_origin,
        ),
        // As the guard compared it, not as it was written.
        (
            5,
            vec![("origin", "HTTPS://Records.example.:443/")],
            "https://records.example",
        ),
    ] {
        let mut web = Web::open_with(url, &headers).await;
        web.ok("assert_identity", assert.clone()).await;
        let asked = &fixture.nes.asked(count).await[count - 1];
        assert_eq!(
            (&asked["azp"], &asked["audience"]),
            (&json!(azp), &json!(azp))
        );
    }
}

#[tokio::test]
async fn compression_is_declined() {
    let fixture = Fixture::start().await;
    let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let answer = head(fixture.agent.webapi_url(), headers).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    assert!(
        !answer.to_ascii_lowercase().contains("extensions"),
        "{answer}"
    );
}

/// The head of the answer to a GET.
async fn head(url: &str, headers: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let authority = url.trim_start_matches("ws://").trim_end_matches('/');
    let mut stream = tokio::net::TcpStream::connect(authority).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {authority}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}
