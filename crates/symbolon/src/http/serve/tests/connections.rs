//! Callers who are many.

use symbolon_rules::client_address::TrustedProxies;
use tokio::net::TcpSocket;

use super::*;

/// From another address of this machine.
async fn connect_from(server: &Running, address: &str) -> Client<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(format!("{address}:0").parse().unwrap())
        .unwrap();
    Client(within(socket.connect(server.address)).await.unwrap())
}

#[tokio::test]
async fn one_address_holds_its_share_and_no_more() {
    let server = Running::start(|serving| serving.limits.connections_per_address = 2).await;
    let mut held = [server.connect().await, server.connect().await];
    for client in &mut held {
        assert_eq!(client.get("/healthz").await.status, 200);
    }
    let mut beyond = server.connect().await;
    assert!(beyond.rest().await.is_empty());
    // Somebody else doesn't notice.
    let mut other = connect_from(&server, "127.0.0.2").await;
    assert_eq!(other.get("/healthz").await.status, 200);
    // And who leaves has room again; the server sees that as soon as it reads.
    let [left, mut stays] = held;
    drop(left);
    within(async {
        loop {
            let mut again = server.connect().await;
            again
                .send("GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
                .await;
            if again.rest().await.starts_with(b"HTTP/1.1 200 ") {
                break;
            }
        }
    })
    .await;
    assert_eq!(stays.get("/healthz").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_trusted_proxy_speaks_for_many() {
    let server = Running::start(|serving| {
        serving.limits.connections_per_address = 1;
        serving.trusted_proxies = TrustedProxies::new(vec!["127.0.0.1".parse().unwrap()]);
    })
    .await;
    let mut held = [server.connect().await, server.connect().await];
    for client in &mut held {
        assert_eq!(client.get("/healthz").await.status, 200);
    }
    let mut other = connect_from(&server, "127.0.0.2").await;
    assert_eq!(other.get("/healthz").await.status, 200);
    let mut beyond = connect_from(&server, "127.0.0.2").await;
    assert!(beyond.rest().await.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_full_house_lets_the_next_one_wait() {
    let server = Running::start(|serving| serving.limits.connections = 2).await;
    // Two that are in the middle of something.
    let mut busy = [server.connect().await, server.connect().await];
    for client in &mut busy {
        client
            .send("GET /gate HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            .await;
    }
    let mut waiting = server.connect().await;
    waiting
        .send("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        .await;
    let early = tokio::time::timeout(SHORT, waiting.0.read_u8()).await;
    assert!(early.is_err(), "served beyond the limit");
    let open = async {
        loop {
            server.gate.notify_waiters();
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::select! {
        answer = waiting.answer() => answer,
        () = open => unreachable!(),
    };
    assert_eq!(answer.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn idle_connections_make_room() {
    let server = Running::start(|serving| {
        serving.limits.connections = 2;
        serving.limits.idle_timeout = LONG;
    })
    .await;
    let mut idle = [server.connect().await, server.connect().await];
    for client in &mut idle {
        assert_eq!(client.get("/healthz").await.status, 200);
    }
    server.assert_serves().await;
    for mut client in idle {
        assert!(client.rest().await.is_empty());
    }
    server.stop().await;
}

#[tokio::test]
async fn many_may_come_before_the_first_is_accepted() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = super::super::adopt(listener).unwrap();
    let system = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
    let system = system.map_or(usize::MAX, |text| text.trim().parse().unwrap());
    // One that finds the queue full is left to try again in a second.
    let many: Vec<_> = (0..system.min(1000))
        .map(|_| std::net::TcpStream::connect_timeout(&address, SHORT).unwrap())
        .collect();
    drop((many, listener));
}
