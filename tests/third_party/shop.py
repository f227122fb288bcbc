"""A small shop on ECS as plain answers of AWS: one service behind a load balancer in three zones, everything in order. Examples
break it by changing what AWS would say."""

import datetime

from wire import Refusal, denied

REGION, ACCOUNT = "eu-west-1", "111122223333"
ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
ZONES = ("a", "b", "c")
ZONE = {letter: f"{REGION}{letter}" for letter in ZONES}
TIMED_OUT = ("unhealthy", "Target.Timeout", "Request timed out")
REFUSED = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")


def codes(*numbers):
    listed = ", ".join(str(number) for number in numbers)
    return ("unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{listed}]")


def from_group(port, group, last=None, protocol="tcp"):
    """A permission for a port or a range from a group."""
    pair = {"GroupId": group, "UserId": ACCOUNT}
    return {"IpProtocol": protocol, "FromPort": port, "ToPort": last or port, "UserIdGroupPairs": [pair]}


def from_cidr(port, *cidrs, last=None, protocol="tcp"):
    ranges = [{"CidrIp": cidr} for cidr in cidrs]
    return {"IpProtocol": protocol, "FromPort": port, "ToPort": last or port, "IpRanges": ranges}


EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


class Shop:
    """Everything AWS knows; examples change the public attributes."""

    def __init__(self, name="api"):
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.name, self.cluster, self.port = name, "shop", 8080
        self.denied = set()
        self.group_arn = f"{ELB}:targetgroup/{name}-tg/0123456789abcdef"
        self.balancer_arn = f"{ELB}:loadbalancer/app/{name}-lb/50dc6c495c0c9188"
        self.listener_arn = f"{ELB}:listener/app/{name}-lb/50dc6c495c0c9188/f2f7dc8efc522ab2"
        self.deployment = {
            "id": "ecs-svc/1",
            "status": "PRIMARY",
            "taskDefinition": self.revision(30),
            "desiredCount": 3,
            "runningCount": 3,
            "pendingCount": 0,
            "failedTasks": 0,
            "createdAt": self.ago(days=2),
            "updatedAt": self.ago(days=2),
            "rolloutState": "COMPLETED",
            "rolloutStateReason": "ECS deployment ecs-svc/1 completed.",
            "launchType": "FARGATE",
        }
        self.network = {
            "subnets": [f"subnet-{letter}" for letter in ZONES],
            "securityGroups": ["sg-task"],
            "assignPublicIp": "DISABLED",
        }
        self.service = {
            "serviceArn": f"{ECS}:service/{self.cluster}/{name}",
            "serviceName": name,
            "clusterArn": f"{ECS}:cluster/{self.cluster}",
            "status": "ACTIVE",
            "desiredCount": 3,
            "runningCount": 3,
            "pendingCount": 0,
            "launchType": "FARGATE",
            "platformVersion": "LATEST",
            "schedulingStrategy": "REPLICA",
            "deploymentController": {"type": "ECS"},
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "strategy": "ROLLING",
            },
            "taskDefinition": self.revision(30),
            "deployments": [self.deployment],
            "events": [],
            "loadBalancers": [{"targetGroupArn": self.group_arn, "containerName": "app", "containerPort": self.port}],
            "serviceRegistries": [],
            "networkConfiguration": {"awsvpcConfiguration": self.network},
            "healthCheckGracePeriodSeconds": 0,
            "createdAt": self.ago(days=90),
            "enableExecuteCommand": False,
        }
        self.container = {
            "name": "app",
            "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:7",
            "essential": True,
            "portMappings": [{"containerPort": self.port, "hostPort": self.port, "protocol": "tcp"}],
            "environment": [],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": f"/ecs/{name}",
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": "ecs",
                },
            },
        }
        self.definition = {
            "family": name,
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "status": "ACTIVE",
            "requiresCompatibilities": ["FARGATE"],
            "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole",
            "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/app",
            "containerDefinitions": [self.container],
        }
        self.target_group = {
            "TargetGroupArn": self.group_arn,
            "TargetGroupName": f"{name}-tg",
            "Protocol": "HTTP",
            "ProtocolVersion": "HTTP1",
            "Port": self.port,
            "VpcId": "vpc-1",
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": "traffic-port",
            "HealthCheckEnabled": True,
            "HealthCheckPath": "/",
            "HealthCheckIntervalSeconds": 30,
            "HealthCheckTimeoutSeconds": 5,
            "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2,
            "Matcher": {"HttpCode": "200"},
            "LoadBalancerArns": [self.balancer_arn],
            "TargetType": "ip",
            "IpAddressType": "ipv4",
        }
        self.attributes = {
            "deregistration_delay.timeout_seconds": "60",
            "stickiness.enabled": "false",
            "slow_start.duration_seconds": "0",
        }
        self.balancer = {
            "LoadBalancerArn": self.balancer_arn,
            "LoadBalancerName": f"{name}-lb",
            "DNSName": f"{name}-lb-1.{REGION}.elb.amazonaws.com",
            "Scheme": "internet-facing",
            "Type": "application",
            "State": {"Code": "active"},
            "VpcId": "vpc-1",
            "IpAddressType": "ipv4",
            "SecurityGroups": ["sg-lb"],
            "AvailabilityZones": [{"ZoneName": ZONE[z], "SubnetId": f"subnet-public-{z}"} for z in ZONES],
        }
        forward = {"Type": "forward", "TargetGroupArn": self.group_arn}
        self.listeners = [
            {
                "ListenerArn": self.listener_arn,
                "LoadBalancerArn": self.balancer_arn,
                "Port": 443,
                "Protocol": "HTTPS",
                "DefaultActions": [forward],
            }
        ]
        self.rules = [
            {
                "RuleArn": self.listener_arn.replace("listener/", "listener-rule/") + "/1",
                "Priority": "default",
                "Conditions": [],
                "Actions": [forward],
                "IsDefault": True,
            }
        ]
        self.security_groups = {
            "sg-lb": {"in": [from_cidr(443, "0.0.0.0/0")], "out": [EVERYTHING]},
            "sg-task": {"in": [from_group(self.port, "sg-lb")], "out": [EVERYTHING]},
        }
        self.prefix_lists = {}
        self.subnets = {}
        for index, letter in enumerate(ZONES):
            self.subnets[f"subnet-public-{letter}"] = (f"10.0.{index}.0/24", ZONE[letter])
            self.subnets[f"subnet-{letter}"] = (f"10.0.{10 + index}.0/24", ZONE[letter])
        self.free_addresses = 200
        self.acls = {"acl-default": {"subnets": list(self.subnets), "in": [], "out": []}}
        self.route_tables = {
            "rtb-public": {
                "subnets": [f"subnet-public-{z}" for z in ZONES],
                "routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}],
            },
            "rtb-private": {
                "subnets": [f"subnet-{z}" for z in ZONES],
                "routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}],
            },
        }
        self.endpoints = []
        self.endpoint_interfaces = []
        self.balancer_interfaces = True
        self.tasks, self.targets, self.logs = [], [], {}
        for index, letter in enumerate(ZONES):
            self.run(index + 1, letter)
        self.service_deployments = []
        self.revisions = []
        self.scalable_target, self.scaling_activities = None, []
        self.alarms, self.metrics = [], {}
        self.container_instances, self.capacity_providers, self.instances = [], [], []
        self.log_groups = [f"/ecs/{name}"]
        self.latest = 30
        # What differs from `definition` in single revisions, ids of protected tasks, what else describes the cluster.
        self.definitions, self.protected, self.cluster_details = {}, set(), {}
        # Further target groups, with their targets, by resource name.
        self.more_groups = {}

    def ago(self, **ages):
        return self.now - datetime.timedelta(**ages)

    def revision(self, number):
        return f"{ECS}:task-definition/{self.name}:{number}"

    def run(self, number, zone, deployment="ecs-svc/1", revision=30, started=None, health=("healthy",)):
        """A running task with its target."""
        started = started or self.ago(days=1)
        address = f"10.0.{10 + ZONES.index(zone)}.{10 + number}"
        self.tasks.append(self.task(number, zone, address, deployment, revision, started))
        self.targets.append(self.target(address, zone, health))
        return self.tasks[-1]

    def task(self, number, zone, address, deployment, revision, started):
        identifier = f"{number:032x}"
        return {
            "taskArn": f"{ECS}:task/{self.cluster}/{identifier}",
            "clusterArn": f"{ECS}:cluster/{self.cluster}",
            "taskDefinitionArn": self.revision(revision),
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "healthStatus": "UNKNOWN",
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "availabilityZone": ZONE[zone],
            "startedBy": deployment,
            "group": f"service:{self.name}",
            "connectivity": "CONNECTED",
            "createdAt": started - datetime.timedelta(seconds=30),
            "startedAt": started,
            "pullStartedAt": started - datetime.timedelta(seconds=20),
            "pullStoppedAt": started - datetime.timedelta(seconds=5),
            "version": 3,
            "containers": [
                {
                    "name": "app",
                    "image": self.container["image"],
                    "lastStatus": "RUNNING",
                    "healthStatus": "UNKNOWN",
                    "networkInterfaces": [{"attachmentId": "1", "privateIpv4Address": address}],
                }
            ],
            "attachments": [
                {
                    "id": "1",
                    "type": "ElasticNetworkInterface",
                    "status": "ATTACHED",
                    "details": [
                        {"name": "subnetId", "value": f"subnet-{zone}"},
                        {"name": "networkInterfaceId", "value": f"eni-task-{number}"},
                        {"name": "privateIPv4Address", "value": address},
                    ],
                }
            ],
        }

    def target(self, address, zone, health, port=None, check_port=None):
        keys = ("State", "Reason", "Description")
        return {
            "Target": {"Id": address, "Port": port or self.port, "AvailabilityZone": ZONE[zone]},
            "HealthCheckPort": str(check_port or port or self.port),
            "TargetHealth": dict(zip(keys, health)),
        }

    def stop(self, number, code, reason, exit_code=None, why=None, lived=75, ended=60, deployment="ecs-svc/1",
             revision=30, zone="a", started=True, asked_to_stop=5):
        """A task that stopped `ended` seconds ago."""
        end = self.ago(seconds=ended)
        begin = end - datetime.timedelta(seconds=lived)
        task = self.task(900 + number, zone, f"10.0.10.{100 + number}", deployment, revision, begin)
        task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stopCode=code, stoppedReason=reason)
        task.update(stoppingAt=end - datetime.timedelta(seconds=asked_to_stop), executionStoppedAt=end, stoppedAt=end)
        if not started:
            for key in ("startedAt", "executionStoppedAt"):
                task.pop(key)
        container = task["containers"][0]
        container["lastStatus"] = "STOPPED"
        if exit_code is not None:
            container["exitCode"] = exit_code
        if why:
            container["reason"] = why
        self.tasks.append(task)
        return task

    def fail_all(self, health):
        for target in self.targets:
            target["TargetHealth"] = dict(zip(("State", "Reason", "Description"), health))

    def rolling(self, minutes=20, running=0, failed=0, pending=0):
        """A new deployment of revision 31 is under way; the old tasks still run."""
        old = dict(self.deployment, status="ACTIVE")
        self.deployment = dict(
            old,
            id="ecs-svc/2",
            status="PRIMARY",
            taskDefinition=self.revision(31),
            runningCount=running,
            pendingCount=pending,
            failedTasks=failed,
            createdAt=self.ago(minutes=minutes),
            updatedAt=self.ago(minutes=1),
            rolloutState="IN_PROGRESS",
            rolloutStateReason="ECS deployment ecs-svc/2 in progress.",
        )
        self.service.update(deployments=[self.deployment, old], taskDefinition=self.revision(31))
        self.service["runningCount"] += running
        self.service["pendingCount"] += pending
        self.latest = 31

    def event(self, minutes, text):
        """An event so many minutes ago; call in order of time, oldest first."""
        events = self.service["events"]
        message = f"(service {self.name}) {text}"
        events.insert(0, {"id": f"event-{len(events)}", "createdAt": self.ago(minutes=minutes), "message": message})

    def log(self, task, *lines, start=5):
        """Lines of a task's only container, a second apart."""
        stream = f"ecs/app/{task['taskArn'].rsplit('/', 1)[1]}"
        begin = task.get("startedAt", task["createdAt"])
        entries = self.logs.setdefault(stream, [])
        for line in lines:
            at = begin + datetime.timedelta(seconds=start)
            entries.append({"timestamp": int(at.timestamp() * 1000), "message": line, "logStreamName": stream})
            start += 1

    # What AWS answers.

    def answer(self, service, operation, parameters):
        if (service, operation) in self.denied:
            raise denied(service, operation)
        handler = getattr(self, f"{service.replace('-', '_')}_{operation}", None)
        if handler is None:
            raise Refusal("InvalidAction", f"{operation} is not offered here")
        return handler(parameters)

    def sts_GetCallerIdentity(self, _):
        return {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/oncall/sam", "UserId": "x"}

    def ecs_ListClusters(self, _):
        return {"clusterArns": [f"{ECS}:cluster/{self.cluster}"]}

    def ecs_DescribeClusters(self, _):
        cluster = {"clusterArn": f"{ECS}:cluster/{self.cluster}", "clusterName": self.cluster, "status": "ACTIVE"}
        return {"clusters": [dict(cluster, **self.cluster_details)]}

    def known_cluster(self, parameters):
        if parameters.get("cluster", "default").rsplit("/", 1)[-1] != self.cluster:
            raise Refusal("ClusterNotFoundException", "Cluster not found.")

    def ecs_ListServices(self, parameters):
        self.known_cluster(parameters)
        return {"serviceArns": [self.service["serviceArn"]]}

    def ecs_DescribeServices(self, parameters):
        self.known_cluster(parameters)
        wanted = {name.rsplit("/", 1)[-1] for name in parameters["services"]}
        found = [self.service] if self.name in wanted else []
        missing = [{"arn": name, "reason": "MISSING"} for name in wanted - {self.name}]
        return {"services": found, "failures": missing}

    def ecs_ListTasks(self, parameters):
        status = parameters.get("desiredStatus", "RUNNING")
        return {"taskArns": [task["taskArn"] for task in self.tasks if task["desiredStatus"] == status]}

    def ecs_DescribeTasks(self, parameters):
        wanted = {arn.rsplit("/", 1)[-1] for arn in parameters["tasks"]}
        return {"tasks": [task for task in self.tasks if task["taskArn"].rsplit("/", 1)[-1] in wanted], "failures": []}

    def ecs_DescribeTaskDefinition(self, parameters):
        name = parameters["taskDefinition"].rsplit("/", 1)[-1]
        revision = int(name.rsplit(":", 1)[-1])
        definition = dict(self.definition, taskDefinitionArn=self.revision(revision), revision=revision)
        definition.update(self.definitions.get(revision, {}))
        return {"taskDefinition": definition}

    def ecs_ListTaskDefinitions(self, _):
        return {"taskDefinitionArns": [self.revision(self.latest)]}

    def ecs_ListServiceDeployments(self, _):
        return {"serviceDeployments": [
            {key: value for key, value in each.items() if key in ("serviceDeploymentArn", "serviceArn", "clusterArn", "status", "createdAt")}
            for each in self.service_deployments
        ]}

    def ecs_DescribeServiceDeployments(self, parameters):
        wanted = parameters["serviceDeploymentArns"]
        return {"serviceDeployments": [each for each in self.service_deployments if each["serviceDeploymentArn"] in wanted]}

    def ecs_DescribeServiceRevisions(self, parameters):
        wanted = parameters["serviceRevisionArns"]
        return {"serviceRevisions": [each for each in self.revisions if each["serviceRevisionArn"] in wanted]}

    def ecs_ListContainerInstances(self, _):
        return {"containerInstanceArns": [each["containerInstanceArn"] for each in self.container_instances]}

    def ecs_DescribeContainerInstances(self, _):
        return {"containerInstances": self.container_instances}

    def ecs_DescribeCapacityProviders(self, _):
        return {"capacityProviders": self.capacity_providers}

    def ecs_GetTaskProtection(self, parameters):
        arns = parameters.get("tasks") or [task["taskArn"] for task in self.tasks]
        return {"protectedTasks": [
            {"taskArn": arn, "protectionEnabled": arn.rsplit("/", 1)[-1] in self.protected} for arn in arns]}

    def elbv2_DescribeTargetGroups(self, parameters):
        if self.target_group is None:
            raise Refusal("TargetGroupNotFound", "One or more target groups not found")
        return {"TargetGroups": [self.target_group]}

    def elbv2_DescribeTargetGroupAttributes(self, _):
        return {"Attributes": [{"Key": key, "Value": value} for key, value in self.attributes.items()]}

    def elbv2_DescribeTargetHealth(self, parameters):
        if self.target_group is None:
            raise Refusal("TargetGroupNotFound", "One or more target groups not found")
        other = self.more_groups.get(parameters.get("TargetGroupArn"))
        return {"TargetHealthDescriptions": other[1] if other else self.targets}

    def elbv2_DescribeLoadBalancers(self, _):
        return {"LoadBalancers": [self.balancer]}

    def elbv2_DescribeListeners(self, _):
        return {"Listeners": self.listeners}

    def elbv2_DescribeRules(self, _):
        return {"Rules": self.rules}

    @staticmethod
    def filters(parameters):
        found = {}
        for each in parameters.get("Filter", []):
            values = each.get("Value", [])
            found[each["Name"]] = values if isinstance(values, list) else [values]
        return found

    def ec2_DescribeSecurityGroups(self, _):
        return {"SecurityGroups": [
            {
                "GroupId": group,
                "GroupName": group[3:],
                "VpcId": "vpc-1",
                "OwnerId": ACCOUNT,
                "Description": group,
                "IpPermissions": rules["in"],
                "IpPermissionsEgress": rules["out"],
            }
            for group, rules in self.security_groups.items()
        ]}

    def ec2_GetManagedPrefixListEntries(self, parameters):
        entries = self.prefix_lists.get(parameters["PrefixListId"], [])
        return {"Entries": [{"Cidr": cidr} for cidr in entries]}

    def subnet(self, name):
        cidr, zone = self.subnets[name]
        return {
            "SubnetId": name,
            "VpcId": "vpc-1",
            "CidrBlock": cidr,
            "AvailabilityZone": zone,
            "AvailableIpAddressCount": self.free_addresses,
            "State": "available",
        }

    def ec2_DescribeSubnets(self, parameters):
        filters = self.filters(parameters)
        wanted = filters.get("subnet-id", parameters.get("SubnetId"))
        return {"Subnets": [self.subnet(name) for name in self.subnets if not wanted or name in wanted]}

    def ec2_DescribeNetworkAcls(self, _):
        def entry(number, egress, allow, protocol="-1", cidr="0.0.0.0/0", ports=None):
            found = {
                "RuleNumber": number,
                "Egress": egress,
                "Protocol": protocol,
                "RuleAction": "allow" if allow else "deny",
                ("Ipv6CidrBlock" if ":" in cidr else "CidrBlock"): cidr,
            }
            return dict(found, PortRange={"From": ports[0], "To": ports[1]}) if ports else found

        acls = []
        for name, acl in self.acls.items():
            entries = [entry(number, False, *rest) for number, *rest in acl["in"]]
            entries += [entry(number, True, *rest) for number, *rest in acl["out"]]
            for egress in (False, True):
                entries += [entry(100, egress, True)] if not acl.get("closed") else []
                entries += [entry(32767, egress, False)]
            acls.append({
                "NetworkAclId": name,
                "VpcId": "vpc-1",
                "IsDefault": name == "acl-default",
                "Associations": [{"NetworkAclId": name, "SubnetId": subnet} for subnet in acl["subnets"]],
                "Entries": entries,
            })
        return {"NetworkAcls": acls}

    def ec2_DescribeRouteTables(self, _):
        local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable"}
        tables = [{"RouteTableId": "rtb-main", "VpcId": "vpc-1", "Routes": [local], "Associations": [{"Main": True}]}]
        for name, table in self.route_tables.items():
            associations = [{"Main": False, "SubnetId": subnet, "RouteTableId": name} for subnet in table["subnets"]]
            routes = [local, *table["routes"]]
            tables.append({"RouteTableId": name, "VpcId": "vpc-1", "Routes": routes, "Associations": associations})
        return {"RouteTables": tables}

    def ec2_DescribeVpcEndpoints(self, _):
        return {"VpcEndpoints": self.endpoints}

    def ec2_DescribeVpcs(self, _):
        return {"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]}

    def ec2_DescribeVpcAttribute(self, parameters):
        attribute = parameters["Attribute"]
        key = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}[attribute]
        return {"VpcId": "vpc-1", key: {"Value": True}}

    def interfaces(self):
        found = []
        if self.balancer_interfaces:
            for index, zone in enumerate(self.balancer["AvailabilityZones"]):
                suffix = self.balancer["LoadBalancerArn"].split("loadbalancer/")[1]
                found.append({
                    "NetworkInterfaceId": f"eni-lb-{index}",
                    "Description": f"ELB {suffix}",
                    "SubnetId": zone["SubnetId"],
                    "VpcId": "vpc-1",
                    "AvailabilityZone": zone["ZoneName"],
                    "PrivateIpAddress": self.subnets[zone["SubnetId"]][0].replace("0/24", "200"),
                    "Groups": [{"GroupId": group} for group in self.balancer.get("SecurityGroups", [])],
                })
        for task in self.tasks:
            if task["lastStatus"] == "STOPPED" or not task["attachments"]:
                continue
            details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
            found.append({
                "NetworkInterfaceId": details["networkInterfaceId"],
                "Description": task["taskArn"],
                "SubnetId": details["subnetId"],
                "VpcId": "vpc-1",
                "AvailabilityZone": task["availabilityZone"],
                "PrivateIpAddress": details["privateIPv4Address"],
                "Groups": [{"GroupId": group} for group in self.network["securityGroups"]],
            })
        return found + self.endpoint_interfaces

    def ec2_DescribeNetworkInterfaces(self, parameters):
        filters = self.filters(parameters)
        names = {"network-interface-id": "NetworkInterfaceId", "description": "Description", "vpc-id": "VpcId", "subnet-id": "SubnetId"}
        found = []
        for interface in self.interfaces():
            full = dict(interface, PrivateIpAddresses=[{"PrivateIpAddress": interface["PrivateIpAddress"], "Primary": True}])
            if all(interface.get(names.get(name)) in values for name, values in filters.items()):
                found.append(full)
        return {"NetworkInterfaces": found}

    def ec2_DescribeInstances(self, _):
        return {"Reservations": [{"Instances": self.instances}]}

    def application_autoscaling_DescribeScalableTargets(self, _):
        return {"ScalableTargets": [self.scalable_target] if self.scalable_target else []}

    def application_autoscaling_DescribeScalingActivities(self, _):
        return {"ScalingActivities": self.scaling_activities}

    def cloudwatch_DescribeAlarms(self, _):
        return {"MetricAlarms": self.alarms, "CompositeAlarms": []}

    def cloudwatch_GetMetricData(self, parameters):
        results = []
        for query in parameters.get("MetricDataQueries", []):
            name = query.get("MetricStat", {}).get("Metric", {}).get("MetricName")
            values = self.metrics.get(name, [])
            times = [self.ago(minutes=index + 1) for index in range(len(values))]
            results.append({"Id": query["Id"], "StatusCode": "Complete", "Values": [float(v) for v in values], "Timestamps": times})
        return {"MetricDataResults": results}

    def lines(self, parameters):
        if parameters["logGroupName"] not in self.log_groups:
            raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
        names = parameters.get("logStreamNames") or [parameters.get("logStreamName")]
        found = [entry for name in names if name for entry in self.logs.get(name, [])]
        start = parameters.get("startTime", 0)
        pattern = parameters.get("filterPattern", "").strip('"')
        return [entry for entry in found if entry["timestamp"] >= start and pattern in entry["message"]]

    def logs_FilterLogEvents(self, parameters):
        return {"events": self.lines(parameters), "searchedLogStreams": []}

    def logs_GetLogEvents(self, parameters):
        return {"events": self.lines(parameters), "nextForwardToken": "f", "nextBackwardToken": "b"}

    def logs_DescribeLogGroups(self, parameters):
        prefix = parameters.get("logGroupNamePrefix", "")
        return {"logGroups": [{"logGroupName": name} for name in self.log_groups if name.startswith(prefix)]}
