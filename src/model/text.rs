//! Neutralising hostile text. Names, reasons and messages come from AWS and from containers, and whoever writes them can
//! put escape sequences, bidirectional overrides or characters of odd width in. Nothing of that may reach a terminal, a
//! file or JSON meant for people: everything printed goes through [`visible`].

use std::borrow::Cow;

/// The text on one line with nothing in it that a terminal obeys: control characters become their visible signs (`␛`, `␤`),
/// bidirectional marks and other invisible formatting become `�`, characters that only change the width or the look of
/// their neighbours (variation selectors, joiners) are dropped.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Nearly all text is plain, and bytes are quicker to look at than characters.
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain || text.chars().all(|character| matches!(treatment(character), Treatment::Keep)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match treatment(character) {
            Treatment::Keep => shown.push(character),
            Treatment::Replace(sign) => shown.push(sign),
            Treatment::Drop => {}
        }
    }
    Cow::Owned(shown)
}

/// [`visible`], cut after `limit` characters with an ellipsis. For texts of unbounded length on their way to a file or a
/// message; on the screen the column decides.
pub fn visible_short(text: &str, limit: usize) -> String {
    let shown = visible(text);
    if shown.len() <= limit {
        return shown.into_owned();
    }
    match shown.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown.into_owned(),
    }
}

enum Treatment {
    Keep,
    Replace(char),
    Drop,
}

fn treatment(character: char) -> Treatment {
    match character {
        '\t' => Treatment::Replace(' '),
        // Line and paragraph separators are line breaks too.
        '\n' | '\u{2028}' | '\u{2029}' => Treatment::Replace('␤'),
        '\u{0}'..='\u{1f}' => Treatment::Replace(char::from_u32(0x2400 + u32::from(character)).unwrap_or('�')),
        '\u{7f}' => Treatment::Replace('␡'),
        // C1 controls, of which some terminals obey U+009B like ESC [; bidirectional marks, embeddings, overrides and
        // isolates; invisible operators, soft hyphen, byte order mark and interlinear marks.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{ad}'
        | '\u{200b}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => Treatment::Replace('�'),
        // Joiners, variation selectors and keycaps make terminals disagree about widths; language tags are invisible.
        '\u{200c}' | '\u{200d}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' => Treatment::Drop,
        _ => Treatment::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_untouched() {
        for text in ["", "web:31", "größer 東京 🚀 e\u{301}"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn what_a_terminal_obeys_becomes_visible() {
        for (hostile, shown) in [
            ("\u{1b}[2J\u{1b}]0;owned\u{7}", "␛[2J␛]0;owned␇"),
            ("two\r\nlines\tand a tab", "two␍␤lines and a tab"),
            ("\u{9b}31m", "�31m"),
            ("user\u{202e}nimda", "user�nimda"),
            ("a\u{200b}b\u{feff}", "a�b�"),
            ("1\u{fe0f}\u{20e3} ok", "1 ok"),
            ("\u{0}\u{7f}", "␀␡"),
        ] {
            assert_eq!(visible(hostile), shown);
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(visible_short("ééééé", 3), "ééé…");
        assert_eq!(visible_short("ééé", 3), "ééé");
    }
}
