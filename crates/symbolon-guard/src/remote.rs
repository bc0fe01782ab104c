//! Keys that an issuer publishes: described here, started here, asked for again here.
//!
//! OpenID Connect Discovery 1.0 §4 and RFC 8414 §3 (where the keys are), RFC 7517 §5 (what they are),
//! RFC 9700 §4.4 (keys of one issuer never judge tokens of another).
//!
//! Invariant: `start` needs no network. A service whose issuer is down starts, answers 503 where a
//! token would have to be judged, and recovers by itself.
//! Invariant: the refresh task ends with the last `Guard`.

mod discovery;
mod error;
mod fetch;
mod jitter;
mod pace;
mod refresh;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use symbolon_token::{Algorithm, KeySet, Policy, Verifier};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task::AbortHandle,
};

pub use self::error::{FetchError, StartError};
use self::{
    discovery::{KeySource, address},
    fetch::Fetcher,
    jitter::Jitter,
    pace::{Asked, Pace},
    refresh::Refresh,
};
use crate::{
    Clock, Guard, Profile,
    issuer::Issuer,
    keys::{Held, Keys},
};

/// The most that keys serve on while the issuer can't be asked.
const STALE_AT_MOST: Duration = Duration::from_hours(24);

/// Describes a guard whose keys come from an issuer; made by [`Guard::remote`].
///
/// ```no_run
/// use std::time::Duration;
/// use symbolon_guard::{Clock, Guard, Profile, token::Algorithm};
///
/// # async fn start() -> Result<(), symbolon_guard::StartError> {
/// let ours = Guard::remote("https://login.example")
///     .audience("https://api.example")
///     .algorithms([Algorithm::ES256])
///     .start()?;
///
/// let partners = Guard::remote("https://sso.partner.example/realms/staff")
///     .profile(Profile::keycloak())
///     .audience("posts-api")
///     .start()?;
/// let guard = ours.or(&partners);
///
/// // One without discovery, whose clock goes wrong, and whose keys shouldn't outlive it for long.
/// let old = Guard::remote("https://old.example")
///     .jwks_uri("https://old.example/keys.json")
///     .leeway(Duration::from_secs(5))
///     .stale_at_most(Duration::from_secs(3600))
///     .clock(Clock::system())
///     .start()?;
/// let guard = guard.or(&old);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RemoteBuilder {
    issuer: String,
    audience: Vec<String>,
    algorithms: Option<Vec<Algorithm>>,
    profile: Profile,
    jwks_uri: Option<String>,
    leeway: Option<Duration>,
    stale: Duration,
    clock: Clock,
}

