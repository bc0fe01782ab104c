//! Users of another program: imported by the command, and signed in by an engine on the same store.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use http::StatusCode;
use serde_json::Value;
use symbolon::{Randomness, guard::Clock};

use crate::support::{PASSWORD, Server, claims_of, on_both_engines};

/// The key that [`Server::open`] gives its engine.
const KEY: &str = "0123456789abcdeffedcba98765432100123456789abcdef0123456789abcdef";

/// Of `correct horse`, by Werkzeug 3.1.9, Django 5.2 and bcrypt 5.0.0.
const WERKZEUG: &str = "scrypt:32768:8:1$BNM0C0J6WtSnlcbG$ac176e49c7e9a71f73947486728b2957026f5261800769c3db07c6472ebb52217e94af99c12c496a70a5ce6eae69dd869078d077b7ed1f30456db51d160c3de4";
const DJANGO: &str = "pbkdf2_sha256$1000$saltsaltsalt$F7o7+5VTVzFAO998X6s3AHrDsJVdMiIlgndIMe19NvY=";
const BCRYPT: &str = "$2b$04$3raLIf4ojzsUs4l/sRP73ORnzPAWNXluOaotkCwMDDh0MLHoqTQm.";

/// A folder with a source in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn symbolon(source: &Path, database: &str, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_symbolon"))
        .args(["user", "import"])
        .arg(source)
        .args(["--database", database])
        .args(options)
        .env("SYMBOLON_KEY_ENCRYPTION_KEY", KEY)
        .env("SYMBOLON_LOG", "error")
        .output()
        .unwrap()
}

/// Runs it, and gives its exit code and the line of JSON that it prints.
fn import(source: &Path, database: &str, options: &[&str]) -> (i32, Value) {
    let output = symbolon(source, database, &[&["--json"], options].concat());
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    let json = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code().unwrap(), json)
}

fn counts(report: &Value) -> [u64; 3] {
    let bad = report["bad"].as_array().unwrap().len() as u64;
    let count = |name: &str| report[name].as_u64().unwrap();
    [count("imported"), count("already_there"), bad]
}

