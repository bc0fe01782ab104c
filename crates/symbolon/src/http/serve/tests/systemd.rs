//! What systemd is told, on sockets of the test's own.

use std::{ffi::OsString, os::unix::net::UnixDatagram};

use super::*;
use crate::http::serve::Systemd;

struct Manager(tokio::net::UnixDatagram);

impl Manager {
    fn new(socket: UnixDatagram) -> Self {
        socket.set_nonblocking(true).unwrap();
        Self(tokio::net::UnixDatagram::from_std(socket).unwrap())
    }

    /// Waits until it is told this, and gives what it was told before.
    async fn hear(&self, awaited: &str) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            let mut told = [0; 64];
            let length = within(self.0.recv(&mut told)).await.unwrap();
            let told = String::from_utf8(told[..length].to_vec()).unwrap();
            if told == awaited {
                return heard;
            }
            heard.push(told);
        }
    }
}

fn told_of(variables: &[(&str, String)]) -> Systemd {
    Systemd::from_variables(|name| {
        let row = variables.iter().find(|(found, _)| *found == name);
        row.map(|(_, value)| OsString::from(value))
    })
}

async fn assert_is_told(manager: Manager, name: String) {
    let systemd = told_of(&[
        ("NOTIFY_SOCKET", name),
        ("WATCHDOG_USEC", "100000".to_owned()),
        ("WATCHDOG_PID", std::process::id().to_string()),
    ]);
    let server = Running::start(|serving| serving.systemd = systemd).await;
    assert!(manager.hear("READY=1").await.is_empty());
    server.assert_serves().await;
    assert!(manager.hear("WATCHDOG=1").await.is_empty());
    assert!(manager.hear("WATCHDOG=1").await.is_empty());
    server.stop().await;
    let before = manager.hear("STOPPING=1").await;
    assert!(before.iter().all(|told| told == "WATCHDOG=1"), "{before:?}");
}

#[tokio::test]
async fn it_is_told_through_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = Manager::new(UnixDatagram::bind(&path).unwrap());
    assert_is_told(manager, path.to_str().unwrap().to_owned()).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_is_told_through_a_name() {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};

    let name = format!("symbolon-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = Manager::new(UnixDatagram::bind_addr(&address).unwrap());
    assert_is_told(manager, format!("@{name}")).await;
}

#[tokio::test]
async fn a_manager_that_is_gone_costs_nothing() {
    let systemd = told_of(&[("NOTIFY_SOCKET", "/nowhere/notify".to_owned())]);
    let server = Running::start(|serving| serving.systemd = systemd).await;
    server.assert_serves().await;
    server.stop().await;
}

#[tokio::test]
async fn a_watchdog_of_another_process_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = Manager::new(UnixDatagram::bind(&path).unwrap());
    let systemd = told_of(&[
        ("NOTIFY_SOCKET", path.to_str().unwrap().to_owned()),
        ("WATCHDOG_USEC", "1000".to_owned()),
        ("WATCHDOG_PID", "1".to_owned()),
    ]);
    let server = Running::start(|serving| serving.systemd = systemd).await;
    server.assert_serves().await;
    server.stop().await;
    assert_eq!(manager.hear("STOPPING=1").await, ["READY=1"]);
}
