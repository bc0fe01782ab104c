//! `symbolon key`: the signing keys of an installation. They turn over by themselves; this is for looking at
//! them, for sooner than that, and for emergencies.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use symbolon_token::Algorithm;

use super::{
    ask::confirm,
    control::{Answer, Door, KeyAnswer, KeyRequest, KeyView, PemView, Request, RevokedView, When},
    installation::{Installation, Which},
    print,
    table::Table,
    time::short,
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the signing keys
    List(Common),
    /// Show what will become of them, and when, if nobody does anything
    Plan(Common),
    /// Let the standby key sign, after it has been announced
    Rotate(Rotate),
    /// Take a key out of service because somebody may know it; verifiers elsewhere follow within the JWKS'
    /// max-age
    Revoke(Revoke),
    /// Print the public keys, as a JWKS or as PEM
    Export(Export),
}

#[derive(clap::Args)]
struct Common {
    #[command(flatten)]
    which: Which,
    /// Print JSON for programs instead of the text for people
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Rotate {
    /// The algorithm whose key it is (default: the first in the configuration)
    #[arg(long, value_name = "NAME", value_parser = algorithm)]
    algorithm: Option<String>,
    /// Now, in an emergency: verifiers that don't know the key yet refuse its tokens until they look again
    #[arg(long)]
    at_once: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Revoke {
    /// The key's name, as `key list` and a token's header have it
    kid: String,
    /// Don't ask whether this is meant
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Export {
    /// In which form
    #[arg(long, value_enum, default_value_t = Form::Jwks)]
    format: Form,
    /// Only this key
    #[arg(long, value_name = "KID")]
    kid: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A JSON Web Key Set (RFC 7517)
    Jwks,
    /// `SubjectPublicKeyInfo` in PEM (RFC 7468)
    Pem,
}

fn algorithm(name: &str) -> Result<String> {
    match Algorithm::from_name(name) {
        Some(known) => Ok(known.name().to_owned()),
        None => bail!("no algorithm is called so; there are ES256, EdDSA, RS256 and others"),
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::List(common) => list(&common).await,
        Command::Plan(common) => plan(&common).await,
        Command::Rotate(arguments) => rotate(arguments).await,
        Command::Revoke(arguments) => revoke(arguments).await,
        Command::Export(arguments) => export(arguments).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn list(common: &Common) -> Result<()> {
    let KeyAnswer::Listed(keys) = common.ask(KeyRequest::List).await? else {
        bail!(OTHER);
    };
    common.print_rows(
        &keys,
        &[
            "KID",
            "ALGORITHM",
            "STATE",
            "SIGNS FROM",
            "LEAVES",
            "CREATED",
        ],
        |key| {
            let leaves = key.revoked_at.as_ref().or(key.retires_at.as_ref());
            vec![
                key.kid.clone(),
                key.algorithm.clone(),
                state(key),
                moment(key.activates_at.as_ref()),
                moment(leaves),
                short(&key.created_at),
            ]
        },
    )
}

fn state(key: &KeyView) -> String {
    if key.signs_access_tokens {
        return format!("{} access tokens", key.state);
    }
    key.state.clone()
}

fn moment(at: Option<&String>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| short(at))
}

async fn plan(common: &Common) -> Result<()> {
    let KeyAnswer::Planned(plan) = common.ask(KeyRequest::Plan).await? else {
        bail!(OTHER);
    };
    common.print_rows(&plan, &["WHEN", "WHAT", "KID", "ALGORITHM"], |planned| {
        let what = match planned.change.as_str() {
            "announce" => "its time is announced",
            "activate" => "it signs from now on",
            "retire" => "it leaves the JWKS",
            other => other,
        };
        vec![
            short(&planned.at),
            what.to_owned(),
            planned
                .kid
                .clone()
                .unwrap_or_else(|| "a key to come".to_owned()),
            planned.algorithm.clone(),
        ]
    })
}

async fn rotate(arguments: Rotate) -> Result<()> {
    let when = if arguments.at_once {
        When::AtOnce
    } else {
        When::Announced
    };
    let request = KeyRequest::Rotate {
        algorithm: arguments.algorithm,
        when,
    };
    let KeyAnswer::Rotated(rotated) = arguments.common.ask(request).await? else {
        bail!(OTHER);
    };
    arguments.common.print(&rotated, || {
        let at = short(&rotated.activates_at);
        match &rotated.previous {
            Some(previous) => format!("{} signs from {at} on, in place of {previous}", rotated.kid),
            None => format!("{} signs from {at} on", rotated.kid),
        }
    })
}

async fn revoke(arguments: Revoke) -> Result<()> {
    let question = format!(
        "Take the signing key {} out of service? Every token that it signed is refused, for good",
        arguments.kid
    );
    confirm(&question, arguments.yes).await?;
    let request = KeyRequest::Revoke { kid: arguments.kid };
    let KeyAnswer::Revoked(revoked) = arguments.common.ask(request).await? else {
        bail!(OTHER);
    };
    arguments.common.print(&revoked, || revoked_text(&revoked))
}

fn revoked_text(revoked: &RevokedView) -> String {
    let signs = revoked.successor.as_ref().map(|successor| {
        let unknown = match revoked.successor_unknown_for {
            0 => String::new(),
            seconds => format!(
                "; it is so new that verifiers elsewhere may refuse its tokens for up to {seconds} s"
            ),
        };
        format!("\n{successor} signs now{unknown}")
    });
    format!(
        "{} is revoked: what it signed is refused here. Verifiers elsewhere follow within the JWKS' max-age: \
         for up to {} s they may still accept it{}",
        revoked.kid,
        revoked.accepted_elsewhere_for,
        signs.unwrap_or_default()
    )
}

async fn export(arguments: Export) -> Result<()> {
    let KeyAnswer::Exported { jwks, mut keys } = arguments.common.ask(KeyRequest::Export).await?
    else {
        bail!(OTHER);
    };
    if let Some(kid) = &arguments.kid {
        keys.retain(|key| key.kid == *kid);
        if keys.is_empty() {
            bail!("no published key is called {kid:?}");
        }
    }
    match arguments.format {
        Form::Jwks if arguments.kid.is_some() => {
            bail!("a JWKS holds all keys; --kid is for --format pem")
        }
        Form::Jwks => print::line(jwks.trim_end()),
        Form::Pem if arguments.common.json => {
            for key in &keys {
                print::line(&serde_json::to_string(key)?);
            }
        }
        Form::Pem => print::text(&keys.iter().map(pem).collect::<String>()),
    }
    Ok(())
}

/// Text in front of the first line of a PEM block is for people (RFC 7468 §2).
fn pem(key: &PemView) -> String {
    format!("{} {}\n{}\n", key.algorithm, key.kid, key.pem.trim_end())
}

const OTHER: &str = "the answer is to another question";

impl Common {
    async fn ask(&self, request: KeyRequest) -> Result<KeyAnswer> {
        let installation = Installation::load(&self.which)?;
        let door = Door::open(&installation).await?;
        let answer = door.ask(Request::Key(request)).await;
        door.close().await;
        match answer? {
            Answer::Key(answer) => Ok(answer),
            _ => bail!(OTHER),
        }
    }

    fn print(&self, shown: &impl Serialize, text: impl Fn() -> String) -> Result<()> {
        print::line(&if self.json {
            serde_json::to_string(shown)?
        } else {
            text()
        });
        Ok(())
    }

    fn print_rows<T: Serialize>(
        &self,
        rows: &[T],
        heading: &[&'static str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> Result<()> {
        if self.json {
            for row in rows {
                print::line(&serde_json::to_string(row)?);
            }
            return Ok(());
        }
        let rows: Vec<_> = rows.iter().map(row).collect();
        print::line(&Table::new(heading).page(&rows));
        Ok(())
    }
}
