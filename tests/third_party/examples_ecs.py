"""Worked examples of ECS's own faults: tasks that do not start, tasks that stop, placement, deployments, scaling, hygiene. Run by
`examples.py`."""

import datetime

from shop import ACCOUNT, ECS, ELB, EVERYTHING, REFUSED, REGION, TIMED_OUT, ZONE, ZONES, codes, from_cidr, from_group

EXAMPLES = []
KILLED = "Task failed ELB health checks in (target-group {})"
EXITED = "Essential container in task exited"
SCALED = "Scaling activity initiated by (deployment ecs-svc/1)"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PULL = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
AUTH = "ResourceInitializationError: unable to pull secrets or registry auth: "
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
EXECUTION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ecsTaskExecutionRole/0123456789abcdef0123456789abcdef"


def example(*expected, no=(), health=None, first=True):
    """As in `examples.py`."""

    def register(function):
        EXAMPLES.append((function.__name__, function, expected, no, health, first))
        return function

    return register


def many(expected, texts, no=(), health="failing"):
    """The same example with each of several texts."""

    def register(function):
        for number, text in enumerate(texts):
            def make(shop, text=text):
                function(shop, text)
            EXAMPLES.append((f"{function.__name__}_{number + 1}", make, (expected,) if expected else (), no, health, True))
        return function

    return register


# Situations.


def does_not_start(shop, reason, why=None, code="TaskFailedToStart", zone="a", exit_code=None):
    """The new revision does not start: three attempts, the old tasks go on."""
    shop.rolling(minutes=12, running=0, failed=3)
    for number, ended in enumerate((45, 200, 420)):
        shop.stop(number, code, reason, why=why, exit_code=exit_code, ended=ended, deployment="ecs-svc/2", revision=31, started=False, zone=zone)


def crashes(shop, code, *lines, why=None, lived=4, reason=EXITED, stop_code="EssentialContainerExited"):
    """The new revision starts and dies, five times."""
    shop.rolling(minutes=12, running=0, pending=1, failed=5)
    for number, ended in enumerate((30, 90, 150, 210, 270)):
        task = shop.stop(number, stop_code, reason, exit_code=code, why=why, lived=lived, ended=ended,
                         deployment="ecs-svc/2", revision=31, asked_to_stop=0)
        shop.log(task, *lines, start=1)


def short_by(shop, number):
    """So many of the three tasks do not run."""
    shop.tasks, shop.targets = shop.tasks[number:], shop.targets[number:]
    shop.service["runningCount"] = shop.deployment["runningCount"] = 3 - number


