//! The end: what is under way finishes, nothing else begins, and nobody is waited for without end.

use super::*;

/// Sends a request to `/gate` and waits until the server has begun with it.
async fn begin_request(server: &Running) -> Client<TcpStream> {
    let mut client = server.connect().await;
    client
        .send("GET /gate HTTP/1.1\r\nHost: here\r\n\r\n")
        .await;
    // Another one behind it: a server that answers this has read the other.
    server.assert_serves().await;
    client
}

#[tokio::test]
async fn what_is_under_way_finishes_and_idle_connections_go() {
    let mut server = Running::start(|serving| serving.drain.timeout = LONG).await;
    let mut idle = server.connect().await;
    assert_eq!(idle.get("/healthz").await.status, 200);
    let mut silent = server.connect().await;
    let mut under_way = begin_request(&server).await;
    let (end, _) = oneshot::channel();
    std::mem::replace(&mut server.end, end).send(()).unwrap();
    // They go while the other is still being answered.
    assert!(idle.rest().await.is_empty());
    assert!(silent.rest().await.is_empty());
    within(async { while TcpStream::connect(server.address).await.is_ok() {} }).await;
    server.gate.notify_one();
    let answer = under_way.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "open"));
    assert_eq!(answer.header("connection"), "close");
    within(server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_takes_too_long_is_not_waited_for() {
    let server = Running::start(|serving| serving.drain.timeout = SHORT).await;
    let (captured, _guard) = capture();
    let mut stuck = begin_request(&server).await;
    server.stop().await;
    assert!(stuck.rest().await.is_empty());
    assert_eq!(
        captured.lines("cut off what took too long to finish").len(),
        1
    );
}

#[tokio::test]
async fn the_end_is_announced_while_everything_is_still_served() {
    let mut server = Running::start(|serving| serving.drain.notice = SHORT).await;
    let mut client = server.connect().await;
    assert_eq!(client.get("/readyz").await.status, 200);
    let (end, _) = oneshot::channel();
    std::mem::replace(&mut server.end, end).send(()).unwrap();
    let mut other = within(async {
        loop {
            let mut other = server.connect().await;
            let answer = other.get("/readyz").await;
            if answer.status == 503 {
                assert_eq!(answer.code(), "draining");
                break other;
            }
        }
    })
    .await;
    assert_eq!(other.get("/healthz").await.status, 200);
    within(server.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
