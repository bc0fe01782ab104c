//! The side of the command: finds out whether a server runs, and asks it, or opens the engine itself.

use std::{io::ErrorKind, path::Path, time::Duration};

use anyhow::{Context as _, Result, anyhow, bail};
use tokio::{
    net::UnixStream,
    time::{interval, timeout},
};

use super::{
    Answer, Hello, Place, Request, VERSION,
    frame::{self, ANSWER_MAX, REQUEST_MAX},
    perform,
    request::Envelope,
};
use crate::{
    Engine, OpenError, StartError,
    cli::{
        folder::{DataFolder, Taken},
        installation::Installation,
    },
};

/// How long a server that starts or ends, or another command, may be in the way.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long an answer may take; the server's own deadlines are shorter.
const DEADLINE: Duration = Duration::from_mins(1);

/// The way to an engine.
pub(in crate::cli) enum Door {
    /// Nobody works on the folder, so this process does.
    Local(Box<Engine>, DataFolder),
    /// A server does.
    Remote(Place, Hello),
}

impl Door {
    /// Finds the way in. A server that starts or ends just now, and other commands, are waited for.
    pub(in crate::cli) async fn open(installation: &Installation) -> Result<Self> {
        installation.check_owner()?;
        let mut in_the_way = String::new();
        let finding = Self::find(installation, &mut in_the_way);
        match timeout(PATIENCE, finding).await {
            Ok(door) => door,
            Err(_) => bail!("no server answers, and yet {in_the_way}; end that one first"),
        }
    }

    async fn find(installation: &Installation, in_the_way: &mut String) -> Result<Self> {
        let mut looks = interval(LOOK);
        let path = &installation.folder;
        loop {
            looks.tick().await;
            if let Some(door) = Self::remote(path).await? {
                return Ok(door);
            }
            let folder = match DataFolder::open(path)? {
                Taken::Ours(folder) => folder,
                Taken::Theirs(owner) => {
                    *in_the_way = format!("{owner} works on the data folder {}", path.display());
                    continue;
                }
            };
            let mut config = installation.config.clone();
            config.store.deadline = DEADLINE;
            match Engine::open(config).await {
                Ok(engine) => return Ok(Self::Local(Box::new(engine), folder)),
                Err(StartError::Open(OpenError::InUse(database))) => {
                    *in_the_way = format!("somebody has {database} open");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The server on a folder, if one answers.
    pub(in crate::cli) async fn remote(folder: &Path) -> Result<Option<Self>> {
        if !folder.exists() {
            return Ok(None);
        }
        let place = Place::open(folder)?;
        let Some(stream) = connect(&place).await? else {
            return Ok(None);
        };
        match exchange(stream, &Request::Hello).await {
            Ok(Answer::Hello(hello)) => Ok(Some(Self::Remote(place, hello))),
            Ok(Answer::Failed(failure)) => bail!(failure.message),
            Ok(_) => bail!("what listens on the control socket is no Symbolon"),
            // It ended just now.
            Err(error) if has_ended(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Has an act done. What was refused is an error.
    pub(in crate::cli) async fn ask(&self, request: Request) -> Result<Answer> {
        let answer = match self {
            Self::Local(engine, _) => perform(engine, request).await,
            Self::Remote(place, _) => {
                let stream = connect(place).await?;
                let stream = stream.context("the server has ended; run the command again")?;
                exchange(stream, &request).await.context(
                    "the server did not say whether it was done; look, before you run the command \
                     again",
                )?
            }
        };
        match answer {
            Answer::Failed(failure) => Err(anyhow!(failure.message)),
            answer => Ok(answer),
        }
    }

    /// Closes what this process opened.
    pub(in crate::cli) async fn close(self) {
        if let Self::Local(engine, folder) = self {
            engine.shutdown().await;
            drop(folder);
        }
    }
}

/// `None` where nobody listens.
async fn connect(place: &Place) -> Result<Option<UnixStream>> {
    let Some(address) = place.find_socket()? else {
        return Ok(None);
    };
    let stream = match timeout(DEADLINE, UnixStream::connect(&address)).await {
        Err(_) => bail!("the server takes no commands: too many are waiting"),
        Ok(Err(error)) if is_nobody(error.kind()) => return Ok(None),
        Ok(stream) => stream.context("can't reach the server")?,
    };
    // A password is given to the folder's owner and to nobody else.
    if stream.peer_cred()?.uid() != place.owner()? {
        bail!("who listens on the control socket isn't the folder's owner");
    }
    Ok(Some(stream))
}

fn is_nobody(kind: ErrorKind) -> bool {
    matches!(
        kind,
        // The last: who was about to take the connection has just ended.
        ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

fn has_ended(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        )
    })
}

async fn exchange(mut stream: UnixStream, request: &Request) -> Result<Answer> {
    let asking = async {
        let envelope = Envelope {
            v: VERSION,
            request,
        };
        frame::write(&mut stream, &envelope, REQUEST_MAX).await?;
        frame::read(&mut stream, ANSWER_MAX).await
    };
    let frame = timeout(DEADLINE, asking).await;
    let frame = frame.map_err(|_| anyhow!("the server did not answer in time"))??;
    serde_json::from_slice(&frame).context("the server's answer can't be read")
}
