//! The user model: makes a token for itself, and finds whose a token is.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Deserialize;
use serde_json::json;
use symbolon::{
    Engine, HookError, Identity, IssueError, Signing,
    guard::{
        Guard, Rejection,
        token::{Error, ErrorKind, Typ},
    },
    password::Pool,
};

/// A user; the id is a string, as the `sub` of a token is.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    hash: String,
}

impl User {
    pub(crate) fn new(id: &str, username: &str, hash: String) -> Self {
        Self {
            id: id.to_owned(),
            username: username.to_owned(),
            hash,
        }
    }

    /// A token for this user, with the claim `id`.
    pub(crate) fn make_token(&self, engine: &Engine) -> Result<String, IssueError> {
        engine.issue(&self.id, json!({ "id": self.id }))
    }

    /// Whose token this is: `None` for one that is refused, and for a user who is gone. That the token
    /// can't be judged is an error, never a `None`.
    pub(crate) async fn verify_token(
        verifying: &Verifying,
        users: &Users,
        token: &str,
    ) -> Result<Option<Self>, Rejection> {
        match verifying.subject(token).await {
            Ok(subject) => Ok(users.get(&subject)),
            Err(refused) if refused.token_error().is_some() => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({}, {}, ********)", self.id, self.username)
    }
}

/// What tokens are verified by.
#[derive(Clone)]
pub(crate) struct Verifying {
    guard: Guard,
    /// For tokens that the Python program made, where it shares its secret.
    original: Option<Guard>,
}

impl Verifying {
    pub(crate) fn new(engine: &Engine, signing: &Signing) -> Result<Self, Error> {
        let original = match signing {
            Signing::Shared(secret) => {
                // It names neither issuer nor audience: the secret is this program's alone, and the
                // claims below are its own.
                let verifier = secret
                    .verifier(engine.issuer(), engine.issuer(), Typ::JWT)?
                    .dangerous_any_issuer()
                    .dangerous_any_audience();
                Some(Guard::new(verifier))
            }
            // A secret that was made here is known to nobody who could have made such a token.
            _ => None,
        };
        Ok(Self {
            guard: engine.guard(),
            original,
        })
    }

    async fn subject(&self, token: &str) -> Result<String, Rejection> {
        match (self.guard.require_token(token).await, &self.original) {
            (Ok(caller), _) => Ok(caller.subject().to_owned()),
            (Err(refused), Some(original))
                if refused.token_error().map(Error::kind) == Some(ErrorKind::WrongTyp) =>
            {
                let token = original.require_token_as::<OriginalClaims>(token).await?;
                Ok(token.into_claims().id.to_string())
            }
            (Err(refused), _) => Err(refused),
        }
    }
}

/// All claims of a token that the Python program's model made, once it carries an end. One with others
/// was made for something else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginalClaims {
    id: i64,
    #[serde(rename = "exp")]
    _exp: i64,
}

/// All users, in memory: a demo's table.
#[derive(Clone)]
pub(crate) struct Users {
    passwords: Pool,
    by_id: Arc<BTreeMap<String, User>>,
}

impl Users {
    pub(crate) fn new(passwords: Pool, users: impl IntoIterator<Item = User>) -> Self {
        let by_id = users.into_iter().map(|user| (user.id.clone(), user));
        Self {
            passwords,
            by_id: Arc::new(by_id.collect()),
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<User> {
        self.by_id.get(id).cloned()
    }
}

impl symbolon::Users for Users {
    async fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<Identity>, HookError> {
        let user = self.by_id.values().find(|user| user.username == username);
        // Nobody's password costs as much to check as somebody's.
        let hash = user.map(|user| user.hash.as_str());
        let right = self.passwords.verify(password, hash).await?;
        Ok(user
            .filter(|_| right)
            .map(|user| Identity::new(&user.id, &user.username)))
    }

    async fn find(&self, subject: &str) -> Result<Option<Identity>, HookError> {
        let user = self.get(subject);
        Ok(user.map(|user| Identity::new(&user.id, &user.username)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use symbolon::Config;

    use super::*;

    const PASSWORD: &str = "correct horse battery staple";

    async fn engine(folder: &Path, users: &Users) -> Engine {
        let config = Config::in_folder("http://127.0.0.1:3000", folder).unwrap();
        let mut config = config.with_users(users.clone());
        config.signing = Signing::SharedKept;
        Engine::open(config).await.unwrap()
    }

    async fn users(count: usize) -> Users {
        let passwords = Pool::new();
        let hash = passwords.hash(PASSWORD).await.unwrap();
        let names = ["admin", "second"];
        let users = names.into_iter().zip(1..).take(count);
        let users = users.map(|(name, id): (_, u8)| User::new(&id.to_string(), name, hash.clone()));
        Users::new(passwords, users.collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn p3_02_p3_03_a_model_makes_a_token_and_finds_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let users = users(2).await;
        let engine = engine(folder.path(), &users).await;
        let user = users.get("2").unwrap();
        let token = user.make_token(&engine).unwrap();
        let verifying = Verifying::new(&engine, &Signing::SharedKept).unwrap();
        let found = User::verify_token(&verifying, &users, &token)
            .await
            .unwrap();
        assert_eq!(found.unwrap().username, "second");
        for bad in ["", "x", "x.y.z", &token[1..], &token[..token.len() - 1]] {
            let found = User::verify_token(&verifying, &users, bad).await.unwrap();
            assert!(found.is_none(), "{bad}");
        }
        engine.shutdown().await;
    }

    #[tokio::test]
    async fn p3_03_the_token_of_a_user_who_is_gone_is_nobodys() {
        let folder = tempfile::tempdir().unwrap();
        let before = users(2).await;
        let engine = engine(folder.path(), &before).await;
        let token = before.get("2").unwrap().make_token(&engine).unwrap();
        let after = users(1).await;
        let verifying = Verifying::new(&engine, &Signing::SharedKept).unwrap();
        let found = User::verify_token(&verifying, &after, &token)
            .await
            .unwrap();
        assert!(found.is_none());
        engine.shutdown().await;
    }

    #[tokio::test]
    async fn printing_a_user_hides_the_password() {
        let shown = format!("{:?}", users(1).await.get("1").unwrap());
        assert_eq!(shown, "User(1, admin, ********)");
    }
}
