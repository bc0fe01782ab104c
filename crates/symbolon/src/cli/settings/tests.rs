//! What is taken, what is refused and with which words.

use std::{ffi::OsString, fs, path::Path, time::Duration};

use super::{FILE, Settings, document, environment::Variable, table::KEYS};
use crate::{DatabaseUrl, KeySource};

const ISSUER: &str = "issuer = \"https://login.example.com\"\n";

fn variables(pairs: &[(&str, &str)]) -> Vec<Variable> {
    pairs
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect()
}

fn read(text: &str, pairs: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), text).unwrap();
    read_in(folder.path(), pairs)
}

fn read_in(folder: &Path, pairs: &[(&str, &str)]) -> Result<Settings, String> {
    let shown = format!("{}/", folder.display());
    Settings::read(None, folder, &variables(pairs))
        .map_err(|error| error.to_string().replace(&shown, ""))
}

#[test]
fn a_file_is_read_and_the_environment_comes_last() {
    let text = "issuer = \"https://login.example.com\"\nlisten = \"127.0.0.1:1\"\n\
                access_token_lifetime = \"5m\"\nlogin_scopes = [\"read\", \"write\"]\n";
    let settings = read(text, &[]).unwrap();
    let config = settings.engine_config().unwrap();
    assert_eq!(config.issuer, "https://login.example.com");
    assert_eq!(settings.listen.port(), 1);
    assert_eq!(config.access_token_lifetime.as_secs(), 300);
    assert_eq!(config.login_scopes, ["read", "write"]);

    let over = [
        ("SYMBOLON_ISSUER", "https://other.example.com"),
        ("SYMBOLON_LISTEN", "[::1]:2"),
        ("SYMBOLON_LOGIN_SCOPES", "a, b"),
        ("SYMBOLON_ACCESS_TOKEN_LIFETIME", ""),
        // Not ours: a Kubernetes service of this name, and what the tests themselves are told.
        ("SYMBOLON_PORT", "tcp://10.0.0.1:80"),
        ("SYMBOLON_SERVICE_HOST", "10.0.0.1"),
        ("SYMBOLON_TEST_POSTGRES", "x"),
        ("OTHER", "x"),
    ];
    let settings = read(text, &over).unwrap();
    let config = settings.engine_config().unwrap();
    assert_eq!(config.issuer, "https://other.example.com");
    assert_eq!(settings.listen.to_string(), "[::1]:2");
    assert_eq!(config.login_scopes, ["a", "b"]);
    assert_eq!(config.access_token_lifetime.as_secs(), 300);
}

