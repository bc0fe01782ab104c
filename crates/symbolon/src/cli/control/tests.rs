//! The socket itself, with a server in this process: who may speak, and what becomes of nonsense.

use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink},
        net::UnixListener as StdListener,
    },
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    sync::oneshot,
    task::JoinHandle,
};
use zeroize::Zeroizing;

use super::{Answer, Door, Place, Request, Secret, VERSION, frame, serve, server::may_ask};
use crate::{
    Config, Engine,
    cli::{
        folder::{DataFolder, Taken},
        installation::Installation,
    },
};

const PASSWORD: &str = "correct horse battery staple";

/// A server on a folder of its own.
struct Server {
    root: tempfile::TempDir,
    path: PathBuf,
    folder: DataFolder,
    engine: Engine,
    end: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Server {
    async fn start() -> Self {
        Self::start_below("data").await
    }

    /// With its data folder at this path below a temporary one.
    async fn start_below(below: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(below);
        let folder = take(&path);
        let engine = Engine::open(config(&path)).await.unwrap();
        let mut server = Self {
            root,
            path,
            folder,
            engine,
            end: None,
            task: None,
        };
        server.listen();
        server
    }

    fn listen(&mut self) {
        let (end, ended) = oneshot::channel::<()>();
        let until = async {
            let _ = ended.await;
        };
        let task = serve(self.engine.clone(), &self.path, &self.folder, until).unwrap();
        (self.end, self.task) = (Some(end), Some(task));
    }

    fn socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    async fn door(&self) -> Door {
        Door::remote(&self.path).await.unwrap().unwrap()
    }

    /// Sends bytes as they are, and gives the answer.
    async fn raw(&self, bytes: &[u8]) -> Value {
        let mut stream = UnixStream::connect(self.socket()).await.unwrap();
        // The server may have answered before it has read all of it.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        answer(&mut stream).await
    }

    /// Ends it without a word.
    async fn kill(&mut self) {
        let task = self.task.take().unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }

    async fn stop(mut self) {
        drop(self.end.take());
        self.task.take().unwrap().await.unwrap();
        assert!(!self.socket().exists());
        self.engine.shutdown().await;
        drop(self.root);
    }
}

fn take(path: &Path) -> DataFolder {
    match DataFolder::open(path).unwrap() {
        Taken::Ours(folder) => folder,
        Taken::Theirs(owner) => panic!("taken by {owner}"),
    }
}

fn config(path: &Path) -> Config {
    Config::in_folder("http://127.0.0.1:8080", path).unwrap()
}

async fn answer(stream: &mut UnixStream) -> Value {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    serde_json::from_slice(&bytes[4..]).unwrap()
}

fn framed(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&length, text.as_bytes()].concat()
}

