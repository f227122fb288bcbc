use proptest::prelude::*;

use super::*;

#[test]
fn patterns_compile() {
    for pattern in [
        &IDS,
        &IMAGE,
        &PLATFORM,
        &ADDRESS,
        &LOOKUP,
        &SECRET,
        &SECRET_ARN,
        &REGION,
        &JSON_KEY,
        &ACTION,
        &PRINCIPAL,
        &RESOURCE,
        &ROLE,
        &SUBNET,
        &DEPENDENCY,
    ] {
        assert!(pattern.is_some());
    }
}

fn cause(reason: &str) -> Cause {
    start_failure(reason).unwrap_or_else(|| panic!("not read: {reason}")).cause
}

fn address(text: &str) -> Option<Dialled> {
    let (address, port) = text.rsplit_once(':').unwrap();
    Some(Dialled::Address(address.trim_matches(['[', ']']).parse().unwrap(), port.parse().unwrap()))
}

fn way(what: Remote, dialled: Option<Dialled>) -> Cause {
    Cause::Unreachable(Unreachable { what, dialled, certificate: false, refused: false })
}

#[test]
fn the_dialled_address_is_kept() {
    let auth = "ResourceInitializationError: unable to pull secrets or registry auth: ";
    for (reason, expected) in [
        (
            format!("{auth}The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post \"https://api.ecr.us-east-1.amazonaws.com/\": dial tcp 10.0.3.7:443: i/o timeout"),
            way(Remote::Registry, address("10.0.3.7:443")),
        ),
        (
            format!("{auth}execution resource retrieval failed: unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. Post \"https://secretsmanager.eu-west-1.amazonaws.com/\": dial tcp 52.1.2.3:443: i/o timeout"),
            way(Remote::Secrets, address("52.1.2.3:443")),
        ),
        (
            format!("{auth}unable to retrieve secrets from ssm: RequestCanceled: request context canceled caused by: context deadline exceeded"),
            way(Remote::Parameters, None),
        ),
        (format!("{auth}context deadline exceeded"), way(Remote::SecretsOrRegistry, None)),
        (
            "CannotPullContainerError: failed to resolve ref nope.invalid/web:1: dial tcp: lookup nope.invalid on 10.0.0.2:53: no such host".to_owned(),
            way(Remote::Registry, Some(Dialled::Name("nope.invalid".to_owned()))),
        ),
        (
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x: dial tcp [2600:1f18::1]:443: i/o timeout".to_owned(),
            way(Remote::Layers, address("[2600:1f18::1]:443")),
        ),
        ("CannotPullContainerError: httpReaderSeeker: failed open".to_owned(), way(Remote::Layers, None)),
        ("CannotPullContainerError: context canceled".to_owned(), way(Remote::Registry, None)),
        (
            "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed".to_owned(),
            way(Remote::Logs, None),
        ),
        (
            "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post \"https://logs.eu-west-1.amazonaws.com/\": dial tcp 10.0.1.9:443: i/o timeout".to_owned(),
            way(Remote::Logs, address("10.0.1.9:443")),
        ),
    ] {
        assert_eq!(cause(&reason), expected, "{reason}");
    }
    assert_eq!(address("10.0.3.7:443").unwrap().is_private(), Some(true));
    assert_eq!(address("100.64.0.9:443").unwrap().is_private(), Some(true));
    assert_eq!(address("52.1.2.3:443").unwrap().is_private(), Some(false));
    assert_eq!(address("[2600:1f18::1]:443").unwrap().is_private(), None);
}

#[test]
fn who_was_denied_what_is_kept() {
    let secret = "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf";
    for (reason, what, action, role, resource) in [
        (
            format!("ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: AccessDeniedException: User: arn:aws:sts::1:assumed-role/exec/0a1b is not authorized to perform: secretsmanager:GetSecretValue on resource: {secret} because no identity-based policy allows the action"),
            Remote::Secrets,
            Some("secretsmanager:GetSecretValue"),
            Some("exec"),
            Some(secret),
        ),
        (
            "CannotPullECRContainerError: AccessDeniedException: User: arn:aws:iam::1:role/path/exec is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:eu-west-1:1:repository/web".to_owned(),
            Remote::Registry,
            Some("ecr:BatchGetImage"),
            Some("exec"),
            Some("arn:aws:ecr:eu-west-1:1:repository/web"),
        ),
        (
            "ResourceInitializationError: failed to validate logger args: failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::1:assumed-role/exec/x is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:eu-west-1:1:log-group:/ecs/web:log-stream:ecs/web/0a because".to_owned(),
            Remote::Logs,
            Some("logs:CreateLogStream"),
            Some("exec"),
            Some("arn:aws:logs:eu-west-1:1:log-group:/ecs/web:log-stream:ecs/web/0a"),
        ),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: AccessDeniedException: Access to KMS is not allowed".to_owned(),
            Remote::Secrets,
            None,
            None,
            None,
        ),
    ] {
        let Cause::Denied(denied) = cause(&reason) else { panic!("{reason}") };
        assert_eq!((denied.what, denied.action.as_deref(), denied.role(), denied.resource.as_deref()), (what, action, role, resource), "{reason}");
    }
}

