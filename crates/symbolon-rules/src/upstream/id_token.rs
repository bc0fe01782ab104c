//! What an ID token must say beyond signature, issuer, audience and expiry, which a `Verifier` checks.
//!
//! OpenID Connect Core §3.1.3.7 (the steps), §3.1.3.8 (`at_hash`), §2 (`sub`, `auth_time`).
//!
//! Invariant: what was asked for must be there. A nonce, a maximum age or a second audience that is
//! passed over in silence is a check that an attacker switches off.

use std::time::Duration;

use symbolon_token::Timestamp;

use super::{LEEWAY, Refusal, Why};

/// What a verified ID token says.
#[derive(Clone, Copy, Debug)]
pub struct IdToken<'a> {
    /// `sub`.
    pub subject: Option<&'a str>,
    /// `aud`, which holds our client id.
    pub audience: &'a [String],
    /// `iat`.
    pub issued_at: Option<Timestamp>,
    /// `azp`.
    pub authorized_party: Option<&'a str>,
    /// `nonce`.
    pub nonce: Option<&'a str>,
    /// `auth_time`, in seconds.
    pub auth_time: Option<i64>,
    /// `at_hash`.
    pub access_token_hash: Option<&'a str>,
}

/// What it must fit.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// How the provider knows this site.
    pub client_id: &'a str,
    /// The nonce that was sent; `None` where the token comes with a refresh, which nobody was asked
    /// for (§12.2).
    pub nonce: Option<&'a str>,
    /// When the login or the refresh began: a token from before is a replay.
    pub begun_at: Timestamp,
    /// How long ago the person may have proved who they are.
    pub max_age: Option<Duration>,
    /// What `at_hash` would have to be, by the algorithm of the token; `None` where that algorithm
    /// gives no hash.
    pub access_token_hash: Option<&'a str>,
}

impl<'a> IdToken<'a> {
    /// The subject, if everything fits.
    pub fn check(&self, expected: &Expected<'_>, now: Timestamp) -> Result<&'a str, Refusal> {
        let faulty = |reason| Err(Refusal::new(Why::Faulty, reason));
        let Some(subject) = self.subject.filter(|subject| is_subject(subject)) else {
            return faulty("the ID token's sub is missing, too long or not ASCII");
        };
        // Step 4 and 5: meant for others too, it must say that it was made for us.
        let party_is_us = self.authorized_party == Some(expected.client_id);
        if (self.authorized_party.is_some() || self.audience.len() > 1) && !party_is_us {
            return faulty("the ID token was made for another client");
        }
        let Some(issued_at) = self.issued_at else {
            return faulty("the ID token has no iat");
        };
        if issued_at > now + LEEWAY {
            return faulty("the ID token's iat is in the future");
        }
        if issued_at + LEEWAY < expected.begun_at {
            return faulty("the ID token is older than the login");
        }
        if expected.nonce.is_some() && self.nonce != expected.nonce {
            return faulty("the ID token's nonce is missing or another one");
        }
        if let Some(max_age) = expected.max_age {
            let Some(auth_time) = self.auth_time else {
                return faulty("the ID token has no auth_time, and a maximum age was asked for");
            };
            if Timestamp::from_secs(auth_time) + max_age + LEEWAY < now {
                return faulty("the ID token's auth_time is too long ago");
            }
        }
        // An algorithm without a known hash fails here too: a check that can't be made isn't passed.
        if self.access_token_hash.is_some() && self.access_token_hash != expected.access_token_hash
        {
            return faulty("the ID token's at_hash belongs to another access token");
        }
        Ok(subject)
    }
}

/// Row O1: 1 to 255 ASCII characters.
pub(super) fn is_subject(subject: &str) -> bool {
    (1..=255).contains(&subject.len()) && subject.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    const EXPECTED: Expected<'static> = Expected {
        client_id: "us",
        nonce: Some("n"),
        begun_at: NOW,
        max_age: Some(Duration::from_mins(5)),
        access_token_hash: Some("hash"),
    };

    fn good(audience: &[String]) -> IdToken<'_> {
        IdToken {
            subject: Some("sub"),
            audience,
            issued_at: Some(NOW),
            authorized_party: None,
            nonce: Some("n"),
            auth_time: Some(NOW.as_secs()),
            access_token_hash: Some("hash"),
        }
    }

    /// What is changed of a good token, and whether it still fits.
    type Case = (&'static str, fn(&mut IdToken<'_>), bool);

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_secs(NOW.as_secs() + seconds)
    }

    #[test]
    fn o1_each_claim_that_is_wrong_alone_is_refused() {
        const CASES: &[Case] = &[
            ("good", |_| {}, true),
            ("no sub", |token| token.subject = None, false),
            ("empty sub", |token| token.subject = Some(""), false),
            ("sub not ASCII", |token| token.subject = Some("가"), false),
            (
                "for them",
                |token| token.authorized_party = Some("them"),
                false,
            ),
            ("for us", |token| token.authorized_party = Some("us"), true),
            ("no iat", |token| token.issued_at = None, false),
            (
                "iat in 60 s",
                |token| token.issued_at = Some(after(60)),
                true,
            ),
            (
                "iat in 61 s",
                |token| token.issued_at = Some(after(61)),
                false,
            ),
            (
                "iat 60 s ago",
                |token| token.issued_at = Some(after(-60)),
                true,
            ),
            (
                "iat 61 s ago",
                |token| token.issued_at = Some(after(-61)),
                false,
            ),
            ("no nonce", |token| token.nonce = None, false),
            ("other nonce", |token| token.nonce = Some("m"), false),
            ("no auth_time", |token| token.auth_time = None, false),
            (
                "auth_time 6 min ago",
                |token| token.auth_time = Some(NOW.as_secs() - 360),
                true,
            ),
            (
                "auth_time longer ago",
                |token| token.auth_time = Some(NOW.as_secs() - 361),
                false,
            ),
            ("no at_hash", |token| token.access_token_hash = None, true),
            (
                "other at_hash",
                |token| token.access_token_hash = Some("hasH"),
                false,
            ),
        ];
        let us = ["us".to_owned()];
        for (name, change, fits) in CASES {
            let mut token = good(&us);
            change(&mut token);
            assert_eq!(token.check(&EXPECTED, NOW).is_ok(), *fits, "{name}");
        }
        let long = "x".repeat(256);
        let long = IdToken {
            subject: Some(&long),
            ..good(&us)
        };
        assert!(long.check(&EXPECTED, NOW).is_err());
    }

    #[test]
    fn o1_meant_for_others_too_a_token_says_that_it_was_made_for_us() {
        let two = ["us".to_owned(), "them".to_owned()];
        let token = good(&two);
        assert!(token.check(&EXPECTED, NOW).is_err());
        let for_us = IdToken {
            authorized_party: Some("us"),
            ..token
        };
        assert!(for_us.check(&EXPECTED, NOW).is_ok());
    }

    #[test]
    fn o1_an_at_hash_that_cannot_be_computed_is_refused() {
        let us = ["us".to_owned()];
        let expected = Expected {
            access_token_hash: None,
            ..EXPECTED
        };
        assert!(good(&us).check(&expected, NOW).is_err());
    }

    #[test]
    fn a_refreshed_token_needs_no_nonce() {
        let us = ["us".to_owned()];
        let expected = Expected {
            nonce: None,
            max_age: None,
            ..EXPECTED
        };
        let token = IdToken {
            nonce: None,
            auth_time: None,
            ..good(&us)
        };
        assert_eq!(token.check(&expected, NOW), Ok("sub"));
    }
}
