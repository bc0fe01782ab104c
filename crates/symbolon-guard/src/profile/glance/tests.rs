//! A glance beside the readers of the whole: whatever is done to a claim, all come to the same.

use std::time::Duration;

use symbolon_token::{
    Algorithm, Error, KeySet, Policy, RegisteredClaims, SigningKey, Typ, Verifier, raw,
};

use super::*;
use crate::{Profile, profile::Read};

const NOW: symbolon_token::Timestamp = symbolon_token::Timestamp::from_secs(1_700_000_000);

/// All that there is to say about a token that was let in.
#[derive(Debug, PartialEq)]
struct Seen {
    /// `jti`, `client_id` and `sid`, as a deny set reads them.
    names: (String, String, Option<String>),
    subject: String,
    claims: AccessClaims,
    registered: RegisteredClaims,
    csrf: Option<String>,
}

/// What a claim may turn out to be.
const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e3",
    "1700000600",
    "1700000600.0",
    "1700000600.25",
    "253402300799",
    "18446744073709551615",
    "1e400",
    r#""""#,
    r#""1700000600""#,
    r#""plain""#,
    r#""\u0061d\u0061""#,
    r#""a\"d\\a\n""#,
    r#""\ud83d\ude00""#,
    r#""\ud83d""#,
    r#""아다""#,
    r#""openid  posts:read ""#,
    r#""LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ""#,
    r#""\u004cPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ""#,
    r#""LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=""#,
    "[]",
    r#"["api"]"#,
    r#"["\u0061", "b"]"#,
    r#"["a", 1]"#,
    "[null]",
    r#"[["a"]]"#,
    "{}",
    r#"{"roles":["a"]}"#,
    r#"{"jkt":"x","x":[{}]}"#,
];

/// Claims that somebody reads, in the order of `COMPLETE`, and such as nobody does.
const NAMES: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "jti",
    "client_id",
    "scope",
    "roles",
    "auth_time",
    "sid",
    "cnf",
    "csrf_sha256",
    "nbf",
    "nonce",
    "azp",
    "realm_access",
    "\\u0073ub",
    "\\u0063nf",
    "other",
];

const COMPLETE: &[&str] = &[
    r#""https://id.example""#,
    r#""ada""#,
    r#""api""#,
    "1700000600",
    "1700000000",
    r#""token-1""#,
    r#""app""#,
    r#""posts:read""#,
    r#"["editor"]"#,
    "1699999999",
    r#""sign-in-1""#,
];

/// A claim, and what becomes of it: another value, or nothing.
type Change = (&'static str, Option<&'static str>);

