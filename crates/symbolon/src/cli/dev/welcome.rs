//! What `symbolon dev` says once it answers: for people, or as one line of JSON.

use serde::Serialize;

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
        let ending = match kept {
            Some(_) => "Ctrl-C ends it. The data is kept; the next start sets a new password.",
            None => "Ctrl-C ends it, and nothing is kept (--database FILE keeps it).",
        };
        format!(
            r#"
Symbolon is running.

  issuer     {issuer}
  username   {username}
  password   {password}

An access token, good for ten minutes:

{access_token}

Log in:

  curl {issuer}/api/login --json '{{"username": "{username}", "password": "{password}"}}'

Call a guarded endpoint:

  curl {issuer}/api/me -H 'Authorization: Bearer {access_token}'

Check the token in Python (pip install 'pyjwt[crypto]'):

  import jwt
  token = "{access_token}"
  key = jwt.PyJWKClient("{jwks_uri}").get_signing_key_from_jwt(token)
  print(jwt.decode(token, key, ["ES256"], issuer="{issuer}", audience="{issuer}"))

Guard a route in Rust (axum, crate symbolon-guard):

  let guard = Guard::remote("{issuer}").start()?;
  let app = Router::new().route("/hello", get(hello)).with_state(guard);

  async fn hello(caller: Caller) -> String {{
      format!("Hello, {{}}!", caller.subject())
  }}

{ending}
"#
        )
    }
}
