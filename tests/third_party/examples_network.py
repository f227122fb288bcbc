"""Worked examples of target groups, load balancers and the network around tasks: the plainest case of each finding, and its
neighbours."""

from shop import ACCOUNT, ECS, ELB, EVERYTHING, REFUSED, REGION, TIMED_OUT, ZONE, ZONES, codes, from_cidr, from_group

EXAMPLES = []
KILLED = "Task failed ELB health checks in (target-group {})"
PRIVATE = ("subnet-a", "subnet-b", "subnet-c")


def example(*expected, no=(), health=None, first=True):
    def register(function):
        EXAMPLES.append((function.__name__, function, expected, no, health, first))
        return function

    return register


def set_health(target, health):
    target["TargetHealth"] = dict(zip(("State", "Reason", "Description"), health))


def network_balancer(shop, groups=()):
    arn = f"{ELB}:loadbalancer/net/api-nlb/50dc6c495c0c9188"
    shop.balancer.update(LoadBalancerArn=arn, LoadBalancerName="api-nlb", Type="network", SecurityGroups=list(groups))
    if not groups:
        del shop.balancer["SecurityGroups"]
    shop.balancer_arn = arn
    shop.target_group.update(LoadBalancerArns=[arn], Protocol="TCP", HealthCheckProtocol="TCP")
    for key in ("Matcher", "HealthCheckPath", "ProtocolVersion"):
        shop.target_group.pop(key, None)
    shop.listeners[0].update(LoadBalancerArn=arn, Protocol="TCP", Port=443)
    shop.attributes["preserve_client_ip.enabled"] = "false"
    shop.attributes["load_balancing.cross_zone.enabled"] = "use_load_balancer_configuration"


def on_hosts(shop, ports=(32768, 41000, 49153)):
    """Tasks in bridge mode with dynamic ports on three instances."""
    shop.network = {"securityGroups": ["sg-host"], "subnets": []}
    shop.service.pop("networkConfiguration")
    shop.service.update(launchType="EC2")
    shop.deployment.update(launchType="EC2")
    shop.definition.update(networkMode="bridge", requiresCompatibilities=["EC2"])
    shop.container["portMappings"] = [{"containerPort": 8080, "hostPort": 0, "protocol": "tcp"}]
    shop.container["memory"] = 256
    shop.target_group["TargetType"] = "instance"
    shop.security_groups["sg-host"] = {"in": [from_group(32768, "sg-lb", last=65535)], "out": [EVERYTHING]}
    shop.targets.clear()
    for index, (task, zone, port) in enumerate(zip(shop.tasks, ZONES, ports)):
        instance = f"i-{index:017x}"
        arn = f"{ECS}:container-instance/{shop.cluster}/{index:032x}"
        task.update(launchType="EC2", containerInstanceArn=arn, attachments=[])
        task["containers"][0].update(
            networkInterfaces=[],
            networkBindings=[{"bindIP": "0.0.0.0", "containerPort": 8080, "hostPort": port, "protocol": "tcp"}])
        shop.container_instances.append({
            "containerInstanceArn": arn, "ec2InstanceId": instance, "status": "ACTIVE", "agentConnected": True,
            "runningTasksCount": 1, "pendingTasksCount": 0,
            "remainingResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 1024},
                                   {"name": "MEMORY", "type": "INTEGER", "integerValue": 2048}],
            "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048},
                                    {"name": "MEMORY", "type": "INTEGER", "integerValue": 4096}],
            "attributes": [{"name": "ecs.availability-zone", "value": ZONE[zone]}]})
        address = f"10.0.{10 + index}.50"
        group = [{"GroupId": "sg-host", "GroupName": "host"}]
        shop.instances.append({
            "InstanceId": instance, "State": {"Code": 16, "Name": "running"}, "VpcId": "vpc-1",
            "SubnetId": f"subnet-{zone}", "PrivateIpAddress": address, "SecurityGroups": group,
            "Placement": {"AvailabilityZone": ZONE[zone]},
            "NetworkInterfaces": [{"NetworkInterfaceId": f"eni-host-{index}", "SubnetId": f"subnet-{zone}",
                                   "VpcId": "vpc-1", "PrivateIpAddress": address, "Groups": group,
                                   "Attachment": {"DeviceIndex": 0, "Status": "attached"}}]})
        shop.targets.append({
            "Target": {"Id": instance, "Port": port}, "HealthCheckPort": str(port), "TargetHealth": {"State": "healthy"}})


