use super::*;
use crate::diagnose::finding::Scope;
use crate::diagnose::fixtures::{Case, ServiceFixture, at, container, definition, running_task, service, stopped_task};
use crate::diagnose::scene::Scene;
use crate::model::arn::{TaskArn, TaskDefinitionArn};
use crate::model::network::Subnet;
use crate::model::observation::{LogExcerpt, LogLine};
use crate::model::query::{Answer, LogStream, Query};
use crate::model::service::{NetworkConfiguration, Service};
use crate::model::service_deployment::ServiceDeployment;
use crate::model::task::{Attachment, Task};
use crate::model::task_definition::{ContainerHealthCheck, EnvironmentSource, EnvironmentVariable};

/// Task `number` of `ecs-svc/1`, which failed to start at 900 s + its number.
fn failed(number: i64, reason: &str) -> Task {
    let mut task = stopped_task("TaskFailedToStart", reason, vec![container("web", None, None)]);
    task.arn = TaskArn::new(format!("arn:aws:ecs:eu-west-1:1:task/shop/{number:032x}"));
    task.task_definition = TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:30");
    (task.created_at, task.started_at) = (Some(at(800 + number)), None);
    (task.stopping_at, task.execution_stopped_at) = (Some(at(890 + number)), None);
    task.stopped_at = Some(at(900 + number));
    task
}

fn broken() -> Service {
    service("web", 2).counts(0, 0)
}

fn case(reason: &str) -> Case {
    Case::new(broken()).definition(definition(30)).tasks(vec![failed(1, reason), failed(2, reason)])
}

const AUTH: &str = "ResourceInitializationError: unable to pull secrets or registry auth: ";
const ROLE: &str = "User: arn:aws:sts::1:assumed-role/exec/0a is not authorized to perform: ";

