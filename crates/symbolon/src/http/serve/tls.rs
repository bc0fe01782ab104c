//! TLS: a certificate and its key from files, looked at again and again, so that renewing them takes
//! no restart.
//!
//! Invariant: what is served is always a certificate with its own key; new files that are broken,
//! half-written or don't belong together change nothing but the log. TLS 1.2 (RFC 5246) and 1.3
//! (RFC 8446) only; ALPN (RFC 7301) offers HTTP/2 and HTTP/1.1.

use std::{
    convert::Infallible,
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use symbolon_guard::Clock;
use symbolon_token::Timestamp;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval},
};
use tokio_rustls::TlsAcceptor;
use x509_cert::{Certificate, der::Decode};

use super::options::TlsFiles;

/// How often somebody is told of dates that are wrong, or soon will be.
const REMIND_EVERY: Duration = Duration::from_hours(24);
/// What renews certificates does so weeks before.
const SOON: Duration = Duration::from_hours(7 * 24);
/// Readable by everybody, or writable, or runnable.
const OTHERS: u32 = 0o007;

/// Why files can't be served with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The system doesn't give them.
    #[error("can't read {}: {}", .0.display(), .1)]
    Read(PathBuf, #[source] io::Error),
    /// The key is anybody's on this machine.
    #[error(
        "{}: every user of this machine may use the key; run: chmod o= {}", .0.display(), .0.display()
    )]
    Exposed(PathBuf),
    /// There is none in it.
    #[error("{}: there is no certificate in it; it is a PEM file with BEGIN CERTIFICATE", .0.display())]
    NoCertificate(PathBuf),
    /// There is none in it.
    #[error("{}: there is no private key in it; it is a PEM file with BEGIN PRIVATE KEY", .0.display())]
    NoKey(PathBuf),
    /// It isn't PEM, or what is in it isn't what it says.
    #[error("{}: {}", .0.display(), .1)]
    Malformed(PathBuf, String),
    /// Each is fine by itself.
    #[error("{}: the key doesn't belong to the certificate in {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// What it asks for can't be had.
    #[error("TLS can't be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// What a handshake is answered with, and what keeps it fresh.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) renewal: Renewal,
}

/// Looks at the files.
pub(super) struct Renewal {
    files: TlsFiles,
    served: Arc<Served>,
    provider: Arc<CryptoProvider>,
    clock: Clock,
    reminded_at: Timestamp,
    seen: Option<Traces>,
    hangups: Option<Signal>,
}

/// The certificate of the moment.
#[derive(Debug)]
struct Served(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Served {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads the files and is ready, or says which file is wrong and how.
    pub(super) fn open(files: TlsFiles, clock: Clock) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let seen = Traces::of(&files);
        let pair = read(&files, &provider)?;
        let now = clock.now();
        warn_of_dates(&files.certificate, &pair, now);
        let served = Arc::new(Served(ArcSwap::from_pointee(pair)));
        let resolver = Arc::clone(&served);
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            renewal: Renewal {
                files,
                served,
                provider,
                clock,
                reminded_at: now,
                seen,
                // From now on it asks for a look, and ends nothing.
                hangups: signal(SignalKind::hangup()).ok(),
            },
        })
    }
}

