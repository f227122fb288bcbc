//! Lines as queries see them: records of fields, those of lines of JSON among them.

use std::collections::BTreeMap;

use crate::sim::world::{ACCOUNT, LogQuery, Moment, World};

/// Objects within objects are followed so deep.
const DEPTH: usize = 5;
/// Fields of a line of JSON, at most (CloudWatch Logs Insights discovers up to 200).
const MOST_FIELDS: usize = 200;

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    /// Milliseconds since 1970.
    Time(i64),
}

impl Value {
    /// As results show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => {
                let text = format!("{number:.4}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Self::Time(milliseconds) => {
                Moment::at_milliseconds(*milliseconds).timestamp().strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
            }
        }
    }

    /// As a number, if it is one.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit in 53 bits")]
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Number(number) => Some(*number),
            Self::Time(milliseconds) => Some(*milliseconds as f64),
        }
    }
}

/// A line with its fields.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) fields: BTreeMap<String, Value>,
}

impl Record {
    /// A record of a line.
    pub(super) fn of(group: &str, stream: &str, at: i64, number: usize, message: String) -> Self {
        let mut fields = BTreeMap::new();
        if let Ok(json @ serde_json::Value::Object(_)) = serde_json::from_str(&message) {
            discover("", &json, 0, &mut fields);
        }
        let ptr = format!("Cn{at:x}{number:08x}{:x}", stream.len());
        for (name, value) in [
            ("@timestamp", Value::Time(at)),
            ("@ingestionTime", Value::Time(at + 900)),
            ("@message", Value::Text(message)),
            ("@logStream", Value::Text(stream.to_owned())),
            ("@log", Value::Text(format!("{ACCOUNT}:{group}"))),
            ("@ptr", Value::Text(ptr)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        Self { fields }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// When the line was written, in milliseconds since 1970.
    pub(super) fn at(&self) -> i64 {
        if let Some(Value::Time(at)) = self.get("@timestamp") { *at } else { 0 }
    }

    /// Bytes of the line.
    pub(super) fn bytes(&self) -> usize {
        if let Some(Value::Text(message)) = self.get("@message") { message.len() } else { 0 }
    }
}

fn discover(path: &str, json: &serde_json::Value, depth: usize, fields: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if fields.len() >= MOST_FIELDS {
        return;
    }
    match json {
        serde_json::Value::Object(object) if depth < DEPTH => {
            for (name, value) in object {
                discover(&below(name), value, depth + 1, fields);
            }
        }
        serde_json::Value::Array(items) if depth < DEPTH => {
            for (place, value) in items.iter().enumerate() {
                discover(&below(&place.to_string()), value, depth + 1, fields);
            }
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => {
            fields.insert(path.to_owned(), Value::Text(text.clone()));
        }
        serde_json::Value::Number(number) => {
            fields.insert(path.to_owned(), Value::Number(number.as_f64().unwrap_or_default()));
        }
        // What is true counts as 1.
        serde_json::Value::Bool(truth) => {
            fields.insert(path.to_owned(), Value::Number(f64::from(u8::from(*truth))));
        }
        deep => {
            fields.insert(path.to_owned(), Value::Text(deep.to_string()));
        }
    }
}

/// The lines a query looks at that had been written when it was started, newest first.
pub(super) fn records(query: &LogQuery, world: &World) -> Vec<Record> {
    let (from, until) = query.span;
    let until = until.min(query.started.epoch_milliseconds());
    let mut records = Vec::new();
    for group in &query.groups {
        for (stream, task, place) in world.log_streams(group) {
            for (number, line) in world.log(task, place).into_iter().enumerate() {
                let at = world.told(line.at).epoch_milliseconds();
                if (from..=until).contains(&at) {
                    records.push(Record::of(group, &stream, at, number, line.text));
                }
            }
        }
    }
    records.sort_by_key(|record| std::cmp::Reverse(record.at()));
    records
}
