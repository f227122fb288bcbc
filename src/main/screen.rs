//! Opens the screen.

use std::collections::BTreeMap;

use ecsight::app;
use ecsight::app::keymap::{Bindings, Keymap, KeymapError};
use ecsight::aws;
use ecsight::config::Settings;
use ecsight::model::arn::ClusterName;
use ecsight::model::text::visible;
use ecsight::runtime::effects::Outcome;
use ecsight::runtime::{self, End, RuntimeError, Session};
use ecsight::ui::theme::{Theme, ThemeError};
use jiff::SignedDuration;

use crate::exit::Exit;
use crate::run::complain;

/// The configuration asks for something that does not exist.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("[keys]: {0}")]
    Keys(#[from] KeymapError),
    #[error("[theme]: {0}")]
    Theme(#[from] ThemeError),
}

/// Opens the screen on an AWS until somebody closes it. `label` is a word for the header when that AWS is not real.
pub(crate) async fn open(connection: aws::Settings, settings: Settings, label: Option<String>) -> Exit {
    let session = match session(connection, settings, label) {
        Ok(session) => session,
        Err(wrong) => return complain(Exit::Usage, &wrong.to_string(), None),
    };
    match runtime::run(session).await {
        Ok(End { signal, last_changes }) => {
            last_changes.iter().for_each(tell);
            signal.map_or(Exit::Done, |signal| Exit::Signal(signal.exit_code()))
        }
        Err(error @ RuntimeError::NotATerminal) => complain(Exit::Usage, &error.to_string(), None),
        Err(error) => {
            complain(Exit::Usage, &error.to_string(), Some("see `ecsight --help` for what works without a screen"))
        }
    }
}

fn session(connection: aws::Settings, settings: Settings, label: Option<String>) -> Result<Session, Wrong> {
    let refresh = SignedDuration::try_from(settings.refresh_interval()).unwrap_or(SignedDuration::MAX);
    let keys: Bindings = settings.keys.iter().map(|(command, keys)| (command.clone(), keys.keys().to_vec())).collect();
    let looks: BTreeMap<String, String> =
        settings.theme.iter().map(|(tone, look)| (tone.as_str().to_owned(), look.as_str().to_owned())).collect();
    Ok(Session {
        app: app::Options {
            cluster: settings.cluster.as_deref().map(ClusterName::new),
            service: settings.service,
            read_only: settings.read_only,
            refresh,
            label,
            keymap: Keymap::new(&keys)?,
        },
        aws: connection,
        theme: if settings.no_color { Theme::plain() } else { Theme::default().with(&looks)? },
        mouse: !settings.no_mouse,
        record: settings.record,
    })
}

/// The screen closed before the change was answered, and whoever confirmed it wants to know.
#[allow(clippy::print_stderr)]
fn tell(outcome: &Outcome) {
    let operation = outcome.mutation.operation();
    let service = visible(outcome.mutation.service().name()).into_owned();
    match &outcome.result {
        Ok(()) => eprintln!("{operation} of {service} was accepted"),
        Err(error) => eprintln!("{operation} of {service} failed: {}", visible(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsight::config::Look;

    const EXAMPLE: &str = include_str!("../../config.example.toml");

    fn looks(tone: &str, words: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(tone.to_owned(), words.to_owned())])
    }

    #[test]
    fn the_example_shows_the_default_theme() {
        let (_, theme) = EXAMPLE.split_once("#[theme]\n").unwrap();
        let looks: BTreeMap<String, String> = theme
            .lines()
            .filter_map(|line| line.strip_prefix('#')?.split_once(" = "))
            .map(|(tone, words)| (tone.to_owned(), words.trim_matches('"').to_owned()))
            .collect();
        assert_eq!(looks.len(), 7);
        assert_eq!(Theme::default().with(&looks), Ok(Theme::default()));
    }

    #[test]
    fn what_the_file_may_say_the_theme_understands() {
        for colour in ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "gray", "white"] {
            for words in
                [colour.to_owned(), format!("bright-{colour} bold dim underline reverse"), "default".to_owned()]
            {
                assert!(words.parse::<Look>().is_ok(), "{words}");
                assert!(Theme::default().with(&looks("good", &words)).is_ok(), "{words}");
            }
        }
        for words in ["purple", "bright-bold", "red,bold"] {
            assert!(words.parse::<Look>().is_err(), "{words}");
            assert!(Theme::default().with(&looks("good", words)).is_err(), "{words}");
        }
    }
}
