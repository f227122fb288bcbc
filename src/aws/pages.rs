//! Following pages to the last one, and not for ever: a service that hands out a token it has handed out before would be
//! read until the memory is full.

use std::collections::HashSet;

use super::error::Failure;
use super::operations::Operation;
use crate::model::call::{CallError, ErrorKind};

/// Everything a paged read has. `page` is given the token to send, nothing for the first page, and returns what the page
/// has and the token of the next. An empty token is no token: emulators send those.
pub(super) async fn all<T, F>(
    operation: &Operation,
    mut page: impl FnMut(Option<String>) -> F,
) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<(Option<Vec<T>>, Option<String>), CallError>>,
{
    let mut everything = Vec::new();
    let mut seen = HashSet::new();
    let mut token = None;
    loop {
        let (items, next) = page(token).await?;
        everything.extend(items.unwrap_or_default());
        let Some(next) = next.filter(|next| !next.is_empty()) else { return Ok(everything) };
        if !seen.insert(next.clone()) {
            let message = format!("the pages repeat themselves after {} of them", seen.len() + 1);
            return Err(Failure::new(ErrorKind::Other, message).of(operation));
        }
        token = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use futures_util::FutureExt;

    use super::super::operations::LIST_SERVICES;
    use super::*;

    /// Reads pages that hand out these tokens one after the other; items are the tokens that were sent.
    fn read(tokens: &[Option<&str>]) -> Result<Vec<String>, (ErrorKind, String)> {
        let mut tokens = tokens.iter();
        all(&LIST_SERVICES, |sent| {
            let next = tokens.next().expect("no page is asked for after the last one");
            ready(Ok((Some(vec![sent.unwrap_or_default()]), next.map(ToOwned::to_owned))))
        })
        .now_or_never()
        .expect("nothing here waits")
        .map_err(|error| (error.kind, error.operation.to_string()))
    }

    #[test]
    fn pages_are_read_to_the_last_one() {
        assert_eq!(read(&[None]).unwrap(), [""]);
        assert_eq!(read(&[Some("a"), Some("b"), None]).unwrap(), ["", "a", "b"]);
        assert_eq!(read(&[Some("a"), Some("")]).unwrap(), ["", "a"]);
    }

    #[test]
    fn a_token_that_was_there_before_is_an_error() {
        for tokens in [&[Some("a"), Some("a")][..], &[Some("a"), Some("b"), Some("a")]] {
            assert_eq!(read(tokens), Err((ErrorKind::Other, "ecs:ListServices".to_owned())));
        }
    }
}
