//! How an application behaves, in a world file.

use serde::Deserialize;

use super::span::Span;
use crate::sim::world::application::{Application, End, Image, Listens, OnSigterm};

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Web,
    Worker,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ImageKind {
    Present,
    Missing,
    WrongPlatform,
}

/// What is said about an application. What is not said stays as it is.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationSection {
    kind: Option<Kind>,
    port: Option<u16>,
    on_loopback: Option<bool>,
    startup: Option<Span>,
    #[serde(default)]
    answer: Vec<AnswerSection>,
    ends: Option<EndSection>,
    memory: Option<u32>,
    memory_growth_per_minute: Option<u32>,
    cpu: Option<u32>,
    ignores_sigterm: Option<bool>,
    exit_code_on_sigterm: Option<i32>,
    image: Option<ImageKind>,
    cannot_pull: Option<String>,
    #[serde(default)]
    log: Vec<LogSection>,
    access_log: Option<bool>,
    chatter: Option<ChatterSection>,
    requests_per_minute: Option<u32>,
    bad_gateways_per_minute: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChatterSection {
    per_minute: u32,
    #[serde(default)]
    json: bool,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerSection {
    path: String,
    status: u16,
    delay: Option<Span>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndSection {
    after: Span,
    exit_code: i32,
    #[serde(default)]
    last_words: Vec<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogSection {
    after: Span,
    line: String,
}

impl ApplicationSection {
    /// Which kind is asked for, if one is.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// `base` with what is said here.
    pub(super) fn over(&self, base: &Application) -> Application {
        let mut application = match self.kind {
            Some(Kind::Web) => Application::web(8080),
            Some(Kind::Worker) => Application::worker(),
            None => base.clone(),
        };
        if let Some(port) = self.port {
            let loopback_only = application.listens.is_some_and(|listens| listens.loopback_only);
            application.listens = Some(Listens { port, loopback_only });
        }
        if let (Some(loopback_only), Some(listens)) = (self.on_loopback, &mut application.listens) {
            listens.loopback_only = loopback_only;
        }
        for answer in &self.answer {
            application = application.answering(&answer.path, answer.status);
            if let (Some(delay), Some(last)) = (answer.delay, application.answers.last_mut()) {
                last.delay = delay.0;
            }
        }
        if let Some(end) = &self.ends {
            application.ends = Some(End { after: end.after.0, exit_code: end.exit_code });
            application.log.last_words.clone_from(&end.last_words);
        }
        if let Some(code) = self.exit_code_on_sigterm {
            application.on_sigterm = OnSigterm::Exit(code);
        }
        if self.ignores_sigterm == Some(true) {
            application.on_sigterm = OnSigterm::Ignore;
        }
        application.image = match (&self.cannot_pull, self.image) {
            (Some(sentence), _) => Image::CannotPull(sentence.clone()),
            (None, Some(ImageKind::Present)) => Image::Present,
            (None, Some(ImageKind::Missing)) => Image::Missing,
            (None, Some(ImageKind::WrongPlatform)) => Image::WrongPlatform,
            (None, None) => application.image,
        };
        application.log.lines.extend(self.log.iter().map(|log| (log.after.0, log.line.clone())));
        application.log.access = self.access_log.unwrap_or(application.log.access);
        if let Some(ChatterSection { per_minute, json }) = self.chatter {
            application = application.chatting(per_minute, json);
        }
        application.startup = self.startup.map_or(application.startup, |span| span.0);
        let memory = &mut application.memory;
        memory.initial = self.memory.unwrap_or(memory.initial);
        memory.growth_per_minute = self.memory_growth_per_minute.unwrap_or(memory.growth_per_minute);
        application.cpu = self.cpu.unwrap_or(application.cpu);
        application.requests = self.requests_per_minute.unwrap_or(application.requests);
        application.bad_gateways = self.bad_gateways_per_minute.unwrap_or(application.bad_gateways);
        application
    }
}
