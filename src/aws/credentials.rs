//! Credentials, asked for by us and not in the middle of a call: so that finding none is a sentence and not a stack of
//! wrapped errors, takes a bounded time, and is found out once and not by a hundred calls one after the other.
//!
//! The chain of providers is built anew for every load, so whoever logs in in another terminal is seen here.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::imds;
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
    held: Mutex<Option<Held>>,
}

/// The profile in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// Asked for by name: its credentials or none. It goes before keys exported in the shell and does not fall back to the
    /// role of the machine, for either would act on another account than asked for.
    Named(String),
    /// What the environment or the SDK's default selects; one source of the default chain.
    Selected(String),
    /// Nothing in the configuration files.
    Absent,
    /// Asked for, here or in the environment, and not in the configuration files, which have these.
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        others: Vec<String>,
        /// Whether it was asked for here: then nothing else will do.
        by_name: bool,
    },
}

impl Profile {
    /// Its name, if there is one.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) | Self::Selected(name) | Self::Unknown { name, .. } => Some(name),
            Self::Absent => None,
        }
    }
}

enum Source {
    /// Given.
    Fixed(Credentials),
    /// The SDK's chain, or one profile of it.
    Chain { profile: Profile, region: Option<Region>, config: Box<ProviderConfig> },
}

struct Held {
    since: Instant,
    loaded: Result<Credentials, Failure>,
}

impl Held {
    /// Whether it need not be loaded again: `age` after it was, at `now` by the clock that expiries are measured with.
    fn is_fresh(&self, age: Duration, now: SystemTime) -> bool {
        let expiry = self.loaded.as_ref().map(Credentials::expiry);
        match expiry {
            Err(_) => age < FAILURE_HOLDS,
            Ok(None) => true,
            // Credentials may be short-lived by design: do not ask for new ones at every call.
            Ok(Some(expiry)) => {
                expiry.duration_since(now).is_ok_and(|left| left > BEFORE_EXPIRY) || age < FAILURE_HOLDS
            }
        }
    }
}

impl HeldCredentials {
    /// Credentials that are given.
    pub(super) fn fixed(credentials: Credentials) -> Self {
        Self { source: Source::Fixed(credentials), held: Mutex::new(None) }
    }

    /// The SDK's chain with this profile.
    pub(super) fn chain(profile: Profile, region: Option<Region>, config: ProviderConfig) -> Self {
        let config = Box::new(config.with_region(region.clone()));
        Self { source: Source::Chain { profile, region, config }, held: Mutex::new(None) }
    }

    /// The credentials, loaded if need be. Whoever comes while they are loading waits for the same load.
    pub(super) async fn get(&self) -> Result<Credentials, Failure> {
        let (profile, region, config) = match &self.source {
            Source::Fixed(credentials) => return Ok(credentials.clone()),
            Source::Chain { profile, region, config } => (profile, region, config),
        };
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.is_fresh(held.since.elapsed(), SystemTime::now())) {
            return held.loaded.clone();
        }
        let loaded = tokio::time::timeout(LONGEST_LOAD, load(profile, region.clone(), config))
            .await
            .unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(LONGEST_LOAD)))
            .map_err(|error| match profile {
                Profile::Unknown { name, others, .. } => error::no_such_profile(name, others),
                profile => error::no_credentials(&error, LONGEST_LOAD, profile.name()),
            });
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

async fn load(profile: &Profile, region: Option<Region>, config: &ProviderConfig) -> provider::Result {
    if let Profile::Named(name) | Profile::Unknown { name, by_name: true, .. } = profile {
        let profile = ProfileFileCredentialsProvider::builder().configure(config).profile_name(name).build();
        return profile.provide_credentials().await;
    }
    let chain = DefaultCredentialsChain::builder()
        .configure(config.clone())
        .region(region)
        .imds_client(instance_metadata(config));
    chain.build().await.provide_credentials().await
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
        formatter.debug_struct("HeldCredentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_kept_until_they_are_about_to_end_and_failures_for_a_moment() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        let ending = |left: u64| {
            let expiry = Some(now + Duration::from_secs(left));
            Ok(Credentials::new("id", "key", None, expiry, "test"))
        };
        let forever = Ok(Credentials::new("id", "key", None, None, "test"));
        let over = Ok(Credentials::new("id", "key", None, Some(SystemTime::UNIX_EPOCH), "test"));
        let failed = Err(Failure::new(ErrorKind::NoCredentials, "none"));
        for (loaded, age, fresh) in [
            (forever, 1_000_000, true),
            (ending(600), 3000, true),
            (ending(60), 3000, false),
            (ending(60), 1, true),
            (over, 3000, false),
            (failed.clone(), 1, true),
            (failed, 6, false),
        ] {
            let held = Held { since: Instant::now(), loaded };
            assert_eq!(held.is_fresh(Duration::from_secs(age), now), fresh, "{:?} {age}", held.loaded);
        }
    }
}
