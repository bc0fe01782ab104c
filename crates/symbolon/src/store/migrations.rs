//! The steps of the schema: which there are, and whether those that were taken are these.
//!
//! Invariant: what has been taken is never taken again nor changed afterwards. Each step and the row that says so
//! are one transaction; a database with a step that isn't known here, or that was another text when it was taken,
//! is left as it is.
//!
//! The table is the one that refinery keeps, checksums included, so that its databases are ours. Its runner isn't
//! used: it parses the names of files with a regular expression that it compiles at each start.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

use super::{OpenError, sql::statements};

/// A step, from a file `V{version}__{name}.sql`.
#[derive(Debug)]
pub(super) struct Migration {
    pub(super) version: i32,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) checksum: String,
}

/// The steps of a folder, in their order.
macro_rules! migrations {
    ($folder:literal) => {
        migrations!($folder:
            1 "first",
            2 "app_sessions",
            3 "imported_users",
            4 "upstream",
            5 "key_turnover",
            6 "setup_and_clock",
            7 "login_failures",
            8 "app_sessions_by_sign_in",
        )
    };
    ($folder:literal: $($version:literal $name:literal,)*) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!(
                "../../migrations/", $folder, "/V", $version, "__", $name, ".sql"
            )),
        }),*]
    };
}

#[cfg(feature = "sqlite")]
pub(super) const SQLITE: &[Migration] = migrations!("sqlite");
#[cfg(feature = "postgres")]
pub(super) const POSTGRES: &[Migration] = migrations!("postgres");

/// Where the steps that were taken are listed. Both engines read it.
pub(super) const MAKE_LIST: &str = "CREATE TABLE IF NOT EXISTS symbolon_migrations (
    version INT4 PRIMARY KEY,
    name VARCHAR(255),
    applied_on VARCHAR(255),
    checksum VARCHAR(255)
)";

statements! {
    pub(super) FIND_TAKEN = "SELECT CAST(version AS BIGINT), name, checksum FROM symbolon_migrations \
        ORDER BY version";
    pub(super) RECORD = "INSERT INTO symbolon_migrations (version, name, applied_on, checksum) \
        VALUES ($1, $2, CAST(CURRENT_TIMESTAMP AS VARCHAR(255)), $3)";
}

impl Migration {
    /// Of its name, version and text, as refinery has it.
    pub(super) fn checksum(&self) -> String {
        let mut hasher = SipHasher13::new();
        self.name.hash(&mut hasher);
        self.version.hash(&mut hasher);
        self.sql.hash(&mut hasher);
        hasher.finish().to_string()
    }

    fn is(&self, taken: &Taken) -> bool {
        i64::from(self.version) == taken.version && self.checksum() == taken.checksum
    }
}

/// What is still to be done where these steps, in their order, were taken.
pub(super) fn pending<'m>(
    all: &'m [Migration],
    taken: &[Taken],
) -> Result<&'m [Migration], OpenError> {
    let last = all.last().map_or(0, |last| i64::from(last.version));
    if let Some(newer) = taken.iter().find(|taken| taken.version > last) {
        return Err(OpenError::Newer(format!(
            "V{}__{}",
            newer.version, newer.name
        )));
    }
    let Some((known, pending)) = all.split_at_checked(taken.len()) else {
        return Err(OpenError::Migration("a step is listed twice".to_owned()));
    };
    match known
        .iter()
        .zip(taken)
        .find(|(known, taken)| !known.is(taken))
    {
        Some((known, taken)) => Err(OpenError::Migration(format!(
            "its step V{}__{} isn't V{}__{} of this version; was it made by a version from between releases?",
            taken.version, taken.name, known.version, known.name
        ))),
        None => Ok(pending),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Migration] = &[step(1, "one"), step(2, "two"), step(3, "three")];

    const fn step(version: i32, name: &'static str) -> Migration {
        Migration {
            version,
            name,
            sql: "SELECT 1",
        }
    }

    fn taken(steps: &[Migration]) -> Vec<Taken> {
        let taken = |step: &Migration| Taken {
            version: step.version.into(),
            name: step.name.to_owned(),
            checksum: step.checksum(),
        };
        steps.iter().map(taken).collect()
    }

    #[test]
    fn what_was_not_taken_is_pending() {
        for count in 0..=3 {
            let taken = taken(&STEPS[..count]);
            let pending = pending(STEPS, &taken).unwrap();
            let versions: Vec<_> = pending.iter().map(|step| step.version).collect();
            assert_eq!(versions, [1, 2, 3][count..]);
        }
    }

    #[test]
    fn a_database_with_other_steps_is_left_alone() {
        let newer = [taken(STEPS), taken(&[step(4, "four")])].concat();
        let refused = pending(STEPS, &newer).unwrap_err();
        assert!(matches!(refused, OpenError::Newer(name) if name == "V4__four"));
        let other_text = Migration {
            sql: "SELECT 2",
            ..step(1, "one")
        };
        for others in [
            vec![other_text],
            vec![step(1, "another")],
            vec![step(2, "two")],
            vec![step(1, "one"), step(3, "three")],
            vec![step(1, "one"), step(1, "one")],
            vec![
                step(0, "nought"),
                step(1, "one"),
                step(2, "two"),
                step(3, "three"),
            ],
        ] {
            let refused = pending(STEPS, &taken(&others));
            assert!(
                matches!(refused, Err(OpenError::Migration(_))),
                "{others:?}"
            );
        }
    }

    /// As refinery 0.10 wrote them into databases that are in use.
    #[test]
    #[cfg(feature = "sqlite")]
    fn a_step_that_may_have_been_taken_is_never_changed() {
        let checksums = [
            "17992825209261958867",
            "568336804325120606",
            "16861012243300876982",
            "4588211011024032740",
            "13711889015315916686",
            "8828585759882180589",
            "6267918178181813056",
            "147975692864523659",
        ];
        let found: Vec<_> = SQLITE.iter().map(Migration::checksum).collect();
        assert_eq!(
            found.get(..checksums.len()),
            Some(&checksums.map(str::to_owned)[..])
        );
    }

    #[test]
    #[cfg(all(feature = "sqlite", feature = "postgres"))]
    fn every_file_is_a_step() {
        for (folder, steps) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("migrations")
                .join(folder);
            let mut files: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let names = steps
                .iter()
                .map(|step| format!("V{}__{}.sql", step.version, step.name));
            let mut names: Vec<_> = names.collect();
            names.sort();
            assert_eq!(files, names);
            assert!(steps.is_sorted_by_key(|step| step.version));
        }
    }
}
