//! A hundred turnovers, other algorithms, several nodes: no good token is refused.

use std::time::Duration;

use symbolon::{
    Change, Config, ConfigError, Engine, KeyError, KeyOptions, KeyState, Pace, Signing, StartError,
    guard::token::Algorithm,
};

use super::{OLD, source, world::World};
use crate::support::{ISSUER, NOW, Server, on_both_engines};

const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

fn is_postgres(database: &str) -> bool {
    database.starts_with("postgres")
}

async fn hundred_turnovers(database: String) {
    let mut world = World::new();
    // On one SQLite file there is one process; on PostgreSQL there may be several.
    let nodes = if is_postgres(&database) { 2 } else { 1 };
    for _ in 0..nodes {
        let node = world.open(&database, |_| {}).await;
        world.nodes.push(node);
    }
    // PostgreSQL shows what nodes do to each other; the full hundred is told by the other engine.
    let turnovers = if is_postgres(&database) { 25 } else { 100 };
    while world.signed.len() <= turnovers {
        world.step().await;
    }
    let passed = world.clock.now().as_secs() - NOW.as_secs();
    let expected = i64::try_from(turnovers).unwrap() * 30 * 60;
    assert!(
        (expected..expected + expected / 10).contains(&passed),
        "{turnovers} turnovers took {passed} s"
    );
    // M2: each key but the first was published for longer than anybody keeps the JWKS.
    for (kid, signed) in world
        .signed
        .iter()
        .filter(|(_, at)| **at > NOW + JWKS_MAX_AGE)
    {
        let known = world.published.get(kid);
        assert!(
            known.is_some_and(|known| *known + JWKS_MAX_AGE <= *signed),
            "{kid} signed at {signed:?} and was seen at {known:?}"
        );
    }
    assert!(world.checks > 1_000, "{} checks", world.checks);
    // What is over has left: those whose day-long tokens may live, and those to come.
    let listed = world.nodes[0].engine.keys().await.unwrap();
    assert!(listed.len() <= 53, "{} keys are left", listed.len());
    for node in &world.nodes {
        node.engine.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g15_a_hundred_turnovers_refuse_no_valid_token() {
    on_both_engines(hundred_turnovers).await;
}

async fn other_algorithms(database: String) {
    let mut world = World::new();
    let shared = is_postgres(&database);
    let first = world.open(&database, |_| {}).await;
    world.nodes.push(first);
    if shared {
        let second = world.open(&database, |_| {}).await;
        world.nodes.push(second);
    }
    world.pass(Duration::from_mins(40)).await;
    for algorithms in [
        vec![Algorithm::RS256, Algorithm::ES256],
        vec![Algorithm::EdDSA],
    ] {
        // Where there are two nodes the other one goes on with the old configuration for a while.
        let old = world.nodes.remove(0);
        old.engine.shutdown().await;
        let named = algorithms.clone();
        let new = world
            .open(&database, |config| config.keys.algorithms = named)
            .await;
        world.nodes.push(new);
        let before = world.signed.len();
        world.pass(Duration::from_mins(10)).await;
        assert!(world.signed.len() <= before + 1, "it signed unannounced");
        world.pass(Duration::from_mins(30)).await;
        if shared {
            let old = world.nodes.remove(0);
            old.engine.shutdown().await;
            let named = algorithms.clone();
            let new = world
                .open(&database, |config| config.keys.algorithms = named)
                .await;
            world.nodes.push(new);
        }
        world.pass(Duration::from_mins(50)).await;
        let name = algorithms[0].name();
        assert!(world.algorithms.contains(name), "{:?}", world.algorithms);
        world.algorithms.clear();
        world.step().await;
        assert_eq!(world.algorithms.iter().collect::<Vec<_>>(), [name]);
    }
    // A day later what the old algorithms signed is dead, and their keys are gone.
    world.pass(Duration::from_hours(26)).await;
    let listed = world.nodes[0].engine.keys().await.unwrap();
    let left = listed
        .iter()
        .filter(|key| key.algorithm != Algorithm::EdDSA);
    assert_eq!(left.count(), 0, "{listed:?}");
    for node in &world.nodes {
        node.engine.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g15_another_algorithm_takes_over_without_a_refusal() {
    on_both_engines(other_algorithms).await;
}

#[tokio::test]
async fn m2_a_standby_is_there_from_the_first_start_and_after_every_change() {
    let server = Server::start().await;
    let states = async || {
        let listed = server.engine.keys().await.unwrap();
        listed.iter().map(|key| key.state).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [KeyState::Signing, KeyState::Standby]);
    let rotated = server
        .engine
        .rotate_key(None, Pace::Announced)
        .await
        .unwrap();
    assert_eq!(rotated.activates_at, NOW + Duration::from_hours(24));
    assert_eq!(
        states().await,
        [KeyState::Signing, KeyState::Announced, KeyState::Standby]
    );
    let again = server.engine.rotate_key(None, Pace::Announced).await;
    assert!(matches!(again, Err(KeyError::UnderWay { .. })), "{again:?}");
    let other = server
        .engine
        .rotate_key(Some(Algorithm::RS256), Pace::Announced)
        .await;
    assert!(matches!(other, Err(KeyError::OtherAlgorithm(_))));
    server.clock.advance(Duration::from_hours(24));
    let listed = server.engine.keys().await.unwrap();
    assert_eq!(listed[0].state, KeyState::Retiring);
    assert!(listed[1].signs_access_tokens);
    assert_eq!(listed[1].kid, rotated.kid);
    server.engine.rotate_key(None, Pace::AtOnce).await.unwrap();
    assert_eq!(
        states().await,
        [
            KeyState::Retiring,
            KeyState::Retiring,
            KeyState::Signing,
            KeyState::Standby
        ]
    );
}

#[tokio::test]
async fn a_plan_names_what_comes_and_does_nothing() {
    let server = Server::start().await;
    let before = server.engine.keys().await.unwrap();
    let plan = server.engine.plan_keys().await.unwrap();
    let told: Vec<_> = plan.iter().map(|planned| planned.change).collect();
    assert_eq!(told, [Change::Announce, Change::Activate, Change::Retire]);
    let days = |days: u64| NOW + Duration::from_hours(24 * days);
    assert_eq!((plan[0].at, plan[1].at), (days(89), days(90)));
    assert_eq!(plan[1].kid.as_ref(), Some(&before[1].kid));
    assert_eq!(server.engine.keys().await.unwrap(), before);
    // What `--json` shows.
    let json = serde_json::to_value(&plan[1]).unwrap();
    assert_eq!(json["at"], days(90).as_secs());
    assert_eq!(json["change"], "activate");
    assert_eq!(json["algorithm"], "ES256");
    let json = serde_json::to_value(&before[0]).unwrap();
    assert_eq!(json["state"], "signing");
    assert_eq!(json["activates_at"], NOW.as_secs());
    assert_eq!(json["revoked_at"], serde_json::Value::Null);
}

#[tokio::test]
async fn public_keys_are_given_out_and_private_ones_never() {
    let server = Server::start_with(|config| {
        config.keys.algorithms = vec![Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];
    })
    .await;
    let keys = server.engine.public_keys();
    assert_eq!(keys.len(), 6);
    let jwks = server.engine.jwks();
    assert_eq!(jwks, server.get("/.well-known/jwks.json").await.body);
    for key in &keys {
        assert!(key.pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
        assert!(jwks.contains(&key.kid));
    }
    let algorithms: Vec<_> = keys.iter().map(|key| key.algorithm.as_str()).collect();
    assert_eq!(
        algorithms,
        ["ES256", "ES256", "EdDSA", "EdDSA", "RS256", "RS256"]
    );
}

#[tokio::test]
async fn keys_that_would_turn_good_tokens_away_are_refused() {
    let refused = async |change: fn(&mut Config)| {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("never.db").display().to_string();
        let mut config = Config::new(ISSUER, database.parse().unwrap(), source(OLD));
        change(&mut config);
        match Engine::open(config).await.unwrap_err() {
            StartError::Config(error) => error,
            error => panic!("{error}"),
        }
    };
    let short = refused(|config| config.keys.announce = Duration::from_secs(899)).await;
    assert_eq!(short, ConfigError::Announce);
    let often = refused(|config| config.keys.rotate_every = Duration::from_hours(47)).await;
    assert_eq!(often, ConfigError::RotateEvery);
    let twice =
        refused(|config| config.keys.algorithms = vec![Algorithm::ES256, Algorithm::ES256]).await;
    assert_eq!(twice, ConfigError::AlgorithmTwice(Algorithm::ES256));
    let symmetric =
        refused(|config| config.keys.algorithms = vec![Algorithm::ES256, Algorithm::HS256]).await;
    assert_eq!(symmetric, ConfigError::SymmetricAlgorithm(Algorithm::HS256));
    let both = refused(|config| {
        config.signing = Signing::SharedKept;
        config.keys.algorithms = vec![Algorithm::ES256];
    })
    .await;
    assert_eq!(both, ConfigError::AlgorithmsOfSharedSecret);
    assert_eq!(KeyOptions::default().announce, Duration::from_hours(24));
}

#[tokio::test]
async fn a_shared_secret_has_no_keys_to_turn_over() {
    let server = Server::start_with(|config| config.signing = Signing::SharedKept).await;
    assert!(matches!(
        server.engine.keys().await,
        Err(KeyError::SharedSecret)
    ));
    assert!(server.engine.public_keys().is_empty());
    server.engine.refresh_keys().await.unwrap();
    let token = server.token().await;
    assert_eq!(server.get_with("/api/me", &token).await.status, 200);
}