fn payload(changes: &[Change]) -> String {
    let mut members: Vec<(&str, &str)> = NAMES
        .iter()
        .copied()
        .zip(COMPLETE.iter().copied())
        .collect();
    for (name, value) in changes {
        members.retain(|(known, _)| known != name);
        members.extend(value.map(|value| (*name, value)));
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect();
    format!("{{{}}}", members.join(", "))
}

struct Bench {
    key: SigningKey,
    verifiers: [Verifier; 2],
}

impl Bench {
    /// A strict verifier, and one that lets through whatever it can, so that more is left to the readers.
    fn new() -> Self {
        let key = SigningKey::generate(Algorithm::HS256).unwrap();
        let policy = Policy {
            issuer: "https://id.example".into(),
            audience: vec!["api".into()],
            algorithms: vec![Algorithm::HS256],
            typ: Typ::ACCESS_TOKEN,
        };
        let keys = KeySet::new([key.verifying_key()]).unwrap();
        let strict = Verifier::new(keys, policy).unwrap();
        let careless = strict
            .clone()
            .leeway(Duration::from_mins(1))
            .unwrap()
            .dangerous_any_issuer()
            .dangerous_any_audience()
            .dangerous_without_expiry()
            .dangerous_integer_subject()
            .dangerous_text_dates();
        Self {
            key,
            verifiers: [strict, careless],
        }
    }

    fn token(&self, payload: &str) -> String {
        raw::sign(&self.key, Some(&Typ::ACCESS_TOKEN), payload.as_bytes()).unwrap()
    }
}

fn glanced(verifier: &Verifier, token: &str) -> Result<Seen, Invalid> {
    let proof = Profile::access_token().verify(verifier, token, NOW)?;
    let names = proof.names();
    let names = (
        names.token_id().to_owned(),
        names.client_id().to_owned(),
        names.session_id().map(str::to_owned),
    );
    Ok(Seen {
        names,
        subject: proof.subject().to_owned(),
        claims: proof.claims().clone(),
        registered: proof.registered().clone(),
        csrf: proof.csrf().map(|hash| hash.to_base64url()),
    })
}

/// Everything copied at once, with the reader of all profiles' claims and that of RFC 9068's.
fn read_whole(verifier: &Verifier, token: &str) -> Result<Seen, Invalid> {
    let token: Verified<Read> = verifier.verify(token, NOW)?;
    let marks = token.claims().marks.as_deref();
    if marks.is_some_and(|marks| marks.cnf.is_some()) {
        return Err(Invalid::WrongKind(WrongKind::Bound));
    }
    let claims: AccessClaims = token.claims_as()?;
    let csrf = marks.and_then(|marks| Sha256::from_base64url(marks.csrf_sha256.text()?));
    Ok(Seen {
        names: (
            claims.jti.clone(),
            claims.client_id.clone(),
            claims.sid.clone(),
        ),
        subject: claims.sub.clone(),
        claims,
        registered: token.registered().clone(),
        csrf: csrf.map(|hash| hash.to_base64url()),
    })
}

/// How often which end was reached.
#[derive(Default)]
struct Count {
    taken: usize,
    bound: usize,
    unreadable: usize,
}

fn compare(bench: &Bench, changes: &[Change], count: &mut Count) {
    let payload = payload(changes);
    let token = bench.token(&payload);
    for verifier in &bench.verifiers {
        let glanced = glanced(verifier, &token);
        assert_eq!(glanced, read_whole(verifier, &token), "{payload}");
        let reads: Result<AccessClaims, Error> = verifier
            .check(&token, NOW)
            .and_then(|good| good.claims_as());
        match glanced {
            Ok(seen) => {
                assert_eq!(Ok(&seen.claims), reads.as_ref(), "{payload}");
                assert_eq!(seen.subject, seen.claims.sub, "{payload}");
                count.taken += 1;
            }
            Err(Invalid::WrongKind(WrongKind::Bound)) => count.bound += 1,
            Err(Invalid::Token(error)) => {
                assert_eq!(Err(&error), reads.as_ref(), "{payload}");
                count.unreadable += usize::from(error.code() == "unreadable_claims");
            }
            Err(other) => panic!("{other:?} for {payload}"),
        }
    }
}

fn changes_of(name: &'static str) -> impl Iterator<Item = Change> {
    let values = VALUES.iter().copied().map(Some).chain([None]);
    values.map(move |value| (name, value))
}

#[test]
fn a_glance_comes_to_what_reading_comes_to() {
    let bench = Bench::new();
    let mut count = Count::default();
    compare(&bench, &[], &mut count);
    assert_eq!(count.taken, 2, "the claims are good as they stand");
    for name in NAMES {
        for change in changes_of(name) {
            compare(&bench, &[change], &mut count);
        }
    }
    assert!(count.taken > 300, "{} taken", count.taken);
    assert!(count.bound > 50, "{} bound", count.bound);
    assert!(count.unreadable > 100, "{} unreadable", count.unreadable);
}

#[test]
fn a_glance_comes_to_what_reading_comes_to_where_several_claims_are_odd() {
    let bench = Bench::new();
    let mut count = Count::default();
    // Marsaglia's xorshift: the same claims in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 32).unwrap() % limit
    };
    for _ in 0..3_000 {
        let mut changes: Vec<Change> = Vec::new();
        for _ in 0..2 + below(3) {
            let name = NAMES[below(NAMES.len())];
            let value = VALUES.get(below(VALUES.len() + 1)).copied();
            changes.push((name, value));
        }
        compare(&bench, &changes, &mut count);
    }
    assert!(count.taken > 100, "{} taken", count.taken);
    assert!(count.bound > 100, "{} bound", count.bound);
    assert!(count.unreadable > 100, "{} unreadable", count.unreadable);
}

/// RFC 9068 §2.2: what has to be there is asked for, whatever else a verifier waives.
#[test]
fn t13_claims_that_are_missing_are_unreadable_claims() {
    let bench = Bench::new();
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let token = bench.token(&payload(&[(name, None)]));
        let [_, careless] = &bench.verifiers;
        match glanced(careless, &token) {
            Err(Invalid::Token(error)) => assert_eq!(error.code(), "unreadable_claims", "{name}"),
            other => panic!("{other:?} without {name}"),
        }
    }
}
