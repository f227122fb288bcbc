//! Command lines that can be pasted into a shell: whatever the names contain, the shell reads the same words.

/// A command line under construction.
pub(super) struct CommandLine(String);

impl CommandLine {
    /// Begins with words that need no quoting.
    pub(super) fn new(command: &str) -> Self {
        Self(command.to_owned())
    }

    /// Adds an option without value.
    pub(super) fn option(mut self, name: &str) -> Self {
        self.0.push(' ');
        self.0.push_str(name);
        self
    }

    /// Adds an option with a value.
    pub(super) fn value(self, name: &str, value: &str) -> Self {
        let mut line = self.option(name);
        // A value that looks like an option would be taken for one.
        line.0.push(if value.starts_with('-') { '=' } else { ' ' });
        line.0.push_str(&quoted(value));
        line
    }

    /// Adds an option if there is a value for it.
    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.value(name, value),
            None => self,
        }
    }

    /// The whole line.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_@%+=:,./-".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        for (word, shown) in [
            ("messenger-web", "messenger-web"),
            ("arn:aws:ecs:eu-west-1:1:service/shop/web", "arn:aws:ecs:eu-west-1:1:service/shop/web"),
            ("", "''"),
            ("my profile", "'my profile'"),
            ("it's", r"'it'\''s'"),
            ("$(reboot)", "'$(reboot)'"),
            ("a;b", "'a;b'"),
            ("größe", "'größe'"),
        ] {
            assert_eq!(quoted(word), shown);
        }
        let line = CommandLine::new("aws ecs").value("--service", "-x").maybe("--profile", None).option("--force");
        assert_eq!(line.into_string(), "aws ecs --service=-x --force");
    }
}
