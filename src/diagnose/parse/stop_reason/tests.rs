use proptest::prelude::*;

use super::*;
use StopClass as C;

#[test]
fn patterns_compile() {
    for pattern in [&LOAD_BALANCER, &INSTANCE] {
        assert!(pattern.is_some());
    }
}

fn assert_end(code: &str, reason: &str, class: StopClass, benign: bool, short: &str) {
    let found = stop_reason((!code.is_empty()).then_some(code), Some(reason));
    assert_eq!((found.class, found.benign, found.short.as_str()), (class, benign, short), "{reason}");
}

#[test]
fn ends_that_ecs_decided() {
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-tg/0a";
    for (code, reason, class, benign, short) in [
        (
            "EssentialContainerExited",
            "Essential container in task exited",
            C::EssentialContainerExited,
            false,
            "a container exited",
        ),
        (
            "ServiceSchedulerInitiated",
            &format!("Task failed ELB health checks in (target-group {arn})"),
            C::LoadBalancerHealth,
            false,
            "killed: failed ELB health checks (web-tg)",
        ),
        (
            "ServiceSchedulerInitiated",
            &format!("Task failed ELB health checks in (target-group {arn}"),
            C::LoadBalancerHealth,
            false,
            "killed: failed ELB health checks (web-tg)",
        ),
        (
            "ServiceSchedulerInitiated",
            "Task failed ELB health checks in (elb classic)",
            C::LoadBalancerHealth,
            false,
            "killed: failed ELB health checks (classic)",
        ),
        ("", "Task failed ELB health checks", C::LoadBalancerHealth, false, "killed: failed ELB health checks"),
        (
            "ServiceSchedulerInitiated",
            "Task failed container health checks",
            C::ContainerHealth,
            false,
            "killed: failed container health checks",
        ),
        (
            "ServiceSchedulerInitiated",
            "Scaling activity initiated by (deployment ecs-svc/12)",
            C::ScaledInOrReplaced,
            true,
            "scaled in or replaced",
        ),
        (
            "ServiceSchedulerInitiated",
            "Service web: ECS is performing maintenance on the underlying infrastructure hosting the task",
            C::Maintenance,
            true,
            "replaced for AWS maintenance",
        ),
        (
            "ServiceSchedulerInitiated",
            "Amazon ECS is performing maintenance on the underlying infrastructure hosting the task",
            C::Maintenance,
            true,
            "replaced for AWS maintenance",
        ),
        (
            "ServiceSchedulerInitiated",
            "Service web: Task cannot be placed; container instance is in DRAINING state",
            C::InstanceDraining,
            true,
            "container instance draining",
        ),
    ] {
        assert_end(code, reason, class, benign, short);
    }
}

#[test]
fn ends_that_others_decided() {
    for (code, reason, class, benign, short) in [
        ("SpotInterruption", "Your Spot Task was interrupted.", C::SpotInterruption, false, "Spot capacity reclaimed"),
        ("TerminationNotice", "Your Spot Task was interrupted.", C::SpotInterruption, false, "Spot capacity reclaimed"),
        (
            "TerminationNotice",
            "Host EC2 (instance i-0123456789abcdef0) terminated.",
            C::HostGone,
            false,
            "host terminated (i-0123456789abcdef0)",
        ),
        (
            "TerminationNotice",
            "Host EC2 (instance i-0123456789abcdef0) stopped.",
            C::HostGone,
            false,
            "host stopped (i-0123456789abcdef0)",
        ),
        (
            "UserInitiated",
            "Container instance deregistration forced by user",
            C::StoppedByUser,
            true,
            "stopped by a user: Container instance deregistration forced by user",
        ),
        (
            "TerminationNotice",
            "Container instance deregistration forced by user",
            C::HostGone,
            false,
            "container instance deregistered by force",
        ),
        (
            "SpotInterruption",
            "Essential container in task exited",
            C::SpotInterruption,
            false,
            "Spot capacity reclaimed",
        ),
        ("TerminationNotice", "Essential container in task exited", C::HostGone, false, "host reclaimed"),
        (
            "InfrastructureHealth",
            "Essential container in task exited",
            C::InfrastructureHealth,
            false,
            "AWS replaced unhealthy infrastructure",
        ),
        ("UserInitiated", "Task stopped by user", C::StoppedByUser, true, "stopped by a user"),
        ("UserInitiated", "", C::StoppedByUser, true, "stopped by a user"),
        (
            "UserInitiated",
            "OutOfMemoryError: just kidding",
            C::StoppedByUser,
            true,
            "stopped by a user: OutOfMemoryError: just kidding",
        ),
        ("InfrastructureHealth", "", C::InfrastructureHealth, false, "AWS replaced unhealthy infrastructure"),
        ("", "OutOfMemoryError: Container killed due to memory usage", C::OutOfMemory, false, "out of memory"),
        ("TaskFailedToStart", "something new", C::Unknown, false, "failed to start: something new"),
        ("", "", C::Unknown, false, "stopped"),
        (
            "",
            "he said: Task failed ELB health checks",
            C::Unknown,
            false,
            "stopped: he said: Task failed ELB health checks",
        ),
    ] {
        assert_end(code, reason, class, benign, short);
    }
}

