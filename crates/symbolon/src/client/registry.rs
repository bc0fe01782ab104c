//! The clients of an engine, by their names.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use symbolon_guard::Clock;
use symbolon_token::JwkSet;

use super::{
    Client, Registration, RegistrationError,
    outgoing::{Endpoint, Outgoing},
    provider::{Shared, redirect_path},
};
use crate::Randomness;

/// Where the public keys of all clients are.
pub(crate) const KEYS_PATH: &str = "/login/keys";
/// Where people log out.
pub(crate) const LOG_OUT_PATH: &str = "/logout";

/// Clients that were registered and found right.
#[derive(Debug, Default)]
pub(crate) struct Registry(BTreeMap<String, Client>);

impl Registry {
    /// Checks every registration; the first that can't be right is told with its name.
    pub(crate) fn open(
        registrations: Vec<(String, Registration)>,
        base: &str,
        clock: &Clock,
        randomness: &Randomness,
    ) -> Result<Self, (String, RegistrationError)> {
        let Some((first, _)) = registrations.first() else {
            return Ok(Self::default());
        };
        let outgoing = Outgoing::new(registrations.iter().any(|(_, one)| needs_tls(one)));
        let outgoing =
            outgoing.map_err(|error| (first.clone(), RegistrationError::Tls(error.to_string())))?;
        let shared = Shared {
            outgoing: Arc::new(outgoing),
            clock: clock.clone(),
            randomness: randomness.clone(),
        };
        let mut clients = BTreeMap::new();
        let mut paths = BTreeSet::from([KEYS_PATH.to_owned(), LOG_OUT_PATH.to_owned()]);
        for (name, registration) in registrations {
            let refused = |error| (name.clone(), error);
            check_name(&name).map_err(refused)?;
            registration.check().map_err(refused)?;
            let redirect_uri = format!("{base}{}", redirect_path(&name, &registration));
            let issuer = registration.issuer.clone();
            let client = Client::new(name.clone(), registration, redirect_uri, &shared)
                .ok_or_else(|| refused(RegistrationError::Issuer(issuer)))?;
            for path in [client.login_path(), client.redirect_path()] {
                if !paths.insert(path.clone()) && !clients.contains_key(&name) {
                    return Err((name, RegistrationError::PathTaken(path)));
                }
            }
            if clients.insert(name.clone(), client).is_some() {
                return Err((name, RegistrationError::NameTaken));
            }
        }
        Ok(Self(clients))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Client> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Client> {
        self.0.values()
    }

    /// The public keys of all of them.
    pub(crate) fn public_keys(&self) -> JwkSet {
        let mut keys = Vec::new();
        for key in self
            .iter()
            .filter_map(Client::public_keys)
            .flat_map(|set| set.keys)
        {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        JwkSet { keys }
    }
}

fn needs_tls(registration: &Registration) -> bool {
    let endpoints = registration.endpoints.as_ref();
    let urls = endpoints.into_iter().flat_map(|endpoints| {
        [
            Some(&endpoints.token),
            endpoints.userinfo.as_ref(),
            endpoints.jwks.as_ref(),
            endpoints.introspection.as_ref(),
        ]
    });
    let urls = urls.flatten().chain([&registration.issuer]);
    urls.filter_map(|url| Endpoint::named(url))
        .any(|endpoint| endpoint.is_https())
}

fn check_name(name: &str) -> Result<(), RegistrationError> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
    if begins && name.len() <= 32 && name.bytes().all(plain) {
        Ok(())
    } else {
        Err(RegistrationError::Name)
    }
}
