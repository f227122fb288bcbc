//! Collecting facts: everything the diagnosis asks for, as soon as it can be asked, all at once. Answers lead to further
//! questions until there are none or the time is up; what did not come is a fact too.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

use super::clock::AwsClock;
use crate::aws::{Aws, Priority};
use crate::diagnose::deployment::in_progress;
use crate::diagnose::facts::{Facts, Users};
use crate::diagnose::needs::needs;
use crate::model::arn::{ClusterName, TargetGroupArn};
use crate::model::call::{CallError, ErrorKind};
use crate::model::known::Known;
use crate::model::query::{Answer, Query};
use crate::model::service::{Deployment, RolloutState, Service};
use crate::model::task::Task;

/// In larger clusters nobody looks whether a target group is shared: that would cost a call for every ten services.
const MOST_NEIGHBOURS: usize = 200;

/// From so many services on the tasks of the whole cluster are read together: three calls a service would take too long.
const TASKS_AT_ONCE: usize = 20;

/// Services with everything that was found out about them.
pub(super) struct Collected {
    pub(super) services: Vec<Service>,
    answers: BTreeMap<Query, Known<Answer>>,
    sharing: Vec<Vec<(TargetGroupArn, String)>>,
    region: Option<String>,
    clock: AwsClock,
}

impl Collected {
    /// Asks whatever the diagnosis of the services needs. Unless they are the whole cluster, its other services are looked
    /// at too, which may share target groups with them.
    pub(super) async fn collect(
        aws: &Aws,
        cluster: &ClusterName,
        services: Vec<Service>,
        whole_cluster: bool,
        clock: &AwsClock,
        deadline: Instant,
    ) -> Self {
        let region = aws.region().map(ToOwned::to_owned);
        let mut collected =
            Self { services, answers: BTreeMap::new(), sharing: Vec::new(), region, clock: clock.clone() };
        let alone = whole_cluster || collected.services.iter().all(|service| service.target_groups().is_empty());
        let neighbours = async { if alone { Vec::new() } else { neighbours(aws, cluster).await } };
        let neighbours = timeout_at(deadline, neighbours);
        if whole_cluster && collected.services.len() >= TASKS_AT_ONCE {
            Box::pin(collected.read_tasks(aws, cluster, deadline)).await;
        }
        let ((), neighbours) = tokio::join!(collected.ask(aws, deadline), neighbours);
        let neighbours = neighbours.unwrap_or_default();
        let others = neighbours.iter().filter(|other| collected.services.iter().all(|one| one.arn != other.arn));
        let users = Users::of(collected.services.iter().chain(others));
        collected.sharing = collected.services.iter().map(|service| users.sharing(service)).collect();
        collected
    }

    /// The facts about one of the services, by its place in the list.
    pub(super) fn facts(&self, index: usize) -> Option<Facts<'_>> {
        Some(Facts {
            service: self.services.get(index)?,
            answers: &self.answers,
            sharing: self.sharing.get(index).map(Vec::as_slice).unwrap_or_default(),
            region: self.region.as_deref(),
            now: self.clock.now(),
        })
    }

    /// The tasks of all services, told apart by the group ECS gives them. Where that fails each service asks for its own.
    async fn read_tasks(&mut self, aws: &Aws, cluster: &ClusterName, deadline: Instant) {
        let read = |stopped| aws.cluster_tasks(cluster, stopped, Priority::Interactive);
        let tasks = async { tokio::try_join!(read(false), read(true)) };
        let Ok(Ok((running, stopped))) = timeout_at(deadline, tasks).await else { return };
        let mut of_groups: BTreeMap<String, Vec<Task>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for task in running.into_iter().chain(stopped).filter(|task| seen.insert(task.arn.clone())) {
            let Some(group) = task.group.clone() else { return };
            of_groups.entry(group).or_default().push(task);
        }
        for service in &self.services {
            let query = Query::Tasks { cluster: ClusterName::from(&service.cluster), service: service.arn.clone() };
            let tasks = of_groups.remove(&format!("service:{}", service.name)).unwrap_or_default();
            self.answers.insert(query, Known::Known(Answer::Tasks(tasks)));
        }
    }

    async fn ask(&mut self, aws: &Aws, deadline: Instant) {
        let mut under_way = FuturesUnordered::new();
        // Which services wait for an answer: only their needs are looked at again when it comes.
        let mut askers: BTreeMap<Query, BTreeSet<usize>> = BTreeMap::new();
        // Calls queue in the order they are asked for, so who looks troubled goes first, should time run out.
        let mut changed: Vec<usize> = (0..self.services.len()).collect();
        changed.sort_by_key(|index| self.services.get(*index).is_none_or(is_quiet));
        loop {
            for index in std::mem::take(&mut changed) {
                let needs = self.facts(index).map(|facts| needs(&facts)).unwrap_or_default();
                for query in needs.into_iter().filter(|query| !self.answers.contains_key(query)) {
                    let waiting = askers.entry(query.clone()).or_default();
                    if waiting.is_empty() {
                        under_way.push(answer(aws, query));
                    }
                    waiting.insert(index);
                }
            }
            match timeout_at(deadline, under_way.next()).await {
                Ok(Some((query, answer))) => {
                    changed = askers.get(&query).into_iter().flatten().copied().collect();
                    self.answers.insert(query, answer);
                }
                Ok(None) => return,
                Err(_elapsed) => break,
            }
        }
        for query in askers.into_keys() {
            let late = CallError {
                kind: ErrorKind::Timeout,
                operation: query.operation(),
                message: "no answer within the time given".to_owned(),
                request_id: None,
                hint: Some("give more time with --timeout".to_owned()),
            };
            self.answers.entry(query).or_insert(Known::Failed(late));
        }
    }
}

/// Whether nothing about a service itself says that something is wrong.
fn is_quiet(service: &Service) -> bool {
    let rolled_out = |deployment: &Deployment| deployment.rollout_state != Some(RolloutState::Failed);
    service.running >= service.desired && !in_progress(service) && service.deployments.iter().all(rolled_out)
}

/// The services of the cluster, if they can be listed and are not too many to be worth it.
async fn neighbours(aws: &Aws, cluster: &ClusterName) -> Vec<Service> {
    let arns = aws.service_arns(cluster, Priority::Background).await.unwrap_or_default();
    if arns.len() > MOST_NEIGHBOURS {
        return Vec::new();
    }
    aws.services(cluster, &arns, Priority::Background).await.unwrap_or_default()
}

async fn answer(aws: &Aws, query: Query) -> (Query, Known<Answer>) {
    let answer = aws.answer(&query, Priority::Interactive).await.into();
    (query, answer)
}
