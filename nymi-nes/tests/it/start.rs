//! Starting: what is wrong is said in one sentence.

use nymi_nes::{Config, Grade, Server};

use crate::support::{Nes, config};

async fn refusal(config: Config) -> String {
    match Server::start(config).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let nes = Nes::start().await;
    let folder = tempfile::tempdir().unwrap();
    let port = nes.server.local_addr().port();
    let error = refusal(Config {
        listen: nes.server.local_addr(),
        ..config(&folder)
    })
    .await;
    assert!(
        error.contains(&format!("port {port}")) && error.contains("in use"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unusable_data_directory_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = refusal(Config {
        data_dir: file.clone(),
        ..config(&folder)
    })
    .await;
    assert!(
        error.contains(&file.display().to_string()) && error.contains("choose"),
        "{error}"
    );
}

#[tokio::test]
async fn plain_http_is_for_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let open = Config {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..config(&folder)
    };
    let error = refusal(open.clone()).await;
    assert!(error.contains("certfile"), "{error}");
    Server::start(Config {
        insecure: true,
        ..open
    })
    .await
    .unwrap()
    .shutdown()
    .await;
}

#[tokio::test]
async fn a_foreign_key_file_is_named() {
    let nes = Nes::start().await;
    let config = nes.config.clone();
    nes.server.shutdown().await;
    let key = config.data_dir.join("keys/master.key");
    std::fs::remove_file(&key).unwrap();
    let error = refusal(config.clone()).await;
    assert!(error.contains("key file does not belong"), "{error}");
    std::fs::write(&key, [7; 31]).unwrap();
    let error = refusal(config.clone()).await;
    assert!(error.contains("master.key"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn keys_are_for_the_service_alone() {
    use std::os::unix::fs::PermissionsExt;
    let nes = Nes::start().await;
    nes.user("bob").await.enroll(1).await;
    let folder = nes.config.data_dir.join("keys");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort_unstable();
    assert_eq!(names, ["agreement.pem", "enterprise.pem", "master.key"]);
    let config = nes.config.clone();
    nes.server.shutdown().await;
    let enterprise = folder.join("enterprise.pem");
    std::fs::set_permissions(&enterprise, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = refusal(config).await;
    assert!(
        error.contains("enterprise.pem") && error.contains("chmod 600"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_certificates_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Config {
        grade: Grade::Gold,
        ..config(&folder)
    })
    .await
    .unwrap();
    let error = server
        .admin()
        .create_evaluation_enterprise("Example")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("bronze"), "{error}");
    server
        .admin()
        .create_user("CORP", "bob", crate::support::PASSWORD)
        .await
        .unwrap();
    let client = nymi_net::nes::NesClient::new(
        server.url(),
        nymi_net::http::HttpClient::new(&[]).unwrap(),
        nymi_net::nes::Credentials::Basic {
            user: "CORP\\bob".into(),
            password: String::from(crate::support::PASSWORD).into(),
        },
    )
    .unwrap();
    let error = client
        .begin_enrollment(&serde_json::json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.status.code(), 8000);
    assert!(error.message.contains("fullchain.p12"), "{}", error.message);
}

#[tokio::test]
async fn names_that_make_no_account_are_refused() {
    let nes = Nes::start().await;
    let admin = nes.server.admin();
    for (domain, name) in [
        ("", "bob"),
        ("CORP", ""),
        ("CORP", "a:b"),
        ("CO\\RP", "bob"),
    ] {
        admin
            .create_user(domain, name, "long enough")
            .await
            .unwrap_err();
    }
    admin.create_user("CORP", "bob", "short").await.unwrap_err();
    admin
        .create_user("CORP", "bob", "long enough")
        .await
        .unwrap();
    let error = admin
        .create_user("corp", "BOB", "long enough")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("exists"), "{error}");
    assert!(admin.account_exists("Corp", "Bob").await.unwrap());
}
