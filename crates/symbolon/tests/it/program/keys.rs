//! `symbolon key`: the same through a server and without one; no private key comes out.

use std::process::Output;

use serde_json::Value;

use super::{Folder, Serving};
use crate::support::PASSWORD;

fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn list(folder: &Folder) -> Vec<Value> {
    lines(&folder.run(&["key", "list", "--json"]))
}

fn in_state<'a>(keys: &'a [Value], state: &str) -> Vec<&'a str> {
    let keys = keys.iter().filter(|key| key["state"] == state);
    keys.map(|key| key["kid"].as_str().unwrap()).collect()
}

fn check(folder: &Folder, serving: Option<&Serving>) {
    let keys = list(folder);
    let (signing, standby) = (in_state(&keys, "signing"), in_state(&keys, "standby"));
    assert_eq!((signing.len(), standby.len()), (1, 1), "{keys:?}");
    let table = folder.run(&["key", "list"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(
        table.starts_with("KID") && table.contains("signing access tokens"),
        "{table}"
    );
    let plan = lines(&folder.run(&["key", "plan", "--json"]));
    assert!(!plan.is_empty() && plan[0]["at"].is_string(), "{plan:?}");

    let jwks = lines(&folder.run(&["key", "export"]));
    let kids: Vec<_> = jwks[0]["keys"].as_array().unwrap().iter().collect();
    assert_eq!(kids.len(), 2);
    assert!(kids.iter().all(|key| key.get("d").is_none()), "{jwks:?}");
    let pem = folder.run(&["key", "export", "--format", "pem", "--kid", signing[0]]);
    let pem = String::from_utf8(pem.stdout).unwrap();
    assert_eq!(
        pem.matches("-----BEGIN PUBLIC KEY-----").count(),
        1,
        "{pem}"
    );
    assert!(!pem.contains("PRIVATE"), "{pem}");
    let unknown = folder.run(&["key", "export", "--format", "pem", "--kid", "x"]);
    assert_eq!(unknown.status.code(), Some(1));

    let rotated = &lines(&folder.run(&["key", "rotate", "--json"]))[0];
    assert_eq!(
        (&rotated["kid"], &rotated["previous"]),
        (&standby[0].into(), &signing[0].into())
    );
    let again = folder.run(&["key", "rotate"]);
    assert_eq!(
        again.status.code(),
        Some(1),
        "it is announced already: {again:?}"
    );
    let other = folder.run(&["key", "rotate", "--algorithm", "none"]);
    assert_eq!(other.status.code(), Some(2), "{other:?}");

    if let Some(serving) = serving {
        assert_eq!(serving.login("alice", PASSWORD).status, 200);
    }
    let unasked = folder.run(&["key", "revoke", signing[0]]);
    assert_eq!(unasked.status.code(), Some(2), "{unasked:?}");
    let revoked = folder.run(&["key", "revoke", signing[0], "--yes"]);
    let said = String::from_utf8(revoked.stdout).unwrap();
    assert_eq!(revoked.status.code(), Some(0), "{said}");
    assert!(said.contains("within the JWKS' max-age"), "{said}");
    assert!(
        said.contains(&format!("{} signs now", standby[0])),
        "{said}"
    );
    for kid in [signing[0], "nobody's"] {
        let refused = folder.run(&["key", "revoke", kid, "--yes"]);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    }
    let keys = list(folder);
    assert_eq!(in_state(&keys, "revoked"), signing);
    assert_eq!(in_state(&keys, "signing"), standby);
    assert!(
        !in_state(&keys, "standby").is_empty(),
        "the next one stands by: {keys:?}"
    );
}

#[test]
fn keys_are_turned_over_and_revoked_without_a_server() {
    check(&Folder::with(""), None);
}

#[test]
fn a_running_server_signs_with_the_next_key_at_once() {
    let folder = Folder::with("");
    let added = folder.run_with(&["user", "add", "alice"], PASSWORD);
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    let serving = folder.serve();
    check(&folder, Some(&serving));
    let published = serving.get("/.well-known/jwks.json").body;
    let exported = folder.run(&["key", "export"]).stdout;
    assert_eq!(
        published.trim(),
        String::from_utf8(exported).unwrap().trim()
    );
    assert_eq!(serving.login("alice", PASSWORD).status, 200);
    assert_eq!(serving.stop(), Some(0));
}
