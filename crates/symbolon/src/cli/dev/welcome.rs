//! What `symbolon dev` says once it answers: for people, or as one line of JSON.

use serde::Serialize;

use super::snippets::Snippets;

/// What there is to say. In JSON, the public contract of `dev --json`.
#[derive(Serialize)]
pub(super) struct Welcome<'a> {
    pub(super) issuer: &'a str,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) access_token: &'a str,
    pub(super) jwks_uri: &'a str,
    /// The database that is kept, if one is.
    #[serde(skip)]
    pub(super) kept: Option<&'a str>,
}

impl Welcome<'_> {
    /// One line of JSON.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A page of text with lines to paste.
    pub(super) fn text(&self) -> String {
        let Self {
            issuer,
            username,
            password,
            access_token,
            jwks_uri,
            kept,
        } = self;
        let snippets = Snippets {
            issuer,
            jwks_uri,
            username,
            password,
            access_token,
        };
        let [curl_login, curl_me, python, rust] = [
            snippets.curl_login(),
            snippets.curl_me(),
            snippets.python(),
            snippets.rust(),
        ]
        .map(|snippet| indented(&snippet));
        let ending = match kept {
            Some(_) => "Ctrl-C ends it. The data is kept; the next start sets a new password.",
            None => "Ctrl-C ends it, and nothing is kept (--database FILE keeps it).",
        };
        format!(
            r"
Symbolon is running. Try it in a browser, at the issuer's address, or with the lines below.

  issuer     {issuer}
  username   {username}
  password   {password}

An access token, good for ten minutes:

{access_token}

Log in:

{curl_login}

Call a guarded endpoint:

{curl_me}

Check the token in Python (pip install 'pyjwt[crypto]'):

{python}

Guard a route in Rust (axum, crate symbolon-guard):

{rust}

{ending}
"
        )
    }
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        line => format!("  {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
