//! What the documents say is what the program does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::path::Path;

use ecsight::app::command::{self, Group};
use ecsight::app::keymap::{Bindings, Keymap, label};

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The README's key table, made from the registry of commands and the default keymap.
fn key_table() -> String {
    let keymap = Keymap::new(&Bindings::new()).unwrap();
    let mut table = "| keys | what |\n|---|---|\n".to_owned();
    for group in Group::ALL {
        for info in command::all().filter(|info| info.group == group) {
            let keys: Vec<String> =
                keymap.keys_of(info.command).iter().map(|keys| format!("`{}`", label(keys))).collect();
            writeln!(table, "| {} | {} |", keys.join(" "), info.title).unwrap();
        }
    }
    table
}

#[test]
fn the_key_table_of_the_readme_is_the_registry() {
    let table = key_table();
    assert!(file("README.md").contains(&table), "the table should be:\n{table}");
}

#[test]
fn the_commands_of_the_readme_exist() {
    let readme = file("README.md");
    for command in ["cargo run -- demo", "cargo test"] {
        assert!(readme.contains(command), "{command}");
    }
    for named in ["assets/iam/read-only.json", "assets/iam/operator.json", "config.example.toml"] {
        assert!(readme.contains(named) && !file(named).is_empty(), "{named}");
    }
}

/// The permissions of the policies are the operations the program calls.
#[test]
fn the_policies_are_json_and_the_read_only_one_changes_nothing() {
    let actions = |name: &str| -> Vec<String> {
        let policy: serde_json::Value = serde_json::from_str(&file(name)).unwrap();
        let statements = policy["Statement"].as_array().unwrap().clone();
        let listed = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap().clone());
        listed.map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    let read_only = actions("assets/iam/read-only.json");
    let verbs = [":Describe", ":List", ":Get"];
    // These read as well, by names that do not say so: a query of logs changes nothing but the bill.
    let others = ["logs:FilterLogEvents", "logs:StartLiveTail", "logs:StartQuery", "logs:StopQuery"];
    let reads = |action: &String| verbs.iter().any(|verb| action.contains(verb)) || others.contains(&action.as_str());
    assert!(read_only.iter().all(reads), "{read_only:?}");
    let operator = actions("assets/iam/operator.json");
    let beyond: Vec<&String> = operator.iter().filter(|action| !read_only.contains(action)).collect();
    assert_eq!(beyond, ["ecs:UpdateService"]);
}
