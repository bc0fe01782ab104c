//! The examples of the RFCs, checked at the layer of the signature.
//!
//! RFC 7515 A and RFC 8037 A name no `typ`, so no `Verifier` would take them, and none is
//! weakened for their sake: these tests stand inside the crate, where header, key and signature can be
//! checked alone.

use crate::{
    Algorithm, Error, Jwk, KeySet, Policy, SigningKey, Timestamp, Typ, Verifier, VerifyingKey,
    header::Header, jws::Compact, raw,
};

/// RFC 7515 A.1.1 to A.3.1 sign the same claims.
const CLAIMS: &str =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

const HS256_HEADER: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
const HS256_SECRET: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const HS256_SIGNATURE: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const RS256_HEADER: &str = "eyJhbGciOiJSUzI1NiJ9";
const RS256_JWK: &[u8] = br#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const RS256_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

const ES256_HEADER: &str = "eyJhbGciOiJFUzI1NiJ9";
const ES256_JWK: &[u8] = br#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const ES256_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const ES512_JWK: &[u8] = br#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#;
const ES512_TOKEN: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";

/// The names that A.6 and A.7 give the keys of A.2 and A.3.
const RS256_KID: &str = "2010-12-29";
const ES256_KID: &str = "e9bc097a-ce51-4036-9562-d2ade882db0d";

const EDDSA_SIGNING_INPUT: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
const EDDSA_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const EDDSA_JWK: &[u8] =
    br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const EDDSA_SIGNATURE: &str =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

/// Reads the header and checks the signature, and the key's algorithm against the header's.
fn payload(token: &str, key: VerifyingKey) -> Result<Vec<u8>, Error> {
    let compact = Compact::split(token)?;
    let header = compact.header(1024)?;
    let header = Header::parse(&header)?;
    let keys = KeySet::new([key])?;
    compact.payload_signed_by(&keys.keys()[keys.select(&header)?])
}

fn base64url(text: &str) -> Vec<u8> {
    data_encoding::BASE64URL_NOPAD
        .decode(text.as_bytes())
        .expect("base64url")
}

fn key(jwk: &[u8], algorithm: Algorithm) -> VerifyingKey {
    let jwk = Jwk::parse(jwk).expect("a JWK");
    VerifyingKey::from_jwk(&jwk, algorithm).expect("a good key")
}

#[test]
fn rfc7515_a1_to_a3_verify() {
    let hs256 = VerifyingKey::hmac(Algorithm::HS256, &base64url(HS256_SECRET)).expect("a secret");
    let rs256 = key(RS256_JWK, Algorithm::RS256);
    let es256 = key(ES256_JWK, Algorithm::ES256);
    for (header, signature, key) in [
        (HS256_HEADER, HS256_SIGNATURE, hs256),
        (RS256_HEADER, RS256_SIGNATURE, rs256),
        (ES256_HEADER, ES256_SIGNATURE, es256),
    ] {
        let algorithm = key.algorithm();
        let token = format!("{header}.{PAYLOAD}.{signature}");
        let claims = payload(&token, key.clone());
        assert_eq!(claims.as_deref(), Ok(CLAIMS.as_bytes()), "{algorithm}");

        let forged = format!("{header}.{}.{signature}", PAYLOAD.replacen('J', "K", 1));
        assert_eq!(
            payload(&forged, key).map_err(|error| error.code()),
            Err("bad_signature"),
            "{algorithm}"
        );
    }
}

#[test]
fn rfc7515_a4_verifies() {
    let es512 = key(ES512_JWK, Algorithm::ES512);
    assert_eq!(
        payload(ES512_TOKEN, es512.clone()).as_deref(),
        Ok(&b"Payload"[..])
    );
    let forged = ES512_TOKEN.replace("UGF5", "UGF6");
    assert_eq!(code(payload(&forged, es512)), "bad_signature");
}

#[test]
fn t2_rfc7515_a5_is_refused() {
    let unsecured = format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.");
    let refused = payload(&unsecured, key(ES256_JWK, Algorithm::ES256));
    assert_eq!(code(refused), "algorithm_not_allowed");
}

