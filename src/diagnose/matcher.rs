//! Success codes of a health check (catalogue 3.1) and the codes a load balancer says it got instead.

/// The codes a health check accepts: `200`, `200-299`, `200,302`, `0-99` for gRPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    ranges: Vec<(u16, u16)>,
}

impl Matcher {
    /// Reads `HttpCode` or `GrpcCode`; `None` if any part of it is not a code or a range.
    pub fn parse(text: &str) -> Option<Self> {
        let ranges = text.split(',').map(range).collect::<Option<Vec<_>>>()?;
        Some(Self { ranges })
    }

    /// Whether a code counts as healthy.
    pub fn accepts(&self, code: u16) -> bool {
        self.ranges.iter().any(|(low, high)| (low..=high).contains(&&code))
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let code = |text: &str| text.trim().parse::<u16>().ok();
    // Manuals print an en dash in places, and what is printed is pasted.
    match text.split_once(['-', '–']) {
        Some((low, high)) => Some((code(low)?, code(high)?)).filter(|(low, high)| low <= high),
        None => code(text).map(|code| (code, code)),
    }
}

/// The codes in `Health checks failed with these codes: [302]`; empty if the text names none.
pub fn failing_codes(description: &str) -> Vec<u16> {
    let Some((_, rest)) = description.split_once('[') else { return Vec::new() };
    let Some((inside, _)) = rest.split_once(']') else { return Vec::new() };
    inside.split(',').map(|code| code.trim().parse().ok()).collect::<Option<Vec<_>>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_ranges_are_accepted() {
        for (matcher, accepted, refused) in [
            ("200", vec![200], vec![199, 201, 302]),
            ("200-299", vec![200, 299], vec![199, 300]),
            ("200,302", vec![200, 302], vec![301, 201]),
            (" 200 - 204 , 301-302,404 ", vec![200, 204, 302, 404], vec![205, 300, 403]),
            ("200–399", vec![200, 399], vec![400]),
            ("0", vec![0], vec![12]),
            ("0-99", vec![0, 12, 99], vec![100]),
        ] {
            let parsed = Matcher::parse(matcher).unwrap();
            for code in accepted {
                assert!(parsed.accepts(code), "{matcher} accepts {code}");
            }
            for code in refused {
                assert!(!parsed.accepts(code), "{matcher} refuses {code}");
            }
        }
    }

    #[test]
    fn what_is_no_matcher_is_refused() {
        for text in ["", "200-", "-200", "abc", "299-200", "200,,201", "200-300-400", "99999"] {
            assert_eq!(Matcher::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn failing_codes_are_found_in_descriptions() {
        for (description, codes) in [
            ("Health checks failed with these codes: [302]", vec![302]),
            ("Health checks failed with these codes: [502, 503]", vec![502, 503]),
            ("Health checks failed with these codes: [502,503]", vec![502, 503]),
            ("Health checks failed with these codes: [0]", vec![0]),
            ("Health checks failed", vec![]),
            ("Health checks failed with these codes: []", vec![]),
            ("Health checks failed with these codes: [", vec![]),
            ("connect to [::1]:8080 failed", vec![]),
        ] {
            assert_eq!(failing_codes(description), codes, "{description}");
        }
    }
}
