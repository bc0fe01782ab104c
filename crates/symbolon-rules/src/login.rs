//! Login with a password.
//!
//! Invariant: the four ways to be refused look alike from outside (W4). [`Refusal`] exists for logs
//! and audit; no answer may depend on it.

use symbolon_token::Timestamp;

use crate::{
    Entropy,
    client::ClientId,
    id::UserId,
    password::{PasswordChecked, PasswordHash},
    permission::Role,
    session::NewSession,
    user::UserState,
};

/// What the store knows of the user who is asked for.
#[derive(Clone, Debug)]
pub struct LoginFacts {
    /// The user.
    pub user: UserId,
    /// Grows by one with each change of credentials.
    pub credential_epoch: i64,
    /// Whether they may sign in.
    pub state: UserState,
    /// Their password's hash; `None` where they have no password.
    pub password_hash: Option<PasswordHash>,
    /// Their roles, Symbolon's own included.
    pub roles: Vec<Role>,
    /// Their id in the program that they were imported from.
    pub external_id: Option<String>,
}

/// What came of comparing the password, which happens for unknown users too.
#[derive(Debug)]
pub enum PasswordOutcome {
    /// It is this user's.
    Matched(PasswordChecked),
    /// It isn't, or there was nothing to compare with.
    Mismatched,
}

/// What shall happen.
#[derive(Debug)]
pub enum Decision {
    /// Begin this session.
    Begin(NewSession),
    /// Answer that the credentials are wrong.
    Refuse(Refusal),
}

/// Why a login is refused; never told to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such user.
    UnknownUser,
    /// The password is wrong, or the user has none.
    WrongPassword,
    /// The password is right, and the user is disabled.
    Disabled,
}

impl Refusal {
    /// A stable word for logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown_user",
            Self::WrongPassword => "wrong_password",
            Self::Disabled => "user_disabled",
        }
    }
}

/// Decides a login from what the store knows and what the hasher found.
pub fn decide(
    facts: Option<&LoginFacts>,
    outcome: &PasswordOutcome,
    client: ClientId<'static>,
    now: Timestamp,
    entropy: &mut impl Entropy,
) -> Decision {
    let Some(facts) = facts else {
        return Decision::Refuse(Refusal::UnknownUser);
    };
    let PasswordOutcome::Matched(_) = outcome else {
        return Decision::Refuse(Refusal::WrongPassword);
    };
    match facts.state {
        UserState::Disabled => Decision::Refuse(Refusal::Disabled),
        UserState::Enabled => Decision::Begin(NewSession::begin(
            facts.user,
            client,
            facts.credential_epoch,
            now,
            entropy,
        )),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{client, session::SESSION_LIFETIME};

    struct Ones;

    impl Entropy for Ones {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn facts(state: UserState) -> LoginFacts {
        LoginFacts {
            user: UserId::from_uuid(Uuid::from_u128(7)),
            credential_epoch: 3,
            state,
            password_hash: Some(PasswordHash::from_phc("$argon2id$".to_owned())),
            roles: vec![],
            external_id: None,
        }
    }

    fn matched() -> PasswordOutcome {
        PasswordOutcome::Matched(PasswordChecked::assertion())
    }

    #[test]
    fn every_pair_of_facts_and_outcome_has_its_decision() {
        let enabled = facts(UserState::Enabled);
        let disabled = facts(UserState::Disabled);
        for (facts, outcome, expected) in [
            (None, matched(), Refusal::UnknownUser),
            (None, PasswordOutcome::Mismatched, Refusal::UnknownUser),
            (
                Some(&enabled),
                PasswordOutcome::Mismatched,
                Refusal::WrongPassword,
            ),
            (
                Some(&disabled),
                PasswordOutcome::Mismatched,
                Refusal::WrongPassword,
            ),
            (Some(&disabled), matched(), Refusal::Disabled),
        ] {
            match decide(facts, &outcome, client::LOCAL, NOW, &mut Ones) {
                Decision::Refuse(refusal) => assert_eq!(refusal, expected),
                Decision::Begin(session) => panic!("{expected:?} began {session:?}"),
            }
        }
    }

    #[test]
    fn a_granted_login_begins_a_session_bound_to_the_epoch_it_read() {
        let facts = facts(UserState::Enabled);
        let Decision::Begin(session) =
            decide(Some(&facts), &matched(), client::LOCAL, NOW, &mut Ones)
        else {
            panic!("refused")
        };
        assert_eq!(session.user, facts.user);
        assert_eq!(session.credential_epoch, 3);
        assert_eq!(session.authenticated_at, NOW);
        assert_eq!(session.expires_at, NOW + SESSION_LIFETIME);
    }
}
