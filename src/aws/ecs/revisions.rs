//! Which revisions there are: of services, and the newest of a family of task definitions.

use aws_sdk_ecs::types::{SortOrder, TaskDefinitionStatus};

use super::reader::{LIST_PAGE, Reader, in_batches, present};
use super::service_deployment;
use crate::aws::budget::Priority;
use crate::aws::operations::{DESCRIBE_SERVICE_REVISIONS, LIST_TASK_DEFINITIONS};
use crate::aws::pages;
use crate::model::arn::{ServiceRevisionArn, TaskDefinitionArn};
use crate::model::call::CallError;
use crate::model::service_deployment::ServiceRevision;

const SERVICE_REVISIONS_A_CALL: usize = 20;

impl Reader {
    pub(in crate::aws) async fn service_revisions(
        &self,
        revisions: &[ServiceRevisionArn],
        priority: Priority,
    ) -> Result<Vec<ServiceRevision>, CallError> {
        let revisions = in_batches(revisions, SERVICE_REVISIONS_A_CALL, |batch| async move {
            let arns = batch.iter().map(|revision| revision.as_str().to_owned()).collect();
            let answer = self
                .shared
                .call(DESCRIBE_SERVICE_REVISIONS, priority, |wire| {
                    let request = self.client.describe_service_revisions().set_service_revision_arns(Some(arns));
                    request.customize().interceptor(wire).send()
                })
                .await?;
            present(answer.service_revisions, answer.failures)
                .map_err(|failure| failure.of(&DESCRIBE_SERVICE_REVISIONS))
        })
        .await?;
        Ok(revisions.into_iter().map(service_deployment::service_revision).collect())
    }

    /// The newest revision of exactly this family that is not deregistered. One short page is enough at AWS, where the
    /// prefix of a family is the family; whoever takes the word literally is read to the end.
    pub(in crate::aws) async fn latest_revision(
        &self,
        family: &str,
        priority: Priority,
    ) -> Result<Option<TaskDefinitionArn>, CallError> {
        let (arns, more) = self.task_definitions(family, 1, None, priority).await?;
        let newest = newest(arns.unwrap_or_default(), family);
        if newest.is_some() || more.is_none_or(|token| token.is_empty()) {
            return Ok(newest);
        }
        let page = |token| self.task_definitions(family, LIST_PAGE, token, priority);
        Ok(self::newest(pages::all(&LIST_TASK_DEFINITIONS, page).await?, family))
    }

    async fn task_definitions(
        &self,
        family: &str,
        most: i32,
        token: Option<String>,
        priority: Priority,
    ) -> Result<(Option<Vec<String>>, Option<String>), CallError> {
        let page = self
            .shared
            .call(LIST_TASK_DEFINITIONS, priority, |wire| {
                let request = self.client.list_task_definitions().family_prefix(family).sort(SortOrder::Desc);
                let request = request.status(TaskDefinitionStatus::Active).max_results(most).set_next_token(token);
                request.customize().interceptor(wire).send()
            })
            .await?;
        Ok((page.task_definition_arns, page.next_token))
    }
}

fn newest(arns: Vec<String>, family: &str) -> Option<TaskDefinitionArn> {
    let of_family = arns.into_iter().map(TaskDefinitionArn::new).filter(|arn| arn.family() == family);
    of_family.max_by_key(TaskDefinitionArn::revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_revision_is_of_this_family_and_has_the_highest_number() {
        let arn = |name: &str| format!("arn:aws:ecs:eu-west-1:1:task-definition/{name}");
        let arns = vec![arn("web-admin:99"), arn("web:9"), arn("web:10"), arn("web:8")];
        assert_eq!(newest(arns.clone(), "web"), Some(arn("web:10").as_str().into()));
        assert_eq!(newest(arns, "we"), None);
    }
}
