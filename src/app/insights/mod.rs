//! Logs Insights on the screen: the query being written, the one that runs, and what it found.
//!
//! ```text
//!  keys ─▶ editing ─▶ text, time ─▶ run ─▶ StartQuery (once a press)
//!                                    │ ▲
//!                      every second  ▼ │
//!                               GetQueryResults ─▶ found ─▶ screens::insights
//!  leaving, changing, ending ─▶ StopQuery
//! ```
//!
//! A query runs only while it is on the screen: whatever takes it away stops it, for it costs money.

mod found;
mod keys;
mod running;

use serde::Serialize;

pub use self::found::{Column, Found, on_one_line};
pub use self::running::{Run, Stage};
use super::App;
use super::overlay::Overlay;
use super::text_input::TextInput;
use crate::model::arn::ServiceArn;
use crate::model::insights::{LONGEST_QUERY, MOST_GROUPS, Malformed, Span};
use crate::model::log::LogDestination;

/// What stands there at first: it finds something in any log.
pub const FIRST: &str = "fields @timestamp, @message\n| sort @timestamp desc\n| limit 200";

/// What the history holds at first, the most useful last, where one looks first.
pub const EXAMPLES: [&str; 4] = [
    "# slowest requests, where lines are JSON with fields like these\nfields @timestamp, method, path, status, \
     duration\n| filter ispresent(duration)\n| sort duration desc\n| limit 20",
    "# lines of each log stream, which is each container of each task\nstats count(*) as lines by @logStream\n| sort lines \
     desc",
    "# errors a minute, the worst minute first\nfilter @message like /(?i)error|exception|fatal/\n| stats count(*) as errors \
     by bin(1m)\n| sort errors desc",
    "# the last 100 lines with \"error\" in them\nfields @timestamp, @message\n| filter @message like /(?i)error/\n| sort \
     @timestamp desc\n| limit 100",
];

/// What takes the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Focus {
    /// The query.
    #[default]
    Editor,
    /// What it found.
    Results,
}

/// Log groups of a service as a query sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Those a query looks at.
    pub asked: Vec<String>,
    /// Those it cannot look at, each with why.
    pub left_out: Vec<(String, String)>,
}

/// Where somebody looks in what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sight {
    /// The row of the cursor.
    pub row: usize,
    /// The first row in sight.
    pub top: usize,
    /// The first column in sight.
    pub column: usize,
    /// Lines of the row that are scrolled away, while it is shown with all its fields.
    pub opened: Option<usize>,
}

/// Logs Insights, from the first time it is opened on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Insights {
    service: Option<ServiceArn>,
    editor: TextInput,
    focus: Focus,
    span: Span,
    /// Queries of the session, oldest first.
    history: Vec<String>,
    /// Which of them stands in the editor, and what stood there before.
    recalled: Option<(usize, String)>,
    run: Option<Run>,
    sight: Sight,
}

impl Default for Insights {
    fn default() -> Self {
        Self {
            service: None,
            editor: TextInput::new(FIRST, LONGEST_QUERY),
            focus: Focus::default(),
            span: Span::default(),
            history: EXAMPLES.map(str::to_owned).to_vec(),
            recalled: None,
            run: None,
            sight: Sight::default(),
        }
    }
}

impl Insights {
    /// The query being written.
    pub const fn editor(&self) -> &TextInput {
        &self.editor
    }

    /// What takes the keys.
    pub const fn focus(&self) -> Focus {
        self.focus
    }

    /// How far back the next query looks.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The query that runs or ran last.
    pub const fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// What was found so far.
    pub fn found(&self) -> Option<&Found> {
        self.run.as_ref().and_then(Run::found)
    }

    /// Where somebody looks in what was found.
    pub const fn sight(&self) -> Sight {
        self.sight
    }

    /// Why AWS does not understand what stands in the editor, as long as that is what it was asked.
    pub fn malformed(&self) -> Option<&Malformed> {
        let run = self.run.as_ref()?;
        match run.stage() {
            Stage::Refused(malformed) if run.query().text == self.editor.text() => Some(malformed),
            _ => None,
        }
    }
}

impl App {
    /// Logs Insights.
    pub const fn insights(&self) -> &Insights {
        &self.insights
    }

    /// Whether Logs Insights is on the screen.
    pub fn shows_insights(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Insights))
    }

    /// The log groups of the selected service.
    pub fn insights_groups(&self) -> Groups {
        let mut groups = Groups::default();
        let Some(service) = self.selected_service() else { return groups };
        for destination in self.destinations(service) {
            match destination {
                LogDestination::CloudWatch(source) => match source.region {
                    Some(region) => {
                        let left_out = (source.group, format!("in {region}"));
                        if !groups.left_out.contains(&left_out) {
                            groups.left_out.push(left_out);
                        }
                    }
                    None if groups.asked.contains(&source.group) => {}
                    None if groups.asked.len() < MOST_GROUPS => groups.asked.push(source.group),
                    None => groups.left_out.push((source.group, format!("a query takes {MOST_GROUPS}"))),
                },
                LogDestination::Elsewhere { container, why } => groups.left_out.push((container, why)),
            }
        }
        groups
    }

    /// Opens Logs Insights for the selected service. The text stays whatever the service; what was found is of one.
    pub(super) fn open_insights(&mut self) {
        let service = self.selected_arn();
        if self.insights.service != service {
            self.insights.service = service;
            self.insights.run = None;
            self.insights.sight = Sight::default();
            self.insights.focus = Focus::Editor;
        }
        self.overlay = Some(Overlay::Insights);
    }
}
