//! The first user: a code for whoever runs the server, and the administrator that it makes (W7).
//!
//! Nobody is there by default. Whoever can run a command where the data is gets a code that is good once
//! and for an hour, while there is no administrator; the database holds its hash.

use symbolon_rules::{
    id::UserId,
    permission::Role,
    setup::{SETUP_LIFETIME, SetupCode},
};
use symbolon_token::Timestamp;
use zeroize::Zeroizing;

use super::{App, AppError, NewUser, UserError, UserInput};
use crate::{
    keys::sha256,
    store::{self, BeginSetup, FindSetup, RedeemSetup, Redeemed},
};

/// Where the first user is made, and by what.
pub(crate) struct SetupLink {
    /// The page that takes the code. It stands in no URL, which would end in logs and histories.
    pub(crate) page: String,
    pub(crate) code: Zeroizing<String>,
    pub(crate) expires_at: Timestamp,
}

/// What somebody typed into the page.
pub(crate) struct SetupInput<'a> {
    pub(crate) code: &'a str,
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    pub(crate) repeated: &'a str,
}

/// Why a code made nobody.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// The code is none, was redeemed, replaced or has expired; which isn't told.
    #[error("the code is wrong, used or expired; `symbolon setup-link` makes a new one")]
    Code,
    /// The password was typed in two ways.
    #[error("the two passwords differ")]
    PasswordsDiffer,
    /// The user can't be made so; the code is still good.
    #[error(transparent)]
    User(#[from] UserError),
}

impl From<AppError> for SetupError {
    fn from(error: AppError) -> Self {
        Self::User(error.into())
    }
}

impl App {
    /// Makes a code, which takes the place of the one before; none where somebody administers already.
    pub(crate) async fn begin_setup(&self) -> Result<Option<SetupLink>, AppError> {
        let code = SetupCode::generate(&mut self.randomness.clone());
        let expires_at = self.clock.now() + SETUP_LIFETIME;
        let begin = BeginSetup {
            code: code.hash(sha256),
            expires_at,
        };
        if !self.store.run(begin).await? {
            return Ok(None);
        }
        tracing::info!("a code for the first user was made");
        Ok(Some(SetupLink {
            page: format!("{}/setup", self.issuer),
            code: code.to_text(),
            expires_at,
        }))
    }

    /// Makes the first user by a code.
    ///
    /// The code is looked at first: without a good one nothing else is judged, and no hash is computed for
    /// strangers.
    pub(crate) async fn redeem_setup(&self, input: SetupInput<'_>) -> Result<UserId, SetupError> {
        let code = SetupCode::parse(input.code).ok_or(SetupError::Code)?;
        let code = code.hash(sha256);
        let now = self.clock.now();
        let find = FindSetup { code, now };
        if !self.store.run(find).await.map_err(AppError::from)? {
            tracing::info!("a code for the first user was refused");
            return Err(SetupError::Code);
        }
        if input.password != input.repeated {
            return Err(SetupError::PasswordsDiffer);
        }
        let input = UserInput {
            username: input.username,
            password: input.password,
            roles: &[],
        };
        let user = self.administrator(self.prepare_user(input).await?);
        let id = user.id;
        let redeem = RedeemSetup {
            code,
            user,
            now: self.clock.now(),
        };
        match self.store.run(redeem).await.map_err(AppError::from)? {
            Redeemed::Done => {
                tracing::info!(user = %id, "the first user was made");
                Ok(id)
            }
            Redeemed::Refused => Err(SetupError::Code),
            Redeemed::NameTaken => Err(UserError::NameTaken.into()),
        }
    }

    fn administrator(&self, user: NewUser) -> store::NewUser {
        let now = self.clock.now();
        store::NewUser {
            id: UserId::generate(now, &mut self.randomness.clone()),
            username: user.username,
            password_hash: Some(user.password_hash),
            roles: vec![Role::administrator()],
            created_at: now,
        }
    }
}
