//! The answer that a browser brings back from a provider.
//!
//! RFC 6749 §4.1.2 and §4.1.2.1, RFC 9207 (who answers).
//!
//! Invariant: a parameter that is there twice is nobody's to interpret (row A5). Who answers is judged
//! before what they say: an error of another provider is no error of ours.

use super::{LoginState, Refusal, Why};

/// An answer, read and not yet believed.
#[derive(Debug)]
pub struct Answer {
    /// The login that it is about.
    pub state: LoginState,
    issuer: Option<String>,
    outcome: Outcome,
}

/// What the provider says.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A code to redeem.
    Code(String),
    /// Why there is none.
    Refused(Refusal),
}

const MALFORMED: Refusal = Refusal::new(Why::Malformed, "the answer has no state and code");

impl Answer {
    /// Reads the parameters of the query.
    pub fn read(parameters: impl IntoIterator<Item = (String, String)>) -> Result<Self, Refusal> {
        let [mut state, mut issuer, mut code, mut error] = [const { None }; 4];
        for (name, value) in parameters {
            let slot = match name.as_str() {
                "state" => &mut state,
                "iss" => &mut issuer,
                "code" => &mut code,
                "error" => &mut error,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(Refusal::new(Why::Malformed, "a parameter is there twice"));
            }
        }
        let state: String = state.ok_or(MALFORMED)?;
        let outcome = match (code, error) {
            (Some(code), None) if !code.is_empty() => Outcome::Code(code),
            (None, Some(error)) => Outcome::Refused(refused(&error)),
            _ => return Err(MALFORMED),
        };
        Ok(Self {
            // One that we never made names no login.
            state: LoginState::parse(state.as_bytes()).ok_or(Refusal::new(
                Why::NotUnderWay,
                "the state is none of this site's",
            ))?,
            issuer,
            outcome,
        })
    }

    /// What the provider says, if it is this one that speaks. One that promises to name itself must
    /// (RFC 9207 §2.4); without that, an answer could be another's (RFC 9700 §4.4.2).
    pub fn of_issuer(self, issuer: &str, promises_iss: bool) -> Result<Outcome, Refusal> {
        match self.issuer {
            Some(named) if named != issuer => Err(Refusal::new(
                Why::WrongProvider,
                "the answer names another issuer",
            )),
            None if promises_iss => Err(Refusal::new(
                Why::WrongProvider,
                "the answer names no issuer, and the provider promised one",
            )),
            _ => Ok(self.outcome),
        }
    }
}

/// RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6.
fn refused(error: &str) -> Refusal {
    let (why, reason) = match error {
        "access_denied" => (Why::Denied, "access_denied"),
        "login_required"
        | "interaction_required"
        | "consent_required"
        | "account_selection_required" => (Why::Denied, "the provider would have had to ask"),
        "temporarily_unavailable" => (Why::Unavailable, "temporarily_unavailable"),
        "server_error" => (Why::Unavailable, "server_error"),
        _ => (Why::ClientRefused, "the provider refused the request"),
    };
    Refusal::new(why, reason)
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

    fn read(parameters: &[(&str, &str)]) -> Result<Answer, Why> {
        let state = LoginState::generate(Timestamp::from_secs(0), &mut Ones).to_text();
        let owned = parameters.iter().map(|(name, value)| {
            let value = if *value == "STATE" { &state } else { *value };
            ((*name).to_owned(), value.to_owned())
        });
        Answer::read(owned).map_err(|refusal| refusal.why)
    }

    #[test]
    fn a5_a_parameter_twice_or_none_at_all_is_no_answer() {
        for (parameters, why) in [
            (&[][..], Why::Malformed),
            (&[("code", "a")], Why::Malformed),
            (&[("state", "STATE")], Why::Malformed),
            (&[("state", "STATE"), ("code", "")], Why::Malformed),
            (
                &[("state", "STATE"), ("code", "a"), ("code", "a")],
                Why::Malformed,
            ),
            (
                &[("state", "STATE"), ("state", "STATE"), ("code", "a")],
                Why::Malformed,
            ),
            (
                &[
                    ("state", "STATE"),
                    ("code", "a"),
                    ("error", "access_denied"),
                ],
                Why::Malformed,
            ),
            (
                &[
                    ("state", "STATE"),
                    ("code", "a"),
                    ("iss", "x"),
                    ("iss", "y"),
                ],
                Why::Malformed,
            ),
            (&[("state", "guessed"), ("code", "a")], Why::NotUnderWay),
        ] {
            assert_eq!(read(parameters).map(|_| ()), Err(why), "{parameters:?}");
        }
        // RFC 6749 §4.1.2: unrecognised parameters are ignored.
        let parameters = [("state", "STATE"), ("code", "a"), ("x", "1"), ("x", "2")];
        assert!(read(&parameters).is_ok());
    }

    #[test]
    fn u1_only_the_provider_that_was_asked_is_heard() {
        let answer = |issuer: Option<&str>| {
            let mut parameters = vec![("state", "STATE"), ("code", "a")];
            parameters.extend(issuer.map(|issuer| ("iss", issuer)));
            read(&parameters).unwrap()
        };
        let ours = "https://a.example";
        for (issuer, promised, heard) in [
            (Some(ours), true, true),
            (Some(ours), false, true),
            (None, false, true),
            (None, true, false),
            (Some("https://a.example/"), false, false),
            (Some("https://b.example"), true, false),
            (Some(""), false, false),
        ] {
            let outcome = answer(issuer).of_issuer(ours, promised);
            assert_eq!(outcome.is_ok(), heard, "{issuer:?} {promised}");
        }
    }

    #[test]
    fn an_error_says_whose_turn_it_is_and_is_never_repeated() {
        for (error, why) in [
            ("access_denied", Why::Denied),
            ("consent_required", Why::Denied),
            ("server_error", Why::Unavailable),
            ("temporarily_unavailable", Why::Unavailable),
            ("invalid_scope", Why::ClientRefused),
            ("unauthorized_client", Why::ClientRefused),
            ("<script>alert(1)</script>", Why::ClientRefused),
            ("", Why::ClientRefused),
        ] {
            let refusal = refused(error);
            assert_eq!(refusal.why, why, "{error}");
            assert!(!refusal.reason.contains('<'));
        }
    }
}
