//! What systemd is told (`sd_notify(3)`): that the server is ready, that it ends, and that it lives.
//!
//! One datagram each, to the socket that the environment names. Nothing here can fail the server: a
//! manager that doesn't listen costs nothing.

#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::{
    convert::Infallible,
    ffi::{OsStr, OsString},
    os::unix::{
        ffi::OsStrExt,
        net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

/// Whom to tell, if anybody asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Systemd {
    socket: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

impl Systemd {
    /// Nobody asks.
    pub(crate) const fn absent() -> Self {
        Self {
            socket: None,
            watchdog: None,
        }
    }

    /// As `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say.
    pub(crate) fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let number = |name| {
            let text = variable(name)?.into_string().ok()?;
            text.parse::<u64>().ok()
        };
        // The variables are inherited: they are for the process that is named, if one is.
        let other = number("WATCHDOG_PID").is_some_and(|pid| pid != u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC")
            .filter(|microseconds| *microseconds > 0 && !other)
            .map(Duration::from_micros);
        Self {
            socket: variable("NOTIFY_SOCKET").and_then(|name| address_of(&name)),
            watchdog,
        }
    }

    /// Everything listens.
    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The end has come.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Says so for as long as it is polled, twice as often as it must.
    pub(super) async fn live(&self) -> Infallible {
        let Some(watchdog) = self.watchdog.filter(|_| self.socket.is_some()) else {
            return std::future::pending().await;
        };
        let mut ticks = tokio::time::interval(watchdog / 2);
        loop {
            ticks.tick().await;
            self.tell("WATCHDOG=1");
        }
    }

    fn tell(&self, state: &str) {
        let Some(socket) = &self.socket else { return };
        let sent = UnixDatagram::unbound().and_then(|ours| {
            ours.set_nonblocking(true)?;
            ours.send_to_addr(state.as_bytes(), socket)
        });
        if let Err(error) = sent {
            tracing::warn!(%error, state, "systemd can't be told");
        }
    }
}

/// A path, or behind an `@` a name in the abstract namespace.
fn address_of(name: &OsStr) -> Option<SocketAddr> {
    match name.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest).ok(),
        [b'/', ..] => SocketAddr::from_pathname(name).ok(),
        _ => None,
    }
}
