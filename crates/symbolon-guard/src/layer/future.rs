//! The way of one request through a layer, without an allocation where nothing is waited for.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response, request::Parts};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::mark;
use crate::{Caller, Rejection};

type Admitting = Pin<Box<dyn Future<Output = (Parts, Result<Option<Caller>, Rejection>)> + Send>>;

pin_project! {
    /// The answer of a [`Guarded`](crate::Guarded) service.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use symbolon_guard::{Guarded, Guarding};
    /// use tower_service::Service;
    ///
    /// fn call<S>(service: &mut Guarded<S>) -> Guarding<S, (), S::Future, String>
    /// where
    ///     S: Service<Request<()>, Response = Response<String>> + Clone,
    /// {
    ///     service.call(Request::new(()))
    /// }
    /// ```
    pub struct Guarding<S, B, F, R> {
        #[pin]
        state: State<S, B, F, R>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<S, B, F, R> {
        Passed { #[pin] inner: F },
        Refused { response: Option<Response<R>> },
        // Keys or a hook are waited for.
        Waiting { admitting: Admitting, rest: Option<(B, S)> },
    }
}

impl<S, B, F, R> Guarding<S, B, F, R> {
    pub(super) fn passed(inner: F) -> Self {
        Self {
            state: State::Passed { inner },
        }
    }

    pub(super) fn refused(response: Response<R>) -> Self {
        Self {
            state: State::Refused {
                response: Some(response),
            },
        }
    }

    pub(super) fn waiting(
        admitting: impl Future<Output = (Parts, Result<Option<Caller>, Rejection>)> + Send + 'static,
        body: B,
        inner: S,
    ) -> Self {
        Self {
            state: State::Waiting {
                admitting: Box::pin(admitting),
                rest: Some((body, inner)),
            },
        }
    }
}

impl<S, B, R> Future for Guarding<S, B, S::Future, R>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                Projected::Passed { inner } => return inner.poll(cx),
                Projected::Refused { response } => {
                    // A future isn't polled again once it is ready; who does waits for ever.
                    return response
                        .take()
                        .map_or(Poll::Pending, |it| Poll::Ready(Ok(it)));
                }
                Projected::Waiting { admitting, rest } => {
                    let (mut parts, found) = ready!(admitting.as_mut().poll(cx));
                    match (found, rest.take()) {
                        (Ok(caller), Some((body, mut inner))) => {
                            mark(&mut parts, caller);
                            let request = Request::from_parts(parts, body);
                            State::Passed {
                                inner: inner.call(request),
                            }
                        }
                        (Ok(_), None) => return Poll::Pending,
                        (Err(rejection), _) => State::Refused {
                            response: Some(rejection.into_http_response()),
                        },
                    }
                }
            };
            state.set(next);
        }
    }
}
