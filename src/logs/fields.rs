//! The fields of a line of JSON, nested ones under their path, what people read first before the rest.

use serde_json::Value;

/// Objects within objects are followed so deep; what is deeper stays JSON.
const DEPTH: usize = 4;
/// A line has at most so many fields; the rest stays unshown.
const MOST: usize = 200;
/// Names of fields that say what happened, best first.
const MESSAGE: [&str; 6] = ["message", "msg", "event", "error", "err", "log"];
/// … and of those that say how it ended, wherever they are nested: on a narrow screen they are in sight.
const OUTCOME: [&str; 7] = ["status", "status_code", "statuscode", "code", "error", "err", "exception"];
/// What is on the screen already: in the colour of the line, and before it.
const TOLD: [&str; 9] = ["level", "severity", "lvl", "loglevel", "time", "timestamp", "@timestamp", "ts", "date"];

/// A field: its name, or its path, and its value as text.
pub type Field = (String, String);

/// The fields of a line, if it is a JSON object. Hostile.
pub fn fields(text: &str) -> Option<Vec<Field>> {
    let text = text.trim();
    if !text.starts_with('{') {
        return None;
    }
    let Value::Object(object) = serde_json::from_str(text).ok()? else { return None };
    let mut fields = Vec::new();
    flatten("", &Value::Object(object), 0, &mut fields);
    fields.sort_by_key(|(path, _)| place(path, &MESSAGE));
    Some(fields)
}

fn place(path: &str, known: &[&str]) -> usize {
    known.iter().position(|known| known.eq_ignore_ascii_case(path)).unwrap_or(known.len())
}

fn flatten(path: &str, value: &Value, depth: usize, fields: &mut Vec<Field>) {
    match value {
        Value::Object(object) if depth < DEPTH && (!object.is_empty() || depth == 0) => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, depth + 1, fields);
            }
        }
        _ if fields.len() >= MOST => {}
        Value::String(text) => fields.push((path.to_owned(), text.clone())),
        other => fields.push((path.to_owned(), other.to_string())),
    }
}

/// The line in short: what happened, how it ended, then the other fields, those last that are told already.
pub fn in_short(fields: &[Field]) -> String {
    let said = fields.first().filter(|(path, _)| place(path, &MESSAGE) < MESSAGE.len());
    let mut rest: Vec<&Field> = fields.iter().skip(usize::from(said.is_some())).collect();
    let is_one_of = |path: &str, known: &[&str]| place(path.rsplit('.').next().unwrap_or(path), known) < known.len();
    rest.sort_by_key(|(path, _)| (is_one_of(path, &TOLD), !is_one_of(path, &OUTCOME)));
    let rest = rest.into_iter().map(|(path, value)| format!("{path}={value}"));
    said.map(|(_, value)| value.clone()).into_iter().chain(rest).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_comes_first_and_nested_fields_have_paths() {
        let fields = fields(
            r#" {"level":"info","http":{"status":200,"path":"/"},"msg":"done","tags":["a"],"none":null,"x":{}} "#,
        )
        .unwrap();
        assert_eq!(in_short(&fields), r#"done http.status=200 http.path=/ none=null tags=["a"] x={} level=info"#);
    }

    #[test]
    fn only_objects_have_fields() {
        for text in ["", "plain", "[1]", "{broken", "{}x", "\"text\""] {
            assert_eq!(fields(text), None, "{text}");
        }
        assert_eq!(fields("{}"), Some(Vec::new()));
        let deep = format!("{}1{}", r#"{"a":"#.repeat(9), "}".repeat(9));
        assert_eq!(fields(&deep).unwrap()[0].0, "a.a.a.a");
    }
}
