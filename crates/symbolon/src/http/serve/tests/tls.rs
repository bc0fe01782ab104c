//! TLS: which certificate is served, and what happens to files that are wrong.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use axum::body::Body;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use symbolon_guard::Clock;
use symbolon_token::Timestamp;

use super::*;
use crate::http::serve::{TlsError, TlsFiles, tls::Tls};

/// A certificate for `localhost` and its key, in files.
pub(super) struct Pair {
    folder: tempfile::TempDir,
    pub(super) der: CertificateDer<'static>,
}

impl Pair {
    pub(super) fn new() -> Self {
        let pair = Self {
            folder: tempfile::tempdir().unwrap(),
            der: CertificateDer::from(Vec::new()),
        };
        pair.renewed()
    }

    /// Valid from one day to another: year, month, day.
    fn dated(from: (i32, u8, u8), to: (i32, u8, u8)) -> Self {
        let pair = Self::new();
        let (certificate, key) = certified(|parameters| {
            parameters.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
            parameters.not_after = rcgen::date_time_ymd(to.0, to.1, to.2);
        });
        pair.write(&certificate.pem(), &key.serialize_pem());
        Self {
            der: certificate.der().clone(),
            ..pair
        }
    }

    /// With new files in the same place.
    fn renewed(self) -> Self {
        let (certificate, key) = certified(|_| ());
        self.write(&certificate.pem(), &key.serialize_pem());
        Self {
            der: certificate.der().clone(),
            ..self
        }
    }

    fn write(&self, certificate: &str, key: &str) {
        write(&self.key(), key);
        write(&self.certificate(), certificate);
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    pub(super) fn files(&self) -> TlsFiles {
        TlsFiles {
            check_every: Duration::from_millis(20),
            ..TlsFiles::new(self.certificate(), self.key())
        }
    }
}

fn certified(
    change: impl FnOnce(&mut rcgen::CertificateParams),
) -> (rcgen::Certificate, rcgen::KeyPair) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    change(&mut parameters);
    (parameters.self_signed(&key).unwrap(), key)
}

/// Replaces a file in one piece, as what renews certificates does.
fn write(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(beside, path).unwrap();
}