#[test]
fn causes_are_told_apart() {
    let image = |reference: &str| Some(Image::new(reference));
    for (reason, expected) in [
        (
            "CannotPullContainerError: failed to resolve ref 1.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:0a: not found",
            Cause::ImageNotFound(image("1.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:0a")),
        ),
        (
            "CannotPullECRContainerError: RepositoryNotFoundException: The repository with name 'web' does not exist",
            Cause::ImageNotFound(image("web")),
        ),
        (
            "CannotPullContainerError: The task cannot pull 'acme/web:1' from the registry 'docker.io'. Check whether the image exists.",
            Cause::ImageNotFound(image("acme/web:1")),
        ),
        (
            "CannotPullContainerError: httpReadSeeker: failed open: content at https://r/v2/x not found: not found",
            Cause::ImageNotFound(None),
        ),
        (
            "CannotPullContainerError: no matching manifest for linux/arm64/v8 in the manifest list entries",
            Cause::ImagePlatform { platform: Some("linux/arm64/v8".to_owned()) },
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: exec /app: exec format error",
            Cause::ImagePlatform { platform: None },
        ),
        (
            "CannotStartContainerError: exec: \"serve\": executable file not found in $PATH",
            Cause::CannotStart(Obstacle::CommandNotFound),
        ),
        (
            "CannotStartContainerError: exec: \"/app\": stat /app: no such file or directory",
            Cause::CannotStart(Obstacle::CommandNotFound),
        ),
        ("CannotStartContainerError: exec: \"/app\": permission denied", Cause::CannotStart(Obstacle::NotExecutable)),
        (
            "CannotStartContainerError: Bind for 0.0.0.0:80 failed: port is already allocated",
            Cause::CannotStart(Obstacle::PortTaken),
        ),
        (
            "CannotStartContainerError: error gathering device information while adding custom device",
            Cause::CannotStart(Obstacle::Device),
        ),
        (
            "CannotStartContainerError: container init was OOM-killed (memory limit too low?)",
            Cause::CannotStart(Obstacle::MemoryTooLow),
        ),
        (
            "CannotStartContainerError: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
            Cause::LogGroupMissing { certain: true },
        ),
        (
            "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition.",
            Cause::LogGroupMissing { certain: false },
        ),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: retrieved secret from Secrets Manager did not contain json key password",
            Cause::SecretKeyMissing { key: Some("password".to_owned()) },
        ),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: Secrets Manager can’t find the specified secret.",
            Cause::SecretMissing { secret: None, region: None },
        ),
        (
            "ResourceNotFoundException: Fetching secret data from AWS Secrets Manager in region eu-west-1: secret arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf: not",
            Cause::SecretMissing {
                secret: Some("arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf".to_owned()),
                region: Some("eu-west-1".to_owned()),
            },
        ),
        (
            "Fetching secret data from SSM Parameter Store in eu-west-1: invalid parameters: /shop/db",
            Cause::SecretMissing { secret: Some("/shop/db".to_owned()), region: Some("eu-west-1".to_owned()) },
        ),
        (
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve \"fs-1.efs.eu-west-1.amazonaws.com\"",
            Cause::Efs(Efs::Unresolved),
        ),
        (
            "ResourceInitializationError: failed to invoke EFS utils commands: b'mount.nfs4: Connection timed out'",
            Cause::Efs(Efs::Timeout),
        ),
        (
            "ResourceInitializationError: failed to invoke EFS utils commands: mount.nfs4: access denied by server while mounting 127.0.0.1:/",
            Cause::Efs(Efs::Denied),
        ),
        (
            "ResourceInitializationError: failed to invoke EFS utils commands: reason given by server: No such file or directory",
            Cause::Efs(Efs::NoDirectory),
        ),
        (
            "ResourceInitializationError: failed to download env files: RequestCanceled: context deadline exceeded",
            Cause::EnvironmentFile { network: true },
        ),
        (
            "ResourceInitializationError: failed to download env files: AccessDenied: Access Denied status code: 403",
            Cause::EnvironmentFile { network: false },
        ),
        (
            "ECS was unable to assume the role 'arn:aws:iam::1:role/exec' that was provided for this task.",
            Cause::RoleNotAssumable { role: Some("arn:aws:iam::1:role/exec".to_owned()), infrastructure: false },
        ),
        (
            "ECS was unable to assume the configured ECS Infrastructure Role 'arn:aws:iam::1:role/infra'.",
            Cause::RoleNotAssumable { role: Some("arn:aws:iam::1:role/infra".to_owned()), infrastructure: true },
        ),
        (
            "Timeout waiting for network interface provisioning to complete.",
            Cause::InterfaceTimeout { throttled: false },
        ),
        (
            "Rate limit exceeded while preparing network interface to be attached to instance",
            Cause::InterfaceTimeout { throttled: true },
        ),
        (
            "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-0123456789abcdef0': InsufficientFreeAddressesInSubnet",
            Cause::NoAddress { subnet: Some("subnet-0123456789abcdef0".to_owned()) },
        ),
        (
            "dependency graph: failed to resolve container ordering dependency [migrate] for target [web] as dependency did not exit successfully.",
            Cause::Dependency { on: Some("migrate".to_owned()), of: Some("web".to_owned()) },
        ),
        ("TaskDependencyError: Task dependencies cannot be resolved", Cause::Dependency { on: None, of: None }),
        ("DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s", Cause::RuntimeTimeout),
        ("TaskFailedToStart: RESOURCE:ENI", Cause::Placement),
        ("Timeout waiting for EphemeralStorage provisioning to complete.", Cause::Other),
    ] {
        assert_eq!(cause(reason), expected, "{reason}");
    }
}

