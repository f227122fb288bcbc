//! Why tasks died, the same causes as one.

use jiff::Timestamp;

use crate::app::App;
use crate::diagnose::stopped::{Death, death};
use crate::model::task::Task;

/// Tasks that died of the same cause.
#[derive(Clone, Debug)]
pub struct Cause<'a> {
    /// The death of the latest of them.
    pub death: Death,
    /// How many.
    pub count: usize,
    /// The latest of them.
    pub latest: &'a Task,
    /// When that one ended.
    pub at: Option<Timestamp>,
}

/// Why this task died, with what its task definition tells, if that is at hand.
pub fn death_of(app: &App, task: &Task) -> Option<Death> {
    let definition = app.store().task_definition(&task.task_definition).value();
    death(task, definition)
}

/// When a task ended, as far as AWS tells.
pub fn ended_at(task: &Task) -> Option<Timestamp> {
    task.stopped_at.or(task.execution_stopped_at).or(task.stopping_at)
}

/// Causes of death, those that need attention first, then the latest first.
pub fn causes<'a>(app: &App, tasks: &'a [Task]) -> Vec<Cause<'a>> {
    let mut causes: Vec<Cause<'a>> = Vec::new();
    for task in tasks {
        let Some(death) = death_of(app, task) else { continue };
        let at = ended_at(task);
        match causes.iter_mut().find(|cause| cause.death.short == death.short) {
            Some(cause) => {
                cause.count += 1;
                if at > cause.at {
                    (cause.death, cause.latest, cause.at) = (death, task, at);
                }
            }
            None => causes.push(Cause { death, count: 1, latest: task, at }),
        }
    }
    causes.sort_by_key(|cause| (cause.death.benign, std::cmp::Reverse(cause.at)));
    causes
}
