//! What is asked for: by identifier, by filter, page by page. A kind of thing is a table of the filters it knows.

use std::ops::RangeInclusive;

use super::super::protocol::{AwsError, BadToken, Form, Xml, page};
use super::{Answered, invalid_value};
use crate::sim::world::World;

/// What an item has under the name of a filter; several values where any of them will do.
pub(super) type Values<T> = fn(&World, &T) -> Vec<String>;

/// How things of a kind are selected.
pub(super) struct Kind<T: 'static> {
    /// The parameter with identifiers, without its number: `SubnetId`.
    pub(super) parameter: &'static str,
    /// The identifier of one.
    pub(super) id: fn(&T) -> &str,
    /// The error for an identifier that nothing has: `InvalidSubnetID.NotFound`.
    pub(super) not_found: &'static str,
    /// And what it calls them: `subnet ID`.
    pub(super) called: &'static str,
    /// The filters there are.
    pub(super) filters: &'static [(&'static str, Values<T>)],
}

/// Sizes that a page may have.
const PAGES: RangeInclusive<usize> = 5..=1000;

impl<T> Kind<T> {
    /// Those asked for by identifier, or all of them, that pass the filters.
    pub(super) fn select<'a>(
        &self,
        form: &Form,
        world: &World,
        all: impl IntoIterator<Item = &'a T>,
    ) -> Result<Vec<&'a T>, AwsError> {
        let ids = form.counted(self.parameter);
        let all: Vec<&T> = all.into_iter().collect();
        if let Some(missing) = ids.iter().find(|id| !all.iter().any(|item| (self.id)(item) == **id)) {
            return Err(AwsError::new(self.not_found, format!("The {} '{missing}' does not exist", self.called)));
        }
        let mut found: Vec<&T> =
            all.into_iter().filter(|item| ids.is_empty() || ids.contains(&(self.id)(item))).collect();
        for place in 1.. {
            let Some(name) = form.get(&format!("Filter.{place}.Name")) else { break };
            let wanted = form.counted(&format!("Filter.{place}.Value"));
            if name.starts_with("tag:") || name == "tag-key" {
                // Nothing in this world has tags.
                found.clear();
                continue;
            }
            let known = self.filters.iter().find(|(known, _)| *known == name);
            let (_, values) = known.ok_or_else(|| invalid_value(format!("The filter '{name}' is invalid")))?;
            found.retain(|item| {
                let has = values(world, item);
                wanted.iter().any(|pattern| has.iter().any(|value| matches(pattern, value)))
            });
        }
        Ok(found)
    }
}

/// Whether a value fits a pattern with `*` and `?`.
fn matches(pattern: &str, value: &str) -> bool {
    match pattern.chars().next() {
        None => value.is_empty(),
        Some('*') => {
            let rest = pattern.get(1..).unwrap_or_default();
            let mut starts = value.char_indices().map(|(at, _)| at).chain([value.len()]);
            starts.any(|at| value.get(at..).is_some_and(|tail| matches(rest, tail)))
        }
        Some(wanted) => {
            let mut left = value.chars();
            let fits = left.next().is_some_and(|first| wanted == '?' || wanted == first);
            fits && matches(pattern.get(wanted.len_utf8()..).unwrap_or_default(), left.as_str())
        }
    }
}

/// Writes one page of a set and the token of the next.
pub(super) fn paged<T>(form: &Form, set: &str, items: Vec<T>, write: impl FnMut(&mut Xml, T)) -> Answered {
    paged_by(form, set, items, PAGES, write)
}

/// The same where pages have other sizes.
pub(super) fn paged_by<T>(
    form: &Form,
    set: &str,
    items: Vec<T>,
    sizes: RangeInclusive<usize>,
    write: impl FnMut(&mut Xml, T),
) -> Answered {
    let size = match form.get("MaxResults") {
        None => *sizes.end(),
        Some(text) => {
            let size = text.parse::<usize>().ok().filter(|size| sizes.contains(size));
            size.ok_or_else(|| {
                let (least, most) = (sizes.start(), sizes.end());
                invalid_value(format!(
                    "Value ( {text} ) for parameter maxResults is invalid. Expecting a value between {least} and {most}."
                ))
            })?
        }
    };
    let (items, next) = page(items, form.get("NextToken"), size)
        .map_err(|BadToken| AwsError::new("InvalidPaginationToken", "The specified pagination token is not valid."))?;
    let mut xml = Xml::default();
    xml.items(set, items, write).put_some("nextToken", next);
    Ok(xml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, value, expected) in [
            ("ELB app/web/*", "ELB app/web/50dc", true),
            ("ELB app/web/*", "ELB app/webshop/50dc", false),
            ("*web*", "ELB app/web/1", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("", "", true),
            ("abc", "abcd", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} {value}");
        }
    }
}
