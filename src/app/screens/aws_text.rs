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
    short
}

fn name_of(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    let short = match resource.split(['/', ':']).next() {
        Some("targetgroup" | "loadbalancer") => arn.rsplit('/').nth(1).unwrap_or(arn),
        _ if resource.contains('/') => resource.rsplit('/').next().unwrap_or(resource),
        _ => resource,
    };
    if short.is_empty() { arn } else { short }
}

/// An event without the `(service web)` it begins with.
pub fn event_text(message: &str, service: &str) -> String {
    let text = message.strip_prefix("(service ").and_then(|rest| rest.strip_prefix(service));
    let text = text.and_then(|rest| rest.strip_prefix(')')).map_or(message, str::trim_start);
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
    }
}