#[test]
fn what_aws_says_becomes_a_finding() {
    let ecr = "1.dkr.ecr.eu-west-1.amazonaws.com";
    for (reason, id) in [
        (format!("{AUTH}AccessDeniedException: {ROLE}ecr:GetAuthorizationToken on resource: *"), "ecr-auth-iam"),
        (format!("CannotPullContainerError: failed to resolve ref {ecr}/web:1: 403 Forbidden"), "ecr-auth-iam"),
        (format!("CannotPullContainerError: failed to resolve ref {ecr}/web:1: {ecr}/web:1: not \
            found"), "image-not-found"),
        (format!("CannotPullContainerError: failed to resolve ref {ecr}/web@sha256:0a: not \
            found"), "image-digest-expired"),
        ("CannotPullContainerError: failed to resolve ref docker.io/acme/web:1: pull access denied, repository does \
            not exist or may require authorization".to_owned(), "image-pull-access-denied"),
        ("CannotPullContainerError: toomanyrequests: You have reached your pull rate \
            limit".to_owned(), "image-rate-limited"),
        ("CannotPullContainerError: image Manifest does not contain descriptor matching platform \
            'linux/amd64'".to_owned(), "image-platform-mismatch"),
        ("CannotStartContainerError: exec /app: exec format error".to_owned(), "image-platform-mismatch"),
        ("CannotPullContainerError: write /x: no space left on device".to_owned(), "image-too-large-no-space"),
        ("CannotPullContainerError: dial tcp 10.0.3.7:443: i/o timeout".to_owned(), "image-pull-network"),
        (format!("{AUTH}There is a connection issue between the task and Amazon ECR. dial tcp 10.0.3.7:443: i/o \
            timeout"), "image-pull-network"),
        (format!("{AUTH}context deadline exceeded"), "image-pull-network"),
        (format!("{AUTH}unable to retrieve secret from asm: dial tcp 10.0.3.7:443: i/o timeout"), "task-start-network"),
        (format!("{AUTH}unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager can’t find the \
            specified secret."), "secret-missing"),
        (format!("{AUTH}invalid ssm parameters: /shop/db"), "secret-missing"),
        (format!("{AUTH}unable to retrieve secret from asm: AccessDeniedException: {ROLE}secretsmanager:GetSecretValue \
            on resource: arn:aws:secretsmanager:eu-west-1:1:secret:db"), "secret-access-denied"),
        (format!("{AUTH}unable to retrieve secret from asm: AccessDeniedException: {ROLE}kms:Decrypt on resource: \
            arn:aws:kms:eu-west-1:1:key/0a"), "secret-access-denied"),
        (format!("{AUTH}retrieved secret from Secrets Manager did not contain json key \
            password"), "secret-json-key-missing"),
        ("ResourceInitializationError: failed to validate logger args: ResourceNotFoundException: The specified log \
            group does not exist.".to_owned(), "log-group-missing"),
        ("ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log \
            group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. \
            Check your network configuration. : signal: killed".to_owned(), "task-start-network"),
        (format!("ResourceInitializationError: failed to validate logger args: AccessDeniedException: \
            {ROLE}logs:CreateLogStream on resource: \
            arn:aws:logs:eu-west-1:1:log-group:/ecs/web:log-stream:x"), "log-permission-denied"),
        ("ResourceInitializationError: failed to download env files: \
            AccessDenied".to_owned(), "env-file-download-failed"),
        ("ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: timed \
            out".to_owned(), "efs-mount-failed"),
        ("Timeout waiting for network interface provisioning to complete.".to_owned(), "eni-provisioning-timeout"),
        ("Unexpected EC2 error while attempting to Create Network Interface in subnet \
            'subnet-0123456789abcdef0'".to_owned(), "subnet-ip-exhausted"),
        ("The selected task definition is not compatible with the selected compute \
            strategy".to_owned(), "taskdef-incompatible-compute"),
        ("DockerTimeoutError: Could not transition to started; timed out after waiting \
            3m0s".to_owned(), "container-runtime-timeout"),
        ("CannotStartContainerError: exec: \"serve\": executable file not found in \
            $PATH".to_owned(), "cannot-start-container"),
        ("TaskDependencyError: Task dependencies cannot be resolved".to_owned(), "dependson-deadlock"),
        ("ECS was unable to assume the role 'arn:aws:iam::1:role/exec' that was provided for this \
            task.".to_owned(), "role-not-assumable"),
        ("Timeout waiting for EphemeralStorage provisioning to complete.".to_owned(), "task-start-failed"),
        ("Something AWS never said before".to_owned(), "task-start-failed"),
    ] {
        let findings = case(&reason).find(&FAMILY);
        assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), [id], "{reason}");
        let finding = &findings[0];
        assert!(finding.evidence.iter().any(|evidence| evidence.field == "stoppedReason"), "{reason}");
        assert!(finding.evidence.iter().any(|evidence| evidence.field.starts_with("derived: stopped \
            tasks") && evidence.value == "2"), "{reason}");
        assert_eq!((finding.scope.tasks.len(), finding.scope.deployment.as_deref()), (2, Some("ecs-svc/1")));
        assert_eq!(finding.scope.task_definition.as_deref(), Some("web:30"));
        assert!(finding.severity <= Severity::Error, "{reason}");
    }
}