def own_acl(shop, subnets=PRIVATE, **entries):
    for subnet in subnets:
        shop.acls["acl-default"]["subnets"].remove(subnet)
    shop.acls["acl-own"] = {"subnets": list(subnets), "in": entries.get("inbound", []), "out": entries.get("outbound", []),
                            "closed": entries.get("closed", False)}


# Health checks.


@example("tg-code-mismatch-redirect", no=("tg-code-mismatch-other", "sg-"))
def several_redirects(shop):
    shop.fail_all(codes(301, 302))


@example("tg-code-mismatch-redirect", no=("tg-matcher",))
def a_redirect_above_the_range(shop):
    shop.target_group["Matcher"] = {"HttpCode": "200-299,301"}
    shop.fail_all(codes(308))


@example("tg-code-mismatch-404")
def method_not_allowed(shop):
    shop.fail_all(codes(405))


@example("tg-code-mismatch-auth")
def forbidden(shop):
    shop.fail_all(codes(403))


@example("tg-code-mismatch-400-host-or-tls")
def plain_http_to_a_tls_port(shop):
    shop.fail_all(codes(400))
    shop.log(shop.tasks[0], "The plain HTTP request was sent to HTTPS port")


@example("tg-code-mismatch-5xx-proxy", no=("tg-code-mismatch-500",))
def proxy_without_upstream(shop):
    shop.fail_all(codes(502, 504))


@example("tg-code-mismatch-500")
def not_implemented_and_insufficient_storage(shop):
    shop.fail_all(codes(507))


@example("tg-code-mismatch-other")
def codes_of_two_kinds(shop):
    shop.fail_all(codes(404, 409))


@example("tg-code-mismatch-grpc", no=("http2-target",))
def grpc_unavailable(shop):
    shop.target_group.update(ProtocolVersion="GRPC", Matcher={"GrpcCode": "0"}, HealthCheckPath="/health")
    shop.fail_all(codes(14))


@example("tg-code-mismatch-2xx")
def ok_is_not_no_content(shop):
    shop.target_group["Matcher"] = {"HttpCode": "204"}
    shop.fail_all(codes(200))


@example("elb-internal-error", no=("hc-", "sg-"))
def internal_error_of_the_balancer(shop):
    shop.fail_all(("unhealthy", "Elb.InternalError", "Health checks failed due to an internal error"))


@example("target-ip-unusable", no=("hc-", "sg-"))
def address_of_a_balancer_node(shop):
    set_health(shop.targets[0], ("unused", "Target.IpUnusable", "The target IP is not usable"))


@example("target-instance-invalid-state", no=("sg-",))
def host_is_stopped(shop):
    on_hosts(shop)
    set_health(shop.targets[0], ("unused", "Target.InvalidState", "Target is in the stopped state"))
    shop.instances[0]["State"] = {"Code": 80, "Name": "stopped"}


