//! The first line: what this is, where we are, how it is there, and how fresh all of it is. What matters least leaves first
//! when the line is short; the cluster, the failing and the freshness stay.

use jiff::Timestamp;

use crate::app::App;
use crate::app::document::{Line, Span, Tone, dim, plain, strong, toned};
use crate::app::freshness::{is_stale, short_duration};
use crate::app::remote::Remote;
use crate::app::room::those_that_fit;
use crate::app::service_list;
use crate::diagnose::health::Health;
use crate::model::call::ErrorKind;

/// Where a part of the header stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A part of the header; the highest leaves first, 0 never does.
struct Part {
    side: Side,
    leaves: u8,
    spans: Vec<Span>,
}

/// Columns at both ends and between the sides.
const EDGES: usize = 4;

/// The header for a width.
pub fn header(app: &App, width: usize) -> Line {
    let columns = |part: &Part| part.spans.iter().map(Span::width).sum();
    let parts = those_that_fit(parts(app), width.saturating_sub(EDGES), |part| part.leaves, columns);
    let (left, right): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.side == Side::Left);
    let mut line = Line::of([plain(" ")]);
    line.spans.extend(left.into_iter().flat_map(|part| part.spans));
    let right: Vec<Span> = right.into_iter().flat_map(|part| part.spans).collect();
    let taken: usize = right.iter().map(Span::width).sum();
    let gap = width.saturating_sub(line.width() + taken + 1).max(2);
    line.spans.push(plain(" ".repeat(gap)));
    line.spans.extend(right);
    line.fitted(width)
}

fn parts(app: &App) -> Vec<Part> {
    let left = |leaves: u8, spans: Vec<Span>| Part { side: Side::Left, leaves, spans };
    let right = |leaves: u8, spans: Vec<Span>| Part { side: Side::Right, leaves, spans };
    let mut parts = vec![left(9, vec![dim("ecsight  ")])];
    let cluster = app.cluster().map_or_else(|| dim("no cluster chosen"), |cluster| strong(cluster.as_str()));
    parts.push(left(0, vec![cluster]));
    let connection = app.connection();
    if let Some(region) = connection.and_then(|connection| connection.region.as_deref()) {
        parts.push(left(5, vec![plain(format!(" · {region}"))]));
    }
    if let Some(account) = app.account() {
        parts.push(left(6, vec![plain(format!(" · {account}"))]));
    }
    if let Some(profile) = connection.and_then(|connection| connection.profile.as_deref()) {
        parts.push(left(7, vec![plain(format!(" ({profile})"))]));
    }
    if let Some(label) = &app.options().label {
        parts.push(left(2, vec![toned(Tone::Accent, format!(" [{label}]"))]));
    }
    if app.options().read_only {
        parts.push(left(1, vec![toned(Tone::Strong, " READ-ONLY")]));
    }
    if app.cluster().is_some() {
        counts(app, &mut |leaves, span| parts.push(right(leaves, vec![span, plain("  ")])));
    }
    let now = app.now();
    for (service, name) in [("ecs", "ecs"), ("elasticloadbalancing", "elb")] {
        let calls = app.activity().per_minute(service, now);
        if calls > 0 {
            parts.push(right(10, vec![dim(format!("{name} ≤{}/min  ", round_up(calls)))]));
        }
    }
    if app.activity().throttled(now) > 0 {
        parts.push(right(3, vec![toned(Tone::Warn, "throttled  ")]));
    }
    parts.push(right(0, vec![freshness(app)]));
    parts
}

/// The next of 10, 20, 50, 100, 200 …: the exact number of calls in the last minute changes with every refresh, also when
/// nothing else does.
fn round_up(calls: usize) -> usize {
    let mut step: usize = 10;
    loop {
        for factor in [1, 2, 5] {
            if calls <= step.saturating_mul(factor) {
                return step.saturating_mul(factor);
            }
        }
        step = step.saturating_mul(10);
    }
}

fn counts(app: &App, add: &mut dyn FnMut(u8, Span)) {
    let entries = &app.store().services;
    let described = |health: Health| {
        entries.values().filter(|entry| entry.remote.value().is_some() && service_list::health(entry) == health).count()
    };
    let services = entries.len();
    if services == 0 {
        return;
    }
    add(8, plain(if services == 1 { "1 service".to_owned() } else { format!("{services} services") }));
    for (health, word, tone, leaves) in [
        (Health::Failing, "failing", Tone::Bad, 0),
        (Health::Degraded, "degraded", Tone::Warn, 4),
        (Health::Deploying, "deploying", Tone::Accent, 4),
    ] {
        let count = described(health);
        if count > 0 {
            add(leaves, toned(tone, format!("{count} {word}")));
        }
    }
}

/// `live` while what is asked for most often is as fresh as promised.
fn freshness(app: &App) -> Span {
    let store = app.store();
    let now = app.now();
    let (described, listed) = store.described();
    let newest: Option<Timestamp> = store
        .services
        .values()
        .filter_map(|entry| entry.remote.fetched())
        .map(|fetched| fetched.at)
        .max()
        // That the names came says nothing about services that cannot be read.
        .or_else(|| store.service_arns.fetched().filter(|_| listed == 0).map(|fetched| fetched.at));
    let failures = store.services.values().filter_map(|entry| entry.remote.failure());
    let of_lists = [store.service_arns.failure(), store.clusters.failure()].into_iter().flatten();
    let failure = failures.chain(of_lists).max_by_key(|failure| failure.at);
    let offline = failure.is_some_and(|failure| {
        matches!(failure.error.kind, ErrorKind::Network | ErrorKind::Timeout) && newest.is_none_or(|at| at < failure.at)
    });
    let every = if store.services.is_empty() { crate::app::wants::COLD } else { app.options().refresh };
    match newest {
        None if offline => toned(Tone::Bad, "offline"),
        None => match failure {
            Some(failure) => toned(Tone::Bad, failure.error.kind.label()),
            None if app.cluster().is_none() && store.clusters.value().is_some() => plain(""),
            None if listed > 0 => dim(format!("loading {described}/{listed}")),
            None => dim("loading…"),
        },
        Some(at) => {
            let age = short_duration(now.duration_since(at));
            let pending = store.services.values().any(is_pending);
            if offline {
                toned(Tone::Bad, format!("offline · {age} old"))
            } else if is_stale(at, now, Some(every)) {
                toned(Tone::Warn, format!("{age} old"))
            } else if pending {
                dim(format!("loading {described}/{listed}"))
            } else {
                toned(Tone::Good, "live")
            }
        }
    }
}

fn is_pending(entry: &crate::app::store::ServiceEntry) -> bool {
    let remote: &Remote<_> = &entry.remote;
    remote.value().is_none() && remote.failure().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_rounded_up_so_that_they_rest() {
        let rounded = [0, 1, 10, 11, 20, 21, 50, 51, 101, 2_300].map(round_up);
        assert_eq!(rounded, [10, 10, 10, 20, 20, 50, 50, 100, 200, 5_000]);
    }
}
