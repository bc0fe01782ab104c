//! What the documentation promises about this crate, held against its text: every public item has an
//! example and its specification, the codes of errors and the tests of attacks are those that exist.

#[cfg(test)]
mod items;

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use super::items::{Item, Kind, items};

    fn here(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    fn read(path: impl AsRef<Path>) -> String {
        fs::read_to_string(path).expect("a file of the repository")
    }

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
            [format!("{before}{name}("), format!("{before}{name}::<")]
                .iter()
                .any(|call| examples.contains(call))
        });
        if item.kind == Kind::Method {
            return (!called).then_some("no example of its file calls it");
        }
        let has_own = item.docs.contains("```") || item.docs.contains("example is ");
        let has_example = has_own || (item.kind == Kind::Function && called);
        let has_section = ["RFC ", "§"].iter().any(|word| item.docs.contains(word));
        match (has_example, has_section) {
            (false, _) => Some("it has no example"),
            (true, false) => Some("it doesn't name its specification"),
            (true, true) => None,
        }
    }

    #[test]
    fn every_public_item_has_an_example_and_its_specification() {
        let mut files = Vec::new();
        sources(&here("src"), &mut files);
        let (mut seen, mut faults) = (0, Vec::new());
        for file in files {
            let text = read(&file);
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
                    pub const fn silent(&self) {}\n}\n";
        let (found, examples) = items(text);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|item| fault(item, &examples).is_some()));
    }

    /// Rows of Markdown tables whose first cell is code, as cells.
    fn rows(markdown: &str) -> Vec<Vec<&str>> {
        let rows = markdown.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect())
            .collect()
    }

    #[test]
    fn every_error_code_is_documented() {
        let source = read(here("src/error.rs"));
        let (_, table) = source.split_once("\nerror_kinds! {\n").expect("the table");
        let mut codes = Vec::new();
        let mut meaning = String::new();
        for line in table.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("///") {
                meaning.push_str(text);
            } else if let Some((_, code)) = line.split_once(" = \"") {
                let code = code.trim_end_matches("\",");
                codes.push(vec![format!("`{code}`"), meaning.trim().to_owned()]);
                meaning.clear();
            }
        }
        assert!(codes.len() > 25);
        let documented = read(here("../../docs/token.md"));
        let (_, documented) = documented
            .split_once("## Error codes\n")
            .expect("the section");
        assert_eq!(rows(documented), codes);
    }

    #[test]
    fn every_test_that_the_list_of_attacks_names_exists() {
        let list = read(here("../../docs/attacks.md"));
        let mut named = 0;
        let mut missing = Vec::new();
        let mut module = "";
        for row in list.lines().filter(|line| line.starts_with("| ")) {
            let tests = row
                .trim_end_matches(" |")
                .rsplit(" | ")
                .next()
                .unwrap_or_default();
            for test in tests.split('`').skip(1).step_by(2) {
                named += 1;
                // Without a module it is in that of the one before.
                let (named_module, test) = test.rsplit_once("::").unwrap_or((module, test));
                module = named_module;
                let file = match module {
                    "json" => here("src/json/tests.rs"),
                    module => here(&format!("tests/attacks/{module}.rs")),
                };
                let source = fs::read_to_string(file).unwrap_or_default();
                let wanted = match test.strip_suffix('…') {
                    Some(start) => format!("fn {start}"),
                    None => format!("fn {test}("),
                };
                if !source.contains(&wanted) {
                    missing.push(format!("{module}::{test}"));
                }
            }
        }
        assert!(named > 20, "{named} tests are named");
        assert!(missing.is_empty(), "{missing:?}");
    }
}
