//! Pages about health checks that get no answer, or no connection.

use super::{ALB_TROUBLE, CHECK, ECS_BALANCERS, NLB_CHECKS, TARGET_HEALTH};
use crate::diagnose::catalogue::{Effect, Entry, Rank};
use crate::diagnose::finding::Severity;

const REFUSED: &[&str] = &["hc-connection-refused"];
const SILENT: &[&str] = &["hc-timeout-app-not-answering"];

/// The request arrives and the answer comes too late.
pub(in super::super) static SLOW_ENDPOINT: Entry = Entry {
    id: "hc-timeout-slow-endpoint",
    number: 10,
    instead_of: SILENT,
    title: "Health checks arrive, but are answered too late",
    meaning: "The log of the application shows requests of ELB-HealthChecker, so packets get through; the answer takes longer than the timeout of the health check. Typical are checks that ask a database or wait for a lock.",
    decided: "TargetHealth.Reason is Target.Timeout (or Target.FailedHealthChecks of an HTTP check behind a network load balancer), nothing is known to drop packets, and the log of a task names ELB-HealthChecker within the last checks.",
    fix: "Give the check a cheaper path, or more time: aws elbv2 modify-target-group --target-group-arn ARN --health-check-timeout-seconds 10 --health-check-interval-seconds 30",
    sources: &[ALB_TROUBLE],
    ..CHECK
};

/// The tasks have no CPU left.
pub(in super::super) static CPU_STARVED: Entry = Entry {
    id: "hc-timeout-cpu-starved",
    number: 11,
    instead_of: SILENT,
    title: "The tasks are too busy to answer health checks",
    meaning: "Packets get through, but the tasks use all the CPU they have and answer too late.",
    decided: "TargetHealth.Reason is Target.Timeout, nothing is known to drop packets, and CPUUtilization was at 95 % or more over the last five minutes (95th percentile of the average, or the median of the busiest task).",
    fix: "Run more tasks, or give them more CPU in a new revision: aws ecs update-service --cluster CLUSTER --service SERVICE --desired-count N",
    sources: &[ALB_TROUBLE],
    ..CHECK
};

/// Packets are allowed and nothing answers.
pub(in super::super) static NOT_ANSWERING: Entry = Entry {
    id: "hc-timeout-app-not-answering",
    number: 12,
    effect: Some(Effect::UnhealthyTargets),
    title: "Packets get through, but the application does not answer",
    meaning: "Security groups, network ACLs and routes were checked and let the health check through; it is no problem of network rules. The application accepts connections and hangs, its backlog is full, a firewall inside the host drops packets, or the process is stopped.",
    decided: "TargetHealth.Reason is Target.Timeout, the path from the load balancer to the health-check port is open (or a healthy target in the same subnet with the same security groups shows it), the log does not show the checks, and CPU is not exhausted.",
    fix: "Ask the application from inside: aws ecs execute-command --cluster CLUSTER --task TASK --container CONTAINER --interactive --command \"sh -c 'curl -sv -m 5 localhost:PORT/PATH'\"",
    sources: &[ALB_TROUBLE],
    ..CHECK
};

/// The rules could not be read.
pub(in super::super) static UNVERIFIED: Entry = Entry {
    id: "hc-timeout-network-unverified",
    number: 13,
    severity: Severity::Warning,
    effect: Some(Effect::UnhealthyTargets),
    title: "Health checks time out, and the network could not be checked",
    meaning: "No answer comes. Most often packets are dropped on the way, but not everything that decides about them could be read, so neither the network nor the application can be ruled out.",
    decided: "TargetHealth.Reason is Target.Timeout (or Target.FailedHealthChecks behind a network load balancer), the path is UNKNOWN, no log line names ELB-HealthChecker, and no healthy target with the same subnet and security groups shows that the path is open.",
    fix: "Allow ec2:DescribeSecurityGroups, ec2:DescribeNetworkInterfaces, ec2:DescribeNetworkAcls, ec2:DescribeSubnets and ec2:DescribeRouteTables, or run the Reachability Analyzer.",
    sources: &[TARGET_HEALTH, ALB_TROUBLE],
    ..CHECK
};