impl RemoteBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        Self {
            issuer,
            audience: Vec::new(),
            algorithms: None,
            profile: Profile::access_token(),
            jwks_uri: None,
            leeway: None,
            stale: STALE_AT_MOST,
            clock: Clock::system(),
        }
    }

    /// A name by which this service is meant in `aud`; said several times, any of them will do.
    /// Without it, the issuer itself is the audience.
    ///
    /// Never name the `client_id` of a login page here: it is the audience of ID tokens.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// The only algorithms accepted. Unless said otherwise all that take a key pair but `ES256K`. With a
    /// foreign [`Profile`]: `RS256` for Auth0, Entra and Google; the same as ours but `Ed25519` for Keycloak;
    /// else one for each kind of key, `ES256`, `ES384`, `ES512`, `EdDSA` and `RS256`.
    ///
    /// A published key without `alg` is used only if one of them fits it alone, and is pinned to that one.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How the issuer writes its access tokens; RFC 9068 unless said otherwise.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// How long keys serve on while the issuer can't be asked; 24 hours unless said otherwise. More than
    /// that fails at the start: a key that was withdrawn would open doors for as long.
    pub fn stale_at_most(mut self, stale: Duration) -> Self {
        self.stale = stale;
        self
    }

    /// Where the issuer publishes its keys, for an issuer without discovery.
    pub fn jwks_uri(mut self, jwks_uri: impl Into<String>) -> Self {
        self.jwks_uri = Some(jwks_uri.into());
        self
    }

    /// How far the issuer's clock may differ from ours; see [`Verifier::leeway`].
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// Another clock than the machine's, for tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts fetching the keys in the background, and returns at once.
    ///
    /// Fails only on what no waiting would cure: an issuer that isn't an https URL (or http on
    /// loopback), a symmetric algorithm, no runtime to run in, no certificate authorities to trust.
    pub fn start(self) -> Result<Guard, StartError> {
        if self.stale > STALE_AT_MOST {
            return Err(StartError::TooStale);
        }
        let algorithms = self.algorithms.unwrap_or_else(|| self.profile.algorithms());
        if let Some(algorithm) = algorithms.iter().find(|named| named.is_symmetric()) {
            // RFC 8725 §3.1: a published key must never serve as a shared secret.
            return Err(StartError::SymmetricAlgorithm(*algorithm));
        }
        let source = match &self.jwks_uri {
            Some(jwks_uri) => KeySource::given(address(jwks_uri).ok_or(StartError::JwksUri)?),
            None => KeySource::discovered(&self.issuer).ok_or(StartError::Issuer)?,
        };
        let fetcher = Fetcher::new(&source).map_err(StartError::Tls)?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;

        let audience = if self.audience.is_empty() {
            vec![self.issuer.clone()]
        } else {
            self.audience
        };
        let policy = Policy {
            issuer: self.issuer,
            audience,
            algorithms,
            typ: self.profile.typ(),
        };
        let mut empty = Verifier::new(KeySet::empty(), policy).map_err(StartError::Policy)?;
        if self.profile.is_told_by_its_claims() {
            // What a token is for is told by the profile, which refuses the kinds that aren't for calling.
            empty = empty.dangerous_optional_typ();
        }
        if let Some(leeway) = self.leeway {
            empty = empty.leeway(leeway).map_err(StartError::Policy)?;
        }

        let keys = Arc::new(Keys::new(Held::nothing()));
        let shared = Arc::new(Shared::default());
        let (ended, rounds) = watch::channel(0);
        let policy = Arc::new(empty.policy().clone());
        let task = runtime.spawn(
            Refresh {
                source,
                fetcher,
                empty,
                keys: Arc::clone(&keys),
                shared: Arc::clone(&shared),
                ended,
                clock: self.clock.clone(),
                stale: self.stale,
                jitter: Jitter::of(&self.clock),
                last: None,
            }
            .run(),
        );
        let remote = Remote {
            shared,
            rounds,
            task: task.abort_handle(),
        };
        let issuer = Issuer {
            policy,
            keys,
            profile: self.profile,
            is_remote: true,
            remote: Some(Arc::new(remote)),
        };
        Ok(Guard::of(issuer, self.clock))
    }
}

/// A guard's hold on its refresh task.
pub(crate) struct Remote {
    shared: Arc<Shared>,
    rounds: watch::Receiver<u64>,
    task: AbortHandle,
}

/// What the guard and its refresh task both see.
#[derive(Default)]
struct Shared {
    pace: Mutex<Pace>,
    asked: Notify,
}

/// How asking for newer keys ended.
pub(crate) enum Refetch {
    /// A fetch ended since, well or not: judge again by what is held now.
    Ended,
    /// The issuer has been asked often enough in this minute.
    TooSoon,
    /// The task that fetches is gone, with its runtime.
    Gone,
}

impl Remote {
    /// Sees to it that a fetch later than round `seen` has ended. However many ask, one fetch runs.
    pub(crate) async fn refetch(&self, seen: u64, clock: &Clock) -> Refetch {
        let asked = self.shared.pace().ask(seen, clock.monotonic());
        match asked {
            Asked::AlreadyNewer => return Refetch::Ended,
            Asked::TooSoon => return Refetch::TooSoon,
            Asked::Begun => self.shared.asked.notify_one(),
            Asked::UnderWay => {}
        }
        match self.rounds.clone().wait_for(|round| *round > seen).await {
            Ok(_) => Refetch::Ended,
            Err(_) => Refetch::Gone,
        }
    }

    /// Waits for `reached`, looking again whenever a fetch has ended.
    pub(crate) async fn ended_round(&self, reached: impl Fn() -> bool) {
        if self.rounds.clone().wait_for(|_| reached()).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn pace(&self) -> MutexGuard<'_, Pace> {
        // A panic under this lock leaves a pace that is at worst too slow.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
