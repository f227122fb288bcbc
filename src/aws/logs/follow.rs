//! Following logs. CloudWatch sends what comes in through Live Tail where it may be used; where not, each source is asked
//! again and again for what came since the last time and a little before that, since CloudWatch takes events in late, and
//! once a minute well before that: a host that could not reach CloudWatch sends what it kept. What was told already is
//! left out, whichever way it came.
//!
//! ```text
//!  read the window ─▶ open a session ─┬─▶ told of each second ──┐ read again: once at first, once a minute,
//!       ▲                             │                         │ and all the time while CloudWatch leaves some out
//!       │                             └─ refused: every 2 s ────┤
//!       └─────────────── the session ended, or is worth a try ◀─┘
//!
//!  told ─────────────────────────────────────────┤←── overlap ──→│
//!                                                 [ next window ───────────▶ now
//!           [ window that looks back ──────────────────────────────────────▶ now
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::events::Pages;
use super::live_tail::{Heard, PREFIXES, Session};
use super::reader::Reader;
use crate::aws::budget::Priority;
use crate::logs::seen::{self, Seen};
use crate::model::call::{CallError, ErrorKind};
use crate::model::log::{Followed, Following, LogEvent, LogSource, TailMode, TailState};
use crate::model::query::LogPage;

/// Events may be taken in so late and are found all the same …
const OVERLAP: SignedDuration = SignedDuration::from_secs(30);
/// … unless there are so many that reading them twice would take longer than they do; then it is so late.
const SHORT_OVERLAP: SignedDuration = SignedDuration::from_secs(5);
/// As long as the log group does not exist, or the permission is missing, it is asked so many times less often.
const SELDOM: u32 = 8;
/// The longest pause after failures in a row, in usual ones.
const LONGEST: u32 = 15;
/// What was told is compared with all that is there from a while back so often, in usual pauses.
const COMPARED: u32 = 30;
/// Answers in a row that cannot be read before something is left out.
const UNREADABLE: u32 = 3;
/// What is less late is not late.
const LATE: SignedDuration = SignedDuration::from_secs(10);

/// Until Live Tail is worth another try, in usual pauses: where it is not allowed or not offered.
const HOPELESS: u32 = 300;
/// … where all sessions of the account are in use.
const QUOTA: u32 = 30;
/// … after the first other failure; twice as long after each further one.
const RETRY: u32 = 8;
/// A session that lasted so long was a success.
const LASTED: Duration = Duration::from_mins(1);

/// Follows every source until nobody listens any more. Trouble ends nothing: it is told, and it is asked again.
pub(super) async fn follow(reader: &Reader, following: Following, out: mpsc::Sender<Followed>) {
    let (since, recent) = (following.since, following.recent);
    let mut groups: BTreeMap<(String, Option<String>), Vec<Followee>> = BTreeMap::new();
    for (place, source) in (0_u16..).zip(following.sources) {
        let group = (source.group.clone(), source.region.clone());
        groups.entry(group).or_default().push(Followee::new(place, source, since));
    }
    // A session takes so many sources of one group.
    let parts = groups.into_values().flat_map(|sources| {
        let mut sources = sources.into_iter().peekable();
        let next = move || sources.peek().is_some().then(|| sources.by_ref().take(PREFIXES).collect());
        std::iter::from_fn(next).collect::<Vec<Vec<Followee>>>()
    });
    join_all(parts.map(|sources| Tail::new(reader, sources, since, out.clone()).run(recent))).await;
}

/// Nobody listens any more.
struct Gone;

/// A source, and how far it is told.
struct Followee {
    place: u16,
    source: LogSource,
    /// Where the next window begins.
    from: Timestamp,
    /// Nothing before it is read.
    earliest: Timestamp,
    seen: Seen,
    told: Option<TailState>,
    trouble: Option<CallError>,
    behind: Option<SignedDuration>,
    /// How many answers in a row could not be read.
    unreadable: u32,
}

impl Followee {
    fn new(place: u16, source: LogSource, from: Timestamp) -> Self {
        let (seen, earliest) = (Seen::default(), from);
        Self { place, source, from, earliest, seen, told: None, trouble: None, behind: None, unreadable: 0 }
    }

    fn begin_with(&mut self, earliest: Timestamp) {
        (self.from, self.earliest) = (earliest, earliest);
    }

    fn failed(&mut self, error: CallError) {
        self.unreadable = if is_unreadable(&error) { self.unreadable + 1 } else { 0 };
        self.trouble = Some(error);
    }