#[test]
fn the_words_may_stand_elsewhere() {
    let reason = "CannotPullContainerError: failed to resolve ref docker.io/library/nope:1: not found";
    let ids = |case: &Case| case.ids(&FAMILY);
    let mut task = failed(1, "Task failed to start");
    task.containers = vec![container("web", None, Some(reason))];
    assert_eq!(ids(&Case::new(broken()).tasks(vec![task])), ["image-not-found"]);
    let placed = format!("was unable to place a task. Reason: {reason}.");
    assert_eq!(ids(&Case::new(broken().events(&[(900, placed.as_str())])).tasks(Vec::new())), ["image-not-found"]);
    // Without missing tasks an event proves nothing.
    assert_eq!(ids(&Case::new(service("web", 2).events(&[(900, placed.as_str())]))), [""; 0]);
    let launch = "failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::1:role/exec' \
        that was provided for this task.)";
    let findings = Case::new(broken().events(&[(900, launch)])).definition(definition(30)).find(&FAMILY);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["role-not-assumable"]);
    assert!(findings[0].fix.as_ref().unwrap().commands[0].contains("--role-name exec"));
    let mut task = failed(1, "");
    task.attachments = vec![Attachment {
        kind: "AmazonElasticBlockStorage".to_owned(),
        status: Some("FAILED".to_owned()),
        details: vec![(
            "statusReason".to_owned(),
            "ECS was unable to assume the configured ECS Infrastructure Role 'arn:aws:iam::1:role/infra'".to_owned(),
        )],
    }];
    assert_eq!(ids(&Case::new(broken()).tasks(vec![task])), ["ebs-attach-failed"]);
}

#[test]
fn a_service_deployment_may_say_why() {
    let deployment = |status: &str| ServiceDeployment {
        arn: crate::model::arn::ServiceDeploymentArn::from("arn:aws:ecs:eu-west-1:1:service-deployment/shop/web/0a"),
        status: status.to_owned(),
        status_reason: Some(
            "Service deployment failed: ECS was unable to assume the role 'arn:aws:iam::1:role/exec'.".to_owned(),
        ),
        lifecycle_stage: None,
        created_at: None,
        started_at: None,
        finished_at: None,
        circuit_breaker: None,
        triggered_alarms: Vec::new(),
        alarms_status: None,
        rollback_reason: None,
        rollback_to: None,
        source_revisions: Vec::new(),
        target_revision: None,
        hooks: Vec::new(),
    };
    assert_eq!(Case::new(broken()).deployments(vec![deployment("IN_PROGRESS")]).ids(&FAMILY), ["role-not-assumable"]);
    assert_eq!(Case::new(service("web", 2)).deployments(vec![deployment("SUCCESSFUL")]).ids(&FAMILY), [""; 0]);
}

#[test]
fn what_is_over_or_meant_is_silent() {
    let reason = "CannotPullContainerError: x: not found";
    let started_since = {
        let mut task = running_task("ecs-svc/1", "10.0.0.1", at(950));
        task.created_at = Some(at(940));
        task
    };
    let by_user = {
        let mut task = failed(1, reason);
        task.stop_code = Some("UserInitiated".to_owned());
        task
    };
    let of_old = Task { started_by: Some("ecs-svc/0".to_owned()), ..failed(1, reason) };
    let room = failed(1, "RESOURCE:MEMORY");
    for (what, service, tasks) in [
        ("others started since", service("web", 2), vec![failed(1, reason), started_since.clone()]),
        ("once, and others started since", broken(), vec![failed(1, reason), started_since]),
        ("what a user wrote", broken(), vec![by_user]),
        ("of an older deployment", broken(), vec![of_old]),
        ("switched off", service("web", 0), vec![failed(1, reason)]),
        ("no room is another matter", broken(), vec![room]),
    ] {
        assert_eq!(Case::new(service).tasks(tasks).ids(&FAMILY), [""; 0], "{what}");
    }
    // An old, complete deployment whose newest start failed: scaling out or replacing is broken now.
    let expired = "CannotPullContainerError: failed to resolve ref r.io/web@sha256:0a: not found";
    assert_eq!(Case::new(service("web", 2)).tasks(vec![failed(1, expired)]).ids(&FAMILY), ["image-digest-expired"]);
    let late = Case::new(service("web", 2)).tasks(vec![failed(1, expired)]).at(900 + 3_700);
    assert_eq!(late.ids(&FAMILY), [""; 0]);
}

