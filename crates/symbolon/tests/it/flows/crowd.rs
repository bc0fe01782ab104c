//! Many clients at once: all are answered, and afterwards everything is as before.

use std::{sync::Arc, time::Duration};

use symbolon::StoreOptions;
use tokio::task::JoinSet;

use crate::support::{PASSWORD, Server, on_both_engines};

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_on_two_connections_never_lock_up() {
    on_both_engines(|database| async move {
        let server = Server::open(&database, |config| {
            config.store = StoreOptions {
                connections: 2,
                ..StoreOptions::default()
            };
        })
        .await;
        server
            .engine
            .create_user("alice", PASSWORD, &[])
            .await
            .unwrap();
        let token = server.token().await;
        let server = Arc::new(server);
        let mut clients = JoinSet::new();
        for client in 0..64 {
            let (server, token) = (Arc::clone(&server), token.clone());
            clients.spawn(async move {
                for round in 0..3 {
                    let answer = match (client + round) % 4 {
                        0 => server.login("alice", PASSWORD).await,
                        // Another one each time: the same would have to wait (W5).
                        1 => server.login(&format!("nobody-{client}"), PASSWORD).await,
                        2 => server.get_with("/api/me", &token).await,
                        _ => server.get("/readyz").await,
                    };
                    let status = answer.status.as_u16();
                    assert!([200, 401, 503].contains(&status), "{answer:?}");
                }
            });
        }
        let all = tokio::time::timeout(Duration::from_mins(2), clients.join_all());
        all.await.expect("the server locked up");
        assert_eq!(server.login("alice", PASSWORD).await.status, 200);
        assert_eq!(server.get_with("/api/me", &token).await.status, 200);
        server.engine.shutdown().await;
    })
    .await;
}
