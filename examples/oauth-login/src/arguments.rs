//! The command line. A secret comes from the environment, never from an argument, which every user of
//! the machine can read.

use std::{env, error::Error, fs, net::SocketAddr, path::PathBuf};

use clap::Parser;
use symbolon::client::{Authentication, ClientKeys, ClientSecret};

/// A site that people log in to at another provider
#[derive(Parser)]
pub(crate) struct Arguments {
    /// The provider, as it calls itself
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    /// How the provider knows this site
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: String,
    /// The private key that this site proves itself with: PEM or JWK
    #[arg(long, value_name = "FILE", conflicts_with = "client_secret_env")]
    client_key: Option<PathBuf>,
    /// The environment variable that holds the client secret, where the provider gave one
    #[arg(long, value_name = "NAME")]
    client_secret_env: Option<String>,
    /// What the provider's access tokens must be meant for; this site's URL unless said otherwise
    #[arg(long, value_name = "URL")]
    pub(crate) audience: Option<String>,
    /// Ask the provider whether an access token counts, instead of checking its signature here
    #[arg(long)]
    pub(crate) introspect: bool,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,
}

impl Arguments {
    pub(crate) fn authentication(&self) -> Result<Authentication, Box<dyn Error>> {
        if let Some(file) = &self.client_key {
            let named = |error: &dyn Error| format!("{}: {error}", file.display());
            let text = fs::read_to_string(file).map_err(|error| named(&error))?;
            let keys = ClientKeys::parse(&text).map_err(|error| named(&error))?;
            return Ok(Authentication::PrivateKeyJwt(keys));
        }
        let Some(name) = &self.client_secret_env else {
            return Err(
                "a site proves itself to its provider: name a private key with \
                        --client-key, or a secret with --client-secret-env"
                    .into(),
            );
        };
        let secret = env::var(name)
            .map_err(|_| format!("the environment has no {name}; put the client secret there"))?;
        Ok(Authentication::SecretBasic(ClientSecret::new(secret)?))
    }
}
