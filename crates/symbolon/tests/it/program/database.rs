//! `symbolon db`: looks without changing anything, and brings a schema up to date once.

use std::{fs, process::Output};

use serde_json::Value;

use super::Folder;
use crate::support::{PASSWORD, on_both_engines};

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn status(folder: &Folder) -> Value {
    json(&folder.run(&["db", "status", "--json"]))
}

fn migrate(folder: &Folder) -> Value {
    json(&folder.run(&["db", "migrate", "--json"]))
}

/// A folder whose server would work on this database.
fn folder_for(database: &str) -> Folder {
    // A database's password stands in a file that its owner alone can read.
    let folder = Folder::with(&format!("database = \"{database}\""));
    let file = folder.path("symbolon.toml");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(file, mode).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_looked_at_and_brought_up_to_date() {
    on_both_engines(|database| async move {
        let folder = folder_for(&database);
        let empty = status(&folder);
        assert_eq!(empty["schema"]["state"], "empty", "{empty}");
        assert_eq!(empty["schema"]["version"], 0);
        let known = empty["schema"]["known"].as_i64().unwrap();
        assert_eq!(
            status(&folder)["schema"]["state"],
            "empty",
            "looking makes nothing"
        );

        let done = migrate(&folder);
        assert_eq!(done["version"], known);
        let steps = done["applied"].as_array().unwrap().len();
        assert_eq!(steps, empty["schema"]["pending"].as_array().unwrap().len());
        assert_eq!(migrate(&folder)["applied"], serde_json::json!([]));
        let text = folder.run(&["db", "migrate"]).stdout;
        assert!(String::from_utf8(text).unwrap().starts_with("none pending"));

        let added = folder.run_with(&["user", "add", "alice", "--json"], PASSWORD);
        json(&added);
        let made = status(&folder);
        assert_eq!(made["schema"]["state"], "current");
        assert_eq!(made["maker"], "engine");
        assert_eq!(made["rows"]["users"], 1);
        assert!(made["size"].as_u64().unwrap() > 0, "{made}");
        assert!(made["key_encryption_key"].is_string() && made["created_at"].is_string());
        assert_eq!(made["in_use"], Value::Null);
        let shown = made["database"].as_str().unwrap();
        assert!(!shown.contains('@'), "no password: {shown}");
    })
    .await;
}

#[test]
fn a_server_is_told_of_and_disturbed_by_nothing() {
    let folder = Folder::with("");
    let serving = folder.serve();
    let seen = status(&folder);
    assert_eq!(seen["in_use"]["kind"], "server", "{seen}");
    assert_eq!(seen["in_use"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(seen["in_use"]["process"], serving.child.id());
    assert_eq!(migrate(&folder)["applied"], serde_json::json!([]));
    let text = folder.run(&["db", "status"]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("up to date") && text.contains("by the server"),
        "{text}"
    );
    assert_eq!(serving.stop(), Some(0));
    assert_eq!(status(&folder)["in_use"], Value::Null);
}

#[test]
fn an_older_schema_waits_and_a_newer_one_is_refused() {
    let folder = Folder::with("");
    migrate(&folder);
    let database = rusqlite::Connection::open(folder.path("data/symbolon.db")).unwrap();
    let last = "SELECT MAX(version) FROM symbolon_migrations";
    let last: i64 = database.query_row(last, [], |row| row.get(0)).unwrap();
    // As the version before left it: the last step made one index.
    database
        .execute_batch("DROP INDEX app_sessions_by_sign_in;")
        .unwrap();
    let forget = "DELETE FROM symbolon_migrations WHERE version = ?1";
    database.execute(forget, [last]).unwrap();
    let old = status(&folder);
    assert_eq!(old["schema"]["state"], "pending", "{old}");
    assert_eq!(old["schema"]["pending"].as_array().unwrap().len(), 1);
    assert_eq!(
        status(&folder)["schema"]["state"],
        "pending",
        "looking changes nothing"
    );
    assert_eq!(migrate(&folder)["version"], last);

    let later = "INSERT INTO symbolon_migrations (version, name, applied_on, checksum) \
        VALUES (999, 'later', '2099-01-01T00:00:00Z', '1')";
    database.execute_batch(later).unwrap();
    drop(database);
    let newer = status(&folder);
    assert_eq!(newer["schema"]["state"], "newer", "{newer}");
    let refused = folder.run(&["db", "migrate"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("newer Symbolon") && said.contains("run that version"),
        "{said}"
    );
}

#[test]
fn another_programs_database_is_called_so() {
    let folder = Folder::with("database = \"theirs.db\"");
    let theirs = rusqlite::Connection::open(folder.path("theirs.db")).unwrap();
    theirs
        .execute_batch("CREATE TABLE letters (text TEXT)")
        .unwrap();
    for command in ["status", "migrate"] {
        let refused = folder.run(&["db", command]);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("tables that Symbolon didn't make"), "{said}");
    }
}
