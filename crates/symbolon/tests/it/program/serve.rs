//! A server that stays: started, ended, killed and started again.

use std::{fs, os::unix::fs::PermissionsExt};

use symbolon::{Config, Engine};

use super::{Folder, Serving};
use crate::support::PASSWORD;

const ISSUER: &str = "http://127.0.0.1:8080";

async fn create_user(folder: &Folder, name: &str) {
    let config = Config::in_folder(ISSUER, folder.path("data")).unwrap();
    let engine = Engine::open(config).await.unwrap();
    engine.create_user(name, PASSWORD, &["user"]).await.unwrap();
    engine.shutdown().await;
}

#[tokio::test]
async fn what_init_writes_is_served_from() {
    let folder = Folder::new();
    let written = folder.run(&["init"]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let file = folder.path("symbolon.toml");
    let text = fs::read_to_string(&file).unwrap();
    let again = folder.run(&["init", "--issuer", "https://login.example.com"]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let refused = folder.run(&[
        "init",
        "--config",
        "x.toml",
        "--issuer",
        "http://login.example.com",
    ]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(!folder.path("x.toml").exists());

    let mut command = folder.command(&["serve", "--json"]);
    let serving = Serving::start(command.env("SYMBOLON_LISTEN", "127.0.0.1:0"));
    assert_eq!(serving.said["issuer"], ISSUER);
    assert_eq!(serving.get("/healthz").status, 200);
    for name in ["data", "data/symbolon.db", "data/symbolon.key"] {
        let mode = fs::metadata(folder.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    assert_eq!(serving.stop(), Some(0));
}

#[tokio::test]
async fn g9_a_restart_keeps_everything_after_sigterm_and_after_sigkill() {
    let folder = Folder::with("");
    create_user(&folder, "alice").await;
    let serving = folder.serve();
    let keys = serving.get("/.well-known/jwks.json").body;
    assert_eq!(serving.login("alice", PASSWORD).status, 200);
    assert_eq!(serving.stop(), Some(0));

    let serving = folder.serve();
    assert_eq!(serving.get("/.well-known/jwks.json").body, keys);
    assert_eq!(serving.login("alice", PASSWORD).status, 200);
    serving.kill();

    let serving = folder.serve();
    assert_eq!(serving.get("/.well-known/jwks.json").body, keys);
    assert_eq!(serving.login("alice", PASSWORD).status, 200);
    assert_eq!(
        serving.login("alice", "another password altogether").status,
        401
    );
}

#[tokio::test]
async fn the_configuration_may_lie_elsewhere() {
    let folder = Folder::new();
    fs::create_dir(folder.path("etc")).unwrap();
    let text = format!("issuer = \"{ISSUER}\"\nlisten = \"127.0.0.1:0\"\n");
    fs::write(folder.path("etc/symbolon.toml"), text).unwrap();
    let mut command = folder.command(&["serve", "--json", "--config", "etc/symbolon.toml"]);
    let serving = Serving::start(&mut command);
    assert_eq!(serving.get("/readyz").status, 200);
    // Paths are relative to the file.
    assert!(folder.path("etc/data/symbolon.db").exists());
    assert!(!folder.path("data").exists());
}

#[tokio::test]
async fn m1_the_issuer_is_the_configured_one_whatever_the_request_says() {
    let folder = Folder::with("");
    let serving = folder.serve();
    let metadata = serving.get("/.well-known/oauth-authorization-server").body;
    // The server listens on another port than its issuer names, as behind a proxy.
    assert!(!metadata.contains(&serving.listen), "{metadata}");
    assert!(
        metadata.contains(&format!("\"issuer\":\"{ISSUER}\"")),
        "{metadata}"
    );
}
