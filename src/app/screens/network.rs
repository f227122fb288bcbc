//! Tab Network: how packets travel, hop by hop, with the verdict of each place that decides about them, the rule that
//! decides and the one that almost would.

use super::findings::with_end;
use super::source::Source;
use crate::app::App;
use crate::app::document::{Align, Document, Line, Tone, dim, plain, strong, toned, wrap};
use crate::app::freshness::short_duration;
use crate::app::remote::Remote;
use crate::app::wants::freshness;
use crate::diagnose::network::{Hop, Path, Verdict};
use crate::model::query::Query;
use crate::model::service::Service;

/// From this width on the rule stands beside what it decides.
const WIDE: usize = 110;

/// Where the tab comes from: what is worst of the answers about the network.
pub fn source<'a>(app: &'a App, service: &Service) -> Option<Source<'a>> {
    let kept = questions(app, service).into_iter().filter_map(|query| Some((query, app.store().remote(query)?)));
    let sources = kept.map(|(query, remote)| Source::new(Some(remote), freshness(query)));
    sources.reduce(|worst, source| worst.or_worse(source, app.now()))
}

/// What is asked about the network for this service.
fn questions<'a>(app: &'a App, service: &Service) -> Vec<&'a Query> {
    let needs = app.store().services.get(&service.arn).map(|entry| entry.needs.as_slice()).unwrap_or_default();
    needs.iter().filter(|query| what(query).is_some()).collect()
}

/// What a question about the network asks for, in words.
fn what(query: &Query) -> Option<String> {
    let several = |ids: &[String]| match ids {
        [only] => only.clone(),
        ids => format!("{} of them", ids.len()),
    };
    Some(match query {
        Query::Routing { load_balancer } => format!("load balancer {}", load_balancer.balancer_name()),
        Query::Subnets { subnets } => format!("subnets ({})", several(subnets)),
        Query::Vpc { vpc } => format!("security groups, network ACLs and routes of {vpc}"),
        Query::NetworkInterfaces { interfaces } => format!("network interfaces of tasks ({})", several(interfaces)),
        Query::LoadBalancerInterfaces { load_balancer } => {
            format!("network interfaces of load balancer {}", load_balancer.balancer_name())
        }
        Query::Instances { instances } => format!("EC2 instances ({})", several(instances)),
        Query::PrefixList { prefix_list } => format!("prefix list {prefix_list}"),
        _ => return None,
    })
}

/// The tab.
pub fn document(app: &App, service: &Service, width: usize) -> Document {
    let paths = app.store().paths(&service.arn);
    let mut document = drawn(&paths, width);
    unread(app, service, !paths.is_empty(), &mut document, width);
    document
}

/// Paths one below the other.
pub fn drawn(paths: &[Path], width: usize) -> Document {
    let mut document = Document::default();
    for (index, path) in paths.iter().enumerate() {
        if index > 0 {
            document.push(Line::default());
        }
        one_path(path, &mut document, width);
    }
    if paths.is_empty() {
        document.paragraph(&[plain("No path of packets can be told yet.")], width);
    }
    document
}

/// What is still being read, and what cannot be.
fn unread(app: &App, service: &Service, apart: bool, document: &mut Document, width: usize) {
    let mut apart = apart;
    let mut anything = false;
    for query in questions(app, service) {
        let remote = app.store().remote(query);
        let Some(words) = what(query).filter(|_| remote.is_none_or(|remote| remote.value().is_none())) else {
            continue;
        };
        anything = true;
        if std::mem::take(&mut apart) {
            document.push(Line::default());
        }
        let spans = match remote.and_then(Remote::failure) {
            None => vec![dim(format!("reading {words}…"))],
            Some(failure) => {
                let error = &failure.error;
                let age = short_duration(app.now().duration_since(failure.at));
                vec![
                    toned(Tone::Warn, format!("? {} {}", error.kind.label(), error.operation)),
                    plain(format!(": {words} unknown")),
                    dim(format!(" · asked {age} ago")),
                ]
            }
        };
        document.paragraph(&spans, width);
    }
    if !anything && document.lines.len() == 1 {
        let words = match service.desired {
            0 => "The service wants no tasks, so there is nothing to follow packets to.",
            _ => "Nothing about its network could be found out: it names no subnets and no target groups.",
        };
        document.paragraph(&[dim(words)], width);
    }
}

/// The sign, tone and word of a verdict.
const fn mark(verdict: Verdict) -> (&'static str, Tone, &'static str) {
    match verdict {
        Verdict::Open => ("✔", Tone::Good, "open"),
        Verdict::Blocked => ("✖", Tone::Bad, "blocked"),
        Verdict::Partial => ("!", Tone::Warn, "partly open"),
        Verdict::Unknown => ("?", Tone::Plain, "unknown"),
    }
}

fn one_path(path: &Path, document: &mut Document, width: usize) {
    let (sign, tone, word) = mark(path.verdict);
    let verdict = toned(tone, word);
    let room = width.saturating_sub(verdict.width() + 5).max(20);
    for (index, line) in wrap(&[strong(&path.name)], room).into_iter().enumerate() {
        let mut whole = Line::of([toned(tone, if index == 0 { format!("{sign} ") } else { "  ".to_owned() })]);
        whole.spans.extend(line.spans);
        document.push(if index == 0 { with_end(whole, verdict.clone(), width) } else { whole });
    }
    let last = path.hops.len().saturating_sub(1);
    let columns = path.hops.iter().map(|hop| plain(&hop.what).width()).max().unwrap_or_default().min(width / 3);
    for (index, hop) in path.hops.iter().enumerate() {
        one_hop(hop, index == last, columns, document, width);
    }
}

/// Columns of `  ├ ✔ `.
const BRANCH: usize = 6;

fn one_hop(hop: &Hop, last: bool, columns: usize, document: &mut Document, width: usize) {
    let (sign, tone, _) = mark(hop.verdict);
    let (branch, trunk) = if last { ("└", " ") } else { ("├", "│") };
    let head = [dim(format!("  {branch} ")), toned(tone, format!("{sign} "))];
    let below = |indent: usize| Line::of([dim(format!("  {trunk}{}", " ".repeat(indent.saturating_sub(3))))]);
    let rule = hop.rule.as_ref().map(|rule| vec![dim("rule "), plain(rule)]);
    let near_miss = hop.near_miss.as_ref().map(|near| vec![toned(Tone::Warn, "almost "), plain(near)]);
    if width >= WIDE {
        let indent = BRANCH + columns + 2;
        let sentences = std::iter::once(vec![plain(&hop.why)]).chain(rule).chain(near_miss);
        let lines = sentences.flat_map(|spans| wrap(&spans, width.saturating_sub(indent).max(10)));
        for (index, line) in lines.enumerate() {
            let mut whole = below(indent);
            if index == 0 {
                whole = Line::of(head.clone());
                let what = Line::from(plain(&hop.what)).fitted(columns);
                whole.spans.extend(what.padded(columns + 2, Align::Left).spans);
            }
            whole.spans.extend(line.spans);
            document.push(whole);
        }
        return;
    }
    let first = vec![plain(&hop.what), dim(": "), plain(&hop.why)];
    for (sentence, spans) in std::iter::once(first).chain(rule).chain(near_miss).enumerate() {
        for (index, line) in wrap(&spans, width.saturating_sub(BRANCH).max(10)).into_iter().enumerate() {
            let mut whole = if sentence + index == 0 { Line::of(head.clone()) } else { below(BRANCH) };
            whole.spans.extend(line.spans);
            document.push(whole);
        }
    }
}
