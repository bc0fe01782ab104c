//! A program with one route, guarded in one of several ways: `guard-server KIND FOLDER`.
//!
//! One thread, as one core would have it. The keys are in the folder.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use axum::{
    Extension, Router,
    extract::{FromRef, FromRequestParts},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    routing::get,
};
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde::Deserialize;
use symbolon_guard::{
    Caller, Denied, DenySet, Guard,
    token::{Algorithm, Jwk, KeySet, Policy, Timestamp, Typ, Verifier, VerifyingKey},
};
use tokio::{net::TcpListener, runtime::Builder};

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "https://api.example.com";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().context("which kind?")?;
    let folder = arguments.next().context("which folder?")?;
    let router = router(&kind, Path::new(&folder))?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(serve(router))?)
}

async fn serve(router: Router) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    axum::serve(listener, router).await
}

fn router(kind: &str, folder: &Path) -> Result<Router> {
    let (way, algorithm) = match kind.rsplit_once('-') {
        Some((way, algorithm @ ("hs256" | "es256"))) => (way, algorithm),
        _ => (kind, ""),
    };
    let extracted = get(async |caller: Caller| caller.subject().to_owned());
    Ok(match way {
        "bare" => Router::new().route("/me", get(async || SUBJECT.to_owned())),
        // What any layer costs that has something to say to the view.
        "bare-layer" => Router::new()
            .route("/me", get(async || SUBJECT.to_owned()))
            .layer(Extension(0_u8)),
        "cached" => Router::new()
            .route("/me", extracted)
            .with_state(guard(algorithm, folder)?.with_deny_set(&denials())),
        "layer" => {
            let guard = guard(algorithm, folder)?.with_deny_set(&denials());
            let view = async |Extension(caller): Extension<Caller>| caller.subject().to_owned();
            Router::new().route("/me", get(view)).layer(guard.layer())
        }
        "plain" => Router::new()
            .route("/me", extracted)
            .with_state(guard(algorithm, folder)?.with_cache_bytes(0)),
        "by-hand" => Router::new()
            .route("/me", get(async |ByHand(claims): ByHand| claims.sub))
            .with_state(Keys::new(algorithm, folder)?),
        _ => bail!("there is no kind {kind:?}"),
    })
}

/// As long as those of the tokens.
const SUBJECT: &str = "01938f3c-7a52-7c1e-9d5b-000000000000";

fn guard(algorithm: &str, folder: &Path) -> Result<Guard> {
    let key = if algorithm == "hs256" {
        VerifyingKey::hmac(Algorithm::HS256, &fs::read(folder.join("secret"))?)?
    } else {
        VerifyingKey::from_jwk(
            &Jwk::parse(&fs::read(folder.join("jwk.json"))?)?,
            Algorithm::ES256,
        )?
    };
    let policy = Policy {
        issuer: ISSUER.into(),
        audience: vec![AUDIENCE.into()],
        algorithms: vec![key.algorithm()],
        typ: Typ::ACCESS_TOKEN,
    };
    Ok(Guard::new(Verifier::new(KeySet::new([key])?, policy)?))
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

/// `jsonwebtoken` as services call it: a key and a validation made once, issuer, audience and expiry checked.
#[derive(Clone)]
struct Keys(Arc<(DecodingKey, Validation)>);

impl Keys {
    fn new(algorithm: &str, folder: &Path) -> Result<Self> {
        let (key, algorithm) = if algorithm == "hs256" {
            let secret = fs::read(folder.join("secret"))?;
            (
                DecodingKey::from_secret(&secret),
                jsonwebtoken::Algorithm::HS256,
            )
        } else {
            let pem = fs::read(folder.join("public.pem"))?;
            (
                DecodingKey::from_ec_pem(&pem)?,
                jsonwebtoken::Algorithm::ES256,
            )
        };
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        Ok(Self(Arc::new((key, validation))))
    }
}

/// What a program that reads the same claims as ours would deserialize.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are there to be read")]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: String,
    roles: Vec<String>,
    scope: String,
}

struct ByHand(Claims);

impl<S> FromRequestParts<S> for ByHand
where
    S: Send + Sync,
    Keys: FromRef<S>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let Keys(keys) = Keys::from_ref(state);
        let field = parts.headers.get(AUTHORIZATION);
        let token = field
            .and_then(|field| field.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        match decode::<Claims>(token, &keys.0, &keys.1) {
            Ok(good) => Ok(Self(good.claims)),
            Err(_) => Err(StatusCode::UNAUTHORIZED),
        }
    }
}
