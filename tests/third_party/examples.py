#!/usr/bin/env python3
"""Worked examples of broken services: what AWS would say in each, and what `ecsight diagnose` must and must not make of it.

    python3 tests/third_party/examples.py [path of the ecsight binary] [name of an example …]

Needs botocore, for its descriptions of AWS's wire formats. Listens on loopback only.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from examples_ecs import EXAMPLES as OF_ECS
from examples_network import EXAMPLES as OF_THE_NETWORK
from shop import ACCOUNT, ECS, ELB, EVERYTHING, REFUSED, REGION, TIMED_OUT, ZONES, Shop, codes, from_cidr, from_group
from wire import Endpoint

EXAMPLES = [*OF_ECS, *OF_THE_NETWORK]

KILLED = "Task failed ELB health checks in (target-group {})"


def example(*expected, no=(), health=None, first=True):
    """Registers an example: ids that must be reported at the top level (the first one first; `|` between those of which one will do),
    ids or beginnings of ids that must appear nowhere, the health."""

    def register(function):
        EXAMPLES.append((function.__name__, function, expected, no, health, first))
        return function

    return register


# Codes.


@example("tg-code-mismatch-redirect", no=("sg-", "nacl-", "hc-timeout", "grace-"), health="failing")
def redirect(shop):
    shop.fail_all(codes(302))


@example("tg-matcher-recently-fixed", no=("tg-code-mismatch",))
def matcher_fixed_a_moment_ago(shop):
    shop.fail_all(codes(302))
    shop.target_group["Matcher"] = {"HttpCode": "200-399"}


@example(no=("tg-", "hc-", "sg-"), health="healthy")
def matcher_accepts_redirects(shop):
    shop.target_group["Matcher"] = {"HttpCode": "200,302"}


@example("tg-code-mismatch-404", no=("sg-", "tg-code-mismatch-other"))
def not_found(shop):
    shop.fail_all(codes(404))


@example("tg-code-mismatch-auth", no=("sg-",))
def unauthorised(shop):
    shop.fail_all(codes(401))


@example("tg-code-mismatch-5xx-proxy", no=("sg-", "oom"))
def unavailable(shop):
    shop.fail_all(codes(503))


@example("tg-code-mismatch-500", no=("sg-",))
def internal_error(shop):
    shop.fail_all(codes(500))


@example("tg-code-mismatch-2xx", no=("sg-", "tg-code-mismatch-other"))
def no_content(shop):
    shop.fail_all(codes(204))


@example("tg-code-mismatch-429", no=("sg-",))
def rate_limited(shop):
    shop.fail_all(codes(429))


@example("tg-code-mismatch-other", no=("sg-",))
def teapot(shop):
    shop.fail_all(codes(418))


@example("tg-code-mismatch-grpc", no=("sg-", "tg-code-mismatch-other"))
def grpc_health_service_with_default_matcher(shop):
    shop.target_group.update(
        ProtocolVersion="GRPC", Matcher={"GrpcCode": "12"}, HealthCheckPath="/grpc.health.v1.Health/Check"
    )
    shop.fail_all(codes(0))


@example("tg-code-mismatch-400-host-or-tls", no=("sg-",))
def host_not_allowed(shop):
    shop.fail_all(codes(400))
    shop.log(shop.tasks[0], "Invalid HTTP_HOST header: '10.0.10.11:8080'. You may need to add it to ALLOWED_HOSTS.")


@example("tg-code-mismatch-404", no=("sg-",), health="failing")
def only_the_new_revision_answers_404(shop):
    shop.rolling(minutes=8, running=1)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=6), health=codes(404))


# Packets.


@example("sg-task-ingress-wrong-source-group", no=("hc-timeout-app", "sg-task-ingress-missing", "nacl-"), health="failing")
def old_load_balancer_group(shop):
    shop.security_groups["sg-task"]["in"] = [from_group(8080, "sg-old-lb")]
    shop.security_groups["sg-old-lb"] = {"in": [], "out": [EVERYTHING]}
    shop.fail_all(TIMED_OUT)


@example("sg-lb-egress-blocked", no=("sg-task-ingress", "hc-timeout-app"))
def balancer_may_only_send_https(shop):
    shop.security_groups["sg-lb"]["out"] = [from_cidr(443, "0.0.0.0/0")]
    shop.fail_all(TIMED_OUT)


@example("sg-task-ingress-missing", no=("hc-timeout-app",))
def nothing_may_come_in(shop):
    shop.security_groups["sg-task"]["in"] = []
    shop.fail_all(TIMED_OUT)


@example("sg-task-ingress-wrong-port", no=("sg-task-ingress-missing", "hc-timeout-app"))
def wrong_port_open(shop):
    shop.security_groups["sg-task"]["in"] = [from_group(80, "sg-lb")]
    shop.fail_all(TIMED_OUT)


@example("sg-udp-instead-of-tcp", no=("sg-task-ingress-missing", "hc-timeout-app"))
def udp_open(shop):
    shop.security_groups["sg-task"]["in"] = [from_group(8080, "sg-lb", protocol="udp")]
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("sg-", "nacl-", "hc-timeout-network"))
def all_open_and_no_answer(shop):
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("sg-", "nacl-"))
def a_second_group_lets_it_in(shop):
    shop.network["securityGroups"] = ["sg-task", "sg-extra"]
    shop.security_groups["sg-task"]["in"] = [from_group(8080, "sg-old-lb")]
    shop.security_groups["sg-extra"] = {"in": [from_cidr(8080, "10.0.0.0/16")], "out": []}
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("sg-", "nacl-"))
def a_prefix_list_lets_it_in(shop):
    permission = {"IpProtocol": "6", "FromPort": 8080, "ToPort": 8080, "PrefixListIds": [{"PrefixListId": "pl-1"}]}
    shop.security_groups["sg-task"]["in"] = [permission]
    shop.prefix_lists["pl-1"] = ["192.168.0.0/16", "10.0.0.0/22"]
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-slow-endpoint", no=("sg-", "hc-timeout-app"))
def checks_arrive_and_take_too_long(shop):
    shop.fail_all(TIMED_OUT)
    for task in shop.tasks:
        begin = int((shop.now - task["startedAt"]).total_seconds()) - 60
        shop.log(task, '10.0.0.200 - "GET / HTTP/1.1" 200 7.2s "ELB-HealthChecker/2.0"', start=begin)


@example("hc-timeout-cpu-starved", no=("sg-", "hc-timeout-app"))
def no_cpu_left(shop):
    shop.fail_all(TIMED_OUT)
    shop.metrics["CPUUtilization"] = [99.5, 99.1, 98.7, 99.9, 99.0, 99.2]


@example("sg-healthcheck-port-closed-only", no=("sg-task-ingress-missing", "sg-traffic", "hc-timeout-app"))
def health_check_port_closed(shop):
    shop.target_group["HealthCheckPort"] = "9090"
    shop.container["portMappings"].append({"containerPort": 9090, "hostPort": 9090, "protocol": "tcp"})
    for target in shop.targets:
        target["HealthCheckPort"] = "9090"
    shop.fail_all(TIMED_OUT)


@example("sg-traffic-port-closed-only", no=("sg-healthcheck", "hc-"))
def traffic_port_closed(shop):
    shop.target_group["HealthCheckPort"] = "9090"
    shop.container["portMappings"].append({"containerPort": 9090, "hostPort": 9090, "protocol": "tcp"})
    for target in shop.targets:
        target["HealthCheckPort"] = "9090"
    shop.security_groups["sg-task"]["in"] = [from_group(9090, "sg-lb")]


@example("nacl-blocks-lb-to-task", no=("sg-", "hc-timeout-app"))
def one_subnet_denies(shop):
    shop.acls["acl-default"]["subnets"].remove("subnet-c")
    shop.acls["acl-c"] = {"subnets": ["subnet-c"], "in": [(90, False, "6", "0.0.0.0/0", (8080, 8080))], "out": []}
    shop.targets[2]["TargetHealth"] = dict(zip(("State", "Reason", "Description"), TIMED_OUT))


@example("nacl-ephemeral-return-blocked", no=("sg-", "hc-timeout-app"))
def answers_may_not_leave(shop):
    for subnet in ("subnet-a", "subnet-b", "subnet-c"):
        shop.acls["acl-default"]["subnets"].remove(subnet)
    shop.acls["acl-private"] = {
        "subnets": ["subnet-a", "subnet-b", "subnet-c"],
        "in": [],
        "out": [(90, False, "6", "10.0.0.0/22", (1024, 65535))],
    }
    shop.fail_all(TIMED_OUT)


@example("sg-partial-az-cidr", no=("hc-timeout-app",))
def two_of_three_zones_by_address(shop):
    shop.security_groups["sg-task"]["in"] = [from_cidr(8080, "10.0.0.0/24", "10.0.1.0/24")]
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-network-unverified", no=("sg-", "hc-timeout-app"))
def groups_cannot_be_read(shop):
    shop.denied.add(("ec2", "DescribeSecurityGroups"))
    shop.fail_all(TIMED_OUT)


@example("target-az-not-enabled", no=("sg-", "grace-", "hc-timeout"))
def zone_c_not_enabled(shop):
    shop.balancer["AvailabilityZones"] = shop.balancer["AvailabilityZones"][:2]
    shop.targets[2]["TargetHealth"] = {
        "State": "unused",
        "Reason": "Target.NotInUse",
        "Description": "Target is in an Availability Zone that is not enabled for the load balancer",
    }


@example("tg-not-attached-to-listener", no=("sg-", "hc-"))
def no_listener_leads_here(shop):
    other = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    shop.listeners[0]["DefaultActions"] = shop.rules[0]["Actions"] = [other]
    shop.target_group["LoadBalancerArns"] = []
    shop.fail_all(("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"))


@example("tg-missing", no=("sg-", "hc-"), health="failing")
def target_group_deleted(shop):
    shop.event(5, f"(task 0a1b) is not healthy in target-group {shop.group_arn} due to TARGET GROUP IS NOT FOUND.")
    shop.target_group = None


@example("sg-task-ingress-missing", no=("hc-connection", "hc-timeout-app"))
def network_balancer_hides_the_timeout(shop):
    arn = f"{ELB}:loadbalancer/net/api-nlb/50dc6c495c0c9188"
    shop.balancer.update(LoadBalancerArn=arn, Type="network", SecurityGroups=["sg-lb"])
    shop.balancer_arn = arn
    shop.target_group.update(LoadBalancerArns=[arn], Protocol="TCP", HealthCheckProtocol="TCP", Matcher={})
    shop.listeners[0].update(LoadBalancerArn=arn, Protocol="TCP", Port=443)
    shop.security_groups["sg-task"]["in"] = []
    shop.fail_all(REFUSED)


@example("nlb-target-sg-client-cidr-missing")
def network_balancer_keeps_client_addresses(shop):
    arn = f"{ELB}:loadbalancer/net/api-nlb/50dc6c495c0c9188"
    shop.balancer.update(LoadBalancerArn=arn, Type="network", SecurityGroups=[])
    shop.target_group.update(LoadBalancerArns=[arn], Protocol="TCP", HealthCheckProtocol="TCP", Matcher={})
    shop.listeners[0].update(LoadBalancerArn=arn, Protocol="TCP", Port=443)
    shop.attributes["preserve_client_ip.enabled"] = "true"
    shop.security_groups["sg-task"]["in"] = [from_cidr(8080, "10.0.0.0/22")]


# The application.


@example("app-bound-to-loopback", no=("sg-", "grace-", "hc-connection"))
def listens_on_loopback(shop):
    shop.fail_all(REFUSED)
    for task in shop.tasks:
        shop.log(task, "Listening on http://127.0.0.1:8080", start=3)
        task["healthStatus"] = task["containers"][0]["healthStatus"] = "HEALTHY"


@example("app-listening-on-other-port", no=("sg-", "app-bound", "hc-connection"))
def listens_elsewhere(shop):
    shop.fail_all(REFUSED)
    for task in shop.tasks:
        shop.log(task, "Tomcat started on port(s): 8081 (http) with context path ''", start=3)


@example("hc-connection-refused", no=("sg-", "app-", "hc-timeout"))
def refused_and_nothing_says_why(shop):
    shop.fail_all(REFUSED)
    for task in shop.tasks:
        shop.log(task, "connected to postgres at 127.0.0.1:5432", start=3)


@example("hc-wrong-port", no=("sg-", "hc-connection"))
def checks_go_to_a_port_nobody_declared(shop):
    shop.target_group["HealthCheckPort"] = "9000"
    shop.security_groups["sg-task"]["in"].append(from_group(9000, "sg-lb"))
    for target in shop.targets:
        target["HealthCheckPort"] = "9000"
    shop.fail_all(REFUSED)


@example("hc-protocol-mismatch", no=("sg-", "hc-connection"))
def https_check_of_a_plain_server(shop):
    shop.target_group["HealthCheckProtocol"] = "HTTPS"
    shop.fail_all(REFUSED)
    for task in shop.tasks:
        shop.log(task, "Listening on http://0.0.0.0:8080")


@example("hc-protocol-mismatch", no=("sg-", "hc-connection", "app-"))
def plain_check_of_a_tls_server(shop):
    shop.fail_all(REFUSED)
    for task in shop.tasks:
        shop.log(task, "http: TLS handshake error from 10.0.0.200:4711: tls: first record does not look like a TLS handshake")


@example(no=("tg-", "lb-", "hc-"), health="healthy")
def default_port_of_the_group_differs(shop):
    shop.target_group["Port"] = 80


def killed_while_starting(shop, grace, took):
    shop.rolling(minutes=15, running=1, failed=4)
    shop.service["healthCheckGracePeriodSeconds"] = grace
    new = shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(seconds=40), health=REFUSED)
    for number, ended in enumerate((90, 180, 270, 360)):
        task = shop.stop(number, "ServiceSchedulerInitiated", KILLED.format(shop.group_arn), exit_code=137,
                         lived=75 + grace, ended=ended, deployment="ecs-svc/2", revision=31)
        shop.log(task, "starting", start=1)
        if took < 75 + grace:
            shop.log(task, f"started in {took} s, listening on 0.0.0.0:8080", start=took)
    shop.log(new, "starting", start=1)


@example("grace-period-too-short", no=("oom", "sg-", "killed-without"))
def killed_before_it_is_up(shop):
    killed_while_starting(shop, 0, 92)
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            begin = task["startedAt"]
            shop.logs[f"ecs/app/{task['taskArn'].rsplit('/', 1)[1]}"].append({
                "timestamp": int(begin.timestamp() * 1000) + 92_000, "message": "started in 92 s"})


@example(no=("grace-",), health="failing", first=False)
def killed_although_it_was_up_at_once(shop):
    killed_while_starting(shop, 0, 3)


# Deployments.


@example("deployment-in-progress-normal", no=("tg-", "hc-", "deployment-failed", "deployment-stuck"), health="deploying")
def a_normal_rollout(shop):
    shop.rolling(minutes=3, running=2)
    for number, zone in ((4, "a"), (5, "b")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))
    shop.targets[0]["TargetHealth"] = {
        "State": "draining", "Reason": "Target.DeregistrationInProgress", "Description": "Target deregistration is in progress"}


@example("scaling-activity-stop", no=("oom", "app-crash", "killed-without", "sigterm-missing"), health="healthy")
def scaled_in_and_ignored_sigterm(shop):
    shop.stop(1, "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", exit_code=137,
              lived=4000, asked_to_stop=30)


@example("oom-killed", no=("app-crash", "killed-without"))
def out_of_memory(shop):
    for number, ended in enumerate((60, 400, 800)):
        shop.stop(number, "EssentialContainerExited", "Essential container in task exited", exit_code=137,
                  why="OutOfMemoryError: Container killed due to memory usage", lived=300, ended=ended)
    shop.tasks, shop.targets = shop.tasks[1:], shop.targets[1:]
    shop.service["runningCount"] = shop.deployment["runningCount"] = 2


@example("killed-without-reason", no=("oom",))
def killed_and_nothing_says_why(shop):
    for number, ended in enumerate((60, 400, 800)):
        shop.stop(number, "EssentialContainerExited", "Essential container in task exited", exit_code=137, lived=300, ended=ended)
    shop.tasks, shop.targets = shop.tasks[1:], shop.targets[1:]
    shop.service["runningCount"] = shop.deployment["runningCount"] = 2
    shop.metrics["MemoryUtilization"] = [40.0, 41.0, 39.0, 40.0]


@example("app-crash-exit-nonzero", no=("oom", "sg-"), health="failing")
def crashes_at_start(shop):
    shop.rolling(minutes=12, running=0, pending=1, failed=5)
    for number, ended in enumerate((30, 90, 150, 210, 270)):
        task = shop.stop(number, "EssentialContainerExited", "Essential container in task exited", exit_code=1, lived=4,
                         ended=ended, deployment="ecs-svc/2", revision=31)
        shop.log(task, "Error: DATABASE_URL is not set", start=2)


@example("deployment-min-max-deadlock", no=("placement-", "deployment-needs"), health="failing")
def no_room_to_replace(shop):
    shop.service["desiredCount"] = shop.service["runningCount"] = 1
    shop.deployment.update(desiredCount=1, runningCount=1)
    shop.tasks, shop.targets = shop.tasks[:1], shop.targets[:1]
    shop.service["deploymentConfiguration"].update(minimumHealthyPercent=100, maximumPercent=100)
    shop.rolling(minutes=9)
    shop.event(4, "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.")


def service_deployment(shop, status, **more):
    return {
        "serviceDeploymentArn": f"{ECS}:service-deployment/{shop.cluster}/{shop.name}/abc",
        "serviceArn": shop.service["serviceArn"],
        "clusterArn": shop.service["clusterArn"],
        "status": status,
        "createdAt": shop.ago(minutes=20),
        "startedAt": shop.ago(minutes=20),
        "updatedAt": shop.ago(minutes=1),
        **more,
    }


@example("deployment-paused-at-hook", no=("deployment-stuck",))
def waits_for_somebody(shop):
    shop.rolling(minutes=25, running=1)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=22))
    hook = {"hookId": "hook-1", "targetType": "PAUSE", "status": "AWAITING_ACTION", "expiresAt": shop.ago(minutes=-600), "timeoutAction": "ROLLBACK"}
    arn = service_deployment(shop, "IN_PROGRESS", lifecycleStage="POST_SCALE_UP", lifecycleHookDetails=[hook])
    shop.service["currentServiceDeployment"] = arn["serviceDeploymentArn"]
    shop.service_deployments = [arn]


@example("deployment-rolled-back", no=("hc-", "tg-"), health="healthy")
def rolled_back_and_green(shop):
    shop.deployment.update(id="ecs-svc/3", createdAt=shop.ago(minutes=30), updatedAt=shop.ago(minutes=25))
    for task in shop.tasks:
        task["startedBy"] = "ecs-svc/3"
    rollback = {"reason": "Service deployment rolled back because the circuit breaker threshold was exceeded.", "startedAt": shop.ago(minutes=35)}
    shop.service_deployments = [service_deployment(
        shop, "ROLLBACK_SUCCESSFUL", rollback=rollback, createdAt=shop.ago(minutes=50), finishedAt=shop.ago(minutes=25),
        statusReason="Service deployment rolled back because the circuit breaker threshold was exceeded.",
        deploymentCircuitBreaker={"status": "TRIGGERED", "failureCount": 3, "threshold": 3})]


@example("image-not-found", no=("image-pull-network", "sg-", "deployment-stuck-"), health="failing")
def circuit_breaker_for_want_of_an_image(shop):
    shop.rolling(minutes=12, running=0, failed=6)
    shop.deployment.update(rolloutState="FAILED", rolloutStateReason="ECS deployment circuit breaker: tasks failed to start.")
    reason = f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {shop.container['image']}: {shop.container['image']}: not found"
    for number, ended in enumerate((60, 120, 180)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@example("vpce-sg-blocks-443", no=("egress-private", "image-pull-network-", "image-not"), health="failing")
def endpoint_closed_although_there_is_nat(shop):
    shop.rolling(minutes=12, running=0, failed=3)
    shop.endpoints.append({
        "VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "State": "available",
        "ServiceName": f"com.amazonaws.{REGION}.ecr.api", "PrivateDnsEnabled": True,
        "SubnetIds": ["subnet-a"], "Groups": [{"GroupId": "sg-vpce", "GroupName": "vpce"}], "NetworkInterfaceIds": ["eni-vpce"]})
    shop.endpoint_interfaces.append({
        "NetworkInterfaceId": "eni-vpce", "Description": "VPC Endpoint Interface vpce-1", "SubnetId": "subnet-a", "VpcId": "vpc-1",
        "AvailabilityZone": f"{REGION}a", "PrivateIpAddress": "10.0.10.77", "Groups": [{"GroupId": "sg-vpce"}]})
    shop.security_groups["sg-vpce"] = {"in": [from_group(443, "sg-other")], "out": [EVERYTHING]}
    reason = ("ResourceInitializationError: unable to pull secrets or registry auth: There is a connection issue between the task and "
              "Amazon ECR. Check your task network configuration. operation error ECR: GetAuthorizationToken, dial tcp 10.0.10.77:443: i/o timeout")
    for number, ended in enumerate((60, 240)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@example("egress-private-subnet-no-nat-no-endpoint", no=("vpce-", "task-sg"), health="failing")
def no_way_out(shop):
    shop.rolling(minutes=12, running=0, failed=3)
    shop.route_tables["rtb-private"]["routes"] = []
    reason = (f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {shop.container['image']}: "
              f"failed to do request: Head \"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/v2/api/manifests/7\": dial tcp 52.94.1.1:443: i/o timeout")
    for number, ended in enumerate((60, 240)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@example("secret-access-denied", no=("image-", "ecr-"), health="failing")
def secret_denied(shop):
    shop.rolling(minutes=12, running=0, failed=3)
    reason = (f"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: "
              f"service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-abc from secrets manager: "
              f"AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/ecsTaskExecutionRole/x is not authorized to perform: secretsmanager:GetSecretValue "
              f"on resource: arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-abc because no identity-based policy allows the action")
    for number, ended in enumerate((60, 240)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@example("desired-zero", no=("deployment-stuck", "hc-", "lb-no-registered"), health="inactive")
def switched_off(shop):
    shop.service.update(desiredCount=0, runningCount=0)
    shop.deployment.update(desiredCount=0, runningCount=0)
    shop.tasks, shop.targets = [], []


@example(no=("tg-", "hc-", "grace-", "task-killed"), health="healthy")
def history_only(shop):
    for minutes in (1500, 1490, 1480, 1470, 1460):
        shop.event(minutes, f"(task 0a1b) (port 8080) is unhealthy in (target-group {shop.group_arn}) due to (reason Health checks failed with these codes: [503])")
    shop.event(1400, "has reached a steady state.")


@example(no=("",), health="healthy")
def all_is_well(shop):
    shop.event(300, "has reached a steady state.")


@example("autoscaling-at-max", health="degraded")
def as_many_as_allowed(shop):
    shop.scalable_target = {
        "ServiceNamespace": "ecs", "ResourceId": f"service/{shop.cluster}/{shop.name}", "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": 1, "MaxCapacity": 3, "RoleARN": "x", "CreationTime": shop.ago(days=9)}
    shop.scaling_activities = [{
        "ActivityId": "1", "ServiceNamespace": "ecs", "ResourceId": f"service/{shop.cluster}/{shop.name}",
        "ScalableDimension": "ecs:service:DesiredCount", "Description": "Attempting to scale due to alarm triggered",
        "Cause": "monitor alarm TargetTracking-AlarmHigh in state ALARM triggered policy cpu", "StartTime": shop.ago(minutes=3),
        "StatusCode": "NotScaled" if False else "Unfulfilled",
        "NotScaledReasons": [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3, "CurrentCapacity": 3}]}]
    shop.metrics["CPUUtilization"] = [88.0, 87.0, 89.0]


@example("placement-insufficient-memory", health="failing")
def no_memory_on_any_instance(shop):
    shop.service.update(launchType="EC2", runningCount=0, desiredCount=2)
    shop.deployment.update(launchType="EC2", runningCount=0, desiredCount=2, rolloutState="IN_PROGRESS", createdAt=shop.ago(minutes=20))
    shop.tasks, shop.targets = [], []
    shop.definition["requiresCompatibilities"] = ["EC2"]
    shop.definition["memory"] = "4096"
    shop.container_instances = [{
        "containerInstanceArn": f"{ECS}:container-instance/shop/1", "ec2InstanceId": "i-1", "status": "ACTIVE", "agentConnected": True,
        "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048}, {"name": "MEMORY", "type": "INTEGER", "integerValue": 3900}],
        "remainingResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048}, {"name": "MEMORY", "type": "INTEGER", "integerValue": 1900}]}]
    shop.event(2, "was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 1) has insufficient memory available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")


# Running them.


def run(binary, shop, url, *arguments):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": tempfile.gettempdir() + "/nobody",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [binary, "diagnose", "--cluster", shop.cluster, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def all_of(findings):
    for finding in findings:
        yield finding
        yield from all_of(finding["consequences"])


def problems(shop, ran, expected, forbidden, health, first):
    """What is wrong with an answer."""
    try:
        document = json.loads(ran.stdout)
    except ValueError:
        yield f"no JSON (exit {ran.returncode}): {ran.stderr.strip()[:300]}"
        return
    if document["schema"] != "ecsight.diagnosis/v1":
        yield f"schema {document['schema']}"
    (service,) = document["services"]
    findings = service["findings"]
    top = [finding["id"] for finding in findings]
    everything = [finding for finding in all_of(findings)]
    serious = [finding["id"] for finding in everything if finding["severity"] != "info"]
    if first and expected and (top or [""])[0] not in expected[0].split("|"):
        yield f"expected {expected[0]} first, got {top}"
    for wanted in expected:
        if not set(wanted.split("|")) & set(top):
            yield f"{wanted} is missing: {top}"
    for no in forbidden:
        bad = [each for each in (serious if no == "" else [finding["id"] for finding in everything]) if each.startswith(no)]
        if bad:
            yield f"must not be reported: {bad}"
    if health and service["health"] != health:
        yield f"health is {service['health']}, not {health}: {top}"
    bad = any(finding["severity"] in ("critical", "error") for finding in findings)
    if ran.returncode != (1 if bad else 0):
        yield f"exit code {ran.returncode}"
    order = {"critical": 0, "error": 1, "warning": 2, "info": 3}
    for finding in everything:
        if finding["severity"] != "info" and not finding["evidence"]:
            yield f"{finding['id']} has no evidence"
        worst = [order[each["severity"]] for each in finding["consequences"] if each["severity"] != "info"]
        if worst and min(worst) < order[finding["severity"]]:
            yield f"{finding['id']} is milder than what follows from it"
        for text in re.findall(r"\$[A-Z_]+", json.dumps(finding["fix"] or {})):
            yield f"{finding['id']}: placeholder {text} in its fix"


DENIABLE = [
    ("ec2", "DescribeSecurityGroups"), ("ec2", "DescribeNetworkInterfaces"), ("ec2", "DescribeNetworkAcls"),
    ("ec2", "DescribeSubnets"), ("ec2", "DescribeRouteTables"), ("ec2", "DescribeVpcEndpoints"),
    ("elbv2", "DescribeTargetHealth"), ("elbv2", "DescribeTargetGroups"), ("elbv2", "DescribeLoadBalancers"),
    ("elbv2", "DescribeListeners"), ("elbv2", "DescribeRules"), ("elbv2", "DescribeTargetGroupAttributes"),
    ("logs", "FilterLogEvents"), ("cloudwatch", "GetMetricData"), ("ecs", "DescribeTasks"), ("ecs", "ListTasks"),
    ("ecs", "DescribeTaskDefinition"), ("ecs", "ListServiceDeployments"),
    ("application-autoscaling", "DescribeScalableTargets"), ("application-autoscaling", "DescribeScalingActivities"),
]


def denials(binary, one_by_one):
    """With each read denied in turn, nothing that is broken becomes fine, and the missing permission is named."""
    broken = {
        "wrong source group": old_load_balancer_group,
        "one subnet denies": one_subnet_denies,
        "redirect": redirect,
        "loopback": listens_on_loopback,
        "endpoint closed": endpoint_closed_although_there_is_nat,
    }
    for name, make in broken.items():
        for denied in DENIABLE:
            shop = Shop()
            make(shop)
            shop.denied.add(denied)
            yield f"{name} with {denied[1]} denied", shop, denied, one_by_one(binary, shop)


def one(binary, shop, *arguments):
    with Endpoint(shop) as endpoint:
        ran = run(binary, shop, endpoint.url, "-o", "json", *arguments)
        ran.operations = {(service, operation) for service, operation, _ in endpoint.calls}
        return ran


def main():
    root = Path(__file__).resolve().parents[2]
    binary = sys.argv[1] if len(sys.argv) > 1 else str(root / "target/debug/ecsight")
    wanted = sys.argv[2:]
    failed = 0

    def judge(entry):
        name, make, expected, forbidden, health, first = entry
        shop = Shop()
        make(shop)
        ran = one(binary, shop)
        return name, list(problems(shop, ran, expected, forbidden, health, first))

    chosen = [entry for entry in EXAMPLES if not wanted or entry[0] in wanted]
    with ThreadPoolExecutor(4) as pool:
        for name, wrong in pool.map(judge, chosen):
            print(f"{'FAIL' if wrong else 'ok  '}  {name}")
            for problem in wrong:
                print(f"        {problem}")
            failed += bool(wrong)
    for name, shop, (service, operation), ran in denials(binary, one) if not wanted else ():
        wrong = []
        try:
            document = json.loads(ran.stdout)
            (answer,) = document["services"]
            prefix = {"elbv2": "elasticloadbalancing"}.get(service, service)
            if answer["health"] in ("healthy", "inactive"):
                wrong.append(f"health is {answer['health']}")
            asked = f"{prefix}:{operation}"
            if asked not in ran.stdout and (service, operation) in ran.operations:
                wrong.append(f"{asked} is not named")
        except ValueError:
            wrong.append(f"no JSON (exit {ran.returncode}): {ran.stderr.strip()[:300]}")
        print(f"{'FAIL' if wrong else 'ok  '}  {name}")
        for problem in wrong:
            print(f"        {problem}")
        failed += bool(wrong)
    print(f"{failed} failed" if failed else "all hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
