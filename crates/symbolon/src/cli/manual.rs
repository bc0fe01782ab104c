//! `symbolon completions` and `symbolon man`: what a shell and `man` know of the commands, made of the very
//! definitions that the command line is read by.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Command;
use clap_mangen::Man;

use super::print;

#[derive(clap::Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shell {
    Bash,
    Fish,
    Zsh,
}

#[derive(clap::Args)]
pub(super) struct Manual {
    /// Write a page for each command into this folder, instead of the first one to standard output
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

pub(super) fn complete(command: Command, arguments: &Completions) -> Result<()> {
    print::text(&completions(command, arguments.shell)?);
    Ok(())
}

fn completions(mut command: Command, shell: Shell) -> Result<String> {
    use clap_complete::shells::{Bash, Fish, Zsh};
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    match shell {
        Shell::Bash => clap_complete::generate(Bash, &mut command, name, &mut script),
        Shell::Fish => clap_complete::generate(Fish, &mut command, name, &mut script),
        Shell::Zsh => clap_complete::generate(Zsh, &mut command, name, &mut script),
    }
    Ok(String::from_utf8(script)?)
}

pub(super) fn write(command: Command, arguments: &Manual) -> Result<()> {
    let Some(folder) = &arguments.dir else {
        print::text(&page(command)?);
        return Ok(());
    };
    let shown = || folder.display().to_string();
    std::fs::create_dir_all(folder).with_context(shown)?;
    clap_mangen::generate_to(command, folder).with_context(shown)
}

fn page(command: Command) -> Result<String> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli;

    fn command() -> Command {
        let mut command = cli::Arguments::command();
        command.build();
        command
    }

    /// Every command that is shown, with its options, from the first on.
    fn walk(command: &Command, found: &mut Vec<(Command, Vec<String>)>) {
        let shown = command.get_arguments().filter(|one| !one.is_hide_set());
        let options = shown.filter_map(|one| one.get_long().map(str::to_owned));
        found.push((command.clone(), options.collect()));
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            walk(sub, found);
        }
    }

    #[test]
    fn every_command_and_option_is_in_the_completions_and_in_the_manual() {
        let mut commands = Vec::new();
        walk(&command(), &mut commands);
        assert!(commands.len() > 15, "{}", commands.len());
        let folder = tempfile::tempdir().unwrap();
        let dir = Some(folder.path().to_owned());
        write(command(), &Manual { dir }).unwrap();
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            let script = completions(cli::Arguments::command(), shell).unwrap();
            for (command, options) in &commands {
                assert!(
                    script.contains(command.get_name()),
                    "{}",
                    command.get_name()
                );
                for option in options {
                    let spelt = match shell {
                        Shell::Fish => format!("-l {option}"),
                        Shell::Bash | Shell::Zsh => format!("--{option}"),
                    };
                    assert!(script.contains(&spelt), "{shell:?}: {option}");
                }
            }
        }
        for (command, options) in &commands {
            let name = command.get_display_name().unwrap_or(command.get_name());
            let page = std::fs::read_to_string(folder.path().join(format!("{name}.1")));
            let page = page
                .unwrap_or_else(|error| panic!("{name}: {error}"))
                .replace('\\', "");
            for option in options {
                assert!(page.contains(&format!("--{option}")), "{name}: {option}");
            }
        }
        let pages = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(pages, commands.len());
    }

    #[test]
    fn no_manual_offers_a_place_for_a_password() {
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            let script = completions(cli::Arguments::command(), shell).unwrap();
            let offered = script
                .split(|character: char| {
                    character.is_whitespace() || "'\"[]()=".contains(character)
                })
                .any(|word| word == "--password");
            assert!(!offered && !script.contains("-l password "), "{shell:?}");
        }
    }

    #[test]
    fn bash_takes_its_script() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("symbolon.bash");
        let script = completions(cli::Arguments::command(), Shell::Bash).unwrap();
        std::fs::write(&path, script).unwrap();
        let bash = std::process::Command::new("bash")
            .arg("-n")
            .arg(&path)
            .output()
            .unwrap();
        assert!(bash.status.success(), "{bash:?}");
    }
}
