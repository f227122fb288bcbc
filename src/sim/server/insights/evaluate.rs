//! What a query makes of records.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::records::{Record, Value};
use super::syntax::{Condition, Figure, Key, Operand, Sign, Stage};

/// Rows where nothing is said.
const MOST_ROWS: usize = 10_000;

/// What a query found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// Names and values, a row each.
    pub(super) rows: Vec<Vec<(String, String)>>,
    /// Events that passed the filters.
    pub(super) matched: usize,
}

/// Carries the stages out, one after the other.
pub(super) fn evaluate(stages: &[Stage], records: Vec<Record>) -> Found {
    let mut records = records;
    let mut matched = records.len();
    let mut shown: Vec<String> = Vec::new();
    let (mut counted, mut displayed) = (false, false);
    let show = |name: &String, shown: &mut Vec<String>| {
        if !shown.contains(name) {
            shown.push(name.clone());
        }
    };
    for stage in stages {
        match stage {
            Stage::Fields(fields) => {
                for (field, name) in fields {
                    show(name, &mut shown);
                    for record in records.iter_mut().filter(|_| field != name) {
                        if let Some(value) = record.get(field).cloned() {
                            record.fields.insert(name.clone(), value);
                        }
                    }
                }
            }
            Stage::Display(names) => {
                displayed = true;
                shown.clone_from(names);
            }
            Stage::Filter(condition) => {
                records.retain(|record| holds(condition, record));
                if !counted {
                    matched = records.len();
                }
            }
            Stage::Sort(keys) => records.sort_by(|one, other| ordered(keys, one, other)),
            Stage::Limit(most) => records.truncate(*most),
            Stage::Stats { figures, by } => {
                counted = true;
                records = grouped(figures, by, &records);
                shown = by.iter().map(|(_, name)| name).chain(figures.iter().map(|(_, name)| name)).cloned().collect();
            }
            Stage::Parse { field, pattern, names } => {
                for record in &mut records {
                    let text = record.get(field).map(Value::shown).unwrap_or_default();
                    let Some(captures) = pattern.captures(&text) else { continue };
                    for (place, name) in names.iter().enumerate() {
                        let part = captures.name(name).or_else(|| captures.get(place + 1));
                        if let Some(part) = part {
                            record.fields.insert(name.clone(), Value::Text(part.as_str().to_owned()));
                        }
                    }
                }
                if !displayed && !shown.is_empty() {
                    for name in names {
                        show(name, &mut shown);
                    }
                }
            }
        }
    }
    if shown.is_empty() {
        shown = ["@timestamp", "@message"].map(str::to_owned).to_vec();
    }
    if !counted {
        show(&"@ptr".to_owned(), &mut shown);
    }
    records.truncate(MOST_ROWS);
    let row = |record: Record| -> Vec<(String, String)> {
        shown.iter().filter_map(|name| Some((name.clone(), record.get(name)?.shown()))).collect()
    };
    Found { rows: records.into_iter().map(row).collect(), matched }
}

fn holds(condition: &Condition, record: &Record) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| holds(part, record)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, record)),
        Condition::Not(inside) => !holds(inside, record),
        Condition::Present(field) => record.get(field).is_some(),
        Condition::Like(field, pattern) => record.get(field).is_some_and(|value| pattern.is_match(&value.shown())),
        Condition::In(field, values) => {
            let found = record.get(field);
            found.is_some_and(|found| values.iter().any(|value| compare(found, value) == Ordering::Equal))
        }
        Condition::Compare(left, sign, right) => {
            let value = |operand: &Operand| match operand {
                Operand::Field(name) => record.get(name).cloned(),
                Operand::Value(value) => Some(value.clone()),
            };
            let (Some(left), Some(right)) = (value(left), value(right)) else { return *sign == Sign::Unequal };
            let order = compare(&left, &right);
            match sign {
                Sign::Equal => order.is_eq(),
                Sign::Unequal => order.is_ne(),
                Sign::Less => order.is_lt(),
                Sign::More => order.is_gt(),
                Sign::AtMost => order.is_le(),
                Sign::AtLeast => order.is_ge(),
            }
        }
    }
}

/// As numbers where both are, as text otherwise.
fn compare(one: &Value, other: &Value) -> Ordering {
    match (one.number(), other.number()) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.shown().cmp(&other.shown()),
    }
}

/// What lacks a field comes last.
fn ordered(keys: &[(String, bool)], one: &Record, other: &Record) -> Ordering {
    for (name, falls) in keys {
        let order = match (one.get(name), other.get(name)) {
            (Some(one), Some(other)) if *falls => compare(other, one),
            (Some(one), Some(other)) => compare(one, other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// What the records of a group have in common, and these.
type Group<'a> = (Vec<Option<Value>>, Vec<&'a Record>);

/// A record for each group, with the figures of it.
fn grouped(figures: &[(Figure, String)], by: &[(Key, String)], records: &[Record]) -> Vec<Record> {
    let mut groups: BTreeMap<Vec<Option<String>>, Group<'_>> = BTreeMap::new();
    for record in records {
        let values: Vec<Option<Value>> = by.iter().map(|(key, _)| keyed(key, record)).collect();
        let names = values.iter().map(|value| value.as_ref().map(Value::shown)).collect();
        groups.entry(names).or_insert_with(|| (values, Vec::new())).1.push(record);
    }
    let of_group = |(values, records): Group<'_>| {
        let keys = by.iter().zip(values).filter_map(|((_, name), value)| Some((name.clone(), value?)));
        let figures = figures.iter().filter_map(|(figure, name)| Some((name.clone(), figured(figure, &records)?)));
        Record { fields: keys.chain(figures).collect() }
    };
    groups.into_values().map(of_group).collect()
}

fn keyed(key: &Key, record: &Record) -> Option<Value> {
    match key {
        Key::Field(name) => record.get(name).cloned(),
        Key::Bin(step) => Some(Value::Time(record.at() - record.at().rem_euclid((*step).max(1)))),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a world has fewer lines than 53 bits can count"
)]
fn figured(figure: &Figure, records: &[&Record]) -> Option<Value> {
    let numbers = |field: &String| -> Vec<f64> {
        records.iter().filter_map(|record| record.get(field)).filter_map(Value::number).collect()
    };
    let number = match figure {
        Figure::Count(None) => records.len() as f64,
        Figure::Count(Some(field)) => records.iter().filter(|record| record.get(field).is_some()).count() as f64,
        Figure::Sum(field) => numbers(field).iter().sum(),
        Figure::Mean(field) => {
            let numbers = numbers(field);
            if numbers.is_empty() {
                return None;
            }
            numbers.iter().sum::<f64>() / numbers.len() as f64
        }
        Figure::Least(field) => numbers(field).into_iter().reduce(f64::min)?,
        Figure::Most(field) => numbers(field).into_iter().reduce(f64::max)?,
        Figure::Percentile(field, percent) => {
            let mut numbers = numbers(field);
            numbers.sort_by(f64::total_cmp);
            let rank = (percent / 100.0 * numbers.len() as f64).ceil() as usize;
            numbers.get(rank.saturating_sub(1)).copied()?
        }
    };
    Some(Value::Number(number))
}
