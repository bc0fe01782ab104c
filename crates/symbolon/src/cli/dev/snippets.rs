//! Lines to paste, for the terminal and for the page: each is written once, here.

/// What the lines speak of: real values, or words that stand for them.
pub(super) struct Snippets<'a> {
    pub(super) issuer: &'a str,
    pub(super) jwks_uri: &'a str,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) access_token: &'a str,
}

impl Snippets<'_> {
    /// Logs in.
    pub(super) fn curl_login(&self) -> String {
        let Self {
            issuer,
            username,
            password,
            ..
        } = self;
        format!(
            r#"curl {issuer}/api/login --json '{{"username": "{username}", "password": "{password}"}}'"#
        )
    }

    /// Calls a guarded endpoint.
    pub(super) fn curl_me(&self) -> String {
        let Self {
            issuer,
            access_token,
            ..
        } = self;
        format!("curl {issuer}/api/me -H 'Authorization: Bearer {access_token}'")
    }

    /// Checks the token.
    pub(super) fn python(&self) -> String {
        let Self {
            issuer,
            jwks_uri,
            access_token,
            ..
        } = self;
        format!(
            r#"import jwt
token = "{access_token}"
key = jwt.PyJWKClient("{jwks_uri}").get_signing_key_from_jwt(token)
print(jwt.decode(token, key, ["ES256"], issuer="{issuer}", audience="{issuer}"))"#
        )
    }

    /// Guards a route.
    pub(super) fn rust(&self) -> String {
        let issuer = self.issuer;
        format!(
            r#"let guard = Guard::remote("{issuer}").start()?;
let app = Router::new().route("/hello", get(hello)).with_state(guard);

async fn hello(caller: Caller) -> String {{
    format!("Hello, {{}}!", caller.subject())
}}"#
        )
    }
}
