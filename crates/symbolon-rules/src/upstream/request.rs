//! The request that a browser is sent to a provider with.
//!
//! RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1.
//!
//! Invariant: `S256` always, `state` always, and a nonce wherever an ID token is asked for; no
//! parameter that a program adds takes the place of one of these.

use super::Pending;

/// Parameters that are ours to set, or that would change what the others mean.
pub const RESERVED_PARAMETERS: &[&str] = &[
    "response_type",
    "response_mode",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "max_age",
    "request",
    "request_uri",
];

/// What a provider is asked.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationRequest<'a> {
    /// How it knows this site.
    pub client_id: &'a str,
    /// Where it sends the browser back to.
    pub redirect_uri: &'a str,
    /// What is asked for.
    pub scopes: &'a [String],
    /// What the program adds.
    pub extra: &'a [(String, String)],
}

impl AuthorizationRequest<'_> {
    /// Whether an ID token is asked for.
    pub fn is_openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "openid")
    }

    /// The parameters of the query, in order and unescaped.
    pub fn parameters(
        &self,
        state: &str,
        pending: &Pending,
        sha256: fn(&[u8]) -> [u8; 32],
    ) -> Vec<(String, String)> {
        let ours = [
            ("response_type", Some("code".to_owned())),
            ("client_id", Some(self.client_id.to_owned())),
            ("redirect_uri", Some(self.redirect_uri.to_owned())),
            (
                "scope",
                (!self.scopes.is_empty()).then(|| self.scopes.join(" ")),
            ),
            ("state", Some(state.to_owned())),
            ("code_challenge", Some(pending.code_challenge(sha256))),
            ("code_challenge_method", Some("S256".to_owned())),
            (
                "nonce",
                self.is_openid().then(|| pending.nonce().to_owned()),
            ),
            (
                "max_age",
                pending.max_age().map(|age| age.as_secs().to_string()),
            ),
        ];
        let ours = ours
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        ours.chain(self.extra.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use symbolon_token::Timestamp;

    use super::*;
    use crate::Entropy;

    struct Ones;

    impl Entropy for Ones {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    fn names(scopes: &[&str]) -> Vec<String> {
        let scopes: Vec<_> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let request = AuthorizationRequest {
            client_id: "id",
            redirect_uri: "https://a.example/authorize",
            scopes: &scopes,
            extra: &[("prompt".to_owned(), "consent".to_owned())],
        };
        let pending = Pending::begin("a", None, None, Timestamp::from_secs(0), &mut Ones);
        let parameters = request.parameters("state", &pending, |_| [2; 32]);
        assert!(
            parameters
                .iter()
                .all(|(_, value)| !value.contains(pending.code_verifier())
                    || value == pending.nonce())
        );
        parameters.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn p4_02_a_request_has_state_and_s256_always_and_a_nonce_for_openid() {
        let plain = [
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "code_challenge",
            "code_challenge_method",
            "prompt",
        ];
        assert_eq!(names(&[]), plain);
        let openid = names(&["openid", "email"]);
        assert!(openid.contains(&"nonce".to_owned()));
        assert!(openid.contains(&"scope".to_owned()));
    }

    #[test]
    fn u1_the_challenge_is_the_hash_of_the_verifier() {
        // RFC 7636 appendix B.
        const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let json = serde_json::json!({
            "client": "a", "nonce": "n", "code_verifier": VERIFIER, "next": null,
            "begun_at_millis": 0, "max_age_secs": null,
        });
        let pending: Pending = serde_json::from_value(json).unwrap();
        let challenge = pending.code_challenge(|bytes| {
            assert_eq!(bytes, VERIFIER.as_bytes());
            [
                19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120,
                173, 109, 241, 68, 86, 110, 225, 137, 74, 203, 112, 249, 195,
            ]
        });
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
