//! `explain`: what a token says, and what would be wrong with it for any verifier.
//!
//! Invariant: nothing here is verified, and the output says so. What comes from the token is shown with
//! its control characters spelt out, since anybody may have written it.

use std::{fmt::Write as _, io::Read as _, process::ExitCode};

use anyhow::{Context as _, bail};
use serde_json::Value;
use symbolon_guard::Clock;
use symbolon_token::{Timestamp, Unverified};

use super::print;

/// More than any token that is accepted; a whole file by mistake isn't read to its end.
const INPUT_LIMIT: u64 = 1024 * 1024;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The token, or `-` to read it from standard input, where no list of processes shows it
    token: String,
}

/// Prints the explanation. Fails only where there is nothing to show.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let token = if arguments.token == "-" {
        let mut text = String::new();
        std::io::stdin()
            .take(INPUT_LIMIT)
            .read_to_string(&mut text)
            .context("standard input can't be read as text")?;
        text
    } else {
        arguments.token.clone()
    };
    print::line(&explain(token.trim(), Clock::system().now())?);
    Ok(ExitCode::SUCCESS)
}

fn explain(token: &str, now: Timestamp) -> anyhow::Result<String> {
    let seen = match Unverified::inspect(token) {
        Ok(seen) => seen,
        Err(error) => bail!("this isn't a token in three segments: {error}"),
    };
    let mut text = String::new();
    for (title, json) in [("Header", seen.header()), ("Claims", seen.claims())] {
        let shown = serde_json::from_str::<Value>(json)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_else(|_| json.to_owned());
        writeln!(text, "{title}:\n{}\n", printable(&shown))?;
    }
    let claims: Value = serde_json::from_str(seen.claims()).unwrap_or_default();
    for name in ["iat", "nbf", "exp"] {
        if let Some(seconds) = claims.get(name).and_then(Value::as_i64) {
            writeln!(
                text,
                "{name}: {}",
                distance(seconds.saturating_sub(now.as_secs()))
            )?;
        }
    }
    let findings = seen.findings(now);
    if findings.is_empty() {
        text.push_str("Nothing is wrong with its form, its claims or its time.\n");
    } else {
        text.push_str("Refused by every verifier:\n");
        for finding in findings {
            writeln!(text, "  {finding}")?;
        }
    }
    text.push_str(
        "Not checked: the signature, and whether issuer, audience and typ are the expected ones.",
    );
    Ok(text)
}

/// How far a moment is, in its largest unit.
fn distance(seconds: i64) -> String {
    let length = seconds.unsigned_abs();
    let (count, unit) = match length {
        0..120 => (length, "s"),
        120..7_200 => (length / 60, "min"),
        7_200..172_800 => (length / 3_600, "h"),
        _ => (length / 86_400, "d"),
    };
    if seconds < 0 {
        format!("{count} {unit} ago")
    } else {
        format!("in {count} {unit}")
    }
}

fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && character != '\n' {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use symbolon_token::{Algorithm, SigningKey, Typ, sign};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn token(claims: &Value) -> String {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        sign(&key, Typ::ACCESS_TOKEN, claims).unwrap()
    }

    #[test]
    fn a_good_token_is_shown_and_called_unverified() {
        let now = NOW.as_secs();
        let good = json!({ "iss": "i", "aud": "a", "sub": "user-1", "exp": now + 600, "iat": now });
        let text = explain(&token(&good), NOW).unwrap();
        for part in [
            "\"alg\": \"ES256\"",
            "\"sub\": \"user-1\"",
            "exp: in 10 min",
            "Nothing is wrong",
            "Not checked: the signature",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn what_would_fail_is_named_with_its_code_and_claim() {
        let text = explain(&token(&json!({ "exp": NOW.as_secs() - 7_200 })), NOW).unwrap();
        for part in [
            "missing_claim: iss",
            "missing_claim: aud",
            "expired: exp",
            "exp: 2 h ago",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn what_comes_from_the_token_moves_no_cursor() {
        let text = explain(&token(&json!({ "sub": "\u{9b}31m\u{1b}[2J\r" })), NOW).unwrap();
        assert!(
            !text.chars().any(|one| one.is_control() && one != '\n'),
            "{text:?}"
        );
    }

    #[test]
    fn what_is_no_token_is_called_so_without_being_repeated() {
        for nothing in ["", "secret", "a.b", "!.!.!"] {
            let error = explain(nothing, NOW).unwrap_err().to_string();
            assert!(nothing.is_empty() || !error.contains(nothing), "{error}");
        }
    }
}
