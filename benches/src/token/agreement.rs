//! Whether the candidates do the same work: each takes what each signs, and none takes a token that
//! was changed, is over or is of another kind. One that skipped a check would win unfairly.

use anyhow::{Context, Result, ensure};
use symbolon_token::{Typ, sign};

use super::{
    Candidate,
    case::{Case, Claims},
};

/// Fails if the candidates disagree.
pub(super) fn check(candidates: &[Box<dyn Candidate>], case: &Case) -> Result<()> {
    let refused = refused(case)?;
    for (at, signer) in candidates.iter().enumerate() {
        let token = signer.sign(&case.claims)?;
        for verifier in candidates {
            let algorithm = case.algorithm;
            verifier.verify(&token).with_context(|| {
                format!("{algorithm}: a candidate refuses what candidate {at} signed")
            })?;
        }
        for token in &refused {
            ensure!(
                signer.verify(token).is_err(),
                "candidate {at} takes a token that it must refuse"
            );
        }
    }
    Ok(())
}

/// What none may take: a token that was changed, one of another kind, and one that is over.
pub(super) fn refused(case: &Case) -> Result<[String; 3]> {
    Ok([
        changed(&case.token()?),
        sign(&case.key, Typ::ID_TOKEN, &case.claims)?,
        sign(&case.key, Typ::ACCESS_TOKEN, &expired(&case.claims))?,
    ])
}

fn expired(claims: &Claims) -> Claims {
    Claims {
        exp: claims.iat - 1,
        ..claims.clone()
    }
}

/// The token with another character in the middle of its payload.
fn changed(token: &str) -> String {
    let middle = token.len() / 2;
    token
        .char_indices()
        .map(|(at, character)| match character {
            'A' if at == middle => 'B',
            _ if at == middle => 'A',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::candidates, *};

    #[test]
    fn candidates_agree_about_every_algorithm() {
        for (name, algorithm) in super::super::ALGORITHMS {
            let case = Case::new(algorithm).unwrap();
            check(&candidates(&case).unwrap(), &case).expect(name);
        }
    }

    #[test]
    fn a_candidate_that_skips_a_check_is_found() {
        struct Careless(Box<dyn Candidate>);
        impl Candidate for Careless {
            fn sign(&self, claims: &Claims) -> Result<String> {
                self.0.sign(claims)
            }
            fn verify(&self, _token: &str) -> Result<()> {
                Ok(())
            }
        }
        let case = Case::new(symbolon_token::Algorithm::HS256).unwrap();
        let [ours, ..] = candidates(&case).unwrap();
        assert!(check(&[Box::new(Careless(ours))], &case).is_err());
    }
}