    /// Where the next window begins after one that was read to its end.
    fn after(&self, began: Timestamp) -> Timestamp {
        let usual = began.checked_sub(OVERLAP).unwrap_or(began);
        let shortest = began.checked_sub(SHORT_OVERLAP).unwrap_or(began);
        let from = self.seen.newest(seen::MOST).map_or(usual, |newest| newest.clamp(usual, shortest));
        // AWS counts in milliseconds: what is a fraction before the window would be part of it.
        self.from.max(Timestamp::from_millisecond(from.as_millisecond()).unwrap_or(from))
    }
}

/// Whether CloudWatch sends events by itself.
enum Live {
    /// It was not asked yet, or may be asked again at once.
    Untried,
    /// There is a session.
    Session {
        /// Whether there is more than it sends.
        sampled: bool,
    },
    /// Not now, and perhaps never.
    Refused { because: String, again: Option<Instant> },
}

/// The sources of one group that share a session.
struct Tail<'a> {
    reader: &'a Reader,
    sources: Vec<Followee>,
    since: Timestamp,
    out: mpsc::Sender<Followed>,
    live: Live,
    /// How often in a row Live Tail failed.
    failures: u32,
    /// Usual pauses since windows last looked back.
    pauses: u32,
}

impl<'a> Tail<'a> {
    fn new(reader: &'a Reader, sources: Vec<Followee>, since: Timestamp, out: mpsc::Sender<Followed>) -> Self {
        let live = if reader.shared.live_tail {
            Live::Untried
        } else {
            Live::Refused { because: "Live Tail is turned off".to_owned(), again: None }
        };
        Self { reader, sources, since, out, live, failures: 0, pauses: 0 }
    }

    async fn run(mut self, recent: Option<u32>) {
        if let Some(recent) = recent.and_then(|recent| usize::try_from(recent).ok())
            && self.newest(recent).await.is_err()
        {
            return;
        }
        let _ = self.follow().await;
    }

    /// Tells the newest events of each source; windows begin with them.
    async fn newest(&mut self, most: usize) -> Result<(), Gone> {
        for followee in &mut self.sources {
            let asked = Instant::now();
            let page = tokio::select! {
                page = recent(self.reader, followee, most) => page,
                () = self.out.closed() => return Err(Gone),
            };
            // What stands in the way is told by the first window.
            let Ok(LogPage { events, complete }) = page else { continue };
            if let Some(first) = events.first().filter(|_| !complete) {
                followee.begin_with(first.at);
                let begins = Followed::Begins { source: followee.place, at: first.at };
                self.out.send(begins).await.map_err(|_| Gone)?;
            }
            followee.seen.begin_window(followee.from);
            let of_place = |event: LogEvent| LogEvent { source: followee.place, ..event };
            let events: Vec<LogEvent> =
                events.into_iter().map(of_place).filter(|event| followee.seen.is_new_in_window(event)).collect();
            let now = self.reader.now();
            followee.from = followee.after(now.checked_sub(asked.elapsed()).unwrap_or(now));
            if !events.is_empty() {
                self.out.send(Followed::Events(events)).await.map_err(|_| Gone)?;
            }
        }
        Ok(())
    }

    async fn follow(&mut self) -> Result<(), Gone> {
        let every = self.reader.shared.log_polls;
        let mut pause = every;
        loop {
            self.windows().await?;
            if self.is_worth_a_try() {
                let opened = self.reader.now();
                match self.open().await? {
                    Ok(session) => {
                        self.listen(session, opened).await?;
                        continue;
                    }
                    Err(error) => self.refused(&error),
                }
            }
            self.tell().await?;
            let trouble: Vec<ErrorKind> =
                self.sources.iter().filter_map(|source| Some(source.trouble.as_ref()?.kind)).collect();
            pause = match () {
                () if trouble.is_empty() => every,
                () if trouble.iter().any(|kind| is_lasting(*kind)) => every * SELDOM,
                () => (pause * 2).min(every * LONGEST),
            };
            self.sleep(pause).await?;
            self.pauses += 1;
        }
    }