async fn status(server: &Server, username: &str, password: &str) -> StatusCode {
    server.login(username, password).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn old_users_sign_in_with_their_old_passwords_and_ids() {
    on_both_engines(|database| async move {
        let folder = Folder::new();
        let csv = format!(
            "id,username,password_hash,is_admin\n\
             1,Alice,{WERKZEUG},1\n2,bob,{DJANGO},0\n3,carol,{BCRYPT},0\n4,dave,an old password,1\n5,erin,,1\n"
        );
        let source = folder.file("users.csv", csv);
        let (code, report) = import(&source, &database, &["--map-role", "is_admin=1:admin"]);
        assert_eq!((code, counts(&report)), (0, [5, 0, 0]), "{report}");
        assert_eq!((&report["plain_text"], &report["without_password"]), (&1.into(), &1.into()));

        let server = Server::open(&database, |config| {
            config.external_id_claim = Some("user_id".to_owned());
        })
        .await;
        for (name, id, roles) in [("alice", "1", 1), ("bob", "2", 0), ("carol", "3", 0)] {
            assert_eq!(status(&server, name, "wrong horse").await, 401, "{name}");
            let answer = server.login(name, "correct horse").await;
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            let claims = claims_of(answer.json()["access_token"].as_str().unwrap());
            assert_eq!(claims["user_id"], id);
            assert_eq!(claims["roles"].as_array().map_or(0, Vec::len), roles, "{claims}");
        }
        assert_eq!(status(&server, "dave", "an old password").await, 200);
        for password in ["", "x", "an old password"] {
            assert_ne!(status(&server, "erin", password).await, 200);
        }
        server.engine.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w3_the_first_login_replaces_the_hash_and_ends_no_session() {
    let folder = Folder::new();
    let database = folder.0.path().join("new.db").display().to_string();
    let source = folder.file(
        "users.csv",
        format!("username,password\nalice,{WERKZEUG}\n"),
    );
    assert_eq!(import(&source, &database, &[]).0, 0);
    let stored = || {
        let store = rusqlite::Connection::open(&database).unwrap();
        let row = "SELECT password_hash, imported_scheme, credential_epoch FROM users";
        let read = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, i64>(2)?,
            ))
        };
        store.query_row(row, [], read).unwrap()
    };
    assert_eq!(stored().0, WERKZEUG);
    assert!(stored().1.unwrap().contains("scrypt"));

    let server = Server::open(&database, |_| {}).await;
    assert_eq!(status(&server, "alice", "wrong horse").await, 401);
    assert_eq!(stored().0, WERKZEUG, "a wrong password replaces nothing");
    let answer = server.login("alice", "correct horse").await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let (hash, scheme, epoch) = stored();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    assert_eq!((scheme, epoch), (None, 0));
    assert_eq!(status(&server, "alice", "correct horse").await, 200);
    assert_eq!(server.get_with("/api/me", &token).await.status, 200);
    assert_eq!(stored().0, hash, "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn w4_disabled_users_stay_disabled_and_their_hash_as_it_was() {
    let folder = Folder::new();
    let database = folder.0.path().join("new.db").display().to_string();
    let lines = format!(
        "{{\"username\": \"alice\", \"password\": \"{DJANGO}\", \"is_active\": false}}\n\
         {{\"username\": \"bob\", \"password\": \"{DJANGO}\", \"is_active\": true}}\n\
         {{\"username\": \"carol\", \"password\": \"{DJANGO}\", \"is_active\": \"perhaps\"}}\n"
    );
    let source = folder.file("users.jsonl", lines);
    let (code, report) = import(&source, &database, &[]);
    assert_eq!((code, counts(&report)), (1, [2, 0, 1]), "{report}");
    let server = Server::open(&database, |_| {}).await;
    assert_eq!(status(&server, "alice", "correct horse").await, 401);
    assert_eq!(status(&server, "bob", "correct horse").await, 200);
    server.engine.shutdown().await;
    let store = rusqlite::Connection::open(&database).unwrap();
    let hash = "SELECT password_hash FROM users WHERE username = 'alice'";
    let hash: String = store.query_row(hash, [], |row| row.get(0)).unwrap();
    assert_eq!(hash, DJANGO);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_left_out_and_told_without_what_stood_in_them() {
    on_both_engines(|database| async move {
        let folder = Folder::new();
        let mut csv = b"id,username,password\n\
            1,alice,canary-one\n\
            2,ALICE,canary-two\n\
            1,bob,canary-three\n\
            3,,canary-four\n\
            4,two words,canary-five\n\
            5,carol,5f4dcc3b5aa765d61d8327deb882cf99\n\
            6,dave,pbkdf2:sha256:4000000000$canary$aa\n\
            7,erin,canary-six,too,many\n\
            8,frank\n"
            .to_vec();
        csv.extend(b"9,\xff\xfe,canary-seven\n");
        csv.extend(format!("{},grace,canary-eight\n", "9".repeat(300)).bytes());
        csv.extend(b"10,heidi,nul\0canary\n11,ivan,an honest password\n");
        let source = folder.file("users.csv", csv);

        let output = symbolon(&source, &database, &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = format!(
            "{}{}",
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap()
        );
        for canary in ["canary", "5f4dcc", "alice", "erin", "honest"] {
            assert!(!said.contains(canary), "{canary}: {said}");
        }
        for line in 3..=13 {
            assert!(
                said.contains(&format!("line {line} left out: ")),
                "{line}: {said}"
            );
        }
        assert!(
            said.contains("2 users imported, 0 there already, 11 rows left out"),
            "{said}"
        );
        assert!(
            said.contains("Warning: 2 passwords stood in clear"),
            "{said}"
        );

        let server = Server::open(&database, |_| {}).await;
        assert_eq!(status(&server, "alice", "canary-one").await, 200);
        assert_eq!(status(&server, "alice", "canary-two").await, 401);
        assert_eq!(status(&server, "ivan", "an honest password").await, 200);
        assert_eq!(
            status(&server, "carol", "5f4dcc3b5aa765d61d8327deb882cf99").await,
            401
        );
        server.engine.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_begun_again_adds_the_rest_and_changes_nobody() {
    on_both_engines(|database| async move {
        let folder = Folder::new();
        let row = |number: usize| format!("{number},user-{number},{BCRYPT}\n");
        let rows = |count: usize| (0..count).map(row).collect::<String>();
        let header = "id,username,password\n".to_owned();
        // What a run that was cut off has left: some hundreds, whole.
        let part = folder.file("part.csv", header.clone() + &rows(200));
        assert_eq!(counts(&import(&part, &database, &[]).1), [200, 0, 0]);

        // By the clock of the command, which comes after it.
        let server = Server::open(&database, |config| config.clock = Clock::system()).await;
        assert_eq!(status(&server, "user-7", "correct horse").await, 200);
        server
            .engine
            .set_password("user-8", PASSWORD)
            .await
            .unwrap();
        server
            .engine
            .create_user("user-250", PASSWORD, &[])
            .await
            .unwrap();
        server.engine.shutdown().await;

        let whole = folder.file("whole.csv", header + &rows(300));
        let (code, report) = import(&whole, &database, &[]);
        assert_eq!((code, counts(&report)), (1, [99, 200, 1]), "{report}");
        assert_eq!(report["bad"][0]["line"], 252);
        assert_eq!(counts(&import(&whole, &database, &[]).1), [0, 299, 1]);

        // Not the random bytes of the first: its sessions are still there.
        let server = Server::open(&database, |config| {
            config.randomness = Randomness::system();
        })
        .await;
        assert_eq!(status(&server, "user-7", "correct horse").await, 200);
        assert_eq!(status(&server, "user-8", PASSWORD).await, 200);
        assert_eq!(status(&server, "user-8", "correct horse").await, 401);
        assert_eq!(status(&server, "user-250", "correct horse").await, 401);
        assert_eq!(status(&server, "user-299", "correct horse").await, 200);
        server.engine.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ids_the_password_tells_who_is_there_already() {
    let folder = Folder::new();
    let database = folder.0.path().join("new.db").display().to_string();
    let csv = format!("username,password\nalice,{BCRYPT}\nbob,an old password\ncarol,\n");
    let source = folder.file("users.csv", csv);
    assert_eq!(counts(&import(&source, &database, &[]).1), [3, 0, 0]);
    let (code, report) = import(&source, &database, &[]);
    assert_eq!((code, counts(&report)), (0, [0, 3, 0]), "{report}");
    let twice = format!(
        "username,password\ndave,{BCRYPT}\nDAVE,{BCRYPT}\ndave,correct horse\ndave,x y\n\
         erin,an old one\nerin,an old one\nerin,\nfrank,\nfrank,\n"
    );
    let twice = folder.file("twice.csv", twice);
    let (_, rehearsed) = import(&twice, &database, &["--dry-run"]);
    let (_, report) = import(&twice, &database, &[]);
    assert_eq!(counts(&report), [3, 4, 2], "{report}");
    assert_eq!(
        (counts(&rehearsed), &rehearsed["bad"]),
        (counts(&report), &report["bad"])
    );
    let others = format!("username,password\nalice,{DJANGO}\nbob,another password\ncarol,x y z\n");
    let others = folder.file("others.csv", others);
    let (code, report) = import(&others, &database, &[]);
    assert_eq!((code, counts(&report)), (1, [0, 0, 3]), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_the_same_and_writes_nothing() {
    on_both_engines(|database| async move {
        let folder = Folder::new();
        let csv = format!(
            "id,username,password\n1,alice,{BCRYPT}\n2,Alice,x y\n1,bob,x y\n3,carol,an old one\n3,carol,x\n4,a b,x\n"
        );
        let source = folder.file("users.csv", csv);
        // Without a store…
        let (_, rehearsed) = import(&source, &database, &["--dry-run"]);
        assert_eq!(rehearsed["dry_run"], true);
        if !database.contains("://") {
            assert!(!Path::new(&database).exists());
        }
        // …and with one that has none of them, some of them, all of them.
        let empty = folder.file("empty.csv", "id,username,password\n9,zoe,\n");
        import(&empty, &database, &[]);
        for options in [&[][..], &[]] {
            let (code, before) = import(&source, &database, &["--dry-run"]);
            let (_, again) = import(&source, &database, &["--dry-run"]);
            assert_eq!(before, again);
            let (code_after, after) = import(&source, &database, options);
            assert_eq!((code, counts(&before)), (code_after, counts(&after)));
            assert_eq!(before["bad"], after["bad"]);
        }
        assert_eq!(counts(&rehearsed), [2, 1, 3]);
    })
    .await;
}

#[test]
fn what_was_mistyped_is_told_before_anything_is_written() {
    let folder = Folder::new();
    let database = folder.0.path().join("never.db");
    let source = folder.file("users.csv", "id,username,password\n1,alice,x\n");
    let nothing = folder.file("nothing.csv", "");
    let odd = folder.file("users.txt", "alice\n");
    for (source, options) in [
        (&source, &["--map-role", "is_admin=1:admin"][..]),
        (&source, &["--map-role", "id=1:symbolon:admin"]),
        (&source, &["--username-column", "name"]),
        (&source, &["--active-column", "enabled"]),
        (&source, &["--format", "flask-sqlalchemy"]),
        (&nothing, &[]),
        (&odd, &[]),
        (&folder.0.path().join("nowhere.csv"), &[]),
        (
            &folder.0.path().join("nowhere.db"),
            &["--format", "flask-sqlalchemy"],
        ),
    ] {
        let output = symbolon(source, &database.display().to_string(), options);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
        assert!(!output.stderr.is_empty());
        assert!(!database.exists(), "{options:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flask_sqlalchemy_table_is_read_as_it_is() {
    let folder = Folder::new();
    let old = folder.0.path().join("app.db");
    let table = rusqlite::Connection::open(&old).unwrap();
    table
        .execute_batch(&format!(
            "CREATE TABLE user (id INTEGER PRIMARY KEY, username VARCHAR(50) UNIQUE NOT NULL, \
             password VARCHAR(100) NOT NULL, role VARCHAR(9), active BOOLEAN);
             INSERT INTO user VALUES (0, 'first', '{WERKZEUG}', 'editor', 1);
             INSERT INTO user VALUES (7, 'admin', 'admin', NULL, 1);
             INSERT INTO user VALUES (8, 'gone', '{DJANGO}', 'editor', 0);
             INSERT INTO user VALUES (9, CAST(x'ff' AS TEXT), 'x', 'editor', 1);"
        ))
        .unwrap();
    let before = std::fs::read(&old).unwrap();
    let database = folder.0.path().join("new.db").display().to_string();
    let (code, report) = import(&old, &database, &["--map-role", "role=editor:posts:write"]);
    assert_eq!((code, counts(&report)), (1, [3, 0, 1]), "{report}");
    assert_eq!(report["bad"][0]["line"], 4);
    assert_eq!(std::fs::read(&old).unwrap(), before);

    let server = Server::open(&database, |config| {
        config.external_id_claim = Some("identity".to_owned());
    })
    .await;
    let answer = server.login("first", "correct horse").await;
    let claims = claims_of(answer.json()["access_token"].as_str().unwrap());
    assert_eq!(
        (&claims["identity"], &claims["roles"][0]),
        (&"0".into(), &"posts:write".into())
    );
    assert_eq!(status(&server, "admin", "admin").await, 200);
    assert_eq!(status(&server, "gone", "correct horse").await, 401);
}

#[tokio::test]
async fn a_claim_that_verifiers_decide_by_is_not_taken_for_old_ids() {
    use symbolon::{Config, ConfigError, Engine, KeyEncryptionKey, KeySource, StartError};
    for name in ["sub", "roles", "symbolon:id", ""] {
        let key = KeySource::Given(KeyEncryptionKey::parse(KEY).unwrap());
        let mut config = Config::new("https://a.example", "never.db".parse().unwrap(), key);
        config.external_id_claim = Some(name.to_owned());
        let refused = Engine::open(config).await;
        assert!(
            matches!(refused, Err(StartError::Config(ConfigError::Claim { .. }))),
            "{name}"
        );
    }
}