@example(no=("tg-", "hc-", "target-initial", "sg-"), health="healthy")
def leftovers_drain(shop):
    target = shop.target("10.0.10.77", "a", ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"))
    shop.targets.append(target)
    shop.stop(1, "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", exit_code=143, lived=9000)


@example("tg-orphan-targets", no=("hc-", "sg-"))
def somebody_registered_an_address_by_hand(shop):
    shop.targets.append(shop.target("10.0.9.9", "a", REFUSED))


@example("http2-target-mismatch", no=("sg-", "tg-code"))
def http2_group_and_http1_app(shop):
    shop.target_group["ProtocolVersion"] = "HTTP2"
    shop.fail_all(REFUSED)


@example("nlb-udp-healthcheck-port", no=("sg-", "hc-connection"))
def udp_service_checked_on_its_own_port(shop):
    network_balancer(shop, ["sg-lb"])
    shop.target_group.update(Protocol="UDP", HealthCheckProtocol="TCP")
    shop.container["portMappings"] = [{"containerPort": 8080, "hostPort": 8080, "protocol": "udp"}]
    shop.security_groups["sg-task"]["in"] += [from_group(8080, "sg-lb", protocol="udp"), from_cidr(8080, "0.0.0.0/0", protocol="udp")]
    shop.listeners[0]["Protocol"] = "UDP"
    shop.security_groups["sg-lb"]["in"] = [from_cidr(443, "0.0.0.0/0", protocol="udp")]
    shop.fail_all(REFUSED)


@example("lb-state-not-active", no=("sg-", "hc-"))
def balancer_failed(shop):
    shop.balancer["State"] = {"Code": "failed", "Reason": "x"}


@example("anomaly-mitigation-active", no=("hc-", "sg-"))
def anomalous_target(shop):
    shop.targets[1]["AnomalyDetection"] = {"Result": "anomalous", "MitigationInEffect": "yes"}


@example(no=("hc-", "sg-", "tg-code", "lb-no"), health="healthy")
def traffic_was_moved_away_on_purpose(shop):
    shop.targets[2]["AdministrativeOverride"] = {
        "State": "zonal_shift_active", "Reason": "AdministrativeOverride.ZonalShiftActive", "Description": "Zonal shift is active"}


@example("nlb-cross-zone-off-empty-az", no=("sg-",))
def zone_without_healthy_targets(shop):
    network_balancer(shop, ["sg-lb"])
    shop.attributes["load_balancing.cross_zone.enabled"] = "false"
    shop.security_groups["sg-task"]["in"].append(from_cidr(8080, "0.0.0.0/0"))
    shop.tasks, shop.targets = shop.tasks[:2], shop.targets[:2]
    shop.service.update(desiredCount=2, runningCount=2)
    shop.deployment.update(desiredCount=2, runningCount=2)


@example("service-subnets-outside-lb-azs", no=("target-az-not-enabled", "hc-", "sg-"), first=False)
def a_zone_nobody_uses_yet(shop):
    shop.balancer["AvailabilityZones"] = shop.balancer["AvailabilityZones"][:2]
    shop.tasks, shop.targets = shop.tasks[:2], shop.targets[:2]
    shop.service.update(desiredCount=2, runningCount=2)
    shop.deployment.update(desiredCount=2, runningCount=2)


@example("tg-type-vs-network-mode", no=("sg-", "hc-"))
def instance_group_for_awsvpc(shop):
    shop.target_group["TargetType"] = "instance"
    shop.targets.clear()
    shop.event(3, f"failed to register targets in (target-group {shop.group_arn}) with (error The following targets are not in a running state)")


@example("target-register-failed", no=("sg-", "hc-"))
def targets_of_another_vpc(shop):
    shop.targets.clear()
    shop.event(2, f"failed to register targets in (target-group {shop.group_arn}) with (error The following targets are not in the target group VPC 'vpc-1': '10.0.10.11')")


@example("lb-container-port-not-in-taskdef", no=("sg-",))
def new_revision_dropped_the_port(shop):
    shop.container["portMappings"] = [{"containerPort": 9000, "hostPort": 9000, "protocol": "tcp"}]
    shop.rolling(minutes=6, running=0)


@example("hc-wrong-port", no=("sg-", "hc-connection"))
def fixed_check_port_and_dynamic_ports(shop):
    on_hosts(shop)
    shop.target_group["HealthCheckPort"] = "8080"
    shop.security_groups["sg-host"]["in"].append(from_group(8080, "sg-lb"))
    for target in shop.targets:
        target["HealthCheckPort"] = "8080"
    shop.fail_all(REFUSED)


@example("hc-timeout-slow-endpoint", no=("sg-", "hc-connection"))
def slow_behind_a_network_balancer(shop):
    network_balancer(shop, ["sg-lb"])
    shop.target_group.update(HealthCheckProtocol="HTTP", HealthCheckPath="/", Matcher={"HttpCode": "200-399"})
    shop.fail_all(REFUSED)
    for task in shop.tasks:
        begin = int((shop.now - task["startedAt"]).total_seconds()) - 40
        shop.log(task, '10.0.0.200 - "GET / HTTP/1.1" 200 12s "ELB-HealthChecker/2.0"', start=begin)


# Packets.


@example("sg-task-ingress-wrong-source-group", no=("hc-connection", "sg-task-ingress-missing"))
def network_balancer_without_groups_and_a_rule_for_a_group(shop):
    network_balancer(shop)
    shop.security_groups["sg-task"]["in"] = [from_group(8080, "sg-lb")]
    shop.fail_all(REFUSED)


@example(no=("sg-", "nlb-target"), health="healthy")
def network_balancer_with_groups_keeps_addresses(shop):
    network_balancer(shop, ["sg-lb"])
    shop.attributes["preserve_client_ip.enabled"] = "true"


@example(no=("sg-", "nlb-target"), health="healthy")
def network_balancer_hides_addresses(shop):
    network_balancer(shop)
    shop.security_groups["sg-task"]["in"] = [from_cidr(8080, "10.0.0.0/22")]


@example("sg-instance-dynamic-port-range", no=("hc-timeout-app", "sg-task-ingress"))
def narrow_range_for_dynamic_ports(shop):
    on_hosts(shop)
    shop.security_groups["sg-host"]["in"] = [from_group(32768, "sg-lb", last=40000)]
    for target in shop.targets[1:]:
        set_health(target, TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("sg-", "nacl-"))
def hosts_are_open(shop):
    on_hosts(shop)
    shop.fail_all(TIMED_OUT)


@example("sg-task-ingress-wrong-port", no=("sg-instance", "hc-timeout-app"), first=False)
def only_port_80_of_hosts(shop):
    on_hosts(shop)
    shop.security_groups["sg-host"]["in"] = [from_group(80, "sg-lb")]
    shop.fail_all(TIMED_OUT)


@example("sg-ip-family-mismatch", no=("hc-timeout-app", "sg-task-ingress-missing"))
def addresses_of_version_six(shop):
    shop.target_group["IpAddressType"] = "ipv6"
    for index, (task, target) in enumerate(zip(shop.tasks, shop.targets)):
        address = f"2001:db8:0:{10 + index}::11"
        target["Target"]["Id"] = address
        task["containers"][0]["networkInterfaces"][0]["ipv6Address"] = address
        task["attachments"][0]["details"].append({"name": "ipv6Address", "value": address})
    shop.security_groups["sg-task"]["in"] = [from_cidr(8080, "0.0.0.0/0")]
    shop.security_groups["sg-lb"]["out"].append({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]})
    for direction in ("in", "out"):
        shop.acls["acl-default"][direction].append((101, True, "-1", "::/0"))
    shop.fail_all(TIMED_OUT)


