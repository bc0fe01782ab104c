//! docs/serving.md says what is so: its metrics, its limits, and the headers of its proxy.

use super::*;
use crate::http::serve::{AdminReach, Limits, bind_admin};

const DOCUMENT: &str = include_str!("../../../../../../docs/serving.md");

/// The block of this language.
fn block(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let (_, rest) = DOCUMENT.split_once(&fence).unwrap();
    rest.split_once("```").unwrap().0
}

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_one_is_there() {
    let listener = bind_admin("127.0.0.1:0".parse().unwrap(), AdminReach::Loopback).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Running::start(|serving| serving.admin = Some(listener)).await;
    server.assert_serves().await;
    let mut admin = Client(within(TcpStream::connect(address)).await.unwrap());
    let text = admin.get("/metrics").await.body;
    let mut served: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| match line.split_once(' ').unwrap() {
            (name, "counter") => format!("{name}_total"),
            (name, "info") => format!("{name}_info"),
            (name, _) => name.to_owned(),
        })
        .collect();
    let rows = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("| `symbolon_"));
    let mut documented: Vec<_> = rows
        .map(|row| format!("symbolon_{}", row.split_once('`').unwrap().0))
        .collect();
    served.sort();
    documented.sort();
    assert_eq!(served, documented);
    server.stop().await;
}

#[test]
fn the_limits_are_the_ones_that_hold() {
    let limits = Limits::default();
    let seconds = |time: Duration| match time.as_secs() {
        60 => "1 min".to_owned(),
        seconds => format!("{seconds} s"),
    };
    for (key, value) in [
        ("connections", limits.connections.to_string()),
        (
            "connections_per_address",
            limits.connections_per_address.to_string(),
        ),
        ("header_timeout", seconds(limits.header_timeout)),
        ("body_timeout", seconds(limits.body_timeout)),
        ("idle_timeout", seconds(limits.idle_timeout)),
        ("request_timeout", seconds(limits.request_timeout)),
    ] {
        let row = format!("| `limits.{key}` | {value} |");
        assert!(DOCUMENT.contains(&row), "{row}");
    }
    assert!(DOCUMENT.contains(&format!("{} requests at once", limits.streams)));
    assert!(DOCUMENT.contains(&format!("{} KiB and 100 lines", limits.header_bytes / 1024)));
}

#[test]
fn the_proxy_sends_what_is_read() {
    let nginx = block("nginx");
    assert_eq!(nginx.matches('{').count(), nginx.matches('}').count());
    for line in nginx.lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(line.ends_with(['{', '}', ';']), "{line}");
    }
    let set: Vec<_> = nginx
        .lines()
        .filter_map(|line| line.trim().strip_prefix("proxy_set_header "))
        .filter_map(|line| line.split_once(' '))
        .collect();
    assert_eq!(
        set,
        [
            ("Connection", "\"\";"),
            ("Host", "$host;"),
            ("X-Forwarded-For", "$proxy_add_x_forwarded_for;"),
            ("X-Request-Id", "$request_id;"),
        ]
    );
}