def resources(cpu, memory, ports=("22", "2376", "2375", "51678", "51679")):
    return [
        {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": list(ports)},
        {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
    ]


def instance(shop, number, zone, **more):
    """A container instance with its EC2 instance."""
    identifier = f"i-0{number:016x}"
    shop.instances.append({
        "InstanceId": identifier, "SubnetId": f"subnet-{zone}", "VpcId": "vpc-1", "PrivateIpAddress": f"10.0.{10 + ZONES.index(zone)}.{200 + number}",
        "SecurityGroups": [{"GroupId": "sg-task", "GroupName": "task"}], "State": {"Code": 16, "Name": "running"},
        "Placement": {"AvailabilityZone": ZONE[zone]}, "NetworkInterfaces": []})
    shop.container_instances.append({
        "containerInstanceArn": f"{ECS}:container-instance/{shop.cluster}/{number:032x}", "ec2InstanceId": identifier, "status": "ACTIVE",
        "agentConnected": True, "runningTasksCount": 1, "pendingTasksCount": 0, "version": 7,
        "registeredResources": resources(2048, 3900), "remainingResources": resources(1792, 3388),
        "attributes": [{"name": "ecs.availability-zone", "value": ZONE[zone]}, {"name": "ecs.capability.task-eni"},
                       {"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}, {"name": "ecs.instance-type", "value": "t3.medium"}],
        **more})
    return shop.container_instances[-1]


def on_instances(shop, mode="awsvpc"):
    """The service runs on three container instances."""
    shop.service["launchType"] = shop.deployment["launchType"] = "EC2"
    shop.service.pop("platformVersion", None)
    shop.definition.update(requiresCompatibilities=["EC2"], networkMode=mode)
    for number, zone in enumerate(ZONES):
        host = instance(shop, number + 1, zone)
        task = shop.tasks[number]
        task.update(launchType="EC2", containerInstanceArn=host["containerInstanceArn"])
        task.pop("platformVersion", None)
        if mode != "awsvpc":
            port = shop.port if mode == "host" else 32768 + number
            task["attachments"] = []
            task["containers"][0].update(networkInterfaces=[], networkBindings=[
                {"bindIP": "0.0.0.0", "containerPort": shop.port, "hostPort": port, "protocol": "tcp"}])
            shop.targets[number] = shop.target(host["ec2InstanceId"], zone, ("healthy",), port=port)
    shop.cluster_details = {"registeredContainerInstancesCount": 3}
    if mode != "awsvpc":
        shop.target_group["TargetType"] = "instance"
        shop.container["portMappings"] = [{"containerPort": shop.port, "hostPort": shop.port if mode == "host" else 0, "protocol": "tcp"}]
        shop.service.pop("networkConfiguration")
        shop.security_groups["sg-task"]["in"] = [from_group(1024, "sg-lb", last=65535)]


def endpoint(shop, service, groups=("sg-vpce",), private=True, number=1):
    """An interface endpoint in subnet a."""
    identifier = f"vpce-{service.replace('.', '-')}"
    shop.endpoints.append({
        "VpcEndpointId": identifier, "VpcEndpointType": "Interface", "VpcId": "vpc-1", "State": "available",
        "ServiceName": f"com.amazonaws.{REGION}.{service}", "PrivateDnsEnabled": private,
        "SubnetIds": ["subnet-a"], "Groups": [{"GroupId": group, "GroupName": group[3:]} for group in groups],
        "NetworkInterfaceIds": [f"eni-{identifier}"]})
    shop.endpoint_interfaces.append({
        "NetworkInterfaceId": f"eni-{identifier}", "Description": f"VPC Endpoint Interface {identifier}", "SubnetId": "subnet-a",
        "VpcId": "vpc-1", "AvailabilityZone": ZONE["a"], "PrivateIpAddress": f"10.0.10.{60 + number}", "Groups": [{"GroupId": group} for group in groups]})
    shop.security_groups.setdefault("sg-vpce", {"in": [from_cidr(443, "10.0.0.0/16")], "out": [EVERYTHING]})


def gateway(shop, tables=("rtb-private",)):
    """The S3 gateway endpoint."""
    shop.endpoints.append({
        "VpcEndpointId": "vpce-s3", "VpcEndpointType": "Gateway", "VpcId": "vpc-1", "State": "available",
        "ServiceName": f"com.amazonaws.{REGION}.s3", "PrivateDnsEnabled": False, "RouteTableIds": list(tables)})
    shop.prefix_lists["pl-s3"] = ["52.218.0.0/17", "3.5.64.0/21"]
    for table in tables:
        shop.route_tables[table]["routes"].append({"DestinationPrefixListId": "pl-s3", "GatewayId": "vpce-s3", "State": "active"})


def no_nat(shop):
    shop.route_tables["rtb-private"]["routes"] = []


def to_the_internet(shop):
    """The subnets of the tasks are public ones."""
    shop.route_tables["rtb-private"]["routes"] = [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]


def timed_out(address="52.94.5.9", image=None):
    ref = image or f"{REGISTRY}/api:7"
    return (f"{PULL}{ref}: failed to do request: Head \"https://{ref.split('/')[0]}/v2/api/manifests/7\": "
            f"dial tcp {address}:443: i/o timeout")


# Task start: the way out.


@example("egress-public-subnet-no-public-ip", no=("image-pull-network", "egress-private", "image-not"), health="failing")
def public_subnet_without_public_address(shop):
    to_the_internet(shop)
    does_not_start(shop, timed_out())


@example(no=("egress-public", "egress-private", "image-not", "task-sg"), health="failing", first=False)
def public_subnet_with_public_address(shop):
    to_the_internet(shop)
    shop.network["assignPublicIp"] = "ENABLED"
    does_not_start(shop, timed_out())


@example("egress-public-subnet-no-public-ip", no=("egress-private",), health="failing")
def waits_for_an_image_in_a_public_subnet(shop):
    to_the_internet(shop)
    shop.rolling(minutes=9, pending=1)
    task = shop.run(5, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=8))
    shop.targets.pop()
    task.update(lastStatus="PENDING", createdAt=shop.ago(minutes=8), pullStartedAt=shop.ago(minutes=7))
    for key in ("startedAt", "pullStoppedAt"):
        task.pop(key)
    task["containers"][0]["lastStatus"] = "PENDING"


@example("egress-private-subnet-no-nat-no-endpoint", no=("secret-missing", "secret-access", "vpce-", "s3-gateway"), health="failing")
def endpoint_for_secrets_missing(shop):
    no_nat(shop)
    for number, name in enumerate(("ecr.api", "ecr.dkr", "logs")):
        endpoint(shop, name, number=number)
    gateway(shop)
    shop.container["secrets"] = [{"name": "DB", "valueFrom": SECRET}]
    does_not_start(shop, f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 5 time(s): "
                   f"failed to fetch secret {SECRET} from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded. "
                   "Please check your task network configuration.")


@example("vpce-sg-blocks-443", no=("log-group", "egress-"), health="failing")
def endpoint_for_logs_closed(shop):
    endpoint(shop, "logs")
    shop.security_groups["sg-vpce"]["in"] = [from_group(443, "sg-lb")]
    does_not_start(shop, "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task "
                   "definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed")


@example("task-sg-egress-blocks-443", no=("vpce-", "egress-p", "s3-gateway"), health="failing")
def group_lets_nothing_out(shop):
    shop.security_groups["sg-task"]["out"] = [from_cidr(5432, "10.0.0.0/16")]
    does_not_start(shop, timed_out())


@example("task-sg-egress-blocks-443", no=("vpce-sg", "egress-p", "s3-gateway"), health="failing")
def group_lets_nothing_out_to_s3(shop):
    no_nat(shop)
    for number, name in enumerate(("ecr.api", "ecr.dkr", "logs")):
        endpoint(shop, name, number=number)
    gateway(shop)
    shop.security_groups["sg-task"]["out"] = [from_group(443, "sg-vpce")]
    does_not_start(shop, f"CannotPullContainerError: failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://prod-{REGION}-starport-layer-bucket"
                   f".s3.{REGION}.amazonaws.com/31eb-1111/8f2d?X-Amz-Security-Token=x\": dial tcp 52.218.57.10:443: i/o timeout")


@example("s3-gateway-endpoint-missing-route", no=("vpce-sg", "task-sg", "image-not"), health="failing")
def endpoints_for_the_registry_without_s3(shop):
    no_nat(shop)
    for number, name in enumerate(("ecr.api", "ecr.dkr", "logs")):
        endpoint(shop, name, number=number)
    does_not_start(shop, f"CannotPullContainerError: failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://prod-{REGION}-starport-layer-bucket"
                   f".s3.{REGION}.amazonaws.com/31eb-1111/8f2d\": dial tcp 52.218.57.10:443: i/o timeout")


@example("s3-gateway-endpoint-missing-route", no=("vpce-sg", "task-sg"), health="failing")
def gateway_in_another_table(shop):
    no_nat(shop)
    for number, name in enumerate(("ecr.api", "ecr.dkr", "logs")):
        endpoint(shop, name, number=number)
    gateway(shop, tables=("rtb-public",))
    does_not_start(shop, "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed open: failed to do request: "
                   f"Get https://prod-{REGION}-starport-layer-bucket.s3.{REGION}.amazonaws.com/x: dial tcp 52.218.57.10:443: i/o timeout")


@example("vpce-private-dns-off", no=("vpce-sg", "task-sg", "egress-private"), health="failing")
def endpoint_without_private_dns(shop):
    no_nat(shop)
    endpoint(shop, "ecr.api", private=False)
    for number, name in enumerate(("ecr.dkr", "logs")):
        endpoint(shop, name, number=number + 2)
    gateway(shop)
    does_not_start(shop, f"{AUTH}There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed "
                   f"caused by: Post \"https://api.ecr.{REGION}.amazonaws.com/\": dial tcp 52.94.5.9:443: i/o timeout")


@example(no=("vpce-", "egress-", "task-sg", "s3-"), health="healthy")
def endpoint_without_private_dns_beside_nat(shop):
    endpoint(shop, "ecr.api", private=False)


@example("vpce-policy-denies", no=("ecr-auth-iam", "secret-access", "vpce-sg"), health="failing")
def endpoint_policy(shop):
    endpoint(shop, "secretsmanager")
    does_not_start(shop, f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret "
                   f"{SECRET} from secrets manager: AccessDeniedException: User: {EXECUTION} is not authorized to perform: secretsmanager:GetSecretValue on resource: "
                   f"{SECRET} because no VPC endpoint policy allows the secretsmanager:GetSecretValue action")


@example("nacl-blocks-egress", no=("task-sg", "vpce-", "egress-"), health="failing")
def acl_denies_https(shop):
    for zone in ZONES:
        shop.acls["acl-default"]["subnets"].remove(f"subnet-{zone}")
    shop.acls["acl-private"] = {"subnets": [f"subnet-{zone}" for zone in ZONES], "in": [], "out": [(50, False, "6", "0.0.0.0/0", (443, 443))]}
    does_not_start(shop, timed_out())


@example("nat-route-blackhole", no=("task-sg", "vpce-", "egress-p"), health="failing")
def nat_deleted(shop):
    shop.route_tables["rtb-private"]["routes"][0]["State"] = "blackhole"
    does_not_start(shop, timed_out())


@example("nat-route-blackhole", no=("task-sg", "vpce-", "egress-p"), health="failing")
def nat_deleted_in_one_zone(shop):
    shop.route_tables["rtb-private"]["subnets"].remove("subnet-b")
    shop.route_tables["rtb-b"] = {"subnets": ["subnet-b"], "routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-2", "State": "blackhole"}]}
    does_not_start(shop, timed_out(), zone="b")
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            task["attachments"][0]["details"][0]["value"] = "subnet-b"


@example("image-pull-network", no=("egress-", "vpce-", "task-sg", "nat-"), health="failing")
def way_out_cannot_be_read(shop):
    shop.denied |= {("ec2", "DescribeRouteTables"), ("ec2", "DescribeVpcEndpoints"), ("ec2", "DescribeSubnets")}
    does_not_start(shop, timed_out())


@example("egress-private-subnet-no-nat-no-endpoint", no=("image-pull-network", "image-access"), health="failing")
def hub_image_without_nat(shop):
    no_nat(shop)
    shop.container["image"] = "nginx:1.27"
    does_not_start(shop, "CannotPullContainerError: inspect image has been retried 5 time(s): failed to resolve ref \"docker.io/library/nginx:1.27\": failed to do request: "
                   "Head https://registry-1.docker.io/v2/library/nginx/manifests/1.27: dial tcp 34.205.13.154:443: i/o timeout")


# Task start: image.


@many("ecr-auth-iam", [
    f"{AUTH}execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: User: {EXECUTION} is "
    "not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action status code: 400, request id: 1",
    f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:7: pulling from host {REGISTRY} failed with status code "
    f"[manifests 7]: 403 Forbidden: AccessDeniedException: User: {EXECUTION} is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:{REGION}:{ACCOUNT}:repository/api",
    f"CannotPullECRContainerError: AccessDeniedException: User: {EXECUTION} is not authorized to perform: ecr:GetAuthorizationToken on resource: *",
    f"CannotPullContainerError: AccessDeniedException: User: {EXECUTION} is not authorized to perform: ecr:GetDownloadUrlForLayer on resource: arn:aws:ecr:{REGION}:{ACCOUNT}:repository/api",
], no=("image-", "secret-", "egress-", "vpce-", "log-"))
def registry_refuses(shop, reason):
    does_not_start(shop, reason)


@many("image-not-found", [
    f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:9: {REGISTRY}/api:9: not found",
    f"CannotPullContainerError: Error response from daemon: manifest for {REGISTRY}/api:9 not found: manifest unknown: Requested image not found",
    f"CannotPullContainerError: The task can\u2019t pull the image '{REGISTRY}/api:9' from Amazon Elastic Container Registry. Check whether the image exists. {REGISTRY}/api:9: not found",
    f"CannotPullContainerError: API error (404): repository {ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/apj not found",
    "CannotPullContainerError: API error (404): denied: requested access to the resource is denied",
    f"CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \"docker.io/library/apj:9\": docker.io/library/apj:9: not found",
    "CannotPullImageManifestError: Error response from daemon: manifest unknown: manifest unknown",
], no=("image-pull-network", "image-digest", "egress-", "ecr-"))
def image_missing(shop, reason):
    does_not_start(shop, reason)


@example("image-digest-expired", no=("image-not-found", "image-pull"))
def digest_expired_and_nothing_can_be_replaced(shop):
    short_by(shop, 1)
    digest = "sha256:" + "ab" * 32
    ref = f"{REGISTRY}/api@{digest}"
    for number, ended in enumerate((45, 200, 420)):
        task = shop.stop(number, "TaskFailedToStart", f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {ref}: {ref}: not found",
                         ended=ended, started=False)
        task["containers"][0]["image"] = ref


@many("image-pull-access-denied", [
    "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \"docker.io/acme/api:7\": pull access denied, repository does not exist or may require "
    "authorization: server message: insufficient_scope: authorization failed",
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ghcr.io/acme/api:7: failed to authorize: failed to fetch anonymous token: unexpected status "
    "from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fapi%3Apull&service=ghcr.io: 401 Unauthorized",
    "CannotPullContainerError: failed to resolve ref ghcr.io/acme/api:7: unexpected status from HEAD request to https://ghcr.io/v2/acme/api/manifests/7: 403 Forbidden",
], no=("image-not-found", "ecr-auth", "egress-", "image-pull-network"))
def registry_wants_a_login(shop, reason):
    shop.container["image"] = "ghcr.io/acme/api:7" if "ghcr" in reason else "acme/api:7"
    does_not_start(shop, reason)


@many("image-rate-limited", [
    "CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/"
    "sha256:1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
    "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code: 429 Too Many Requests",
    "CannotPullContainerError: toomanyrequests: Rate exceeded",
], no=("image-not-found", "image-pull-", "egress-", "task-sg", "s3-"))
def registry_counts_pulls(shop, reason):
    shop.container["image"] = "nginx:1.27"
    does_not_start(shop, reason)


@many("image-platform-mismatch", [
    "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
    "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/arm64/v8'",
    "CannotPullContainerError: Error response from daemon: no matching manifest for linux/amd64 in the manifest list entries",
], no=("image-not-found", "app-crash", "cannot-start"))
def wrong_platform(shop, reason):
    does_not_start(shop, reason)


@example("image-platform-mismatch", no=("app-crash", "command-not"), health="failing")
def exec_format_error_in_the_log(shop):
    crashes(shop, 1, "exec /usr/local/bin/docker-entrypoint.sh: exec format error", lived=1)


@example("image-platform-mismatch", no=("app-crash", "cannot-start"), health="failing")
def exec_format_error_at_start(shop):
    does_not_start(shop, "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create "
                   "failed: unable to start container process: exec /app: exec format error: unknown")


@many("image-too-large-no-space", [
    "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer sha256:1: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/23/fs/x: no space left on device: unknown",
    "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob111: no space left on device",
    "CannotCreateContainerError: API error (500): devmapper: Thin Pool has 4350 free data blocks which is less than minimum required 4454 free data blocks: no space left on device",
], no=("image-not", "image-pull", "cannot-start"))
def disk_full(shop, reason):
    does_not_start(shop, reason)


# Task start: secrets, logs, roles, volumes.


@many("secret-missing", [
    f"ResourceNotFoundException: Fetching secret data from AWS Secrets Manager in region {REGION}: secret {SECRET}: Secrets Manager can't find the specified secret.",
    f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {SECRET} from secrets manager: "
    "ResourceNotFoundException: Secrets Manager can't find the specified secret. status code: 400, request id: 1",
    f"{AUTH}execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /shop/db",
], no=("secret-access", "secret-json", "image-", "egress-"))
def secret_not_there(shop, reason):
    shop.container["secrets"] = [{"name": "DB", "valueFrom": SECRET}]
    does_not_start(shop, reason)


@many("secret-access-denied", [
    f"{AUTH}execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: {EXECUTION} is not authorized to perform: "
    f"ssm:GetParameters on resource: arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/db because no identity-based policy allows the ssm:GetParameters action",
    f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {SECRET} from secrets manager: "
    f"AccessDeniedException: User: {EXECUTION} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:{REGION}:{ACCOUNT}:key/1 because no identity-based policy allows",
    f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {SECRET} from secrets manager: "
    "AccessDeniedException: Access to KMS is not allowed",
    f"AccessDeniedException: Fetching secret data from AWS Secrets Manager in region {REGION}: secret {SECRET}: User: {EXECUTION} is not authorized to perform: secretsmanager:GetSecretValue on resource: {SECRET}",
], no=("secret-missing", "ecr-", "egress-", "vpce-"))
def secret_refused(shop, reason):
    does_not_start(shop, reason)


@example("secret-json-key-missing", no=("secret-missing", "secret-access"), health="failing")
def secret_without_that_key(shop):
    does_not_start(shop, f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key password")


@many("log-group-missing", [
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1",
    "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. Check that the log group exists: exit status 1",
    "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
], no=("log-permission", "egress-", "vpce-", "cannot-start"))
def no_log_group(shop, reason):
    shop.log_groups = []
    does_not_start(shop, reason)


@example("egress-private-subnet-no-nat-no-endpoint", no=("log-group", "log-permission"), health="failing")
def log_group_not_found_for_want_of_a_network(shop):
    no_nat(shop)
    for number, name in enumerate(("ecr.api", "ecr.dkr")):
        endpoint(shop, name, number=number)
    gateway(shop)
    does_not_start(shop, "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue "
                   "between the task and Amazon CloudWatch. Check your network configuration. : signal: killed")


@many("log-permission-denied", [
    f"ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: User: {EXECUTION} is not authorized to perform: "
    f"logs:CreateLogStream on resource: arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/api:log-stream:x because no identity-based policy allows",
    f"CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log group: AccessDeniedException: User: {EXECUTION} is not authorized to perform: logs:CreateLogGroup on resource: *",
], no=("log-group-missing", "cannot-start", "ecr-"))
def log_refused(shop, reason):
    does_not_start(shop, reason)


@example("execution-role-missing", health="failing")
def no_execution_role(shop):
    shop.rolling(minutes=12)
    shop.definitions[31] = {"executionRoleArn": None}
    shop.event(3, "failed to launch a task with (error ECS was unable to launch the task. Fargate requires task definition to have execution role ARN to support ECR images.).")


@example(no=("execution-role", "role-not"), health="healthy")
def hub_image_needs_no_execution_role(shop):
    shop.container.update(image="nginx:1.27")
    shop.container.pop("logConfiguration")
    shop.definition["executionRoleArn"] = None


@example("role-not-assumable", no=("service-linked", "placement-", "ebs-"), health="failing")
def role_not_assumable(shop):
    shop.rolling(minutes=12, running=0)
    shop.event(3, f"failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::{ACCOUNT}:role/app' that was provided for this task. Please verify that the role being passed has the proper "
               "trust relationship and permissions and that your IAM user has permissions to pass this role.).")


@many("env-file-download-failed", [
    "ResourceInitializationError: failed to download env files: file download command: non empty error stream: AccessDenied: Access Denied status code: 403, request id: 1, host id: 2",
    "ResourceInitializationError: failed to download env files: file download command: non empty error stream: RequestCanceled: request context canceled caused by: context deadline exceeded",
], no=("secret-", "image-"))
def environment_file(shop, reason):
    shop.container["environmentFiles"] = [{"value": "arn:aws:s3:::conf/api.env", "type": "s3"}]
    does_not_start(shop, reason)


@many("efs-mount-failed", [
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection reset by peer : unsuccessful EFS utils command execution; code: 32",
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve \"fs-1.efs.eu-west-1.amazonaws.com\" - check that your file system ID is correct",
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils command execution; code: 32",
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: mounting 127.0.0.1:/data failed, reason given by server: No such file or directory'",
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: command failed: timed out waiting for EFS: signal: killed",
], no=("image-", "egress-", "secret-", "ebs-"))
def file_system(shop, reason):
    does_not_start(shop, reason)


@many("eni-provisioning-timeout", [
    "Timeout waiting for network interface provisioning to complete.",
    "Network interface provision complete error timeout wait for task.",
    "Rate limit exceeded while preparing network interface to be attached to instance",
], no=("subnet-", "image-", "egress-"))
def interface_never_came(shop, reason):
    does_not_start(shop, reason)


@example("subnet-ip-exhausted", no=("eni-provisioning", "image-"), health="failing")
def no_address_left(shop):
    shop.free_addresses = 0
    does_not_start(shop, "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-a': InsufficientFreeAddressesInSubnet")


@example("subnet-ip-exhausted", health="failing")
def no_address_left_and_nothing_said(shop):
    shop.free_addresses = 0
    shop.rolling(minutes=12, running=0, pending=0)


@example(no=("subnet-ip-exhausted",), health="healthy")
def addresses_enough(shop):
    shop.free_addresses = 60


@example("taskdef-incompatible-compute", health="failing")
def made_for_instances(shop):
    shop.definitions[31] = {"requiresCompatibilities": ["EC2"]}
    does_not_start(shop, "The selected task definition is not compatible with the selected compute strategy")


@many("container-runtime-timeout", [
    "ContainerRuntimeTimeoutError: Could not transition to started; timed out after waiting 3m0s",
    "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
], no=("cannot-start", "image-", "eni-"))
def runtime_too_slow(shop, reason):
    on_instances(shop)
    does_not_start(shop, EXITED, why=reason)


@example("container-runtime-timeout", no=("cannot-start",), health="failing")
def runtime_too_slow_in_the_task(shop):
    does_not_start(shop, "ContainerRuntimeTimeoutError: Could not transition to started; timed out after waiting 3m0s")


@many("cannot-start-container", [
    "CannotStartContainerError: Error response from daemon: OCI runtime create failed: container_linux.go:370: starting container process caused: exec: \"npm start\": executable file not found in $PATH: unknown",
    "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim: OCI runtime create failed: runc create failed: unable to start container process: "
    "exec: \"/app/start.sh\": permission denied: unknown",
    "CannotStartContainerError: Error response from daemon: driver failed programming external connectivity on endpoint ecs-api: Bind for 0.0.0.0:80 failed: port is already allocated",
    "CannotStartContainerError: Error response from daemon: error gathering device information while adding custom device \"/dev/fuse\": no such file or directory",
    "CannotCreateContainerError: API error (500): Minimum memory limit allowed is 6MB",
    "CannotStartContainerError: Error response from daemon: failed to create task for container: exec: \"/app/start.sh\": stat /app/start.sh: no such file or directory: unknown",
], no=("image-", "log-", "app-crash", "command-not"))
def runtime_refuses(shop, reason):
    does_not_start(shop, EXITED, why=reason, exit_code=128 if "permission" in reason else None)


@many("cannot-start-container", [
    "CannotStartContainerError: Error response from daemon: OCI runtime create failed: exec: \"serve\": executable file not found in $PATH: unknown",
], no=("image-", "app-crash", "command-not"))
def runtime_refuses_in_the_task(shop, reason):
    does_not_start(shop, reason, code="EssentialContainerExited")


@example("dependson-deadlock", health="failing")
def waits_for_the_health_of_a_container_without_checks(shop):
    init = {"name": "db-proxy", "image": "envoy:1", "essential": True}
    app = dict(shop.container, dependsOn=[{"containerName": "db-proxy", "condition": "HEALTHY"}])
    shop.definitions[31] = {"containerDefinitions": [init, app]}
    shop.rolling(minutes=12, pending=1)
    task = shop.run(5, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=8))
    shop.targets.pop()
    task.update(lastStatus="PENDING", createdAt=shop.ago(minutes=8))
    task.pop("startedAt")
    task["containers"][0]["lastStatus"] = "PENDING"
    task["containers"].append({"name": "db-proxy", "lastStatus": "RUNNING", "healthStatus": "UNKNOWN"})


@many("dependson-deadlock", [
    "TaskDependencyError: Task dependencies cannot be resolved",
    "dependency graph: failed to resolve container ordering dependency [migrate] for target [app] as dependency did not exit successfully.",
])
def init_container_failed(shop, reason):
    migrate = {"name": "migrate", "image": "api:7", "essential": False}
    app = dict(shop.container, dependsOn=[{"containerName": "migrate", "condition": "SUCCESS"}])
    shop.definitions[31] = {"containerDefinitions": [migrate, app]}
    does_not_start(shop, reason)
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            task["containers"].append({"name": "migrate", "lastStatus": "STOPPED", "exitCode": 1})


@many("ebs-attach-failed", [
    f"ECS was unable to assume the configured ECS Infrastructure Role 'arn:aws:iam::{ACCOUNT}:role/ecsInfra'. Please verify that the role being passed has the proper trust relationship with Amazon ECS",
    "Encountered InvalidParameterValue: IdempotentParameterMismatch: The client token you have provided is associated with a resource that is already deleted.",
    "EBS volume configuring timed out",
], no=("efs-", "role-not", "image-"))
def block_volume(shop, reason):
    does_not_start(shop, "Timeout waiting for EBS volume attachment")
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            task["attachments"].append({"id": "2", "type": "AmazonElasticBlockStorage", "status": "DETACHED", "details": [
                {"name": "volumeId", "value": "vol-1"}, {"name": "statusReason", "value": reason}, {"name": "volumeName", "value": "data"}]})
            task["stoppedReason"] = reason


@example("task-stuck-pending", no=("image-not", "egress-", "deployment-in-progress"))
def pulls_for_ever(shop):
    shop.rolling(minutes=9, pending=1)
    task = shop.run(5, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=8))
    shop.targets.pop()
    task.update(lastStatus="PENDING", createdAt=shop.ago(minutes=8), pullStartedAt=shop.ago(minutes=7))
    for key in ("startedAt", "pullStoppedAt"):
        task.pop(key)
    task["containers"][0]["lastStatus"] = "PENDING"


