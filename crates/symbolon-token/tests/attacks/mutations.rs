//! Tokens changed at random and at every bit: none is accepted, none panics.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use symbolon_token::{Algorithm, Typ, sign};

use crate::support::{
    ALGORITHMS, AUDIENCE, ISSUER, NOW, good_token, outcome, signing_key, verifier, verify,
};

#[test]
fn flipping_any_one_bit_is_refused() {
    for &algorithm in ALGORITHMS {
        let verifier = verifier(algorithm);
        let token = good_token(algorithm);
        let mut judged = 0;
        for at in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let flipped = String::from_utf8(bytes).expect("ASCII stays ASCII below bit 7");
                assert_ne!(
                    outcome(&verifier, &flipped),
                    "accepted",
                    "{algorithm} {at} {bit}"
                );
                judged += 1;
            }
        }
        assert_eq!(judged, token.len() * 7);
    }
}

#[test]
fn cutting_a_token_anywhere_is_refused() {
    for algorithm in [Algorithm::HS256, Algorithm::ES256, Algorithm::Ed25519] {
        let verifier = verifier(algorithm);
        let token = good_token(algorithm);
        for length in 0..token.len() {
            assert_ne!(outcome(&verifier, &token[..length]), "accepted", "{length}");
            let (front, back) = token.split_at(length);
            assert_ne!(
                outcome(&verifier, &back[1..]),
                "accepted",
                "behind {length}"
            );
            assert_ne!(
                outcome(&verifier, &format!("{front}A{back}")),
                "accepted",
                "at {length}"
            );
            assert_ne!(
                outcome(&verifier, &format!("{front}.{back}")),
                "accepted",
                "at {length}"
            );
        }
        assert_ne!(outcome(&verifier, &format!("{token}A")), "accepted");
    }
}

/// xorshift64, so that a failure is found again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

#[test]
fn four_thousand_mutants_are_refused() {
    const SOUP: [&str; 16] = [
        ".",
        "..",
        "=",
        "-",
        "_",
        "A",
        "{",
        "\"",
        "\0",
        "\n",
        " ",
        "\u{e4}",
        "eyJhbGciOiJub25lIn0",
        "bm9uZQ",
        "%00",
        "/",
    ];
    let mut random = Random(0x0005_eed0_f1e1_d5ca_u64);
    let judged = |algorithm: &Algorithm| (verifier(*algorithm), good_token(*algorithm));
    let tokens: Vec<_> = ALGORITHMS.iter().map(judged).collect();
    for round in 0..4_000 {
        let (verifier, good) = &tokens[random.below(tokens.len())];
        let (_, donor) = &tokens[random.below(tokens.len())];
        let mut mutant: Vec<char> = good.chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(mutant.len());
            let to = at + random.below(mutant.len() - at).min(40);
            let donor: Vec<char> = donor
                .chars()
                .skip(random.below(donor.len()))
                .take(to - at)
                .collect();
            match random.below(5) {
                0 => drop(mutant.splice(at..to, SOUP[random.below(SOUP.len())].chars())),
                1 => drop(mutant.splice(at..at, SOUP[random.below(SOUP.len())].chars())),
                2 => drop(mutant.splice(at..to, donor)),
                3 => mutant[at..to].reverse(),
                _ => {
                    let piece: Vec<char> = mutant[at..to].to_vec();
                    drop(mutant.splice(at..at, piece));
                }
            }
            mutant.push('A');
            mutant.pop();
            if mutant.is_empty() {
                mutant.push('.');
            }
        }
        let mutant: String = mutant.into_iter().collect();
        if mutant != *good {
            assert_ne!(
                outcome(verifier, &mutant),
                "accepted",
                "round {round}: {mutant}"
            );
        }
    }
}

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::collection::vec(any::<String>(), 0..4).prop_map(Value::from),
        Just(Value::Null),
    ];
    prop::collection::btree_map("x[^\u{0}]{0,12}", value, 0..8)
        .prop_map(|members| members.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_verifies_and_comes_back_equal(
        mut claims in claims(),
        at in 0..ALGORITHMS.len(),
        kid in proptest::option::of(".{0,20}"),
        sub in ".{0,40}",
    ) {
        claims.insert("iss".into(), json!(ISSUER));
        claims.insert("aud".into(), json!(["other", AUDIENCE]));
        claims.insert("exp".into(), json!(NOW.as_secs() + 1));
        claims.insert("sub".into(), json!(sub));
        let key = signing_key(ALGORITHMS[at]);
        let key = match kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        };
        let keys = symbolon_token::KeySet::new([key.verifying_key()]).expect("one key");
        let verifier = verifier(key.algorithm()).with_keys(keys).expect("the same algorithm");
        let token = sign(&key, Typ::ACCESS_TOKEN, &claims).expect("a token");
        let proof = verify(&verifier, &token).expect("a good token");
        prop_assert_eq!(proof.claims(), &Value::from(claims));
        prop_assert_eq!(proof.key_id(), key.kid());
        prop_assert_eq!(proof.registered().subject.as_deref(), Some(sub.as_str()));
    }

    #[test]
    fn nothing_at_random_is_accepted_or_panics(token in "(ey)?[A-Za-z0-9_=-]{0,60}(\\.[A-Za-z0-9_-]{0,60}){0,4}|.{0,80}") {
        for algorithm in [Algorithm::HS256, Algorithm::ES256] {
            prop_assert_ne!(outcome(&verifier(algorithm), &token), "accepted");
        }
    }

    #[test]
    fn the_strict_reader_takes_nothing_that_serde_json_refuses(document in "[\\[{]?[\\[\\]{}:,\"\\\\a0-9.eE+ untrlfs-]{0,24}[\\]}]?") {
        let document = format!("{{\"keys\":[],\"x\":{document}}}");
        let strict = symbolon_token::KeySet::from_jwks(document.as_bytes(), &[Algorithm::ES256]).is_ok();
        let lenient = serde_json::from_str::<Value>(&document).is_ok();
        prop_assert!(lenient || !strict, "{}", document);
    }
}
