//! Mutated tokens, made from a seed, and what Symbolon, jsonwebtoken and josekit say to each.
//!
//! A third of them are good tokens with octets changed, which only a broken signature check would take.
//! The rest have header or claims changed *before* they are signed, so that reading decides. Whoever
//! accepts is judged by the company: a token that Symbolon alone accepts is a bug of Symbolon's. That
//! others accept more is known, and no matter here.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

mod judges;
mod mutate;

pub use judges::Judges;

pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "https://api.example";
/// Earlier than the clock that the other libraries read: what isn't valid yet for them isn't for us.
pub const NOW: i64 = 1_790_000_000;
pub const SECRET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:";
pub const ALGORITHMS: [&str; 5] = ["HS256", "RS256", "PS256", "ES256", "EdDSA"];

const CLAIMS: &str = r#"{"iss":"https://id.example","sub":"user-1","aud":"https://api.example","exp":4000000000,"iat":1700000000,"nbf":1700000000,"jti":"token-1","roles":["a","b"],"scope":"read write"}"#;

/// xorshift64, so that what is found once is found again.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit.max(1)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// A token for the judges.
pub struct Mutant {
    pub algorithm: &'static str,
    pub token: String,
}

/// The next mutant of this run.
pub fn mutant(random: &mut Random, judges: &Judges) -> Mutant {
    let algorithm = *random.pick(&ALGORITHMS);
    let header = format!(r#"{{"alg":"{algorithm}","typ":"at+jwt"}}"#);
    let (mut header, mut claims) = (header.into_bytes(), CLAIMS.as_bytes().to_vec());
    let raw = match random.below(6) {
        0 | 1 => true,
        2 => {
            mutate::json(random, &mut header);
            false
        }
        _ => {
            for _ in 0..=random.below(2) {
                mutate::json(random, &mut claims);
            }
            false
        }
    };
    let input = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(&header),
        BASE64URL_NOPAD.encode(&claims)
    );
    let mut token = format!("{input}.{}", judges.sign(algorithm, &input));
    if raw {
        let mut octets = token.into_bytes();
        mutate::octets(random, &mut octets);
        token = String::from_utf8_lossy(&octets).into_owned();
    }
    Mutant { algorithm, token }
}

/// Whether these claims are what every judge is asked to want.
fn fitting(claims: &Value) -> bool {
    let audience = match &claims["aud"] {
        Value::String(one) => one == AUDIENCE,
        Value::Array(several) => several.iter().any(|one| one == AUDIENCE),
        _ => false,
    };
    audience
        && claims["iss"] == ISSUER
        && claims["exp"].as_f64().is_some_and(|exp| exp > NOW as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g3_symbolon_is_never_alone_in_accepting() {
        let judges = Judges::new();
        let mut random = Random::new(1);
        let (mut accepted, mut refused, mut laxer) = (0, 0, 0);
        for round in 0..20_000 {
            let Mutant { algorithm, token } = mutant(&mut random, &judges);
            let others = [
                judges.jsonwebtoken(algorithm, &token),
                judges.josekit(algorithm, &token),
            ];
            if judges.symbolon(algorithm, &token) {
                accepted += 1;
                assert!(
                    others.contains(&true),
                    "round {round}: only Symbolon accepts {token}"
                );
            } else {
                refused += 1;
                laxer += u32::from(others.contains(&true));
            }
        }
        // The mutants are neither all harmless nor all hopeless, or nothing would have been compared.
        assert!(accepted > 1_000 && refused > 5_000, "{accepted} {refused}");
        // The others do take more, so the comparison sees differences where there are some.
        assert!(laxer > 100, "{laxer}");
    }
}
