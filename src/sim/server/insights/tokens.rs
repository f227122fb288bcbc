//! The words and signs of a query, each with the place where it stands.

use super::syntax::Malformed;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Quoted(String),
    Number(String),
    /// `5m`, in milliseconds.
    Length(i64),
    Pattern(String),
    Sign(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) place: (usize, usize),
}

/// Signs, the longer ones first.
const SIGNS: [&str; 17] = ["!=", "<=", ">=", "=~", "|", ",", "(", ")", "[", "]", "=", "<", ">", "*", "+", "-", "^"];

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Malformed> {
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

pub(super) fn said(token: &Token) -> String {
    match token {
        Token::Word(text) | Token::Number(text) => text.clone(),
        Token::Quoted(text) => format!("\"{text}\""),
        Token::Pattern(text) => format!("/{text}/"),
        Token::Length(milliseconds) => format!("{milliseconds}ms"),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}
