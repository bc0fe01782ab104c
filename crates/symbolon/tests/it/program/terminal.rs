//! `symbolon user add` at a terminal, which is a pair of pseudo-terminals here.

use std::{
    fs,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Stdio},
};

use rustix::{
    process::Signal,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

use super::{Folder, send, users::refused};

/// A terminal, as its program sees it and as whoever sits at it does.
fn terminal() -> (fs::File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (fs::File::from(ours), theirs.into())
}

/// Runs a command at a terminal, and types each line once it has asked for it.
fn at_terminal(folder: &Folder, arguments: &[&str], typed: &[(&str, &str)]) -> (i32, String) {
    let (screen, theirs) = terminal();
    let mut child = at(folder, arguments, &theirs);
    let mut shown = String::new();
    for (prompt, line) in typed {
        wait_for(&screen, prompt, &mut shown);
        (&screen).write_all(line.as_bytes()).unwrap();
    }
    let status = child.wait().unwrap();
    assert!(echoes(&theirs), "the terminal shows again what is typed");
    // What is left, and then the end: nobody holds the other side any more.
    drop(theirs);
    let mut rest = Vec::new();
    let _ = (&screen).read_to_end(&mut rest);
    shown.push_str(&String::from_utf8_lossy(&rest));
    (status.code().unwrap(), shown)
}

fn at(folder: &Folder, arguments: &[&str], terminal: &OwnedFd) -> Child {
    folder
        .command(arguments)
        .stdin(Stdio::from(terminal.try_clone().unwrap()))
        .stdout(Stdio::from(terminal.try_clone().unwrap()))
        .stderr(Stdio::from(terminal.try_clone().unwrap()))
        .spawn()
        .unwrap()
}

/// Reads on until it says this.
fn wait_for(mut screen: &fs::File, prompt: &str, shown: &mut String) {
    let from = shown.len();
    let mut bytes = [0; 1024];
    while !shown[from..].contains(prompt) {
        let count = screen.read(&mut bytes).unwrap();
        shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
}

fn echoes(terminal: &OwnedFd) -> bool {
    let modes = tcgetattr(terminal).unwrap().local_modes;
    modes.contains(LocalModes::ECHO)
}

#[test]
fn a_terminal_is_asked_twice_and_shows_nothing_of_it() {
    let folder = Folder::with("");
    let first = ("New password: ", "a canary that is long enough\n");
    let again = ("The same again: ", "a canary that is long enough\n");
    let (status, shown) = at_terminal(&folder, &["user", "add", "alice"], &[first, again]);
    assert_eq!(status, 0, "{shown}");
    assert!(
        shown.contains("alice is added") && !shown.contains("canary"),
        "{shown}"
    );

    let other = ("The same again: ", "another one that is long enough\n");
    let (status, shown) = at_terminal(&folder, &["user", "add", "bob"], &[first, other]);
    assert!(status == 1 && shown.contains("not the same"), "{shown}");
    let weak = ("New password: ", "short\n");
    let (status, shown) = at_terminal(&folder, &["user", "add", "bob"], &[weak]);
    assert!(status == 1 && shown.contains("15 characters"), "{shown}");
    refused(&folder.run(&["user", "show", "bob"]));

    let serving = folder.serve();
    assert_eq!(serving.login("alice", first.1.trim()).status, 200);
    let remove = &["user", "remove", "alice"][..];
    let (status, shown) = at_terminal(&folder, remove, &[("[y/N] ", "n\n")]);
    assert!(
        status == 1 && shown.contains("nothing was changed"),
        "{shown}"
    );
    let (status, shown) = at_terminal(&folder, remove, &[("[y/N] ", "y\n")]);
    assert!(status == 0 && shown.contains("alice is removed"), "{shown}");
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn a_question_that_is_broken_off_leaves_the_terminal_as_it_was() {
    let folder = Folder::with("");
    for signal in [Signal::INT, Signal::TERM] {
        let (screen, theirs) = terminal();
        let mut child = at(&folder, &["user", "add", "alice"], &theirs);
        let mut shown = String::new();
        wait_for(&screen, "New password: ", &mut shown);
        assert!(!echoes(&theirs));
        send(signal, &child);
        assert_eq!(child.wait().unwrap().code(), Some(1), "{signal:?}");
        assert!(echoes(&theirs), "{signal:?}");
    }
    assert!(!folder.path("data").exists(), "nothing was begun");
}
