//! The acts on users: what each command takes, asks and prints.

use std::process::ExitCode;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use symbolon_rules::permission::RESERVED_PREFIX;

use super::super::{
    ask::{PasswordArguments, confirm},
    control::{Answer, Change, Cursor, Door, Order, Request, State, UserView},
    installation::{Installation, Which},
    print,
    table::Table,
};
use super::view;

/// Users that are asked for at once.
const PAGE: u16 = 500;

/// Which installation, and for whom to print.
#[derive(clap::Args)]
pub(super) struct Common {
    #[command(flatten)]
    which: Which,
    /// Print JSON for programs instead of the text for people
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct Add {
    /// The name they sign in with
    name: String,
    /// Give them a role; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    #[command(flatten)]
    password: PasswordArguments,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
pub(super) struct List {
    /// Only those whose name begins so
    #[arg(long, value_name = "TEXT")]
    begins_with: Option<String>,
    /// Only those who may sign in, or may not
    #[arg(long, value_enum)]
    state: Option<State>,
    /// The newest first, instead of by name
    #[arg(long)]
    newest: bool,
    /// So many at the most
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u64>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
pub(super) struct Named {
    /// Their name
    name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
pub(super) struct Rename {
    /// Their name
    name: String,
    /// What they shall be called
    new_name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
pub(super) struct SetPassword {
    /// Their name
    name: String,
    #[command(flatten)]
    password: PasswordArguments,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
pub(super) struct OfRole {
    /// Their name
    name: String,
    /// The role; `symbolon:…` is a right over Symbolon itself
    role: String,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
pub(super) struct Remove {
    /// Their name
    name: String,
    /// Don't ask whether this is meant
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn add(arguments: Add) -> Result<ExitCode> {
    let Add {
        name,
        roles,
        password,
        common,
    } = arguments;
    let installation = common.installation()?;
    let request = Request::AddUser {
        username: name,
        password: password.read().await?,
        roles,
    };
    let (user, changed) = one(&installation, request).await?;
    common.print_change(&user, changed, |name| format!("{name} is added"));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn list(arguments: List) -> Result<ExitCode> {
    let installation = arguments.common.installation()?;
    let door = Door::open(&installation).await?;
    let listed = pages(&door, &arguments).await;
    door.close().await;
    listed.map(|()| ExitCode::SUCCESS)
}

/// Prints each page as it comes: a million users are never in memory at once.
async fn pages(door: &Door, arguments: &List) -> Result<()> {
    let mut table = Table::new(view::HEADING);
    let mut left = arguments.limit.unwrap_or(u64::MAX);
    let (mut after, bar) = (None, counter());
    while left > 0 {
        let limit = u16::try_from(left).unwrap_or(PAGE).min(PAGE);
        let request = Request::ListUsers {
            order: if arguments.newest {
                Order::Newest
            } else {
                Order::Name
            },
            prefix: arguments.begins_with.clone(),
            state: arguments.state,
            limit,
            after: after.take(),
        };
        let Answer::Users(users) = door.ask(request).await? else {
            bail!("the answer is to another question");
        };
        let Some(last) = users.last() else { break };
        after = Some(Cursor {
            id: last.id.clone(),
            username: last.username.clone(),
        });
        bar.inc(users.len() as u64);
        bar.suspend(|| {
            if arguments.common.json {
                let lines = users.iter().map(json);
                print::line(&lines.collect::<Vec<_>>().join("\n"));
            } else {
                let rows: Vec<_> = users.iter().map(view::row).collect();
                print::line(&table.page(&rows));
            }
        });
        left -= users.len() as u64;
        if users.len() < usize::from(limit) {
            break;
        }
    }
    bar.finish_and_clear();
    if after.is_none() && !arguments.common.json {
        print::note("there is no such user");
    }
    Ok(())
}

/// Tells how many there are so far, where stderr is a terminal and the list goes elsewhere.
fn counter() -> ProgressBar {
    if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{human_pos} users") {
        bar.set_style(style);
    }
    bar
}

pub(super) async fn show(arguments: Named) -> Result<ExitCode> {
    let installation = arguments.common.installation()?;
    let request = Request::ShowUser {
        username: arguments.name,
    };
    let (user, _) = one(&installation, request).await?;
    print::line(&if arguments.common.json {
        json(&user)
    } else {
        view::text(&user)
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn set_state(arguments: Named, state: State) -> Result<ExitCode> {
    let installation = arguments.common.installation()?;
    let request = Request::SetState {
        username: arguments.name,
        state,
    };
    let (user, changed) = one(&installation, request).await?;
    let done = match state {
        State::Enabled => "may sign in",
        State::Disabled => "is disabled, and signed out everywhere",
    };
    arguments
        .common
        .print_change(&user, changed, |name| format!("{name} {done}"));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn rename(arguments: Rename) -> Result<ExitCode> {
    let installation = arguments.common.installation()?;
    let request = Request::RenameUser {
        username: arguments.name.clone(),
        to: arguments.new_name,
    };
    let (user, changed) = one(&installation, request).await?;
    arguments.common.print_change(&user, changed, |name| {
        format!("{} is {name} now", arguments.name)
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn set_password(arguments: SetPassword) -> Result<ExitCode> {
    let SetPassword {
        name,
        password,
        common,
    } = arguments;
    let installation = common.installation()?;
    let request = Request::SetPassword {
        username: name,
        password: password.read().await?,
    };
    let (user, changed) = one(&installation, request).await?;
    common.print_change(&user, changed, |name| {
        format!("{name} has the new password, and is signed out everywhere")
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn change_role(arguments: OfRole, change: Change) -> Result<ExitCode> {
    let installation = arguments.common.installation()?;
    let request = Request::ChangeRole {
        username: arguments.name,
        role: arguments.role.clone(),
        change,
    };
    let (user, changed) = one(&installation, request).await?;
    let role = &arguments.role;
    arguments.common.print_change(&user, changed, |name| match change {
        Change::Grant if role.starts_with(RESERVED_PREFIX) => {
            format!("{name} has {role}, a right over Symbolon that no token carries elsewhere")
        }
        Change::Grant => format!("{name} has the role {role}, from their next token on"),
        Change::Revoke => format!(
            "{name} no longer has the role {role}; a token that is out there says it until it expires"
        ),
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn remove(arguments: Remove) -> Result<ExitCode> {
    let installation = arguments.common.installation()?;
    let username = arguments.name;
    let show = Request::ShowUser {
        username: username.clone(),
    };
    let (user, _) = one(&installation, show).await?;
    let question = format!(
        "{}\nRemove this user, their sessions and all that hangs on them, for good?",
        view::text(&user)
    );
    // Nothing is held open while somebody thinks; who is removed is who was shown, by their id.
    confirm(&question, arguments.yes).await?;
    let request = Request::RemoveUser {
        username,
        id: user.id,
    };
    let (user, changed) = one(&installation, request).await?;
    arguments
        .common
        .print_change(&user, changed, |name| format!("{name} is removed"));
    Ok(ExitCode::SUCCESS)
}

/// Has one act done that ends with a user.
async fn one(installation: &Installation, request: Request) -> Result<(UserView, bool)> {
    let door = Door::open(installation).await?;
    let answer = door.ask(request).await;
    door.close().await;
    match answer? {
        Answer::User { user, changed } => Ok((*user, changed)),
        _ => bail!("the answer is to another question"),
    }
}

/// What an act prints for programs: the user as they are now, or were last.
#[derive(Serialize)]
struct Outcome<'a> {
    #[serde(flatten)]
    user: &'a UserView,
    changed: bool,
}

fn json(shown: &impl Serialize) -> String {
    // Nothing in it fails to be JSON: text, numbers and lists.
    serde_json::to_string(shown).unwrap_or_default()
}

impl Common {
    fn installation(&self) -> Result<Installation> {
        Installation::load(&self.which)
    }

    fn print_change(&self, user: &UserView, changed: bool, done: impl Fn(&str) -> String) {
        let shown = Outcome { user, changed };
        print::line(&if self.json {
            json(&shown)
        } else if changed {
            done(&user.username)
        } else {
            format!("it was so already: {}", done(&user.username))
        });
    }
}