#[test]
fn a_deployment_that_was_rolled_back_is_explained_as_past() {
    let mut task = failed(1, "CannotPullContainerError: x: not found");
    task.started_by = Some("ecs-svc/9".to_owned());
    task.task_definition = TaskDefinitionArn::from("arn:aws:ecs:eu-west-1:1:task-definition/web:31");
    let back = service("web", 2).events(&[(950, "rolling back to deployment ecs-svc/1.")]);
    let findings = Case::new(back).tasks(vec![task]).find(&FAMILY);
    assert_eq!(findings.len(), 1);
    assert_eq!(
        (findings[0].id(), findings[0].severity, findings[0].bearing),
        ("image-not-found", Severity::Info, Bearing::Past)
    );
    assert_eq!(findings[0].scope.deployment.as_deref(), Some("ecs-svc/9"));
}

#[test]
fn the_dialled_address_is_evidence_and_explained() {
    for (address, words) in [("10.0.3.7:443", "interface endpoint"), ("52.1.2.3:443", "public address")] {
        let findings = case(&format!(
            "{AUTH}There is a connection issue between the task and Amazon ECR. dial tcp {address}: i/o timeout"
        ))
        .find(&FAMILY);
        assert!(findings[0].explanation.contains(words), "{}", findings[0].explanation);
        assert!(
            findings[0]
                .evidence
                .iter()
                .any(|evidence| evidence.field.contains("address dialled") && evidence.value == address)
        );
    }
}

#[test]
fn a_log_group_that_exists_is_not_missing() {
    let reason = "ResourceInitializationError: failed to validate logger args: ResourceNotFoundException: The \
        specified log group does not exist.";
    let query = Query::LogGroup { name: "/ecs/web".to_owned(), region: None };
    assert_eq!(wanted_log_groups(&Scene::new(case(reason).facts())), [("/ecs/web".to_owned(), None)]);
    assert_eq!(wanted_log_groups(&Scene::new(case("CannotPullContainerError: x").facts())), []);
    let confirmed = case(reason).with(query.clone(), Answer::LogGroup(false)).find(&FAMILY);
    assert_eq!((confirmed[0].id(), confirmed[0].confidence), ("log-group-missing", Confidence::Certain));
    assert!(confirmed[0].fix.as_ref().unwrap().commands[0].contains("--log-group-name /ecs/web"));
    assert_eq!(case(reason).with(query, Answer::LogGroup(true)).ids(&FAMILY), [""; 0]);
}

#[test]
fn secrets_of_another_region_stand_out() {
    let arn = "arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf";
    let reason = format!(
        "ResourceNotFoundException: Fetching secret data from AWS Secrets Manager in region us-east-1: secret {arn}: \
            ResourceNotFound"
    );
    let finding = case(&reason).find(&FAMILY).remove(0);
    assert!(finding.title.contains("us-east-1") && finding.title.contains("eu-west-1"), "{}", finding.title);
    // Cut off before the name: the definition tells.
    let mut definition = definition(30);
    definition.containers[0].environment =
        vec![EnvironmentVariable { name: "DB".to_owned(), source: EnvironmentSource::Reference(arn.to_owned()) }];
    let reason = format!("{AUTH}unable to retrieve secret from asm: ResourceNotFoundException: Secrets Ma");
    let finding = case(&reason).definition(definition).find(&FAMILY).remove(0);
    assert!(finding.title.contains("us-east-1"), "{}", finding.title);
}

#[test]
fn one_interface_that_came_late_is_a_note() {
    let reason = "Timeout waiting for network interface provisioning to complete.";
    let once = Case::new(broken()).tasks(vec![failed(1, reason)]).find(&FAMILY);
    assert_eq!((once[0].id(), once[0].severity), ("eni-provisioning-timeout", Severity::Info));
    assert_eq!(case(reason).find(&FAMILY)[0].severity, Severity::Error);
}

