//! Credentials, asked for by us and not in the middle of a call: so that finding none is a sentence and not a stack of
//! wrapped errors, takes a bounded time, and is found out once and not by a hundred calls one after the other.
//!
//! The chain of providers is built anew for every load, so whoever logs in in another terminal is seen here.

use std::fmt;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::{self, Failure};
use crate::model::call::ErrorKind;

/// How long the chain may take: a `credential_process` that asks a vault and two round trips to STS fit in.
const LONGEST_LOAD: Duration = Duration::from_secs(10);
/// How long a failure is believed, and how long credentials AWS rejected are kept from being loaded again.
const FAILURE_HOLDS: Duration = Duration::from_secs(5);
/// Credentials that end within this time are replaced before they do.
const BEFORE_EXPIRY: Duration = Duration::from_mins(2);

/// The credentials in use and where they come from.
pub(super) struct HeldCredentials {
    source: Source,
    profile: Option<String>,
    held: Mutex<Option<Held>>,
}

enum Source {
    /// Given.
    Fixed(Credentials),
    /// The SDK's chain; with a profile named on the command line that profile goes before the environment, as with the
    /// AWS CLI. (The SDK's own chain would take keys exported in the shell and so act on another account than asked for.)
    Chain { explicit_profile: Option<String>, config: Box<ProviderConfig> },
}

struct Held {
    since: Instant,
    loaded: Result<Credentials, Failure>,
}

impl Held {
    fn is_fresh(&self) -> bool {
        match &self.loaded {
            Ok(credentials) => credentials.expiry().is_none_or(|expiry| {
                expiry.duration_since(std::time::SystemTime::now()).is_ok_and(|left| left > BEFORE_EXPIRY)
                    // Credentials may be short-lived by design: do not ask for new ones at every call.
                    || self.since.elapsed() < FAILURE_HOLDS
            }),
            Err(_) => self.since.elapsed() < FAILURE_HOLDS,
        }
    }
}

impl HeldCredentials {
    /// Credentials that are given.
    pub(super) fn fixed(credentials: Credentials) -> Self {
        Self { source: Source::Fixed(credentials), profile: None, held: Mutex::new(None) }
    }

    /// The SDK's chain. `profile` is the one in use, for messages; `explicit_profile` the one that was asked for by name.
    pub(super) fn chain(explicit_profile: Option<String>, profile: Option<String>, config: ProviderConfig) -> Self {
        Self { source: Source::Chain { explicit_profile, config: Box::new(config) }, profile, held: Mutex::new(None) }
    }

    /// The credentials, loaded if need be. Whoever comes while they are loading waits for the same load.
    pub(super) async fn get(&self) -> Result<Credentials, Failure> {
        let (explicit_profile, config) = match &self.source {
            Source::Fixed(credentials) => return Ok(credentials.clone()),
            Source::Chain { explicit_profile, config } => (explicit_profile.as_deref(), config),
        };
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.is_fresh()) {
            return held.loaded.clone();
        }
        let loaded = tokio::time::timeout(LONGEST_LOAD, load(explicit_profile, config))
            .await
            .unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(LONGEST_LOAD)))
            .map_err(|error| error::no_credentials(&error, LONGEST_LOAD, self.profile.as_deref()));
        *held = Some(Held { since: Instant::now(), loaded: loaded.clone() });
        loaded
    }

    /// AWS did not accept them: load them again at the next call, unless they have only just been loaded.
    pub(super) async fn rejected(&self, kind: ErrorKind) {
        if matches!(kind, ErrorKind::ExpiredCredentials | ErrorKind::NoCredentials) {
            let mut held = self.held.lock().await;
            if held.as_ref().is_some_and(|held| held.since.elapsed() >= FAILURE_HOLDS) {
                *held = None;
            }
        }
    }
}

async fn load(explicit_profile: Option<&str>, config: &ProviderConfig) -> provider::Result {
    let imds = instance_metadata(config);
    match explicit_profile {
        None => {
            let chain = DefaultCredentialsChain::builder().configure(config.clone()).imds_client(imds);
            chain.build().await.provide_credentials().await
        }
        Some(profile) => {
            let profile = ProfileFileCredentialsProvider::builder().configure(config).profile_name(profile).build();
            let container = EcsCredentialsProvider::builder().configure(config).build();
            let instance = ImdsCredentialsProvider::builder().configure(config).imds_client(imds).build();
            CredentialsProviderChain::first_try("Profile", profile)
                .or_else("EcsContainer", container)
                .or_else("Ec2InstanceMetadata", instance)
                .provide_credentials()
                .await
        }
    }
}

/// The instance metadata service answers within milliseconds where there is one; elsewhere its address may be a black hole.
pub(super) fn instance_metadata(config: &ProviderConfig) -> imds::Client {
    imds::Client::builder()
        .configure(config)
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(1))
        .operation_timeout(Duration::from_secs(3))
        .max_attempts(2)
        .build()
}

impl ProvideCredentials for HeldCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.get().await.map_err(|failure| CredentialsError::not_loaded(failure.message))
        })
    }
}

impl fmt::Debug for HeldCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HeldCredentials").field("profile", &self.profile).finish_non_exhaustive()
    }
}
