//! Connecting: under a deadline that covers the whole start-up, by TLS where the URL asks for it.

use std::{future::Future, sync::Arc, time::Duration};

use tokio_postgres::{Client, Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::{DatabaseUrl, OpenError};

/// How long a connection may take to be made, from the first packet to the last of its start-up.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) async fn connect(config: &Config, tls: MakeRustlsConnect) -> Result<Client, OpenError> {
    let connecting = async {
        let (client, connection) = config.connect(tls).await?;
        tokio::spawn(connection);
        Ok(client)
    };
    within(connecting)
        .await
        .map_err(|reason| unreachable(config, &reason))
}

async fn within<T>(
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, String> {
    match tokio::time::timeout(CONNECT_TIMEOUT, work).await {
        Ok(result) => result.map_err(|error| describe(&error)),
        Err(_) => Err("it did not answer in time".to_owned()),
    }
}

/// An error with its cause: the outer one alone says "error connecting to server".
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

pub(super) fn unreachable(config: &Config, reason: &str) -> OpenError {
    OpenError::Unreachable {
        database: named(config),
        reason: reason.to_owned(),
    }
}

pub(super) fn named(config: &Config) -> String {
    DatabaseUrl::Postgres(Box::new(config.clone())).to_string()
}

/// TLS with the system's certificate authorities. Where the URL does without, it trusts nobody and isn't asked.
pub(super) fn tls(config: &Config) -> Result<MakeRustlsConnect, OpenError> {
    let mut roots = rustls::RootCertStore::empty();
    if config.get_ssl_mode() != SslMode::Disable {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unreachable(config, &error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(tls))
}