@example(no=("task-stuck", "deployment-stuck"), health="deploying")
def pulls_for_a_minute(shop):
    shop.rolling(minutes=2, pending=1)
    task = shop.run(5, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=1))
    shop.targets.pop()
    task.update(lastStatus="PENDING", createdAt=shop.ago(minutes=1), pullStartedAt=shop.ago(seconds=40))
    for key in ("startedAt", "pullStoppedAt"):
        task.pop(key)
    task["containers"][0]["lastStatus"] = "PENDING"


@example("hc-timeout-blocking-logs", first=False)
def blocking_logs(shop):
    shop.container["logConfiguration"]["options"]["mode"] = "blocking"
    endpoint(shop, "logs")
    shop.security_groups["sg-vpce"]["in"] = []
    shop.fail_all(TIMED_OUT)


@example(no=("hc-timeout-blocking",), health="failing", first=False)
def logs_do_not_block(shop):
    shop.container["logConfiguration"]["options"]["mode"] = "non-blocking"
    endpoint(shop, "logs")
    shop.security_groups["sg-vpce"]["in"] = []
    shop.fail_all(TIMED_OUT)


# Task start: combined, and noise.


@example("image-not-found", no=("oom", "app-crash", "egress-", "killed-without"), health="failing")
def no_image_beside_scaling_stops(shop):
    for number in (11, 12, 13):
        shop.stop(number, "ServiceSchedulerInitiated", SCALED, exit_code=137, lived=4000, ended=700 + number)
    image_missing(shop, f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:9: {REGISTRY}/api:9: not found")


@example("secret-access-denied", "tg-code-mismatch-404", no=("image-", "egress-"), health="failing", first=False)
def secret_refused_and_404(shop):
    shop.fail_all(codes(404))
    does_not_start(shop, f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: failed to fetch secret {SECRET} from secrets manager: AccessDeniedException: User: {EXECUTION} is not authorized to "
                   f"perform: secretsmanager:GetSecretValue on resource: {SECRET}")


@example(no=("image-not-found", "task-start"), health="healthy")
def image_was_missing_before_the_last_deployment(shop):
    shop.stop(1, "TaskFailedToStart", f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:6: not found",
              ended=2400, started=False, deployment="ecs-svc/0", revision=29)
    shop.deployment["createdAt"] = shop.ago(minutes=30)
    shop.event(12, "has reached a steady state.")


# Tasks that stop.


def killed(shop, *targets, code=143, reason=KILLED):
    """The load balancer has tasks of the newest deployment killed, again and again."""
    shop.rolling(minutes=15, running=1, failed=4)
    for number, ended in enumerate((90, 180, 270, 360)):
        shop.stop(number, "ServiceSchedulerInitiated", reason.format(shop.group_arn), exit_code=code, lived=75, ended=ended,
                  deployment="ecs-svc/2", revision=31)


@example("tg-code-mismatch-404", no=("oom", "app-crash", "killed-without", "sigterm-"), health="failing")
def killed_for_404(shop):
    killed(shop)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(seconds=70), health=codes(404))


@example("tg-code-mismatch-5xx-proxy", no=("oom", "app-crash", "container-healthcheck"), health="failing")
def killed_and_the_targets_are_gone(shop):
    killed(shop, code=137)
    shop.service["runningCount"] = 3
    shop.deployment["runningCount"] = 0
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            identifier = task["taskArn"].rsplit("/", 1)[1]
            shop.event(5, f"(task {identifier}) (port 8080) is unhealthy in (target-group {shop.group_arn}) due to (reason Health checks failed with these codes: [503])")


@example(no=("task-killed", "tg-", "hc-", "grace-"), health="healthy")
def one_task_killed_an_hour_before(shop):
    shop.stop(1, "ServiceSchedulerInitiated", KILLED.format(shop.group_arn), exit_code=143, lived=9000, ended=3300)
    shop.event(50, "has reached a steady state.")


def container_check(shop, command, **more):
    shop.container["healthCheck"] = {"command": command, "interval": 30, "timeout": 5, "retries": 3, **more}


def unhealthy(shop, started=100, killed=3):
    """Container checks fail in the newest deployment."""
    shop.rolling(minutes=15, running=1, failed=killed)
    task = shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(seconds=started))
    task["healthStatus"] = task["containers"][0]["healthStatus"] = "UNHEALTHY"
    for each in shop.tasks[:3]:
        each["healthStatus"] = each["containers"][0]["healthStatus"] = "HEALTHY"
    for number in range(killed):
        dead = shop.stop(number, "ServiceSchedulerInitiated", "Task failed container health checks", exit_code=143, lived=started,
                         ended=60 + 150 * number, deployment="ecs-svc/2", revision=31)
        dead["healthStatus"] = dead["containers"][0]["healthStatus"] = "UNHEALTHY"


@example("container-hc-cmd-form", no=("container-hc-start", "oom", "app-crash"), health="failing")
def shell_words_without_a_shell(shop):
    container_check(shop, ["CMD", "curl -f http://localhost:8080/ || exit 1"])
    unhealthy(shop)


@example(no=("container-hc-cmd-form",), health="failing", first=False)
def separate_words_without_a_shell(shop):
    container_check(shop, ["CMD", "/app/check", "--port", "8080"])
    unhealthy(shop)


@example("container-hc-no-shell", no=("container-hc-cmd", "oom"), health="failing")
def no_shell_in_the_image(shop):
    shop.container["image"] = "gcr.io/distroless/static-debian12:nonroot"
    container_check(shop, ["CMD-SHELL", "/app/check || exit 1"])
    unhealthy(shop)


@example("container-hc-tool-missing", no=("container-hc-cmd", "container-hc-no-shell"), health="failing")
def curl_in_alpine(shop):
    shop.container["image"] = "node:22-alpine"
    container_check(shop, ["CMD-SHELL", "curl -f http://localhost:8080/ || exit 1"])
    unhealthy(shop)


@example(no=("container-hc-tool", "container-hc-no-shell"), health="failing", first=False)
def wget_in_alpine(shop):
    shop.container["image"] = "node:22-alpine"
    container_check(shop, ["CMD-SHELL", "wget -q -O- http://127.0.0.1:8080/ || exit 1"])
    unhealthy(shop)


@example("container-hc-tool-missing", health="failing")
def wget_in_slim(shop):
    shop.container["image"] = "python:3.12-slim"
    container_check(shop, ["CMD-SHELL", "wget -q -O- http://127.0.0.1:8080/ || exit 1"])
    unhealthy(shop)


@example("container-hc-wrong-port", no=("container-hc-start", "container-hc-tool"), health="failing")
def checks_another_port(shop):
    container_check(shop, ["CMD-SHELL", "curl -f http://localhost:3000/health || exit 1"])
    unhealthy(shop)


@example(no=("container-hc-wrong-port",), health="failing", first=False)
def checks_the_port_of_the_environment(shop):
    shop.container["environment"] = [{"name": "PORT", "value": "3000"}]
    container_check(shop, ["CMD-SHELL", "curl -f http://localhost:3000/health || exit 1"])
    unhealthy(shop)


@example("container-hc-start-period", no=("container-hc-wrong", "grace-"), health="failing")
def killed_before_the_container_is_up(shop):
    container_check(shop, ["CMD-SHELL", "curl -f http://127.0.0.1:8080/ || exit 1"])
    unhealthy(shop, started=95)


@example("container-healthcheck-failing", no=("tg-", "hc-"), first=False)
def container_check_without_a_known_cause(shop):
    container_check(shop, ["CMD-SHELL", "/app/check || exit 1"], startPeriod=120)
    for task in shop.tasks[:1]:
        task["healthStatus"] = task["containers"][0]["healthStatus"] = "UNHEALTHY"


@example(no=("container-healthcheck", "container-hc"), health="healthy")
def container_health_unknown(shop):
    pass


@example("health-stale-agent-disconnected", no=("placement-",), first=False)
def agent_gone_under_a_running_task(shop):
    on_instances(shop)
    shop.container_instances[1]["agentConnected"] = False


def oom(shop, count=3):
    for number, ended in enumerate((60, 300, 800)[:count]):
        shop.stop(number, "EssentialContainerExited", EXITED, exit_code=137, lived=300, ended=ended,
                  why="OutOfMemoryError: Container killed due to memory usage")
    short_by(shop, 1)


@example("oom-killed", no=("app-crash", "killed-without", "oom-suspected", "sigterm"))
def out_of_memory_in_the_new_revision(shop):
    crashes(shop, 137, why="OutOfMemoryError: Container killed due to memory usage", lived=20)


@example("oom-killed", no=("scaling-activity-stop-", "killed-without", "sigterm"))
def out_of_memory_beside_scaling(shop):
    oom(shop)
    shop.stop(11, "ServiceSchedulerInitiated", SCALED, exit_code=143, lived=4000, ended=700)


@example("oom-suspected", no=("oom-killed",), first=False)
def killed_at_the_limit(shop):
    for number, ended in enumerate((60, 300, 800)):
        shop.stop(number, "EssentialContainerExited", EXITED, exit_code=137, lived=300, ended=ended)
    short_by(shop, 1)
    shop.metrics["MemoryUtilization"] = [99.0, 98.5, 97.9, 99.2]


