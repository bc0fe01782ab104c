//! Clients from a table of a configuration file.
//!
//! Invariant: secrets and keys don't stand in the table; it says which variable or file holds them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use symbolon_rules::upstream::ClaimNames;
use symbolon_token::{Algorithm, SigningKey};
use zeroize::Zeroizing;

use super::{
    Authentication, ClientKeys, ClientSecret, Endpoints, NewUsers, Registration, RegistrationError,
    Userinfo,
};

/// Clients by their names, as a configuration file has them.
///
/// ```
/// use symbolon::client::ClientTable;
///
/// let table: ClientTable = serde_json::from_str(
///     r#"{
///         "google": {
///             "issuer": "https://accounts.google.com",
///             "client_id": "my-client-id",
///             "authentication": "secret_basic",
///             "secret_env": "GOOGLE_CLIENT_SECRET",
///             "scopes": ["openid", "email", "profile"]
///         }
///     }"#,
/// )?;
/// let secret = |name: &str| (name == "GOOGLE_CLIENT_SECRET").then(|| "from-the-provider".to_owned());
/// let registrations = table.registrations(std::path::Path::new("."), secret)?;
/// assert!(registrations.contains_key("google"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct ClientTable(BTreeMap<String, Row>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    issuer: String,
    client_id: String,
    #[serde(default)]
    authentication: Method,
    secret_env: Option<String>,
    key_file: Option<PathBuf>,
    key_algorithm: Option<String>,
    /// Published beside it, until it signs itself.
    next_key_file: Option<PathBuf>,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    claims: Option<ClaimNames>,
    userinfo: Option<Asked>,
    id_token_algorithm: Option<String>,
    max_age: Option<u64>,
    login_path: Option<String>,
    redirect_path: Option<String>,
    after_login: Option<String>,
    after_logout: Option<String>,
    new_users: Option<Unknown>,
    #[serde(default)]
    keep_tokens: bool,
    #[serde(default)]
    dangerous_assertion_for_token_endpoint: bool,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    introspection_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    #[default]
    None,
    SecretBasic,
    SecretPost,
    PrivateKeyJwt,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Never,
    WhenNeeded,
    Always,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unknown {
    Created,
    Refused,
}

/// Why a table can't be used; the text names the client and says what to do.
#[derive(PartialEq, Eq, thiserror::Error)]
#[error("clients.{client}: {reason}")]
pub struct TableError {
    client: String,
    reason: String,
}

crate::reads_as_text!(TableError);

impl ClientTable {
    /// The clients, with the secrets that `environment` finds and the keys from files, which are sought
    /// from `folder`.
    pub fn registrations(
        self,
        folder: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<BTreeMap<String, Registration>, TableError> {
        let rows = self.0.into_iter();
        rows.map(
            |(client, row)| match row.registration(folder, &environment) {
                Ok(registration) => Ok((client, registration)),
                Err(reason) => Err(TableError { client, reason }),
            },
        )
        .collect()
    }
}

impl Row {
    fn registration(
        self,
        folder: &Path,
        environment: &impl Fn(&str) -> Option<String>,
    ) -> Result<Registration, String> {
        let authentication = self.authentication(folder, environment)?;
        let endpoints = self.endpoints()?;
        let mut registration = match endpoints {
            Some(endpoints) => Registration::with_endpoints(self.issuer, self.client_id, endpoints),
            None => Registration::discovered(self.issuer, self.client_id),
        };
        registration = registration.authentication(authentication);
        if let Some(scopes) = self.scopes {
            registration = registration.scopes(scopes);
        }
        for (name, value) in self.parameters {
            registration = registration.parameter(name, value);
        }
        if let Some(claims) = self.claims {
            registration = registration.claims(claims);
        }
        if let Some(userinfo) = self.userinfo {
            registration = registration.userinfo(match userinfo {
                Asked::Never => Userinfo::Never,
                Asked::WhenNeeded => Userinfo::WhenNeeded,
                Asked::Always => Userinfo::Always,
            });
        }
        if let Some(name) = &self.id_token_algorithm {
            registration = registration.id_token_algorithm(algorithm(name)?);
        }
        if let Some(seconds) = self.max_age {
            registration = registration.max_age(Duration::from_secs(seconds));
        }
        if let Some(path) = self.login_path {
            registration = registration.login_path(path);
        }
        if let Some(path) = self.redirect_path {
            registration = registration.redirect_path(path);
        }
        if let Some(path) = self.after_login {
            registration = registration.after_login(path);
        }
        if let Some(path) = self.after_logout {
            registration = registration.after_logout(path);
        }
        if let Some(Unknown::Refused) = self.new_users {
            registration = registration.new_users(NewUsers::Refused);
        }
        if self.keep_tokens {
            registration = registration.keep_tokens();
        }
        if self.dangerous_assertion_for_token_endpoint {
            registration = registration.dangerous_assertion_for_token_endpoint();
        }
        Ok(registration)
    }

