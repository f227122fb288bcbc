//! From the text of a query to its stages. What is not simulated is said by name, and where it stands.

use regex::Regex;
use serde_json::json;

use super::records::Value;
use super::tokens::{Placed, Token, said, tokens};
use crate::sim::server::protocol::AwsError;

/// Rows that `limit` allows.
const MOST_ROWS: usize = 10_000;

/// One stage between two bars.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// These fields, each under a name.
    Fields(Vec<(String, String)>),
    Display(Vec<String>),
    Filter(Condition),
    /// By these, each from high to low if so said.
    Sort(Vec<(String, bool)>),
    Limit(usize),
    Stats {
        figures: Vec<(Figure, String)>,
        by: Vec<(Key, String)>,
    },
    Parse {
        field: String,
        pattern: Regex,
        names: Vec<String>,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Operand, Sign, Operand),
    Like(String, Regex),
    In(String, Vec<Value>),
    Present(String),
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Field(String),
    Value(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Equal,
    Unequal,
    Less,
    More,
    AtMost,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Figure {
    Count(Option<String>),
    Sum(String),
    Mean(String),
    Least(String),
    Most(String),
    Percentile(String, f64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Field(String),
    /// Steps of so many milliseconds.
    Bin(i64),
}

/// What is wrong with a query, and where: in characters of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) message: String,
    pub(super) place: (usize, usize),
}

impl Malformed {
    /// As AWS words it.
    pub(super) fn error(&self, text: &str) -> AwsError {
        let (start, end) = self.place;
        let before: String = text.chars().take(start).collect();
        let line = before.matches('\n').count() + 1;
        let position = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let message = format!("{} at line {line} and position {position} ([{start},{end}])", self.message);
        let location = json!({ "startCharOffset": start, "endCharOffset": end });
        let detail = json!({ "location": location, "message": message });
        AwsError { detail: Some(("queryCompileError", detail)), ..AwsError::new("MalformedQueryException", message) }
    }
}

/// The stages of a query.
pub(super) fn parse(text: &str) -> Result<Vec<Stage>, Malformed> {
    let tokens = tokens(text)?;
    let end = text.chars().count();
    let mut stages = Vec::new();
    let mut reader = Reader { tokens: &tokens, next: 0, end };
    if tokens.is_empty() {
        return Err(Malformed { message: "unexpected end of the query".to_owned(), place: (0, end) });
    }
    loop {
        stages.push(reader.stage()?);
        if reader.next == tokens.len() {
            return Ok(stages);
        }
        reader.sign("|")?;
    }
}

struct Reader<'a> {
    tokens: &'a [Placed],
    next: usize,
    end: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    /// Where the next token is.
    fn place(&self) -> (usize, usize) {
        self.tokens.get(self.next).map_or((self.end, self.end), |placed| placed.place)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += usize::from(token.is_some());
        token
    }

    fn wrong<T>(&self, message: impl Into<String>) -> Result<T, Malformed> {
        Err(Malformed { message: message.into(), place: self.place() })
    }

    /// The next token fits nowhere.
    fn unexpected<T>(&self, wanted: &str) -> Result<T, Malformed> {
        match self.peek() {
            None => self.wrong(format!("unexpected end of the query, {wanted} is missing")),
            Some(token) => self.wrong(format!("unexpected symbol found {}, {wanted} was expected", said(token))),
        }
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.next += usize::from(there);
        there
    }

    fn sign(&mut self, sign: &str) -> Result<(), Malformed> {
        if self.takes_sign(sign) { Ok(()) } else { self.unexpected(&format!("\"{sign}\"")) }
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(there);
        there
    }

    fn name(&mut self) -> Result<String, Malformed> {
        let Some(Token::Word(name)) = self.peek() else { return self.unexpected("the name of a field") };
        let name = name.clone();
        self.next += 1;
        Ok(name)
    }

    /// A name that is not the beginning of a calculation.
    fn field(&mut self) -> Result<String, Malformed> {
        let name = self.name()?;
        match self.peek() {
            Some(Token::Sign("(")) => {
                self.next -= 1;
                self.wrong(format!("the simulator does not know the function {name} here"))
            }
            Some(Token::Sign("+" | "-" | "*" | "^") | Token::Pattern(_)) => {
                self.wrong("the simulator does not calculate with fields")
            }
            _ => Ok(name),
        }
    }

    fn several<T>(&mut self, one: impl Fn(&mut Self) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        let mut found = vec![one(self)?];
        while self.takes_sign(",") {
            found.push(one(self)?);
        }
        Ok(found)
    }

    /// `as NAME`, if it is there.
    fn alias(&mut self) -> Result<Option<String>, Malformed> {
        if self.takes_word("as") { self.name().map(Some) } else { Ok(None) }
    }

    fn stage(&mut self) -> Result<Stage, Malformed> {
        let Some(Token::Word(command)) = self.peek().cloned() else { return self.unexpected("a command") };
        self.next += 1;
        match command.to_lowercase().as_str() {
            "fields" => {
                let named = |reader: &mut Self| {
                    let field = reader.field()?;
                    let name = reader.alias()?.unwrap_or_else(|| field.clone());
                    Ok((field, name))
                };
                self.several(named).map(Stage::Fields)
            }
            "display" => self.several(Self::field).map(Stage::Display),
            "filter" => self.any().map(Stage::Filter),
            "sort" => {
                let key = |reader: &mut Self| {
                    let name = reader.shown()?;
                    let falls = reader.takes_word("desc");
                    if !falls {
                        reader.takes_word("asc");
                    }
                    Ok((name, falls))
                };
                self.several(key).map(Stage::Sort)
            }
            "limit" => {
                let Some(Token::Number(number)) = self.peek() else { return self.unexpected("a number of rows") };
                match number.parse() {
                    Ok(rows @ 1..=MOST_ROWS) => {
                        self.next += 1;
                        Ok(Stage::Limit(rows))
                    }
                    _ => self.wrong(format!("the limit has to be a number from 1 to {MOST_ROWS}")),
                }
            }
            "stats" => self.stats(),
            "parse" => self.parse(),
            other => {
                self.next -= 1;
                self.wrong(format!(
                    "unexpected symbol found {other}; the simulator knows the commands fields, display, filter, sort, limit, \
                     stats and parse"
                ))
            }
        }
    }

    /// The name of a column: of a field, or `count(*)` as it is written.
    fn shown(&mut self) -> Result<String, Malformed> {
        let name = self.name()?;
        if !matches!(self.peek(), Some(Token::Sign("("))) {
            return Ok(name);
        }
        self.next -= 1;
        if name.eq_ignore_ascii_case("bin") { Ok(self.key()?.1) } else { Ok(self.figure()?.1) }
    }

    fn stats(&mut self) -> Result<Stage, Malformed> {
        let figures = self.several(|reader| {
            let (figure, name) = reader.figure()?;
            Ok((figure, reader.alias()?.unwrap_or(name)))
        })?;
        let key = |reader: &mut Self| {
            let (key, name) = reader.key()?;
            Ok((key, reader.alias()?.unwrap_or(name)))
        };
        let by = if self.takes_word("by") { self.several(key)? } else { Vec::new() };
        Ok(Stage::Stats { figures, by })
    }

    fn figure(&mut self) -> Result<(Figure, String), Malformed> {
        let function = self.name()?.to_lowercase();
        let known = ["count", "sum", "avg", "min", "max", "pct"].contains(&function.as_str());
        if !known || !matches!(self.peek(), Some(Token::Sign("("))) {
            self.next -= 1;
            return self.wrong(format!(
                "unexpected symbol found {function}; the simulator knows count, sum, avg, min, max and pct"
            ));
        }
        self.sign("(")?;
        if function == "count" && (self.takes_sign("*") || matches!(self.peek(), Some(Token::Sign(")")))) {
            self.sign(")")?;
            return Ok((Figure::Count(None), "count(*)".to_owned()));
        }
        let field = self.field()?;
        let mut name = format!("{function}({field})");
        let figure = match function.as_str() {
            "count" => Figure::Count(Some(field)),
            "sum" => Figure::Sum(field),
            "avg" => Figure::Mean(field),
            "min" => Figure::Least(field),
            "max" => Figure::Most(field),
            _ => {
                self.sign(",")?;
                let Some(Token::Number(number)) = self.peek().cloned() else {
                    return self.unexpected("a percentile");
                };
                let percent: f64 = number.parse().unwrap_or(-1.0);
                if !(0.0..=100.0).contains(&percent) {
                    return self.wrong("a percentile is from 0 to 100");
                }
                self.next += 1;
                name = format!("pct({field}, {number})");
                Figure::Percentile(field, percent)
            }
        };
        self.sign(")")?;
        Ok((figure, name))
    }

    fn key(&mut self) -> Result<(Key, String), Malformed> {
        let before = self.next;
        let name = self.name()?;
        if !name.eq_ignore_ascii_case("bin") {
            self.next = before;
            let field = self.field()?;
            return Ok((Key::Field(field.clone()), field));
        }
        self.sign("(")?;
        let place = self.place();
        let Some(Token::Length(step)) = self.take() else {
            return Err(Malformed { message: "bin wants a length of time such as 5m".to_owned(), place });
        };
        self.sign(")")?;
        let (size, unit) = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")]
            .into_iter()
            .find(|(size, _)| step % size == 0)
            .unwrap_or((1, "ms"));
        Ok((Key::Bin(step), format!("bin({}{unit})", step / size)))
    }

    fn parse(&mut self) -> Result<Stage, Malformed> {
        let field = if matches!(self.peek(), Some(Token::Word(_))) { self.name()? } else { "@message".to_owned() };
        let place = self.place();
        match self.take() {
            Some(Token::Quoted(glob)) => {
                let stars = glob.matches('*').count();
                if !self.takes_word("as") {
                    return self.unexpected("as");
                }
                let names = self.several(Self::name)?;
                if names.len() != stars {
                    let message = format!("the pattern has {stars} *, and {} names follow", names.len());
                    return Err(Malformed { message, place });
                }
                Ok(Stage::Parse { field, pattern: of_glob(&glob, place)?, names })
            }
            Some(Token::Pattern(pattern)) => {
                let pattern = regex(&pattern, place)?;
                let names: Vec<String> = pattern.capture_names().flatten().map(str::to_owned).collect();
                if names.is_empty() {
                    let message = "the expression has no named group such as (?<status>\\d+)".to_owned();
                    return Err(Malformed { message, place });
                }
                Ok(Stage::Parse { field, pattern, names })
            }
            _ => Err(Malformed { message: "parse wants a \"pattern *\" or a /regular expression/".to_owned(), place }),
        }
    }

    fn any(&mut self) -> Result<Condition, Malformed> {
        let mut parts = vec![self.all()?];
        while self.takes_word("or") {
            parts.push(self.all()?);
        }
        Ok(Condition::Any(parts))
    }

    fn all(&mut self) -> Result<Condition, Malformed> {
        let mut parts = vec![self.one()?];
        while self.takes_word("and") {
            parts.push(self.one()?);
        }
        Ok(Condition::All(parts))
    }

    fn one(&mut self) -> Result<Condition, Malformed> {
        if self.takes_word("not") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.takes_sign("(") {
            let inside = self.any()?;
            self.sign(")")?;
            return Ok(inside);
        }
        if self.takes_word("ispresent") {
            self.sign("(")?;
            let field = self.field()?;
            self.sign(")")?;
            return Ok(Condition::Present(field));
        }
        let left = self.operand()?;
        let negated = self.takes_word("not");
        let turned = |condition| if negated { Condition::Not(Box::new(condition)) } else { condition };
        if self.takes_word("like") || !negated && self.takes_sign("=~") {
            return self.like(left).map(turned);
        }
        if self.takes_word("in") {
            let Operand::Field(field) = left else { return self.unexpected("a field before in") };
            self.sign("[")?;
            let values = self.several(Self::value)?;
            self.sign("]")?;
            return Ok(turned(Condition::In(field, values)));
        }
        let sign = match self.peek() {
            Some(Token::Sign("=")) => Sign::Equal,
            Some(Token::Sign("!=")) => Sign::Unequal,
            Some(Token::Sign("<")) => Sign::Less,
            Some(Token::Sign(">")) => Sign::More,
            Some(Token::Sign("<=")) => Sign::AtMost,
            Some(Token::Sign(">=")) => Sign::AtLeast,
            _ => return self.unexpected("=, !=, <, >, <=, >=, like or in"),
        };
        if negated {
            return self.unexpected("like or in");
        }
        self.next += 1;
        Ok(Condition::Compare(left, sign, self.operand()?))
    }

    fn like(&mut self, left: Operand) -> Result<Condition, Malformed> {
        let Operand::Field(field) = left else { return self.unexpected("a field before like") };
        let place = self.place();
        match self.take() {
            Some(Token::Quoted(text)) => Ok(Condition::Like(field, regex(&regex::escape(&text), place)?)),
            Some(Token::Pattern(pattern)) => Ok(Condition::Like(field, regex(&pattern, place)?)),
            _ => Err(Malformed { message: "like wants \"text\" or a /regular expression/".to_owned(), place }),
        }
    }

    fn operand(&mut self) -> Result<Operand, Malformed> {
        match self.peek() {
            Some(Token::Word(_)) => self.field().map(Operand::Field),
            _ => self.value().map(Operand::Value),
        }
    }

    fn value(&mut self) -> Result<Value, Malformed> {
        let value = match self.peek() {
            Some(Token::Quoted(text)) => Value::Text(text.clone()),
            Some(Token::Number(number)) => Value::Number(number.parse().unwrap_or_default()),
            _ => return self.unexpected("a value"),
        };
        self.next += 1;
        Ok(value)
    }
}

fn regex(pattern: &str, place: (usize, usize)) -> Result<Regex, Malformed> {
    Regex::new(pattern)
        .map_err(|_| Malformed { message: format!("/{pattern}/ is not a regular expression here"), place })
}

/// Each `*` is as little as possible, but for one at the end, which is all the rest.
fn of_glob(glob: &str, place: (usize, usize)) -> Result<Regex, Malformed> {
    let pieces: Vec<String> = glob.split('*').map(regex::escape).collect();
    let pattern = pieces.join("(.*?)");
    let pattern = if glob.ends_with('*') { format!("{pattern}$") } else { pattern };
    regex(&format!("(?s){pattern}"), place)
}
