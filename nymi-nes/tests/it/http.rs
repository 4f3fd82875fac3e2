//! The HTTP surface: names, unknown routes, guards, limits, the description.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::description::DOCUMENT;
use crate::support::{Nes, PASSWORD, Reply};

/// A request written by hand.
async fn raw(nes: &Nes, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(nes.server.local_addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let code = answer
        .get(9..12)
        .and_then(|code| code.parse().ok())
        .unwrap_or_default();
    (code, answer)
}

async fn get(nes: &Nes, path: &str, headers: &str) -> (u16, String) {
    raw(
        nes,
        &format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"),
    )
    .await
}

#[tokio::test]
async fn the_services_name_has_no_case() {
    let nes = Nes::start_with(|config| config.directory_service_id = "NES_DPS".into()).await;
    nes.user("bob").await;
    let root = nes
        .server
        .url()
        .strip_suffix("/NES_DPS")
        .unwrap()
        .to_owned();
    for service in ["NES_DPS", "nes_dps", "Nes_Dps"] {
        let url = format!("{root}/{service}/openapi.json");
        let reply: Reply = nes
            .client
            .request(
                Method::GET,
                &url,
                None,
                None,
                std::time::Duration::from_secs(9),
            )
            .await
            .unwrap()
            .into();
        assert_eq!(reply.ok()["openapi"], "3.1.0");
    }
    let (code, _) = get(&nes, "/nes/openapi.json", "Host: 127.0.0.1\r\n").await;
    assert_eq!(code, 404);
}

#[tokio::test]
async fn unknown_routes_say_so_as_clients_expect() {
    let nes = Nes::start().await;
    let port = nes.server.local_addr().port();
    for path in [
        "nes/api/NoSuchThing",
        "nes",
        "nes/oauth/token",
        "other/api/NymiBands",
        "",
        "nes/api/NymiBands/1/2/3?x=1",
    ] {
        let (code, answer) = get(
            &nes,
            &format!("/{path}"),
            &format!("Host: localhost:{port}\r\n"),
        )
        .await;
        assert_eq!(code, 404, "{path}");
        let body = answer.split("\r\n\r\n").nth(1).unwrap();
        let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
        assert_eq!(
            body,
            json!({"Message": format!("No HTTP resource was found that matches the request URI 'http://localhost:{port}/{path}'.")})
        );
    }
    let reply = nes.ask(Method::DELETE, "api/Policies", None, None).await;
    assert_eq!(reply.code, 405);
    assert_eq!(
        reply.body["Message"],
        "The requested resource does not support http method 'DELETE'."
    );
}

#[tokio::test]
async fn other_hosts_and_origins_are_turned_away() {
    let nes = Nes::start_with(|config| config.allowed_hosts = vec!["nes.example.com".into()]).await;
    for (headers, code) in [
        ("Host: 127.0.0.1\r\n", 200),
        ("Host: nes.example.com\r\n", 200),
        ("Host: evil.example.com\r\n", 421),
        (
            "Host: 127.0.0.1\r\nOrigin: https://evil.example.com\r\n",
            403,
        ),
        ("Host: 127.0.0.1\r\nOrigin: null\r\n", 403),
    ] {
        assert_eq!(
            get(&nes, "/nes/openapi.json", headers).await.0,
            code,
            "{headers}"
        );
    }
}

#[tokio::test]
async fn answers_are_not_cached() {
    let nes = Nes::start().await;
    let (_, answer) = get(&nes, "/nes/openapi.json", "Host: 127.0.0.1\r\n").await;
    assert!(
        answer.to_lowercase().contains("cache-control: no-store"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    let body = json!({"csr": "x".repeat(1024 * 1024), "nea_name": "Records-1"});
    bob.post("api/Certificates", &body).await.refused(413, 1009);
}

#[tokio::test]
async fn nonsense_is_named_and_nothing_breaks() {
    let nes = Nes::start().await;
    let bob = nes.user("bob").await;
    for body in [json!(null), json!([]), json!({"csr": 7}), json!("{")] {
        bob.post("api/Certificates", &body).await.refused(400, 1003);
    }
    assert_eq!(raw(&nes, "NONSENSE\r\n\r\n").await.0, 400);
    let deep = "[".repeat(100_000);
    bob.post(
        "api/Certificates",
        &json!({"csr": deep, "nea_name": "Records-1"}),
    )
    .await
    .refused(400, 1003);
    nes.log_in("CORP\\bob", PASSWORD).await.ok();
}

#[tokio::test]
async fn the_description_matches_what_is_served() {
    let nes = Nes::start().await;
    let document = nes.ask(Method::GET, "openapi.json", None, None).await.ok();
    assert_eq!(document["servers"][0]["url"], nes.server.url());
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 15);
    for (path, operations) in paths {
        let path = path
            .replace("{domain}", "CORP")
            .replace("{username}", "bob")
            .replace("{id}", "1");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let described = operations.get(method.as_str().to_lowercase()).is_some();
            let reply = nes
                .ask(method.clone(), path.trim_start_matches('/'), None, None)
                .await;
            let served = reply.code != 405;
            assert_eq!(served, described, "{method} {path}: {reply:?}");
            assert_ne!(reply.code, 404, "{method} {path}");
        }
    }
}

/// The policies' columns in the description are those of the core's tables.
#[test]
fn the_description_has_every_column_of_the_policies() {
    use nymi_core::policy::{GroupPolicy, IndividualPolicy};
    let names = |value: &Value, more: &[&str]| -> BTreeSet<String> {
        let names = value.as_object().unwrap().keys().cloned();
        names
            .chain(more.iter().map(|name| (*name).to_owned()))
            .collect()
    };
    let group = serde_json::to_value(GroupPolicy::default()).unwrap();
    let individual = serde_json::to_value(&IndividualPolicy::predefined()[0]).unwrap();
    for (schema, policy, more) in [
        ("GroupPolicy", group, ["ID", "IsActive"]),
        ("IndividualUserPolicy", individual, ["ID", "Members"]),
    ] {
        let described = &DOCUMENT["components"]["schemas"][schema]["properties"];
        assert_eq!(names(described, &[]), names(&policy, &more), "{schema}");
        for (name, value) in policy.as_object().unwrap() {
            let kind = match value {
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                _ => "null",
            };
            let types = &described[name]["type"];
            let fits = types == kind
                || types
                    .as_array()
                    .is_some_and(|all| all.contains(&json!(kind)));
            assert!(fits, "{schema} {name}: {value} is no {types}");
        }
    }
}

#[tokio::test]
async fn health_is_told_without_a_token() {
    let nes = Nes::start().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&nes, path, "Host: 127.0.0.1\r\n").await.0, 200);
    }
}