@example("oom-killed", no=("app-crash", "sibling"), first=False)
def sidecar_out_of_memory(shop):
    sidecar = {"name": "proxy", "image": "envoy:1", "essential": True, "portMappings": []}
    shop.definition["containerDefinitions"] = [shop.container, sidecar]
    for number, ended in enumerate((60, 300, 800)):
        task = shop.stop(number, "EssentialContainerExited", EXITED, exit_code=143, lived=300, ended=ended)
        task["containers"].append({"name": "proxy", "lastStatus": "STOPPED", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"})
    short_by(shop, 1)


@many("app-crash-exit-nonzero", [1, 2, 3, 64], no=("oom", "command-not", "segfault", "container-exited"))
def exits_with(shop, code):
    crashes(shop, code, "Traceback (most recent call last):", "KeyError: 'DATABASE_URL'")


@example("app-crash-exit-nonzero", no=("oom", "killed-without"), health="failing")
def sidecars_go_down_with_it(shop):
    sidecar = {"name": "proxy", "image": "envoy:1", "essential": True, "portMappings": []}
    shop.definition["containerDefinitions"] = [sidecar, shop.container]
    crashes(shop, 1, "boom")
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            task["containers"].insert(0, {"name": "proxy", "lastStatus": "STOPPED", "exitCode": 137})


@example("container-exited-zero", no=("app-crash", "command-not"), health="failing")
def exits_with_0(shop):
    crashes(shop, 0, "done")


@many("command-not-found", [126, 127], no=("app-crash", "container-exited"))
def command_not_found(shop, code):
    crashes(shop, code, "/bin/sh: npm: not found")


@example("segfault", no=("app-crash", "oom"), health="failing")
def segfault(shop):
    crashes(shop, 139)


@example("illegal-instruction", no=("app-crash", "oom"), health="failing")
def illegal_instruction(shop):
    crashes(shop, 132)


@example("aborted", no=("app-crash", "oom"), health="failing")
def heap_of_node(shop):
    crashes(shop, 134, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory")


@example("sigterm-ignored", "scaling-activity-stop", no=("oom", "app-crash"), health="healthy", first=False)
def ignores_sigterm(shop):
    shop.stop(1, "ServiceSchedulerInitiated", SCALED, exit_code=137, lived=4000, asked_to_stop=31)


@example("scaling-activity-stop", no=("oom", "app-crash", "sigterm"), health="healthy")
def killed_long_before_the_time_it_was_given(shop):
    shop.container["stopTimeout"] = 120
    shop.stop(1, "ServiceSchedulerInitiated", SCALED, exit_code=137, lived=4000, asked_to_stop=31)


@example("scaling-activity-stop", no=("oom", "app-crash", "sigterm", "task-flapping"), health="healthy")
def many_scaled_in(shop):
    for number in range(6):
        shop.stop(number, "ServiceSchedulerInitiated", SCALED, exit_code=(0, 143, 1)[number % 3], lived=4000, ended=60 + number)


@example("non-essential-sidecar-dead", no=("app-crash", "task-flapping"), health="degraded")
def log_router_dead(shop):
    router = {"name": "log_router", "image": "fluent-bit:3", "essential": False}
    shop.definition["containerDefinitions"] = [shop.container, router]
    for task in shop.tasks:
        task["containers"].append({"name": "log_router", "lastStatus": "STOPPED", "exitCode": 1})


@example(no=("non-essential",), health="healthy")
def migration_done(shop):
    migrate = {"name": "migrate", "image": "api:7", "essential": False}
    shop.definition["containerDefinitions"] = [shop.container, migrate]
    for task in shop.tasks:
        task["containers"].append({"name": "migrate", "lastStatus": "STOPPED", "exitCode": 0})


@many("spot-interrupted", [("SpotInterruption", "Your Spot Task was interrupted."), ("TerminationNotice", "Your Spot Task was interrupted.")],
      no=("oom", "app-crash", "host-terminated", "sigterm"), health="healthy")
def spot(shop, said):
    shop.service.pop("launchType")
    shop.service["capacityProviderStrategy"] = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    shop.stop(1, *said, exit_code=143, lived=9000)


@example("spot-interrupted", no=("oom", "app-crash"), health="degraded")
def spot_and_no_replacement(shop):
    shop.service.pop("launchType")
    shop.service["capacityProviderStrategy"] = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    shop.stop(1, "SpotInterruption", "Your Spot Task was interrupted.", exit_code=137, lived=9000, ended=500)
    short_by(shop, 1)


@many("fargate-task-retirement", [
    "Service api: ECS is performing maintenance on the underlying infrastructure hosting the task.",
    "ECS is performing maintenance on the underlying infrastructure hosting the task",
    "Amazon ECS is performing maintenance on the underlying infrastructure hosting the task.",
], no=("oom", "app-crash", "sigterm", "host-"), health="healthy")
def retired(shop, reason):
    shop.stop(1, "ServiceSchedulerInitiated", reason, exit_code=143, lived=900_000)


@many("host-terminated", ["Host EC2 (instance i-00000000000000002) terminated.", "Host EC2 (instance i-00000000000000002) stopped."],
      no=("oom", "app-crash", "spot-"), health=None)
def host_gone(shop, reason):
    on_instances(shop)
    shop.stop(1, "TerminationNotice", reason, exit_code=None, lived=9000)


@example("instance-drain-stop", no=("oom", "app-crash", "host-"), health="healthy")
def drained(shop):
    on_instances(shop)
    shop.stop(1, "ServiceSchedulerInitiated", "Service api: container instance is in DRAINING state", exit_code=137, lived=9000)


@many("user-stopped", ["Task stopped by user", "restarting after config change", "OutOfMemoryError suspected, restarting"], no=("oom", "app-crash", "sigterm-missing"), health="healthy")
def stopped_by_hand(shop, reason):
    shop.stop(1, "UserInitiated", reason, exit_code=143, lived=9000)


@example("infrastructure-health-stop", no=("oom", "app-crash"), first=False)
def infrastructure(shop):
    shop.stop(1, "InfrastructureHealth", "Task stopped because the infrastructure is impaired", exit_code=137, lived=9000)


@example("app-crash-exit-nonzero", no=("oom",), health="failing")
def dies_again_and_again_after_minutes(shop):
    for number, ended in enumerate((100, 400, 700)):
        task = shop.stop(number, "EssentialContainerExited", EXITED, exit_code=1, lived=280, ended=ended, asked_to_stop=0)
        shop.log(task, "panic: runtime error: index out of range [3] with length 3", start=279)


@example("stopped-evidence-expired", no=("app-crash", "oom"), first=False)
def nothing_left_to_tell(shop):
    short_by(shop, 2)
    shop.deployment["createdAt"] = shop.ago(hours=5)
    shop.deployment.update(rolloutState="IN_PROGRESS")
    shop.event(30, "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")


@example("app-crash-exit-nonzero", "tg-code-mismatch-404", no=("oom",), health="failing", first=False)
def crashes_and_404(shop):
    shop.fail_all(codes(404))
    for number, ended in enumerate((100, 400, 700)):
        shop.stop(number, "EssentialContainerExited", EXITED, exit_code=1, lived=280, ended=ended, asked_to_stop=0)


@example(no=("app-crash", "oom", "task-flapping"), health="healthy")
def crashed_in_the_previous_revision(shop):
    for number, ended in enumerate((2000, 2300, 2700)):
        shop.stop(number, "EssentialContainerExited", EXITED, exit_code=1, lived=20, ended=ended, deployment="ecs-svc/0", revision=29)
    shop.deployment["createdAt"] = shop.ago(minutes=25)


# Placement.


UNPLACED = "was unable to place a task because no container instance met all of its requirements."
SEE = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
CLOSEST = " The closest matching (container-instance 0123456789abcdef0123456789abcdef) "


def not_placed(shop, event=None, mode="awsvpc", missing=1):
    """One task too few on container instances, and an event about it."""
    on_instances(shop, mode)
    short_by(shop, missing)
    shop.deployment["createdAt"] = shop.ago(hours=3)
    shop.deployment["rolloutState"] = "COMPLETED"
    if event:
        shop.event(4, event)


def new_not_placed(shop, event, mode="awsvpc"):
    """A new revision finds no place."""
    on_instances(shop, mode)
    shop.rolling(minutes=12)
    shop.event(4, event)


@example("placement-insufficient-cpu", no=("placement-insufficient-memory", "placement-no"), first=True)
def no_cpu(shop):
    not_placed(shop, UNPLACED + CLOSEST + "has insufficient CPU units available." + SEE)
    for host in shop.container_instances:
        host["remainingResources"] = resources(128, 3000)


@example("placement-insufficient-cpu", no=("placement-insufficient-memory",), health="failing")
def no_cpu_for_the_new_revision(shop):
    shop.definitions[31] = {"cpu": "4096"}
    new_not_placed(shop, UNPLACED + CLOSEST + "has insufficient CPU units available." + SEE)


@example("placement-insufficient-memory", no=("placement-insufficient-cpu",), first=True)
def no_memory(shop):
    not_placed(shop, UNPLACED + CLOSEST + "has insufficient memory available." + SEE)


@example("placement-insufficient-memory", no=("placement-insufficient-cpu", "placement-no"))
def no_memory_and_nothing_said(shop):
    not_placed(shop)
    shop.deployment["rolloutState"] = "IN_PROGRESS"
    for host in shop.container_instances:
        host["remainingResources"] = resources(1000, 100)


@example("placement-insufficient-memory")
def no_memory_by_soft_limits(shop):
    not_placed(shop, mode="bridge")
    for key in ("cpu", "memory"):
        shop.definition.pop(key)
    shop.container.update(memoryReservation=2000, memory=3000, cpu=100)
    for host in shop.container_instances:
        host["remainingResources"] = resources(1000, 1500)


@example(no=("placement-",), first=False)
def room_enough_and_nothing_said(shop):
    not_placed(shop)


@example(no=("placement-",), health="healthy")
def was_not_placed_and_is_now(shop):
    on_instances(shop)
    shop.event(20, UNPLACED + CLOSEST + "has insufficient memory available." + SEE)
    shop.event(10, "has reached a steady state.")


@example("placement-port-conflict", no=("placement-insufficient", "hc-"), health="failing", first=False)
def port_taken(shop):
    new_not_placed(shop, UNPLACED + CLOSEST + "is already using a port required by your task." + SEE, mode="host")


@example("placement-attribute-missing", no=("placement-insufficient", "placement-constraint"))
def attribute_missing(shop):
    shop.definition["requiresAttributes"] = [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}, {"name": "ecs.capability.secrets.asm.environment-variables"}]
    not_placed(shop, UNPLACED + CLOSEST + "is missing an attribute required by your task." + SEE)


@example("placement-agent-disconnected", no=("placement-insufficient",))
def agent_gone(shop):
    not_placed(shop, UNPLACED + CLOSEST + 'encountered error "AGENT".' + SEE)
    for host in shop.container_instances:
        host["agentConnected"] = False


@example("placement-agent-disconnected", no=("placement-insufficient", "placement-no"))
def agents_gone_and_nothing_said(shop):
    not_placed(shop)
    for host in shop.container_instances:
        host["agentConnected"] = False


@many("placement-constraint-unsatisfied", [
    UNPLACED + " Reason: No instance satisfies the memberOf placement constraint.",
    UNPLACED + CLOSEST + 'encountered error "MemberOf placement constraint unsatisfied.".' + SEE,
    UNPLACED + CLOSEST + 'encountered error "distinctInstance placement constraint unsatisfied.".' + SEE,
], no=("placement-no", "placement-attribute"), health=None)
def constraint(shop, event):
    shop.service["placementConstraints"] = [{"type": "memberOf", "expression": "attribute:ecs.instance-type =~ g4.*"}]
    not_placed(shop, event)


@example("placement-constraint-unsatisfied", no=("placement-insufficient",))
def more_tasks_than_distinct_instances(shop):
    on_instances(shop)
    shop.service["placementConstraints"] = [{"type": "distinctInstance"}]
    shop.service["desiredCount"] = shop.deployment["desiredCount"] = 4


@many("placement-no-instances", [
    UNPLACED + " Reason: No Container Instances were found in your cluster." + SEE,
    UNPLACED + " Reason: No Container Instances were found in your capacity provider." + SEE,
], no=("placement-insufficient", "placement-agent"), health=None)
def no_instances(shop, event):
    not_placed(shop, event, missing=3)
    shop.container_instances, shop.instances = [], []
    shop.cluster_details = {"registeredContainerInstancesCount": 0}


@example("placement-no-instances", no=("placement-agent",), health="failing")
def no_instances_and_nothing_said(shop):
    not_placed(shop, missing=3)
    shop.container_instances, shop.instances = [], []


def rejected(shop, reason):
    """Tasks are rejected by the placement after waiting for a capacity provider."""
    shop.service.pop("launchType")
    shop.service["capacityProviderStrategy"] = [{"capacityProvider": "hosts", "weight": 1, "base": 0}]
    shop.deployment.pop("launchType")
    shop.deployment["capacityProviderStrategy"] = shop.service["capacityProviderStrategy"]
    shop.capacity_providers = [{"capacityProviderArn": f"{ECS}:capacity-provider/hosts", "name": "hosts", "status": "ACTIVE", "autoScalingGroupProvider": {
        "autoScalingGroupArn": "arn:aws:autoscaling:x", "managedScaling": {"status": "ENABLED", "targetCapacity": 100}, "managedTerminationProtection": "DISABLED"}}]
    for number, ended in enumerate((60, 300, 600)):
        task = shop.stop(number, "TaskFailedToStart", reason, ended=ended, started=False)
        task.pop("pullStartedAt")
        task.pop("pullStoppedAt")


for words, identifier in (
    ("TaskFailedToStart: RESOURCE:CPU", "placement-insufficient-cpu"),
    ("TaskFailedToStart: RESOURCE:MEMORY", "placement-insufficient-memory"),
    ("TaskFailedToStart: RESOURCE:PORTS", "placement-port-conflict"),
    ("TaskFailedToStart: RESOURCE:ENI", "placement-eni-limit"),
    ("TaskFailedToStart: RESOURCE:GPU", "placement-gpu"),
    ("TaskFailedToStart: AGENT", "placement-agent-disconnected"),
    ("TaskFailedToStart: ATTRIBUTE", "placement-attribute-missing"),
    ("TaskFailedToStart: LOCATION", "placement-location-mismatch"),
    ("TaskFailedToStart: MemberOf placement constraint unsatisfied.", "placement-constraint-unsatisfied"),
    ("TaskFailedToStart: NO ACTIVE INSTANCES", "placement-no-instances"),
    ("TaskFailedToStart: EMPTY CAPACITY PROVIDER", "placement-no-instances"),
    ("RESOURCE:MEMORY", "placement-insufficient-memory"),
    ("NO ACTIVE INSTANCES", "placement-no-instances"),
):
    @many(identifier, [words], no=("task-start-failed", "image-", "placement-x"), health=None)
    def waited_in_vain(shop, reason):
        on_instances(shop)
        short_by(shop, 1)
        rejected(shop, reason)
    EXAMPLES[-1] = (f"waited_in_vain_for_{words.split(': ')[-1].replace(' ', '_').replace(':', '_').lower()}_{len(EXAMPLES)}", *EXAMPLES[-1][1:])


@example("placement-eni-limit", no=("placement-insufficient",))
def no_interface_left(shop):
    not_placed(shop, UNPLACED + CLOSEST + 'encountered error "RESOURCE:ENI".' + SEE)


@many("fargate-capacity-unavailable", [
    "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.",
    "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone." + SEE,
], no=("placement-", "task-start"), health=None)
def fargate_is_full(shop, event):
    short_by(shop, 1)
    shop.event(4, event)


@example("fargate-capacity-unavailable", no=("placement-", "task-start-failed"))
def fargate_spot_is_full_by_tasks(shop):
    short_by(shop, 1)
    shop.service.pop("launchType")
    shop.service["capacityProviderStrategy"] = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    for number, ended in enumerate((60, 300)):
        shop.stop(number, "TaskFailedToStart", "Capacity is unavailable at this time. Please try again later or in a different availability zone", ended=ended, started=False)


@many("fargate-vcpu-quota", [
    "was unable to place a task. Reason: You\u2019ve reached the limit on the number of vCPUs you can run concurrently.",
    "was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently." + SEE,
], no=("fargate-task-quota", "placement-"), health=None)
def vcpu_quota(shop, event):
    short_by(shop, 1)
    shop.event(4, event)


@many("fargate-task-quota", ["was unable to place a task. Reason: You've reached the limit on the number of tasks you can run concurrently."], no=("fargate-vcpu",), health=None)
def task_quota(shop, event):
    short_by(shop, 1)
    shop.event(4, event)


@many("fargate-size-above-limit", ["was unable to place a task. Reason: The requested CPU configuration is above your limit.",
                                   "was unable to place a task. Reason: The requested MEMORY configuration is above your limit."], no=("fargate-vcpu",))
def too_large(shop, event):
    shop.rolling(minutes=9)
    shop.event(4, event)


@example("fargate-unsupported-az", no=("fargate-capacity",))
def zone_without_fargate(shop):
    short_by(shop, 1)
    shop.event(4, "was unable to place a task. Reason: Internal error.")


@example("provisioning-limit-500")
def too_many_provisioning(shop):
    short_by(shop, 1)
    shop.event(4, "was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.")


@many("scheduler-throttled", ["operations are being throttled on elb by DescribeTargetHealth. Will try again later.",
                              "operations are being throttled. Will try again later."], health=None)
def throttled(shop, event):
    short_by(shop, 1)
    shop.event(4, event)


@example("image-not-found", no=("start-throttled-x",), health="failing")
def backoff_with_its_cause(shop):
    image_missing(shop, f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:9: not found")
    shop.event(3, "is unable to consistently start tasks successfully." + SEE)


@example("start-throttled-backoff", health="failing", first=False)
def backoff_without_a_cause(shop):
    shop.rolling(minutes=70, failed=9)
    shop.event(30, "is unable to consistently start tasks successfully." + SEE)


@example(no=("start-throttled",), health="healthy")
def backoff_that_is_over(shop):
    shop.event(30, "is unable to consistently start tasks successfully." + SEE)
    shop.event(20, "has reached a steady state.")


@many("az-rebalance-blocked", [
    "was unable to AZ Rebalance because taskSet ecs-svc/1 was unable to scale in due to tasks under protection.",
    f"is unable to place a task in {REGION}a because no container instance met all of its requirements.",
], health="degraded")
def not_balanced(shop, event):
    on_instances(shop)
    shop.event(4, event)


@example(no=("az-rebalance",), health="healthy")
def balancing(shop):
    shop.event(8, "is not AZ balanced with 2 tasks in eu-west-1a, 1 tasks in eu-west-1b. AZ Rebalancing in progress.")
    shop.event(7, f"has started 1 tasks in {REGION}b to AZ Rebalance: (task 0123456789abcdef0123456789abcdef).")
    shop.event(6, "is AZ balanced with 1 tasks in eu-west-1a, 1 tasks in eu-west-1b.")


@example("capacity-provider-scaling-disabled", no=("placement-no-instances",), first=False)
def nobody_scales(shop):
    on_instances(shop)
    short_by(shop, 1)
    rejected(shop, "x")
    shop.tasks = [task for task in shop.tasks if task["lastStatus"] != "STOPPED"]
    shop.capacity_providers[0]["autoScalingGroupProvider"]["managedScaling"]["status"] = "DISABLED"
    task = shop.run(6, "a", started=shop.ago(minutes=8))
    shop.targets.pop()
    task.update(lastStatus="PROVISIONING", createdAt=shop.ago(minutes=8), launchType="EC2", attachments=[])
    for key in ("startedAt", "pullStartedAt", "pullStoppedAt"):
        task.pop(key)
    shop.service["pendingCount"] = shop.deployment["pendingCount"] = 1


@example("instance-impaired", first=False)
def runtime_impaired(shop):
    on_instances(shop)
    short_by(shop, 1)
    shop.container_instances[1]["healthStatus"] = {"overallStatus": "IMPAIRED", "details": [
        {"type": "CONTAINER_RUNTIME", "status": "IMPAIRED", "statusReason": "Docker does not answer", "lastUpdated": shop.ago(minutes=9), "lastStatusChange": shop.ago(minutes=9)}]}


@example("instance-impaired", first=False)
def runtime_impaired_under_running_tasks(shop):
    on_instances(shop)
    shop.container_instances[1]["healthStatus"] = {"overallStatus": "IMPAIRED", "details": [
        {"type": "CONTAINER_RUNTIME", "status": "IMPAIRED", "lastUpdated": shop.ago(minutes=9), "lastStatusChange": shop.ago(minutes=9)}]}


@example("eni-trunk-registration-failed", first=False)
def trunk(shop):
    on_instances(shop)
    short_by(shop, 1)
    shop.container_instances[0].update(status="REGISTRATION_FAILED", statusReason="ENI trunk could not be attached")


@example("capacity-provider-update-failed", first=False)
def provider_update_failed(shop):
    on_instances(shop)
    short_by(shop, 1)
    rejected(shop, "TaskFailedToStart: RESOURCE:MEMORY")
    shop.capacity_providers[0].update(updateStatus="UPDATE_FAILED", updateStatusReason="The managed instances infrastructure role cannot be used")


@example("capacity-provider-update-failed", first=False)
def provider_update_failed_while_all_runs(shop):
    on_instances(shop)
    rejected(shop, "TaskFailedToStart: RESOURCE:MEMORY")
    shop.tasks = [task for task in shop.tasks if task["lastStatus"] != "STOPPED"]
    shop.capacity_providers[0].update(updateStatus="UPDATE_FAILED", updateStatusReason="x")


@example("desired-zero", no=("image-", "placement-", "app-crash", "deployment-"), health="inactive")
def off_with_a_past(shop):
    shop.service.update(desiredCount=0, runningCount=0)
    shop.deployment.update(desiredCount=0, runningCount=0)
    shop.tasks, shop.targets = [], []
    shop.stop(1, "ServiceSchedulerInitiated", SCALED, exit_code=137, lived=9000, ended=600)
    shop.stop(2, "EssentialContainerExited", EXITED, exit_code=1, lived=90, ended=900)
    shop.event(4, UNPLACED + CLOSEST + "has insufficient memory available." + SEE)


@many("service-draining-or-inactive", ["DRAINING", "INACTIVE"], no=("deployment-stuck", "hc-", "lb-no"), health="inactive")
def on_its_way_out(shop, status):
    shop.service["status"] = status
    shop.service.update(desiredCount=0, runningCount=0 if status == "INACTIVE" else 1)
    if status == "INACTIVE":
        shop.tasks, shop.targets, shop.service["deployments"] = [], [], []


@example("running-above-desired", no=("deployment-stuck", "deployment-old"), first=False)
def more_than_wanted(shop):
    shop.rolling(minutes=3, running=2)
    for number, zone in ((4, "a"), (5, "b")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))


@example("unhealthy-replacement-stops-first", first=False)
def replaces_by_stopping_first(shop):
    shop.service["deploymentConfiguration"].update(minimumHealthyPercent=50, maximumPercent=100)
    shop.targets[0]["TargetHealth"] = dict(zip(("State", "Reason", "Description"), codes(500)))


@example(no=("unhealthy-replacement",), first=False)
def replaces_by_starting_first(shop):
    shop.targets[0]["TargetHealth"] = dict(zip(("State", "Reason", "Description"), codes(500)))


# Instances and their ports.


@example(no=("",), health="healthy")
def bridge_and_healthy(shop):
    on_instances(shop, "bridge")


@example(no=("",), health="healthy")
def host_mode_and_healthy(shop):
    on_instances(shop, "host")


@example("sg-task-ingress-wrong-port|sg-instance-dynamic-port-range", no=("hc-timeout-app",))
def dynamic_ports_closed(shop):
    on_instances(shop, "bridge")
    shop.security_groups["sg-task"]["in"] = [from_group(8080, "sg-lb")]
    shop.fail_all(TIMED_OUT)


@example("app-crash-exit-nonzero", no=("placement-", "oom"), health="failing")
def crashes_on_instances(shop):
    on_instances(shop, "bridge")
    crashes(shop, 1, "boom")


# Deployments.


def history(shop, status, number="abc", age=20, **more):
    """A service deployment, the newest of all."""
    made = {
        "serviceDeploymentArn": f"{ECS}:service-deployment/{shop.cluster}/{shop.name}/{number}", "serviceArn": shop.service["serviceArn"],
        "clusterArn": shop.service["clusterArn"], "status": status, "createdAt": shop.ago(minutes=age), "startedAt": shop.ago(minutes=age),
        "updatedAt": shop.ago(minutes=1), **more}
    shop.service_deployments.insert(0, made)
    if status in ("PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "STOP_REQUESTED"):
        shop.service["currentServiceDeployment"] = made["serviceDeploymentArn"]
    return made


def revision(shop, number, digest="sha256:" + "ab" * 32, name=None):
    """A service revision."""
    arn = f"{ECS}:service-revision/{shop.cluster}/{shop.name}/{name or number}"
    shop.revisions.append({
        "serviceRevisionArn": arn, "serviceArn": shop.service["serviceArn"], "clusterArn": shop.service["clusterArn"],
        "taskDefinition": shop.revision(number), "launchType": "FARGATE", "createdAt": shop.ago(minutes=20), "loadBalancers": shop.service["loadBalancers"],
        "containerImages": [{"containerName": "app", "image": shop.container["image"], "imageDigest": digest}]})
    return arn


BREAKER = "ECS deployment circuit breaker: tasks failed to start."


@example("tg-code-mismatch-404", no=("image-", "app-crash", "task-start"), health="failing")
def breaker_for_health_checks(shop):
    killed(shop)
    shop.deployment.update(rolloutState="FAILED", rolloutStateReason=BREAKER, failedTasks=3)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(seconds=70), health=codes(404))


@example("deployment-failed-circuit-breaker", no=("deployment-stuck-", "image-", "deployment-rolled-back"), health="failing")
def breaker_and_nothing_left_to_tell(shop):
    shop.service["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] = False
    shop.rolling(minutes=90, failed=3)
    shop.deployment.update(rolloutState="FAILED", rolloutStateReason=BREAKER)
    shop.event(70, "(deployment ecs-svc/2) deployment failed: tasks failed to start.")


@example("app-crash-exit-nonzero", no=("deployment-rollback-failed", "oom"), health="failing")
def breaker_of_the_history(shop):
    crashes(shop, 1, "boom")
    shop.deployment.update(rolloutState="FAILED", rolloutStateReason=BREAKER)
    history(shop, "IN_PROGRESS", deploymentCircuitBreaker={"status": "TRIGGERED", "failureCount": 3, "threshold": 3})


def back_to_the_old(shop, status, **more):
    shop.deployment.update(id="ecs-svc/3", createdAt=shop.ago(minutes=14), updatedAt=shop.ago(minutes=9),
                           rolloutStateReason="ECS deployment ecs-svc/3 completed.")
    for task in shop.tasks:
        task.update(startedBy="ecs-svc/3", createdAt=shop.ago(minutes=13), startedAt=shop.ago(minutes=12))
    history(shop, status, age=40, rollback={"reason": more["statusReason"], "startedAt": shop.ago(minutes=14)}, finishedAt=shop.ago(minutes=9), **more)
    shop.latest = 31


@example("deployment-rolled-back", no=("tg-", "hc-", "deployment-rollback-failed"), health="healthy", first=True)
def rolled_back_for_want_of_an_image(shop):
    back_to_the_old(shop, "ROLLBACK_SUCCESSFUL", statusReason="Service deployment rolled back because the circuit breaker threshold was exceeded.",
                    deploymentCircuitBreaker={"status": "TRIGGERED", "failureCount": 3, "threshold": 3})
    for number, ended in enumerate((900, 1000, 1100)):
        shop.stop(number, "TaskFailedToStart", f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:9: {REGISTRY}/api:9: not found",
                  ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@example("deployment-rolled-back", first=True)
def rolled_back_by_an_event(shop):
    shop.deployment.update(id="ecs-svc/3", createdAt=shop.ago(minutes=14), updatedAt=shop.ago(minutes=9),
                           rolloutStateReason="ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.")
    for task in shop.tasks:
        task["startedBy"] = "ecs-svc/3"
    shop.event(15, "(deployment ecs-svc/2) deployment failed: tasks failed to start.")
    shop.event(14, "rolling back to deployment ecs-svc/1.")


@example("deployment-rolled-back", first=False)
def rolling_back(shop):
    shop.rolling(minutes=4, running=2)
    shop.deployment.update(rolloutStateReason="ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.")
    for number, zone in ((4, "a"), (5, "b")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))
    history(shop, "ROLLBACK_IN_PROGRESS", statusReason="Service deployment is rolling back because the circuit breaker threshold was exceeded.",
            rollback={"reason": "circuit breaker", "startedAt": shop.ago(minutes=4)})


@example(no=("deployment-rolled-back",), health="healthy")
def rolled_back_before_the_last_deployment(shop):
    shop.deployment["createdAt"] = shop.ago(minutes=60)
    history(shop, "ROLLBACK_SUCCESSFUL", number="old", age=300, statusReason="Service deployment rolled back because the circuit breaker threshold was exceeded.",
            rollback={"reason": "x", "startedAt": shop.ago(minutes=280)}, finishedAt=shop.ago(minutes=270))
    history(shop, "SUCCESSFUL", number="new", age=60, finishedAt=shop.ago(minutes=50))


@example("deployment-rollback-failed", health="failing")
def rollback_failed(shop):
    shop.rolling(minutes=30, failed=6)
    history(shop, "ROLLBACK_FAILED", age=40, statusReason="Service deployment rollback failed because the circuit breaker threshold was exceeded.",
            rollback={"reason": "circuit breaker", "startedAt": shop.ago(minutes=20)}, finishedAt=shop.ago(minutes=5))
    shop.deployment.update(rolloutState="FAILED", rolloutStateReason=BREAKER)


@example("deployment-rollback-failed", health="failing")
def first_deployment_failed(shop):
    shop.tasks, shop.targets = [], []
    shop.service["runningCount"] = 0
    shop.deployment.update(runningCount=0, failedTasks=3, createdAt=shop.ago(minutes=40), rolloutState="FAILED", rolloutStateReason=BREAKER)
    history(shop, "FAILED", age=40, statusReason="Service deployment failed because the circuit breaker threshold was exceeded. No rollback candidate was found to run the rollback.",
            deploymentCircuitBreaker={"status": "TRIGGERED", "failureCount": 3, "threshold": 3}, finishedAt=shop.ago(minutes=20))


def with_alarms(shop):
    shop.service["deploymentConfiguration"]["alarms"] = {"alarmNames": ["api-5xx"], "enable": True, "rollback": True}


@example("deployment-rolled-back", no=("deployment-failed-circuit",))
def alarm_went_off(shop):
    with_alarms(shop)
    back_to_the_old(shop, "ROLLBACK_SUCCESSFUL", statusReason="Service deployment rolled back because of CloudWatch alarm api-5xx.",
                    alarms={"status": "TRIGGERED", "triggeredAlarmNames": ["api-5xx"]})
    shop.alarms = [{"AlarmName": "api-5xx", "StateValue": "OK", "StateReason": "no datapoints", "StateUpdatedTimestamp": shop.ago(minutes=9)}]


@example("deployment-failed-alarm", no=("deployment-failed-circuit",), health="failing", first=False)
def alarm_went_off_by_an_event(shop):
    with_alarms(shop)
    shop.rolling(minutes=20, running=1)
    shop.deployment.update(rolloutState="FAILED", rolloutStateReason="ECS deployment failed: alarm detected.")
    shop.event(4, "(deployment ecs-svc/2) deployment failed: alarm detected.")


@example("deployment-alarm-ignored", no=("deployment-failed-alarm",), first=False)
def alarm_was_on_before(shop):
    with_alarms(shop)
    shop.rolling(minutes=4, running=1)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))
    history(shop, "IN_PROGRESS", age=4, alarms={"status": "MONITORING"})
    shop.alarms = [{"AlarmName": "api-5xx", "StateValue": "ALARM", "StateReason": "Threshold Crossed", "StateUpdatedTimestamp": shop.ago(minutes=90), "StateTransitionedTimestamp": shop.ago(minutes=90)}]


@example(no=("deployment-alarm",), first=False)
def alarm_closed(shop):
    with_alarms(shop)
    shop.rolling(minutes=4, running=1)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))
    shop.alarms = [{"AlarmName": "api-5xx", "StateValue": "OK", "StateReason": "ok", "StateUpdatedTimestamp": shop.ago(minutes=90)}]