fn with_subnets(service: Service, available: &[u32]) -> Case {
    let ids: Vec<String> = (0..available.len()).map(|index| format!("subnet-{index}")).collect();
    let subnets = ids.iter().zip(available).map(|(id, count)| Subnet {
        id: id.clone(),
        vpc: Some("vpc-1".to_owned()),
        availability_zone: None,
        cidrs: vec!["10.0.0.0/24".parse().unwrap()],
        available_addresses: Some(*count),
    });
    let network = NetworkConfiguration { subnets: ids.clone(), ..NetworkConfiguration::default() };
    let query = Query::Subnets { subnets: ids.clone() };
    Case::new(Service { network: Some(network), ..service }).with(query, Answer::Subnets(subnets.collect()))
}

#[test]
fn subnets_run_out_of_addresses() {
    for (what, service, available, expected) in [
        ("plenty", service("web", 2), &[200, 180][..], None),
        ("none left, nothing missing", service("web", 2), &[0, 0], Some((Severity::Warning, Bearing::Hygiene))),
        ("less than a tenth", service("web", 2), &[10, 12], Some((Severity::Warning, Bearing::Hygiene))),
        ("less than a wave", service("web", 300), &[120, 100], Some((Severity::Warning, Bearing::Hygiene))),
        ("none left, tasks missing", broken(), &[0, 0], Some((Severity::Critical, Bearing::Present))),
        ("one has some", broken(), &[0, 200], None),
    ] {
        let findings = with_subnets(service, available).find(&FAMILY);
        assert_eq!(findings.first().map(|finding| (finding.severity, finding.bearing)), expected, "{what}");
        assert!(findings.iter().all(|finding| finding.id() == "subnet-ip-exhausted"), "{what}");
    }
}

#[test]
fn an_execution_role_is_missed_only_where_it_is_needed() {
    let without = |change: fn(&mut crate::model::task_definition::TaskDefinition)| {
        let mut definition = definition(30);
        definition.execution_role = None;
        change(&mut definition);
        definition
    };
    let public = without(|definition| {
        definition.containers[0].image = "nginx".to_owned();
        definition.containers[0].logs = None;
    });
    assert_eq!(Case::new(broken()).definition(without(|_| {})).ids(&FAMILY), ["execution-role-missing"]);
    assert_eq!(Case::new(broken()).definition(public).ids(&FAMILY), [""; 0]);
    assert_eq!(Case::new(broken()).definition(definition(30)).ids(&FAMILY), [""; 0]);
    // It runs, so it is not needed, whatever we think.
    assert_eq!(Case::new(service("web", 2)).definition(without(|_| {})).ids(&FAMILY), [""; 0]);
    let mut on_ec2 = broken();
    on_ec2.launch_type = Some("EC2".to_owned());
    let mut definition = without(|_| {});
    definition.requires_compatibilities = vec!["EC2".to_owned()];
    assert_eq!(Case::new(on_ec2).definition(definition).ids(&FAMILY), [""; 0]);
}

#[test]
fn a_definition_for_another_launch_type_never_starts() {
    let mut other = definition(30);
    other.requires_compatibilities = vec!["EC2".to_owned()];
    assert_eq!(Case::new(broken()).definition(other.clone()).ids(&FAMILY), ["taskdef-incompatible-compute"]);
    assert_eq!(Case::new(service("web", 2)).definition(other).ids(&FAMILY), [""; 0]);
}

