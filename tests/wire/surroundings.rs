//! Region, profile, endpoint and credentials from the environment and the AWS configuration files: who is asked as whom,
//! and in which words it fails. Each case is a process of its own, since a process has only one environment.

use std::path::Path;
use std::time::{Duration, Instant};

use ecsight::aws::{Aws, Priority, Settings};
use ecsight::model::call::{CallError, ErrorKind};
use ecsight::model::cluster::CallerIdentity;

use crate::client::assert_readable;
use crate::scripted::{Reply, Scripted};

const CONFIG: &str = "
[default]
region = eu-central-1
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = x
[profile keys]
region = us-west-2
aws_access_key_id = AKIAKEYS
aws_secret_access_key = x
[profile bare]
region = us-west-2
[profile sso]
region = eu-west-1
sso_session = corp
sso_account_id = 111122223333
sso_role_name = ops
[profile unopened]
region = eu-west-1
sso_start_url = https://example.com/start
sso_region = eu-west-1
sso_account_id = 111122223333
sso_role_name = ops
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://example.com/start
[profile chained]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/ops
source_profile = nowhere
[profile process]
region = eu-west-1
credential_process = /bin/false
";

/// The token of the session `corp`, long expired; the name of the file is the SHA-1 of the name of the session.
const TOKEN_FILE: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
const TOKEN: &str = r#"{"accessToken": "token", "expiresAt": "2020-01-01T00:00:00Z"}"#;

fn write(home: &Path, file: &str, text: &str) {
    let path = home.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// What the command line would say.
#[derive(Clone, Copy, Default)]
struct Flags {
    profile: Option<&'static str>,
    region: Option<&'static str>,
    endpoint: Option<&'static str>,
}

/// Asks who we are in a process with this environment and these flags.
async fn ask(environment: &[(&str, &str)], flags: Flags) -> Result<CallerIdentity, CallError> {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), ".aws/config", CONFIG);
    write(home.path(), TOKEN_FILE, TOKEN);
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "surroundings::asks_in_surroundings_of_its_own", "--ignored", "--nocapture"]);
    command.env_clear().env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    for (name, value) in [("PROFILE", flags.profile), ("REGION", flags.region), ("ENDPOINT", flags.endpoint)] {
        command.envs(value.map(|value| (format!("FLAG_{name}"), value)));
    }
    command.envs(environment.iter().copied());
    let output = command.output().await.unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let line = output.lines().find_map(|line| line.split_once("SAYS ")).unwrap_or_else(|| panic!("{output}"));
    serde_json::from_str(line.1).unwrap()
}

#[tokio::test]
#[ignore = "one case of the tests below, run by them"]
#[allow(clippy::print_stdout)]
async fn asks_in_surroundings_of_its_own() {
    let flag = |name: &str| std::env::var(format!("FLAG_{name}")).ok();
    let settings = Settings {
        profile: flag("PROFILE"),
        region: flag("REGION"),
        endpoint_url: flag("ENDPOINT"),
        ..Settings::default()
    };
    let aws = Aws::connect(settings, |_| ()).await;
    let answer = aws.identity(Priority::Interactive).await;
    println!("SAYS {}", serde_json::to_string(&answer).unwrap());
}

#[tokio::test]
async fn flags_go_before_the_environment_and_that_before_files() {
    let server = Scripted::start(|_| Reply::xml("GetCallerIdentity", "<Account>1</Account>")).await;
    let endpoint = server.endpoint();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "x")];
    let [id, secret] = keys;
    let none = Flags::default();
    for (environment, flags, signed_by, region) in [
        (vec![], none, "AKIADEFAULT", "eu-central-1"),
        (vec![id, secret], none, "AKIAENV", "eu-central-1"),
        (vec![id, secret, ("AWS_REGION", "ap-south-1")], none, "AKIAENV", "ap-south-1"),
        (vec![("AWS_PROFILE", "keys")], none, "AKIAKEYS", "us-west-2"),
        (vec![("AWS_PROFILE", "keys")], Flags { region: Some("eu-north-1"), ..none }, "AKIAKEYS", "eu-north-1"),
        // The keys exported in the shell may be those of another account.
        (vec![id, secret], Flags { profile: Some("keys"), ..none }, "AKIAKEYS", "us-west-2"),
    ] {
        let environment: Vec<_> = environment.into_iter().chain([("AWS_ENDPOINT_URL", endpoint.as_str())]).collect();
        let identity = ask(&environment, flags).await;
        assert_eq!(identity.map(|identity| identity.account), Ok("1".to_owned()), "{environment:?}");
        let asked = server.asked().pop().unwrap();
        assert_eq!((asked.signed_by.as_str(), asked.region.as_str()), (signed_by, region), "{environment:?}");
    }
}

#[tokio::test]
async fn what_is_missing_is_said_in_a_sentence() {
    let named = |profile| Flags { profile: Some(profile), endpoint: Some("http://127.0.0.1:9"), ..Flags::default() };
    let elsewhere = ("AWS_CONFIG_FILE", "/nonexistent");
    let region = ("AWS_REGION", "eu-west-1");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "x"), region];
    for (environment, flags, kind, says, hint) in [
        (vec![elsewhere], Flags::default(), ErrorKind::NoRegion, "no region is configured", ""),
        (vec![elsewhere, region], Flags::default(), ErrorKind::NoCredentials, "no credentials in the environment", ""),
        (vec![], named("bare"), ErrorKind::NoCredentials, "the profile bare has no credentials", ""),
        (vec![], named("chained"), ErrorKind::NoCredentials, "nowhere", ""),
        (vec![], named("process"), ErrorKind::NoCredentials, "could not be loaded", ""),
        (keys.to_vec(), named("typo"), ErrorKind::NoCredentials, "profile typo is not in", "keys"),
        (
            vec![("AWS_PROFILE", "typo"), region],
            Flags::default(),
            ErrorKind::NoCredentials,
            "profile typo is not",
            "keys",
        ),
        (vec![], named("sso"), ErrorKind::ExpiredCredentials, "SSO session", "aws sso login --profile sso"),
        (vec![("AWS_PROFILE", "sso")], Flags::default(), ErrorKind::ExpiredCredentials, "SSO session", "--profile sso"),
        (vec![], named("unopened"), ErrorKind::ExpiredCredentials, "SSO session", "aws sso login --profile unopened"),
    ] {
        let error = ask(&environment, flags).await.unwrap_err();
        assert_eq!((error.kind, error.operation.to_string().as_str()), (kind, "sts:GetCallerIdentity"), "{error:?}");
        assert!(error.message.contains(says), "{error:?}");
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{error:?}");
        assert_readable(&error);
    }
}

#[tokio::test]
async fn a_metadata_service_that_never_answers_does_not_hold_us_up() {
    let server = Scripted::start(|_| Reply::Silence).await;
    let endpoint = server.endpoint();
    let environment = [
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str()),
    ];
    for (region, kind) in [(None, ErrorKind::NoRegion), (Some("eu-west-1"), ErrorKind::NoCredentials)] {
        let start = Instant::now();
        let error = ask(&environment, Flags { region, ..Flags::default() }).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    }
    assert!(!server.asked().is_empty(), "it was asked");
}
