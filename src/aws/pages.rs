//! Following pages to the last one, and not for ever: a service that hands out a token it has handed out before would be
//! read until the memory is full.

use std::collections::HashSet;

use super::operations::Operation;
use crate::model::call::{CallError, ErrorKind};

/// Where a paged read is.
#[derive(Debug, Default)]
pub(super) struct Pages {
    seen: HashSet<String>,
    token: Option<String>,
}

impl Pages {
    /// What to send for the next page; nothing for the first.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Takes the token of an answer: whether there is another page, or the error that pages repeat. An empty token is no
    /// token: emulators send those.
    pub(super) fn turn(&mut self, operation: &Operation, next: Option<&str>) -> Result<bool, CallError> {
        let Some(next) = next.filter(|token| !token.is_empty()) else { return Ok(false) };
        if !self.seen.insert(next.to_owned()) {
            return Err(CallError {
                kind: ErrorKind::Other,
                operation: operation.named(),
                message: format!("the pages repeat themselves after {} of them", self.seen.len() + 1),
                request_id: None,
                hint: None,
            });
        }
        self.token = Some(next.to_owned());
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::operations::LIST_SERVICES;
    use super::*;

    #[test]
    fn pages_end_without_a_token() {
        let mut pages = Pages::default();
        assert_eq!(pages.token(), None);
        assert_eq!(pages.turn(&LIST_SERVICES, Some("a")), Ok(true));
        assert_eq!(pages.token().as_deref(), Some("a"));
        assert_eq!(pages.turn(&LIST_SERVICES, Some("b")), Ok(true));
        assert_eq!(pages.turn(&LIST_SERVICES, Some("")), Ok(false));
        assert_eq!(pages.turn(&LIST_SERVICES, None), Ok(false));
    }

    #[test]
    fn a_token_that_was_there_before_is_an_error() {
        let mut pages = Pages::default();
        for token in ["a", "b"] {
            assert_eq!(pages.turn(&LIST_SERVICES, Some(token)), Ok(true));
        }
        let error = pages.turn(&LIST_SERVICES, Some("a")).unwrap_err();
        assert_eq!((error.kind, error.operation.to_string().as_str()), (ErrorKind::Other, "ecs:ListServices"));
    }
}
