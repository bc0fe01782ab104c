//! How an issuer writes its access tokens, and how they are told from its other tokens.
//!
//! RFC 9068 §2.1 gives access tokens a type of their own. Many issuers write `JWT` or nothing there, as they
//! do for ID tokens (OpenID Connect Core §2), so what a token is has to be read from what it says: RFC 8725
//! §3.12 asks for rules under which a token of one kind can't pass for another.
//!
//! Invariant: no profile takes an ID token, a refresh token or a logout token of its issuer for an access
//! token, and none takes a token that is bound to a key (RFC 9449 §7.2, RFC 8705 §3): its proof isn't
//! checked here.

mod glance;
mod loose;
mod own;
mod read;

use std::{fmt, marker::PhantomData, sync::Arc};

use serde::de::DeserializeOwned;
use symbolon_token::{AccessClaims, Audience, RegisteredClaims, Timestamp, Verified, Verifier};
#[cfg(feature = "remote")]
use symbolon_token::{Algorithm, Typ};

use self::glance::Glance;
pub(crate) use self::glance::Names;
pub use self::own::Identified;
use self::own::{AsType, Reads};
pub(crate) use self::read::{Marks, NO_MARKS, Read};
use crate::{Invalid, WrongKind, admitted::Proof};

/// How an issuer writes access tokens.
///
/// | profile | `typ` | told from an ID token by | client | scopes | roles |
/// |---|---|---|---|---|---|
/// | [`access_token`](Self::access_token) | `at+jwt` | `typ` | `client_id` | `scope` | `roles` |
/// | [`jwt`](Self::jwt) | `JWT` or none | its marks | `client_id`, `azp` or `cid` | `scope` or `scp` | `roles` |
/// | [`keycloak`](Self::keycloak) | `JWT` or none | `typ: Bearer` among the claims | `azp` | `scope` | `realm_access.roles` |
/// | [`auth0`](Self::auth0) | `JWT` or none | `azp`, which an ID token lacks | `azp` | `scope` | `roles` |
/// | [`entra`](Self::entra) | `JWT` or none | `azp` or `appid`, likewise | `azp` or `appid` | `scp` | `roles` |
/// | [`google_service`](Self::google_service) | `JWT` or none | its audience | `azp` | | |
///
/// The marks of an ID token are `nonce`, `at_hash`, `c_hash` and `s_hash`, a kind among the claims
/// (`typ`, `token_use`), and an audience that is the client itself. A guard's audience must be the name of
/// a service and not the `client_id` of a login page: then an ID token fails by its audience alone.
///
/// ```no_run
/// # #[cfg(feature = "remote")]
/// # async fn start() -> Result<(), symbolon_guard::StartError> {
/// use symbolon_guard::{Guard, Profile};
///
/// let guard = Guard::remote("https://login.microsoftonline.com/TENANT/v2.0")
///     .profile(Profile::entra())
///     .audience("the application ID of the API")
///     .start()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Profile(Shape);

#[derive(Clone)]
enum Shape {
    AccessToken,
    Foreign(Foreign),
    Own(Arc<dyn Reads>),
}

/// What is particular about an issuer that writes no RFC 9068.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Foreign {
    Jwt,
    Keycloak,
    Auth0,
    Entra,
    GoogleService,
}

/// Each is said of a guard, or of what is to become one:
///
/// ```
/// use symbolon_guard::{Guard, Profile};
///
/// fn of(guard: &Guard, issuer: &str) -> Guard {
///     guard.with_profile(match issuer {
///         "https://accounts.google.com" => Profile::google_service(),
///         keycloak if keycloak.contains("/realms/") => Profile::keycloak(),
///         auth0 if auth0.ends_with(".auth0.com/") => Profile::auth0(),
///         entra if entra.starts_with("https://login.microsoftonline.com/") => Profile::entra(),
///         "https://old.example" => Profile::jwt(),
///         _ => Profile::access_token(),
///     })
/// }
/// ```
impl Profile {
    /// RFC 9068: what every guard asks for unless told otherwise.
    pub const fn access_token() -> Self {
        Self(Shape::AccessToken)
    }

    /// Access tokens that say `JWT` of themselves, or nothing. For issuers without a profile of their own.
    pub const fn jwt() -> Self {
        Self(Shape::Foreign(Foreign::Jwt))
    }

    /// Keycloak: the issuer is `https://HOST/realms/REALM`. The audience must be given to the client by an
    /// audience mapper; `account`, which Keycloak writes by itself, is no service of yours.
    pub const fn keycloak() -> Self {
        Self(Shape::Foreign(Foreign::Keycloak))
    }

    /// Auth0 with its own token profile: the issuer is `https://TENANT.auth0.com/`, slash included, and the
    /// audience the identifier of an API. With the RFC 9068 profile, use [`Profile::access_token`].
    pub const fn auth0() -> Self {
        Self(Shape::Foreign(Foreign::Auth0))
    }

