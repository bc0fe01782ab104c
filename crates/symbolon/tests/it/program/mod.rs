//! The program itself: what `symbolon init` and `symbolon serve` do with a folder, right or wrong.

mod database;
mod keys;
mod refused;
mod serve;
mod terminal;
mod users;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_mins(1);

/// A folder that somebody works in.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a configuration for a free port.
    fn with(lines: &str) -> Self {
        let folder = Self::new();
        folder.configure(lines);
        folder
    }

    fn configure(&self, lines: &str) {
        let text = format!("issuer = \"http://127.0.0.1:8080\"\nlisten = \"127.0.0.1:0\"\n{lines}");
        fs::write(self.path("symbolon.toml"), text).unwrap();
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon"));
        command.args(arguments).current_dir(self.0.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SYMBOLON_")) {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it says on stderr, having refused to start. A server that starts all the same is ended.
    fn refusal(&self) -> String {
        let mut command = self.command(&["serve", "--json"]);
        self.refusal_of(&mut command)
    }

    fn refusal_of(&self, command: &mut Command) -> String {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if let Some(line) = first_line(&mut child) {
            child.kill().unwrap();
            panic!("it started: {line}");
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        // A test's folder has another name each time.
        said.replace(&format!("{}/", self.0.path().display()), "")
    }

    fn serve(&self) -> Serving {
        Serving::start(&mut self.command(&["serve", "--json"]))
    }
}

fn send(signal: Signal, to: &Child) {
    let process = Pid::from_child(to);
    kill_process(process, signal).unwrap();
}

/// The first line of its output, or `None` where it ends without one.
fn first_line(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take().unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = sender.send(line);
    });
    let line = receiver.recv_timeout(DEADLINE).unwrap();
    (!line.is_empty()).then_some(line)
}

/// A server that has said where it listens.
struct Serving {
    child: Child,
    listen: String,
    said: Value,
}

impl Serving {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let line = first_line(&mut child).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let listen = said["listen"].as_str().unwrap().to_owned();
        Self {
            child,
            listen,
            said,
        }
    }

    /// Asks it to end, and gives its exit code.
    fn stop(mut self) -> Option<i32> {
        send(Signal::TERM, &self.child);
        self.child.wait().unwrap().code()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    fn login(&self, username: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "username": username, "password": password });
        self.ask("POST", "/api/login", &body.to_string())
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.listen).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.listen,
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        Answer {
            status: status.parse().unwrap(),
            body: body.to_owned(),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // A test that failed leaves no server behind; one that has ended is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    body: String,
}
