//! Opens the screen.

use ecsight::app;
use ecsight::app::keymap::{Bindings, Keymap, KeymapError};
use ecsight::aws;
use ecsight::config::Settings;
use ecsight::model::arn::ClusterName;
use ecsight::model::text::visible;
use ecsight::runtime::effects::Outcome;
use ecsight::runtime::{self, End, RuntimeError, Session};
use ecsight::ui::theme::Theme;
use jiff::SignedDuration;
use tokio::runtime::{Builder, Handle};

use crate::exit::Exit;
use crate::run::complain;

/// Opens the screen on an AWS until somebody closes it. `label` is a word for the header when that AWS is not real. What is
/// asked of AWS runs on `calls`, the screen on the thread this is called on.
pub(crate) fn open(connection: aws::Settings, settings: Settings, label: Option<String>, calls: &Handle) -> Exit {
    let session = match session(connection, settings, label) {
        Ok(session) => session,
        Err(wrong) => return complain(Exit::Usage, &format!("[keys] of the configuration: {wrong}"), None),
    };
    let screen = match Builder::new_current_thread().enable_all().build() {
        Ok(screen) => screen,
        Err(error) => return complain(Exit::Usage, &format!("cannot start: {error}"), None),
    };
    match screen.block_on(runtime::run(session, calls.clone())) {
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

fn session(connection: aws::Settings, settings: Settings, label: Option<String>) -> Result<Session, KeymapError> {
    let refresh = SignedDuration::try_from(settings.refresh_interval()).unwrap_or(SignedDuration::MAX);
    let keys: Bindings = settings.keys.iter().map(|(command, keys)| (command.clone(), keys.keys().to_vec())).collect();
    Ok(Session {
        app: app::Options {
            cluster: settings.cluster.as_deref().map(ClusterName::new),
            service: settings.service,
            read_only: settings.read_only,
            refresh,
            label,
            keymap: Keymap::new(&keys)?,
            zone: jiff::tz::TimeZone::system(),
        },
        aws: connection,
        theme: if settings.no_color { Theme::plain() } else { Theme::default().with(&settings.theme) },
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
    use std::collections::BTreeMap;

    use ecsight::model::look::{Look, Tone};

    use super::*;

    #[test]
    fn the_example_shows_the_default_theme() {
        let example = include_str!("../../config.example.toml").replace('#', "");
        let (_, theme) = example.split_once("[theme]\n").unwrap();
        let looks: BTreeMap<Tone, Look> = toml::from_str(theme).unwrap();
        assert!(looks.keys().copied().eq(Tone::ALL));
        assert_eq!(Theme::default().with(&looks), Theme::default());
    }
}
