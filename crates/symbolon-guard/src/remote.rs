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
mod pace;
mod refresh;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use symbolon_token::{Algorithm, KeySet, Policy, Typ, Verifier};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task::AbortHandle,
};

pub use self::error::{FetchError, StartError};
use self::{
    discovery::{KeySource, address},
    fetch::Fetcher,
    pace::{Asked, Pace},
    refresh::Refresh,
};
use crate::{
    Clock, Guard,
    keys::{Held, Keys},
};

/// Describes a guard whose keys come from an issuer; made by [`Guard::remote`].
///
/// ```no_run
/// use symbolon_guard::{Guard, token::Algorithm};
///
/// # async fn start() -> Result<(), symbolon_guard::StartError> {
/// let guard = Guard::remote("https://login.example")
///     .audience("https://api.example")
///     .algorithms([Algorithm::ES256])
///     .start()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RemoteBuilder {
    issuer: String,
    audience: Vec<String>,
    algorithms: Vec<Algorithm>,
    jwks_uri: Option<String>,
    leeway: Option<Duration>,
    clock: Clock,
}

impl RemoteBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        Self {
            issuer,
            audience: Vec::new(),
            algorithms: vec![
                Algorithm::ES256,
                Algorithm::Ed25519,
                Algorithm::EdDSA,
                Algorithm::ES384,
                Algorithm::RS256,
                Algorithm::PS256,
            ],
            jwks_uri: None,
            leeway: None,
            clock: Clock::system(),
        }
    }

    /// A name by which this service is meant in `aud`; said several times, any of them will do.
    /// Without it, the issuer itself is the audience.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// The only algorithms accepted; `ES256`, `Ed25519`, `EdDSA`, `ES384`, `RS256` and `PS256` unless
    /// said otherwise. A published key without `alg` is used only if one of them fits it alone.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
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
        if let Some(algorithm) = self.algorithms.iter().find(|named| named.is_symmetric()) {
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
            algorithms: self.algorithms,
            typ: Typ::ACCESS_TOKEN,
        };
        let mut empty = Verifier::new(KeySet::empty(), policy).map_err(StartError::Policy)?;
        if let Some(leeway) = self.leeway {
            empty = empty.leeway(leeway).map_err(StartError::Policy)?;
        }

        let keys = Arc::new(Keys::new(Held::nothing_yet()));
        let shared = Arc::new(Shared::default());
        let (ended, rounds) = watch::channel(0);
        let task = runtime.spawn(
            Refresh {
                source,
                fetcher,
                empty,
                keys: Arc::clone(&keys),
                shared: Arc::clone(&shared),
                ended,
                clock: self.clock.clone(),
            }
            .run(),
        );
        let remote = Remote {
            shared,
            rounds,
            task: task.abort_handle(),
        };
        Ok(Guard::fetching(keys, self.clock, remote))
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
