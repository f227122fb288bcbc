//! Where the containers of a task definition write.

use crate::model::log::{LogDestination, LogSource};
use crate::model::task_definition::{ContainerDefinition, TaskDefinition};

/// Where each container writes, in the order of the definition. `region` is the one of the service.
pub fn destinations(definition: &TaskDefinition, region: Option<&str>) -> Vec<LogDestination> {
    definition.containers.iter().map(|container| destination(container, region)).collect()
}

fn destination(container: &ContainerDefinition, region: Option<&str>) -> LogDestination {
    let elsewhere = |why: String| LogDestination::Elsewhere { container: container.name.clone(), why };
    let Some(logs) = &container.logs else {
        return elsewhere(
            "has no log configuration, so its output is kept nowhere; give it the awslogs driver".to_owned(),
        );
    };
    let option = |name: &str| {
        let found = logs.options.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    match logs.driver.as_str() {
        "awslogs" => {}
        "awsfirelens" => {
            let router = option("Name").map(|name| format!(" (output {name})")).unwrap_or_default();
            return elsewhere(format!("writes through FireLens to where its log router sends it{router}"));
        }
        "none" => return elsewhere("has the log driver none, so its output is kept nowhere".to_owned()),
        driver => {
            return elsewhere(format!("writes with the log driver {driver}, which CloudWatch Logs knows nothing of"));
        }
    }
    let Some(group) = option("awslogs-group") else {
        return elsewhere("has the awslogs driver without awslogs-group".to_owned());
    };
    let Some(prefix) = option("awslogs-stream-prefix") else {
        let why =
            format!("writes to {group}, but without awslogs-stream-prefix its streams have no names that can be told");
        return elsewhere(why);
    };
    LogDestination::CloudWatch(LogSource {
        container: container.name.clone(),
        group,
        prefix: format!("{prefix}/{}/", container.name),
        region: option("awslogs-region").filter(|of_logs| region.is_some_and(|here| here != of_logs)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::definition;
    use crate::model::task_definition::LogConfiguration;

    fn of(driver: Option<&str>, options: &[(&str, &str)]) -> LogDestination {
        let mut definition = definition(1);
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        definition.containers[0].logs = driver.map(|driver| LogConfiguration { driver: driver.to_owned(), options });
        destinations(&definition, Some("eu-west-1")).swap_remove(0)
    }

    #[test]
    fn awslogs_with_a_prefix_can_be_read() {
        let here = [("awslogs-group", "/ecs/web"), ("awslogs-region", "eu-west-1"), ("awslogs-stream-prefix", "app")];
        let source = LogSource {
            container: "web".to_owned(),
            group: "/ecs/web".to_owned(),
            prefix: "app/web/".to_owned(),
            region: None,
        };
        assert_eq!(of(Some("awslogs"), &here), LogDestination::CloudWatch(source.clone()));
        let away = [("awslogs-group", "/ecs/web"), ("awslogs-region", "us-east-1"), ("awslogs-stream-prefix", "app")];
        let away_source = LogSource { region: Some("us-east-1".to_owned()), ..source };
        assert_eq!(of(Some("awslogs"), &away), LogDestination::CloudWatch(away_source));
    }

    #[test]
    fn everything_else_says_where_it_goes() {
        for (driver, options, words) in [
            (None, &[][..], "kept nowhere"),
            (Some("none"), &[], "kept nowhere"),
            (Some("awsfirelens"), &[("Name", "datadog")], "(output datadog)"),
            (Some("splunk"), &[], "log driver splunk"),
            (Some("awslogs"), &[], "without awslogs-group"),
            (Some("awslogs"), &[("awslogs-group", "g")], "without awslogs-stream-prefix"),
        ] {
            let LogDestination::Elsewhere { container, why } = of(driver, options) else { panic!("{driver:?}") };
            assert_eq!(container, "web");
            assert!(why.contains(words), "{why}");
        }
    }
}