@example("sg-rule-stale-peer", no=("hc-timeout-app",))
def peering_is_gone(shop):
    pair = {"GroupId": "sg-lb", "UserId": ACCOUNT, "VpcId": "vpc-2", "VpcPeeringConnectionId": "pcx-1", "PeeringStatus": "deleted"}
    shop.security_groups["sg-task"]["in"] = [{"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [pair]}]
    shop.fail_all(TIMED_OUT)


@example("sg-lb-egress-blocked", no=("sg-task", "hc-timeout-app"))
def balancer_without_egress(shop):
    shop.security_groups["sg-lb"]["out"] = []
    shop.fail_all(TIMED_OUT)


@example("sg-lb-egress-blocked", no=("sg-task", "hc-timeout-app"))
def balancer_sends_to_the_old_group(shop):
    shop.security_groups["sg-lb"]["out"] = [from_group(8080, "sg-old-task")]
    shop.security_groups["sg-old-task"] = {"in": [], "out": [EVERYTHING]}
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("sg-", "nacl-"))
def everything_from_the_balancer(shop):
    shop.security_groups["sg-task"]["in"] = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-lb", "UserId": ACCOUNT}]}]
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("sg-", "nacl-"))
def a_range_of_ports(shop):
    shop.security_groups["sg-task"]["in"] = [from_group(8000, "sg-lb", last=9000)]
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("sg-",))
def the_balancer_has_two_groups(shop):
    shop.balancer["SecurityGroups"] = ["sg-front", "sg-lb"]
    shop.security_groups["sg-front"] = {"in": [from_cidr(443, "0.0.0.0/0")], "out": []}
    shop.fail_all(TIMED_OUT)


