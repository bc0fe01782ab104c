//! `token-refusals`: what it costs to refuse what isn't a token at all, before any cryptography.
//!
//! Such refusals are what anybody can ask for, without a key and as often as they like, so they must be
//! cheap and at worst linear in what was sent. A signature that is wrong is there to compare: it costs the
//! hash over what was sent.
//!
//! Invariant: each is refused by every candidate, and by ours for the reason that its row names.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64URL_NOPAD;
use symbolon_token::{Algorithm, Timestamp, Verifier};

use super::{Candidate, batch, case::Case, ours, peer, row};
use crate::{
    clock,
    report::{Row, Standing, Unit},
    rounds::{Figure, interleave},
};

const NAMES: [(Standing, &str); 1] = [(Standing::Peer, "jsonwebtoken 11")];

const KIB: usize = 1024;

/// A row, the code that ours must give, and the text.
type Form = (&'static str, &'static str, String);

pub(crate) fn measure(rounds: usize) -> Result<Vec<Row>> {
    let case = Case::new(Algorithm::HS256)?;
    let verifier = ours::verifier(&case)?;
    let peer = peer::Peer::new(&case)?;
    let mut rows = Vec::new();
    for (name, code, token) in forms(&case)? {
        check(&verifier, code, &token).context(name)?;
        ensure!(peer.verify(&token).is_err(), "the peer takes: {name}");
        let mut ours = batch(|| {
            let now = Timestamp::from_secs(clock::now_in_seconds());
            let refused = verifier.check(black_box(&token), now);
            black_box(refused).map_or(Ok(()), |_| anyhow::bail!("it was taken"))
        })?;
        let mut theirs = batch(|| {
            let refused = peer.verify(black_box(&token));
            black_box(refused).map_or(Ok(()), |()| anyhow::bail!("it was taken"))
        })?;
        let measured = interleave(rounds, &mut [&mut ours, &mut theirs])?;
        let figures = measured.into_iter().map(Figure::of);
        rows.push(row(name.to_owned(), Unit::Microseconds, &NAMES, figures));
    }
    Ok(rows)
}

fn check(verifier: &Verifier, code: &str, token: &str) -> Result<()> {
    let now = Timestamp::from_secs(clock::now_in_seconds());
    let refused = verifier.check(token, now).err().context("it is taken")?;
    ensure!(refused.code() == code, "refused as {refused}, not {code}");
    Ok(())
}

/// 16 KiB each, as long as a token may be, where the row says nothing else.
fn forms(case: &Case) -> Result<Vec<Form>> {
    let token = case.token()?;
    let (signed, signature) = token.rsplit_once('.').context("a signature")?;
    let (header, _) = signed.split_once('.').context("a payload")?;
    let filled = |head: &str, length: usize, tail: &str| {
        let between = length.saturating_sub(head.len() + tail.len());
        [head, &"A".repeat(between), tail].concat()
    };
    // Four characters more or less don't matter, a length that no text has would.
    let whole = |head: &str, tail: &str| {
        let between = (16 * KIB - head.len() - tail.len()) / 4 * 4;
        filled(head, head.len() + between + tail.len(), tail)
    };
    let encoded = |json: &str| BASE64URL_NOPAD.encode(json.as_bytes()) + ".";
    let tail = format!(".{signature}");
    Ok(vec![
        (
            "length: 16 KiB and one",
            "too_large",
            "A".repeat(16 * KIB + 1),
        ),
        ("length: 1,000,000 dots", "too_large", ".".repeat(1_000_000)),
        ("dots: none, 1 KiB", "malformed", "A".repeat(KIB)),
        ("dots: none, 4 KiB", "malformed", "A".repeat(4 * KIB)),
        ("dots: none, 16 KiB", "malformed", "A".repeat(16 * KIB)),
        ("dots: only", "malformed", ".".repeat(16 * KIB)),
        (
            "dots: three, the last at the end",
            "malformed",
            whole(&format!("{header}.A."), "."),
        ),
        (
            "header: too long",
            "too_large",
            whole("", &format!(".e30{tail}")),
        ),
        ("header: empty", "malformed", whole(".", &tail)),
        ("header: not base64url", "malformed", whole("eyJ+.", &tail)),
        (
            "header: not JSON",
            "malformed",
            whole(&encoded("{]"), &tail),
        ),
        (
            "header: a member twice",
            "duplicate_member",
            whole(&encoded(r#"{"alg":"HS256","alg":"HS256"}"#), &tail),
        ),
        (
            "header: alg none",
            "algorithm_not_allowed",
            whole(&encoded(r#"{"alg":"none","typ":"at+jwt"}"#), &tail),
        ),
        (
            "header: another typ",
            "wrong_typ",
            whole(&encoded(r#"{"alg":"HS256","typ":"JWT"}"#), &tail),
        ),
        (
            "header: an unknown kid",
            "unknown_key",
            whole(
                &encoded(r#"{"alg":"HS256","typ":"at+jwt","kid":"no"}"#),
                &tail,
            ),
        ),
        ("header: 1,024 characters", "unknown_key", {
            let kid = "n".repeat(722);
            whole(
                &encoded(&format!(
                    r#"{{"alg":"HS256","typ":"at+jwt","kid":"{kid}"}}"#
                )),
                &tail,
            )
        }),
        (
            "signature: not base64url",
            "malformed",
            whole(&format!("{header}."), ".A"),
        ),
        (
            "signature: wrong, 1 KiB",
            "bad_signature",
            filled(&format!("{header}."), KIB, &tail),
        ),
        (
            "signature: wrong, 16 KiB",
            "bad_signature",
            whole(&format!("{header}."), &tail),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_refused_for_the_reason_of_its_row() {
        let case = Case::new(Algorithm::HS256).unwrap();
        let verifier = ours::verifier(&case).unwrap();
        for (name, code, token) in forms(&case).unwrap() {
            check(&verifier, code, &token).expect(name);
        }
    }
}
