//! The side of the server: answers what the command line asks of it.

use std::{path::Path, pin::pin, sync::Arc, time::Duration};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinHandle, JoinSet},
    time::{interval, timeout},
};

use super::{
    Failure, Place, Request, VERSION,
    answer::Answer,
    frame::{self, ANSWER_MAX, REQUEST_MAX},
    perform,
    place::own_uid,
    request::Sealed,
};
use crate::{Engine, cli::folder::DataFolder};

/// Connections at once; more wait in the system's queue.
const CONNECTIONS: usize = 16;
/// How long somebody may take to say what they want, and to hear the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What may still come of a request that was refused.
const REST_MAX: u64 = 1024 * 1024;
/// After an error of the listener itself, which may come again at once.
const BREATH: Duration = Duration::from_millis(100);

/// Answers on the folder's control socket until `end`, then removes it. The task has ended when what was
/// under way is answered; only then may the engine be shut down, and the folder given up.
///
/// Must be called within a tokio runtime.
pub(in crate::cli) fn serve(
    engine: Engine,
    path: &Path,
    folder: &DataFolder,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<JoinHandle<()>> {
    let place = Place::open(path)?;
    let listener = UnixListener::from_std(place.listen(folder)?)?;
    let control = Control { engine, place };
    Ok(tokio::spawn(control.run(listener, end)))
}

struct Control {
    engine: Engine,
    place: Place,
}

impl Control {
    async fn run(self, listener: UnixListener, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        let turns = Arc::new(Semaphore::new(CONNECTIONS));
        let mut under_way = JoinSet::new();
        loop {
            let next = tokio::select! {
                () = &mut end => break,
                next = accept(&listener, &turns) => next,
            };
            if let Some((stream, turn)) = next {
                under_way.spawn(serve_one(stream, self.engine.clone(), turn));
            }
            while under_way.try_join_next().is_some() {}
        }
        drop(listener);
        self.place.remove();
        if timeout(PATIENCE, under_way.join_all()).await.is_err() {
            tracing::warn!("commands were still under way at the end");
        }
    }
}

async fn accept(
    listener: &UnixListener,
    turns: &Arc<Semaphore>,
) -> Option<(UnixStream, OwnedSemaphorePermit)> {
    let turn = Arc::clone(turns).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, turn)),
        Err(error) => {
            tracing::warn!(%error, "the control socket can't take a connection");
            let mut ticks = interval(BREATH);
            ticks.tick().await;
            ticks.tick().await;
            None
        }
    }
}

async fn serve_one(mut stream: UnixStream, engine: Engine, _turn: OwnedSemaphorePermit) {
    let answer = match stream.peer_cred() {
        Ok(peer) if may_ask(peer.uid(), own_uid()) => answer(&mut stream, &engine).await,
        peer => {
            let uid = peer.ok().map(|peer| peer.uid());
            tracing::warn!(?uid, "a stranger on the control socket");
            Failure::answer("forbidden", "this socket answers its owner only")
        }
    };
    let written = timeout(PATIENCE, frame::write(&mut stream, &answer, ANSWER_MAX)).await;
    if !matches!(written, Ok(Ok(()))) {
        tracing::debug!("nobody waited for the answer to a command");
    }
    // What is left unread when a socket closes takes the answer with it. How this ends doesn't matter.
    let _ = stream.shutdown().await;
    let mut rest = stream.take(REST_MAX);
    let _ = timeout(PATIENCE, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
}

/// The server's own user, and who may become that user anyway.
pub(super) fn may_ask(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

async fn answer(stream: &mut UnixStream, engine: &Engine) -> Answer {
    let frame = match timeout(PATIENCE, frame::read(stream, REQUEST_MAX)).await {
        Ok(Ok(frame)) => frame,
        Ok(Err(error)) => return Failure::answer("malformed", error.to_string()),
        Err(_) => return Failure::answer("malformed", "the request did not come in time"),
    };
    let sealed: Sealed<'_> = match serde_json::from_slice(&frame) {
        Ok(sealed) => sealed,
        // What serde says of a text may quote it.
        Err(_) => return Failure::answer("malformed", "the request can't be read"),
    };
    if sealed.v != VERSION {
        let ours = env!("CARGO_PKG_VERSION");
        let told = format!(
            "the server on this data folder is Symbolon {ours}, and this program is another version; \
             use the program of the server, or restart the server with this one"
        );
        return Failure::answer("version", told);
    }
    match serde_json::from_str::<Request>(sealed.request.get()) {
        Ok(request) => perform(engine, request).await,
        Err(_) => Failure::answer("malformed", "the request can't be read"),
    }
}