    async fn sleep(&self, pause: Duration) -> Result<(), Gone> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.out.closed() => Err(Gone),
        }
    }

    /// Reads the windows of all sources to their ends.
    async fn windows(&mut self) -> Result<(), Gone> {
        let looks_back = self.pauses >= COMPARED;
        if looks_back {
            self.pauses = 0;
        }
        for place in 0..self.sources.len() {
            self.window(place, looks_back).await?;
        }
        Ok(())
    }

    async fn window(&mut self, place: usize, looks_back: bool) -> Result<(), Gone> {
        let (mode, sampled) = self.mode();
        let Some(followee) = self.sources.get_mut(place) else { return Ok(()) };
        let back = |from| followee.seen.back_from(from).max(followee.earliest);
        let from = if looks_back { back(followee.from) } else { followee.from };
        followee.seen.begin_window(from);
        let mut began = None;
        // Somebody waits for the first lines.
        let priority = if followee.told.is_none() { Priority::Interactive } else { Priority::Background };
        let source = followee.source.clone();
        let mut pages = Pages::since(self.reader, &source, from, priority);
        loop {
            let page = tokio::select! {
                page = pages.next() => page,
                () = self.out.closed() => return Err(Gone),
            };
            let events = match page {
                Ok(page) => page,
                Err(error) => {
                    followee.failed(error);
                    return if followee.unreadable < UNREADABLE { Ok(()) } else { self.leave_out(place).await };
                }
            };
            // The first answer tells what time it is at AWS, however wrong the clock is here.
            let now = self.reader.now();
            let began = *began.get_or_insert(now);
            let newest = events.iter().map(|event| event.at).max();
            let of_place = |event: LogEvent| LogEvent { source: followee.place, ..event };
            let mut fresh: Vec<LogEvent> =
                events.into_iter().map(of_place).filter(|event| followee.seen.is_new_in_window(event)).collect();
            if !fresh.is_empty() {
                fresh.sort_by_key(|event| event.at);
                self.out.send(Followed::Events(fresh)).await.map_err(|_| Gone)?;
            }
            pages.priority = Priority::Background;
            (followee.trouble, followee.unreadable) = (None, 0);
            if pages.is_over() {
                // Who has read for long is late by as much with what came meanwhile.
                followee.behind = Some(now.duration_since(began));
                followee.from = followee.after(began);
                return Ok(());
            }
            followee.behind = newest.map(|newest| now.duration_since(newest));
            tell(&self.out, followee, mode.clone(), sampled).await?;
        }
    }

    /// An answer that cannot be read does not say which of its events is to blame. Where a later part of the window can be
    /// read and the window itself still cannot, what is before that part is left out, and told; the part is half of the
    /// window at first, and each time half of that. Where nothing can be read, nothing is left out.
    async fn leave_out(&mut self, place: usize) -> Result<(), Gone> {
        let Some(followee) = self.sources.get_mut(place) else { return Ok(()) };
        let halves = (followee.unreadable - UNREADABLE + 1).min(30);
        let (from, now) = (followee.from, self.reader.now());
        let beyond = now.checked_sub(now.duration_since(from) / (1 << halves)).unwrap_or(now);
        for (start, is_as_expected) in [(beyond, Result::is_ok as fn(&_) -> bool), (from, is_still_unreadable)] {
            let mut pages = Pages::since(self.reader, &followee.source, start, Priority::Background);
            let page = tokio::select! {
                page = pages.next() => page,
                () = self.out.closed() => return Err(Gone),
            };
            if !is_as_expected(&page) {
                return Ok(());
            }
        }
        followee.begin_with(beyond);
        if let Some(trouble) = &mut followee.trouble {
            let time = |at: Timestamp| at.strftime("%H:%M:%S").to_string();
            let _ = write!(trouble.message, "; lines from {} to {} UTC are left out", time(from), time(beyond));
        }
        Ok(())
    }

    fn is_worth_a_try(&self) -> bool {
        // A group nobody has written to yet cannot be listened to either.
        let there = self.sources.iter().any(|source| source.trouble.as_ref().map(|error| error.kind) != NOT_FOUND);
        there
            && match &self.live {
                Live::Untried => true,
                Live::Session { .. } => false,
                Live::Refused { again, .. } => again.is_some_and(|again| Instant::now() >= again),
            }
    }

    async fn open(&mut self) -> Result<Result<Session, CallError>, Gone> {
        let sources: Vec<&LogSource> = self.sources.iter().map(|followee| &followee.source).collect();
        tokio::select! {
            session = Session::open(self.reader, &sources) => Ok(session),
            () = self.out.closed() => Err(Gone),
        }
    }

    /// Tells what the session sends until it ends.
    async fn listen(&mut self, mut session: Session, opened: Timestamp) -> Result<(), Gone> {
        let every = self.reader.shared.log_polls;
        let since = Instant::now();
        self.live = Live::Session { sampled: false };
        for followee in &mut self.sources {
            followee.seen.begin_sending(opened);
        }
        // What came in between the last window and the beginning of the session.
        let mut due = Instant::now();
        loop {
            tokio::select! {
                heard = session.next() => match heard {
                    Heard::Events { events, sampled } => {
                        if sampled {
                            due = due.min(Instant::now() + every);
                        }
                        self.live = Live::Session { sampled };
                        self.sent(events).await?;
                        self.tell().await?;
                    }
                    Heard::Ended { because, of_age } => {
                        self.ended(because, of_age || since.elapsed() >= LASTED);
                        return Ok(());
                    }
                },
                () = tokio::time::sleep_until(due) => {
                    self.windows().await?;
                    self.tell().await?;
                    let sampled = matches!(self.live, Live::Session { sampled: true });
                    let pauses = if sampled { 1 } else { COMPARED };
                    self.pauses += pauses;
                    due = Instant::now() + every * pauses;
                }
                () = self.out.closed() => return Err(Gone),
            }
        }
    }

    /// Tells what a session sent.
    async fn sent(&mut self, events: Vec<(String, LogEvent)>) -> Result<(), Gone> {
        let now = self.reader.now();
        let mut fresh = Vec::new();
        for (stream, event) in events {
            let of_stream = |followee: &&mut Followee| followee.source.task(&stream).is_some();
            let Some(followee) = self.sources.iter_mut().find(of_stream) else { continue };
            let task = followee.source.task(&stream).unwrap_or_default().to_owned();
            let event = LogEvent { source: followee.place, task, ..event };
            followee.behind = event.ingested.map(|ingested| now.duration_since(ingested));
            if event.at >= self.since && followee.seen.is_new_as_sent(&event) {
                fresh.push(event);
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        fresh.sort_by_key(|event| event.at);
        self.out.send(Followed::Events(fresh)).await.map_err(|_| Gone)
    }

    fn ended(&mut self, because: String, lasted: bool) {
        if lasted {
            self.failures = 0;
            self.live = Live::Untried;
        } else {
            self.again_later(because);
        }
    }

    fn refused(&mut self, error: &CallError) {
        let operation = &error.operation;
        let (because, again) = match error.kind {
            ErrorKind::Denied => (format!("{operation} is not allowed"), HOPELESS),
            ErrorKind::Unavailable => ("no Live Tail at this endpoint".to_owned(), HOPELESS),
            ErrorKind::Invalid | ErrorKind::NotFound => ("no Live Tail for this log group".to_owned(), HOPELESS),
            ErrorKind::Quota => ("all Live Tail sessions of the account are in use".to_owned(), QUOTA),
            kind => return self.again_later(format!("Live Tail: {}", kind.label())),
        };
        self.refuse(because, again);
    }

    fn again_later(&mut self, because: String) {
        let again = (RETRY << self.failures).min(HOPELESS);
        self.failures = (self.failures + 1).min(6);
        self.refuse(because, again);
    }

    fn refuse(&mut self, because: String, pauses: u32) {
        self.live = Live::Refused { because, again: Some(Instant::now() + self.reader.shared.log_polls * pauses) };
    }

    fn mode(&self) -> (TailMode, bool) {
        match &self.live {
            Live::Session { sampled } => (TailMode::LiveTail, *sampled),
            Live::Untried => (TailMode::CatchingUp, false),
            Live::Refused { because, .. } => (TailMode::Polling { because: because.clone() }, false),
        }
    }

    /// Tells of each source how it goes, if that has changed.
    async fn tell(&mut self) -> Result<(), Gone> {
        let (mode, sampled) = self.mode();
        for followee in &mut self.sources {
            tell(&self.out, followee, mode.clone(), sampled).await?;
        }
        Ok(())
    }
}

/// The newest events up to now.
async fn recent(reader: &Reader, followee: &Followee, most: usize) -> Result<LogPage, CallError> {
    // Mostly that is all. It also tells what time it is at AWS.
    let mut pages = Pages::since(reader, &followee.source, followee.from, Priority::Interactive);
    let mut events = pages.next().await?;
    events.sort_by_key(|event| event.at);
    if pages.is_over() && events.len() <= most {
        return Ok(LogPage { events, complete: true });
    }
    let period = (followee.from, reader.now());
    reader.newest(&followee.source, None, period, most, Priority::Interactive).await
}

/// An answer came that is none.
fn is_unreadable(error: &CallError) -> bool {
    error.kind == ErrorKind::Other
}

fn is_still_unreadable<T>(page: &Result<T, CallError>) -> bool {
    page.as_ref().is_err_and(is_unreadable)
}

const NOT_FOUND: Option<ErrorKind> = Some(ErrorKind::NotFound);

/// Whether asking again at once is no use.
fn is_lasting(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::Denied)
}

async fn tell(
    out: &mpsc::Sender<Followed>,
    followee: &mut Followee,
    mode: TailMode,
    sampled: bool,
) -> Result<(), Gone> {
    // A group nobody has written to yet is no trouble.
    let trouble = followee.trouble.clone().filter(|error| Some(error.kind) != NOT_FOUND);
    // In steps, so that not every second is news.
    let in_steps = |late: SignedDuration| SignedDuration::from_secs(late.as_secs() / LATE.as_secs() * LATE.as_secs());
    let behind = followee.behind.filter(|late| *late >= LATE).map(in_steps);
    let state = TailState { source: followee.place, mode, behind, sampled, trouble };
    if followee.told.as_ref() != Some(&state) {
        followee.told = Some(state.clone());
        out.send(Followed::State(state)).await.map_err(|_| Gone)?;
    }
    Ok(())
}
