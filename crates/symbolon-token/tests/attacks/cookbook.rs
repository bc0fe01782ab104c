//! The figures of RFC 7520 section 4 and the example of RFC 7797: read, refused when changed, and, where
//! an algorithm leaves nothing to chance, written again octet by octet.

use symbolon_token::{
    Algorithm, Jwk, KeySet, SigningKey,
    raw::{self, DetachedJws, UnencodedJws},
};

use crate::support::code;

const RSA: &str = r#"{"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw","e":"AQAB","d":"bWUC9B-EFRIo8kpGfh0ZuyGPvMNKvYWNtB_ikiH9k20eT-O1q_I78eiZkpXxXQ0UTEs2LsNRS-8uJbvQ-A1irkwMSMkK1J3XTGgdrhCku9gRldY7sNA_AKZGh-Q661_42rINLRCe8W-nZ34ui_qOfkLnK9QWDDqpaIsA-bMwWWSDFu2MUBYwkHTMEzLYGqOe04noqeq1hExBTHBOBdkMXiuFhUq1BU6l-DqEiWxqg82sXt2h-LMnT3046AOYJoRioz75tSUQfGCshWTBnP5uDjd18kKhyv07lhfSJdrPdM5Plyl21hsFf4L_mHCuoFau7gdsPfHPxxjVOcOpBrQzwQ","p":"3Slxg_DwTXJcb6095RoXygQCAZ5RnAvZlno1yhHtnUex_fp7AZ_9nRaO7HX_-SFfGQeutao2TDjDAWU4Vupk8rw9JR0AzZ0N2fvuIAmr_WCsmGpeNqQnev1T7IyEsnh8UMt-n5CafhkikzhEsrmndH6LxOrvRJlsPp6Zv8bUq0k","q":"uKE2dh-cTf6ERF4k4e_jy78GfPYUIaUyoSSJuBzp3Cubk3OCqs6grT8bR_cu0Dm1MZwWmtdqDyI95HrUeq3MP15vMMON8lHTeZu2lmKvwqW7anV5UzhM1iZ7z4yMkuUwFWoBvyY898EXvRD-hdqRxHlSqAZ192zB3pVFJ0s7pFc","dp":"B8PVvXkvJrj2L-GYQ7v3y9r6Kw5g9SahXBwsWUzp19TVlgI-YV85q1NIb1rxQtD-IsXXR3-TanevuRPRt5OBOdiMGQp8pbt26gljYfKU_E9xn-RULHz0-ed9E9gXLKD4VGngpz-PfQ_q29pk5xWHoJp009Qf1HvChixRX59ehik","dq":"CLDmDGduhylc9o7r84rEUVn7pzQ6PF83Y-iBZx5NT-TpnOZKF1pErAMVeKzFEl41DlHHqqBLSM0W1sOFbwTxYWZDm6sI6og5iTbwQGIC3gnJKbi_7k_vJgGHwHxgPaX2PnvP-zyEkDERuf-ry4c_Z11Cq9AqC2yeL6kdKT1cYF8","qi":"3PiqvXQN0zwMeE-sBvZgi289XP9XCQF3VWqPzMKnIgQp7_Tugo6-NZBKCQsMf3HaEGBjTVJs_jcK8-TRXvaKe-7ZMaQj8VfBdYkssbu0NKDDhjJ-GtiseaDVWt7dcH0cfwxgFUHpQh7FoCrjFJ6h6ZEpMF6xmujs4qMpPz8aaI4"}"#;
const EC: &str = r#"{"kty":"EC","kid":"bilbo.baggins@hobbiton.example","use":"sig","crv":"P-521","x":"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt","y":"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1","d":"AAhRON2r9cqXX1hg-RoI6R1tX5p2rUAYdmpHZoC1XNM56KtscrX6zbKipQrCW9CGZH3T4ubpnoTKLDYJ_fF3_rJt"}"#;
const OCT: &str = r#"{"kty":"oct","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037","use":"sig","alg":"HS256","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}"#;