@example("deployment-min-max-deadlock", no=("placement-", "deployment-needs"), health="failing")
def no_room_by_rounding(shop):
    shop.service["deploymentConfiguration"].update(minimumHealthyPercent=75, maximumPercent=125)
    shop.rolling(minutes=9)


@example(no=("deployment-min-max",), health="healthy")
def no_room_and_no_deployment(shop):
    shop.service["deploymentConfiguration"].update(minimumHealthyPercent=100, maximumPercent=100)


@example("placement-insufficient-memory", no=("deployment-min-max",), health="failing")
def no_room_for_more(shop):
    new_not_placed(shop, UNPLACED + CLOSEST + "has insufficient memory available." + SEE)


@example("deployment-no-failure-detection", no=("deployment-failed",), health="failing", first=False)
def nobody_gives_up(shop):
    shop.service["deploymentConfiguration"]["deploymentCircuitBreaker"] = {"enable": False, "rollback": False}
    crashes(shop, 1, "boom")


@example(no=("deployment-no-failure",), health="healthy")
def nobody_has_to_give_up(shop):
    shop.service["deploymentConfiguration"]["deploymentCircuitBreaker"] = {"enable": False, "rollback": False}


@example("deployment-stuck", health="failing", first=False)
def nothing_happens(shop):
    shop.rolling(minutes=40)


