//! The registry of commands. The keymap, the palette, the footer, the help screen and the README's key table are all made
//! from it, so none of them can be wrong. Whether a command applies right now, and if not why, is also said here.

use serde::{Deserialize, Serialize};

use super::App;
use super::screens::Tab;

/// Something a key or the palette can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Select or scroll one down.
    Down,
    /// Select or scroll one up.
    Up,
    /// To the first.
    First,
    /// To the last.
    Last,
    /// One page down.
    PageDown,
    /// One page up.
    PageUp,
    /// Scroll the lower half down.
    ScrollDown,
    /// Scroll the lower half up.
    ScrollUp,
    /// The next service, also while zoomed.
    NextService,
    /// The previous service, also while zoomed.
    PreviousService,
    /// The tab to the right.
    NextTab,
    /// The tab to the left.
    PreviousTab,
    /// A certain tab.
    OpenTab(Tab),
    /// The lower half to the full screen; once there, the page of the finding that is looked at.
    Zoom,
    /// The page of the finding that is looked at.
    Explain,
    /// Out of whatever is open.
    Back,
    /// Filter the services.
    Filter,
    /// The next order of the services.
    Sort,
    /// Only what is not healthy.
    ProblemsOnly,
    /// CPU and memory in the list of services, or not.
    Loads,
    /// Metrics over a shorter time.
    ShorterRange,
    /// Metrics over a longer time.
    LongerRange,
    /// Ask AWS for everything on the screen now.
    Refresh,
    /// Choose a cluster.
    Clusters,
    /// The AWS calls made.
    Activity,
    /// The latest errors.
    Errors,
    /// Put something useful on the clipboard.
    Copy,
    /// All commands by name.
    Palette,
    /// All keys.
    Help,
    /// The logs of the service, on the full screen.
    Logs,
    /// The logs of the task that died last.
    PreviousLogs,
    /// Something to do while reading logs.
    Read(Reading),
    /// Force a new deployment.
    Redeploy,
    /// Change the desired count.
    Scale,
    /// Stop following the latest change.
    DismissWatch,
    /// Back to the shell until it continues us.
    Suspend,
    /// End.
    Quit,
}

/// What can be done while logs have the full screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// Find text.
    Search,
    /// The next line that was searched for.
    NextHit,
    /// The one before.
    PreviousHit,
    /// Show only lines with this in them.
    Include,
    /// Show no lines with this in them.
    Exclude,
    /// Only one task or container.
    Narrow,
    /// Stay here, or follow again.
    Pause,
    /// Wrap long lines or cut them.
    Wrap,
    /// UTC, local or relative times.
    Times,
    /// To a time.
    Jump,
    /// Read what was written before.
    Older,
    /// Mark a line, so that what lies between it and the cursor can be copied.
    Mark,
    /// Show the fields of a line of JSON, or hide them.
    Expand,
    /// Write what is shown to a file.
    Save,
    /// Ask Logs Insights.
    Insights,
}

/// Where keys mean something of their own; everywhere else they mean what they always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// On all screens.
    Everywhere,
    /// While logs have the full screen.
    Logs,
}

/// Heading under which the help screen lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Moving around.
    Move,
    /// What is shown.
    View,
    /// Reading logs.
    Logs,
    /// Changes in AWS.
    Change,
    /// The program itself.
    Program,
}

impl Group {
    /// All groups in the order of the help screen: what changes something is never out of sight.
    pub const ALL: [Self; 5] = [Self::Change, Self::Move, Self::View, Self::Logs, Self::Program];

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::View => "View",
            Self::Logs => "Logs (while they have the full screen)",
            Self::Change => "Change (planned, shown, confirmed)",
            Self::Program => "Program",
        }
    }
}

/// What is known about a command.
#[derive(Clone, Copy, Debug)]
pub struct CommandInfo {
    /// Which command.
    pub command: Command,
    /// Its name in the keymap file and in the palette.
    pub id: &'static str,
    /// What it does, for the help screen and the palette.
    pub title: &'static str,
    /// A word for the footer; commands without one are not shown there.
    pub hint: Option<&'static str>,
    /// Where the help screen lists it.
    pub group: Group,
}

const fn info(
    command: Command,
    id: &'static str,
    group: Group,
    hint: Option<&'static str>,
    title: &'static str,
) -> CommandInfo {
    CommandInfo { command, id, title, hint, group }
}