    /// Microsoft Entra ID for one tenant: the issuer is `https://login.microsoftonline.com/TENANT/v2.0`
    /// and the audience the application (client) ID of the API. The `common` issuer, which stands for
    /// every tenant, is refused by its metadata.
    pub const fn entra() -> Self {
        Self(Shape::Foreign(Foreign::Entra))
    }

    /// Google's tokens of service accounts, as Cloud Run and others send them: the issuer is
    /// `https://accounts.google.com` and the audience the URL of the service. Google's access tokens for
    /// users aren't JWTs, and its ID tokens for users, whose audience is a client, are refused.
    pub const fn google_service() -> Self {
        Self(Shape::Foreign(Foreign::GoogleService))
    }

    /// Tokens whose claims are the program's own: read as `C`, from which a function says who calls, or
    /// that this is no token for calling. What a token must hold and may not is for `C` to say.
    ///
    /// ```
    /// use serde::Deserialize;
    /// use symbolon_guard::{Guard, Identified, Profile, SharedSecret, token::Typ};
    ///
    /// #[derive(Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct OfThePythonProgram {
    ///     user_id: String,
    ///     role: String,
    ///     #[serde(rename = "exp")]
    ///     _exp: i64,
    /// }
    ///
    /// fn old_tokens(secret: &SharedSecret) -> Result<Guard, symbolon_guard::token::Error> {
    ///     let verifier = secret.verifier("posts", "posts", Typ::JWT)?;
    ///     let verifier = verifier.dangerous_any_issuer().dangerous_any_audience();
    ///     let profile = Profile::own(|claims: OfThePythonProgram| {
    ///         Some(Identified::new(claims.user_id).role(claims.role))
    ///     });
    ///     Ok(Guard::new(verifier).with_profile(profile))
    /// }
    /// ```
    pub fn own<C, F>(identify: F) -> Self
    where
        C: DeserializeOwned + 'static,
        F: Fn(C) -> Option<Identified> + Send + Sync + 'static,
    {
        Self(Shape::Own(Arc::new(AsType {
            identify,
            claims: PhantomData,
        })))
    }

    /// The `typ` to ask for.
    #[cfg(feature = "remote")]
    pub(crate) fn typ(&self) -> Typ {
        match &self.0 {
            Shape::AccessToken => Typ::ACCESS_TOKEN,
            Shape::Foreign(_) | Shape::Own(_) => Typ::JWT,
        }
    }

    /// Whether a token without `typ` may do, because other things tell its kind.
    #[cfg(feature = "remote")]
    pub(crate) fn is_told_by_its_claims(&self) -> bool {
        matches!(&self.0, Shape::Foreign(_))
    }

