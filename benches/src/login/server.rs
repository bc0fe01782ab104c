//! The program that is measured, `login-server`, and what the kernel knows of its memory.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::http::{Connection, get_with, post_json};

/// As `login-server` has it.
const PASSWORD: &str = "correct horse battery staple";

pub(super) struct Server {
    child: Child,
    /// Without a scheme.
    pub(super) address: String,
    /// Logs `alice` in.
    pub(super) login: Vec<u8>,
    /// Asks the guarded route, with a token of hers.
    pub(super) check: Vec<u8>,
    _folder: TempDir,
}

impl Server {
    /// Starts it and sees that it does what is going to be measured: a right password is let in and a wrong
    /// one isn't, and so with tokens.
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let program = std::env::current_exe()?.with_file_name("login-server");
        let mut child = Command::new(program)
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("can't start login-server")?;
        let output = child.stdout.take().context("it has no output")?;
        let mut server = Self {
            child,
            address: String::new(),
            login: login("alice", PASSWORD),
            check: Vec::new(),
            _folder: folder,
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("http://");
        address
            .context("login-server ended without a word")?
            .clone_into(&mut server.address);

        let mut connection = server.connect()?;
        let wrong = connection.ask(&login("alice", "something else entirely"))?;
        ensure!(wrong.status == 401, "a wrong password is {}", wrong.status);
        let answer = connection.ask(&server.login)?;
        ensure!(answer.status == 200, "a login is {}", answer.status);
        let body: Value = serde_json::from_str(&answer.body)?;
        let token = body["access_token"].as_str().context("a token")?;
        server.check = get_with("/check", token);
        let good = connection.ask(&server.check)?;
        ensure!(good.status == 200, "a good token is {}", good.status);
        let bad = connection.ask(&get_with("/check", &token.replace('.', "x.")))?;
        ensure!(bad.status == 401, "a changed token is {}", bad.status);
        Ok(server)
    }

    pub(super) fn connect(&self) -> Result<Connection> {
        Connection::open(&self.address)
    }

    /// Mebibytes that are resident now.
    pub(super) fn resident(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The most that ever was since [`Server::forget_peak`].
    pub(super) fn peak(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// `proc(5)`, clear_refs.
    pub(super) fn forget_peak(&self) -> Result<()> {
        let path = format!("/proc/{}/clear_refs", self.child.id());
        fs::write(path, "5").context("can't reset the peak of resident memory")
    }

    fn status(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes: f64 = line
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .context("the kernel doesn't say how much memory is resident")?
            .parse()?;
        Ok(kibibytes / 1024.0)
    }
}

/// Asks for somebody to be logged in.
pub(super) fn login(username: &str, password: &str) -> Vec<u8> {
    let body = serde_json::json!({ "username": username, "password": password });
    post_json("/api/login", &body.to_string())
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
