//! From keys to commands. A trie, so that a binding may be several keys in a row; the defaults are `assets/keymap.toml`
//! and a config file replaces the keys of the commands it names.

use std::collections::BTreeMap;

use serde::Serialize;

use super::command::{self, Command, Context};
use super::key::{Key, KeyError, KeyPress};
use crate::model::near::near;

const DEFAULTS: &str = include_str!("../../assets/keymap.toml");

/// Keys of commands as a file gives them: one binding or several, each one or more keys separated by spaces.
pub type Bindings = BTreeMap<String, Vec<String>>;

/// A keymap that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// No command has this name.
    #[error("\"{name}\" is not a command{}", near.as_ref().map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default())]
    UnknownCommand {
        /// The name given.
        name: String,
        /// A command with a similar name.
        near: Option<String>,
    },
    /// A key cannot be read.
    #[error("keys of \"{command}\": {error}")]
    BadKey {
        /// Whose keys.
        command: String,
        /// What is wrong.
        error: KeyError,
    },
    /// Two commands want the same keys, or one's keys begin another's.
    #[error("\"{keys}\" is bound to \"{first}\" and begins or equals a binding of \"{second}\"")]
    Conflict {
        /// The keys.
        keys: String,
        /// One command.
        first: String,
        /// The other.
        second: String,
    },
    /// The bindings do not have the form of a table of names and lists of keys.
    #[error("{0}")]
    Malformed(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Node {
    Leaf(Command),
    Branch(BTreeMap<String, Node>),
}

/// What the keys pressed so far lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// A command.
    Found(Command),
    /// More keys are needed.
    Pending,
    /// Nothing.
    Unbound,
}

/// Which keys do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Keymap {
    roots: BTreeMap<Context, BTreeMap<String, Node>>,
    /// The same the other way round; JSON has no maps from commands that carry something.
    #[serde(skip)]
    keys: BTreeMap<Command, Vec<String>>,
}

impl Keymap {
    /// The default keys with those of `overrides` in place of them.
    ///
    /// # Errors
    /// When a command or key is unknown or two bindings collide.
    pub fn new(overrides: &Bindings) -> Result<Self, KeymapError> {
        let mut bindings = defaults()?;
        for (name, keys) in overrides {
            if command::by_id(name).is_none() {
                return Err(KeymapError::UnknownCommand { name: name.clone(), near: near_command(name) });
            }
            bindings.insert(name.clone(), keys.clone());
        }
        let mut keymap = Self { roots: BTreeMap::new(), keys: BTreeMap::new() };
        for (name, keys) in &bindings {
            let command = command::by_id(name)
                .ok_or_else(|| KeymapError::UnknownCommand { name: name.clone(), near: near_command(name) })?;
            for sequence in keys {
                let presses = sequence
                    .split_whitespace()
                    .map(str::parse::<KeyPress>)
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| KeymapError::BadKey { command: name.clone(), error })?;
                bind(keymap.roots.entry(command.context()).or_default(), &presses, command)?;
                keymap.keys.entry(command).or_default().push(sequence.clone());
            }
        }
        Ok(keymap)
    }

    /// What these keys lead to: what they mean in this context, or else what they mean everywhere.
    pub fn lookup(&self, context: Context, keys: &[KeyPress]) -> Lookup {
        match self.lookup_in(context, keys) {
            Lookup::Unbound => self.lookup_in(Context::Everywhere, keys),
            found => found,
        }
    }

    fn lookup_in(&self, context: Context, keys: &[KeyPress]) -> Lookup {
        let Some(mut level) = self.roots.get(&context) else { return Lookup::Unbound };
        for (index, key) in keys.iter().enumerate() {
            match level.get(&key.to_string()) {
                Some(Node::Leaf(command)) if index + 1 == keys.len() => return Lookup::Found(*command),
                Some(Node::Branch(next)) => level = next,
                _ => return Lookup::Unbound,
            }
        }
        if keys.is_empty() { Lookup::Unbound } else { Lookup::Pending }
    }

    /// The keys bound to a command, the first being the one to show.
    pub fn keys_of(&self, command: Command) -> &[String] {
        self.keys.get(&command).map_or(&[], Vec::as_slice)
    }

    /// The key to show for a command, with names turned into the signs people know.
    pub fn label(&self, command: Command) -> Option<String> {
        self.keys_of(command).first().map(|keys| label(keys))
    }
}

