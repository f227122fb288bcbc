//! From settings to clients: the SDK's own chain for region, profile and credentials, one HTTP client for all services,
//! and a bound on everything that could wait.

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::{IdentityCache, RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};

use super::credentials::{self, HeldCredentials, Profile};
use super::{Credentials, Settings};

/// What the settings and the surroundings come to.
pub(super) struct Connection {
    pub(super) config: SdkConfig,
    pub(super) credentials: Arc<HeldCredentials>,
    pub(super) region: Option<String>,
    pub(super) profile: Option<String>,
}

/// Finds out region, profile and endpoint. Reads files and, without a region in them, the instance metadata service
/// (three seconds at most); what is missing shows at the first call.
pub(super) async fn connect(settings: &Settings) -> Connection {
    match &settings.credentials {
        Credentials::Chain => through_the_chain(settings).await,
        Credentials::Fixed { access_key, secret_key } => {
            let keys = aws_credential_types::Credentials::from_keys(access_key, secret_key, None);
            by_hand(settings, HeldCredentials::fixed(keys))
        }
    }
}

/// Nothing but the settings: neither environment nor files nor proxies.
fn by_hand(settings: &Settings, credentials: HeldCredentials) -> Connection {
    let credentials = Arc::new(credentials);
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(settings.region.clone().map(Region::new))
        .http_client(http_client(ProxyConfig::disabled))
        .credentials_provider(SharedCredentialsProvider::from(Arc::clone(&credentials) as Arc<_>))
        .identity_cache(IdentityCache::no_cache())
        .retry_config(retries(settings))
        .timeout_config(timeouts(settings))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(settings.endpoint_url.clone());
    Connection { config: config.build(), credentials, region: settings.region.clone(), profile: None }
}

async fn through_the_chain(settings: &Settings) -> Connection {
    let http_client = http_client(ProxyConfig::from_env);
    let surroundings = ProviderConfig::default()
        .with_http_client(http_client.clone())
        .with_behavior_version(Some(BehaviorVersion::latest()));
    let profile = profile(settings.profile.as_deref()).await;
    let region = region(settings, &surroundings).await;
    let name = profile.name().map(ToOwned::to_owned);
    let credentials = Arc::new(HeldCredentials::chain(profile, region.clone(), surroundings));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .credentials_provider(SharedCredentialsProvider::from(Arc::clone(&credentials) as Arc<_>))
        .identity_cache(IdentityCache::no_cache())
        .region(region.clone())
        .retry_config(retries(settings))
        .timeout_config(timeouts(settings))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &settings.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    Connection { config, credentials, region: region.map(|region| region.to_string()), profile: name }
}

/// The profile asked for, or the one the environment selects, looked up in the configuration files.
async fn profile(asked_for: Option<&str>) -> Profile {
    let overriding = asked_for.map(|name| name.to_owned().into());
    let files = aws_config::profile::load(&<_>::default(), &<_>::default(), &<_>::default(), overriding).await;
    // Files that cannot be read: the SDK says so with its own words when it looks for credentials.
    let Ok(files) = files else {
        return asked_for.map_or(Profile::Absent, |name| Profile::Named(name.to_owned()));
    };
    let name = files.selected_profile().to_owned();
    match (files.get_profile(&name), asked_for) {
        (Some(_), Some(_)) => Profile::Named(name),
        (Some(_), None) => Profile::Selected(name),
        (None, None) if name == "default" => Profile::Absent,
        (None, _) => {
            let mut others: Vec<String> = files.profiles().map(ToOwned::to_owned).collect();
            others.sort();
            Profile::Unknown { name, others, by_name: asked_for.is_some() }
        }
    }
}

async fn region(settings: &Settings, surroundings: &ProviderConfig) -> Option<Region> {
    let mut files = ProfileFileRegionProvider::builder().configure(surroundings);
    if let Some(profile) = &settings.profile {
        files = files.profile_name(profile);
    }
    let instance = ImdsRegionProvider::builder()
        .configure(surroundings)
        .imds_client(credentials::instance_metadata(surroundings))
        .build();
    RegionProviderChain::first_try(settings.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(files.build())
        .or_else(instance)
        .region()
        .await
        .filter(|region| !region.as_ref().is_empty())
}

/// Retries of reads. Writes never are, see [`super::ecs::Writer`].
fn retries(settings: &Settings) -> RetryConfig {
    if settings.attempts > 1 {
        RetryConfig::standard().with_max_attempts(settings.attempts)
    } else {
        RetryConfig::disabled()
    }
}

/// Who does not accept a connection in this time is not there, and saying so must not take several calls' worth of patience.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// What further attempts may add to the time of the first.
const TRYING_AGAIN: Duration = Duration::from_secs(4);

fn timeouts(settings: &Settings) -> TimeoutConfig {
    // Room for quick failures to be tried again, with the second or two the SDK waits between attempts; who does not answer
    // at all is not waited for several times.
    let again = if settings.attempts > 1 { TRYING_AGAIN } else { Duration::ZERO };
    TimeoutConfig::builder()
        .connect_timeout(settings.call_timeout.min(CONNECT_TIMEOUT))
        .read_timeout(settings.call_timeout)
        .operation_attempt_timeout(settings.call_timeout)
        .operation_timeout(settings.call_timeout + again)
        .build()
}

/// One client, so one pool of connections and one look at the certificates, for all services and the credential chain.
fn http_client(proxies: fn() -> ProxyConfig) -> SharedHttpClient {
    Builder::new().pool_idle_timeout(Duration::from_mins(1)).build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(proxies()));
        connector.build()
    })
}