/// Refused, and nothing says why.
pub(in super::super) static CONNECTION_REFUSED: Entry = Entry {
    id: "hc-connection-refused",
    number: 14,
    effect: Some(Effect::UnhealthyTargets),
    title: "The connection of the health check is refused",
    meaning: "The task is reached, but the connection is refused or reset, TLS fails, or the answer is garbled. The process does not listen (yet), listens on another port or on 127.0.0.1 only, or speaks another protocol. Dropped packets look different: they time out.",
    decided: "TargetHealth.Reason is Target.FailedHealthChecks, the containers run, and nothing more specific could be proven.",
    fix: "Look at the log for the port and address the application listens on, and compare with the target's port.",
    sources: &[TARGET_HEALTH, ALB_TROUBLE],
    ..CHECK
};

/// The check goes to a port the task does not have.
pub(in super::super) static WRONG_PORT: Entry = Entry {
    id: "hc-wrong-port",
    number: 15,
    instead_of: REFUSED,
    title: "The health check goes to a port the task does not serve",
    meaning: "The target group checks a fixed port that is none of the task's. With dynamic host ports a fixed health-check port can hardly be right.",
    decided: "HealthCheckPort is a number that is no containerPort of the task definition (awsvpc, host) or no host port of the task (bridge), and checks fail with Target.FailedHealthChecks, behind a network load balancer also with a timeout. Certain where host ports are dynamic, medium where the task has its own interface and only a timeout is known, since undeclared ports can be served there.",
    fix: "aws elbv2 modify-target-group --target-group-arn ARN --health-check-port traffic-port",
    sources: &[ECS_BALANCERS],
    ..CHECK
};

/// TLS where plain is spoken, or the reverse.
pub(in super::super) static PROTOCOL: Entry = Entry {
    id: "hc-protocol-mismatch",
    number: 16,
    instead_of: REFUSED,
    title: "The health check speaks another protocol than the application",
    meaning: "The check speaks plain HTTP to a port that wants TLS, or TLS to a port that speaks plain HTTP, and the application breaks the connection.",
    decided: "TargetHealth.Reason is Target.FailedHealthChecks and the application's log complains about the protocol: HealthCheckProtocol HTTP and a line such as \"first record does not look like a TLS handshake\", or HTTPS and a line about a garbled method. A port number alone is never taken for proof.",
    fix: "aws elbv2 modify-target-group --target-group-arn ARN --health-check-protocol HTTPS (or HTTP)",
    sources: &[TARGET_HEALTH, ALB_TROUBLE],
    ..CHECK
};

/// Bound to 127.0.0.1.
pub(in super::super) static LOOPBACK: Entry = Entry {
    id: "app-bound-to-loopback",
    number: 17,
    instead_of: REFUSED,
    title: "The application listens on 127.0.0.1 only",
    meaning: "Only the task itself can connect to an address of the loopback interface. A health check of the container that asks localhost passes, which misleads. Dropped packets time out; this is refused.",
    decided: "TargetHealth.Reason is Target.FailedHealthChecks, and the log of the container the target group is bound to says that it listens on 127.0.0.1, localhost or ::1 with the target's port, and no line says 0.0.0.0, :: or * for it.",
    fix: "Bind to 0.0.0.0: HOST=0.0.0.0, --host 0.0.0.0, server.address=0.0.0.0, or whatever the framework calls it, in a new revision.",
    sources: &[TARGET_HEALTH],
    ..CHECK
};

