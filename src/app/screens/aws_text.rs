//! AWS's sentences made short: resource names in them by what people call them, and without the service everybody sees.

/// The text with every resource name replaced by the part people use.
pub fn short_names(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("arn:aws") {
        let (before, from) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let end = from.find([' ', ')', ',', ';', '"', '\'', ']']).unwrap_or(from.len());
        let (arn, after) = from.split_at_checked(end).unwrap_or((from, ""));
        short.push_str(before);
        short.push_str(name_of(arn));
        rest = after;
    }
    short.push_str(rest);
    short_ids(&short)
}

/// Columns of a task's id that people use.
const SHORT_ID: usize = 8;

/// Ids of tasks and container instances by their beginning, as tables show them.
fn short_ids(text: &str) -> String {
    text.split_inclusive(|character: char| !character.is_ascii_alphanumeric())
        .map(|word| {
            let id = word.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
            let is_id = id.len() == 32 && id.chars().all(|character| character.is_ascii_hexdigit());
            let cut = word.get(..SHORT_ID).zip(word.get(id.len()..)).filter(|_| is_id);
            cut.map_or_else(|| word.to_owned(), |(beginning, after)| format!("{beginning}{after}"))
        })
        .collect()
}

/// What many events end with, and nobody needs to read twice.
const SEE_ALSO: &str = "For more information, see the Troubleshooting section";

fn name_of(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    let short = match resource.split(['/', ':']).next() {
        Some("targetgroup" | "loadbalancer") => arn.rsplit('/').nth(1).unwrap_or(arn),
        _ if resource.contains('/') => resource.rsplit('/').next().unwrap_or(resource),
        _ => resource,
    };
    if short.is_empty() { arn } else { short }
}

/// An event without the `(service web)` it begins with and without the hint at the manual it ends with.
pub fn event_text(message: &str, service: &str) -> String {
    let text = message.strip_prefix("(service ").and_then(|rest| rest.strip_prefix(service));
    let text = text.and_then(|rest| rest.strip_prefix(')')).map_or(message, str::trim_start);
    let text = text.split_once(SEE_ALSO).map_or(text, |(before, _)| before.trim_end());
    short_names(text)
}

/// Whether a deployment's reason only repeats its state: `ECS deployment ecs-svc/1 in progress.`
pub fn says_nothing(reason: &str) -> bool {
    reason.starts_with("ECS deployment ecs-svc/")
        && (reason.ends_with(" in progress.") || reason.ends_with(" completed."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_names_are_called_by_name() {
        let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web-tg/6d0ecf831eec9f09";
        for (long, short) in [
            (format!("is unhealthy in (target-group {group}) due to"), "is unhealthy in (target-group web-tg) due to"),
            ("role arn:aws:iam::1:role/path/web.".to_owned(), "role web."),
            ("arn:aws:ecs:r:1:task-definition/web:3, more".to_owned(), "web:3, more"),
            ("secret arn:aws:secretsmanager:r:1:secret:web/key-Ab".to_owned(), "secret key-Ab"),
            ("(task 6a7b7529ae6e865c01c37dcd2fbef568).".to_owned(), "(task 6a7b7529)."),
            ("digest 6a7b7529ae6e865c01c37dcd2fbef568ab".to_owned(), "digest 6a7b7529ae6e865c01c37dcd2fbef568ab"),
            ("é6a7b7529ae6e865c01c37dcd2fbef56é".to_owned(), "é6a7b7529ae6e865c01c37dcd2fbef56é"),
            ("arn:aws".to_owned(), "arn:aws"),
            ("no names".to_owned(), "no names"),
        ] {
            assert_eq!(short_names(&long), short);
        }
    }

    #[test]
    fn events_begin_with_what_happened() {
        let text = |message| event_text(message, "web");
        assert_eq!(text("(service web) has reached a steady state."), "has reached a steady state.");
        assert_eq!(text("(service web2) has reached a steady state."), "(service web2) has reached a steady state.");
        assert_eq!(text("something else"), "something else");
        let manual =
            "(service web) is unable to start. For more information, see the Troubleshooting section of the guide.";
        assert_eq!(text(manual), "is unable to start.");
    }
}