@example("deployment-old-tasks-not-stopping", no=("deployment-stuck",), first=False)
def old_tasks_stay(shop):
    shop.rolling(minutes=40, running=3)
    for number, zone in ((4, "a"), (5, "b"), (6, "c")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=38))
    shop.protected = {task["taskArn"].rsplit("/", 1)[1] for task in shop.tasks[:3]}
    for task in shop.tasks[:3]:
        task["protectionEnabled"] = True
    shop.event(9, "was unable to reach steady state because task set (taskSet ecs-svc/1) was unable to scale in due to (reason 3 tasks under protection).")


@example("deployment-rolled-back", no=("deployment-stuck",))
def hook_failed(shop):
    back_to_the_old(shop, "ROLLBACK_SUCCESSFUL", statusReason="Service deployment rolled back because lifecycle hook(s) failed: arn:aws:lambda:eu-west-1:1:function:check returned FAILED status.")


@example("deployment-hook-failed", health="failing", first=False)
def hook_cannot_be_called(shop):
    shop.rolling(minutes=20, running=0)
    shop.deployment.update(rolloutState="FAILED")
    history(shop, "ROLLBACK_FAILED", statusReason="lifecycle hook(s) failed: unable to invoke hook target arn:aws:lambda:eu-west-1:1:function:check: not authorized to perform lambda:InvokeFunction")


@example("deployment-hook-running", no=("deployment-stuck", "deployment-paused"), health="deploying", first=False)
def hook_runs(shop):
    shop.rolling(minutes=25, running=1)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=22))
    history(shop, "IN_PROGRESS", age=25, lifecycleStage="POST_SCALE_UP", lifecycleHookDetails=[
        {"hookId": "hook-1", "targetType": "AWS_LAMBDA", "targetArn": "arn:aws:lambda:eu-west-1:1:function:check", "status": "IN_PROGRESS"}])


def blue_green(shop, stage, age=20, status="IN_PROGRESS", **more):
    """A blue/green deployment; the new tasks are in a group of their own, which the shop does not know."""
    shop.service["deploymentConfiguration"].update(strategy="BLUE_GREEN", bakeTimeInMinutes=60)
    shop.rolling(minutes=age, running=3)
    for number, zone in ((4, "a"), (5, "b"), (6, "c")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=age - 2))
    return history(shop, status, age=age, lifecycleStage=stage, **more)


@example("bluegreen-baking", no=("deployment-stuck", "deployment-old"), health="deploying", first=False)
def baking(shop):
    blue_green(shop, "BAKE_TIME", age=40)


@many("bluegreen-listener-misconfigured", [
    "Service deployment failed because of an invalid networking configuration: target group api-green is not associated with either rule.",
    "Service deployment rolled back because of invalid networking configuration. Both target groups are serving traffic, more than one target group.",
], no=("deployment-stuck", "bluegreen-role"), health=None)
def listener_wrong(shop, reason):
    shop.service["deploymentConfiguration"].update(strategy="BLUE_GREEN")
    shop.rolling(minutes=20)
    shop.deployment.update(rolloutState="FAILED")
    history(shop, "ROLLBACK_FAILED", statusReason=reason)


@example("bluegreen-role-missing-permission", no=("bluegreen-listener",), health="failing", first=False)
def infrastructure_role_may_not(shop):
    shop.service["deploymentConfiguration"].update(strategy="BLUE_GREEN")
    shop.rolling(minutes=20)
    shop.deployment.update(rolloutState="FAILED")
    history(shop, "FAILED", statusReason=f"User: arn:aws:sts::{ACCOUNT}:assumed-role/ecsInfra/ECS is not authorized to perform: elasticloadbalancing:ModifyListener on resource: x")


@example("deployment-superseded", no=("deployment-failed", "deployment-stuck"), first=False)
def superseded(shop):
    history(shop, "STOPPED", number="old", age=10, statusReason="Service deployment was stopped because a newer deployment started.", finishedAt=shop.ago(minutes=4))
    shop.rolling(minutes=4, running=1)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))
    history(shop, "IN_PROGRESS", number="new", age=4)


@example("deployment-early-success", no=("deployment-stuck", "deployment-old-tasks"), first=False)
def early_success(shop):
    shop.service["deploymentConfiguration"]["earlySuccessCriteria"] = {"enable": True, "successThresholdPercent": 60}
    shop.rolling(minutes=8, running=2)
    for number, zone in ((4, "a"), (5, "b")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=6))
    history(shop, "SUCCESSFUL", age=8, finishedAt=shop.ago(minutes=3))


def code_deploy(shop, status="STABILIZING", age=20):
    shop.service["deploymentController"] = {"type": "CODE_DEPLOY"}
    shop.service["deployments"] = []
    base = {"serviceArn": shop.service["serviceArn"], "clusterArn": shop.service["clusterArn"], "launchType": "FARGATE", "scale": {"value": 100.0, "unit": "PERCENT"},
            "loadBalancers": shop.service["loadBalancers"], "networkConfiguration": shop.service["networkConfiguration"]}
    shop.service["taskSets"] = [
        dict(base, id="ecs-svc/1", taskSetArn=f"{ECS}:task-set/shop/api/ecs-svc/1", status="PRIMARY", taskDefinition=shop.revision(30), computedDesiredCount=3, runningCount=3, pendingCount=0,
             createdAt=shop.ago(days=2), updatedAt=shop.ago(days=2), stabilityStatus="STEADY_STATE", stabilityStatusAt=shop.ago(days=2)),
        dict(base, id="ecs-svc/2", taskSetArn=f"{ECS}:task-set/shop/api/ecs-svc/2", status="ACTIVE", taskDefinition=shop.revision(31), computedDesiredCount=3, runningCount=3, pendingCount=0,
             createdAt=shop.ago(minutes=age), updatedAt=shop.ago(minutes=1), stabilityStatus=status, stabilityStatusAt=shop.ago(minutes=age))]
    for number, zone in ((4, "a"), (5, "b"), (6, "c")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=age - 1))


@example("codedeploy-waiting", no=("deployment-stuck", "deployment-failed", "deployment-min"), first=False)
def code_deploy_waits(shop):
    code_deploy(shop, "STEADY_STATE")


@example("external-controller-no-taskset", no=("deployment-stuck", "lb-"), first=False)
def external_without_task_set(shop):
    shop.service["deploymentController"] = {"type": "EXTERNAL"}
    shop.service.update(deployments=[], taskSets=[], loadBalancers=[], runningCount=0)
    shop.service.pop("taskDefinition")
    shop.tasks, shop.targets = [], []


@example("deployment-could-not-launch", health="failing", first=False)
def could_not_launch(shop):
    shop.rolling(minutes=12)
    shop.event(4, "could not launch 3 tasks for deployment ecs-svc/2. Reason: service quota.")


@example("deployment-image-unchanged", no=("deployment-stuck",), first=False)
def image_is_the_same(shop):
    shop.deployment.update(id="ecs-svc/2", createdAt=shop.ago(minutes=30), updatedAt=shop.ago(minutes=22))
    for task in shop.tasks:
        task.update(startedBy="ecs-svc/2", createdAt=shop.ago(minutes=29), startedAt=shop.ago(minutes=28))
    old, new = revision(shop, 30, name="old"), revision(shop, 30, name="new")
    history(shop, "SUCCESSFUL", age=30, finishedAt=shop.ago(minutes=22), targetServiceRevision={"arn": new}, sourceServiceRevisions=[{"arn": old}])
    shop.service["currentServiceRevisions"] = [{"arn": new, "requestedTaskCount": 3, "runningTaskCount": 3, "pendingTaskCount": 0}]


@example(no=("deployment-image-unchanged",), health="healthy")
def image_is_another(shop):
    shop.deployment.update(createdAt=shop.ago(minutes=30))
    old, new = revision(shop, 30, name="old"), revision(shop, 30, digest="sha256:" + "cd" * 32, name="new")
    history(shop, "SUCCESSFUL", age=30, finishedAt=shop.ago(minutes=22), targetServiceRevision={"arn": new}, sourceServiceRevisions=[{"arn": old}])
    shop.service["currentServiceRevisions"] = [{"arn": new, "requestedTaskCount": 3, "runningTaskCount": 3, "pendingTaskCount": 0}]


@example("taskdef-not-latest", health="healthy")
def an_older_revision(shop):
    shop.latest = 35


@example("taskdef-inactive", first=False)
def revision_deregistered(shop):
    shop.definition["status"] = "INACTIVE"


@example("service-revision-mixed", first=False)
def two_revisions(shop):
    old, new = revision(shop, 30, name="old"), revision(shop, 30, digest="sha256:" + "cd" * 32, name="new")
    shop.service["currentServiceRevisions"] = [{"arn": new, "requestedTaskCount": 2, "runningTaskCount": 2}, {"arn": old, "requestedTaskCount": 1, "runningTaskCount": 1}]
    history(shop, "SUCCESSFUL", age=300, finishedAt=shop.ago(minutes=290), targetServiceRevision={"arn": new})


# Scaling.


def scaled(shop, low=1, high=10, suspended=None, *activities):
    name = f"service/{shop.cluster}/{shop.name}"
    shop.scalable_target = {"ServiceNamespace": "ecs", "ResourceId": name, "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": low, "MaxCapacity": high, "RoleARN": "x", "CreationTime": shop.ago(days=9)}
    if suspended:
        shop.scalable_target["SuspendedState"] = suspended
    for number, more in enumerate(activities):
        shop.scaling_activities.append({
            "ActivityId": str(number), "ServiceNamespace": "ecs", "ResourceId": name, "ScalableDimension": "ecs:service:DesiredCount", "Description": "Setting desired count to 5.",
            "Cause": "monitor alarm TargetTracking-AlarmHigh in state ALARM triggered policy cpu", "StartTime": shop.ago(minutes=3 + number), **more})


@example("autoscaling-at-max", no=("autoscaling-out",))
def at_its_maximum(shop):
    scaled(shop, 1, 3, None, {"StatusCode": "Unfulfilled", "NotScaledReasons": [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3, "CurrentCapacity": 3}]})


@example(no=("autoscaling-at-max",), health="healthy")
def at_its_maximum_and_at_rest(shop):
    scaled(shop, 1, 3)


@many("autoscaling-out-of-bounds", [(4, 10), (1, 2)], no=("autoscaling-at-max",), health=None)
def outside(shop, bounds):
    scaled(shop, *bounds)


