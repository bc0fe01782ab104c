//! What a request leaves in the log, and whose word is believed.

use symbolon_rules::client_address::TrustedProxies;

use super::*;

fn trusting(serving: &mut Serving) {
    serving.trusted_proxies = TrustedProxies::new(vec!["127.0.0.1".parse().unwrap()]);
}

#[tokio::test]
async fn every_request_is_one_line_with_its_id() {
    let (captured, _guard) = capture();
    let server = Running::start(|_| ()).await;
    let mut client = server.connect().await;
    for (path, route, status) in [
        ("/healthz", "/healthz", 200),
        (
            "/things/canary-in-path?token=canary-in-query",
            "/things/{id}",
            200,
        ),
        ("/nowhere/canary-in-path", "none", 404),
        ("/api/login", "/api/login", 405),
    ] {
        let before = captured.lines("answered").len();
        let answer = client.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        let lines = captured.lines("answered");
        assert_eq!(lines.len(), before + 1, "{path}");
        let line = &lines[before];
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["method"], "GET");
        assert_eq!(line["route"], route);
        assert_eq!(line["status"], status);
        assert_eq!(line["client"], "127.0.0.1");
        assert!(line["ms"].is_number(), "{line}");
        let id = answer.header("x-request-id");
        assert_eq!(id.len(), 32);
        assert_eq!(line["span"]["id"], id.as_str());
    }
    server.stop().await;
    assert!(!captured.text().contains("canary"), "{}", captured.text());
}

#[tokio::test]
async fn what_is_logged_on_the_way_carries_the_id() {
    let (captured, _guard) = capture();
    let server = Running::start(trusting).await;
    let mut client = server.connect().await;
    let body = format!(r#"{{"username":"alice","password":"{PASSWORD}"}}"#);
    client
        .send(format!(
            "POST /api/login HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n\
             X-Request-Id: from-the-proxy_1.x\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-request-id"), "from-the-proxy_1.x");
    for message in ["login", "answered"] {
        let lines = captured.lines(message);
        assert_eq!(lines.len(), 1, "{message}");
        assert_eq!(lines[0]["span"]["id"], "from-the-proxy_1.x", "{message}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_for() {
    let (captured, _guard) = capture();
    let server = Running::start(|_| ()).await;
    let mut client = server.connect().await;
    let answer = client.get("/panic").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (500, "internal_error")
    );
    let lines = captured.lines("a handler panicked");
    assert_eq!(lines.len(), 1);
    assert_eq!(
        lines[0]["span"]["id"],
        answer.header("x-request-id").as_str()
    );
    assert_eq!(captured.lines("answered")[0]["status"], 500);
    assert_eq!(client.get("/healthz").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn an_id_is_taken_from_trusted_proxies_and_in_one_alphabet_only() {
    let long = "x".repeat(65);
    let server = Running::start(|_| ()).await;
    let behind = Running::start(trusting).await;
    for (server, id, taken) in [
        (&behind, "0123-abc_DEF.9", true),
        (&behind, &long[1..], true),
        (&behind, &long, false),
        (&behind, "", false),
        (&behind, "a b", false),
        (&behind, "a\tb", false),
        (&behind, "a\"b", false),
        (&behind, "a=b", false),
        (&behind, "\u{ed}d", false),
        (&behind, "one\r\nX-Request-Id: two", false),
        (&server, "0123-abc_DEF.9", false),
    ] {
        let mut client = server.connect().await;
        let answer = client
            .send_get("/healthz", &format!("X-Request-Id: {id}\r\n"))
            .await;
        let answered = answer.header("x-request-id");
        assert_eq!(answered == id, taken, "{id:?}");
        assert!(taken || answered.len() == 32, "{answered}");
    }
    let mut client = server.connect().await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..100 {
        ids.insert(client.get("/healthz").await.header("x-request-id"));
    }
    assert_eq!(ids.len(), 100);
    server.stop().await;
    behind.stop().await;
}

#[tokio::test]
async fn m1_no_header_is_believed_about_who_calls_or_who_we_are() {
    let spoofed = "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9;host=evil.test\r\n\
                   X-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 203.0.113.9\r\n";
    let metadata = "/.well-known/oauth-authorization-server";
    for (change, client_of) in [
        ((|_| ()) as fn(&mut Serving), "127.0.0.1"),
        (trusting, "203.0.113.9"),
    ] {
        let (captured, _guard) = capture();
        let server = Running::start(change).await;
        let mut client = server.connect().await;
        let plain = client.get(metadata).await;
        let answer = client.send_get(metadata, spoofed).await;
        assert_eq!(answer.body, plain.body);
        assert!(plain.body.contains(&server.address.to_string()));
        let lines = captured.lines("answered");
        assert_eq!(lines[0]["client"], "127.0.0.1");
        assert_eq!(lines[1]["client"], client_of);
        server.stop().await;
    }
}
