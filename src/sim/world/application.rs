//! What runs inside a container: an application with behaviour. Everything AWS reports about a task's health follows from
//! here and from the network, nothing is written down as a canned answer.

use std::time::Duration;

use super::chatter::Chatter;

/// Behaviour of the program in a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Where it listens, if it does.
    pub listens: Option<Listens>,
    /// More ports on which it listens and answers the same: one for management, say.
    pub also_listens_on: Vec<u16>,
    /// What it speaks on its ports.
    pub speech: Speech,
    /// From the start of the container until the socket is open.
    pub startup: Duration,
    /// Answers by exact path; other paths get 404.
    pub answers: Vec<Answer>,
    /// Ends by itself this long after its start.
    pub ends: Option<End>,
    /// Memory over time; above the container's limit the kernel kills it.
    pub memory: Memory,
    /// What it does with SIGTERM.
    pub on_sigterm: OnSigterm,
    /// Whether its image can be had.
    pub image: Image,
    /// What it writes, beyond what every application here writes.
    pub log: Log,
    /// CPU in percent of what its task reserves.
    pub cpu: u32,
    /// Requests of clients in a minute that the load balancer sends to each task.
    pub requests: u32,
    /// Of these, how many the load balancer has to answer with 502 itself.
    pub bad_gateways: u32,
    /// How far CPU, requests and latency swing over the day, in percent of the usual.
    pub swing: u32,
}

/// What an application writes to its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Lines so long after the start of the container, in order.
    pub lines: Vec<(Duration, String)>,
    /// Lines at an end nobody asked for; one that names the exit code if there are none.
    pub last_words: Vec<String>,
    /// Whether it writes a line for each health check.
    pub access: bool,
    /// What it writes all day.
    pub chatter: Option<Chatter>,
}

impl Default for Log {
    fn default() -> Self {
        Self { lines: Vec::new(), last_words: Vec::new(), access: true, chatter: None }
    }
}

/// A listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listens {
    /// The port.
    pub port: u16,
    /// Bound to 127.0.0.1 only: from outside the connection is refused.
    pub loopback_only: bool,
}

/// What is spoken over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// Something that is not HTTP at all.
    Other,
}

/// How a path is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The exact path.
    pub path: String,
    /// HTTP status code.
    pub status: u16,
    /// Time until the answer.
    pub delay: Duration,
}

/// An end that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// After this time.
    pub after: Duration,
    /// With this exit code.
    pub exit_code: i32,
}

/// Memory use as a straight line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// MiB at the start.
    pub initial: u32,
    /// MiB more each minute.
    pub growth_per_minute: u32,
}

/// How the program takes being asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSigterm {
    /// Ends within a moment with this exit code.
    Exit(i32),
    /// Goes on until the stop timeout is over and SIGKILL comes: 137.
    Ignore,
}

/// Whether the image can be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// It can.
    Present,
    /// It cannot: AWS's sentence about it, which becomes the stopped reason.
    CannotPull(String),
    /// The registry has no such tag.
    Missing,
    /// It was built for another processor, and the registry's list says so.
    WrongPlatform,
}

impl Image {
    /// The stopped reason of a task whose image, of this reference, cannot be pulled.
    pub(crate) fn failure(&self, reference: &str) -> Option<String> {
        match self {
            Self::Present => None,
            Self::CannotPull(sentence) => Some(sentence.clone()),
            Self::Missing => Some(format!(
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {reference}: \
                 {reference}: not found"
            )),
            Self::WrongPlatform => Some(format!(
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): image Manifest does not contain \
                 descriptor matching platform 'linux/amd64' ({reference})"
            )),
        }
    }
}

impl Application {
    /// Listens on `port` after three seconds, answers 200 on `/` and `/healthz`, and behaves.
    pub fn web(port: u16) -> Self {
        Self {
            listens: Some(Listens { port, loopback_only: false }),
            startup: Duration::from_secs(3),
            ..Self::worker().answering("/", 200).answering("/healthz", 200)
        }
    }

    /// Listens nowhere, runs until it is asked to stop.
    pub fn worker() -> Self {
        Self {
            listens: None,
            also_listens_on: Vec::new(),
            speech: Speech::Http,
            startup: Duration::ZERO,
            answers: Vec::new(),
            ends: None,
            memory: Memory { initial: 96, growth_per_minute: 0 },
            on_sigterm: OnSigterm::Exit(0),
            image: Image::Present,
            log: Log::default(),
            cpu: 12,
            requests: 120,
            bad_gateways: 0,
            swing: 0,
        }
    }

    /// The same with this answer on `path`, in place of an earlier one.
    #[must_use]
    pub fn answering(mut self, path: &str, status: u16) -> Self {
        self.answers.retain(|answer| answer.path != path);
        self.answers.push(Answer { path: path.to_owned(), status, delay: Duration::from_millis(4) });
        self
    }

    /// The same, but every answer takes this long.
    #[must_use]
    pub fn delayed(mut self, delay: Duration) -> Self {
        for answer in &mut self.answers {
            answer.delay = delay;
        }
        self
    }

