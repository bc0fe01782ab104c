//! The house rules that a compiler doesn't know, read off the source.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Above this a file has two ideas in it.
const LINES_MAX: usize = 500;

struct Source {
    /// Relative to the repository, with `/`.
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn sources() -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join("crates"), root.join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().display().to_string();
                found.push(Source { path, text });
            }
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// Fails, naming every place, where `wrong` says so of a line of a file.
fn check(rule: &str, applies: impl Fn(&str) -> bool, wrong: impl Fn(&str) -> bool) {
    let mut places = Vec::new();
    for Source { path, text } in sources() {
        if !applies(&path) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if wrong(line) {
                places.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(places.is_empty(), "{rule}:\n{}", places.join("\n"));
}

fn is_code(line: &str) -> bool {
    !line.trim_start().starts_with("//")
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.contains("/suite/") || path.ends_with("/tests.rs")
}

#[test]
fn every_file_says_what_lives_in_it_and_holds_one_idea() {
    let mut wrong = Vec::new();
    for Source { path, text } in sources() {
        if !text.starts_with("//!") {
            wrong.push(format!("{path} does not open with what lives in it"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{path} has {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_stands_in_the_store_only() {
    check(
        "SQL outside crates/symbolon/src/store",
        |path| {
            path.starts_with("crates/") && path.contains("/src/") && !path.contains("/src/store/")
        },
        |line| {
            let verbs = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];
            is_code(line) && verbs.iter().any(|verb| line.contains(verb))
        },
    );
}

#[test]
fn status_codes_are_picked_in_http_only() {
    check(
        "a status code outside http",
        |path| {
            path.starts_with("crates/symbolon/src/")
                && !path.starts_with("crates/symbolon/src/http/")
                || path.starts_with("crates/symbolon-rules/")
        },
        |line| is_code(line) && line.contains("StatusCode"),
    );
}

#[test]
fn cryptography_is_named_in_few_files() {
    const NAMED: [&str; 9] = [
        "crates/symbolon-token/src/crypto",
        "crates/symbolon-guard/src/digest.rs",
        "crates/symbolon-guard/src/remote",
        "crates/symbolon/src/client/outgoing.rs",
        "crates/symbolon/src/entropy.rs",
        "crates/symbolon/src/http/serve/tls.rs",
        "crates/symbolon/src/keys/",
        "crates/symbolon/src/passwords/",
        "crates/symbolon/src/store/postgres/connect.rs",
    ];
    check(
        "the cryptographic library is named",
        |path| {
            let named = NAMED.iter().any(|named| path.starts_with(named));
            path.contains("/src/") && !is_test(path) && !named
        },
        |line| is_code(line) && line.contains("aws_lc_rs"),
    );
}

#[test]
fn rules_do_no_input_or_output() {
    check(
        "a rule that reaches out",
        |path| path.starts_with("crates/symbolon-rules/src/"),
        |line| {
            let reaching = [
                "std::fs",
                "std::net",
                "std::env",
                "std::io",
                "std::thread",
                "tokio",
                "async ",
            ];
            // An address is a number; only a socket reaches out.
            let address = line.contains("std::net::{IpAddr") || line.contains("std::net::IpAddr");
            is_code(line) && !address && reaching.iter().any(|word| line.contains(word))
        },
    );
}

#[test]
fn layers_import_downwards_only() {
    for (layer, forbidden) in [
        (
            "store",
            &[
                "crate::app",
                "crate::http",
                "crate::cli",
                "crate::keys",
                "crate::passwords",
            ][..],
        ),
        ("keys", &["crate::app", "crate::http", "crate::cli"]),
        // Its front page shows what a program sees of it over HTTP, and nothing else does.
        ("client", &["crate::cli", "crate::store"]),
        ("app", &["crate::http", "crate::cli"]),
        ("http", &["crate::cli", "crate::store"]),
    ] {
        let folder = format!("crates/symbolon/src/{layer}/");
        check(
            "an import that goes up",
            |path| path.starts_with(&folder),
            |line| is_code(line) && forbidden.iter().any(|module| names(line, module)),
        );
    }
}

/// Whether a line names this module, and not one whose name begins alike.
fn names(line: &str, module: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_alphanumeric());
    line.match_indices(module)
        .any(|(at, _)| !goes_on(&line[at + module.len()..]))
}

#[test]
fn crates_import_as_the_plan_says() {
    for (name, allowed) in [
        ("symbolon-token", &[][..]),
        ("symbolon-rules", &["symbolon-token"]),
        ("symbolon-guard", &["symbolon-token"]),
        (
            "symbolon",
            &["symbolon-guard", "symbolon-rules", "symbolon-token"],
        ),
    ] {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        let text = fs::read_to_string(manifest).unwrap();
        let dependencies = text.split_once("[dependencies]").unwrap().1;
        let dependencies = dependencies.split("[dev-dependencies]").next().unwrap();
        let ours: Vec<_> = dependencies
            .lines()
            .filter_map(|line| line.split(['.', ' ']).next())
            .filter(|dependency| dependency.starts_with("symbolon"))
            .collect();
        assert_eq!(ours, allowed, "{name}");
    }
}

#[test]
fn names_say_what_a_thing_is() {
    check(
        "a name that says nothing",
        |path| path.contains("/src/"),
        |line| {
            let words = [
                "fn get_",
                "Manager {",
                "Service {",
                "Helper",
                "mod util",
                "mod common",
            ];
            let foreign = line.contains("impl") || line.contains("deadpool");
            is_code(line) && !foreign && words.iter().any(|word| line.contains(word))
        },
    );
}

#[test]
fn nothing_is_left_for_later() {
    check(
        "something left for later",
        |path| !path.ends_with("tidy.rs"),
        |line| {
            ["TODO", "FIXME", "XXX", "HACK"]
                .iter()
                .any(|word| line.contains(word))
        },
    );
}

#[test]
fn tests_wait_for_conditions_and_never_sleep() {
    check(
        "a sleep",
        |path| is_test(path) && !path.ends_with("tidy.rs"),
        |line| is_code(line) && line.contains("sleep("),
    );
}

#[test]
fn every_error_code_is_documented() {
    let documented = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let source = fs::read_to_string(root().join("crates/symbolon/src/http/error.rs")).unwrap();
    let codes: Vec<_> = source
        .split("(StatusCode::")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .collect();
    assert!(codes.len() > 15, "the codes were not found");
    for code in codes {
        let row = format!("`{code}`");
        assert!(documented.contains(&row), "docs/errors.md lacks {code}");
    }
}
