//! What a token endpoint means by refusing (RFC 6749 §5.2).

use super::{Refusal, Why};

/// The refusal that an error code stands for; `None` is an answer without one.
pub fn refused_by_token_endpoint(error: Option<&str>) -> Refusal {
    match error {
        // The code was used before, is too old, or the verifier isn't the one of this login.
        Some("invalid_grant") => Refusal::new(Why::NotUnderWay, "invalid_grant"),
        Some("invalid_client") => Refusal::new(Why::ClientRefused, "invalid_client"),
        Some("unauthorized_client") => Refusal::new(Why::ClientRefused, "unauthorized_client"),
        Some("invalid_scope") => Refusal::new(Why::ClientRefused, "invalid_scope"),
        Some("invalid_request") => Refusal::new(Why::ClientRefused, "invalid_request"),
        Some("unsupported_grant_type") => {
            Refusal::new(Why::ClientRefused, "unsupported_grant_type")
        }
        Some(_) => Refusal::new(
            Why::ClientRefused,
            "the token endpoint refused for a reason of its own",
        ),
        None => Refusal::new(Why::Faulty, "the token endpoint's answer can't be read"),
    }
}