    /// The same, but listening only after this time.
    #[must_use]
    pub fn starting_for(mut self, startup: Duration) -> Self {
        self.startup = startup;
        self
    }

    /// The same, but bound to the loopback address.
    #[must_use]
    pub fn on_loopback(mut self) -> Self {
        if let Some(listens) = &mut self.listens {
            listens.loopback_only = true;
        }
        self
    }

    /// The same, listening on one more port.
    #[must_use]
    pub fn also_on(mut self, port: u16) -> Self {
        self.also_listens_on.push(port);
        self
    }

    /// The same, but speaking this.
    #[must_use]
    pub fn speaking(mut self, speech: Speech) -> Self {
        self.speech = speech;
        self
    }

    /// All its sockets.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = Listens> {
        let more = self.also_listens_on.iter().map(|port| Listens { port: *port, loopback_only: false });
        self.listens.into_iter().chain(more)
    }

    /// The same, but ending by itself.
    #[must_use]
    pub fn ending(mut self, after: Duration, exit_code: i32) -> Self {
        self.ends = Some(End { after, exit_code });
        self
    }

    /// The same with this memory use.
    #[must_use]
    pub fn using_memory(mut self, initial: u32, growth_per_minute: u32) -> Self {
        self.memory = Memory { initial, growth_per_minute };
        self
    }

    /// The same, but deaf to SIGTERM or ending with another code.
    #[must_use]
    pub fn on_sigterm(mut self, reaction: OnSigterm) -> Self {
        self.on_sigterm = reaction;
        self
    }

    /// The same, but its image cannot be pulled.
    #[must_use]
    pub fn without_image(mut self, reason: &str) -> Self {
        self.image = Image::CannotPull(reason.to_owned());
        self
    }

    /// The same, writing this line so long after its start.
    #[must_use]
    pub fn writing(mut self, after: Duration, line: &str) -> Self {
        self.log.lines.push((after, line.to_owned()));
        self
    }

    /// The same, writing so many lines a minute all day.
    #[must_use]
    pub fn chatting(mut self, per_minute: u32, json: bool) -> Self {
        self.log.chatter = Some(Chatter { per_minute, json });
        self
    }

    /// The same, writing these lines when it ends by itself.
    #[must_use]
    pub fn saying_at_the_end(mut self, lines: &[&str]) -> Self {
        self.log.last_words = lines.iter().map(|line| (*line).to_owned()).collect();
        self
    }

    /// The same, at this percentage of the CPU it reserves.
    #[must_use]
    pub fn using_cpu(mut self, percent: u32) -> Self {
        self.cpu = percent;
        self
    }

    /// The same, busier by day than by night.
    #[must_use]
    pub fn swinging(mut self, percent: u32) -> Self {
        self.swing = percent;
        self
    }

    /// MiB in use so long after the start.
    pub(crate) fn memory_at(&self, age: Duration) -> u64 {
        let grown = u64::from(self.memory.growth_per_minute) * age.as_secs() / 60;
        u64::from(self.memory.initial) + grown
    }

    /// What becomes of it by itself under a memory limit (MiB), whichever comes first.
    pub(crate) fn fate(&self, limit: u32) -> Option<Fate> {
        let crash = self.ends.map(|end| Fate { after: end.after, exit_code: end.exit_code, out_of_memory: false });
        let starved = self.out_of_memory_after(limit).map(|after| Fate { after, exit_code: 137, out_of_memory: true });
        match (crash, starved) {
            (Some(crash), Some(starved)) => Some(if starved.after < crash.after { starved } else { crash }),
            (one, other) => one.or(other),
        }
    }

    fn out_of_memory_after(&self, limit: u32) -> Option<Duration> {
        if self.memory.initial >= limit {
            return Some(Duration::from_secs(1));
        }
        let room = u64::from(limit - self.memory.initial);
        let growth = u64::from(self.memory.growth_per_minute);
        (growth > 0).then(|| Duration::from_secs((room * 60).div_ceil(growth)))
    }
}

/// How an application ends when left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) after: Duration,
    pub(crate) exit_code: i32,
    pub(crate) out_of_memory: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_end_wins() {
        let leaks = Application::worker().using_memory(100, 60);
        assert_eq!(leaks.fate(160).map(|fate| (fate.after, fate.out_of_memory)), Some((Duration::from_mins(1), true)));
        let crashes_first = leaks.ending(Duration::from_secs(10), 1);
        assert_eq!(crashes_first.fate(160).map(|fate| fate.exit_code), Some(1));
        assert_eq!(Application::web(80).fate(160), None);
    }

    #[test]
    fn a_later_answer_replaces_an_earlier_one() {
        let answers = Application::web(80).answering("/", 302).answers;
        let root: Vec<u16> = answers.iter().filter(|answer| answer.path == "/").map(|answer| answer.status).collect();
        assert_eq!(root, [302]);
    }
}
