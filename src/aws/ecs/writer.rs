//! The only place in the program that changes something in AWS.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;

use super::service;
use crate::aws::budget::Priority;
use crate::aws::error::Failure;
use crate::aws::operations::UPDATE_SERVICE;
use crate::aws::shared::Shared;
use crate::model::call::{CallError, ErrorKind};
use crate::model::query::Mutation;
use crate::model::service::Service;

/// A client without the guard that lets only reads pass, and without retries: a change that may have arrived is never
/// sent again. Made once, and only when changes are allowed.
pub(in crate::aws) struct Writer {
    client: aws_sdk_ecs::Client,
    shared: Arc<Shared>,
}

impl Writer {
    pub(in crate::aws) fn new(config: &SdkConfig, shared: Arc<Shared>) -> Self {
        let config = aws_sdk_ecs::config::Builder::from(config).retry_config(RetryConfig::disabled()).build();
        Self { client: aws_sdk_ecs::Client::from_conf(config), shared }
    }

    /// UpdateService with the one thing that shall change and nothing else: every other field stays as it is.
    pub(in crate::aws) async fn update_service(&self, mutation: &Mutation) -> Result<Service, CallError> {
        let request =
            self.client.update_service().cluster(mutation.cluster().as_str()).service(mutation.service().as_str());
        let request = match mutation {
            Mutation::ForceNewDeployment { .. } => request.force_new_deployment(true),
            Mutation::Scale { desired, .. } => {
                let desired = i32::try_from(*desired).map_err(|_| {
                    Failure::new(ErrorKind::Invalid, format!("{desired} tasks are more than ECS can count"))
                        .of(&UPDATE_SERVICE)
                })?;
                request.desired_count(desired)
            }
        };
        let answer = self
            .shared
            .call(UPDATE_SERVICE, Priority::Interactive, |wire| request.customize().interceptor(wire).send())
            .await?;
        answer.service.map(service::service).ok_or_else(|| {
            Failure::new(ErrorKind::Other, "AWS accepted it and did not return the service").of(&UPDATE_SERVICE)
        })
    }
}
