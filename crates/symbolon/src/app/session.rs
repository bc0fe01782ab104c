//! Who is signed in.

use symbolon_guard::Caller;
use symbolon_rules::id::{SessionId, UserId};

use super::{App, AppError};
use crate::store::{FindSignedIn, SignedIn};

impl App {
    /// The user that a verified token speaks for, if its session still counts here.
    ///
    /// A guard elsewhere trusts the token until it expires; Symbolon itself asks the store, so a
    /// disabled user or a changed password ends access to it at once.
    pub(crate) async fn find_signed_in(
        &self,
        caller: &Caller,
    ) -> Result<Option<(UserId, SignedIn)>, AppError> {
        let user = caller.subject().parse::<UserId>();
        let session = caller.session_id().map(str::parse::<SessionId>);
        let (Ok(user), Some(Ok(session))) = (user, session) else {
            return Ok(None);
        };
        let find = FindSignedIn {
            session,
            user,
            now: self.clock.now(),
        };
        Ok(self.store.run(find).await?.map(|found| (user, found)))
    }
}