#[test]
fn rfc7515_a6_and_a7_verify() {
    let rs256 = key(RS256_JWK, Algorithm::RS256).with_kid(RS256_KID);
    let es256 = key(ES256_JWK, Algorithm::ES256).with_kid(ES256_KID);
    let signature = |header: &str, kid: &str, signature: &str| {
        format!(r#""protected":"{header}","header":{{"kid":"{kid}"}},"signature":"{signature}""#)
    };
    let by_rsa = signature(RS256_HEADER, RS256_KID, RS256_SIGNATURE);
    let by_ec = signature(ES256_HEADER, ES256_KID, ES256_SIGNATURE);
    let general = format!(r#"{{"payload":"{PAYLOAD}","signatures":[{{{by_rsa}}},{{{by_ec}}}]}}"#);
    let flattened = format!(r#"{{"payload":"{PAYLOAD}",{by_ec}}}"#);
    let keys = KeySet::new([rs256, es256]).expect("two keys");
    for (document, signers) in [(&general, 2), (&flattened, 1)] {
        let verified = raw::verify_json(&keys, document).expect("the RFC's own document");
        assert_eq!(verified.payload(), CLAIMS.as_bytes());
        assert_eq!(verified.signers().len(), signers);
        let forged = document.replace("DtEhU3", "DtEhU4");
        assert_eq!(code(raw::verify_json(&keys, &forged)), "bad_signature");
    }
}

fn code<T>(refused: Result<T, Error>) -> &'static str {
    refused.err().map_or("accepted", |error| error.code())
}

#[test]
fn rfc7515_a1_passes_a_whole_verifier_where_its_audience_is_waived() {
    let key = VerifyingKey::hmac(Algorithm::HS256, &base64url(HS256_SECRET)).expect("a secret");
    let policy = Policy {
        issuer: "joe".into(),
        audience: vec!["nobody".into()],
        algorithms: vec![Algorithm::HS256],
        typ: Typ::ID_TOKEN,
    };
    let verifier = Verifier::new(KeySet::new([key]).expect("one key"), policy).expect("complete");
    let token = format!("{HS256_HEADER}.{PAYLOAD}.{HS256_SIGNATURE}");
    let now = Timestamp::from_secs(1_300_819_379);
    let strict = verifier.verify::<serde_json::Value>(&token, now);
    assert_eq!(strict.err().and_then(|error| error.claim()), Some("aud"));
    let accepted = verifier
        .dangerous_any_audience()
        .verify::<serde_json::Value>(&token, now)
        .expect("the RFC's own token");
    assert_eq!(accepted.claims()["http://example.com/is_root"], true);
}

#[test]
fn rfc7515_a1_signs_to_the_same_octets() {
    let key = SigningKey::hmac(Algorithm::HS256, &base64url(HS256_SECRET)).expect("a secret");
    let signature = key.sign(format!("{HS256_HEADER}.{PAYLOAD}").as_bytes());
    let signature = signature.expect("a signature");
    assert_eq!(signature.as_ref(), base64url(HS256_SIGNATURE));
}

#[test]
fn rfc8037_a4_and_a5_sign_and_verify() {
    let pkcs8 = [
        &[
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ][..],
        &base64url(EDDSA_SEED),
    ]
    .concat();
    let signing = SigningKey::from_pkcs8_der(Algorithm::EdDSA, &pkcs8).expect("a private key");
    let signature = signing.sign(EDDSA_SIGNING_INPUT.as_bytes());
    let signature = signature.expect("a signature");
    assert_eq!(signature.as_ref(), base64url(EDDSA_SIGNATURE));
    let token = format!("{EDDSA_SIGNING_INPUT}.{EDDSA_SIGNATURE}");
    let verified = payload(&token, key(EDDSA_JWK, Algorithm::EdDSA));
    assert_eq!(verified.as_deref(), Ok(&b"Example of Ed25519 signing"[..]));
}

#[test]
fn rfc9864_the_two_names_of_ed25519_are_two_algorithms() {
    let token = format!("{EDDSA_SIGNING_INPUT}.{EDDSA_SIGNATURE}");
    let refused = payload(&token, key(EDDSA_JWK, Algorithm::Ed25519));
    assert_eq!(refused.map_err(|error| error.code()), Err("unknown_key"));
}

#[test]
fn rfc7638_3_1_and_rfc8037_a3_thumbprints() {
    let rsa = br#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    for (jwk, thumbprint) in [
        (&rsa[..], "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (EDDSA_JWK, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        assert_eq!(Jwk::parse(jwk).expect("a JWK").thumbprint(), thumbprint);
    }
}
