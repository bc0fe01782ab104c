//! Does what is asked: the same for whoever came through the socket and whoever opened the engine.
//!
//! A right over Symbolon (`symbolon:…`) can be given here, since whoever gets here is its administrator.

use symbolon_rules::{
    id::UserId,
    password::PlainPassword,
    permission::Role,
    user::{UserState, Username},
};

use super::{
    Answer, Change, Cursor, Failure, Hello, Order, Request, Secret, State, answer::UserView, keys,
};
use crate::{
    Engine,
    app::{AppError, NewUser, UserError, UserQuery},
    store::RoleChange,
};

/// Does it, and says what came of it.
pub(in crate::cli) async fn perform(engine: &Engine, request: Request) -> Answer {
    let (whom, new_name) = request.names();
    match attempt(engine, request).await {
        Ok(answer) => answer,
        Err(error @ UserError::NameTaken) => failure(&error, &new_name),
        Err(error) => failure(&error, &whom),
    }
}

async fn attempt(engine: &Engine, request: Request) -> Result<Answer, UserError> {
    match request {
        Request::Hello => Ok(Answer::Hello(Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            issuer: engine.issuer().to_owned(),
        })),
        Request::AddUser {
            username,
            password,
            roles,
        } => add(engine, &username, password, &roles).await,
        Request::ListUsers {
            order,
            prefix,
            state,
            limit,
            after,
        } => {
            let query = query(order, prefix, state, after)?.at_most(limit);
            let users = engine.app.list_users(query).await?;
            Ok(Answer::Users(
                users.into_iter().map(UserView::from).collect(),
            ))
        }
        Request::Key(request) => Ok(keys::perform(engine, request).await),
        Request::ShowUser { username } => shown(engine, name(&username)?, Changed::No).await,
        Request::SetState { username, state } => {
            let username = name(&username)?;
            let before = engine.app.show_user(username.clone()).await?;
            let state = UserState::from(state);
            engine.app.set_user_state(username.clone(), state).await?;
            let same = before.is_some_and(|before| before.user.state == state);
            shown(engine, username, Changed::unless(same)).await
        }
        Request::RenameUser { username, to } => {
            let (from, to) = (name(&username)?, name(&to)?);
            let same = from == to;
            engine.app.rename_user(from, to.clone()).await?;
            shown(engine, to, Changed::unless(same)).await
        }
        Request::SetPassword { username, password } => {
            let username = name(&username)?;
            // Before the password is hashed, which takes a while.
            engine
                .app
                .find_user(username.clone())
                .await?
                .ok_or(UserError::Unknown)?;
            let hash = engine.app.passwords.hash(plain(&password)?).await;
            let hash = hash.map_err(AppError::from)?;
            engine.app.set_password(username.clone(), hash).await?;
            shown(engine, username, Changed::Yes).await
        }
        Request::ChangeRole {
            username,
            role,
            change,
        } => {
            let username = name(&username)?;
            let role = Role::parse_at_the_machine(&role).map_err(UserError::Role)?;
            let change = match change {
                Change::Grant => RoleChange::Grant,
                Change::Revoke => RoleChange::Revoke,
            };
            let changed = engine
                .app
                .change_role(username.clone(), role, change)
                .await?;
            shown(engine, username, Changed::unless(!changed)).await
        }
        Request::RemoveUser { username, id } => {
            let username = name(&username)?;
            let found = engine.app.show_user(username.clone()).await?;
            let found = found.filter(|found| found.user.id.to_string() == id);
            let found = found.ok_or(UserError::Unknown)?;
            engine.app.remove_user(username, found.user.id).await?;
            Ok(Answer::User {
                user: Box::new(found.into()),
                changed: true,
            })
        }
    }
}

async fn add(
    engine: &Engine,
    username: &str,
    password: Secret,
    roles: &[String],
) -> Result<Answer, UserError> {
    let username = name(username)?;
    let roles = roles.iter().map(|role| Role::parse_at_the_machine(role));
    let roles = roles.collect::<Result<_, _>>().map_err(UserError::Role)?;
    let password = plain(&password)?;
    // Before the password is hashed, which takes a while; the statement that makes the user says it again.
    if engine.app.find_user(username.clone()).await?.is_some() {
        return Err(UserError::NameTaken);
    }
    let password_hash = engine.app.passwords.hash(password).await;
    let user = NewUser {
        username: username.clone(),
        password_hash: password_hash.map_err(AppError::from)?,
        roles,
    };
    engine.app.create_user(user).await?;
    shown(engine, username, Changed::Yes).await
}

fn query(
    order: Order,
    prefix: Option<String>,
    state: Option<State>,
    after: Option<Cursor>,
) -> Result<UserQuery, UserError> {
    let mut query = match order {
        Order::Name => UserQuery::by_name(),
        Order::Newest => UserQuery::newest(),
    };
    if let Some(prefix) = prefix {
        query = query.beginning_with(prefix);
    }
    if let Some(state) = state {
        query = query.in_state(state.into());
    }
    if let Some(Cursor { id, username }) = after {
        let id: UserId = id.parse().map_err(|_| UserError::Unknown)?;
        query = query.behind(name(&username)?, id);
    }
    Ok(query)
}

/// Whether an act changed anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changed {
    Yes,
    No,
}

impl Changed {
    fn unless(same: bool) -> Self {
        if same { Self::No } else { Self::Yes }
    }
}

async fn shown(engine: &Engine, username: Username, changed: Changed) -> Result<Answer, UserError> {
    let found = engine.app.show_user(username).await?;
    let user = found.ok_or(UserError::Unknown)?;
    Ok(Answer::User {
        user: Box::new(user.into()),
        changed: changed == Changed::Yes,
    })
}

fn name(typed: &str) -> Result<Username, UserError> {
    Username::parse(typed).map_err(UserError::Username)
}

fn plain(password: &Secret) -> Result<PlainPassword, UserError> {
    PlainPassword::parse_new(password.expose()).map_err(UserError::Password)
}

fn failure(error: &UserError, subject: &str) -> Answer {
    let code = match error {
        UserError::Username(_) => "invalid_username",
        UserError::Password(_) => "invalid_password",
        UserError::Role(_) => "invalid_role",
        UserError::NameTaken => "name_taken",
        UserError::Unknown => "unknown_user",
        UserError::App(AppError::Unavailable(_) | AppError::Busy { .. }) => "unavailable",
        UserError::App(AppError::Fault(_)) => "fault",
    };
    let message = match error {
        UserError::Unknown => format!("there is no user {subject:?}"),
        UserError::NameTaken => format!("another user is called {subject:?}"),
        error => error.to_string(),
    };
    Failure::answer(code, message)
}

impl Request {
    /// Whom it is about, and what they are to be called, for whoever reads why it failed.
    fn names(&self) -> (String, String) {
        let (whom, new_name) = match self {
            Self::Hello | Self::Key(_) | Self::ListUsers { .. } => ("", ""),
            Self::RenameUser { to, username } => (&**username, &**to),
            Self::AddUser { username, .. }
            | Self::ShowUser { username }
            | Self::SetState { username, .. }
            | Self::SetPassword { username, .. }
            | Self::ChangeRole { username, .. }
            | Self::RemoveUser { username, .. } => (&**username, &**username),
        };
        (whom.to_owned(), new_name.to_owned())
    }
}