/// Every command, in the order in which footer, palette and help show them.
pub const COMMANDS: &[CommandInfo] = &[
    info(Command::Redeploy, "redeploy", Group::Change, Some("redeploy"), "force a new deployment of the service"),
    info(Command::Scale, "scale", Group::Change, Some("scale"), "change the desired count of the service"),
    info(Command::Logs, "logs", Group::View, Some("logs"), "the logs of the service on the full screen, followed live"),
    info(
        Command::Read(Reading::Search),
        "log-search",
        Group::Logs,
        Some("search"),
        "find text; /regex/ between slashes",
    ),
    info(
        Command::Read(Reading::Include),
        "log-include",
        Group::Logs,
        Some("only"),
        "show only lines with this in them",
    ),
    info(
        Command::Read(Reading::Exclude),
        "log-exclude",
        Group::Logs,
        Some("without"),
        "show no lines with this in them",
    ),
    info(Command::Read(Reading::Narrow), "log-narrow", Group::Logs, Some("task"), "only one task or container"),
    info(Command::Read(Reading::Pause), "log-pause", Group::Logs, Some("pause"), "stay here, or follow again"),
    info(Command::Read(Reading::Older), "log-older", Group::Logs, Some("older"), "read what was written before"),
    info(
        Command::Read(Reading::Insights),
        "log-insights",
        Group::Logs,
        Some("insights"),
        "Logs Insights: queries over the log groups of the service",
    ),
    info(Command::Read(Reading::NextHit), "log-next", Group::Logs, None, "the next line that was searched for"),
    info(
        Command::Read(Reading::PreviousHit),
        "log-previous",
        Group::Logs,
        None,
        "the line before that was searched for",
    ),
    info(Command::Read(Reading::Jump), "log-jump", Group::Logs, None, "to a time: 10m, 13:10, 2026-01-31T13:10:00Z"),
    info(
        Command::Read(Reading::Expand),
        "log-expand",
        Group::Logs,
        None,
        "show the fields of a line of JSON, or hide them",
    ),
    info(Command::Read(Reading::Wrap), "log-wrap", Group::Logs, None, "wrap long lines, or cut them"),
    info(Command::Read(Reading::Times), "log-times", Group::Logs, None, "times in UTC, local, relative, or none"),
    info(
        Command::Read(Reading::Mark),
        "log-mark",
        Group::Logs,
        None,
        "mark a line; copying takes all from there to here",
    ),
    info(Command::Read(Reading::Save), "log-save", Group::Logs, None, "write the lines shown to a file"),
    info(
        Command::PreviousLogs,
        "previous-logs",
        Group::View,
        Some("dead task's logs"),
        "the logs of the task that died last",
    ),
    info(Command::DismissWatch, "dismiss-watch", Group::View, Some("unfollow"), "stop following the latest change"),
    info(Command::Errors, "errors", Group::View, Some("errors"), "show the latest errors and mark them as seen"),
    info(Command::Back, "back", Group::Move, Some("back"), "close what is open; back to all services"),
    info(
        Command::Zoom,
        "zoom",
        Group::View,
        Some("zoom"),
        "the lower half to the full screen; then the page of the finding",
    ),
    info(Command::NextTab, "next-tab", Group::Move, Some("tab"), "next tab"),
    info(Command::NextService, "next-service", Group::Move, Some("next service"), "next service, also when zoomed"),
    info(
        Command::Copy,
        "copy",
        Group::View,
        Some("copy"),
        "copy the finding's fix, the aws command of a plan, or the service's ARN",
    ),
    info(
        Command::Explain,
        "explain",
        Group::View,
        Some("why"),
        "the page of the finding: meaning, how it is decided, how to fix it",
    ),
    info(Command::Filter, "filter", Group::View, Some("filter"), "filter services by name; !text excludes"),
    info(Command::Palette, "palette", Group::Program, Some("command"), "find a command by name"),
    info(Command::Clusters, "clusters", Group::View, Some("cluster"), "choose a cluster"),
    info(
        Command::ProblemsOnly,
        "problems-only",
        Group::View,
        Some("problems"),
        "show only services that are not healthy",
    ),
    info(Command::Sort, "sort", Group::View, Some("sort"), "next order of the services"),
    info(
        Command::Loads,
        "loads",
        Group::View,
        None,
        "columns CPU and MEM of the services, read every 5 minutes, on and off",
    ),
    info(Command::ShorterRange, "shorter-range", Group::View, Some("shorter"), "metrics over a shorter time"),
    info(Command::LongerRange, "longer-range", Group::View, Some("longer"), "metrics over a longer time"),
    info(Command::Activity, "activity", Group::View, Some("calls"), "every AWS call made: operation, duration, result"),
    info(Command::Refresh, "refresh", Group::View, None, "ask AWS now for everything on the screen"),
    info(Command::Help, "help", Group::Program, Some("help"), "all keys"),
    info(Command::Down, "down", Group::Move, None, "next service; next finding or one line down when zoomed"),
    info(Command::Up, "up", Group::Move, None, "previous service; previous finding or one line up when zoomed"),
    info(Command::First, "first", Group::Move, None, "to the first"),
    info(Command::Last, "last", Group::Move, None, "to the last"),
    info(Command::PageDown, "page-down", Group::Move, None, "one page down"),
    info(Command::PageUp, "page-up", Group::Move, None, "one page up"),
    info(Command::ScrollDown, "scroll-down", Group::Move, None, "scroll the lower half down"),
    info(Command::ScrollUp, "scroll-up", Group::Move, None, "scroll the lower half up"),
    info(Command::PreviousService, "previous-service", Group::Move, None, "previous service, also when zoomed"),
    info(Command::PreviousTab, "previous-tab", Group::Move, None, "previous tab"),
    info(Command::OpenTab(Tab::Overview), "tab-overview", Group::Move, None, "tab Overview"),
    info(Command::OpenTab(Tab::Tasks), "tab-tasks", Group::Move, None, "tab Tasks"),
    info(Command::OpenTab(Tab::Targets), "tab-targets", Group::Move, None, "tab Targets"),
    info(Command::OpenTab(Tab::Deploys), "tab-deploys", Group::Move, None, "tab Deploys"),
    info(Command::OpenTab(Tab::Events), "tab-events", Group::Move, None, "tab Events"),
    info(Command::OpenTab(Tab::Metrics), "tab-metrics", Group::Move, None, "tab Metrics"),
    info(Command::OpenTab(Tab::Logs), "tab-logs", Group::Move, None, "tab Logs"),
    info(Command::OpenTab(Tab::Network), "tab-network", Group::Move, None, "tab Network"),
    info(Command::OpenTab(Tab::Config), "tab-config", Group::Move, None, "tab Config"),
    info(Command::Suspend, "suspend", Group::Program, None, "back to the shell; fg returns"),
];