#[test]
fn what_tasks_ended_with_is_no_start_failure() {
    for reason in [
        "",
        "Essential container in task exited",
        "OutOfMemoryError: Container killed due to memory usage",
        "Task failed ELB health checks in (target-group x)",
        "he said CannotPullContainerError: x",
    ] {
        assert_eq!(start_failure(reason), None, "{reason}");
    }
}

#[test]
fn an_image_reference_is_taken_apart() {
    let image = Image::new("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:31@sha256:0a");
    assert!(image.in_ecr());
    assert_eq!((image.account(), image.region()), (Some("111122223333"), Some("eu-west-1")));
    assert_eq!((image.repository(), image.tag(), image.digest()), ("shop/web", Some("31"), Some("sha256:0a")));
    let image = Image::new("nginx");
    assert_eq!((image.repository(), image.tag(), image.registry(), image.in_ecr()), ("nginx", None, None, false));
    let image = Image::new("localhost:5000/nginx");
    assert_eq!((image.repository(), image.tag(), image.registry()), ("nginx", None, Some("localhost:5000")));
}

#[test]
fn tasks_with_the_same_cause_compare_equal() {
    let denied = |task: &str| {
        let reason = format!(
            "ResourceInitializationError: failed to validate logger args: AccessDeniedException: User: arn:aws:sts::1:assumed-role/exec/{task} is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:eu-west-1:1:log-group:/ecs/web:log-stream:ecs/web/{task}"
        );
        start_failure(&reason).unwrap().fingerprint()
    };
    assert_eq!(denied("0a1b2c3d4e5f60718293a4b5c6d7e8f9"), denied("ffffffffffffffffffffffffffffffff"));
    let dialled = |address: &str| {
        start_failure(&format!("CannotPullContainerError: dial tcp {address}: i/o timeout")).unwrap().fingerprint()
    };
    assert_eq!(dialled("10.0.1.9:443"), dialled("10.0.2.8:443"));
    assert_ne!(dialled("10.0.1.9:443"), denied("0a"));
}

proptest! {
    #[test]
    fn any_text_is_an_answer(beginning in prop::sample::select(vec!["", "CannotPull", "ResourceInitializationError: ", "CannotStartContainerError: ", "ECS was unable to assume "]), end in "\\PC{0,200}") {
        start_failure(&format!("{beginning}{end}"));
        ebs_failure(&end);
    }
}
