//! Opens the screen.

use std::io::{self, IsTerminal as _};

use super::exit::Exit;
use super::run::complain;
use crate::aws;
use crate::config::Settings;

/// Opens the screen on an AWS, if there is a terminal to open it on.
#[allow(clippy::unused_async)] // Drawing waits for keys; there is nothing to wait for until there is a screen.
pub(super) async fn open(_aws: aws::Settings, _settings: Settings) -> Exit {
    if let Err(exit) = terminal() {
        return exit;
    }
    complain(Exit::Usage, "the screen is not built yet", None)
}

/// Whether there is a terminal to draw on and to read keys from.
pub(super) fn terminal() -> Result<(), Exit> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    let advice = "for scripts there are `ecsight services` and `ecsight tasks`; see `ecsight --help`";
    Err(complain(Exit::Usage, "the screen needs a terminal on stdin and stdout", Some(advice)))
}
