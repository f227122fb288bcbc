//! Names near a mistyped one, for "did you mean …". Used wherever a person types a name: clusters, services, keys of the
//! configuration file.

/// How alike two names must be to be suggested, from 0 to 1: below this, suggestions confuse more than they help.
const ALIKE: f64 = 0.6;

/// At most three of the candidates that a person who typed `name` may have meant, nearest first.
pub fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let mut ranked: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (likeness(&name, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    ranked.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(right.1)));
    ranked.into_iter().map(|(_, candidate)| candidate).take(3).collect()
}

/// Typing mistakes are counted; a name that was only begun or that lacks its prefix counts as near too.
fn likeness(name: &str, candidate: &str) -> f64 {
    let contained = name.chars().count() >= 3 && candidate.contains(name);
    let typed = strsim::normalized_damerau_levenshtein(name, candidate);
    if contained { typed.max(0.8) } else { typed }
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn suggests_what_was_probably_meant() {
        let services = ["accounts", "checkout", "messenger-web", "roles-api", "warehouse"];
        for (typed, meant) in [
            ("mesenger-web", vec!["messenger-web"]),
            ("messenger", vec!["messenger-web"]),
            ("Checkout", vec!["checkout"]),
            ("chekcout", vec!["checkout"]),
            ("api", vec!["roles-api"]),
            ("zzz", vec![]),
            ("a", vec![]),
        ] {
            assert_eq!(near(typed, services), meant, "{typed}");
        }
    }

    #[test]
    fn the_nearest_come_first_and_three_are_enough() {
        let names = ["web-4", "web-3", "web-2", "web-1", "web"];
        assert_eq!(near("web", names), ["web", "web-1", "web-2"]);
    }
}