@example("sg-task-ingress-missing", no=("hc-timeout-app", "sg-task-ingress-wrong-source"))
def tasks_among_themselves_only(shop):
    shop.security_groups["sg-task"]["in"] = [from_group(5432, "sg-task")]
    shop.fail_all(TIMED_OUT)


@example("sg-task-ingress-wrong-source-group", health="failing", first=False)
def only_the_new_deployment_has_another_group(shop):
    shop.rolling(minutes=9, running=1, failed=2)
    shop.security_groups["sg-new"] = {"in": [from_group(8080, "sg-old-lb")], "out": [EVERYTHING]}
    shop.security_groups["sg-old-lb"] = {"in": [], "out": [EVERYTHING]}
    new = shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=5), health=TIMED_OUT)
    configuration = {"awsvpcConfiguration": dict(shop.network, securityGroups=["sg-new"])}
    shop.deployment["networkConfiguration"] = shop.service["networkConfiguration"] = configuration
    shop.service["deployments"][1]["networkConfiguration"] = {"awsvpcConfiguration": shop.network}
    plain = shop.interfaces

    def interfaces():
        found = plain()
        for interface in found:
            if interface["Description"] == new["taskArn"]:
                interface["Groups"] = [{"GroupId": "sg-new"}]
        return found

    shop.interfaces = interfaces


@example("nacl-blocks-lb-to-task", no=("sg-", "hc-timeout-app"))
def a_closed_acl(shop):
    own_acl(shop, closed=True, inbound=[(100, True, "6", "10.0.0.0/16", (443, 443))], outbound=[(100, True)])
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("nacl-", "sg-"))
def a_later_rule_denies(shop):
    own_acl(shop, inbound=[(110, False, "6", "0.0.0.0/0", (8080, 8080))])
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("nacl-", "sg-"))
def an_acl_denies_udp(shop):
    own_acl(shop, inbound=[(90, False, "17", "0.0.0.0/0", (8080, 8080))])
    shop.fail_all(TIMED_OUT)


@example("nacl-blocks-lb-to-task|nacl-ephemeral-return-blocked", no=("sg-", "hc-timeout-app"))
def answers_may_not_come_back_to_the_balancer(shop):
    public = tuple(f"subnet-public-{zone}" for zone in ZONES)
    own_acl(shop, subnets=public, inbound=[(80, False, "6", "10.0.10.0/23", (1024, 65535)), (81, False, "6", "10.0.12.0/24", (1024, 65535))])
    shop.fail_all(TIMED_OUT)


@example("hc-timeout-app-not-answering", no=("nacl-", "sg-"))
def an_acl_inside_one_subnet(shop):
    shop.balancer.update(AvailabilityZones=[{"ZoneName": ZONE["a"], "SubnetId": "subnet-a"}], Scheme="internal")
    shop.tasks, shop.targets = shop.tasks[:1], shop.targets[:1]
    shop.service.update(desiredCount=1, runningCount=1)
    shop.deployment.update(desiredCount=1, runningCount=1)
    shop.network["subnets"] = ["subnet-a"]
    own_acl(shop, subnets=("subnet-a",), inbound=[(90, False, "6", "0.0.0.0/0", (8080, 8080))])
    shop.fail_all(TIMED_OUT)


@example("middlebox-sg-reference", no=("hc-timeout-app",))
def packets_pass_a_firewall(shop):
    for table in shop.route_tables.values():
        table["routes"] += [{"DestinationCidrBlock": f"10.0.{octet}.0/24", "NetworkInterfaceId": "eni-fw", "State": "active"}
                            for octet in (0, 1, 2, 10, 11, 12)]
    shop.fail_all(TIMED_OUT)


@example("lb-listener-sg-ingress-closed", no=("sg-task", "hc-"))
def nobody_may_come(shop):
    shop.security_groups["sg-lb"]["in"] = [from_cidr(80, "0.0.0.0/0")]


@example(no=("lb-dualstack", "sg-", "hc-"), health="healthy")
def only_the_office_may_come(shop):
    shop.security_groups["sg-lb"]["in"] = [from_cidr(443, "203.0.113.0/24")]


@example("lb-internet-facing-in-private-subnet", no=("sg-", "hc-"))
def public_balancer_in_private_subnets(shop):
    shop.route_tables["rtb-public"]["routes"] = [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}]


