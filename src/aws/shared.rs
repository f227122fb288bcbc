//! What all calls share, and the way every one of them goes: region, credentials, budget, a free place, the wire.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::budget::{Budgets, Priority};
use super::clock::Clock;
use super::credentials::HeldCredentials;
use super::error;
use super::observe::{Call, Observer, Wire};
use super::operations::Operation;
use crate::model::call::CallError;

/// What all calls share.
pub(super) struct Shared {
    pub(super) region: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) call_timeout: Duration,
    pub(super) log_polls: Duration,
    pub(super) live_tail: bool,
    pub(super) live_tail_silence: Duration,
    pub(super) credentials: Arc<HeldCredentials>,
    pub(super) budgets: Budgets,
    pub(super) clock: Clock,
    pub(super) observer: Observer,
}

impl Shared {
    /// Sends one request. `send` is given the interceptor that has to go with it.
    pub(super) async fn call<T, E, F>(
        self: &Arc<Self>,
        operation: Operation,
        priority: Priority,
        send: impl FnOnce(Wire<E>) -> F,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        if self.region.is_none() {
            return Err(error::no_region().of(&operation));
        }
        self.credentials.get().await.map_err(|failure| failure.of(&operation))?;
        let _place = self.budgets.of(operation.family).enter(priority).await;
        let call = Call::new(operation, Arc::clone(self));
        // In a box: the SDK's futures are large, and callers hold many.
        match Box::pin(send(Wire::new(Arc::clone(&call)))).await {
            Ok(answer) => Ok(answer),
            Err(sdk) => {
                let failure = call.failure().unwrap_or_else(|| error::unsent(&sdk));
                self.credentials.rejected(failure.kind).await;
                Err(failure.of(&operation))
            }
        }
    }
}