const TEXT: &str = "It\u{2019}s a dangerous business, Frodo, going out your door. You step onto the road, and if you don't keep your feet, there\u{2019}s no knowing where you might be swept off to.";
const PAYLOAD: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

/// Sections 4.1 to 4.4: header and signature of the compact forms.
const COMPACT: [(Algorithm, &str, &str, &str); 4] = [
    (
        Algorithm::RS256,
        RSA,
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
    ),
    (
        Algorithm::PS384,
        RSA,
        "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
    ),
    (
        Algorithm::ES512,
        EC,
        "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
    ),
    (
        Algorithm::HS256,
        OCT,
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9",
        "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
    ),
];

/// Section 4.8: the same payload signed by three, one header wholly protected, one partly, one not.
const MULTIPLE: [&str; 3] = [
    r#"{"protected":"eyJhbGciOiJSUzI1NiJ9","header":{"kid":"bilbo.baggins@hobbiton.example"},"signature":"MIsjqtVlOpa71KE-Mss8_Nq2YH4FGhiocsqrgi5NvyG53uoimic1tcMdSg-qptrzZc7CG6Svw2Y13TDIqHzTUrL_lR2ZFcryNFiHkSw129EghGpwkpxaTn_THJTCglNbADko1MZBCdwzJxwqZc-1RlpO2HibUYyXSwO97BSe0_evZKdjvvKSgsIqjytKSeAMbhMBdMma622_BG5t4sdbuCHtFjp9iJmkio47AIwqkZV1aIZsv33uPUqBBCXbYoQJwt7mxPftHmNlGoOSMxR_3thmXTCm4US-xiNOyhbm8afKK64jU6_TPtQHiJeQJxz9G3Tx-083B745_AfYOnlC9w"}"#,
    r#"{"header":{"alg":"ES512","kid":"bilbo.baggins@hobbiton.example"},"signature":"ARcVLnaJJaUWG8fG-8t5BREVAuTY8n8YHjwDO1muhcdCoFZFFjfISu0Cdkn9Ybdlmi54ho0x924DUz8sK7ZXkhc7AFM8ObLfTvNCrqcI3Jkl2U5IX3utNhODH6v7xgy1Qahsn0fyb4zSAkje8bAWz4vIfj5pCMYxxm4fgV3q7ZYhm5eD"}"#,
    r#"{"protected":"eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9","signature":"s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0"}"#,
];

fn key(algorithm: Algorithm, jwk: &str) -> SigningKey {
    SigningKey::from_jwk(algorithm, jwk.as_bytes()).expect("a private key")
}

fn keys(of: &SigningKey) -> KeySet {
    KeySet::new([of.verifying_key()]).expect("one key")
}

#[test]
fn rfc7520_4_1_to_4_4_compact() {
    for (algorithm, jwk, header, signature) in COMPACT {
        let key = key(algorithm, jwk);
        let jws = format!("{header}.{PAYLOAD}.{signature}");
        let verified = raw::verify(&keys(&key), &jws).expect("the RFC's own");
        assert_eq!(verified.payload(), TEXT.as_bytes(), "{algorithm}");
        assert_eq!(verified.key_id(), key.kid());
        let changed = jws.replacen("SXT", "SXU", 1);
        assert_eq!(code(raw::verify(&keys(&key), &changed)), "bad_signature");
        let signed = raw::sign(&key, None, TEXT.as_bytes()).expect("a JWS");
        if matches!(algorithm, Algorithm::RS256 | Algorithm::HS256) {
            assert_eq!(signed, jws, "{algorithm}");
        }
        assert!(raw::verify(&keys(&key), &signed).is_ok());
    }
}

