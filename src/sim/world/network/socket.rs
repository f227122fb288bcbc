//! Sockets that applications opened, and what a request to one of them meets.

use std::time::Duration;

use super::super::application::{Answer, Speech};
use super::super::moment::Moment;

/// A socket that an application opened.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    pub(crate) opens_at: Moment,
    pub(crate) loopback_only: bool,
    pub(crate) speech: Speech,
    pub(crate) answers: Vec<Answer>,
}

/// What is asked over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request<'a> {
    /// Nothing: that the connection comes about is all.
    Connect,
    /// GET of a path, over TLS or not.
    Get { path: &'a str, tls: bool },
}

/// What a request met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A packet was dropped: nothing comes back.
    Silence,
    /// Nobody listens there: the kernel says so at once.
    Refused,
    /// A connection, and nothing more was asked.
    Connected,
    /// A connection, but the other side speaks something else.
    Gibberish,
    /// An answer.
    Answered { status: u16, after: Duration },
}

impl Socket {
    pub(super) fn reply(&self, request: Request<'_>) -> Reply {
        let Request::Get { path, tls } = request else { return Reply::Connected };
        if self.speech != if tls { Speech::Https } else { Speech::Http } {
            return Reply::Gibberish;
        }
        self.answer(path)
    }

    pub(super) fn answer(&self, path: &str) -> Reply {
        let found = self.answers.iter().find(|answer| answer.path == path);
        found.map_or(Reply::Answered { status: 404, after: Duration::from_millis(2) }, |answer| Reply::Answered {
            status: answer.status,
            after: answer.delay,
        })
    }
}
