//! Callers who are slow on purpose, or never come to the point. Honest ones are served meanwhile.

use super::*;

#[tokio::test]
async fn slowloris_never_gets_to_the_end_of_its_headers() {
    let server = Running::start(|serving| {
        serving.limits.header_timeout = SHORT;
        serving.limits.idle_timeout = LONG;
    })
    .await;
    let began = tokio::time::Instant::now();
    for beginning in ["", "G", "GET / HTTP/1.1\r\nX: ", "PRI * HTTP/2.0\r\n"] {
        let mut silent = server.connect().await;
        silent.send(beginning).await;
        let mut dripping = server.connect().await;
        dripping.send(beginning).await;
        let (_, _, ()) = tokio::join!(
            silent.rest(),
            dripping.trickle(b'x'),
            server.assert_serves()
        );
    }
    assert!(began.elapsed() >= SHORT, "they were cut off early");
    server.stop().await;
}

#[tokio::test]
async fn a_second_request_may_be_waited_for_but_not_dripped() {
    let server = Running::start(|serving| {
        serving.limits.header_timeout = SHORT;
        serving.limits.idle_timeout = LONG;
    })
    .await;
    let mut client = server.connect().await;
    assert_eq!(client.get("/healthz").await.status, 200);
    // An idle connection outlives the limit of headers.
    let early = tokio::time::timeout(SHORT * 2, client.0.read_u8()).await;
    assert!(early.is_err(), "closed while idle: {early:?}");
    assert_eq!(client.get("/healthz").await.status, 200);
    client.send("GET /healthz HTTP/1.1\r\n").await;
    assert!(client.trickle(b'X').await.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Running::start(|serving| {
        serving.limits.header_timeout = LONG;
        serving.limits.idle_timeout = SHORT;
    })
    .await;
    let mut client = server.connect().await;
    assert_eq!(client.get("/healthz").await.status, 200);
    let (rest, ()) = tokio::join!(client.rest(), server.assert_serves());
    assert!(rest.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_slow_body_is_told_so_and_loses_its_connection() {
    let server = Running::start(|serving| serving.limits.body_timeout = SHORT).await;
    let head = "POST /api/login HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n\
                Content-Length: 9000\r\n\r\n{";
    let mut stuck = server.connect().await;
    stuck.send(head).await;
    let mut dripping = server.connect().await;
    dripping.send(head).await;
    let (answer, said, ()) = tokio::join!(
        stuck.answer(),
        dripping.trickle(b' '),
        server.assert_serves()
    );
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (408, "request_timeout")
    );
    assert_eq!(answer.header("connection"), "close");
    assert!(stuck.rest().await.is_empty());
    let said = String::from_utf8(said).unwrap();
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let server = Running::start(|serving| serving.limits.request_timeout = SHORT).await;
    let mut client = server.connect().await;
    client
        .send("GET /never HTTP/1.1\r\nHost: here\r\n\r\n")
        .await;
    let (answer, ()) = tokio::join!(client.answer(), server.assert_serves());
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "request_overdue")
    );
    assert_eq!(answer.header("retry-after"), "1");
    server.stop().await;
}

#[tokio::test]
async fn who_never_reads_their_answer_is_cut_off() {
    let server = Running::start(|serving| {
        serving.limits.request_timeout = SHORT;
        serving.limits.connections = 1;
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET /big HTTP/1.1\r\nHost: here\r\n\r\n").await;
    // There is room for nobody else until it is gone.
    server.assert_serves().await;
    assert!(client.rest().await.len() < 64 << 20);
    server.stop().await;
}

#[tokio::test]
async fn headers_are_refused_beyond_their_limit() {
    let server = Running::start(|_| ()).await;
    let long = format!("X: {}\r\n", "x".repeat(20 * 1024));
    let many = "X: x\r\n".repeat(101);
    for headers in [long, many] {
        let mut client = server.connect().await;
        let request = format!("GET /healthz HTTP/1.1\r\nHost: here\r\n{headers}\r\n");
        client.send(request).await;
        let said = String::from_utf8(client.rest().await).unwrap();
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
        server.assert_serves().await;
    }
    server.stop().await;
}