#[test]
fn rfc7520_4_1_to_4_4_flattened() {
    for (algorithm, jwk, header, signature) in COMPACT {
        let key = key(algorithm, jwk);
        let document = format!(
            r#"{{"payload":"{PAYLOAD}","protected":"{header}","signature":"{signature}"}}"#
        );
        let verified = raw::verify_json(&keys(&key), &document).expect("the RFC's own");
        assert_eq!(verified.payload(), TEXT.as_bytes(), "{algorithm}");
        if algorithm == Algorithm::HS256 {
            assert_eq!(
                raw::sign_flattened(&key, None, TEXT.as_bytes()),
                Ok(document)
            );
        }
    }
}

#[test]
fn rfc7520_4_5_detached() {
    let (algorithm, jwk, header, signature) = COMPACT[3];
    let key = key(algorithm, jwk);
    let text = format!("{header}..{signature}");
    let jws = DetachedJws::parse(&text).expect("a detached JWS");
    assert!(jws.verify(&keys(&key), TEXT.as_bytes()).is_ok());
    assert_eq!(code(jws.verify(&keys(&key), b"other")), "bad_signature");
    assert_eq!(DetachedJws::sign(&key, None, TEXT.as_bytes()), Ok(jws));
    // It is no compact JWS over nothing, and a JWS with a payload isn't detached.
    assert_eq!(code(raw::verify(&keys(&key), &text)), "bad_signature");
    let whole = format!("{header}.{PAYLOAD}.{signature}");
    assert_eq!(code(DetachedJws::parse(&whole)), "malformed");
}

