//! Which keys there are.
//!
//! The table is in the order of docs/configuration.md. A default is written as it would stand in the file; a
//! test sets each key to it and finds the settings unchanged.

use std::{net::SocketAddr, num::NonZero, path::PathBuf};

use symbolon_rules::{
    client_address::{Network, TrustedProxies},
    origin::Origins,
};
use symbolon_token::Algorithm;

use super::{
    keys::{First, Key, Set},
    secrets,
};
use crate::{DatabaseUrl, cli::logs, http::serve::AdminReach};

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "issuer",
        set: Set::Text(|settings, text| {
            crate::config::check_issuer(text).map_err(|error| error.to_string())?;
            settings.issuer = Some(text.to_owned());
            Ok(())
        }),
        default: "",
        text: "The URL that people and verifiers know this server by: the `iss` of every token. https, \
               or http on a loopback address. It is never guessed from a request, and changing it makes \
               every token invalid that is under way.",
        first: First::Left,
    },
    Key {
        name: "listen",
        set: Set::Text(|settings, text| {
            settings.listen = address(text)?;
            Ok(())
        }),
        default: "\"127.0.0.1:8080\"",
        text: "Where to listen. Port 0 takes a free one.",
        first: First::Left,
    },
    Key {
        name: "data",
        set: Set::Text(|settings, text| {
            settings.data = path(text)?;
            Ok(())
        }),
        default: "\"data\"",
        text: "The folder for everything that stays: the database, its key-encryption key, the socket of \
               the command line. Made for its owner alone; one that others can read or write is refused. \
               Like every path here it is relative to the folder of this file.",
        first: First::Shown,
    },
    Key {
        name: "database",
        set: Set::Text(|settings, text| {
            let url: DatabaseUrl = text
                .parse()
                .map_err(|error: crate::OpenError| error.to_string())?;
            secrets::check_password(&url)?;
            settings.database = Some(url);
            Ok(())
        }),
        default: "",
        text: "Where users, sessions and keys are: a SQLite file, by default `symbolon.db` in the data \
               folder, or `postgres://USER:PASSWORD@HOST/NAME`, which many servers can share.",
        first: First::Shown,
    },
    Key {
        name: "database_connections",
        set: Set::Count(|settings, number| {
            settings.database_options.connections = within(number, 1, 1_000)?;
            Ok(())
        }),
        default: "8",
        text: "Connections to PostgreSQL, or reading connections to SQLite, at the most.",
        first: First::Left,
    },
    Key {
        name: "database_deadline",
        set: Set::Time(|settings| &mut settings.database_options.deadline),
        default: "\"5s\"",
        text: "How long an operation of the database may take before its request is answered 503.",
        first: First::Left,
    },
    Key {
        name: "key_encryption_key_file",
        set: Set::Text(|settings, text| {
            settings.key_encryption_key_file = Some(path(text)?);
            Ok(())
        }),
        default: "",
        text: "The file with the key that the private signing keys are encrypted with, by default \
               `symbolon.key` in the data folder. Made where the database is new; every server of one \
               database needs the same. Only its owner may read it.",
        first: First::Shown,
    },
    Key {
        name: "previous_key_encryption_key_file",
        set: Set::Text(|settings, text| {
            settings.previous_key_encryption_key_file = Some(path(text)?);
            Ok(())
        }),
        default: "",
        text: "The file with the key that was used until now, while another takes its place: what it \
               encrypted is encrypted anew at the start. docs/keys.md says how.",
        first: First::Left,
    },
    Key {
        name: "keys.algorithms",
        set: Set::List(|settings, names| {
            settings.keys.algorithms = names
                .iter()
                .map(|name| algorithm(name))
                .collect::<Result<_, _>>()?;
            Ok(())
        }),
        default: "[\"ES256\"]",
        text: "What tokens are signed with. Keys of every algorithm named are published; the first one \
               signs. A new one signs when its key has been published for `keys.announce`.",
        first: First::Left,
    },
    Key {
        name: "keys.rotate_every",
        set: Set::Time(|settings| &mut settings.keys.rotate_every),
        default: "\"90d\"",
        text: "How long a signing key signs: twice `keys.announce` at the least. The next one is there, \
               and published, from the first start on.",
        first: First::Left,
    },
    Key {
        name: "keys.announce",
        set: Set::Time(|settings| &mut settings.keys.announce),
        default: "\"1d\"",
        text: "How long before its first signature a signing key's time is fixed: 15 minutes at the \
               least.",
        first: First::Left,
    },
    Key {
        name: "access_token_lifetime",
        set: Set::Time(|settings| &mut settings.access_token_lifetime),
        default: "\"10m\"",
        text: "How long access tokens are good for: a day at the most. A service that only checks \
               signatures goes on accepting a token for so long after a logout.",
        first: First::Shown,
    },
    Key {
        name: "login_scopes",
        set: Set::List(|settings, scopes| {
            settings.login_scopes = scopes;
            Ok(())
        }),
        default: "[]",
        text: "The scopes that the tokens of a login carry; names of your own.",
        first: First::Left,
    },
    Key {
        name: "external_id_claim",
        set: Set::Text(|settings, text| {
            settings.external_id_claim = Some(text.to_owned());
            Ok(())
        }),
        default: "",
        text: "The claim for the id that an imported user had in the program they came from: `user_id`, \
               say.",
        first: First::Left,
    },
    Key {
        name: "passwords.memory",
        set: Set::Size(|settings, number| {
            settings.passwords.memory = number;
            Ok(())
        }),
        default: "\"19 MiB\"",
        text: "Memory that hashing a password takes (Argon2id): from 19 MiB to 256 MiB. `symbolon bench hash` proposes what this machine can bear. When it is raised, a hash is renewed at its user's next login.",
        first: First::Left,
    },
    Key {
        name: "passwords.iterations",
        set: Set::Count(|settings, number| {
            settings.passwords.iterations = within(number, 2, 16)?;
            Ok(())
        }),
        default: "2",
        text: "How often that memory is gone over.",
        first: First::Left,
    },
    Key {
        name: "passwords.lanes",
        set: Set::Count(|settings, number| {
            settings.passwords.lanes = within(number, 1, 16)?;
            Ok(())
        }),
        default: "1",
        text: "Argon2's lanes. They are computed one after the other here.",
        first: First::Left,
    },
    Key {
        name: "passwords.threads",
        set: Set::Count(|settings, number| {
            settings.passwords.threads = NonZero::new(within(number, 1, 1_024)?);
            Ok(())
        }),
        default: "",
        text: "Threads that hash: as many as there are cores unless said otherwise, and never more.",
        first: First::Left,
    },
    Key {
        name: "passwords.memory_budget",
        set: Set::Size(|settings, number| {
            settings.passwords.memory_budget = number;
            Ok(())
        }),
        default: "\"256 MiB\"",
        text: "Memory that all hashes at once may take.",
        first: First::Left,
    },
    Key {
        name: "passwords.queue",
        set: Set::Count(|settings, number| {
            settings.passwords.queue = within(number, 1, 65_536)?;
            Ok(())
        }),
        default: "256",
        text: "Passwords that may wait for their turn. Beyond it a login is answered 503 with `Retry-After`.",
        first: First::Left,
    },
    Key {
        name: "passwords.deadline",
        set: Set::Time(|settings| &mut settings.passwords.deadline),
        default: "\"5s\"",
        text: "How long a password may wait for its turn.",
        first: First::Left,
    },
    Key {
        name: "tls.certificate",
        set: Set::Text(|settings, text| {
            settings.tls_certificate = Some(path(text)?);
            Ok(())
        }),
        default: "",
        text: "The certificate to serve https with, a PEM file: the server's own first, then those that lead to the root. It and its key are read again when they change and on SIGHUP. Without it the traffic is as it is: for loopback, or behind a proxy.",
        first: First::Shown,
    },
    Key {
        name: "tls.key",
        set: Set::Text(|settings, text| {
            settings.tls_key = Some(path(text)?);
            Ok(())
        }),
        default: "",
        text: "Its private key, a PEM file that only its owner and group may read.",
        first: First::Shown,
    },
    Key {
        name: "trusted_proxies",
        set: Set::List(|settings, listed| {
            let networks = listed.iter().map(|network| {
                network
                    .parse::<Network>()
                    .map_err(|error| format!("{network:?}: {error}"))
            });
            settings.trusted_proxies = TrustedProxies::new(networks.collect::<Result<_, _>>()?);
            Ok(())
        }),
        default: "[]",
        text: "The proxies in front, as addresses or networks (`\"10.0.0.0/8\"`). What they say in `X-Forwarded-For` and `X-Request-Id` is believed; nobody else is. The client's address is the rightmost one that isn't theirs.",
        first: First::Shown,
    },
    Key {
        name: "cors_origins",
        set: Set::List(|settings, listed| {
            settings.cors_origins = Origins::parse(listed.iter().map(String::as_str))
                .map_err(|(origin, error)| format!("{origin:?}: {error}"))?;
            Ok(())
        }),
        default: "[]",
        text: "The sites whose scripts may call the API from a browser, each by its whole origin (`\"https://app.example.com\"`). The JWKS and the metadata are open to all of them.",
        first: First::Shown,
    },
    Key {
        name: "limits.connections",
        set: Set::Count(|settings, number| {
            settings.limits.connections = within(number, 1, 1000000)?;
            Ok(())
        }),
        default: "900",
        text: "Connections at once. Beyond it new ones wait, and those on which nothing happens are closed to make room.",
        first: First::Left,
    },
    Key {
        name: "limits.connections_per_address",
        set: Set::Count(|settings, number| {
            settings.limits.connections_per_address = within(number, 1, 1000000)?;
            Ok(())
        }),
        default: "100",
        text: "Connections of one IPv4 address or one IPv6 /64, trusted proxies excepted. Beyond it new ones are closed.",
        first: First::Left,
    },
    Key {
        name: "limits.header_timeout",
        set: Set::Time(|settings| &mut settings.limits.header_timeout),
        default: "\"10s\"",
        text: "How long a client may take for the TLS handshake and the headers of a request.",
        first: First::Left,
    },
    Key {
        name: "limits.body_timeout",
        set: Set::Time(|settings| &mut settings.limits.body_timeout),
        default: "\"10s\"",
        text: "How long the body of a request may take to arrive.",
        first: First::Left,
    },
    Key {
        name: "limits.idle_timeout",
        set: Set::Time(|settings| &mut settings.limits.idle_timeout),
        default: "\"1m\"",
        text: "How long a connection may wait for its next request.",
        first: First::Left,
    },
    Key {
        name: "limits.request_timeout",
        set: Set::Time(|settings| &mut settings.limits.request_timeout),
        default: "\"30s\"",
        text: "How long a request may take until its answer begins.",
        first: First::Left,
    },
    Key {
        name: "drain.notice",
        set: Set::Time(|settings| &mut settings.drain.notice),
        default: "\"0s\"",
        text: "At the end: how long `/readyz` says so while everything is still served, for a load balancer to look elsewhere.",
        first: First::Left,
    },
    Key {
        name: "drain.timeout",
        set: Set::Time(|settings| &mut settings.drain.timeout),
        default: "\"10s\"",
        text: "At the end: how long requests under way may take.",
        first: First::Left,
    },
    Key {
        name: "admin.listen",
        set: Set::Text(|settings, text| {
            settings.admin_listen = Some(address(text)?);
            Ok(())
        }),
        default: "",
        text: "Where `/metrics`, `/healthz` and `/readyz` are for whoever runs the server. Nowhere unless said; only on a loopback address unless the next key says otherwise.",
        first: First::Shown,
    },
    Key {
        name: "admin.dangerous_reachable_from_elsewhere",
        set: Set::Switch(|settings, anywhere| {
            settings.admin_reach = if anywhere {
                AdminReach::DangerousAnywhere
            } else {
                AdminReach::Loopback
            };
            Ok(())
        }),
        default: "false",
        text: "Lets `admin.listen` be an address that other machines can reach. It asks nobody who they are.",
        first: First::Left,
    },
    Key {
        name: "log.format",
        set: Set::Text(|settings, text| {
            settings.log_format = one_of(&logs::Format::ALL, text)?;
            Ok(())
        }),
        default: "\"text\"",
        text: "How the log is written, on stderr: `\"text\"` for people, `\"json\"` for programs. One event is one line.",
        first: First::Shown,
    },
    Key {
        name: "log.level",
        set: Set::Text(|settings, text| {
            settings.log_level = one_of(&logs::Level::ALL, text)?;
            Ok(())
        }),
        default: "\"info\"",
        text: "What is worth a line: `\"error\"`, `\"warn\"`, `\"info\"` (a line each request), `\"debug\"`, `\"trace\"`.",
        first: First::Left,
    },
];

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is no address with a port, as in \"127.0.0.1:8080\""))
}

fn one_of<T: Copy>(rows: &[(&'static str, T)], text: &str) -> Result<T, String> {
    let found = rows.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = rows.iter().map(|(name, _)| format!("{name:?}")).collect();
        format!("{text:?} is none of {}", names.join(", "))
    })
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(name)
        .filter(|algorithm| !algorithm.is_symmetric())
        .ok_or_else(|| {
            let all = Algorithm::ALL.iter().filter(|all| !all.is_symmetric());
            let names: Vec<_> = all.map(|all| all.name()).collect();
            format!("{name:?} is none of {}", names.join(", "))
        })
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text.contains('\0') {
        return Err("this must be a path".to_owned());
    }
    Ok(PathBuf::from(text))
}

fn within<T: TryFrom<u64>>(number: u64, least: u64, most: u64) -> Result<T, String> {
    let refused = || format!("{number} is not between {least} and {most}");
    if !(least..=most).contains(&number) {
        return Err(refused());
    }
    T::try_from(number).map_err(|_| refused())
}
