//! Which key an objection of the engine is about.

use crate::{ConfigError, PasswordHashingError};

/// The key to name; none where it isn't of the file.
pub(super) const fn key_of(error: &ConfigError) -> Option<&'static str> {
    Some(match error {
        ConfigError::Issuer(_) => "issuer",
        ConfigError::Folder { .. } => "data",
        ConfigError::AccessTokenLifetime => "access_token_lifetime",
        ConfigError::Scope { .. } => "login_scopes",
        ConfigError::Claim { .. } => "external_id_claim",
        ConfigError::AlgorithmTwice(_) | ConfigError::SymmetricAlgorithm(_) => "keys.algorithms",
        ConfigError::RotateEvery => "keys.rotate_every",
        ConfigError::Announce => "keys.announce",
        ConfigError::PasswordHashing(error) => match error {
            PasswordHashingError::Memory => "passwords.memory",
            PasswordHashingError::Iterations => "passwords.iterations",
            PasswordHashingError::Lanes => "passwords.lanes",
            PasswordHashingError::MemoryBudget => "passwords.memory_budget",
            PasswordHashingError::Queue => "passwords.queue",
            PasswordHashingError::Deadline => "passwords.deadline",
        },
        _ => return None,
    })
}
