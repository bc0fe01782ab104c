//! What is counted, for Prometheus.
//!
//! Invariant: no label holds what a caller sent. Routes are templates, methods and statuses come from
//! short lists, and so the number of rows is known beforehand. The registry is a value, not a global.

use std::{sync::Arc, time::Duration};

use axum::http::{Method, StatusCode};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
        info::Info,
    },
    registry::Registry,
};

use crate::{app::App, telemetry::Count};

/// Token checks take microseconds, logins tens of milliseconds, a stuck database seconds.
const SECONDS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    method: &'static str,
    route: String,
}

/// Counted by the server itself.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<Timed, Histogram>,
    connections: Gauge,
    accepted: Counter,
    pub(super) refused: Counter,
    pub(super) crowded: Counter,
}

impl Metrics {
    pub(super) fn new(app: &Arc<App>) -> Arc<Self> {
        let mut registry = Registry::with_prefix("symbolon");
        let requests = Family::default();
        let durations =
            Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
        let connections = Gauge::default();
        let accepted = Counter::default();
        let refused = Counter::default();
        let crowded = Counter::default();
        for (name, help, metric) in [
            (
                "http_connections_accepted",
                "Connections that were let in",
                &accepted,
            ),
            (
                "http_connections_refused",
                "Connections beyond the limit of their address",
                &refused,
            ),
            (
                "http_connections_crowded",
                "How often there was no room for a connection",
                &crowded,
            ),
        ] {
            registry.register(name, help, metric.clone());
        }
        registry.register(
            "http_requests",
            "Requests that were answered",
            requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "From a request's headers to its answer's",
            durations.clone(),
        );
        registry.register("http_connections", "Open connections", connections.clone());
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "What runs", Info::new(version));
        registry.register_collector(Box::new(Engine(Arc::clone(app))));
        Arc::new(Self {
            registry,
            requests,
            durations,
            connections,
            accepted,
            refused,
            crowded,
        })
    }

    /// A request was answered.
    pub(super) fn answered(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let method = method_label(method);
        let status = status.as_u16();
        let route = route.to_owned();
        let timed = Timed {
            method,
            route: route.clone(),
        };
        let row = Request {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&row).inc();
        self.durations
            .get_or_create(&timed)
            .observe(took.as_secs_f64());
    }

    /// A connection is open until what this gives is dropped.
    pub(super) fn connection(self: &Arc<Self>) -> OpenConnection {
        self.accepted.inc();
        self.connections.inc();
        OpenConnection(Arc::clone(self))
    }

    /// The text that Prometheus reads.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Counts as open while it is there.
#[derive(Debug)]
pub(super) struct OpenConnection(Arc<Metrics>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

/// RFC 9110 lets anybody make up methods.
pub(super) fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// What the engine counts, read when Prometheus asks.
#[derive(Debug)]
struct Engine(Arc<App>);

impl Collector for Engine {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let App { tally, store, .. } = &*self.0;
        let logins = [
            ("succeeded", &tally.logins_succeeded),
            ("refused", &tally.logins_refused),
            ("failed", &tally.logins_failed),
        ];
        rows(
            &mut encoder,
            ("logins", "Logins, by how they ended"),
            "outcome",
            logins,
        )?;
        let failures = store.failures();
        let kinds = [
            ("unavailable", &failures.unavailable),
            ("outcome_unknown", &failures.outcome_unknown),
            ("fault", &failures.fault),
        ];
        rows(
            &mut encoder,
            ("store_errors", "Database operations that failed"),
            "kind",
            kinds,
        )?;
        let signed = ConstCounter::new(tally.tokens_signed.total());
        let (name, help) = ("tokens_signed", "Access tokens that were signed");
        signed.encode(encoder.encode_descriptor(name, help, None, signed.metric_type())?)?;
        self.hashing(&mut encoder)?;
        self.key_age(&mut encoder)
    }
}

impl Engine {
    fn hashing(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let load = self.0.passwords.load();
        for (name, help, value) in [
            (
                "hashing_waiting",
                "Passwords that wait for a hashing thread",
                load.waiting,
            ),
            (
                "hashing_running",
                "Passwords that are being hashed",
                load.running,
            ),
            (
                "hashing_memory_bytes",
                "Memory that hashing has reserved",
                load.memory,
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let refused = ConstCounter::new(self.0.passwords.turned_away().total());
        let (name, help) = (
            "hashing_refused",
            "Passwords for which there was no time or room",
        );
        refused.encode(encoder.encode_descriptor(name, help, None, refused.metric_type())?)
    }

    fn key_age(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let now = self.0.clock.now();
        let Some(since) = self.0.keys.signing_since(now) else {
            return Ok(());
        };
        let age = ConstGauge::new(now.as_secs() - since.as_secs());
        let (name, help) = (
            "signing_key_age_seconds",
            "How long the key has been signing",
        );
        age.encode(encoder.encode_descriptor(name, help, None, age.metric_type())?)
    }
}

fn rows<const N: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    label: &'static str,
    rows: [(&'static str, &Count); N],
) -> Result<(), std::fmt::Error> {
    let kind = ConstCounter::new(0_u64).metric_type();
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for (value, count) in rows {
        let labels = [(label, value)];
        ConstCounter::new(count.total()).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}
