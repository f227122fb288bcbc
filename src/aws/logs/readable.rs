//! Answers full of what containers wrote, made readable. A container writes bytes. Those that are no UTF-8, and halves of
//! surrogate pairs, make JSON that the SDK gives up as a whole: one such line, and its page could never be read. They become
//! U+FFFD before the SDK sees them, as they do on every terminal.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::BodyExt as _;

/// Makes answers in JSON readable. What Live Tail sends is no JSON document and stays as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readable;

impl Intercept for Readable {
    fn name(&self) -> &'static str {
        "Readable"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if response.headers().get("content-type").is_some_and(|kind| kind.starts_with("application/x-amz-json")) {
            let mut repair = Repair::default();
            let body = std::mem::replace(response.body_mut(), SdkBody::taken());
            let body = body.map_frame(move |frame| frame.map_data(|bytes| repair.more(&bytes).into()));
            *response.body_mut() = SdkBody::from_body_1_x(body);
        }
        Ok(())
    }
}

/// What stands for what cannot be read.
const REPLACED: &str = "\u{fffd}";

/// Repairs a JSON document that comes in parts.
#[derive(Debug, Default)]
struct Repair {
    /// The end of what came, as long as it may be the beginning of something.
    rest: Vec<u8>,
}

impl Repair {
    /// The next part, repaired as far as can be told.
    fn more(&mut self, part: &[u8]) -> Vec<u8> {
        self.rest.extend_from_slice(part);
        let mut repaired = Vec::with_capacity(self.rest.len());
        let mut rest = self.rest.as_slice();
        while let Some(first) = rest.first() {
            let taken = if *first == b'\\' { escape(rest, &mut repaired) } else { text(rest, &mut repaired) };
            match taken.and_then(|taken| rest.get(taken..)) {
                Some(after) => rest = after,
                None => break,
            }
        }
        self.rest = rest.to_vec();
        repaired
    }
}

/// Takes what is up to the next escape; nothing if there is too little to tell.
fn text(rest: &[u8], repaired: &mut Vec<u8>) -> Option<usize> {
    let end = rest.iter().position(|byte| *byte == b'\\');
    let text = rest.get(..end.unwrap_or(rest.len()))?;
    let Err(error) = std::str::from_utf8(text) else {
        repaired.extend_from_slice(text);
        return Some(text.len());
    };
    let valid = text.get(..error.valid_up_to())?;
    repaired.extend_from_slice(valid);
    match error.error_len() {
        // The rest of a character may follow.
        None if end.is_none() => (!valid.is_empty()).then_some(valid.len()),
        length => {
            repaired.extend_from_slice(REPLACED.as_bytes());
            Some(length.map_or(text.len(), |length| valid.len() + length))
        }
    }
}

/// Takes an escape; nothing if there is too little to tell.
fn escape(rest: &[u8], repaired: &mut Vec<u8>) -> Option<usize> {
    let length = match (number(rest)?, rest.get(6..)) {
        (None, _) => 2,
        (Some(0xd800..=0xdbff), Some(next)) if is_second_half(next)? => 12,
        (Some(0xd800..=0xdfff), _) => {
            repaired.extend_from_slice(REPLACED.as_bytes());
            return Some(6);
        }
        (Some(_), _) => 6,
    };
    repaired.extend_from_slice(rest.get(..length)?);
    Some(length)
}

fn is_second_half(next: &[u8]) -> Option<bool> {
    let begins_escape = *next.first()? == b'\\';
    Some(begins_escape && matches!(number(next)?, Some(0xdc00..=0xdfff)))
}

/// The number of an escape such as `\u00e9`, if it is one that has; nothing if there is too little to tell.
#[allow(clippy::option_option, reason = "two questions: whether it can be told, and what it is")]
fn number(escape: &[u8]) -> Option<Option<u16>> {
    if *escape.get(1)? != b'u' {
        return Some(None);
    }
    let digits = escape.get(2..6)?;
    Some(std::str::from_utf8(digits).ok().and_then(|digits| u16::from_str_radix(digits, 16).ok()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// In parts of this size.
    fn repaired(document: &[u8], size: usize) -> String {
        let mut repair = Repair::default();
        let parts = document.chunks(size).flat_map(|part| repair.more(part)).collect();
        String::from_utf8(parts).unwrap()
    }

    #[test]
    fn what_is_no_text_is_replaced_wherever_parts_end() {
        for (document, expected) in [
            (&br#"{"a":"plain \" \\ \u00e9 \ud83d\ude00"}"#[..], r#"{"a":"plain \" \\ \u00e9 \ud83d\ude00"}"#),
            ("{\"é\":\"東京 🚀\"}".as_bytes(), "{\"é\":\"東京 🚀\"}"),
            (b"\"\xff \xe2\x82 \xc3\\n\"", "\"\u{fffd} \u{fffd} \u{fffd}\\n\""),
            (
                br#""\ud83d \ude00 \ud83d\ud83d\ude00 \ud83d\n\ud83d""#,
                "\"\u{fffd} \u{fffd} \u{fffd}\\ud83d\\ude00 \u{fffd}\\n\u{fffd}\"",
            ),
            // An escaped backslash begins nothing.
            (br#""\\ud83d""#, r#""\\ud83d""#),
            (br#""\u+123""#, r#""\u+123""#),
        ] {
            for size in 1..=document.len() {
                assert_eq!(repaired(document, size), expected, "{size}");
            }
        }
    }

    proptest! {
        #[test]
        fn valid_json_stays_as_it_is(text in any::<String>(), ascii in any::<bool>(), size in 1_usize..40) {
            let mut document = serde_json::to_string(&text).unwrap();
            if ascii {
                let escaped = |unit: u16| match u8::try_from(unit) {
                    Ok(unit @ 0..128) => char::from(unit).to_string(),
                    _ => format!("\\u{unit:04x}"),
                };
                document = document.encode_utf16().map(escaped).collect();
            }
            prop_assert_eq!(repaired(document.as_bytes(), size), document);
        }

        #[test]
        fn any_bytes_in_a_string_become_json(bytes in prop::collection::vec(any::<u8>(), 0..60), size in 1_usize..40) {
            let inside = bytes.into_iter().filter(|byte| !matches!(byte, b'"' | b'\\' | 0..=31));
            let document: Vec<u8> = std::iter::once(b'"').chain(inside).chain([b'"']).collect();
            prop_assert!(serde_json::from_str::<String>(&repaired(&document, size)).is_ok());
        }
    }
}
