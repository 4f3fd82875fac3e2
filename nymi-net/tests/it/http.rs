//! HTTP with and without trust.

use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use nymi_net::guard::Guard;
use nymi_net::http::{HttpClient, HttpError};
use nymi_net::serve::{self, ServerHandle, ServerTls};
use nymi_net::tls::TlsFiles;
use serde_json::json;
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(10);

fn router() -> Router {
    Router::new()
        .route(
            "/echo",
            post(|body: String| async move { (StatusCode::CREATED, body) }),
        )
        .route("/never", get(std::future::pending::<()>))
        .route("/huge", get(|| async { "x".repeat(5 * 1024 * 1024) }))
}

async fn plain() -> (ServerHandle, String) {
    let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let server = serve::serve(listener, router(), Guard::loopback(), None).unwrap();
    let base = format!("http://{}", server.local_addr());
    (server, base)
}

#[tokio::test]
async fn asks_and_bounds_what_it_reads() {
    let (_server, base) = plain().await;
    let http = HttpClient::new(&[]).unwrap();
    let body = json!({"a": 1});
    let url = format!("{base}/echo");
    let reply = http
        .request(Method::POST, &url, None, Some(&body), DEADLINE)
        .await
        .unwrap();
    assert_eq!(
        (reply.status, reply.json()),
        (StatusCode::CREATED, Some(body))
    );
    let url = format!("{base}/huge");
    let error = http
        .request(Method::GET, &url, None, None, DEADLINE)
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Body { .. }), "{error}");
    let url = format!("{base}/never");
    let soon = Duration::from_millis(20);
    let error = http
        .request(Method::GET, &url, None, None, soon)
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
    let error = http
        .request(Method::GET, "http://nes.example.com/", None, None, DEADLINE)
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Url { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (server, base) = plain().await;
    server.shutdown().await;
    let http = HttpClient::new(&[]).unwrap();
    let error = http
        .request(Method::GET, &base, None, None, DEADLINE)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, HttpError::Unreachable { url, .. } if *url == base),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_is_not_trusted() {
    let (_server, base) = plain().await;
    let url = base.replace("http://", "https://");
    let http = HttpClient::new(&[]).unwrap();
    let error = http
        .request(Method::GET, &url, None, None, DEADLINE)
        .await
        .unwrap_err();
    assert_eq!(error, HttpError::NoTls { url });
    let advice = error.to_string();
    assert!(advice.contains("does not speak TLS"), "{advice}");
    assert!(!advice.contains("root"), "{advice}");
    let status = nymi_net::nes::NesError::from(error).status;
    assert_eq!(status, nymi_core::message::Status::NES_UNREACHABLE);
}

/// A TLS server with a certificate of its own, which is also a root.
fn certificate(dir: &TempDir) -> (TlsFiles, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certfile, keyfile) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&certfile, made.cert.pem()).unwrap();
    std::fs::write(&keyfile, made.signing_key.serialize_pem()).unwrap();
    (
        TlsFiles {
            certfile,
            keyfile,
            cacertfile: None,
        },
        made.cert.der().to_vec(),
    )
}

#[tokio::test]
async fn tls_is_trusted_by_root_and_reloaded_without_dropping_connections() {
    let dir = TempDir::new().unwrap();
    let (files, first_root) = certificate(&dir);
    let tls = ServerTls::load(files).unwrap();
    let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let server = serve::serve(listener, router(), Guard::loopback(), Some(tls.clone())).unwrap();
    let url = format!("https://localhost:{}/echo", server.local_addr().port());
    let body = json!({});
    let ask = async |http: &HttpClient| {
        http.request(Method::POST, &url, None, Some(&body), DEADLINE)
            .await
    };

    let stranger = HttpClient::new(&[]).unwrap();
    let error = ask(&stranger).await.unwrap_err();
    assert!(matches!(error, HttpError::Tls { .. }), "{error}");
    let first = HttpClient::new(std::slice::from_ref(&first_root)).unwrap();
    ask(&first).await.unwrap();

    let (_, second_root) = certificate(&dir);
    tls.reload().unwrap();
    // The open connection goes on; new ones see the new certificate.
    ask(&first).await.unwrap();
    ask(&HttpClient::new(&[second_root]).unwrap())
        .await
        .unwrap();
    let late = HttpClient::new(&[first_root]).unwrap();
    assert!(matches!(ask(&late).await, Err(HttpError::Tls { .. })));
    std::fs::remove_file(dir.path().join("cert.pem")).unwrap();
    assert!(tls.reload().is_err());
    ask(&first).await.unwrap();
}
