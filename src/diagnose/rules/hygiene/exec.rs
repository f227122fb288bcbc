//! Whether a shell can be opened where ECS Exec is meant to work.

use super::entries::{EXEC_AGENT, EXEC_NOT_ENABLED};
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::scene::Scene;
use crate::model::task::Task;

pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    if !scene.service.execute_command {
        return;
    }
    let running = scene.tasks.known().copied().unwrap_or_default();
    let running: Vec<&Task> =
        running.iter().filter(|task| !task.is_stopped() && task.last_status == "RUNNING").collect();
    let without: Vec<&Task> = running.iter().copied().filter(|task| !task.execute_command).collect();
    if let Some(first) = without.first() {
        let (cluster, service) = (scene.facts.cluster(), &scene.service.name);
        let words =
            ["ecs", "update-service", "--cluster", cluster.as_str(), "--service", service, "--force-new-deployment"];
        let title = format!("{} of {} tasks are older than ECS Exec", without.len(), running.len());
        let finding = Finding::new(&EXEC_NOT_ENABLED, Confidence::Certain, title)
            .explain("ECS Exec was switched on after these tasks had started; only newer tasks can be entered.")
            .scope(Scope { tasks: ids(&without), ..Scope::default() })
            .evidence("ecs:DescribeServices", service, "enableExecuteCommand", true)
            .evidence("ecs:DescribeTasks", format!("task {}", first.arn.short_id()), "enableExecuteCommand", false)
            .fix(Fix::new("Start new tasks").aws(words));
        findings.push(finding);
    }
    let agent = running.iter().filter(|task| task.execute_command).find_map(|task| {
        let agents = task.containers.iter().flat_map(|container| &container.agents);
        let mut dead =
            agents.filter(|agent| agent.name == "ExecuteCommandAgent" && agent.status.as_deref() != Some("RUNNING"));
        Some((*task, dead.next()?))
    });
    if let Some((task, agent)) = agent {
        let subject = format!("task {}", task.arn.short_id());
        let reason = agent.reason.as_deref().map_or_else(|| "absent".to_owned(), |reason| scene.quote(reason));
        let finding = Finding::new(&EXEC_AGENT, Confidence::Certain, "The agent of ECS Exec does not run")
            .explain("A shell cannot be opened in this task.")
            .scope(Scope { tasks: ids(&[task]), ..Scope::default() })
            .evidence(
                "ecs:DescribeTasks",
                &subject,
                "managedAgents[].lastStatus",
                agent.status.as_deref().unwrap_or("absent"),
            )
            .evidence("ecs:DescribeTasks", &subject, "managedAgents[].reason", reason)
            .fix(Fix::new("Let the task role use ssmmessages and the task reach its endpoint, then start new tasks"));
        findings.push(finding);
    }
}

fn ids(tasks: &[&Task]) -> Vec<String> {
    tasks.iter().take(20).map(|task| task.arn.short_id().to_owned()).collect()
}