#[test]
fn m1_an_issuer_is_said_and_never_guessed() {
    let missing = read("listen = \"127.0.0.1:1\"\n", &[]).unwrap_err();
    assert!(
        missing.starts_with("symbolon.toml: issuer is missing"),
        "{missing}"
    );
    let folder = tempfile::tempdir().unwrap();
    let nothing = read_in(folder.path(), &[]).unwrap_err();
    assert!(nothing.contains("`symbolon init` writes one"), "{nothing}");
    let alone = read_in(
        folder.path(),
        &[("SYMBOLON_ISSUER", "http://127.0.0.1:8080")],
    );
    assert_eq!(alone.unwrap().issuer(), "http://127.0.0.1:8080");
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_key() {
    let rows: &[(&str, &str)] = &[
        (
            "isuer = \"x\"",
            "symbolon.toml:2: isuer: there is no such key; is issuer meant?",
        ),
        (
            "[server]\nport = 1",
            "symbolon.toml:3: server.port: there is no such key; docs/configuration.md lists them",
        ),
        (
            "listen = 8080",
            "symbolon.toml:2: listen: this must be a text in quotes, and is a number",
        ),
        (
            "listen = \"8080\"",
            "symbolon.toml:2: listen: \"8080\" is no address with a port, as in \"127.0.0.1:8080\"",
        ),
        ("data = \"\"", "symbolon.toml:2: data: this must be a path"),
        (
            "data = true",
            "symbolon.toml:2: data: this must be a text in quotes, and is true or false",
        ),
        (
            "database_connections = 0",
            "symbolon.toml:2: database_connections: 0 is not between 1 and 1000",
        ),
        (
            "database_connections = -1",
            "symbolon.toml:2: database_connections: -1 is no whole number, or too large a one",
        ),
        (
            "database_connections = 1.5",
            "symbolon.toml:2: database_connections: this must be a whole number, and is float",
        ),
        (
            "database_connections = 99999999999999999999",
            "symbolon.toml:2: database_connections: 99999999999999999999 is no whole number, or too large a one",
        ),
        (
            "database_connections = \"8\"",
            "symbolon.toml:2: database_connections: this must be a whole number, and is a text",
        ),
        (
            "access_token_lifetime = 600",
            "symbolon.toml:2: access_token_lifetime: this must be a time with its unit, as in \"10m\" (ms, s, m, h, d), and is a number",
        ),
        (
            "access_token_lifetime = \"600\"",
            "symbolon.toml:2: access_token_lifetime: \"600\" is no time; write it as \"10m\" (ms, s, m, h, d)",
        ),
        (
            "access_token_lifetime = \"99999999999999999999d\"",
            "symbolon.toml:2: access_token_lifetime: \"99999999999999999999d\" is no time; write a whole number and its unit",
        ),
        (
            "login_scopes = \"read\"",
            "symbolon.toml:2: login_scopes: this must be a list of texts, as in [\"a\", \"b\"], and is a text",
        ),
        (
            "login_scopes = [1]",
            "symbolon.toml:2: login_scopes: this must be a text in quotes, and is a number",
        ),
        (
            "database = \"mysql://x\"",
            "symbolon.toml:2: database: can't read the database URL",
        ),
        (
            "issuer = \"https://twice.example.com\"",
            "symbolon.toml:2: duplicate key",
        ),
        ("x = ", "symbolon.toml:2: "),
        ("[a\nb = 1", "symbolon.toml:2: "),
    ];
    for (line, expected) in rows {
        let problem = read(&format!("{ISSUER}{line}\n"), &[]).unwrap_err();
        if *line == "database = \"mysql://x\"" {
            assert!(problem.contains("symbolon.toml:2: database: "), "{problem}");
            assert!(
                problem.contains("is no database that Symbolon knows"),
                "{problem}"
            );
        } else {
            assert!(
                problem.starts_with(expected),
                "{line}\n{problem}\n{expected}"
            );
        }
    }
}

#[test]
fn an_issuer_is_refused_where_it_stands() {
    for issuer in [
        "http://login.example.com",
        "https://login.example.com/",
        "login.example.com",
    ] {
        let problem = read(&format!("issuer = \"{issuer}\"\n"), &[]).unwrap_err();
        assert!(
            problem.starts_with("symbolon.toml:1: issuer: "),
            "{problem}"
        );
    }
    let problem = read(ISSUER, &[("SYMBOLON_ISSUER", "http://login.example.com")]).unwrap_err();
    assert!(problem.starts_with("SYMBOLON_ISSUER: "), "{problem}");
}

#[test]
fn everything_wrong_is_said_at_once() {
    let problem = read(
        "issuer = 1\nlisten = 2\n",
        &[
            ("SYMBOLON_ISUER", "x"),
            ("SYMBOLON_DATABASE_CONNECTIONS", "many"),
        ],
    )
    .unwrap_err();
    let lines: Vec<_> = problem.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "symbolon.toml:1: issuer: this must be a text in quotes, and is a number",
            "symbolon.toml:2: listen: this must be a text in quotes, and is a number",
            "SYMBOLON_ISUER: there is no such key; is SYMBOLON_ISSUER meant?",
            "SYMBOLON_DATABASE_CONNECTIONS: many is no whole number, or too large a one",
        ]
    );
}

#[test]
fn a_half_written_or_foreign_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    fs::write(&file, b"issuer = \"https://a.example\"\ndata = \"\xff\"\n").unwrap();
    assert_eq!(
        read_in(folder.path(), &[]).unwrap_err(),
        "symbolon.toml:2: this is no UTF-8"
    );
    fs::write(&file, "issuer = \"https://login.exam").unwrap();
    let cut = read_in(folder.path(), &[]).unwrap_err();
    assert!(cut.starts_with("symbolon.toml:1: "), "{cut}");
    fs::write(&file, "#".repeat(2 << 20)).unwrap();
    let long = read_in(folder.path(), &[]).unwrap_err();
    assert!(long.contains("longer than 1 MiB"), "{long}");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(
        read_in(folder.path(), &[]).unwrap_err(),
        "symbolon.toml: this is no file"
    );
    let missing = folder.path().join("missing.toml");
    let named = Settings::read(Some(&missing), folder.path(), &[]).unwrap_err();
    assert!(
        named.to_string().contains("there is no such file"),
        "{named}"
    );
}

