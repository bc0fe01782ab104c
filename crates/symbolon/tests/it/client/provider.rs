//! A provider on loopback that does as it should, unless a test tells it otherwise.

use std::{
    collections::HashMap,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Form, Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use symbolon::guard::token::{Algorithm, JwkSet, SigningKey, Timestamp, Typ, sign};
use tokio::net::TcpListener;

use super::{CLIENT_ID, SECRET};
use crate::support::NOW;

/// What a test changes: each takes what would be answered and gives what is.
#[derive(Clone)]
pub(super) struct Manners {
    pub(super) metadata: fn(&mut Value),
    pub(super) id_claims: fn(&mut Value),
    pub(super) id_token: fn(&Keys, &Value) -> String,
    pub(super) token_answer: fn(&mut Value),
    pub(super) token_endpoint: TokenEndpoint,
    pub(super) userinfo: fn(&mut Value),
    /// The `iss` of authorization answers.
    pub(super) named: Option<String>,
    pub(super) access_token_lifetime: Option<u64>,
    /// The time by this provider's clock.
    pub(super) now: Timestamp,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum TokenEndpoint {
    Answers,
    Hangs,
    Floods,
    RedirectsTo(String),
    SaysHtml,
    Fails(u16, &'static str),
}

pub(super) struct Keys {
    pub(super) published: SigningKey,
    pub(super) other: SigningKey,
}

struct Code {
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
    auth_time: i64,
}

pub(super) struct Inner {
    issuer: String,
    keys: Keys,
    manners: Mutex<Manners>,
    codes: Mutex<HashMap<String, Code>>,
    counted: Mutex<HashMap<&'static str, usize>>,
    sent: Mutex<Vec<(HeaderMap, HashMap<String, String>)>>,
    number: Mutex<u64>,
    /// Refresh tokens that were used: a second use is an error, as where they rotate.
    used: Mutex<Vec<String>>,
}

pub(super) struct Provider(Arc<Inner>);

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = || SigningKey::generate(Algorithm::ES256).unwrap();
        let inner = Arc::new(Inner {
            keys: Keys {
                published: key().with_kid("one"),
                other: key().with_kid("one"),
            },
            manners: Mutex::new(Manners {
                metadata: |_| {},
                id_claims: |_| {},
                id_token: |keys, claims| sign(&keys.published, Typ::ID_TOKEN, claims).unwrap(),
                token_answer: |_| {},
                token_endpoint: TokenEndpoint::Answers,
                userinfo: |_| {},
                named: Some(issuer.clone()),
                access_token_lifetime: Some(600),
                now: NOW,
            }),
            issuer,
            codes: Mutex::default(),
            counted: Mutex::default(),
            sent: Mutex::default(),
            number: Mutex::default(),
            used: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/introspect", post(introspect))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self(inner)
    }

    pub(super) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub(super) fn manners(&self) -> Manners {
        self.0.manners()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.0.manners.lock().unwrap());
    }

    pub(super) fn advance(&self, by: Duration) {
        self.change(|manners| manners.now = manners.now + by);
    }

    /// How often something was asked for.
    pub(super) fn asked(&self, what: &str) -> usize {
        let counted = self.0.counted.lock().unwrap();
        counted.get(what).copied().unwrap_or(0)
    }

    /// What the last token request carried.
    pub(super) fn last(&self) -> (HeaderMap, HashMap<String, String>) {
        self.0.sent.lock().unwrap().last().unwrap().clone()
    }

    /// Lets the demo user in who came with this authorization request; gives where they are sent back
    /// to, as path and query.
    pub(super) fn authorize(&self, location: &str) -> String {
        let inner = &self.0;
        let asked = query(location);
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT_ID);
        assert_eq!(asked["code_challenge_method"], "S256");
        let code = format!("code-{}", inner.next());
        let manners = inner.manners();
        inner.codes.lock().unwrap().insert(
            code.clone(),
            Code {
                nonce: asked.get("nonce").cloned(),
                challenge: asked["code_challenge"].clone(),
                redirect_uri: asked["redirect_uri"].clone(),
                auth_time: manners.now.as_secs(),
            },
        );
        let mut answer = vec![("code", code.as_str()), ("state", &asked["state"])];
        answer.extend(manners.named.as_deref().map(|issuer| ("iss", issuer)));
        let answer = serde_urlencoded_pairs(&answer);
        let path = asked["redirect_uri"].splitn(4, '/').nth(3).unwrap();
        format!("/{path}?{answer}")
    }
}

/// Names and values, escaped.
pub(super) fn serde_urlencoded_pairs(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect::<String>()
    };
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The parameters of a URL.
pub(super) fn query(url: &str) -> HashMap<String, String> {
    let uri: http::Uri = url.parse().unwrap();
    let axum::extract::Query(pairs) = axum::extract::Query::try_from_uri(&uri).unwrap();
    pairs
}

impl Inner {
    fn manners(&self) -> Manners {
        self.manners.lock().unwrap().clone()
    }

    fn count(&self, what: &'static str) {
        *self.counted.lock().unwrap().entry(what).or_default() += 1;
    }

    fn next(&self) -> u64 {
        let mut number = self.number.lock().unwrap();
        *number += 1;
        *number
    }

    fn access_token(&self) -> String {
        format!("access-{}", self.next())
    }
}

async fn metadata(State(inner): State<Arc<Inner>>) -> Json<Value> {
    inner.count("metadata");
    let issuer = &inner.issuer;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize?tenant=a"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "id_token_signing_alg_values_supported": ["none", "HS256", "ES256"],
        "authorization_response_iss_parameter_supported": true,
    });
    (inner.manners().metadata)(&mut document);
    Json(document)
}

