//! What other sites' scripts may read.

use symbolon_rules::origin::Origins;

use super::*;

const LISTED: &str = "https://app.example";

async fn listing() -> Running {
    Running::start(|serving| serving.cors_origins = Origins::parse([LISTED]).unwrap()).await
}

#[tokio::test]
async fn each_route_is_open_to_whom_it_should_be() {
    let server = listing().await;
    let mut client = server.connect().await;
    for (path, origin, allowed) in [
        ("/.well-known/jwks.json", "https://any.test", "*"),
        ("/.well-known/jwks.json", LISTED, "*"),
        ("/.well-known/openid-configuration", "null", "*"),
        (
            "/.well-known/oauth-authorization-server",
            "https://any.test",
            "*",
        ),
        ("/api/me", LISTED, LISTED),
        ("/api/me", "null", ""),
        ("/api/me", "https://evilapp.example", ""),
        ("/api/me", "https://app.example.evil.test", ""),
        ("/api/me", "https://APP.example", ""),
        ("/api/me", "http://app.example", ""),
        ("/api/me", "https://app.example:8443", ""),
        ("/api/nothing", LISTED, LISTED),
        ("/healthz", LISTED, ""),
        ("/things/1", LISTED, ""),
        ("/nowhere", LISTED, ""),
    ] {
        let answer = client
            .send_get(path, &format!("Origin: {origin}\r\n"))
            .await;
        let found = answer.header("access-control-allow-origin");
        assert_eq!(found, allowed, "{path} from {origin}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let exposed = answer.header("access-control-expose-headers");
        assert_eq!(exposed.contains("x-request-id"), !allowed.is_empty());
        let varies = answer.header("vary").contains("Origin");
        assert_eq!(varies, path.starts_with("/api/"), "{path}: {answer:?}");
    }
    // Caches must know also where nobody asked.
    let answer = client.get("/api/me").await;
    assert!(answer.header("vary").contains("Origin"), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let keys = client.get("/.well-known/jwks.json").await;
    assert_eq!(keys.header("access-control-allow-origin"), "*");
    server.stop().await;
}

#[tokio::test]
async fn browsers_are_answered_before_they_send() {
    let server = listing().await;
    let mut client = server.connect().await;
    for (path, origin, methods) in [
        ("/api/login", LISTED, "POST"),
        ("/api/me", LISTED, "GET"),
        ("/.well-known/jwks.json", "https://any.test", "GET"),
        ("/api/login", "https://any.test", ""),
        ("/api/login", "null", ""),
    ] {
        let answer = preflight(&mut client, path, origin).await;
        assert_eq!(answer.status, 204, "{path} from {origin}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-methods"), methods);
        let open = !methods.is_empty();
        let headers = answer.header("access-control-allow-headers");
        assert_eq!(headers == "authorization, content-type", open);
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(
            !answer.header("access-control-allow-origin").is_empty(),
            open
        );
    }
    // Not for other sites at all: an ordinary answer to OPTIONS.
    let answer = preflight(&mut client, "/healthz", LISTED).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_listed_unless_somebody_says_so() {
    let server = Running::start(|_| ()).await;
    let mut client = server.connect().await;
    let answer = client
        .send_get("/api/me", &format!("Origin: {LISTED}\r\n"))
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    server.stop().await;
}

async fn preflight(client: &mut Client<TcpStream>, path: &str, origin: &str) -> Answer {
    let request = format!(
        "OPTIONS {path} HTTP/1.1\r\nHost: here\r\nOrigin: {origin}\r\n\
         Access-Control-Request-Method: POST\r\n\r\n"
    );
    client.send(request).await;
    client.answer().await
}