/// Another port.
pub(in super::super) static OTHER_PORT: Entry = Entry {
    id: "app-listening-on-other-port",
    number: 18,
    instead_of: REFUSED,
    title: "The application listens on another port than the load balancer uses",
    meaning: "The port in the application's configuration (often PORT in the environment) and the containerPort of the service disagree, so connections are refused.",
    decided: "TargetHealth.Reason is Target.FailedHealthChecks, the log of the container says which ports it listens on (ports for metrics, administration and debugging aside), and neither the target's port nor the health-check port is among them.",
    fix: "Make the application listen on the containerPort, or change portMappings in a new revision and the service's loadBalancers with it.",
    sources: &[ECS_BALANCERS],
    ..CHECK
};

/// TLS 1.3 only behind a network load balancer.
pub(in super::super) static TLS13: Entry = Entry {
    id: "nlb-tls13-only-healthcheck",
    number: 42,
    instead_of: REFUSED,
    title: "The network load balancer's HTTPS health check cannot speak TLS 1.3",
    meaning: "HTTPS health checks of network load balancers fail against targets that accept nothing but TLS 1.3.",
    decided: "A network load balancer, HealthCheckProtocol HTTPS, Target.FailedHealthChecks, and the application's log complains about unsupported versions of TLS.",
    fix: "Accept TLS 1.2 as well, or check by TCP: aws elbv2 modify-target-group --target-group-arn ARN --health-check-protocol TCP",
    sources: &[NLB_CHECKS],
    ..CHECK
};

/// UDP cannot be checked.
pub(in super::super) static UDP: Entry = Entry {
    id: "nlb-udp-healthcheck-port",
    number: 43,
    instead_of: &["hc-connection-refused", "hc-timeout-network-unverified", "hc-timeout-app-not-answering"],
    title: "A UDP service is checked by TCP on its UDP port",
    meaning: "UDP cannot be health-checked. The check connects by TCP, and the container has no TCP port where the check goes.",
    decided: "The target group's protocol is UDP, TCP_UDP or QUIC, its targets fail, the check goes to the traffic port, and the task definition maps that port for udp only.",
    fix: "Let the container answer TCP or HTTP on a port and check that one: aws elbv2 modify-target-group --target-group-arn ARN --health-check-protocol HTTP --health-check-port 8080 --health-check-path /",
    sources: &[NLB_CHECKS],
    ..CHECK
};

/// HTTP/2 or gRPC to an application that speaks HTTP/1.1.
pub(in super::super) static HTTP2: Entry = Entry {
    id: "http2-target-mismatch",
    number: 45,
    instead_of: REFUSED,
    title: "The target group speaks HTTP/2, the application probably does not",
    meaning: "A target group of version HTTP2 or GRPC talks HTTP/2 without upgrade. An application that knows HTTP/1.1 only breaks the connection.",
    decided: "ProtocolVersion is HTTP2 or GRPC and checks fail with Target.FailedHealthChecks, with nothing more specific proven.",
    fix: "The version of a target group cannot be changed: create one with HTTP1 and move listener and service to it, or serve HTTP/2.",
    sources: &[ALB_TROUBLE],
    ..CHECK
};

/// Logging blocks.
pub(in super::super) static BLOCKING_LOGS: Entry = Entry {
    id: "hc-timeout-blocking-logs",
    number: 113,
    severity: Severity::Warning,
    rank: Rank::Application,
    instead_of: SILENT,
    title: "Health checks time out, and the log driver may block the application",
    meaning: "With mode=blocking, writing to standard output waits while the logs cannot be delivered, and the application stops answering. ECS has defaulted to non-blocking since June 2025. In that mode missing lines prove nothing.",
    decided: "TargetHealth.Reason is Target.Timeout, packets get through, a container of the task logs with mode=blocking, and its log stream is empty although the task has run for minutes.",
    fix: "Set the options mode=non-blocking and max-buffer-size=25m in logConfiguration in a new revision, or for the account: aws ecs put-account-setting-default --name defaultLogDriverMode --value non-blocking",
    sources: &["https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html"],
    ..CHECK
};
