//! STS: who we are. It needs no permission, so it tells bad credentials from missing permissions.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::budget::Priority;
use super::operations::GET_CALLER_IDENTITY;
use super::read_only::ReadsOnly;
use super::shared::Shared;
use crate::model::call::CallError;
use crate::model::cluster::CallerIdentity;

pub(super) struct Reader {
    client: aws_sdk_sts::Client,
    shared: Arc<Shared>,
}

impl Reader {
    pub(super) fn new(config: &SdkConfig, shared: Arc<Shared>) -> Self {
        let config = aws_sdk_sts::config::Builder::from(config).interceptor(ReadsOnly).build();
        Self { client: aws_sdk_sts::Client::from_conf(config), shared }
    }

    pub(super) async fn identity(&self, priority: Priority) -> Result<CallerIdentity, CallError> {
        let answer = self
            .shared
            .call(GET_CALLER_IDENTITY, priority, |wire| {
                self.client.get_caller_identity().customize().interceptor(wire).send()
            })
            .await?;
        Ok(CallerIdentity { account: answer.account.unwrap_or_default(), arn: answer.arn.unwrap_or_default() })
    }
}
