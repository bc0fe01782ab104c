//! What the documentation promises about this crate, held against its text: every public item has an
//! example.

#[cfg(test)]
mod items;

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use super::items::{Item, Kind, items};

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    /// What is wrong with the documentation of an item.
    fn fault(item: &Item<'_>, examples: &str) -> Option<&'static str> {
        let name = item.name;
        let called = [".", "::"].iter().any(|before| {
            ["(", "::<", ")"]
                .iter()
                .any(|after| examples.contains(&format!("{before}{name}{after}")))
        });
        if item.kind == Kind::Method {
            return (!called).then_some("no example of its file calls it");
        }
        let has_own = item.docs.contains("```") || item.docs.contains("example is ");
        let has_example = has_own || (item.kind == Kind::Function && called);
        (!has_example).then_some("it has no example")
    }

    #[test]
    fn every_public_item_has_an_example() {
        let mut files = Vec::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut files,
        );
        let (mut seen, mut faults) = (0, Vec::new());
        for file in files {
            let text = fs::read_to_string(&file).expect("a file of the repository");
            let (items, examples) = items(&text);
            seen += items.len();
            for item in items {
                if let Some(fault) = fault(&item, &examples) {
                    let file = file.file_name().unwrap_or_default();
                    faults.push(format!("{}: {}: {fault}", file.display(), item.name));
                }
            }
        }
        assert!(seen > 120, "{seen} public items were found");
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn items_without_documentation_are_found() {
        let text = "/// Says nothing.\npub struct Bare;\n\nimpl Bare {\n    /// Nor does it.\n    \
                    pub async fn silent(&self) {}\n}\n";
        let (found, examples) = items(text);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|item| fault(item, &examples).is_some()));
    }
}
