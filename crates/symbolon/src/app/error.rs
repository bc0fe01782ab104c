//! What keeps an act from being carried out: neither a yes nor a no.

use std::time::Duration;

use crate::{hooks::HookFailure, keys::RingError, passwords::HashError, store::StoreError};

/// Something behind the act failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// It may work later.
    #[error("{0}")]
    Unavailable(String),
    /// Too many passwords are waiting to be hashed: it may work after this time.
    #[error("too many passwords are waiting to be hashed")]
    Busy {
        /// When the queue will have been worked off.
        retry_after: Duration,
    },
    /// It won't, without somebody mending something.
    #[error("{0}")]
    Fault(String),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::OutcomeUnknown | StoreError::Collided => {
                Self::Unavailable(error.to_string())
            }
            StoreError::Corrupt(_) | StoreError::Fault(_) | StoreError::Poisoned => {
                Self::Fault(error.to_string())
            }
        }
    }
}

impl From<HashError> for AppError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            HashError::Unavailable(_) => Self::Unavailable(error.to_string()),
            HashError::Unusable(_) | HashError::Failed(_) => Self::Fault(error.to_string()),
        }
    }
}

impl From<HookFailure> for AppError {
    fn from(failure: HookFailure) -> Self {
        Self::Unavailable(failure.to_string())
    }
}

impl From<RingError> for AppError {
    fn from(error: RingError) -> Self {
        match error {
            RingError::Store(error) => error.into(),
            RingError::Sealed { .. }
            | RingError::OtherKek { .. }
            | RingError::Key(_)
            | RingError::NoKey => Self::Fault(error.to_string()),
        }
    }
}
