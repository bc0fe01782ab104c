//! Users as people read them.

use super::super::{
    control::{State, UserView},
    table::pairs,
    time::short,
};

pub(super) const HEADING: &[&str] = &["NAME", "STATE", "ROLES", "CREATED", "ID"];

/// A user in a table.
pub(super) fn row(user: &UserView) -> Vec<String> {
    vec![
        user.username.clone(),
        state(user.state).to_owned(),
        listed(&user.roles),
        short(&user.created_at),
        user.id.clone(),
    ]
}

/// A user alone.
pub(super) fn text(user: &UserView) -> String {
    let mut lines = vec![
        ("name", user.username.clone()),
        ("id", user.id.clone()),
        ("state", state(user.state).to_owned()),
        ("roles", listed(&user.roles)),
        ("created", short(&user.created_at)),
        ("password", password(user)),
    ];
    if let Some(id) = &user.external_id {
        lines.push(("old id", id.clone()));
    }
    if let Some(details) = &user.details {
        lines.push(("sessions", details.sessions.to_string()));
        let last = details.last_login_at.as_deref().map(short);
        lines.push((
            "last login",
            last.unwrap_or_else(|| "none that is remembered".to_owned()),
        ));
        for link in &details.links {
            lines.push(("logs in as", format!("{} at {}", link.subject, link.issuer)));
        }
    }
    pairs(&lines)
}

fn state(state: State) -> &'static str {
    match state {
        State::Enabled => "enabled",
        State::Disabled => "disabled",
    }
}

fn listed(roles: &[String]) -> String {
    if roles.is_empty() {
        return "-".to_owned();
    }
    roles.join(", ")
}

fn password(user: &UserView) -> String {
    match (user.password.as_str(), &user.imported_scheme) {
        ("own", _) => "set".to_owned(),
        ("imported", Some(scheme)) => format!("imported ({scheme}) until the next login"),
        (other, _) => other.to_owned(),
    }
}
