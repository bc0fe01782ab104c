//! A server that doesn't start, and what it says instead. Nothing that was there is changed by it.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, process::Command};

use super::Folder;

/// A folder with a store in it that a server has made.
fn used() -> Folder {
    let folder = Folder::with("");
    assert_eq!(folder.serve().stop(), Some(0));
    folder
}

fn set_mode(folder: &Folder, name: &str, mode: u32) {
    fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn assert_says(said: &str, wanted: &[&str]) {
    for part in wanted {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[test]
fn without_a_configuration() {
    let said = Folder::new().refusal();
    assert_says(
        &said,
        &[
            "symbolon.toml",
            "`symbolon init` writes one",
            "SYMBOLON_ISSUER",
        ],
    );
}

#[test]
fn a_wrong_configuration_by_file_line_and_key() {
    let said = Folder::with("listn = 1\n").refusal();
    assert_says(
        &said,
        &["symbolon.toml:3: listn: there is no such key; is listen meant?"],
    );
    let folder = Folder::with("");
    let mut command = folder.command(&["serve", "--json"]);
    let said = folder.refusal_of(command.env("SYMBOLON_ISUER", "https://a.example"));
    assert_says(
        &said,
        &["SYMBOLON_ISUER: there is no such key; is SYMBOLON_ISSUER meant?"],
    );
    assert!(!folder.path("data").exists());
}

#[test]
fn a_data_folder_that_others_can_read_or_write() {
    let folder = used();
    for mode in [0o750, 0o705, 0o720, 0o777] {
        set_mode(&folder, "data", mode);
        assert_says(
            &folder.refusal(),
            &["others can read or write the data folder", "chmod 700 data"],
        );
    }
    set_mode(&folder, "data", 0o700);
    assert_eq!(folder.serve().stop(), Some(0));
}

/// Needs root to give the folder away.
#[test]
fn a_data_folder_that_belongs_to_somebody_else() {
    let folder = used();
    let given = Command::new("chown")
        .arg("65534")
        .arg(folder.path("data"))
        .output();
    if !given.unwrap().status.success() {
        eprintln!("SKIPPED: only root can give a folder to somebody else");
        return;
    }
    assert_says(&folder.refusal(), &["belongs to", "65534", "sudo -u"]);
}

#[test]
fn a_data_folder_that_is_a_file() {
    let folder = Folder::with("");
    fs::write(folder.path("data"), "precious").unwrap();
    assert_says(&folder.refusal(), &["the data folder data is no folder"]);
    assert_eq!(fs::read_to_string(folder.path("data")).unwrap(), "precious");
}

#[test]
fn a_second_server_on_one_folder() {
    let folder = Folder::with("");
    let first = folder.serve();
    let said = folder.refusal();
    let process = format!("process {}", first.child.id());
    assert_says(&said, &["the data folder data", &process, "`data`"]);
    assert_eq!(first.get("/healthz").status, 200);
}

#[test]
fn an_address_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::with("");
    let mut command = folder.command(&["serve", "--json"]);
    let said = folder.refusal_of(command.env("SYMBOLON_LISTEN", &address));
    assert_says(&said, &[&address, "taken by another program", "`listen`"]);
}

#[test]
fn another_key_encryption_key_and_none() {
    let folder = used();
    let path = folder.path("data/symbolon.key");
    let right = fs::read(&path).unwrap();
    fs::write(
        &path,
        "b8f1c2d3e4f5061728394a5b6c7d8e9fb8f1c2d3e4f5061728394a5b6c7d8e00",
    )
    .unwrap();
    assert_says(&folder.refusal(), &["what is given is", "give that one"]);
    for half in ["", "b8f1c2d3"] {
        fs::write(&path, half).unwrap();
        assert_says(&folder.refusal(), &["data/symbolon.key", "32 random bytes"]);
    }
    fs::write(&path, &right).unwrap();
    set_mode(&folder, "data/symbolon.key", 0o640);
    assert_says(&folder.refusal(), &["can be read by others", "chmod 600"]);
    fs::remove_file(&path).unwrap();
    assert_says(
        &folder.refusal(),
        &["data/symbolon.key is gone", "put it back"],
    );
    assert!(!path.exists());
    fs::write(&path, &right).unwrap();
    set_mode(&folder, "data/symbolon.key", 0o600);
    assert_eq!(folder.serve().stop(), Some(0));
}

#[test]
fn a_database_of_a_newer_version() {
    let folder = used();
    let database = rusqlite::Connection::open(folder.path("data/symbolon.db")).unwrap();
    database
        .execute(
            "INSERT INTO symbolon_migrations VALUES (99, 'future', '2026-01-01T00:00:00Z', '1')",
            [],
        )
        .unwrap();
    drop(database);
    assert_says(
        &folder.refusal(),
        &["made by a newer Symbolon", "V99__future"],
    );
}

#[test]
fn a_database_that_is_none() {
    let folder = Folder::with("");
    fs::create_dir(folder.path("data")).unwrap();
    set_mode(&folder, "data", 0o700);
    let noise = [0xa5; 4096];
    fs::write(folder.path("data/symbolon.db"), noise).unwrap();
    assert_says(&folder.refusal(), &["data/symbolon.db", "not a database"]);
    assert_eq!(fs::read(folder.path("data/symbolon.db")).unwrap(), noise);
}

#[test]
fn a_database_that_isnt_reachable_and_without_its_password() {
    let folder = Folder::with("database = \"postgres://u:b8f1c2d3e4@127.0.0.1:1/d\"\n");
    set_mode(&folder, "symbolon.toml", 0o600);
    let said = folder.refusal();
    assert_says(&said, &["postgres://127.0.0.1:1/d", "refused"]);
    assert!(!said.contains("b8f1c2d3e4"), "{said}");
}