impl Renewal {
    /// Goes on for as long as it is polled.
    pub(super) async fn watch(mut self) -> Infallible {
        let mut ticks = interval(self.files.check_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                _ = ticks.tick() => None,
                asked = next(&mut self.hangups) => asked,
            };
            // Files on a disk that hangs keep nobody else waiting.
            let looked = tokio::task::spawn_blocking(move || {
                let found = self.look(asked);
                (found, self)
            });
            let found = match looked.await {
                Ok((found, myself)) => {
                    self = myself;
                    found
                }
                Err(error) => {
                    tracing::error!(%error, "the certificate is no longer renewed; restart");
                    return std::future::pending().await;
                }
            };
            match found {
                Some(Ok(pair)) => self.serve(pair),
                Some(Err(error)) => {
                    tracing::error!(%error, "the certificate of before is kept");
                }
                None => self.remind(),
            }
        }
    }

    /// Tells of dates again where nothing has changed for a day.
    pub(super) fn remind(&mut self) {
        let now = self.clock.now();
        if now >= self.reminded_at + REMIND_EVERY {
            self.reminded_at = now;
            warn_of_dates(&self.files.certificate, &self.served.0.load(), now);
        }
    }

    /// Reads files that have changed, or all of them where somebody asked.
    fn look(&mut self, asked: Option<()>) -> Option<Result<CertifiedKey, TlsError>> {
        let traces = Traces::of(&self.files);
        if asked.is_none() && traces == self.seen {
            return None;
        }
        self.seen = traces;
        Some(read(&self.files, &self.provider))
    }

    fn serve(&mut self, pair: CertifiedKey) {
        let certificate = &self.files.certificate;
        self.reminded_at = self.clock.now();
        warn_of_dates(certificate, &pair, self.reminded_at);
        self.served.0.store(Arc::new(pair));
        tracing::info!(certificate = %certificate.display(), "certificate renewed");
    }
}

async fn next(signals: &mut Option<Signal>) -> Option<()> {
    match signals {
        Some(signals) => signals.recv().await,
        None => std::future::pending().await,
    }
}

/// What tells a file from what it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Traces([(u64, u64, u64, i64, i64); 2]);

impl Traces {
    fn of(files: &TlsFiles) -> Option<Self> {
        let trace = |path: &Path| {
            let file = fs::metadata(path).ok()?;
            let (seconds, fraction) = (file.mtime(), file.mtime_nsec());
            Some((file.dev(), file.ino(), file.size(), seconds, fraction))
        };
        Some(Self([trace(&files.certificate)?, trace(&files.key)?]))
    }
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let key = read_key(&files.key)?;
    let chain = read_chain(&files.certificate)?;
    let signing = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| TlsError::Malformed(files.key.clone(), error.to_string()))?;
    let pair = CertifiedKey::new(chain, signing);
    match pair.keys_match() {
        Ok(()) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
        }),
        Err(error) => Err(TlsError::Malformed(
            files.certificate.clone(),
            error.to_string(),
        )),
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = fs::read(path).map_err(|error| TlsError::Read(path.to_owned(), error))?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| malformed(path, &error))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let unread = |error| TlsError::Read(path.to_owned(), error);
    let mode = fs::metadata(path).map_err(unread)?.permissions().mode();
    if mode & OTHERS != 0 {
        return Err(TlsError::Exposed(path.to_owned()));
    }
    let text = zeroize::Zeroizing::new(fs::read(path).map_err(unread)?);
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(path.to_owned()),
        error => malformed(path, &error),
    })
}

/// Invariant: no byte of the file is repeated; some of these errors carry the line they stumble over.
fn malformed(path: &Path, error: &pem::Error) -> TlsError {
    let reason = match error {
        pem::Error::MissingSectionEnd { .. } => "a section doesn't end; is it written half?",
        pem::Error::Base64Decode(_) => "a section isn't base64",
        _ => "this is no PEM",
    };
    TlsError::Malformed(path.to_owned(), reason.to_owned())
}

/// A certificate that is over still encrypts, and refusing to start would help nobody: it is told.
fn warn_of_dates(path: &Path, pair: &CertifiedKey, now: Timestamp) {
    let Some(Ok(leaf)) = pair.cert.first().map(|leaf| Certificate::from_der(leaf)) else {
        return;
    };
    let validity = leaf.tbs_certificate.validity;
    let seconds = |time: &x509_cert::time::Time| {
        i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
    };
    let certificate = path.display();
    let date = validity.not_after.to_date_time();
    if seconds(&validity.not_after) < now.as_secs() {
        tracing::warn!(%certificate, %date, "the certificate has expired");
    } else if seconds(&validity.not_after) < (now + SOON).as_secs() {
        tracing::warn!(%certificate, %date, "the certificate expires soon");
    } else if seconds(&validity.not_before) > now.as_secs() {
        let date = validity.not_before.to_date_time();
        tracing::warn!(%certificate, %date, "the certificate isn't valid yet");
    }
}
