//! What a guard does for one request, called in this process: without HTTP, sockets and a runtime.

use std::{
    convert::Infallible,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use anyhow::{Context as _, Result, bail};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use axum::{Extension, Router, body::Body, http::Request, routing::get};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use symbolon_guard::{
    Caller, Denied, DenySet, Guard,
    token::{KeySet, Policy, SigningKey, Timestamp, Typ, Verifier},
};
use tower_service::Service;

use super::tokens::{AUDIENCE, ISSUER, Tokens};
use crate::{
    allocations,
    clock::ThreadStopwatch,
    guard::other,
    report::{Row, Standing, Unit},
    rounds::{Figure, interleave},
};

/// A thousand tokens beside the ten thousand, ten times in turn: what is remembered of them stays in the processor's
/// caches.
const FEW_TOKENS: usize = 1000;
const TURNS: usize = 10;

pub(super) fn measure(rounds: usize, tokens: &Tokens, bare_request: Figure) -> Result<Vec<Row>> {
    let remembering = guard(&tokens.secret)?.with_deny_set(&denials());
    let verifying = guard(&tokens.pair)?.with_cache_bytes(0);
    let plain = guard(&tokens.secret)?.with_cache_bytes(0);
    let few = tokens.hs256.get(..FEW_TOKENS).context("some tokens")?;
    let few: Vec<_> = std::iter::repeat_n(few, TURNS).flatten().cloned().collect();
    let some = tokens.es256.get(..500).context("some tokens")?;
    let raw = Raw::new(tokens)?;
    let measured = interleave(
        rounds,
        &mut [
            &mut || time_requests(&tokens.hs256, |headers| require(&remembering, headers)),
            &mut || time_requests(&few, |headers| require(&remembering, headers)),
            &mut || time_requests(&tokens.hs256, |headers| require(&plain, headers)),
            &mut || time_requests(some, |headers| require(&verifying, headers)),
            &mut || time(some, |token| raw.verify(token)),
        ],
    )?;
    let figures: Vec<Figure> = measured.into_iter().map(Figure::of).collect();
    let [hit, hit_of_few, miss, signature, limit] = <[Figure; 5]>::try_from(figures)
        .ok()
        .context("each has its figure")?;
    let hs256 = headers(&tokens.hs256)?;
    let row = |name: &str, unit, ours, others| Row {
        name: name.to_owned(),
        unit,
        ours,
        others,
    };
    let us = Unit::Microseconds;
    // How much of a request it is: that doesn't depend on how fast the machine is at the time.
    let request = || vec![other(Standing::Limit, "bare axum", bare_request)];
    Ok(vec![
        row("called directly: HS256, remembered", us, hit, request()),
        row(
            "called directly: 1,000 tokens in turn",
            us,
            hit_of_few,
            request(),
        ),
        row("called directly: HS256, verified", us, miss, request()),
        row(
            "called directly: ES256, verified; the raw signature",
            us,
            signature,
            vec![other(Standing::Limit, "raw aws-lc-rs", limit)],
        ),
        allocated(
            "a request, by extractor",
            &by_extractor(&remembering),
            &bare(),
            &hs256,
        )?,
        // The limit puts a value into the request's extensions, as a layer must.
        allocated(
            "a request, by layer",
            &by_layer(&remembering),
            &bare().layer(Extension(0_u8)),
            &hs256,
        )?,
    ])
}

fn guard(key: &SigningKey) -> Result<Guard> {
    let policy = Policy {
        issuer: ISSUER.into(),
        audience: vec![AUDIENCE.into()],
        algorithms: vec![key.algorithm()],
        typ: Typ::ACCESS_TOKEN,
    };
    let keys = KeySet::new([key.verifying_key()])?;
    Ok(Guard::new(Verifier::new(keys, policy)?))
}

/// Ten thousand that concern none of the tokens.
fn denials() -> DenySet {
    let denied = DenySet::new();
    for number in 0..10_000 {
        let name = format!("denied-{number}");
        denied.deny(Denied::token(&name), Timestamp::from_secs(i64::MAX / 1000));
    }
    denied
}

fn headers(tokens: &[String]) -> Result<Vec<HeaderMap>> {
    let of = |token: &String| {
        let value = HeaderValue::try_from(format!("Bearer {token}"))?;
        Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
    };
    tokens.iter().map(of).collect()
}

/// Microseconds a request, one with each of the tokens.
///
/// Whoever asks a guard has just read the request, so its octets are in the processor's caches; what the guard
/// remembers of its token isn't. So each hundred requests is made right before.
fn time_requests(tokens: &[String], call: impl Fn(&HeaderMap) -> Result<()>) -> Result<f64> {
    let mut spent = 0.0;
    for few in tokens.chunks(100) {
        let requests = headers(few)?;
        spent += time(&requests, &call)? * count(few);
    }
    Ok(spent / count(tokens))
}

/// Microseconds a call, all of the items once.
fn time<T>(items: &[T], call: impl Fn(&T) -> Result<()>) -> Result<f64> {
    let stopwatch = ThreadStopwatch::start();
    for item in items {
        call(item)?;
    }
    Ok(stopwatch.microseconds() / count(items))
}

#[expect(clippy::cast_precision_loss, reason = "some ten thousand items")]
fn count<T>(items: &[T]) -> f64 {
    items.len() as f64
}

fn require(guard: &Guard, headers: &HeaderMap) -> Result<()> {
    let mut admitted = pin!(guard.require(headers));
    match admitted
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(Ok(caller)) => {
            black_box(caller.subject());
            Ok(())
        }
        Poll::Ready(Err(refused)) => bail!("{refused}"),
        Poll::Pending => bail!("a guard with fixed keys waits"),
    }
}