pub(super) async fn connect(
    server: &Running,
    trusted: &CertificateDer<'static>,
    (protocol, versions): (&[u8], &[&'static SupportedProtocolVersion]),
) -> std::io::Result<Client<TlsStream<TcpStream>>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = server.connect().await.0;
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    within(connector.connect(name, stream)).await.map(Client)
}

pub(super) const NEWEST: (&[u8], &[&SupportedProtocolVersion]) = (b"http/1.1", &[&TLS13]);

#[tokio::test]
async fn both_versions_and_both_protocols_are_spoken() {
    let pair = Pair::new();
    let server = Running::start(|serving| serving.tls = Some(pair.files())).await;
    for version in [&TLS12, &TLS13] {
        let spoken = (&b"http/1.1"[..], &[version][..]);
        let mut client = connect(&server, &pair.der, spoken).await.unwrap();
        assert_eq!(client.get("/healthz").await.status, 200);

        let client = connect(&server, &pair.der, (b"h2", &[version]))
            .await
            .unwrap();
        assert_eq!(client.0.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let io = TokioIo::new(client.0);
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                .await
                .unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("https://localhost/healthz").body(Body::empty());
        let answer = within(client.send_request(request.unwrap())).await.unwrap();
        assert_eq!(answer.status(), 200);
        let body = within(answer.into_body().collect())
            .await
            .unwrap()
            .to_bytes();
        assert_eq!(&body[..], br#"{"status":"ok"}"#);
    }
    // Whoever speaks nothing of it gets nothing.
    let mut plain = server.connect().await;
    plain.send("GET / HTTP/1.1\r\nHost: here\r\n\r\n").await;
    assert!(!plain.rest().await.starts_with(b"HTTP"));
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_stops_is_cut_off() {
    let pair = Pair::new();
    let server = Running::start(|serving| {
        serving.tls = Some(pair.files());
        serving.limits.header_timeout = SHORT;
        serving.limits.idle_timeout = LONG;
    })
    .await;
    // The beginning of a ClientHello (RFC 8446 §4.1.2), and none at all.
    for beginning in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b""] {
        let mut client = server.connect().await;
        client.send(beginning).await;
        client.trickle(0).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn new_files_are_served_without_a_restart() {
    let pair = Pair::new();
    let server = Running::start(|serving| serving.tls = Some(pair.files())).await;
    let old = pair.der.clone();
    let mut before = connect(&server, &old, NEWEST).await.unwrap();
    let pair = pair.renewed();
    within(async { while connect(&server, &pair.der, NEWEST).await.is_err() {} }).await;
    assert!(connect(&server, &old, NEWEST).await.is_err());
    // A connection from before goes on.
    assert_eq!(before.get("/healthz").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn sighup_asks_for_a_look_at_once() {
    if !is_alone("tls::sighup_asks_for_a_look_at_once") {
        return;
    }
    let pair = Pair::new();
    let server = Running::start(|serving| {
        serving.tls = Some(TlsFiles {
            check_every: LONG,
            ..pair.files()
        });
    })
    .await;
    // The first look is at the start; from then on nothing but the signal asks.
    connect(&server, &pair.der, NEWEST).await.unwrap();
    let pair = pair.renewed();
    within(async {
        while connect(&server, &pair.der, NEWEST).await.is_err() {
            let ours = rustix::process::getpid();
            rustix::process::kill_process(ours, rustix::process::Signal::HUP).unwrap();
        }
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn files_that_are_wrong_change_nothing_but_the_log() {
    let (captured, _guard) = capture();
    let pair = Pair::new();
    let (other, _) = certified(|_| ());
    let server = Running::start(|serving| serving.tls = Some(pair.files())).await;
    let good = fs::read_to_string(pair.certificate()).unwrap();
    let half = &good[..good.len() / 2];
    for (text, told) in [
        (half, "a section doesn't end"),
        ("", "no certificate in it"),
        (&other.pem(), "doesn't belong to the certificate"),
    ] {
        write(&pair.certificate(), text);
        let kept = async {
            loop {
                let lines = captured.lines("the certificate of before is kept");
                let told = |line: &serde_json::Value| {
                    let error = line["error"].as_str().unwrap();
                    error.contains(told) && error.contains("certificate.pem")
                };
                if lines.iter().any(told) {
                    assert_eq!(lines[0]["level"], "ERROR");
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        within(kept).await;
        connect(&server, &pair.der, NEWEST).await.unwrap();
    }
    // A broken file is told once, not with every look.
    assert_eq!(captured.lines("the certificate of before is kept").len(), 3);
    server.stop().await;
}

#[tokio::test]
async fn a_start_says_which_file_is_wrong_and_how() {
    let pair = Pair::new();
    let (other, other_key) = certified(|_| ());
    let good = fs::read_to_string(pair.certificate()).unwrap();
    let good_key = fs::read_to_string(pair.key()).unwrap();
    let rsa = good_key.replace("PRIVATE KEY", "CERTIFICATE");
    for (certificate, key, told, file) in [
        (good.as_str(), "", "no private key in it", "key.pem"),
        (&good, &good, "no private key in it", "key.pem"),
        (&good, &rsa, "no private key in it", "key.pem"),
        (&good, &good_key[..60], "a section doesn't end", "key.pem"),
        (
            &good,
            &other_key.serialize_pem(),
            "doesn't belong",
            "key.pem",
        ),
        (&other.pem(), &good_key, "doesn't belong", "certificate.pem"),
        ("", &good_key, "no certificate in it", "certificate.pem"),
        (
            &good_key,
            &good_key,
            "no certificate in it",
            "certificate.pem",
        ),
    ] {
        pair.write(certificate, key);
        let error = refusal(pair.files()).await.to_string();
        assert!(error.contains(told) && error.contains(file), "{error}");
        assert!(!error.contains(&good_key[30..60]), "{error}");
    }
    pair.write(&good, &good_key);
    for mode in [0o644, 0o604, 0o602, 0o601] {
        fs::set_permissions(pair.key(), fs::Permissions::from_mode(mode)).unwrap();
        let error = refusal(pair.files()).await;
        assert!(matches!(error, TlsError::Exposed(_)), "{mode:o}: {error}");
    }
    fs::set_permissions(pair.key(), fs::Permissions::from_mode(0o640)).unwrap();
    Running::start(|serving| serving.tls = Some(pair.files()))
        .await
        .stop()
        .await;
    fs::remove_file(pair.key()).unwrap();
    let error = refusal(pair.files()).await.to_string();
    assert!(
        error.contains("can't read") && error.contains("key.pem"),
        "{error}"
    );
}

async fn refusal(files: TlsFiles) -> TlsError {
    match Running::try_start(|serving| serving.tls = Some(files)).await {
        Err(ServeError::Tls(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("served"),
    }
}

#[tokio::test]
async fn a_certificate_that_is_over_is_served_and_told() {
    let (captured, _guard) = capture();
    let pair = Pair::dated((2001, 2, 3), (2002, 3, 4));
    let server = Running::start(|serving| serving.tls = Some(pair.files())).await;
    let told = captured.lines("the certificate has expired");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["level"], "WARN");
    assert!(told[0]["date"].as_str().unwrap().starts_with("2002-03-04"));
    server.stop().await;
}

#[tokio::test]
async fn whoever_forgets_a_certificate_is_told_a_week_before_and_every_day() {
    const DAY: Duration = Duration::from_hours(24);
    let (captured, _guard) = capture();
    let pair = Pair::dated((2030, 1, 1), (2030, 3, 1));
    // The 20th of February 2030.
    let hands = Clock::fixed(Timestamp::from_secs(1_897_776_000));
    let mut renewal = Tls::open(pair.files(), hands.clock()).unwrap().renewal;
    let told = || {
        let soon = captured.lines("the certificate expires soon").len();
        (soon, captured.lines("the certificate has expired").len())
    };
    let mut days = Vec::new();
    for _ in 0..12 {
        // However often it is looked at.
        for _ in 0..3 {
            renewal.remind();
        }
        days.push(told());
        hands.advance(DAY);
    }
    let soon = |from: usize, to: usize| (from..=to).map(|told| (told, 0));
    let expected: Vec<_> = [(0, 0), (0, 0), (0, 0)]
        .into_iter()
        .chain(soon(1, 7))
        .chain([(7, 1), (7, 2)])
        .collect();
    assert_eq!(days, expected);
}
