//! Following logs by asking again and again. Each source is asked for what came since the last time and a little before
//! that, since CloudWatch takes events in late; what was told already is left out.
//!
//! ```text
//!  told ────────────────┤←── overlap ──→│
//!                        [ next window ───────────▶ now
//! ```

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::reader::Reader;
use crate::aws::budget::Priority;
use crate::logs::seen::Seen;
use crate::model::call::{CallError, ErrorKind};
use crate::model::log::{Followed, Following, LogEvent, LogSource, TailMode, TailState};

/// Events may be taken in so late and are found all the same.
const OVERLAP: SignedDuration = SignedDuration::from_secs(30);
/// As long as the log group does not exist, or the permission is missing, it is asked so many times less often.
const SELDOM: u32 = 8;
/// The longest pause after failures in a row, in usual ones.
const LONGEST: u32 = 15;

/// Follows every source until nobody listens any more. Trouble ends nothing: it is told, and it is asked again.
pub(super) async fn follow(reader: &Reader, following: Following, out: mpsc::Sender<Followed>) {
    let since = following.since;
    let sources = (0_u16..).zip(following.sources);
    join_all(sources.map(|(place, source)| {
        let tail = Tail { reader, place, source, from: since, seen: Seen::default(), out: out.clone(), told: None };
        tail.run()
    }))
    .await;
}

/// Nobody listens any more.
struct Gone;

struct Tail<'a> {
    reader: &'a Reader,
    place: u16,
    source: LogSource,
    from: Timestamp,
    seen: Seen,
    out: mpsc::Sender<Followed>,
    told: Option<TailState>,
}

impl Tail<'_> {
    async fn run(mut self) {
        let every = self.reader.shared.log_polls;
        let mut pause = every;
        loop {
            let (round, trouble) = match self.round().await {
                Ok(Ok(())) => (every, None),
                Ok(Err(error)) => {
                    let seldom = matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied);
                    let pause = if seldom { every * SELDOM } else { (pause * 2).min(every * LONGEST) };
                    // A group nobody has written to yet is no trouble.
                    (pause, Some(error).filter(|error| error.kind != ErrorKind::NotFound))
                }
                Err(Gone) => return,
            };
            pause = round;
            if self.state(trouble).await.is_err() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.out.closed() => return,
            }
        }
    }

    /// Reads the window to its end.
    async fn round(&mut self) -> Result<Result<(), CallError>, Gone> {
        self.seen.begin(self.from);
        let (mut began, mut token) = (None, None);
        loop {
            // Somebody waits for the first lines.
            let priority = if self.told.is_none() { Priority::Interactive } else { Priority::Background };
            let page = self.reader.events(&self.source, self.from, None, token, priority);
            let page = tokio::select! {
                page = page => page,
                () = self.out.closed() => return Err(Gone),
            };
            let (events, next) = match page {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            // The first answer tells what time it is at AWS, however wrong the clock is here.
            let began = *began.get_or_insert_with(|| self.reader.now());
            let of_place = |event: LogEvent| LogEvent { source: self.place, ..event };
            let mut fresh: Vec<LogEvent> =
                events.into_iter().map(of_place).filter(|event| self.seen.is_new(event)).collect();
            if !fresh.is_empty() {
                fresh.sort_by_key(|event| event.at);
                self.out.send(Followed::Events(fresh)).await.map_err(|_| Gone)?;
            }
            token = next;
            if token.is_none() {
                self.from = self.from.max(began.checked_sub(OVERLAP).unwrap_or(began));
                return Ok(Ok(()));
            }
        }
    }

    /// Tells how it goes, if that has changed.
    async fn state(&mut self, trouble: Option<CallError>) -> Result<(), Gone> {
        let because = format!("asked every {:?}", self.reader.shared.log_polls);
        let mode = TailMode::Polling { because };
        let state = TailState { source: self.place, mode, behind: None, sampled: false, trouble };
        if self.told.as_ref() != Some(&state) {
            self.told = Some(state.clone());
            self.out.send(Followed::State(state)).await.map_err(|_| Gone)?;
        }
        Ok(())
    }
}