#[test]
fn rfc7520_4_6_and_4_7_unprotected_headers() {
    let key = key(Algorithm::HS256, OCT);
    for members in [
        r#""protected":"eyJhbGciOiJIUzI1NiJ9","header":{"kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"},"signature":"bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20""#,
        r#""header":{"alg":"HS256","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"},"signature":"xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk""#,
    ] {
        let flat = format!(r#"{{"payload":"{PAYLOAD}",{members}}}"#);
        let general = format!(r#"{{"payload":"{PAYLOAD}","signatures":[{{{members}}}]}}"#);
        for document in [flat, general] {
            let verified = raw::verify_json(&keys(&key), &document).expect("the RFC's own");
            assert_eq!(verified.payload(), TEXT.as_bytes());
            for (from, to, expected) in [
                ("HS256", "none", "algorithm_not_allowed"),
                ("018c0ae5", "018c0ae6", "unknown_key"),
                ("SXT", "SXU", "bad_signature"),
                ("\"kid\"", "\"jwk\":{},\"kid\"", "forbidden_header"),
                ("\"kid\"", "\"b64\":false,\"kid\"", "forbidden_header"),
                ("\"kid\"", "\"crit\":[\"exp\"],\"kid\"", "unsupported_crit"),
                ("\"kid\"", "\"kid\":\"a\",\"kid\"", "duplicate_member"),
            ] {
                if !document.contains(from) {
                    continue;
                }
                let bad = document.replacen(from, to, 1);
                let refused = code(raw::verify_json(&keys(&key), &bad));
                assert_eq!(refused, expected, "{bad}");
            }
        }
    }
    let both = format!(
        r#"{{"payload":"{PAYLOAD}","protected":"eyJhbGciOiJIUzI1NiJ9","header":{{"alg":"HS256","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"}},"signature":"bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20"}}"#
    );
    assert_eq!(
        code(raw::verify_json(&keys(&key), &both)),
        "duplicate_member"
    );
}

#[test]
fn rfc7520_4_8_multiple_signatures() {
    let document = |signatures: &[&str]| {
        let list = signatures.join(",");
        format!(r#"{{"payload":"{PAYLOAD}","signatures":[{list}]}}"#)
    };
    let all = document(&MULTIPLE);
    // The RFC's RSA and EC keys have one name, so the set holds one of them at a time.
    for (algorithm, jwk) in [
        (Algorithm::RS256, RSA),
        (Algorithm::ES512, EC),
        (Algorithm::HS256, OCT),
    ] {
        let key = key(algorithm, jwk);
        let single = match algorithm {
            Algorithm::RS256 => document(&MULTIPLE[..1]),
            Algorithm::ES512 => document(&MULTIPLE[1..2]),
            _ => all.clone(),
        };
        let verified = raw::verify_json(&keys(&key), &single).expect("the RFC's own");
        assert_eq!(verified.payload(), TEXT.as_bytes(), "{algorithm}");
        assert_eq!(verified.signers().len(), 1);
    }
    // One bad signature of a known key spoils the document; one of an unknown key doesn't count.
    let oct = key(Algorithm::HS256, OCT);
    let broken = document(&[MULTIPLE[2], &MULTIPLE[2].replace("s0h6", "s0h7")]);
    assert_eq!(
        code(raw::verify_json(&keys(&oct), &broken)),
        "bad_signature"
    );
    for (name, bad, expected) in [
        ("no signature", document(&[]), "malformed"),
        ("seventeen", document(&[MULTIPLE[2]; 17]), "too_large"),
        (
            "flattened and general",
            all.replacen('{', "{\"signature\":\"AA\",", 1),
            "malformed",
        ),
        ("no payload", all.replacen("payload", "pay", 1), "malformed"),
        ("nothing", String::new(), "malformed"),
        (
            "a compact one",
            format!("{}.{PAYLOAD}.AA", COMPACT[3].2),
            "malformed",
        ),
    ] {
        assert_eq!(
            code(raw::verify_json(&keys(&oct), &bad)),
            expected,
            "{name}"
        );
    }
}

#[test]
fn rfc7797_4_2_unencoded() {
    let secret = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
    let key = key(Algorithm::HS256, secret);
    let text = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    let jws = UnencodedJws::parse(text).expect("an unencoded JWS");
    assert!(jws.verify(&keys(&key), b"$.02").is_ok());
    assert_eq!(code(jws.verify(&keys(&key), b"$.03")), "bad_signature");
    assert_eq!(UnencodedJws::sign(&key, None, b"$.02"), Ok(jws));
    // No other door opens for it.
    let detached = DetachedJws::parse(text).expect("it looks like one");
    assert_eq!(
        code(detached.verify(&keys(&key), b"$.02")),
        "unsupported_crit"
    );
    assert_eq!(code(raw::verify(&keys(&key), text)), "unsupported_crit");
    // And it opens for nothing else: b64 must be false, and named in crit alone.
    for header in [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","crit":["b64"]}"#,
        r#"{"alg":"HS256","b64":true,"crit":["b64"]}"#,
        r#"{"alg":"HS256","b64":"false","crit":["b64"]}"#,
        r#"{"alg":"HS256","b64":null,"crit":["b64"]}"#,
        r#"{"alg":"HS256","b64":false,"crit":"b64"}"#,
        r#"{"alg":"HS256","b64":false,"crit":[]}"#,
        r#"{"alg":"HS256","b64":false,"crit":["b64","b64"]}"#,
        r#"{"alg":"HS256","b64":false,"crit":["b64","exp"],"exp":1}"#,
    ] {
        let header = data_encoding::BASE64URL_NOPAD.encode(header.as_bytes());
        let jws = UnencodedJws::parse(&format!("{header}..AA")).expect("an unencoded JWS");
        assert_eq!(code(jws.verify(&keys(&key), b"")), "unsupported_crit");
    }
}

#[test]
fn rfc7520_3_keys_are_read_and_written() {
    for (algorithm, jwk) in [(Algorithm::RS256, RSA), (Algorithm::ES512, EC)] {
        let written = key(algorithm, jwk).to_private_jwk().expect("JSON");
        let written: serde_json::Value = serde_json::from_str(&written).expect("JSON");
        let given: serde_json::Value = serde_json::from_str(jwk).expect("JSON");
        for (member, value) in given.as_object().expect("an object") {
            assert_eq!(&written[member], value, "{member}");
        }
        // As public keys they are refused: they show what is private.
        assert_eq!(code(Jwk::parse(jwk.as_bytes())), "invalid_key");
    }
}