#[test]
fn containers_wait_for_each_other() {
    let with = |condition: &str, check: bool| {
        let mut definition = definition(30);
        let mut init = definition.containers[0].clone();
        init.name = "init".to_owned();
        init.essential = false;
        init.health_check = check.then(|| ContainerHealthCheck {
            command: vec!["CMD-SHELL".to_owned(), "true".to_owned()],
            interval_seconds: 30,
            timeout_seconds: 5,
            retries: 3,
            start_period_seconds: None,
        });
        definition.containers.push(init);
        definition.containers[0].depends_on = vec![("init".to_owned(), condition.to_owned())];
        definition
    };
    assert_eq!(Case::new(broken()).definition(with("HEALTHY", false)).ids(&FAMILY), ["dependson-deadlock"]);
    assert_eq!(Case::new(broken()).definition(with("HEALTHY", true)).ids(&FAMILY), [""; 0]);
    assert_eq!(Case::new(broken()).definition(with("START", false)).ids(&FAMILY), [""; 0]);
    assert_eq!(Case::new(service("web", 2)).definition(with("HEALTHY", false)).ids(&FAMILY), [""; 0]);
    let mut task = failed(1, "Task failed to start");
    task.containers = vec![container("web", None, None), container("init", Some(3), None)];
    let exited = |condition| Case::new(broken()).definition(with(condition, false)).tasks(vec![task.clone()]);
    let findings = exited("SUCCESS").find(&FAMILY);
    assert_eq!(findings.iter().map(Finding::id).collect::<Vec<_>>(), ["dependson-deadlock"]);
    assert!(findings[0].title.contains("web waits for init"));
    assert_eq!(exited("COMPLETE").ids(&FAMILY), [""; 0]);
}

#[test]
fn a_task_that_hangs_says_in_which_phase() {
    let pending = |phase: &str, created: i64| Task {
        last_status: phase.to_owned(),
        desired_status: "RUNNING".to_owned(),
        stopped_at: None,
        stopping_at: None,
        created_at: Some(at(created)),
        pull_started_at: Some(at(created + 10)),
        ..failed(1, "")
    };
    for (phase, created, words) in [
        ("PENDING", 600, Some("pulling its image")),
        ("PROVISIONING", 600, Some("capacity")),
        ("ACTIVATING", 600, Some("registered")),
        ("PENDING", 800, None),
        ("RUNNING", 600, None),
    ] {
        let findings = Case::new(broken()).tasks(vec![pending(phase, created)]).find(&FAMILY);
        assert_eq!(
            findings.first().map(|finding| finding.title.contains(words.unwrap_or("-"))),
            words.map(|_| true),
            "{phase}"
        );
    }
}

#[test]
fn a_wrong_architecture_may_only_show_in_the_log() {
    let mut task = failed(1, "Essential container in task exited");
    task.stop_code = Some("EssentialContainerExited".to_owned());
    task.started_at = Some(at(850));
    task.containers = vec![container("web", Some(255), None)];
    let stream = LogStream { group: "/ecs/web".to_owned(), stream: format!("ecs/web/{:032x}", 1), region: None };
    let logged = |message: &str| {
        let line = LogLine { at: at(851), message: message.to_owned() };
        let excerpt = LogExcerpt { head: vec![line], ..LogExcerpt::default() };
        Case::new(broken())
            .definition(definition(30))
            .tasks(vec![task.clone()])
            .with(Query::Logs { stream: stream.clone(), since: at(801) }, Answer::Logs(Box::new(excerpt)))
    };
    let wrong = logged("exec /usr/local/bin/app: exec format error");
    assert_eq!(wrong.ids(&FAMILY), ["image-platform-mismatch"]);
    assert_eq!(wrong.ids(&super::super::task_stop::FAMILY), [""; 0]);
    assert_eq!(logged("cannot reach database").ids(&FAMILY), [""; 0]);
}

#[test]
fn every_kind_has_its_page() {
    for entry in FAMILY.entries {
        assert!(
            !entry.title.is_empty() && !entry.meaning.is_empty() && !entry.decided.is_empty() && !entry.fix.is_empty(),
            "{}",
            entry.id
        );
        assert!(
            !entry.sources.is_empty() && entry.number > 0 && entry.rank < Rank::Application
                || entry.rank == Rank::Symptom,
            "{}",
            entry.id
        );
    }
}

#[test]
fn hostile_text_is_neutralised() {
    let finding = case("CannotStartContainerError: \u{1b}[2J\u{202e} exploded").find(&FAMILY).remove(0);
    let shown = serde_json::to_string(&finding).unwrap();
    assert!(!shown.contains('\u{1b}') && !shown.contains("\\u001b") && !shown.contains('\u{202e}'), "{shown}");
    assert_ne!(finding.scope, Scope::default());
}