fn add(username: &str, password: &str) -> Request {
    Request::AddUser {
        username: username.to_owned(),
        password: Secret::new(Zeroizing::new(password.to_owned())),
        roles: vec!["user".to_owned()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_its_owners_alone_and_gone_at_the_end() {
    let server = Server::start().await;
    let found = fs::symlink_metadata(server.socket()).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    let folder = fs::metadata(&server.path).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    assert_eq!(found.uid(), folder.uid());
    server.stop().await;
}

#[test]
fn nobody_else_may_ask() {
    assert!(may_ask(1000, 1000) && may_ask(0, 1000) && may_ask(0, 0));
    assert!(!may_ask(1001, 1000) && !may_ask(1000, 0) && !may_ask(65534, 1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_left_is_replaced_and_anything_else_is_not() {
    let mut server = Server::start().await;
    // A killed server removes nothing.
    server.kill().await;
    let left = server.socket();
    if !left.exists() {
        drop(StdListener::bind(&left).unwrap());
    }
    assert!(Door::remote(&server.path).await.unwrap().is_none());
    server.listen();
    assert!(Door::remote(&server.path).await.unwrap().is_some());

    server.kill().await;
    let elsewhere = server.root.path().join("elsewhere");
    let _elsewhere = StdListener::bind(&elsewhere).unwrap();
    for other in ["file", "link"] {
        let _ = fs::remove_file(&left);
        if other == "file" {
            fs::write(&left, "somebody's").unwrap();
        } else {
            symlink(&elsewhere, &left).unwrap();
        }
        let place = Place::open(&server.path).unwrap();
        assert!(place.listen(&server.folder).is_err(), "{other}");
        assert!(Door::remote(&server.path).await.is_err(), "{other}");
        assert!(
            fs::symlink_metadata(&left).is_ok(),
            "{other} is still there"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_no_address_holds_is_reached_all_the_same() {
    let below = ["a very long name of a folder"; 8].join("/");
    let server = Server::start_below(&below).await;
    assert!(server.socket().as_os_str().len() > 107);
    let mode = fs::symlink_metadata(server.socket()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let door = server.door().await;
    assert!(matches!(
        door.ask(add("alice", PASSWORD)).await,
        Ok(Answer::User { .. })
    ));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_and_harms_nobody() {
    let server = Server::start().await;
    let code = |answer: &Value| answer["failed"]["code"].as_str().unwrap().to_owned();
    let hello = json!({ "v": VERSION, "request": "hello" }).to_string();
    for bytes in [
        Vec::new(),
        vec![0],
        framed(""),
        framed("{}"),
        framed("\u{1}\u{2}"),
        vec![0xff; 4],
        vec![0xff; 100_000],
        framed(&"x".repeat(64 * 1024 + 1)),
        framed(&hello)[..10].to_vec(),
        framed(&"[".repeat(60_000)),
        framed(&json!({ "v": VERSION, "request": { "remove_everything": {} } }).to_string()),
        framed(&json!({ "v": VERSION, "request": "hello", "more": 1 }).to_string())[..20].to_vec(),
    ] {
        let said = server.raw(&bytes).await;
        assert_eq!(code(&said), "malformed", "{said}");
    }
    let other = json!({ "v": VERSION + 1, "request": { "a_new_act": {} } });
    let said = server.raw(&framed(&other.to_string())).await;
    assert_eq!(code(&said), "version", "{said}");
    // Nobody hears of a password that stood in it.
    let odd = json!({ "v": VERSION, "request": { "set_password": { "username": "a", "password": "canary" } } });
    let said = server.raw(&framed(&odd.to_string())).await;
    assert!(!said.to_string().contains("canary"), "{said}");
    let said = server.raw(&framed(&hello)).await;
    assert_eq!(said["hello"]["issuer"], "http://127.0.0.1:8080");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_connect_and_say_nothing_keep_nobody_out() {
    let server = Server::start().await;
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(UnixStream::connect(server.socket()).await.unwrap());
    }
    let asking = async {
        let door = server.door().await;
        door.ask(Request::Hello).await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(30), asking)
        .await
        .unwrap();
    drop(silent);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_under_way_at_the_end_is_answered() {
    let mut server = Server::start().await;
    let mut stream = UnixStream::connect(server.socket()).await.unwrap();
    let request = add("alice", PASSWORD);
    let envelope = super::request::Envelope {
        v: VERSION,
        request: &request,
    };
    // Taken before the end comes: the answer to a second connection shows it.
    frame::write(&mut stream, &envelope, frame::REQUEST_MAX)
        .await
        .unwrap();
    server.door().await;
    drop(server.end.take());
    server.task.take().unwrap().await.unwrap();
    let said = answer(&mut stream).await;
    assert_eq!(said["user"]["changed"], true, "{said}");
    server.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_doors_answer_alike() {
    let server = Server::start().await;
    let remote = server.door().await;
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("data");
    let installation = Installation {
        folder: path.clone(),
        config: config(&path),
    };
    let local = Door::open(&installation).await.unwrap();
    assert!(matches!(local, Door::Local(..)));
    let named = |username: &str| username.to_owned();
    let script = || {
        vec![
            add("Alice", PASSWORD),
            add("alice", PASSWORD),
            add("bob", "short"),
            add("b b", PASSWORD),
            Request::ShowUser {
                username: named("nobody"),
            },
            Request::ShowUser {
                username: named("ALICE"),
            },
            Request::RenameUser {
                username: named("alice"),
                to: named("alice"),
            },
            Request::RenameUser {
                username: named("alice"),
                to: named("홍길동"),
            },
            Request::RenameUser {
                username: named("alice"),
                to: named("x"),
            },
            Request::ChangeRole {
                username: named("홍길동"),
                role: named("symbolon:admin"),
                change: super::Change::Grant,
            },
            Request::ChangeRole {
                username: named("홍길동"),
                role: named("Symbolon:admin"),
                change: super::Change::Grant,
            },
            Request::RemoveUser {
                username: named("홍길동"),
                id: named("somebody else's"),
            },
        ]
    };
    let shown = |answer: anyhow::Result<Answer>| match answer {
        Ok(Answer::User { mut user, changed }) => {
            (user.id, user.created_at) = (String::new(), String::new());
            format!("{user:?} {changed}")
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("{error:#}"),
    };
    for (here, there) in script().into_iter().zip(script()) {
        let asked = format!("{here:?}");
        let (here, there) = (local.ask(here).await, remote.ask(there).await);
        let (here, there) = (shown(here), shown(there));
        assert_eq!(here, there, "{asked}");
    }
    local.close().await;
    server.stop().await;
}