#[cfg(feature = "postgres")]
#[test]
fn a_secret_out_of_a_manual_is_refused_and_never_repeated() {
    for password in ["password", "Postgres", "changeme", "symbolon"] {
        let url = format!("database = \"postgres://u:{password}@127.0.0.1/d\"\n");
        let problem = read(&format!("{ISSUER}{url}"), &[]).unwrap_err();
        assert!(problem.contains("stands in every manual"), "{problem}");
    }
    for key in ["secret", &"0".repeat(64), &"0123456789abcdef".repeat(4)] {
        let problem = read(ISSUER, &[("SYMBOLON_KEY_ENCRYPTION_KEY", key)]).unwrap_err();
        assert!(
            problem.starts_with("SYMBOLON_KEY_ENCRYPTION_KEY: "),
            "{problem}"
        );
        assert!(!problem.contains(key), "{problem}");
    }
}

#[cfg(all(unix, feature = "postgres"))]
#[test]
fn g23_a_password_that_everybody_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let url = "database = \"postgres://u:b8f1c2d3e4@127.0.0.1/d\"\n";
    fs::write(&file, format!("{ISSUER}{url}")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let problem = read_in(folder.path(), &[]).unwrap_err();
    assert!(problem.contains("chmod 600"), "{problem}");
    assert!(!problem.contains("b8f1c2d3e4"), "{problem}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let settings = read_in(folder.path(), &[]).unwrap();
    assert!(!format!("{settings:?}").contains("b8f1c2d3e4"));
}

#[test]
fn paths_are_relative_to_the_file() {
    let settings = read(
        &format!("{ISSUER}data = \"d\"\ndatabase = \"x/y.db\"\nkey_encryption_key_file = \"/k\"\n"),
        &[],
    )
    .unwrap();
    let base = settings.data_folder();
    let base = base.parent().unwrap();
    assert!(base.is_absolute());
    let config = settings.engine_config().unwrap();
    #[cfg(feature = "sqlite")]
    assert!(matches!(config.database, DatabaseUrl::Sqlite(path) if path == base.join("x/y.db")));
    assert!(matches!(config.key_encryption_key, KeySource::File(path) if path == Path::new("/k")));
}

#[test]
fn keys_turn_over_as_the_file_says() {
    let text = format!(
        "{ISSUER}previous_key_encryption_key_file = \"old.key\"\n[keys]\n\
         algorithms = [\"EdDSA\", \"ES256\"]\nrotate_every = \"30d\"\nannounce = \"6h\"\n"
    );
    let settings = read(&text, &[]).unwrap();
    let base = settings.data_folder();
    let config = settings.engine_config().unwrap();
    let names: Vec<_> = config
        .keys
        .algorithms
        .iter()
        .map(|key| key.name())
        .collect();
    assert_eq!(names, ["EdDSA", "ES256"]);
    assert_eq!(config.keys.rotate_every, Duration::from_hours(30 * 24));
    assert_eq!(config.keys.announce, Duration::from_hours(6));
    assert!(matches!(
        config.previous_key_encryption_key,
        Some(KeySource::File(path)) if path == base.parent().unwrap().join("old.key")
    ));
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
        let text = format!("{} = {}\n", key.name, key.default);
        let set = read(&format!("{ISSUER}{text}"), &[]).unwrap();
        let unset = read(ISSUER, &[]).unwrap();
        let blind = |settings: Settings| {
            let settings = Settings {
                base: std::path::PathBuf::new(),
                ..settings
            };
            format!("{settings:?}")
        };
        assert_eq!(blind(set), blind(unset), "{}", key.name);
    }
}

#[test]
fn the_first_file_is_taken_as_it_is_and_with_every_line_switched_on() {
    let text = document::first_file("https://login.example.com", "127.0.0.1:8080");
    read(&text, &[]).unwrap();
    let on: String = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') && !rest.ends_with("\"…\"") => {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(on, text);
    read(&on, &[]).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 100));
}

/// With `SYMBOLON_TEST_WRITE` set it writes the page instead.
#[test]
fn the_reference_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let wanted = document::reference();
    if std::env::var_os("SYMBOLON_TEST_WRITE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/configuration.md is behind: SYMBOLON_TEST_WRITE=1 cargo test -p symbolon the_reference"
    );
}