/// A binding as the footer and the help screen show it.
pub fn label(keys: &str) -> String {
    keys.split_whitespace()
        .map(|key| match key {
            "enter" => "Enter".to_owned(),
            "esc" => "Esc".to_owned(),
            "tab" => "Tab".to_owned(),
            "shift-tab" => "S-Tab".to_owned(),
            "up" => "↑".to_owned(),
            "down" => "↓".to_owned(),
            "left" => "←".to_owned(),
            "right" => "→".to_owned(),
            "home" => "Home".to_owned(),
            "end" => "End".to_owned(),
            "page-up" => "PgUp".to_owned(),
            "page-down" => "PgDn".to_owned(),
            "space" => "Space".to_owned(),
            "minus" => "-".to_owned(),
            "plus" => "+".to_owned(),
            other => match (other.strip_prefix("ctrl-"), other.parse()) {
                (Some(key), _) => format!("^{key}"),
                (None, Ok(KeyPress { key: Key::F(number), ctrl: false, alt: false })) => format!("F{number}"),
                _ => other.to_owned(),
            },
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn defaults() -> Result<Bindings, KeymapError> {
    toml::from_str(DEFAULTS).map_err(|error| KeymapError::Malformed(error.to_string()))
}

fn near_command(name: &str) -> Option<String> {
    near(name, command::all().map(|info| info.id)).first().map(ToString::to_string)
}

fn bind(level: &mut BTreeMap<String, Node>, keys: &[KeyPress], command: Command) -> Result<(), KeymapError> {
    let Some((first, rest)) = keys.split_first() else {
        return Ok(());
    };
    let name = first.to_string();
    let conflict = |other: Command| KeymapError::Conflict {
        keys: name.clone(),
        first: command.info().id.to_owned(),
        second: other.info().id.to_owned(),
    };
    match (level.get_mut(&name), rest.is_empty()) {
        (None, true) => {
            level.insert(name, Node::Leaf(command));
            Ok(())
        }
        (None, false) => {
            let mut branch = BTreeMap::new();
            bind(&mut branch, rest, command)?;
            level.insert(name, Node::Branch(branch));
            Ok(())
        }
        (Some(Node::Leaf(other)), _) => Err(conflict(*other)),
        (Some(Node::Branch(branch)), true) => Err(conflict(first_command(branch).unwrap_or(command))),
        (Some(Node::Branch(branch)), false) => bind(branch, rest, command),
    }
}

fn first_command(branch: &BTreeMap<String, Node>) -> Option<Command> {
    branch.values().find_map(|node| match node {
        Node::Leaf(command) => Some(*command),
        Node::Branch(next) => first_command(next),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::command::Reading;

    fn keys(text: &str) -> Vec<KeyPress> {
        text.split(' ').map(|key| key.parse().unwrap()).collect()
    }

    fn with(name: &str, bindings: &[&str]) -> Result<Keymap, KeymapError> {
        Keymap::new(&Bindings::from([(name.to_owned(), bindings.iter().map(ToString::to_string).collect())]))
    }

    #[test]
    fn every_command_has_a_default_key_and_every_default_is_a_command() {
        let keymap = Keymap::new(&Bindings::new()).unwrap();
        for info in command::all() {
            assert!(!keymap.keys_of(info.command).is_empty(), "{} has no key", info.id);
        }
    }

    #[test]
    fn every_command_that_changes_aws_is_an_upper_case_letter_and_only_those_change() {
        let keymap = Keymap::new(&Bindings::new()).unwrap();
        for info in command::all().filter(|info| info.group == command::Group::Change) {
            for keys in keymap.keys_of(info.command) {
                assert!(keys.chars().all(char::is_uppercase), "{} is bound to {keys}", info.id);
            }
        }
    }

    #[test]
    fn sequences_are_pending_until_complete() {
        let keymap = with("first", &["g g"]).unwrap();
        assert_eq!(keymap.lookup(Context::Everywhere, &keys("g")), Lookup::Pending);
        assert_eq!(keymap.lookup(Context::Everywhere, &keys("g g")), Lookup::Found(Command::First));
        assert_eq!(keymap.lookup(Context::Everywhere, &keys("g x")), Lookup::Unbound);
        assert_eq!(keymap.lookup(Context::Everywhere, &keys("j")), Lookup::Found(Command::Down));
    }

    #[test]
    fn a_context_has_keys_of_its_own_before_those_of_everywhere() {
        let keymap = Keymap::new(&Bindings::new()).unwrap();
        assert_eq!(keymap.lookup(Context::Everywhere, &keys("/")), Lookup::Found(Command::Filter));
        assert_eq!(keymap.lookup(Context::Logs, &keys("/")), Lookup::Found(Command::Read(Reading::Search)));
        assert_eq!(keymap.lookup(Context::Logs, &keys("j")), Lookup::Found(Command::Down));
        assert!(with("log-search", &["f"]).is_err(), "two commands of one context");
        assert!(with("log-search", &["R"]).is_ok_and(|keymap| {
            keymap.lookup(Context::Everywhere, &keys("R")) == Lookup::Found(Command::Redeploy)
        }));
    }

    #[test]
    fn labels_are_what_stands_on_the_keys() {
        for (keys, shown) in [("f1", "F1"), ("f", "f"), ("ctrl-f", "^f"), ("g g", "g g"), ("page-down", "PgDn")] {
            assert_eq!(label(keys), shown);
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert!(
            matches!(with("redeplyo", &["R"]), Err(KeymapError::UnknownCommand { near: Some(near), .. }) if near == "redeploy")
        );
        assert!(matches!(with("down", &["ctrl-"]), Err(KeymapError::BadKey { .. })));
        assert!(matches!(with("down", &["q"]), Err(KeymapError::Conflict { .. })));
        assert!(matches!(with("down", &["q x"]), Err(KeymapError::Conflict { .. })));
    }
}
