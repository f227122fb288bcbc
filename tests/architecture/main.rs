//! The arrows between the folders, and the purity of the core, read from the source itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which folders a folder may use.
const ARROWS: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("diagnose", &["model"]),
    ("actions", &["diagnose", "model"]),
    ("logs", &["model"]),
    ("app", &["actions", "diagnose", "logs", "model"]),
    ("ui", &["app", "actions", "diagnose", "model"]),
    ("aws", &["logs", "model"]),
    ("sim", &[]),
    ("headless", &["aws", "actions", "diagnose", "logs", "model"]),
    ("runtime", &["app", "ui", "aws", "model"]),
    // Settings speak of keys and colours, which only names them as text.
    ("config", &["model"]),
    ("cli", &["config", "model", "sim"]),
    ("main", &["app", "ui", "aws", "model", "headless", "runtime", "config", "cli", "sim", "actions", "diagnose"]),
];

/// Folders without a clock, an environment or any I/O.
const PURE: [&str; 6] = ["model", "diagnose", "actions", "logs", "app", "ui"];

/// What has no place in them, and why.
const IMPURE: [(&str, &str); 17] = [
    ("Timestamp::now", "time comes in as data"),
    ("Zoned::now", "time comes in as data"),
    ("SystemTime", "time comes in as data"),
    ("std::time::Instant", "time comes in as data"),
    ("std::env", "settings come in as data"),
    ("std::fs", "no files"),
    ("TcpStream", "no network"),
    ("TcpListener", "no network"),
    ("UdpSocket", "no network"),
    ("ToSocketAddrs", "no network"),
    ("std::process", "no processes"),
    ("std::thread", "no threads"),
    ("tokio", "nothing waits"),
    ("aws_sdk", "only aws/ knows the SDK"),
    ("aws_smithy", "only aws/ knows the SDK"),
    ("crossterm", "only runtime/ knows the terminal"),
    ("println!", "only headless/ and main.rs print"),
];

struct Source {
    path: PathBuf,
    folder: String,
    /// The code without comments, strings left in, and without the unit tests at the end of the file.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 40, "the source was found");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).unwrap();
            let first = relative.components().next().unwrap().as_os_str().to_string_lossy();
            let folder = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let in_tests = relative.components().any(|part| part.as_os_str().to_string_lossy().starts_with("tests"));
            let code = if in_tests { String::new() } else { without_tests_and_comments(&text) };
            found.push(Source { path: relative.to_owned(), folder, code });
        }
    }
}

fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Folders named in `crate::folder` or in `crate::{folder…, …}`.
fn used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (index, _) in code.match_indices("crate::") {
        let rest = &code[index + "crate::".len()..];
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(group) = rest.strip_prefix('{') {
            let group = &group[..group.find("};").unwrap_or(group.len())];
            let mut depth = 0;
            for part in group.split_inclusive([',', '{', '}']) {
                if depth == 0 {
                    used.insert(word(part.trim()));
                }
                depth += part.matches('{').count();
                depth -= part.matches('}').count().min(depth);
            }
        } else {
            used.insert(word(rest));
        }
    }
    used.remove("");
    used
}

#[test]
fn folders_use_only_what_the_design_allows() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into();
    let mut wrong = Vec::new();
    for source in sources() {
        if source.folder == "lib" {
            continue;
        }
        let allowed = arrows.get(source.folder.as_str()).unwrap_or_else(|| panic!("{} has no arrows", source.folder));
        for folder in used(&source.code) {
            let known = arrows.contains_key(folder.as_str());
            if known && folder != source.folder && !allowed.contains(&folder.as_str()) {
                wrong.push(format!("{} uses {folder}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.folder.as_str())) {
        for (index, line) in source.code.lines().enumerate() {
            for (word, why) in IMPURE {
                if line.contains(word) {
                    wrong.push(format!("{} (code line {index}): {word}, but {why}", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_aws_folder_knows_the_sdk() {
    for source in sources() {
        let allowed = source.folder == "aws";
        assert!(allowed || !source.code.contains("aws_sdk_"), "{} knows the SDK", source.path.display());
    }
}

#[test]
fn the_reading_of_imports_sees_groups_and_paths() {
    let code = "use crate::{app::{App, key::Key}, model::arn::ServiceArn};\nlet x = crate::ui::view;";
    let used: Vec<String> = used(code).into_iter().collect();
    assert_eq!(used, ["app", "model", "ui"]);
}
