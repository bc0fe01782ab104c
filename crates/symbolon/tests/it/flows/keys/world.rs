//! Nodes on one database, verifiers elsewhere, and a clock that is moved by hand.
//!
//! A verifier knows what it fetched through the router, keeps it for as long as `max-age` says and not a
//! moment longer, and never asks sooner: not for a `kid` that it doesn't know either.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};
use symbolon::{
    Config,
    guard::{
        Clock, ManualClock, Outcome,
        token::{Algorithm, KeySet, Policy, Timestamp, Typ, Verifier},
    },
};

use crate::support::{ISSUER, NOW, Server};

const JWKS: &str = "/.well-known/jwks.json";
const ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA];
/// How long apart tokens are minted. Verifiers meet them with keys of up to 297 s.
pub(super) const STEP: Duration = Duration::from_secs(99);
/// How long tokens live by default.
const LIFETIME: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);

pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) nodes: Vec<Server>,
    verifiers: Vec<CachingVerifier>,
    tokens: Vec<Minted>,
    /// When each key was seen first in a JWKS, and when it signed first.
    pub(super) published: BTreeMap<String, Timestamp>,
    pub(super) signed: BTreeMap<String, Timestamp>,
    pub(super) algorithms: BTreeSet<String>,
    pub(super) checks: u64,
    steps: usize,
}

struct Minted {
    token: String,
    expires_at: Timestamp,
    /// Looked at by every verifier from then on.
    next_look: Timestamp,
}

struct CachingVerifier {
    fetched: Option<(Timestamp, Duration, Verifier)>,
    /// Verifiers behind a load balancer reach one node after the other.
    fetches: usize,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            clock: Clock::fixed(NOW),
            nodes: Vec::new(),
            verifiers: (0..3)
                .map(|fetches| CachingVerifier {
                    fetched: None,
                    fetches,
                })
                .collect(),
            tokens: Vec::new(),
            published: BTreeMap::new(),
            signed: BTreeMap::new(),
            algorithms: BTreeSet::new(),
            checks: 0,
            steps: 0,
        }
    }

    pub(super) async fn open(&self, database: &str, change: impl FnOnce(&mut Config)) -> Server {
        let clock = self.clock.clock();
        Server::open(database, |config| {
            config.clock = clock;
            // The shortest that is allowed.
            config.keys.announce = Duration::from_mins(15);
            config.keys.rotate_every = Duration::from_mins(30);
            change(config);
        })
        .await
    }

    /// Lets time pass until then, with tokens minted and checked all the while.
    pub(super) async fn pass(&mut self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.step().await;
        }
    }

    /// One step: a node looks, a node mints, every verifier checks what it meets.
    pub(super) async fn step(&mut self) {
        self.clock.advance(STEP);
        let now = self.clock.now();
        // Each node looks at its keys about every minute, and not all at the same time.
        for (number, node) in self.nodes.iter().enumerate() {
            if (self.steps + number).is_multiple_of(self.nodes.len().max(1)) {
                node.engine.refresh_keys().await.unwrap();
            }
        }
        self.mint(now);
        for verifier in &mut self.verifiers {
            // They were started at different moments, so they don't all fetch at the same.
            if self.steps < 3 * verifier.fetches && verifier.fetched.is_none() {
                continue;
            }
            let fetched = verifier.refresh(&self.nodes, now).await;
            for kid in fetched {
                self.published.entry(kid).or_insert(now);
            }
        }
        self.check(now);
        self.steps += 1;
    }

    fn mint(&mut self, now: Timestamp) {
        let node = &self.nodes[self.steps % self.nodes.len()];
        let short = node.engine.issue("alice", json!({})).unwrap();
        // Now and then one of the longest life that there is.
        let long = || {
            node.engine
                .token_for("alice")
                .lifetime(DAY)
                .issue()
                .unwrap()
        };
        let long = self.steps.is_multiple_of(67).then(long);
        self.keep(short, now, LIFETIME);
        if let Some(long) = long {
            self.keep(long, now, DAY);
        }
    }

    fn keep(&mut self, token: String, now: Timestamp, lifetime: Duration) {
        let header = header_of(&token);
        let kid = header["kid"].as_str().unwrap().to_owned();
        self.algorithms
            .insert(header["alg"].as_str().unwrap().to_owned());
        self.signed.entry(kid).or_insert(now);
        // `exp` is in whole seconds.
        let expires_at = Timestamp::from_secs((now + lifetime).as_secs());
        self.tokens.push(Minted {
            token,
            expires_at,
            next_look: now,
        });
    }

    fn check(&mut self, now: Timestamp) {
        self.tokens.retain(|minted| minted.expires_at > now);
        for minted in &mut self.tokens {
            let left = minted.expires_at.as_millis() - now.as_millis();
            // At birth, in its last moments, and three times in between.
            let step = i64::try_from(STEP.as_millis()).unwrap();
            if now < minted.next_look && left > step {
                continue;
            }
            let life = u64::try_from(left / 3).unwrap();
            minted.next_look = now + Duration::from_millis(life);
            for verifier in &self.verifiers {
                verifier.accept(&minted.token, now);
            }
            for node in &self.nodes {
                accepts(node, &minted.token, now);
            }
            self.checks += 1;
        }
    }
}

/// The engine's own guard.
pub(super) fn is_accepted(node: &Server, token: &str, now: Timestamp) -> bool {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    headers.insert(header::AUTHORIZATION, value);
    matches!(node.engine.guard().check(&headers, now), Outcome::Valid(_))
}

fn accepts(node: &Server, token: &str, now: Timestamp) {
    let header = header_of(token);
    assert!(
        is_accepted(node, token, now),
        "the engine's own guard refuses {header} at {now:?}"
    );
}

impl CachingVerifier {
    /// Fetches the keys if those held are older than they may be; gives what was fetched.
    async fn refresh(&mut self, nodes: &[Server], now: Timestamp) -> Vec<String> {
        if let Some((at, max_age, _)) = &self.fetched
            && now < *at + *max_age
        {
            return Vec::new();
        }
        let answer = nodes[self.fetches % nodes.len()].get(JWKS).await;
        self.fetches += 1;
        let caching = answer.header(header::CACHE_CONTROL);
        let max_age = caching.rsplit_once("max-age=").unwrap().1.parse().unwrap();
        let keys = KeySet::from_jwks(answer.body.as_bytes(), &ALGORITHMS).unwrap();
        assert!(keys.skipped.is_empty(), "{:?}", keys.skipped);
        let kids = keys.keys.keys().iter().filter_map(|key| key.kid());
        let kids = kids.map(str::to_owned).collect();
        let policy = Policy {
            issuer: ISSUER.to_owned(),
            audience: vec![ISSUER.to_owned()],
            algorithms: ALGORITHMS.to_vec(),
            typ: Typ::ACCESS_TOKEN,
        };
        let verifier = Verifier::new(keys.keys, policy).unwrap();
        self.fetched = Some((now, Duration::from_secs(max_age), verifier));
        kids
    }

    fn accept(&self, token: &str, now: Timestamp) {
        if let Some((at, _, verifier)) = &self.fetched
            && let Err(error) = verifier.check(token, now)
        {
            let header = header_of(token);
            panic!("{header} is refused at {now:?} by keys fetched at {at:?}: {error}");
        }
    }
}

pub(super) fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    let bytes = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes());
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}
