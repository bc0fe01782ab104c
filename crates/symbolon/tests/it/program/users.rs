//! `symbolon user`: the same through a server and without one, whoever asks and however it goes wrong.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::{fs::PermissionsExt, net::UnixListener},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use super::{Folder, Serving};
use crate::support::PASSWORD;

impl Folder {
    /// Runs a command with this on its standard input.
    pub(super) fn run_with(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who refuses the command reads nothing.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        child.wait_with_output().unwrap()
    }

    fn add(&self, name: &str) -> Output {
        self.run_with(&["user", "add", name, "--json"], PASSWORD)
    }
}

impl Serving {
    /// What `/api/me` says to this token.
    fn me(&self, token: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.listen).unwrap();
        let host = &self.listen;
        write!(
            stream,
            "GET /api/me HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

fn json(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

pub(super) fn refused(output: &Output) -> String {
    assert_eq!(code(output), 1, "{output:?}");
    assert!(
        output.stdout.is_empty(),
        "only data goes to stdout: {output:?}"
    );
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a test without a server and with one.
fn through_both_doors(test: impl Fn(&Folder, Option<&Serving>)) {
    let folder = Folder::with("");
    test(&folder, None);
    let folder = Folder::with("");
    let serving = folder.serve();
    assert!(folder.path("data/control.sock").exists());
    test(&folder, Some(&serving));
    assert_eq!(serving.stop(), Some(0));
    assert!(!folder.path("data/control.sock").exists());
}

#[test]
fn every_command_does_the_same_through_both_doors() {
    through_both_doors(|folder, _| {
        let added = json(&folder.run_with(
            &[
                "user", "add", " Alice ", "--role", "admin", "--role", "user", "--json",
            ],
            format!("{PASSWORD}\n"),
        ));
        assert_eq!(added["username"], "alice");
        assert_eq!(added["roles"], serde_json::json!(["admin", "user"]));
        assert_eq!(
            (&added["state"], &added["changed"]),
            (&"enabled".into(), &true.into())
        );
        assert_eq!(code(&folder.add("홍길동")), 0);
        assert!(refused(&folder.add("ALICE")).contains("\"ALICE\""));
        assert!(refused(&folder.add("a b")).contains("username"));
        assert!(
            refused(&folder.run_with(&["user", "add", "bob"], "short")).contains("15 characters")
        );

        let lines = folder.run(&["user", "list", "--json"]);
        let lines = String::from_utf8(lines.stdout).unwrap();
        let names: Vec<_> = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["username"].clone())
            .collect();
        assert_eq!(names, ["alice", "홍길동"]);
        let table = String::from_utf8(folder.run(&["user", "list"]).stdout).unwrap();
        let rows: Vec<_> = table.lines().collect();
        assert!(rows[0].starts_with("NAME    STATE") && rows[2].starts_with("홍길동  enabled"));
        let newest = folder.run(&["user", "list", "--newest", "--limit", "1", "--json"]);
        assert_eq!(json(&newest)["username"], "홍길동");
        let none = folder.run(&["user", "list", "--state", "disabled", "--json"]);
        assert!(none.stdout.is_empty() && code(&none) == 0, "{none:?}");
        let some = folder.run(&["user", "list", "--begins-with", "홍", "--json"]);
        assert_eq!(json(&some)["username"], "홍길동");

        let change = |arguments: &[&str]| {
            let said = json(&folder.run(&[&["user"], arguments, &["--json"]].concat()));
            said["changed"].as_bool().unwrap()
        };
        assert!(change(&["disable", "alice"]) && !change(&["disable", "alice"]));
        assert!(change(&["enable", "alice"]) && !change(&["enable", "alice"]));
        assert!(change(&["grant-role", "alice", "symbolon:admin"]));
        assert!(!change(&["grant-role", "alice", "symbolon:admin"]));
        assert!(change(&["revoke-role", "alice", "admin"]));
        assert!(change(&["rename", "alice", "Carol"]));
        assert!(refused(&folder.run(&["user", "rename", "carol", "홍길동"])).contains("홍길동"));
        assert!(refused(&folder.run(&["user", "show", "alice"])).contains("\"alice\""));
        let shown = json(&folder.run(&["user", "show", "carol", "--json"]));
        assert_eq!(shown["id"], added["id"]);
        assert_eq!(
            shown["roles"],
            serde_json::json!(["symbolon:admin", "user"])
        );
        for member in [
            "sessions",
            "last_login_at",
            "links",
            "external_id",
            "imported_scheme",
        ] {
            assert!(shown.get(member).is_some(), "{member}: {shown}");
        }

        let unasked = folder.run(&["user", "remove", "carol"]);
        assert_eq!(code(&unasked), 2, "{unasked:?}");
        assert!(change(&["remove", "carol", "--yes"]));
        refused(&folder.run(&["user", "show", "carol"]));
        refused(&folder.run(&["user", "remove", "carol", "--yes"]));
    });
}

#[test]
fn a_running_server_knows_at_once() {
    let folder = Folder::with("");
    let serving = folder.serve();
    json(&folder.add("alice"));
    let answer = serving.login("alice", PASSWORD);
    assert_eq!(answer.status, 200);
    let token: Value = serde_json::from_str(&answer.body).unwrap();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let me = || serving.me(&token);
    assert_eq!(me().0, 200);
    json(&folder.run(&["user", "grant-role", "alice", "editor", "--json"]));
    json(&folder.run(&["user", "rename", "alice", "carol", "--json"]));
    let (status, body) = me();
    assert_eq!((status, &body["username"]), (200, &"carol".into()));
    assert_eq!(body["roles"], serde_json::json!(["editor"]));
    let shown = json(&folder.run(&["user", "show", "carol", "--json"]));
    assert_eq!(shown["sessions"], 1);
    assert!(shown["last_login_at"].is_string());

    let second = "another password entirely";
    let set = folder.run_with(&["user", "set-password", "carol", "--json"], second);
    assert_eq!(json(&set)["changed"], true);
    assert_eq!(me().0, 401);
    assert_eq!(serving.login("carol", PASSWORD).status, 401);
    assert_eq!(serving.login("carol", second).status, 200);
    json(&folder.run(&["user", "disable", "carol", "--json"]));
    assert_eq!(serving.login("carol", second).status, 401);
    json(&folder.run(&["user", "remove", "carol", "--yes", "--json"]));
    assert_eq!(serving.login("carol", second).status, 401);
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn passwords_come_through_as_they_are_typed() {
    let folder = Folder::with("");
    let serving = folder.serve();
    let odd = [
        "\"quoted\" and \\escaped\\ \\u0041",
        " spaces around, and a tab\t ",
        "비밀번호는열다섯글자이상이어야한다",
        "emoji 😀😀😀 and \u{1b}[31m and \u{7f}",
        "$(reboot) `id` ; | & > < ' %s %n \\0",
        "{\"v\":1,\"request\":\"hello\"}",
        &"x".repeat(1024),
    ];
    for (number, password) in odd.iter().enumerate() {
        let name = format!("user-{number}");
        let added = folder.run_with(&["user", "add", &name, "--json"], format!("{password}\n"));
        json(&added);
        assert_eq!(serving.login(&name, password).status, 200, "{password:?}");
        assert_ne!(serving.login(&name, password.trim()).status, 500);
    }
    let far_too_long = vec![b'x'; 100_000];
    for (input, reason) in [
        (&b""[..], "no password"),
        (b"\n", "empty"),
        (b"a password of two\nlines of text\n", "more lines"),
        (b"not UTF-8 at all \xff\xfe\n", "UTF-8"),
        (b"with a NUL in it \0 somewhere", "NUL"),
        (&[b'x'; 1025], "1024"),
        (&far_too_long, "longer"),
    ] {
        let said = refused(&folder.run_with(&["user", "add", "nobody"], input));
        assert!(said.contains(reason), "{reason}: {said}");
    }
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn a_password_in_the_command_is_refused_and_not_repeated() {
    let folder = Folder::with("");
    for arguments in [
        &["user", "add", "alice", "canary-password-in-argv"][..],
        &[
            "user",
            "add",
            "alice",
            "--password",
            "canary-password-in-argv",
        ],
        &["user", "add", "alice", "--password=canary-password-in-argv"],
        &[
            "user",
            "add",
            "alice",
            "--password-stdin=canary-password-in-argv",
        ],
        &["user", "set-password", "alice", "canary-password-in-argv"],
        &["user", "set-password", "alice", "-pcanary-password-in-argv"],
    ] {
        let output = folder.run_with(arguments, PASSWORD);
        assert_eq!(code(&output), 2, "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("never an argument"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    assert!(!folder.path("data").exists(), "nothing was begun");
}

#[test]
fn many_commands_at_once_take_turns() {
    through_both_doors(|folder, _| {
        let children: Vec<_> = (0..6)
            .map(|number| {
                let mut child = folder
                    .command(&["user", "add", &format!("user-{}", number / 2), "--json"])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();
                let mut stdin = child.stdin.take().unwrap();
                stdin.write_all(PASSWORD.as_bytes()).unwrap();
                child
            })
            .collect();
        let codes = children.into_iter().map(|child| {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code().unwrap();
            assert!(
                code == 0 || said.contains("another user is called"),
                "{said}"
            );
            code
        });
        let added = codes.filter(|code| *code == 0).count();
        assert_eq!(added, 3);
        let listed = folder.run(&["user", "list", "--json"]);
        assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 3);
    });
}

#[test]
fn a_killed_server_is_no_obstacle() {
    let folder = Folder::with("");
    folder.serve().kill();
    assert!(
        folder.path("data/control.sock").exists(),
        "it removed nothing"
    );
    json(&folder.add("alice"));
    let serving = folder.serve();
    assert_eq!(serving.login("alice", PASSWORD).status, 200);
    json(&folder.add("bob"));
    serving.kill();
    let listed = folder.run(&["user", "list", "--json"]);
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 2);
}

#[test]
fn a_folder_whose_path_no_socket_has_room_for_is_served_all_the_same() {
    let long = ["a-folder-with-a-long-name"; 6].join("/");
    let folder = Folder::with(&format!("data = \"{long}\""));
    let serving = folder.serve();
    assert!(folder.path(&long).join("control.sock").as_os_str().len() > 150);
    json(&folder.add("alice"));
    assert_eq!(serving.login("alice", PASSWORD).status, 200);
    assert_eq!(serving.stop(), Some(0));
    json(&folder.run(&["user", "show", "alice", "--json"]));
}

#[test]
fn another_user_is_sent_to_the_owner() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can run a command as somebody else");
        return;
    }
    let folder = Folder::with("");
    json(&folder.add("alice"));
    let open = |path: &std::path::Path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    open(folder.path("").as_path());
    fs::set_permissions(
        folder.path("symbolon.toml"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    // Where somebody else can run it.
    let program = folder.path("symbolon");
    fs::copy(env!("CARGO_BIN_EXE_symbolon"), &program).unwrap();
    open(&program);
    let serving = folder.serve();
    for arguments in [
        &["user", "grant-role", "alice", "a'b"][..],
        &["db", "status"],
        &["user", "list"],
    ] {
        let output = Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(&program)
            .args(arguments)
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        let said = refused(&output);
        assert!(said.contains("sudo -u root "), "{said}");
        let quoted = if arguments.len() > 3 {
            r"user grant-role alice 'a'\''b'"
        } else {
            arguments[1]
        };
        assert!(said.contains(quoted), "{said}");
    }
    assert_eq!(serving.stop(), Some(0));
    // And root to another owner.
    let status = Command::new("chown")
        .args(["-R", "65534"])
        .arg(folder.path("data"))
        .status();
    assert!(status.unwrap().success());
    let said = refused(&folder.run(&["user", "show", "alice"]));
    assert!(
        said.contains("sudo -u nobody ") || said.contains("sudo -u '#65534' "),
        "{said}"
    );
}

#[test]
fn what_listens_in_place_of_the_server_gets_no_password() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can listen as somebody else");
        return;
    }
    let folder = Folder::with("");
    json(&folder.add("alice"));
    // A socket that another user made, in a folder that was open to them once.
    let socket = folder.path("data/control.sock");
    let _listening = UnixListener::bind(&socket).unwrap();
    let status = Command::new("chown").arg("65534").arg(&socket).status();
    assert!(status.unwrap().success());
    let said = refused(&folder.add("bob"));
    assert!(
        said.contains("control.sock is no socket of the folder's owner"),
        "{said}"
    );
}