@example("autoscaling-suspended")
def suspended(shop):
    scaled(shop, 1, 10, {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": True, "ScheduledScalingSuspended": False})


@example(no=("autoscaling",), health="healthy")
def not_suspended(shop):
    scaled(shop, 1, 10, {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False})


@example("autoscaling-scale-in-paused-by-deploy", health="deploying", first=False)
def no_scale_in_while_deploying(shop):
    scaled(shop)
    shop.rolling(minutes=3, running=2)
    for number, zone in ((4, "a"), (5, "b")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))


@example("autoscaling-failed-activity", first=False)
def scaling_failed(shop):
    scaled(shop, 1, 10, None, {"StatusCode": "Failed", "StatusMessage": "Failed to set desired count to 5. Reason: The role cannot be assumed."})


@example(no=("autoscaling-failed",), health="healthy")
def scaling_failed_once_and_works(shop):
    scaled(shop, 1, 10, None, {"StatusCode": "Successful", "EndTime": shop.ago(minutes=2)}, {"StatusCode": "Failed", "StatusMessage": "x", "StartTime": shop.ago(hours=9)})


@example("autoscaling-flap-guard", health="healthy", first=False)
def flapping_expected(shop):
    scaled(shop, 1, 10, None, {"StatusCode": "Unfulfilled", "NotScaledReasons": [{"Code": "AutoScalingAnticipatedFlapping"}]})


@example("autoscaling-not-scalable", first=False)
def not_scalable(shop):
    scaled(shop, 1, 10, None, {"StatusCode": "Unfulfilled", "NotScaledReasons": [{"Code": "TargetServicePutResourceAsUnscalable"}]})


# Identity, discovery, exec, hygiene.


@example("service-iam-misconfigured", first=False)
def role_of_ecs_changed(shop):
    short_by(shop, 1)
    shop.event(4, "IAM permissions policies have been misconfigured or changed. Verify the service-linked role.")


@example("service-linked-role-missing", first=False)
def no_service_linked_role(shop):
    short_by(shop, 1)
    shop.event(4, f"failed to register targets in (target-group {shop.group_arn}) with (error ECS was unable to assume the role 'arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS').")


def with_connect(shop, port="web"):
    shop.container["portMappings"][0]["name"] = "web"
    connect = {"enabled": True, "namespace": "shop.local", "services": [{"portName": port, "discoveryName": "api", "clientAliases": [{"port": 80}]}]}
    shop.deployment["serviceConnectConfiguration"] = connect
    proxy = "ecs-service-connect-abc"
    for task in shop.tasks:
        task["containers"].append({"name": proxy, "lastStatus": "RUNNING", "healthStatus": "HEALTHY"})
    return proxy


@example("service-connect-proxy-failing", no=("app-crash",), first=False)
def proxy_dies(shop):
    proxy = with_connect(shop)
    short_by(shop, 1)
    for number, ended in enumerate((60, 300, 600)):
        task = shop.stop(number, "EssentialContainerExited", EXITED, exit_code=143, lived=30, ended=ended)
        task["containers"].append({"name": proxy, "lastStatus": "STOPPED", "exitCode": 1, "healthStatus": "UNHEALTHY"})


@example("service-connect-portname-missing", no=("service-connect-proxy",), first=False)
def port_name_missing(shop):
    with_connect(shop, "http")
    short_by(shop, 3)


@example(no=("service-connect",), health="healthy")
def connect_works(shop):
    with_connect(shop)


@example("namespace-missing", first=False)
def no_namespace(shop):
    with_connect(shop)
    short_by(shop, 1)
    shop.event(4, "failed to launch a task with (error NamespaceNotFoundException: Service Connect namespace shop.local was not found).")


@example("exec-not-enabled", health=None, first=False)
def exec_enabled_after_the_tasks(shop):
    shop.service["enableExecuteCommand"] = True


@example("exec-agent-not-running", first=False)
def exec_agent_dead(shop):
    shop.service["enableExecuteCommand"] = True
    for task in shop.tasks:
        task["enableExecuteCommand"] = True
        task["containers"][0]["managedAgents"] = [{"name": "ExecuteCommandAgent", "lastStatus": "STOPPED", "reason": "no route"}]


@example("plaintext-secret-in-env", first=False)
def secret_in_the_environment(shop):
    shop.container["environment"] = [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}]


@example(no=("plaintext",), first=False)
def no_secret_in_the_environment(shop):
    shop.container["environment"] = [{"name": "DB_SECRET_ARN", "value": SECRET}, {"name": "TOKEN_URL", "value": "https://auth.example.com/token"}, {"name": "PASSWORD", "value": ""}]


@example("no-log-configuration", first=False)
def no_logs(shop):
    shop.container.pop("logConfiguration")


@many("image-latest-tag", ["nginx:latest", "nginx", "registry:5000/nginx"], health=None)
def latest(shop, image):
    shop.container["image"] = image


@many("", ["nginx@sha256:" + "ab" * 32, "registry:5000/nginx:1.2"], no=("image-latest",), health=None)
def not_latest(shop, image):
    shop.container["image"] = image


@example("no-container-or-lb-healthcheck", no=("hc-", "tg-", "lb-"), first=False)
def nobody_checks(shop):
    shop.service["loadBalancers"] = []


@example(no=("no-container-or-lb",), first=False)
def the_container_is_checked(shop):
    shop.service["loadBalancers"] = []
    container_check(shop, ["CMD-SHELL", "/app/check || exit 1"])
    for task in shop.tasks:
        task["healthStatus"] = task["containers"][0]["healthStatus"] = "HEALTHY"


@example("single-task-no-ha", first=False)
def only_one(shop):
    shop.service["desiredCount"] = shop.deployment["desiredCount"] = 1
    short_by(shop, 2)
    shop.service["runningCount"] = shop.deployment["runningCount"] = 1


@example("platform-version-old", first=False)
def old_platform(shop):
    shop.service["platformVersion"] = "1.3.0"
    for task in shop.tasks:
        task["platformVersion"] = "1.3.0"


@example("cpu-memory-near-limit", first=False)
def memory_nearly_full(shop):
    shop.metrics["MemoryUtilization"] = [93.0] * 20


@example(no=("cpu-memory",), health="healthy")
def memory_high_for_a_moment(shop):
    shop.metrics["MemoryUtilization"] = [50.0] * 19 + [97.0]


@example("guardduty-sidecar-failing", no=("image-not-found",), first=False)
def guard_duty(shop):
    for task in shop.tasks:
        task["containers"].append({"name": "aws-guardduty-agent-abc", "lastStatus": "STOPPED", "reason": "CannotPullContainerError: pull image manifest has been retried 5 time(s): i/o timeout"})


@example("express-gateway-managed", first=False)
def express(shop):
    shop.service["resourceManagementType"] = "ECS"


@example("daemon-max-percent", no=("deployment-stuck", "deployment-min"), first=False)
def daemon_too_few(shop):
    on_instances(shop)
    shop.service["schedulingStrategy"] = "DAEMON"
    short_by(shop, 1)


@example("insufficient-permissions", first=False)
def may_not_read_tasks(shop):
    shop.denied.add(("ecs", "DescribeTasks"))


@example("health-stale-agent-disconnected", first=False)
def stale_health(shop):
    on_instances(shop, "bridge")
    shop.container_instances[0]["agentConnected"] = False


# Once more, with other words, other shapes, and noise.


@many("egress-private-subnet-no-nat-no-endpoint", [
    f"{AUTH}pull command failed: : signal: killed",
    f"{AUTH}execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post \"https://api.ecr.{REGION}.amazonaws.com/\": dial tcp 52.94.5.9:443: i/o timeout. Please check your task network configuration.",
    "CannotPullContainerError: Error response from daemon: Get https://registry-1.docker.io/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
    f"CannotPullECRContainerError: RequestError: send request failed caused by: Post https://api.ecr.{REGION}.amazonaws.com/: dial tcp 52.94.5.9:443: i/o timeout",
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post \"https://logs.eu-west-1.amazonaws.com/\": dial tcp 52.94.6.6:443: i/o timeout : exit status 1",
    "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
], no=("image-pull-network", "task-start-network", "log-group", "image-pull-access", "secret-"))
def no_way_out_in_other_words(shop, reason):
    no_nat(shop)
    if "docker.io" in reason:
        shop.container["image"] = "nginx:1.27"
    does_not_start(shop, reason)


@example("egress-private-subnet-no-nat-no-endpoint", no=("image-pull-network", "secret-missing"), health="failing")
def no_way_to_parameters(shop):
    no_nat(shop)
    for number, name in enumerate(("ecr.api", "ecr.dkr", "logs")):
        endpoint(shop, name, number=number)
    gateway(shop)
    shop.container["secrets"] = [{"name": "DB", "valueFrom": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/db"}]
    does_not_start(shop, f"{AUTH}There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task network configuration.")


@example("egress-private-subnet-no-nat-no-endpoint", no=("image-pull-network", "egress-public"), health="failing")
def instances_in_public_subnets_and_tasks_in_private_ones(shop):
    on_instances(shop)
    no_nat(shop)
    does_not_start(shop, f"CannotPullECRContainerError: RequestError: send request failed caused by: Post https://api.ecr.{REGION}.amazonaws.com/: dial tcp 52.94.5.9:443: i/o timeout")


@example("ecr-auth-iam", no=("execution-role", "image-"), health="failing")
def registry_refuses_the_instance(shop):
    on_instances(shop, "bridge")
    shop.definition.pop("executionRoleArn")
    does_not_start(shop, f"CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/ecsInstanceRole/i-0123 is not authorized to perform: ecr:GetAuthorizationToken on resource: *")


@many("secret-missing", [
    f"Fetching secret data from SSM Parameter Store in {REGION}: invalid parameters: /shop/db",
    f"{AUTH}execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /shop/db, /shop/key",
    f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: failed to fetch secret arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-AbCdEf from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
], no=("secret-access", "image-", "egress-"))
def secret_not_there_in_other_words(shop, reason):
    does_not_start(shop, reason)


@example("role-not-assumable", no=("task-start-failed", "ebs-"), health="failing")
def role_not_assumable_in_the_task(shop):
    does_not_start(shop, f"ECS was unable to assume the role 'arn:aws:iam::{ACCOUNT}:role/app' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.")


@example("image-not-found", no=("task-start-failed", "placement-"), health="failing")
def event_alone_tells_of_a_missing_image(shop):
    shop.rolling(minutes=40, failed=3)
    shop.event(30, f"was unable to place a task. Reason: CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:9: {REGISTRY}/api:9: not found.")


@example("image-not-found", no=("app-crash", "task-start-failed"), health="failing")
def service_deployment_alone_tells_of_a_missing_image(shop):
    shop.rolling(minutes=40, failed=3)
    history(shop, "IN_PROGRESS", age=40, statusReason=f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:9: {REGISTRY}/api:9: not found")


@example("image-not-found", "app-crash-exit-nonzero", no=("oom",), health="failing", first=False)
def two_ways_to_fail(shop):
    crashes(shop, 1, "boom")
    for number, ended in enumerate((45, 200)):
        task = shop.stop(20 + number, "TaskFailedToStart", f"CannotPullContainerError: failed to resolve ref {REGISTRY}/sidecar:9: {REGISTRY}/sidecar:9: not found", ended=ended, deployment="ecs-svc/2", revision=31, started=False)


@many("spot-interrupted", [("SpotInterruption", EXITED), ("SpotInterruption", "")], no=("oom", "app-crash", "killed-without"), health="healthy")
def spot_with_other_words(shop, said):
    shop.stop(1, *said, exit_code=137, lived=9000)


@example("host-terminated", no=("oom", "app-crash", "killed-without"))
def host_reclaimed(shop):
    on_instances(shop)
    shop.stop(1, "TerminationNotice", EXITED, exit_code=137, lived=9000)


@example("infrastructure-health-stop", no=("oom", "app-crash", "killed-without"), first=False)
def infrastructure_in_other_words(shop):
    shop.stop(1, "InfrastructureHealth", EXITED, exit_code=137, lived=9000)


@example("user-stopped", no=("oom", "app-crash", "host-"), health="healthy")
def instance_deregistered_by_hand(shop):
    on_instances(shop)
    shop.stop(1, "UserInitiated", "Container instance deregistration forced by user", exit_code=137, lived=9000)


@example("container-exited-zero", no=("app-crash", "oom"), health="failing")
def the_sidecar_is_not_the_culprit(shop):
    sidecar = {"name": "agent", "image": "agent:1", "essential": False}
    shop.definition["containerDefinitions"] = [sidecar, shop.container]
    crashes(shop, 0, "done")
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            task["containers"].insert(0, {"name": "agent", "lastStatus": "STOPPED", "exitCode": 1})


@example("oom-killed", no=("app-crash", "killed-without"), health="failing")
def out_of_memory_and_health_checks(shop):
    crashes(shop, 137, why="OutOfMemoryError: Container killed due to memory usage", stop_code="ServiceSchedulerInitiated", reason=KILLED.format(shop.group_arn), lived=120)


@example(no=("deployment-failed", "deployment-rolled", "deployment-rollback", "image-"), health="healthy")
def an_old_deployment_that_failed(shop):
    shop.service["deployments"].append(dict(shop.deployment, id="ecs-svc/0", status="INACTIVE", rolloutState="FAILED", rolloutStateReason=BREAKER,
                                            createdAt=shop.ago(days=3), runningCount=0, desiredCount=0, failedTasks=3))
    history(shop, "ROLLBACK_FAILED", number="old", age=5000, statusReason="x")
    history(shop, "SUCCESSFUL", number="new", age=2880, finishedAt=shop.ago(days=2))


@example("app-crash-exit-nonzero", no=("image-",), health="failing")
def an_old_deployment_failed_in_another_way(shop):
    for number, ended in enumerate((1500, 1600, 1700)):
        shop.stop(40 + number, "TaskFailedToStart", f"CannotPullContainerError: failed to resolve ref {REGISTRY}/api:9: {REGISTRY}/api:9: not found", ended=ended, deployment="ecs-svc/0", revision=29, started=False)
    crashes(shop, 1, "boom")


@example("tg-code-mismatch-500", no=("scaling-activity-x", "app-crash", "oom", "placement-"), health="failing")
def noise_around_failing_targets(shop):
    shop.fail_all(codes(500))
    for number in range(4):
        shop.stop(number, "ServiceSchedulerInitiated", SCALED, exit_code=(143, 137)[number % 2], lived=4000, ended=100 + number)
    shop.stop(9, "SpotInterruption", "Your Spot Task was interrupted.", exit_code=143, lived=4000, ended=900)
    shop.event(400, UNPLACED + CLOSEST + "has insufficient memory available." + SEE)
    shop.event(390, "has reached a steady state.")


@example(no=("placement-", "start-throttled", "deployment-"), health="healthy")
def events_in_another_order(shop):
    shop.event(20, "has reached a steady state.")
    shop.event(60, "is unable to consistently start tasks successfully." + SEE)
    shop.event(90, UNPLACED + CLOSEST + "has insufficient memory available." + SEE)


@example("placement-insufficient-memory", health=None)
def newest_event_last(shop):
    not_placed(shop)
    shop.event(4, UNPLACED + CLOSEST + "has insufficient memory available." + SEE)
    shop.event(600, "has reached a steady state.")


@example(no=("",), health="healthy")
def empty_lists_and_missing_fields(shop):
    for key in ("serviceRegistries", "platformVersion", "enableExecuteCommand", "healthCheckGracePeriodSeconds"):
        shop.service.pop(key)
    shop.service["deployments"][0].pop("rolloutStateReason")
    shop.service.update(taskSets=[], placementConstraints=[], placementStrategy=[], tags=[])
    for task in shop.tasks:
        for key in ("connectivity", "version", "pullStartedAt", "pullStoppedAt", "healthStatus"):
            task.pop(key)
        task.update(overrides={}, inferenceAccelerators=[], tags=[])


@example("oom-killed", no=("app-crash",))
def out_of_memory_with_few_fields(shop):
    oom(shop)
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            for key in ("connectivity", "stopCode", "stoppingAt", "executionStoppedAt", "attachments", "healthStatus"):
                task.pop(key, None)


@example("app-crash-exit-nonzero", no=("container-exited",), health="failing")
def definition_cannot_be_read(shop):
    shop.denied.add(("ecs", "DescribeTaskDefinition"))
    crashes(shop, 1, "boom")


@example("tg-code-mismatch-404", no=("deployment-stuck-x",), health="failing")
def no_load_balancing_fields(shop):
    shop.fail_all(codes(404))
    shop.service.pop("healthCheckGracePeriodSeconds")


@example("app-crash-exit-nonzero", no=("lb-", "tg-"), health="failing")
def worker_without_load_balancer(shop):
    shop.service["loadBalancers"] = []
    shop.targets = []
    crashes(shop, 1, "boom")


@example("task-stuck-pending", first=False)
def provisioning_for_long(shop):
    short_by(shop, 1)
    task = shop.run(6, "a", started=shop.ago(minutes=9))
    shop.targets.pop()
    task.update(lastStatus="PROVISIONING", createdAt=shop.ago(minutes=9), attachments=[])
    for key in ("startedAt", "pullStartedAt", "pullStoppedAt"):
        task.pop(key)
    shop.service["pendingCount"] = shop.deployment["pendingCount"] = 1


@example("deployment-in-progress-normal", no=("deployment-stuck", "running-above-x"), health="deploying")
def first_deployment_of_a_new_service(shop):
    shop.tasks, shop.targets = [], []
    shop.service.update(runningCount=0, pendingCount=3, createdAt=shop.ago(seconds=80))
    shop.deployment.update(runningCount=0, pendingCount=3, createdAt=shop.ago(seconds=80), rolloutState="IN_PROGRESS", rolloutStateReason="ECS deployment ecs-svc/1 in progress.")
    for number, zone in enumerate(ZONES):
        task = shop.run(number + 1, zone, started=shop.ago(seconds=50))
        task.update(lastStatus="PENDING")
        task.pop("startedAt")
    shop.targets = []


@example("deployment-in-progress-normal", no=("task-start", "image-", "deployment-no-failure"), health="deploying", first=False)
def a_rollout_with_one_stray_death(shop):
    shop.rolling(minutes=5, running=2)
    for number, zone in ((4, "a"), (5, "b")):
        shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=3))
    shop.stop(1, "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/2)", exit_code=143, lived=90_000, ended=40)


@example("secret-access-denied", no=("image-", "egress-"), health="failing")
def statement_denies_explicitly(shop):
    does_not_start(shop, f"{AUTH}execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {SECRET} from secrets manager: AccessDeniedException: "
                   f"User: {EXECUTION} is not authorized to perform: secretsmanager:GetSecretValue on resource: {SECRET} with an explicit deny in a resource-based policy")


@example("image-not-found", no=("image-pull-network", "egress-"), health="failing")
def image_missing_in_a_closed_network(shop):
    no_nat(shop)
    for number, name in enumerate(("ecr.api", "ecr.dkr", "logs")):
        endpoint(shop, name, number=number)
    gateway(shop)
    does_not_start(shop, f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {REGISTRY}/api:9: {REGISTRY}/api:9: not found")


@example("service-linked-role-missing", first=False)
def service_linked_role_by_its_words(shop):
    short_by(shop, 1)
    shop.event(4, "failed to register targets in (target-group api-tg) with (error Unable to assume the service linked role. Please verify that the ECS service linked role exists.).")


@many("tg-missing", ["failed to register targets in (target-group {}) with (error TargetGroupNotFound: One or more target groups not found)",
                     "failed to describe target health on (target-group {}) with (error TargetGroupNotFound: Target groups not found)"], health=None)
def target_group_gone_by_an_error(shop, event):
    shop.event(4, event.format(shop.group_arn))
    shop.target_group = None



def green(shop, health, stage="SCALE_UP", forward=False):
    """A blue/green deployment whose new tasks are in a target group of their own."""
    name = "api-green"
    arn = f"{ELB}:targetgroup/{name}/fedcba9876543210"
    shop.service["deploymentConfiguration"].update(strategy="BLUE_GREEN", bakeTimeInMinutes=10)
    shop.service["loadBalancers"][0]["advancedConfiguration"] = {
        "alternateTargetGroupArn": arn, "productionListenerRule": shop.rules[0]["RuleArn"], "roleArn": f"arn:aws:iam::{ACCOUNT}:role/ecsInfra"}
    shop.rolling(minutes=15, running=3)
    targets = []
    for number, zone in ((4, "a"), (5, "b"), (6, "c")):
        task = shop.run(number, zone, deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=12))
        targets.append(dict(shop.targets.pop(), TargetHealth=dict(zip(("State", "Reason", "Description"), health))))
    shop.more_groups[arn] = (dict(shop.target_group, TargetGroupArn=arn, TargetGroupName=name), targets)
    shop.listeners[0]["DefaultActions"] = shop.rules[0]["Actions"] = [{"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": shop.group_arn, "Weight": 100}, {"TargetGroupArn": arn, "Weight": 0}]}}]
    history(shop, "IN_PROGRESS", age=15, lifecycleStage=stage)


