//! Names become addresses here, and addresses that must not be reached become none.
//!
//! Judging at the moment of connecting leaves no gap: a name that was public when it was looked at and
//! private a second later (DNS rebinding) is judged by the address that is connected to.

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use symbolon_rules::address::is_public;
use tower_service::Service;

use super::Reach;

/// The system's resolver, except that `localhost` is this machine whatever the resolver thinks: it is
/// the name that excuses plain http.
#[derive(Clone)]
pub(super) struct Resolver {
    system: GaiResolver,
    reach: Reach,
}

impl Resolver {
    pub(super) fn any() -> Self {
        Self::reaching(Reach::Named)
    }

    pub(super) fn public() -> Self {
        Self::reaching(Reach::Public)
    }

    fn reaching(reach: Reach) -> Self {
        Self {
            system: GaiResolver::new(),
            reach,
        }
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.system.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.reach;
        if name.as_str().eq_ignore_ascii_case("localhost") {
            let here = vec![
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
            ];
            return Box::pin(std::future::ready(allowed(here, reach)));
        }
        let found = self.system.call(name);
        Box::pin(async move { allowed(found.await?.collect(), reach) })
    }
}

fn allowed(found: Vec<SocketAddr>, reach: Reach) -> io::Result<vec::IntoIter<SocketAddr>> {
    // One address inside spoils the rest: a name that leads both ways was made to.
    let inside = |address: &SocketAddr| !is_public(address.ip());
    if reach == Reach::Public && found.iter().any(inside) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, Inside));
    }
    Ok(found.into_iter())
}

/// The name leads to an address inside.
#[derive(Debug)]
struct Inside;

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to an address that is not on the public net")
    }
}

impl Error for Inside {}

/// Whether that is why a request failed.
pub(super) fn is_refused(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            && inner.is::<Inside>()
        {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use symbolon_rules::upstream::Why;
    use tokio::net::TcpListener;

    use super::super::{Endpoint, Outgoing, Send};
    use super::*;

    #[test]
    fn k4_one_address_inside_spoils_the_rest() {
        let public = SocketAddr::from(([1, 1, 1, 1], 0));
        let private = SocketAddr::from(([10, 0, 0, 1], 0));
        assert!(allowed(vec![public], Reach::Public).is_ok());
        assert!(allowed(vec![public, private], Reach::Public).is_err());
        assert!(allowed(vec![private], Reach::Named).is_ok());
    }

    #[tokio::test]
    async fn k4_a_name_that_leads_inside_is_never_connected_to() {
        let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = trap.local_addr().unwrap().port();
        // The system's resolver reads these as 127.0.0.1; they are no literals to a URL parser.
        for host in ["127.1", "2130706433", "0x7f.1"] {
            let endpoint = Endpoint {
                uri: format!("http://{host}:{port}/").parse().unwrap(),
                reach: Reach::Public,
            };
            let get = Send::Get { bearer: None };
            let outgoing = Outgoing::new(false).unwrap();
            let sent = outgoing.send(&endpoint, get, Duration::from_secs(5)).await;
            let refusal = sent.map(|_| ()).unwrap_err();
            assert_eq!(refusal.why, Why::Faulty, "{host}: {}", refusal.reason);
        }
        let nobody = std::future::poll_fn(|cx| Poll::Ready(trap.poll_accept(cx).is_pending()));
        assert!(nobody.await);
    }
}