@example("lb-dualstack-sg-no-ipv6", no=("sg-", "hc-"), first=False)
def version_six_stays_out(shop):
    shop.balancer["IpAddressType"] = "dualstack"


@example("listener-weight-zero-on-serving-tg", no=("hc-", "sg-"))
def all_weight_on_an_empty_group(shop):
    other = shop.group_arn.replace("api-tg", "api-green")
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": shop.group_arn, "Weight": 0}, {"TargetGroupArn": other, "Weight": 100}]}}
    shop.listeners[0]["DefaultActions"] = shop.rules[0]["Actions"] = [forward]
    own = shop.elbv2_DescribeTargetHealth
    shop.elbv2_DescribeTargetHealth = lambda asked: own(asked) if asked["TargetGroupArn"] == shop.group_arn else {"TargetHealthDescriptions": []}


@example("lb-no-registered-targets-503", no=("hc-", "sg-"), first=False)
def nobody_registered(shop):
    shop.targets.clear()
    shop.tasks.clear()
    shop.service.update(runningCount=0)
    shop.deployment.update(runningCount=0)


@example("target-not-found-in-tg", no=("hc-", "sg-"))
def somebody_deregistered_one(shop):
    shop.targets.pop()


# Ways out.


def pull_timeout(shop, dialled="dial tcp 34.240.1.2:443: i/o timeout"):
    shop.rolling(minutes=12, running=0, failed=3)
    reason = ("ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from "
              "Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network "
              f"configuration. RequestError: send request failed caused by: Post \"https://api.ecr.{REGION}.amazonaws.com/\": {dialled}")
    for number, ended in enumerate((60, 120, 180)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


def interface_endpoint(name, subnets=PRIVATE, private_dns=True, group="sg-vpce"):
    return {
        "VpcEndpointId": f"vpce-{name}", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "State": "available",
        "ServiceName": f"com.amazonaws.{REGION}.{name}", "PrivateDnsEnabled": private_dns, "SubnetIds": list(subnets),
        "Groups": [{"GroupId": group, "GroupName": group}], "NetworkInterfaceIds": [f"eni-vpce-{name}"]}


def s3_gateway(tables=("rtb-private",)):
    return {"VpcEndpointId": "vpce-s3", "VpcEndpointType": "Gateway", "VpcId": "vpc-1", "State": "available",
            "ServiceName": f"com.amazonaws.{REGION}.s3", "RouteTableIds": list(tables), "PrivateDnsEnabled": False}


def without_nat(shop, *names, gateway=True):
    shop.route_tables["rtb-private"]["routes"] = []
    shop.security_groups["sg-vpce"] = {"in": [from_cidr(443, "10.0.0.0/16")], "out": [EVERYTHING]}
    shop.endpoints += [interface_endpoint(name) for name in names]
    if gateway:
        shop.endpoints.append(s3_gateway())
        shop.route_tables["rtb-private"]["routes"].append(
            {"DestinationPrefixListId": "pl-s3", "GatewayId": "vpce-s3", "State": "active"})


@example("egress-public-subnet-no-public-ip", no=("egress-private", "image-pull-network", "vpce-"), health="failing")
def public_subnets_without_public_addresses(shop):
    shop.route_tables["rtb-private"]["routes"] = [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]
    pull_timeout(shop)


@example("image-pull-network|task-start-network", no=("egress-", "vpce-", "task-sg"), health="failing")
def public_addresses_and_open(shop):
    shop.route_tables["rtb-private"]["routes"] = [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]
    shop.network["assignPublicIp"] = "ENABLED"
    pull_timeout(shop)


@example("egress-private-subnet-no-nat-no-endpoint", no=("vpce-sg", "egress-public", "s3-gateway"), health="failing")
def no_endpoint_for_the_registry(shop):
    without_nat(shop, "ecr.dkr", "logs")
    pull_timeout(shop)


@example("s3-gateway-endpoint-missing-route", no=("egress-private", "vpce-"), health="failing")
def layers_cannot_be_reached(shop):
    without_nat(shop, "ecr.api", "ecr.dkr", "logs", gateway=False)
    shop.rolling(minutes=12, running=0, failed=3)
    reason = ("CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do "
              f"request: Get \"https://prod-{REGION}-starport-layer-bucket.s3.{REGION}.amazonaws.com/x\": dial tcp 52.218.1.2:443: i/o timeout")
    for number, ended in enumerate((60, 120, 180)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@example("vpce-private-dns-off", no=("egress-private", "vpce-sg"), health="failing")
def endpoint_without_private_names(shop):
    without_nat(shop, "ecr.dkr", "logs")
    shop.endpoints.append(interface_endpoint("ecr.api", private_dns=False))
    pull_timeout(shop)


@example("task-sg-egress-blocks-443", no=("egress-private", "vpce-"), health="failing")
def tasks_may_not_leave(shop):
    shop.security_groups["sg-task"]["out"] = [from_cidr(5432, "10.0.0.0/16")]
    pull_timeout(shop)


@example("nacl-blocks-egress", no=("egress-private", "task-sg", "vpce-"), health="failing")
def an_acl_keeps_tasks_in(shop):
    own_acl(shop, outbound=[(90, False, "6", "0.0.0.0/0", (443, 443))])
    pull_timeout(shop)


@example("nacl-blocks-egress", no=("egress-private", "task-sg", "vpce-"), health="failing")
def an_acl_keeps_answers_out(shop):
    own_acl(shop, closed=True, inbound=[(100, True, "6", "10.0.0.0/16", (0, 65535))], outbound=[(100, True)])
    pull_timeout(shop)


@example("nat-route-blackhole", no=("egress-private", "task-sg"), health="failing")
def nat_gateway_deleted(shop):
    shop.route_tables["rtb-private"]["routes"][0]["State"] = "blackhole"
    pull_timeout(shop)


@example("vpce-sg-blocks-443", no=("egress-private", "log-group-missing"), health="failing")
def logs_are_unreachable(shop):
    shop.rolling(minutes=12, running=0, failed=3)
    shop.endpoints.append(interface_endpoint("logs"))
    shop.security_groups["sg-vpce"] = {"in": [from_group(443, "sg-other")], "out": [EVERYTHING]}
    reason = ("ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined "
              "in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network "
              "configuration. : signal: killed")
    for number, ended in enumerate((60, 120, 180)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@example(no=("egress-", "vpce-", "nat-", "task-sg", "s3-"), health="healthy")
def no_nat_but_all_runs(shop):
    shop.route_tables["rtb-private"]["routes"] = []


@example("egress-private-subnet-no-nat-no-endpoint", no=("vpce-", "secret-"), health="failing")
def secrets_cannot_be_reached(shop):
    without_nat(shop, "ecr.api", "ecr.dkr", "logs")
    shop.container["secrets"] = [{"name": "DB", "valueFrom": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"}]
    shop.rolling(minutes=12, running=0, failed=3)
    reason = ("ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: There is a connection "
              "issue between the task and AWS Secrets Manager. Check your task network configuration. failed to fetch secret "
              f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf from secrets manager: RequestCanceled: request context canceled "
              "caused by: context deadline exceeded")
    for number, ended in enumerate((60, 120, 180)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


# Two faults, and faults beside noise.


@example("sg-task-ingress-missing", "image-not-found", health="failing", first=False)
def closed_and_the_new_image_is_missing(shop):
    shop.security_groups["sg-task"]["in"] = []
    shop.fail_all(TIMED_OUT)
    shop.rolling(minutes=12, running=0, failed=3)
    reason = f"CannotPullContainerError: failed to resolve ref {shop.container['image']}: not found"
    for number, ended in enumerate((60, 120, 180)):
        shop.stop(number, "TaskFailedToStart", reason, ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@example("tg-code-mismatch-404", no=("oom", "killed-without", "app-crash", "sg-"), health="failing")
def noise_around_a_404(shop):
    shop.fail_all(codes(404))
    shop.event(300, "has reached a steady state.")
    shop.stop(1, "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", exit_code=137, lived=9000, ended=1800)
    for number, ended in ((2, 90), (3, 200), (4, 330)):
        shop.stop(number, "ServiceSchedulerInitiated", KILLED.format(shop.group_arn), exit_code=137, lived=80, ended=ended)
    shop.targets.append(shop.target("10.0.10.102", "a", ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")))
