//! From the text of a query to its stages. What is not simulated is said by name, and where it stands.

use regex::Regex;
use serde_json::json;

use super::records::Value;
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

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Number(String),
    /// `5m`, in milliseconds.
    Length(i64),
    Pattern(String),
    Sign(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
struct Placed {
    token: Token,
    place: (usize, usize),
}

/// Signs, the longer ones first.
const SIGNS: [&str; 17] = ["!=", "<=", ">=", "=~", "|", ",", "(", ")", "[", "]", "=", "<", ">", "*", "+", "-", "^"];

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

fn tokens(text: &str) -> Result<Vec<Placed>, Malformed> {
    let characters: Vec<char> = text.chars().collect();
    let at = |place: usize| characters.get(place).copied();
    let run = |from: usize, of: fn(char) -> bool| {
        let length = characters.iter().skip(from).take_while(|character| of(**character)).count();
        from + length
    };
    let part = |from: usize, to: usize| characters.iter().skip(from).take(to - from).collect::<String>();
    let mut tokens = Vec::new();
    let mut place = 0;
    while let Some(character) = at(place) {
        let start = place;
        let token = match character {
            _ if character.is_whitespace() => {
                place += 1;
                continue;
            }
            '#' => {
                place = run(place, |character| character != '\n');
                continue;
            }
            '"' | '\'' | '`' | '/' => {
                let (inside, after) = until(&characters, place + 1, character).ok_or_else(|| Malformed {
                    message: format!("{character} is never closed"),
                    place: (start, characters.len()),
                })?;
                place = after;
                match character {
                    '/' => Token::Pattern(inside),
                    '`' => Token::Word(inside),
                    _ => Token::Quoted(inside),
                }
            }
            _ if is_digit(character) || character == '-' && at(place + 1).is_some_and(is_digit) => {
                let end = run(place + 1, |character| is_digit(character) || character == '.');
                let number = part(start, end);
                place = run(end, char::is_alphabetic);
                let unit = part(end, place);
                if unit.is_empty() {
                    Token::Number(number)
                } else {
                    let length = length(&number, &unit);
                    let unknown = || Malformed {
                        message: format!("unexpected symbol found {number}{unit}"),
                        place: (start, place),
                    };
                    Token::Length(length.ok_or_else(unknown)?)
                }
            }
            _ if character.is_alphabetic() || matches!(character, '_' | '@') => {
                place = run(place, |character| character.is_alphanumeric() || matches!(character, '_' | '@' | '.'));
                Token::Word(part(start, place))
            }
            _ => {
                let stands = |sign: &&&str| part(start, start + sign.chars().count()) == **sign;
                let sign = SIGNS.iter().find(stands).ok_or_else(|| Malformed {
                    message: format!("unexpected symbol found {character}"),
                    place: (start, start + 1),
                })?;
                place += sign.chars().count();
                Token::Sign(sign)
            }
        };
        tokens.push(Placed { token, place: (start, place) });
    }
    Ok(tokens)
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

/// The text up to a closing sign, and the place after it. A backslash before the sign belongs to the text without it; any
/// other one stays.
fn until(characters: &[char], from: usize, close: char) -> Option<(String, usize)> {
    let mut inside = String::new();
    let mut place = from;
    loop {
        let character = *characters.get(place)?;
        let next = characters.get(place + 1).copied();
        match character {
            '\\' if next == Some(close) => {
                inside.push(close);
                place += 2;
            }
            '\\' => {
                inside.push('\\');
                inside.extend(next);
                place += 2;
            }
            _ if character == close => return Some((inside, place + 1)),
            _ => {
                inside.push(character);
                place += 1;
            }
        }
    }
}

fn length(number: &str, unit: &str) -> Option<i64> {
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" | "sec" | "second" | "seconds" => 1_000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        "w" | "week" | "weeks" => 604_800_000,
        _ => return None,
    };
    number.checked_mul(milliseconds)
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

fn said(token: &Token) -> String {
    match token {
        Token::Word(text) | Token::Number(text) => text.clone(),
        Token::Quoted(text) => format!("\"{text}\""),
        Token::Pattern(text) => format!("/{text}/"),
        Token::Length(milliseconds) => format!("{milliseconds}ms"),
        Token::Sign(sign) => (*sign).to_owned(),
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
