//! HTTP/2, with a client that keeps to it and with frames by hand that don't (RFC 9113).

use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// RFC 9113 §7.
const ENHANCE_YOUR_CALM: u32 = 0xb;
/// `GET / http` to `here`, in HPACK (RFC 7541): three rows of the static table and a literal.
const REQUEST: &[u8] = b"\x82\x84\x86\x41\x04here";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

async fn begin(server: &Running) -> Client<TcpStream> {
    let mut client = server.connect().await;
    client.send(PREFACE).await;
    client.send(frame(SETTINGS, 0, 0, b"")).await;
    client
}

/// The frames in what the server said: their kinds, flags and payloads.
fn frames(mut said: &[u8]) -> Vec<(u8, u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, flags, _, _, _, _, rest @ ..] = said {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        let Some((payload, after)) = rest.split_at_checked(length) else {
            break;
        };
        frames.push((*kind, *flags, payload.to_vec()));
        said = after;
    }
    frames
}

/// The reasons with which the server hung up.
fn goodbyes(said: &[u8]) -> Vec<u32> {
    let frames = frames(said).into_iter();
    let goodbyes = frames.filter(|(kind, ..)| *kind == GOAWAY);
    goodbyes
        .map(|(_, _, payload)| u32::from_be_bytes(payload[4..8].try_into().unwrap()))
        .collect()
}

#[tokio::test]
async fn it_is_spoken_without_tls_by_whoever_knows_beforehand() {
    let server = Running::start(|_| ()).await;
    let stream = server.connect().await.0;
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = || {
        http::Request::get("http://here/healthz")
            .body(Body::empty())
            .unwrap()
    };
    for _ in 0..3 {
        let answer = within(client.send_request(request())).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().contains_key("x-request-id"));
    }
    server.stop().await;
}

#[tokio::test]
async fn rapid_reset_is_hung_up_on() {
    let server = Running::start(|_| ()).await;
    let mut client = begin(&server).await;
    let mut storm = Vec::new();
    for number in 0..2000 {
        let stream = 2 * number + 1;
        storm.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, REQUEST));
        storm.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    let _ = within(client.0.write_all(&storm)).await;
    let (said, ()) = tokio::join!(client.rest(), server.assert_serves());
    assert_eq!(goodbyes(&said), [ENHANCE_YOUR_CALM]);
    server.stop().await;
}

#[tokio::test]
async fn headers_that_never_end_are_hung_up_on() {
    let server = Running::start(|_| ()).await;
    let mut client = begin(&server).await;
    // A literal without a place in the table: each frame adds one header line of 4 KiB.
    let mut line = b"\x00\x01x\x7f\x81\x1f".to_vec();
    line.extend(vec![b'x'; 4096]);
    let mut storm = frame(HEADERS, END_STREAM, 1, REQUEST);
    for _ in 0..4000 {
        storm.extend(frame(CONTINUATION, 0, 1, &line));
    }
    let _ = within(client.0.write_all(&storm)).await;
    let (said, ()) = tokio::join!(client.rest(), server.assert_serves());
    assert_eq!(goodbyes(&said).len(), 1, "{said:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_connection_without_requests_is_closed_however_alive_it_is() {
    let server = Running::start(|serving| {
        serving.limits.header_timeout = SHORT;
        serving.limits.idle_timeout = SHORT;
    })
    .await;
    for first in [
        None,
        Some(frame(HEADERS, END_HEADERS | END_STREAM, 1, REQUEST)),
    ] {
        let mut client = begin(&server).await;
        client.send(first.unwrap_or_default()).await;
        let (mut read, mut write) = tokio::io::split(&mut client.0);
        let mut said = Vec::new();
        let pings = async {
            let mut ticks = tokio::time::interval(SHORT / 8);
            loop {
                ticks.tick().await;
                if write
                    .write_all(&frame(PING, 0, 0, b"12345678"))
                    .await
                    .is_err()
                {
                    return std::future::pending::<()>().await;
                }
            }
        };
        let closed = async {
            tokio::select! {
                _ = read.read_to_end(&mut said) => {}
                () = pings => {}
            }
        };
        within(closed).await;
        server.assert_serves().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn one_connection_has_so_many_requests_under_way_and_no_more() {
    let server = Running::start(|serving| serving.limits.streams = 3).await;
    let mut client = begin(&server).await;
    let mut requests = Vec::new();
    let never = b"\x82\x04\x06/never\x86\x41\x04here";
    for number in 0..4 {
        requests.extend(frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            2 * number + 1,
            never,
        ));
    }
    client.send(requests).await;
    // RFC 9113 §5.1.2: the one beyond is refused, and may be sent again elsewhere.
    let mut said = Vec::new();
    let refused = async {
        while !frames(&said).iter().any(|(kind, ..)| *kind == RST_STREAM) {
            client.0.read_buf(&mut said).await.unwrap();
        }
    };
    within(refused).await;
    let resets = frames(&said).into_iter();
    let resets: Vec<_> = resets.filter(|(kind, ..)| *kind == RST_STREAM).collect();
    assert_eq!(resets, [(RST_STREAM, 0, 7_u32.to_be_bytes().to_vec())]);
    server.assert_serves().await;
    drop(client);
    server.stop().await;
}