#[test]
fn images_that_cannot_be_pulled() {
    let ecr = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    for (detail, short) in [
        (format!("ContainerError: inspect image has been retried 1 time(s): failed to resolve ref \"{ecr}/shop/web:31\": {ecr}/shop/web:31: not found"), "image not found: shop/web:31"),
        ("ContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/nope:latest: docker.io/library/nope:latest: not found".to_owned(), "image not found: nope:latest"),
        ("ContainerError: Error response from daemon: manifest for nginx:nope not found: manifest unknown".to_owned(), "image not found: nginx:nope"),
        ("ECRContainerError: An error occurred: repository shop/web not found".to_owned(), "image not found: shop/web"),
        ("ContainerError: failed to resolve ref docker.io/acme/private:1: pull access denied, repository does not exist or may require authorization".to_owned(), "image pull denied: acme/private:1"),
        (format!("ContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {ecr}/web:1: pulling from host {ecr} failed with status code [manifests 1]: 403 Forbidden"), "image pull denied: web:1"),
        ("ContainerAuthError: something".to_owned(), "image pull denied"),
        ("ContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/x: 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit".to_owned(), "image pull rate limit reached"),
        ("ContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'".to_owned(), "image has no build for linux/amd64"),
        ("ContainerError: write /var/lib: no space left on device".to_owned(), "no disk space for the image"),
        (format!("ContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {ecr}/web:1: failed to do request: Head \"https://{ecr}/v2/\": dial tcp 10.0.3.7:443: i/o timeout"), "image registry unreachable (10.0.3.7:443)"),
        ("ContainerError: ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed open: dial tcp 52.1.2.3:443: connect: connection refused".to_owned(), "image registry unreachable (52.1.2.3:443)"),
        ("ContainerError: ref pull: failed to copy: httpReadSeeker: failed open: failed to do req".to_owned(), "image registry unreachable"),
        ("ContainerError: dial tcp: lookup registry.invalid on 10.0.0.2:53: no such host".to_owned(), "image registry unreachable (registry.invalid)"),
        ("ContainerError: The task can’t pull the image.".to_owned(), "image cannot be pulled"),
        ("ImageManifestError: something".to_owned(), "image cannot be pulled"),
        (format!("ContainerError: failed to resolve ref {ecr}/web"), "image cannot be pulled: web"),
    ] {
        let found = stop_reason(Some("TaskFailedToStart"), Some(&format!("CannotPull{detail}")));
        assert_eq!(found.class, C::ImagePull, "{detail}");
        assert_eq!(found.short, short, "{detail}");
    }
}

