//! What stays when a line is short: parts say how much they matter, and what matters least leaves first.

/// The parts that fit into `width` together, in their order. `rank` says how early a part leaves: the highest first, 0 never.
pub fn those_that_fit<T>(
    mut parts: Vec<T>,
    width: usize,
    rank: impl Fn(&T) -> u8,
    columns: impl Fn(&T) -> usize,
) -> Vec<T> {
    while parts.iter().map(&columns).sum::<usize>() > width {
        let leaving = parts.iter().map(&rank).enumerate().filter(|(_, rank)| *rank > 0).max_by_key(|(_, rank)| *rank);
        let Some((index, _)) = leaving else {
            break;
        };
        parts.remove(index);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_least_leaves_first_and_what_must_stay_stays() {
        let kept = |width| {
            let parts = vec![("name", 0), ("age", 2), ("why", 0), ("hint", 9)];
            let kept = those_that_fit(parts, width, |part| part.1, |part| part.0.len());
            kept.into_iter().map(|part| part.0).collect::<Vec<_>>()
        };
        assert_eq!(kept(14), ["name", "age", "why", "hint"]);
        assert_eq!(kept(13), ["name", "age", "why"]);
        assert_eq!(kept(9), ["name", "why"]);
        assert_eq!(kept(0), ["name", "why"]);
    }
}
