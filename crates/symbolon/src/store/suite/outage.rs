//! A PostgreSQL server that hangs: it costs a deadline and a 503, never the node.
//!
//! A relay on loopback stands between the store and the server and stops passing bytes when told.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_postgres::config::Host;

use super::{Database, create, custom, eventually, name, user, with_postgres};
use crate::{
    config::Maker,
    store::{
        CreateUser, DatabaseUrl, FindLogin, OpenError, Operation, Store, StoreError, StoreOptions,
    },
};

const OPTIONS: StoreOptions = StoreOptions {
    connections: 2,
    deadline: Duration::from_millis(500),
};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_costs_a_deadline() {
    with_postgres(|database: Database| async move {
        let relay = Relay::start(&database).await;
        let store = Arc::new(relay.database.open_with(OPTIONS).await);
        create(&store, "before").await;

        relay.freeze();
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let store = Arc::clone(&store);
            clients.spawn(async move { find(&store, "before").await });
        }
        let all = tokio::time::timeout(Duration::from_secs(20), clients.join_all());
        for result in all.await.expect("a hanging server took the node with it") {
            assert!(
                matches!(result, Err(StoreError::Unavailable(_))),
                "{result:?}"
            );
        }

        relay.thaw();
        eventually(|| async { matches!(find(&store, "before").await, Ok(true)) }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_while_committing_leaves_the_outcome_unknown() {
    with_postgres(|database: Database| async move {
        let relay = Arc::new(Relay::start(&database).await);
        let store = relay.database.open_with(OPTIONS).await;
        let freezing = Arc::clone(&relay);
        let operation = custom(move |tx| {
            let relay = Arc::clone(&freezing);
            Box::pin(async move {
                CreateUser {
                    user: user("maybe"),
                }
                .run(tx)
                .await?;
                relay.freeze();
                Ok(0)
            })
        });
        let result = store.run(operation).await;
        assert!(
            matches!(result, Err(StoreError::OutcomeUnknown)),
            "{result:?}"
        );
        relay.thaw();
        // Whatever became of it, it can be read back, and the store goes on.
        eventually(|| async { find(&store, "maybe").await.is_ok() }).await;
        create(&store, "after").await;
        assert!(find(&store, "after").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("postgres://x@{address}/x").parse().unwrap();
    let opening = Store::open(&url, OPTIONS, Maker::Engine);
    let refused = tokio::time::timeout(Duration::from_secs(20), opening).await;
    assert!(matches!(
        refused.expect("the start hangs"),
        Err(OpenError::Unreachable { .. })
    ));
}

async fn find(store: &Store, username: &str) -> Result<bool, StoreError> {
    let find = FindLogin {
        username: name(username),
    };
    Ok(store.run(find).await?.is_some())
}

struct Relay {
    database: Database,
    frozen: watch::Sender<bool>,
}

impl Relay {
    async fn start(database: &Database) -> Self {
        let DatabaseUrl::Postgres(config) = &database.url else {
            panic!("not PostgreSQL")
        };
        let (Some(Host::Tcp(host)), Some(&port)) =
            (config.get_hosts().first(), config.get_ports().first())
        else {
            panic!("the server must be reachable by TCP")
        };
        let target = format!("{host}:{port}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (frozen, gate) = watch::channel(false);
        tokio::spawn(accept(listener, target, gate));
        Self {
            database: Database {
                url: through(config, address),
            },
            frozen,
        }
    }

    fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    fn thaw(&self) {
        self.frozen.send_replace(false);
    }
}

/// The same database by way of another address.
fn through(config: &tokio_postgres::Config, address: SocketAddr) -> DatabaseUrl {
    let mut relayed = tokio_postgres::Config::new();
    relayed.host(address.ip().to_string()).port(address.port());
    relayed.ssl_mode(tokio_postgres::config::SslMode::Disable);
    if let Some(user) = config.get_user() {
        relayed.user(user);
    }
    if let Some(password) = config.get_password() {
        relayed.password(password);
    }
    if let Some(name) = config.get_dbname() {
        relayed.dbname(name);
    }
    DatabaseUrl::Postgres(Box::new(relayed))
}

async fn accept(listener: TcpListener, target: String, gate: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(&target).await else {
            continue;
        };
        let (client_read, client_write) = client.into_split();
        let (server_read, server_write) = server.into_split();
        tokio::spawn(pass(client_read, server_write, gate.clone()));
        tokio::spawn(pass(server_read, client_write, gate.clone()));
    }
}

async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut gate: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if gate.wait_for(|frozen| !frozen).await.is_err()
            || to.write_all(&buffer[..length]).await.is_err()
        {
            return;
        }
    }
}