async fn jwks(State(inner): State<Arc<Inner>>) -> Json<JwkSet> {
    inner.count("jwks");
    let keys = inner.keys.published.public_jwk().into_iter().collect();
    Json(JwkSet { keys })
}

async fn token(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    inner.count("token");
    inner.sent.lock().unwrap().push((headers, form.clone()));
    let manners = inner.manners();
    let refused = |code| (StatusCode::BAD_REQUEST, Json(json!({ "error": code }))).into_response();
    match &manners.token_endpoint {
        TokenEndpoint::Answers => {}
        TokenEndpoint::Hangs => pending().await,
        TokenEndpoint::Floods => {
            let flood = format!("{{\"access_token\":\"{}\"}}", "a".repeat(1024 * 1024));
            return ([(header::CONTENT_TYPE, "application/json")], flood).into_response();
        }
        TokenEndpoint::RedirectsTo(url) => {
            return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response();
        }
        TokenEndpoint::SaysHtml => return axum::response::Html("<p>Log in</p>").into_response(),
        TokenEndpoint::Fails(status, code) => {
            let status = StatusCode::from_u16(*status).unwrap();
            return (status, Json(json!({ "error": code }))).into_response();
        }
    }
    match form.get("grant_type").map(String::as_str) {
        Some("authorization_code") => {
            let code = inner.codes.lock().unwrap().remove(&form["code"]);
            let Some(code) = code else {
                return refused("invalid_grant");
            };
            let challenge = challenge(&form["code_verifier"]);
            if code.challenge != challenge || code.redirect_uri != form["redirect_uri"] {
                return refused("invalid_grant");
            }
            tokens(&inner, &manners, Some(&code)).into_response()
        }
        Some("refresh_token") => {
            let token = form["refresh_token"].clone();
            let mut used = inner.used.lock().unwrap();
            if used.contains(&token) {
                return refused("invalid_grant");
            }
            used.push(token);
            drop(used);
            inner.count("refresh");
            tokens(&inner, &manners, None).into_response()
        }
        Some("client_credentials") => {
            let mut answer = json!({
                "access_token": inner.access_token(), "token_type": "Bearer",
                "expires_in": manners.access_token_lifetime, "scope": form.get("scope"),
            });
            (manners.token_answer)(&mut answer);
            Json(answer).into_response()
        }
        _ => refused("unsupported_grant_type"),
    }
}

fn challenge(verifier: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    BASE64URL_NOPAD.encode(hash.as_ref())
}

fn tokens(inner: &Inner, manners: &Manners, code: Option<&Code>) -> Json<Value> {
    let access_token = inner.access_token();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    let mut answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": manners.access_token_lifetime,
        "refresh_token": format!("refresh-{}", inner.next()),
    });
    if let Some(code) = code {
        let now = manners.now.as_secs();
        let mut claims = json!({
            "iss": inner.issuer, "sub": "subject-1", "aud": CLIENT_ID,
            "exp": now + 300, "iat": now, "auth_time": code.auth_time,
            "nonce": code.nonce, "at_hash": BASE64URL_NOPAD.encode(&hash.as_ref()[..16]),
        });
        (manners.id_claims)(&mut claims);
        answer["id_token"] = (manners.id_token)(&inner.keys, &claims).into();
    }
    (manners.token_answer)(&mut answer);
    Json(answer)
}

async fn userinfo(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    inner.count("userinfo");
    let sent = request.headers().get(header::AUTHORIZATION);
    if !sent.is_some_and(|value| value.as_bytes().starts_with(b"Bearer access-")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut claims = json!({
        "sub": "subject-1", "preferred_username": "Minsu", "name": "김민수",
        "email": "minsu@example.com", "email_verified": true,
    });
    (inner.manners().userinfo)(&mut claims);
    Json(claims).into_response()
}

async fn introspect(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    inner.count("introspect");
    let basic = data_encoding::BASE64.encode(format!("{CLIENT_ID}:{SECRET}").as_bytes());
    let sent = headers.get(header::AUTHORIZATION);
    if sent.and_then(|value| value.to_str().ok()) != Some(&format!("Basic {basic}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let now = inner.manners().now.as_secs();
    Json(match form["token"].as_str() {
        "good" => json!({
            "active": true, "sub": "subject-1", "iss": inner.issuer, "aud": "https://api.example",
            "exp": now + 60, "scope": "posts:read",
        }),
        _ => json!({ "active": false }),
    })
    .into_response()
}