#[test]
fn what_is_served_is_set_and_refused() {
    let serving = |lines: &str| {
        let settings = read(&format!("{ISSUER}{lines}"), &[]).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        settings
            .serving(listener)
            .map_err(|error| error.to_string())
    };
    let lines = "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\ncors_origins = [\"https://a.example\"]\n\
                 [tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"\n\
                 [limits]\nconnections = 7\nidle_timeout = \"2s\"\n\
                 [drain]\nnotice = \"3s\"\n[admin]\nlisten = \"127.0.0.1:0\"\n";
    let served = serving(lines).unwrap();
    assert_eq!(
        (
            served.limits.connections,
            served.limits.idle_timeout.as_secs()
        ),
        (7, 2)
    );
    assert_eq!(served.drain.notice.as_secs(), 3);
    assert!(served.trusted_proxies.trust([10, 1, 2, 3].into()));
    assert!(!served.trusted_proxies.trust([11, 1, 2, 3].into()));
    assert!(
        served
            .admin
            .unwrap()
            .local_addr()
            .unwrap()
            .ip()
            .is_loopback()
    );
    let tls = served.tls.unwrap();
    assert!(tls.certificate.is_absolute() && tls.certificate.ends_with("c.pem"));
    assert_eq!(tls.key, Path::new("/k.pem"));

    let anywhere = "[admin]\nlisten = \"0.0.0.0:0\"\n";
    assert!(
        serving(anywhere)
            .err()
            .unwrap()
            .contains("can be reached from other machines")
    );
    assert!(
        serving(&format!(
            "{anywhere}dangerous_reachable_from_elsewhere = true\n"
        ))
        .is_ok()
    );
    for (line, wanted) in [
        (
            "tls.key = \"k.pem\"",
            "tls.certificate, tls.key: there is one without the other",
        ),
        (
            "trusted_proxies = [\"0.0.0.0/0\"]",
            "symbolon.toml:2: trusted_proxies: \"0.0.0.0/0\": ",
        ),
        (
            "cors_origins = [\"*\"]",
            "symbolon.toml:2: cors_origins: \"*\": each site is named",
        ),
        (
            "keys.algorithms = [\"HS256\"]",
            "symbolon.toml:2: keys.algorithms: \"HS256\" is none of RS256, RS384",
        ),
        (
            "log.format = \"xml\"",
            "symbolon.toml:2: log.format: \"xml\" is none of \"text\", \"json\"",
        ),
        (
            "admin.dangerous_reachable_from_elsewhere = \"yes\"",
            "symbolon.toml:2: admin.dangerous_reachable_from_elsewhere: this must be true or false, and is a text",
        ),
    ] {
        let problem = read(&format!("{ISSUER}{line}\n"), &[]).unwrap_err();
        assert!(problem.starts_with(wanted), "{problem}");
    }
}

#[test]
fn what_the_engine_objects_to_is_said_with_its_line_and_key() {
    for (line, wanted) in [
        (
            "access_token_lifetime = \"25h\"",
            "symbolon.toml:2: access_token_lifetime: access tokens live",
        ),
        (
            "login_scopes = [\"symbolon:admin\"]",
            "symbolon.toml:2: login_scopes: ",
        ),
        (
            "external_id_claim = \"sub\"",
            "symbolon.toml:2: external_id_claim: ",
        ),
        (
            "keys.algorithms = [\"ES256\", \"ES256\"]",
            "symbolon.toml:2: keys.algorithms: the signing keys' algorithm ES256 is named twice",
        ),
        (
            "keys.announce = \"14m\"",
            "symbolon.toml:2: keys.announce: signing keys are announced 15 minutes ahead",
        ),
        (
            "keys.rotate_every = \"47h\"",
            "symbolon.toml:2: keys.rotate_every: signing keys turn over no sooner",
        ),
        (
            "passwords.memory = \"18 MiB\"",
            "symbolon.toml:2: passwords.memory: a password hash takes from 19 MiB",
        ),
        (
            "passwords.memory_budget = \"20 MiB\"",
            "symbolon.toml:2: passwords.memory_budget: the memory budget",
        ),
        (
            "passwords.deadline = \"1ms\"",
            "symbolon.toml:2: passwords.deadline: ",
        ),
        (
            "passwords.iterations = 1",
            "symbolon.toml:2: passwords.iterations: 1 is not between 2 and 16",
        ),
    ] {
        let problem = read(&format!("{ISSUER}{line}\n"), &[]).unwrap_err();
        assert!(problem.starts_with(wanted), "{problem}");
    }
}