/// Ending is always possible, so it stands beside the list that availability is asked of.
pub const QUIT: CommandInfo = info(Command::Quit, "quit", Group::Program, Some("quit"), "end ecsight");

/// All commands, ending included.
pub fn all() -> impl Iterator<Item = &'static CommandInfo> {
    COMMANDS.iter().chain(std::iter::once(&QUIT))
}

/// The command with this name in the keymap file.
pub fn by_id(id: &str) -> Option<Command> {
    all().find(|info| info.id == id).map(|info| info.command)
}

impl Command {
    /// What is known about it.
    pub fn info(self) -> &'static CommandInfo {
        all().find(|info| info.command == self).unwrap_or(&QUIT)
    }

    /// Where its keys work.
    pub fn context(self) -> Context {
        match self {
            Self::Read(_) => Context::Logs,
            _ => Context::Everywhere,
        }
    }

    /// Whether it applies right now; if not, the reason in one sentence.
    ///
    /// # Errors
    /// The reason, ready to be shown.
    pub fn available(self, app: &App) -> Result<(), String> {
        let needs_service = || match app.selected_service() {
            Some(_) => Ok(()),
            None => Err("no service is selected".to_owned()),
        };
        match self {
            Self::Redeploy | Self::Scale => {
                if app.options().read_only {
                    return Err("read-only: started with --read-only, nothing can be changed".to_owned());
                }
                needs_service()?;
                app.action_legality(self)
            }
            Self::Zoom => {
                needs_service()?;
                // Enter goes in, and then further in.
                let explains =
                    app.detail().tab == Tab::Overview && app.looked_at().is_some() && app.overlay().is_none();
                if app.is_zoomed() && !explains { Err("already zoomed".to_owned()) } else { Ok(()) }
            }
            Self::Explain => {
                needs_service()?;
                match app.looked_at() {
                    Some(_) => Ok(()),
                    None => Err("nothing was found that there is a page about".to_owned()),
                }
            }
            Self::Back => {
                if app.has_something_to_close() {
                    Ok(())
                } else {
                    Err("nothing to go back from".to_owned())
                }
            }
            Self::NextTab | Self::PreviousTab | Self::OpenTab(_) | Self::Copy | Self::Logs => needs_service(),
            Self::PreviousLogs => {
                needs_service()?;
                match app.last_dead_task() {
                    Some(_) => Ok(()),
                    None => Err("no task of this service stopped within the last hour".to_owned()),
                }
            }
            Self::Read(_) if !app.is_reading() => Err("only while logs have the full screen".to_owned()),
            Self::Read(reading) => app.reading_available(reading),
            Self::ShorterRange | Self::LongerRange => {
                needs_service()?;
                let range = app.detail().range;
                let next = if self == Self::LongerRange { range.longer() } else { range.shorter() };
                match next {
                    _ if app.detail().tab != Tab::Metrics => Err("only on tab Metrics".to_owned()),
                    None => Err(format!("{} is all there is", range.label())),
                    Some(_) => Ok(()),
                }
            }
            Self::DismissWatch => {
                if app.watches().is_empty() {
                    Err("no change is being followed".to_owned())
                } else {
                    Ok(())
                }
            }
            Self::Errors => {
                if app.errors().is_empty() {
                    Err("no errors so far".to_owned())
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }
}
