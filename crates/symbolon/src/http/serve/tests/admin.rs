//! The listener for whoever runs the server.

use std::net::TcpListener;

use super::*;
use crate::http::serve::{AdminError, AdminReach, bind_admin};

async fn with_admin() -> (Running, Client<TcpStream>) {
    let listener = bind_admin("127.0.0.1:0".parse().unwrap(), AdminReach::Loopback).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Running::start(|serving| serving.admin = Some(listener)).await;
    let admin = Client(within(TcpStream::connect(address)).await.unwrap());
    (server, admin)
}

async fn log_in(client: &mut Client<TcpStream>, password: &str) -> u16 {
    let body = format!(r#"{{"username":"alice","password":"{password}"}}"#);
    client
        .send(format!(
            "POST /api/login HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    client.answer().await.status
}

#[test]
fn other_machines_reach_it_only_where_that_is_said() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let refused = bind_admin(address.parse().unwrap(), AdminReach::Loopback);
        assert!(
            matches!(refused, Err(AdminError::Reachable(_))),
            "{address}"
        );
    }
    for (address, reach) in [
        ("127.0.0.1:0", AdminReach::Loopback),
        ("127.0.0.9:0", AdminReach::Loopback),
        ("0.0.0.0:0", AdminReach::DangerousAnywhere),
    ] {
        assert!(
            bind_admin(address.parse().unwrap(), reach).is_ok(),
            "{address}"
        );
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let again = bind_admin(taken.local_addr().unwrap(), AdminReach::Loopback);
    assert!(matches!(again, Err(AdminError::Bind(..))));
}

#[tokio::test]
async fn what_happened_is_counted() {
    let (server, mut admin) = with_admin().await;
    let mut client = server.connect().await;
    assert_eq!(log_in(&mut client, PASSWORD).await, 200);
    assert_eq!(log_in(&mut client, "wrong").await, 401);
    assert_eq!(log_in(&mut client, "wrong").await, 401);
    assert_eq!(client.get("/things/7").await.status, 200);
    let answer = admin.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    for row in [
        r#"symbolon_http_requests_total{method="POST",route="/api/login",status="200"} 1"#,
        r#"symbolon_http_requests_total{method="POST",route="/api/login",status="401"} 2"#,
        r#"symbolon_http_requests_total{method="GET",route="/things/{id}",status="200"} 1"#,
        r#"symbolon_http_request_duration_seconds_count{method="POST",route="/api/login"} 3"#,
        r#"symbolon_logins_total{outcome="succeeded"} 1"#,
        r#"symbolon_logins_total{outcome="refused"} 2"#,
        r#"symbolon_logins_total{outcome="failed"} 0"#,
        r#"symbolon_store_errors_total{kind="unavailable"} 0"#,
        "symbolon_tokens_signed_total 1",
        "symbolon_hashing_waiting 0",
        "symbolon_hashing_running ",
        "symbolon_hashing_memory_bytes ",
        "symbolon_hashing_refused_total 0",
        "symbolon_http_connections 2",
        "symbolon_http_connections_accepted_total 2",
        "symbolon_http_connections_refused_total 0",
        "symbolon_signing_key_age_seconds ",
        "symbolon_build_info{version=\"",
    ] {
        let found = answer.body.lines().any(|line| line.starts_with(row));
        assert!(found, "{row} is not in\n{}", answer.body);
    }
    assert!(answer.body.ends_with("# EOF\n"));
    server.stop().await;
}

#[tokio::test]
async fn no_caller_adds_rows() {
    let (server, mut admin) = with_admin().await;
    let mut client = server.connect().await;
    let rows = async |admin: &mut Client<TcpStream>| {
        let text = admin.get("/metrics").await.body;
        text.lines().filter(|line| line.contains("route=")).count()
    };
    client.get("/nowhere").await;
    client
        .send("BREW /nowhere HTTP/1.1\r\nHost: here\r\n\r\n")
        .await;
    client.answer().await;
    client.get("/things/0").await;
    let before = rows(&mut admin).await;
    for number in 0..50 {
        client.get(&format!("/nowhere/{number}")).await;
        client.get(&format!("/things/{number}?x={number}")).await;
        client
            .send(format!(
                "BREW{number} /nowhere HTTP/1.1\r\nHost: h{number}\r\n\r\n"
            ))
            .await;
        client.answer().await;
    }
    assert_eq!(rows(&mut admin).await, before);
    server.stop().await;
}

#[tokio::test]
async fn it_says_how_the_server_is_and_nothing_else() {
    let (server, mut admin) = with_admin().await;
    assert_eq!(admin.get("/healthz").await.status, 200);
    assert_eq!(admin.get("/readyz").await.status, 200);
    for path in ["/api/me", "/.well-known/jwks.json", "/"] {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
    let mut public = server.connect().await;
    assert_eq!(public.get("/metrics").await.status, 404);
    // A store that is gone is told here as there.
    server.engine.shutdown().await;
    assert_eq!(admin.get("/readyz").await.status, 503);
    assert_eq!(admin.get("/healthz").await.status, 200);
    let text = admin.get("/metrics").await.body;
    assert!(
        text.contains("symbolon_store_errors_total{kind=\"unavailable\"} 1"),
        "{text}"
    );
    server.stop().await;
}