    fn authentication(
        &self,
        folder: &Path,
        environment: &impl Fn(&str) -> Option<String>,
    ) -> Result<Authentication, String> {
        let has_key =
            self.key_file.is_some() || self.key_algorithm.is_some() || self.next_key_file.is_some();
        match self.authentication {
            Method::None if self.secret_env.is_some() || has_key => Err(
                "a secret or key is named, and authentication is none; say secret_basic, \
                 secret_post or private_key_jwt"
                    .to_owned(),
            ),
            Method::None => Ok(Authentication::None),
            Method::SecretBasic | Method::SecretPost if has_key => Err(
                "a key is named where a secret authenticates; say authentication = \
                 \"private_key_jwt\", or take the key away"
                    .to_owned(),
            ),
            Method::SecretBasic => self.secret(environment).map(Authentication::SecretBasic),
            Method::SecretPost => self.secret(environment).map(Authentication::SecretPost),
            Method::PrivateKeyJwt if self.secret_env.is_some() => Err(
                "private_key_jwt signs with a private key and has no secret; take secret_env away, \
                 and name the key in key_file"
                    .to_owned(),
            ),
            Method::PrivateKeyJwt => self.keys(folder).map(Authentication::PrivateKeyJwt),
        }
    }

    fn secret(
        &self,
        environment: &impl Fn(&str) -> Option<String>,
    ) -> Result<ClientSecret, String> {
        let name = self
            .secret_env
            .as_deref()
            .ok_or("name the environment variable that holds the secret in secret_env")?;
        let secret = environment(name)
            .ok_or_else(|| format!("the environment has no {name}; put the client secret there"))?;
        ClientSecret::new(secret).map_err(|error| format!("{name}: {error}"))
    }

    fn keys(&self, folder: &Path) -> Result<ClientKeys, String> {
        let file = self
            .key_file
            .as_ref()
            .ok_or("name the file with the private key, PEM or JWK, in key_file")?;
        let algorithm = self.key_algorithm.as_deref().map(algorithm).transpose()?;
        let keys = ClientKeys::new(read_key(algorithm, &folder.join(file))?);
        let keys = keys.map_err(|error| error.to_string())?;
        if let Some(next) = &self.next_key_file {
            let next = read_key(algorithm, &folder.join(next))?;
            keys.announce(next).map_err(|error| error.to_string())?;
        }
        Ok(keys)
    }

    fn endpoints(&self) -> Result<Option<Endpoints>, String> {
        let any = [
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.userinfo_endpoint,
            &self.jwks_uri,
            &self.introspection_endpoint,
            &self.end_session_endpoint,
        ];
        if any.into_iter().all(Option::is_none) {
            return Ok(None);
        }
        let (Some(authorization), Some(token)) =
            (&self.authorization_endpoint, &self.token_endpoint)
        else {
            return Err(
                "with endpoints of its own a client needs authorization_endpoint and \
                 token_endpoint; without any they are discovered"
                    .to_owned(),
            );
        };
        Ok(Some(Endpoints {
            authorization: authorization.clone(),
            token: token.clone(),
            userinfo: self.userinfo_endpoint.clone(),
            jwks: self.jwks_uri.clone(),
            introspection: self.introspection_endpoint.clone(),
            end_session: self.end_session_endpoint.clone(),
        }))
    }
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(name).ok_or_else(|| {
        format!("{name:?} is no algorithm that is known here; RS256, PS256, ES256 and EdDSA are")
    })
}

/// A private key from a file: PEM, or a JWK.
fn read_key(algorithm: Option<Algorithm>, file: &Path) -> Result<SigningKey, String> {
    let text = fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
    let key = parse_key(algorithm, &text);
    key.map_err(|error| format!("{}: {error}", file.display()))
}

/// What a key without further words signs with; a JWK may name another itself.
const USUAL: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::ES384,
    Algorithm::Ed25519,
];

fn parse_key(
    algorithm: Option<Algorithm>,
    text: &str,
) -> Result<SigningKey, symbolon_token::Error> {
    let text = text.trim_ascii();
    let parse = |algorithm| {
        if text.starts_with('{') {
            SigningKey::from_jwk(algorithm, text.as_bytes())
        } else {
            SigningKey::from_pem(algorithm, text)
        }
    };
    if let Some(algorithm) = algorithm {
        return parse(algorithm);
    }
    let [first, others @ ..] = USUAL;
    let fits = |algorithm: Algorithm| parse(algorithm).ok();
    parse(first).or_else(|error| others.into_iter().find_map(fits).ok_or(error))
}

impl ClientKeys {
    /// Reads the one private key that a text holds, PEM or JWK. RSA signs with RS256, P-256 with ES256,
    /// P-384 with ES384 and Ed25519 with `EdDSA`, unless a JWK names another algorithm of its kind.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let key = parse_key(None, text).map_err(KeyTextError::Key)?;
        Self::new(key).map_err(KeyTextError::Registration)
    }
}

/// Why a text gives no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyTextError {
    /// It holds no private key that can be used.
    #[error("this is no private key, PEM or JWK, that can be used: {0}")]
    Key(symbolon_token::Error),
    /// The key can't authenticate a client.
    #[error(transparent)]
    Registration(RegistrationError),
}

#[cfg(test)]
mod tests;