    /// The algorithms to accept. A published key that names its own is pinned to that one; a key that names
    /// none, to the one here that fits its kind alone, and it isn't used where several do.
    ///
    /// Never `ES256K`: nobody signs access tokens with it unasked. Who does, says so in
    /// [`RemoteBuilder::algorithms`](crate::RemoteBuilder::algorithms).
    #[cfg(feature = "remote")]
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        match &self.0 {
            // RSA keys have to name theirs here: PKCS #1 and PSS are both in use, and either fits.
            Shape::AccessToken => vec![
                Algorithm::ES256,
                Algorithm::Ed25519,
                Algorithm::EdDSA,
                Algorithm::ES384,
                Algorithm::ES512,
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            Shape::Foreign(Foreign::Auth0 | Foreign::Entra | Foreign::GoogleService) => {
                vec![Algorithm::RS256]
            }
            // Its realms sign with any of these as their administrators like, and all its keys name theirs.
            Shape::Foreign(Foreign::Keycloak) => vec![
                Algorithm::ES256,
                Algorithm::EdDSA,
                Algorithm::ES384,
                Algorithm::ES512,
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            // One for each kind of key, because their keys may name none: with a second one for RSA, a key
            // such as Entra's would fit two and be good for nothing.
            Shape::Foreign(Foreign::Jwt) | Shape::Own(_) => vec![
                Algorithm::ES256,
                Algorithm::EdDSA,
                Algorithm::ES384,
                Algorithm::ES512,
                Algorithm::RS256,
            ],
        }
    }

    pub(crate) fn verify(
        &self,
        verifier: &Verifier,
        token: &str,
        now: Timestamp,
    ) -> Result<Proof, Invalid> {
        let foreign = match &self.0 {
            Shape::Own(reads) => {
                let proof = reads.verify(verifier, token, now)?;
                let marks: Marks = proof.claims_as()?;
                self.check_marks(&marks, proof.registered())?;
                return Ok(proof);
            }
            Shape::AccessToken => return Glance::take(verifier.check(token, now)?),
            Shape::Foreign(foreign) => *foreign,
        };
        let token: Verified<Read> = verifier.verify(token, now)?;
        let read = token.claims();
        let marks = read.marks.as_deref().unwrap_or(&NO_MARKS);
        self.check_kind(marks, read.client_id(), token.registered())?;
        let claims = Box::new(foreign.claims(read, token.registered()));
        Ok(Proof::Mapped { token, claims })
    }

    /// Whether what a token shows besides lets it be an access token of this issuer.
    pub(crate) fn check_marks(
        &self,
        marks: &Marks,
        registered: &RegisteredClaims,
    ) -> Result<(), Invalid> {
        self.check_kind(marks, marks.client_id.text(), registered)
    }

    fn check_kind(
        &self,
        marks: &Marks,
        client_id: Option<&str>,
        registered: &RegisteredClaims,
    ) -> Result<(), Invalid> {
        if marks.cnf.is_some() {
            return Err(Invalid::WrongKind(WrongKind::Bound));
        }
        match &self.0 {
            Shape::AccessToken | Shape::Own(_) => Ok(()),
            Shape::Foreign(foreign) => foreign
                .check(marks, client_id, registered)
                .map_err(Invalid::WrongKind),
        }
    }
}

impl Foreign {
    fn check(
        self,
        marks: &Marks,
        client_id: Option<&str>,
        registered: &RegisteredClaims,
    ) -> Result<(), WrongKind> {
        let is_id_token = marks.nonce.is_some()
            || marks.at_hash.is_some()
            || marks.c_hash.is_some()
            || marks.s_hash.is_some();
        if is_id_token {
            return Err(WrongKind::IdToken);
        }
        // OpenID Connect Back-Channel Logout §2.4.
        if marks.events.is_some() {
            return Err(WrongKind::Other);
        }
        for kind in [&marks.typ, &marks.token_use] {
            match kind.text().map(str::to_ascii_lowercase).as_deref() {
                Some("id") => return Err(WrongKind::IdToken),
                None | Some("bearer" | "access" | "jwt" | "at+jwt") => {}
                Some(_) => return Err(WrongKind::Other),
            }
        }
        let sole_audience = match registered.audience.as_slice() {
            [only] => Some(only.as_str()),
            _ => None,
        };
        if registered.subject.as_deref().is_none_or(str::is_empty) {
            return Err(WrongKind::Other);
        }
        let client = self.client(marks, client_id);
        match self {
            Self::Keycloak if marks.typ.text() != Some("Bearer") => Err(WrongKind::Other),
            Self::Auth0 | Self::Entra if client.is_none() => Err(WrongKind::IdToken),
            Self::GoogleService
                if sole_audience
                    .is_none_or(|audience| audience.ends_with(".apps.googleusercontent.com")) =>
            {
                Err(WrongKind::IdToken)
            }
            // Entra's API may be its own client, and a service account's `azp` is its own number; the kinds
            // have been told apart above.
            Self::Entra | Self::GoogleService => Ok(()),
            _ if sole_audience.is_some() && sole_audience == client => Err(WrongKind::IdToken),
            _ => Ok(()),
        }
    }

    fn client<'a>(self, marks: &'a Marks, client_id: Option<&'a str>) -> Option<&'a str> {
        let azp = marks.azp.text();
        match self {
            Self::Jwt => client_id.or(azp).or_else(|| marks.cid.text()),
            Self::Entra => azp.or_else(|| marks.appid.text()),
            Self::Auth0 => azp,
            Self::Keycloak | Self::GoogleService => azp.or(client_id),
        }
    }

    /// The same claims in RFC 9068's places.
    fn claims(self, read: &Read, registered: &RegisteredClaims) -> AccessClaims {
        let claims = &read.claims;
        let marks = read.marks.as_deref().unwrap_or(&NO_MARKS);
        let roles = match self {
            Self::Keycloak => marks.realm_access.list(),
            _ => &claims.roles,
        };
        AccessClaims {
            iss: claims.iss.clone(),
            sub: claims.sub.clone(),
            aud: Audience::from(registered.audience.clone()),
            exp: registered.expires_at.as_secs(),
            iat: registered.issued_at.map_or(0, Timestamp::as_secs),
            jti: match (self, marks.uti.text()) {
                (Self::Entra, Some(uti)) => uti.to_owned(),
                _ => claims.jti.clone(),
            },
            client_id: self
                .client(marks, read.client_id())
                .unwrap_or_default()
                .to_owned(),
            scope: claims.scope.clone().or_else(|| marks.scp.words()),
            roles: roles.to_vec(),
            auth_time: claims.auth_time,
            sid: claims.sid.clone(),
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::access_token()
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Shape::AccessToken => f.write_str("Profile(AccessToken)"),
            Shape::Foreign(foreign) => write!(f, "Profile({foreign:?})"),
            Shape::Own(_) => f.write_str("Profile(Own)"),
        }
    }
}