@example("tg-code-mismatch-404", no=("deployment-rolled", "bluegreen-listener", "sg-"), health="failing")
def green_is_unhealthy(shop):
    green(shop, codes(404))


@example(no=("bluegreen-green", "tg-", "hc-", "deployment-stuck", "deployment-old"), health="deploying", first=False)
def green_is_healthy_and_bakes(shop):
    green(shop, ("healthy",), stage="BAKE_TIME")


@example(no=("app-crash", "container-exited", "task-flapping"), health=None)
def scaled_in_with_code_0(shop):
    for number in range(4):
        shop.stop(number, "ServiceSchedulerInitiated", SCALED, exit_code=0, lived=4000, ended=60 + number)


@example("app-crash-exit-nonzero", no=("container-exited", "sibling-x"), health="failing")
def exits_with_143_by_itself_is_not_what_matters(shop):
    sidecar = {"name": "proxy", "image": "envoy:1", "essential": True, "portMappings": []}
    shop.definition["containerDefinitions"] = [sidecar, shop.container]
    crashes(shop, 3, "java.lang.OutOfMemoryError: Java heap space")
    for task in shop.tasks:
        if task["lastStatus"] == "STOPPED":
            task["containers"].insert(0, {"name": "proxy", "lastStatus": "STOPPED", "exitCode": 143})


@example("cannot-start-container", no=("app-crash", "container-exited", "killed-without"), health="failing")
def never_started_and_no_code(shop):
    does_not_start(shop, EXITED, why="CannotStartContainerError: Error response from daemon: oci runtime error: exec: \"/srv\": executable file not found in $PATH", code="EssentialContainerExited")


@example("image-platform-mismatch", no=("app-crash",), health="failing")
def exec_format_error_with_255(shop):
    crashes(shop, 255, "standard_init_linux.go:228: exec user process caused: exec format error", lived=1)
    shop.definition["runtimePlatform"] = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}


@example("tg-code-mismatch-500", no=("deployment-min-max", "deployment-stuck-x"), health="failing")
def one_desired_and_unhealthy(shop):
    shop.service["desiredCount"] = shop.service["runningCount"] = 1
    shop.deployment.update(desiredCount=1, runningCount=1)
    shop.tasks, shop.targets = shop.tasks[:1], shop.targets[:1]
    shop.fail_all(codes(500))


@example("task-killed-elb-health", health=None, first=False)
def killed_and_nothing_else_known(shop):
    killed(shop)
    shop.service["runningCount"] = 3
    shop.deployment["runningCount"] = 0


@many("task-killed-elb-health", ["Task failed ELB health checks in (elb classic-api)", "Task failed ELB health checks"], health=None)
def killed_in_other_words(shop, reason):
    killed(shop, reason=reason)
    shop.service["runningCount"] = 3
    shop.deployment["runningCount"] = 0


@example("subnet-ip-exhausted", no=("deployment-stuck-x",), first=False)
def few_addresses_in_a_rollout(shop):
    shop.free_addresses = 2
    shop.rolling(minutes=3, running=1)
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))
    does = "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled in subnet 'subnet-a': InsufficientFreeAddressesInSubnet"
    shop.stop(1, "TaskFailedToStart", does, ended=40, deployment="ecs-svc/2", revision=31, started=False)


@example("fargate-capacity-unavailable", "tg-code-mismatch-404", no=("task-start",), health="failing", first=False)
def no_capacity_and_404(shop):
    short_by(shop, 1)
    shop.fail_all(codes(404))
    shop.event(4, "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.")


@example("container-hc-cmd-form", "tg-code-mismatch-404", health="failing", first=False)
def both_checks_fail(shop):
    container_check(shop, ["CMD", "curl -f http://localhost:8080/ || exit 1"])
    unhealthy(shop)
    shop.fail_all(codes(404))


@example(no=("container-health", "container-hc"), health="healthy")
def checked_and_healthy(shop):
    container_check(shop, ["CMD-SHELL", "curl -f http://localhost:8080/ || exit 1"])
    for task in shop.tasks:
        task["healthStatus"] = task["containers"][0]["healthStatus"] = "HEALTHY"


@example(no=("exec-",), health="healthy", first=False)
def exec_works(shop):
    shop.service["enableExecuteCommand"] = True
    for task in shop.tasks:
        task["enableExecuteCommand"] = True
        task["containers"][0]["managedAgents"] = [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}]


@example("express-gateway-managed", no=("tg-x",), first=False)
def express_and_404(shop):
    shop.service["resourceManagementType"] = "ECS"
    shop.fail_all(codes(404))


@example("placement-port-conflict", no=("placement-no",), health=None)
def ports_computed(shop):
    not_placed(shop, UNPLACED + CLOSEST.replace("(", "").replace(")", "") + "is already using a port required by your task.", mode="host")


@example("daemon-max-percent", no=("placement-insufficient", "deployment-min-max", "single-task"), first=False)
def daemon_with_constraint(shop):
    on_instances(shop)
    shop.service["schedulingStrategy"] = "DAEMON"
    shop.service["deploymentConfiguration"].update(maximumPercent=100, minimumHealthyPercent=0)
    shop.service["placementConstraints"] = [{"type": "memberOf", "expression": "attribute:gpu == yes"}]
    short_by(shop, 2)


@example("deployment-in-progress-normal", no=("deployment-min-max", "deployment-stuck"), first=False)
def replaces_in_place(shop):
    shop.service["deploymentConfiguration"].update(maximumPercent=100, minimumHealthyPercent=50)
    shop.rolling(minutes=3, running=1)
    shop.tasks, shop.targets = shop.tasks[1:], shop.targets[1:]
    shop.service.update(runningCount=3)
    shop.service["deployments"][1]["runningCount"] = 2
    shop.run(4, "a", deployment="ecs-svc/2", revision=31, started=shop.ago(minutes=2))


@example("nat-route-blackhole", "tg-code-mismatch-404", health="failing", first=False)
def no_nat_and_404(shop):
    shop.route_tables["rtb-private"]["routes"][0]["State"] = "blackhole"
    shop.fail_all(codes(404))
    does_not_start(shop, timed_out())


@example("log-group-missing", no=("log-permission",), health="failing")
def log_group_of_the_new_revision(shop):
    logs = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/new", "awslogs-region": REGION, "awslogs-stream-prefix": "ecs"}}
    shop.definitions[31] = {"containerDefinitions": [dict(shop.container, logConfiguration=logs)]}
    does_not_start(shop, "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1")


@example("segfault", no=("app-crash",), health="failing")
def the_same_death_again_and_again(shop):
    for number, ended in enumerate((100, 300, 500, 700)):
        shop.stop(number, "EssentialContainerExited", EXITED, exit_code=139, lived=150, ended=ended, asked_to_stop=0)


@example(no=("task-flapping",), health=None, first=False)
def two_deaths_of_two_kinds(shop):
    shop.stop(1, "EssentialContainerExited", EXITED, exit_code=139, lived=9000, ended=100, asked_to_stop=0)
    shop.stop(2, "EssentialContainerExited", EXITED, exit_code=1, lived=9000, ended=600, asked_to_stop=0)


@example("oom-killed", "placement-insufficient-memory", health="failing", first=False)
def out_of_memory_and_no_room(shop):
    not_placed(shop, UNPLACED + CLOSEST + "has insufficient memory available." + SEE)
    for number, ended in enumerate((60, 300, 700)):
        shop.stop(number, "EssentialContainerExited", EXITED, exit_code=137, lived=300, ended=ended, why="OutOfMemoryError: Container killed due to memory usage")


@example("tg-code-mismatch-500", no=("lb-no-registered", "tg-not-attached"), health="failing")
def after_blue_green_the_other_group_serves(shop):
    green(shop, codes(500))
    other = shop.service["loadBalancers"][0]["advancedConfiguration"]["alternateTargetGroupArn"]
    shop.service_deployments.clear()
    shop.service.pop("currentServiceDeployment")
    history(shop, "SUCCESSFUL", age=300, finishedAt=shop.ago(minutes=280))
    shop.deployment.update(rolloutState="COMPLETED", createdAt=shop.ago(minutes=300))
    shop.service.update(deployments=[shop.deployment], runningCount=3)
    shop.tasks, shop.targets = shop.tasks[3:], []
    shop.listeners[0]["DefaultActions"][0]["ForwardConfig"]["TargetGroups"] = [
        {"TargetGroupArn": shop.group_arn, "Weight": 0}, {"TargetGroupArn": other, "Weight": 100}]
    shop.rules[0]["Actions"] = shop.listeners[0]["DefaultActions"]


@example(no=("lb-", "tg-", "hc-", "deployment-"), health="healthy")
def after_blue_green_all_is_well(shop):
    after_blue_green_the_other_group_serves(shop)
    for _, targets in shop.more_groups.values():
        for target in targets:
            target["TargetHealth"] = {"State": "healthy"}


@example(no=("lb-", "tg-", "hc-", "deployment-"), health="healthy")
def before_blue_green_all_is_well(shop):
    green(shop, ("healthy",))
    shop.service_deployments.clear()
    shop.service.pop("currentServiceDeployment")
    shop.deployment.update(id="ecs-svc/1", rolloutState="COMPLETED", createdAt=shop.ago(minutes=300))
    shop.service.update(deployments=[shop.deployment], runningCount=3)
    shop.tasks = shop.tasks[:3]
    for arn, (group, _) in list(shop.more_groups.items()):
        shop.more_groups[arn] = (group, [])
