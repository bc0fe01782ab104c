//! The keys, written down: for the file that `symbolon init` makes and for docs/configuration.md.

#[cfg(test)]
use super::environment::{self, MORE};
use super::{keys::First, table::KEYS};

/// How wide a comment in the file may be.
const WIDTH: usize = 96;

/// The file that a server begins with.
pub(in crate::cli) fn first_file(issuer: &str, listen: &str) -> String {
    let mut file = format!(
        "# Symbolon's configuration. `symbolon serve` in this folder starts from it; docs/configuration.md\n\
         # lists every key. SYMBOLON_ and a key's name in capitals sets it in the environment instead.\n\
         \n\
         # The URL that people and verifiers know this server by. It is in every token, so choose it\n\
         # before anybody signs in: https, or http on a loopback address for trying it out.\n\
         issuer = \"{issuer}\"\n\
         \n\
         # Where it listens. Put a proxy with TLS in front, or set tls.certificate and tls.key.\n\
         listen = \"{listen}\"\n"
    );
    for key in KEYS.iter().filter(|key| key.first == First::Shown) {
        file.push('\n');
        for line in wrapped(key.text, WIDTH) {
            file.push_str("# ");
            file.push_str(&line);
            file.push('\n');
        }
        let value = if key.default.is_empty() {
            "\"…\""
        } else {
            key.default
        };
        // Dotted, so that a line means the same wherever it stands.
        file.extend(["#", key.name, " = ", value, "\n"]);
    }
    file
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// docs/configuration.md, whole.
#[cfg(test)]
pub(super) fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for key in KEYS {
        page.extend(["\n### `", key.name, "`\n\n"]);
        for line in wrapped(key.text, 110) {
            page.push_str(&line);
            page.push('\n');
        }
        let default = if key.default.is_empty() {
            "none".to_owned()
        } else {
            format!("`{}`", key.default)
        };
        let variable = environment::variable(key.name);
        page.extend([
            "
",
            key.set.kind(),
            " · default ",
            &default,
            " · `",
            &variable,
            "`
",
        ]);
    }
    page.push_str("\n## In the environment alone\n");
    for (name, text) in MORE {
        page.extend(["\n### `", name, "`\n\n"]);
        for line in wrapped(text, 110) {
            page.push_str(&line);
            page.push('\n');
        }
    }
    page
}

#[cfg(test)]
const INTRODUCTION: &str = "\
# Configuration

`symbolon init` writes a small `symbolon.toml`, and `symbolon serve` starts from it: the one in the current
folder, or the one that `--config FILE` names. The other commands read the same file.

- **The environment comes last.** Each key's name in capitals, with `SYMBOLON_` in front and dots as
  underscores, sets it too: `SYMBOLON_ISSUER`, `SYMBOLON_LISTEN`. Lists are written with commas there. With
  `SYMBOLON_ISSUER` set no file is needed. An empty variable counts as none.
- **Nothing is guessed and nothing is skipped.** A key that doesn't exist, a value of the wrong kind, an
  issuer that isn't https, a secret out of a manual: the server doesn't start, and says in which file, line
  and key, or in which variable, all of it at once.
- **Times** are whole numbers with a unit: `\"500ms\"`, `\"10s\"`, `\"10m\"`, `\"24h\"`, `\"90d\"`.
  **Sizes** likewise: `\"64 KiB\"`, `\"512 MiB\"`, `\"2 GiB\"`. **Paths** are relative to the folder of the file.
- **A change counts from the next start on.**

## Keys
";
