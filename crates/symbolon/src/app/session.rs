//! Who is signed in.

use symbolon_guard::Caller;
use symbolon_rules::id::{SessionId, UserId};

use super::{App, AppError};
use crate::{hooks::Identity, store::FindSignedIn};

impl App {
    /// The user that a verified token speaks for, as they are now, if it still counts here.
    ///
    /// A guard elsewhere trusts the token until it expires; Symbolon itself asks the store, or the
    /// program whose users they are, so a disabled or deleted user is refused at once.
    pub(crate) async fn find_signed_in(
        &self,
        caller: &Caller,
    ) -> Result<Option<Identity>, AppError> {
        // RFC 7519 §4.1.2: a subject is unique within its issuer. A program's guard may trust another
        // one, whose users would otherwise pass for ours.
        if caller.claims().iss != self.issuer {
            return Ok(None);
        }
        if self.hooks.have_users() {
            let found = self.hooks.find(caller.subject()).await?;
            // A hook that answers for somebody else would hand one user another's session.
            return Ok(found.filter(|identity| identity.subject == caller.subject()));
        }
        let user = caller.subject().parse::<UserId>();
        let session = caller.session_id().map(str::parse::<SessionId>);
        let (Ok(user), Some(Ok(session))) = (user, session) else {
            return Ok(None);
        };
        self.find_signed_in_by(user, session).await
    }

    /// The user of ours who signed in by this session, if it still counts.
    pub(crate) async fn find_signed_in_by(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<Option<Identity>, AppError> {
        let find = FindSignedIn {
            session,
            user,
            now: self.clock.now(),
        };
        let found = self.store.run(find).await?;
        Ok(found.map(|found| Identity {
            roles: found.roles,
            ..Identity::new(user.to_string(), found.username.as_str())
        }))
    }
}