/// The signature alone, with a key that is parsed already.
struct Raw(ParsedPublicKey);

impl Raw {
    fn new(tokens: &Tokens) -> Result<Self> {
        let jwk: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(
            tokens.folder.path().join("jwk.json"),
        )?)?;
        let mut point = vec![4];
        for coordinate in ["x", "y"] {
            let text = jwk[coordinate].as_str().context("a coordinate")?;
            point.extend(BASE64URL_NOPAD.decode(text.as_bytes())?);
        }
        Ok(Self(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?))
    }

    #[expect(clippy::ptr_arg, reason = "an item of a list of strings")]
    fn verify(&self, token: &String) -> Result<()> {
        let (signed, signature) = token.rsplit_once('.').context("a token")?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes())?;
        Ok(self.0.verify_sig(signed.as_bytes(), &signature)?)
    }
}

fn bare() -> Router {
    Router::new().route("/me", get(async || "ada"))
}

fn by_extractor(guard: &Guard) -> Router {
    let me = async |caller: Caller| {
        black_box(caller.subject());
        "ada"
    };
    Router::new()
        .route("/me", get(me))
        .with_state(guard.clone())
}

fn by_layer(guard: &Guard) -> Router {
    let me = async |Extension(caller): Extension<Caller>| {
        black_box(caller.subject());
        "ada"
    };
    Router::new().route("/me", get(me)).layer(guard.layer())
}

/// What a request allocates in a router on a path that everything has been on before, and in a bare one.
fn allocated(name: &str, router: &Router, limit: &Router, headers: &[HeaderMap]) -> Result<Row> {
    let count = |router: &Router| {
        let mut router = router.clone();
        let mut counts = Vec::new();
        for headers in headers.iter().take(100).chain(headers.iter().take(100)) {
            let mut request = Request::get("/me").body(Body::empty())?;
            *request.headers_mut() = headers.clone();
            let before = allocations::count();
            let status = answer(&mut router, request)?;
            counts.push(f64::from(allocations::count() - before));
            anyhow::ensure!(status == 200, "the router answers {status}");
        }
        Ok::<Figure, anyhow::Error>(Figure::of(counts.split_off(100)))
    };
    Ok(Row {
        name: name.to_owned(),
        unit: Unit::Allocations,
        ours: count(router)?,
        others: vec![other(Standing::Limit, "bare axum", count(limit)?)],
    })
}

fn answer(router: &mut Router, request: Request<Body>) -> Result<u16> {
    let mut context = Context::from_waker(Waker::noop());
    let ready: Poll<Result<(), Infallible>> =
        Service::<Request<Body>>::poll_ready(router, &mut context);
    anyhow::ensure!(ready.is_ready(), "a router is always ready");
    let mut answering = pin!(router.call(request));
    match answering.as_mut().poll(&mut context) {
        Poll::Ready(Ok(answer)) => Ok(answer.status().as_u16()),
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => bail!("the router waits"),
    }
}