#[test]
fn resources_that_cannot_be_prepared() {
    let secrets = "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): ";
    let registry = "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): ";
    for (detail, class, short) in [
        (format!("{secrets}AccessDeniedException: User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: secretsmanager:GetSecretValue on resource: arn"), C::Secret, "denied: secretsmanager:GetSecretValue"),
        (format!("{secrets}ResourceNotFoundException: Secrets Manager can't find the specified secret."), C::Secret, "secret not found"),
        ("unable to pull secrets or registry auth: unable to retrieve secrets from ssm: invalid ssm parameters: /shop/db".to_owned(), C::Secret, "secret not found: /shop/db"),
        (format!("{registry}RequestError: send request failed caused by: Post \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp 10.0.3.7:443: i/o timeout"), C::Secret, "registry login unreachable (10.0.3.7:443)"),
        ("unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR.".to_owned(), C::Secret, "registry login unreachable"),
        ("unable to pull secrets or registry auth: ".to_owned(), C::Secret, "secrets or registry cannot be read"),
        ("failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.".to_owned(), C::Logging, "log group does not exist"),
        ("failed to validate logger args: failed to create Cloudwatch log group: AccessDeniedException: User: x is not authorized to perform: logs:CreateLogGroup on".to_owned(), C::Logging, "denied: logs:CreateLogGroup"),
        ("failed to validate logger args: : signal: killed".to_owned(), C::Logging, "CloudWatch Logs unreachable"),
        ("failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve".to_owned(), C::Volume, "EFS volume cannot be mounted"),
        ("failed to download env files: file download command: non empty error stream".to_owned(), C::Resource, "environment file cannot be read"),
        ("something else".to_owned(), C::Resource, "task resources: something else"),
    ] {
        let found = stop_reason(Some("TaskFailedToStart"), Some(&format!("ResourceInitializationError: {detail}")));
        assert_eq!((found.class, found.short.as_str()), (class, short), "{detail}");
        assert!(!found.benign);
    }
}

#[test]
fn other_failures_to_start() {
    for (reason, class, short) in [
        (
            "ResourceNotFoundException: Fetching secret data from AWS Secrets Manager in region eu-west-1: secret arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf: not",
            C::Secret,
            "secret not found: db-AbCdEf",
        ),
        (
            "CannotStartContainerError: Error response from daemon: OCI runtime create failed",
            C::Runtime,
            "container cannot start: Error response from daemon: OCI runtime create failed",
        ),
        (
            "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
            C::Runtime,
            "container runtime timed out: Could not transition to started; timed out after waiting 3m0s",
        ),
        ("ContainerRuntimeTimeoutError", C::Runtime, "container runtime timed out"),
        ("Timeout waiting for network interface provisioning to complete.", C::Network, "network interface timed out"),
        (
            "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-1'",
            C::Network,
            "no network interface: subnet out of addresses?",
        ),
        ("Timeout waiting for EphemeralStorage provisioning to complete.", C::Volume, "ephemeral storage timed out"),
        ("TaskFailedToStart: RESOURCE:MEMORY", C::Placement, "no room to place tasks: memory"),
        ("RESOURCE:CPU", C::Placement, "no room to place tasks: cpu"),
        ("TaskFailedToStart: NO ACTIVE INSTANCES", C::Placement, "no container instances in the cluster"),
        ("InternalError: failed", C::Internal, "internal error of AWS"),
        (
            "The selected task definition is not compatible with the selected compute strategy",
            C::Incompatible,
            "task definition does not fit the launch type",
        ),
    ] {
        let found = stop_reason(Some("TaskFailedToStart"), Some(reason));
        assert_eq!((found.class, found.short.as_str()), (class, short), "{reason}");
    }
}

proptest! {
    #[test]
    fn a_reason_cut_off_anywhere_is_read(cut in 0_usize..400) {
        let reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 1.dkr.ecr.eu-west-1.amazonaws.com/web:1: dial tcp 10.0.3.7:443: i/o timeout";
        let cut: String = reason.chars().take(cut).collect();
        let found = stop_reason(Some("TaskFailedToStart"), Some(&cut));
        prop_assert!(!found.benign);
        if cut.len() > "CannotPull".len() {
            prop_assert_eq!(found.class, C::ImagePull);
        }
    }

    #[test]
    fn any_text_is_an_answer(code in "\\PC{0,20}", reason in "\\PC{0,200}") {
        stop_reason(Some(&code), Some(&reason));
    }
}
