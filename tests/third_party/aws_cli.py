#!/usr/bin/env python3
"""The AWS command line, which nobody here wrote, against `ecsight simulate`.

Usage: aws_cli.py [PATH-OF-ECSIGHT]     or with the path in the environment variable ECSIGHT.
Needs `aws` on PATH. Prints one line a check; exit code 1 if one failed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import botocore.config
import botocore.session

READY = "listening on "
START_SECONDS = 30
CALL_SECONDS = 60
WAIT_SECONDS = 180


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def that(self, what, holds, seen=None):
        if holds:
            self.passed += 1
            print(f"ok      {what}")
        else:
            self.failed += 1
            print(f"FAILED  {what}" + ("" if seen is None else f"\n        saw: {seen!r}"))
        sys.stdout.flush()


class Aws:
    """The command line with an endpoint, and with nothing of the user's own configuration."""

    def __init__(self, endpoint, home):
        self.endpoint = endpoint
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = kept | {
            "AWS_ACCESS_KEY_ID": "AKIASIMULATED",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_CONFIG_FILE": os.path.join(home, "config"),
            "AWS_SHARED_CREDENTIALS_FILE": os.path.join(home, "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
            "NO_PROXY": "127.0.0.1",
        }

    def run(self, *arguments, seconds=CALL_SECONDS):
        command = ["aws", "--endpoint-url", self.endpoint, "--output", "json", *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )

    def ask(self, *arguments):
        """The parsed answer; an empty one if the call failed, which every check then notices."""
        done = self.run(*arguments)
        if done.returncode != 0:
            print(f"        aws {' '.join(arguments)}: {done.stderr.strip()}")
            return {}
        return json.loads(done.stdout)


def name_of(arn):
    return arn.rsplit("/", 1)[-1]


def check_reading(aws, checks):
    identity = aws.ask("sts", "get-caller-identity")
    checks.that("the caller has an account", identity.get("Account") == "111122223333", identity)

    clusters = aws.ask("ecs", "list-clusters").get("clusterArns", [])
    checks.that("both clusters are listed", [name_of(arn) for arn in clusters] == ["shop-prod", "shop-staging"], clusters)

    described = aws.ask("ecs", "describe-clusters", "--clusters", "shop-prod", "nowhere")
    found = described.get("clusters", [{}])
    checks.that("a cluster is active", found and found[0].get("status") == "ACTIVE", found)
    reasons = [failure.get("reason") for failure in described.get("failures", [])]
    checks.that("an unknown cluster is a failure", reasons == ["MISSING"], reasons)

    paged = aws.ask("ecs", "list-services", "--cluster", "shop-prod", "--page-size", "4")
    services = [name_of(arn) for arn in paged.get("serviceArns", [])]
    checks.that("pages of four add up to all services", len(set(services)) >= 12, services)
    checks.that("no service comes twice", len(services) == len(set(services)), services)

    some = aws.ask("ecs", "list-services", "--cluster", "shop-prod", "--max-items", "3")
    checks.that("three items and a token", len(some.get("serviceArns", [])) == 3 and "NextToken" in some, some)

    described = aws.ask("ecs", "describe-services", "--cluster", "shop-prod", "--services", "messenger-web", "accounts")
    services = {service["serviceName"]: service for service in described.get("services", [])}
    checks.that("both services are described", set(services) == {"messenger-web", "accounts"}, list(services))
    accounts = services.get("accounts", {})
    checks.that("accounts runs as desired", accounts.get("runningCount") == accounts.get("desiredCount") == 2, accounts)
    messages = [event["message"] for event in services.get("messenger-web", {}).get("events", [])]
    redirect = "due to (reason Health checks failed with these codes: [302])"
    checks.that("messenger-web says why its targets fail", any(redirect in message for message in messages), messages[:5])

    tasks = aws.ask("ecs", "list-tasks", "--cluster", "shop-prod", "--service-name", "accounts").get("taskArns", [])
    checks.that("accounts has two tasks", len(tasks) == 2, tasks)
    described = aws.ask("ecs", "describe-tasks", "--cluster", "shop-prod", "--tasks", *tasks).get("tasks", [])
    states = [task.get("lastStatus") for task in described]
    checks.that("both run", states == ["RUNNING", "RUNNING"], states)
    addresses = {
        detail["value"]
        for task in described
        for attachment in task.get("attachments", [])
        for detail in attachment.get("details", [])
        if detail["name"] == "privateIPv4Address"
    }

    group = (accounts.get("loadBalancers") or [{}])[0].get("targetGroupArn", "none")
    health = aws.ask("elbv2", "describe-target-health", "--target-group-arn", group)
    targets = health.get("TargetHealthDescriptions", [])
    checks.that("the targets are the tasks", {target["Target"]["Id"] for target in targets} == addresses, targets)
    checks.that("healthy targets say no more", [target["TargetHealth"] for target in targets] == [{"State": "healthy"}] * 2, targets)

    # Here --page-size is the API's own parameter, and the command line leaves the paging to its caller.
    listing = ("elbv2", "describe-target-groups", "--page-size", "5")
    names = []
    page = aws.ask(*listing)
    names.append([group["TargetGroupName"] for group in page.get("TargetGroups", [])])
    page = aws.ask(*listing, "--marker", page.get("NextMarker", "none"))
    names.append([group["TargetGroupName"] for group in page.get("TargetGroups", [])])
    checks.that("target groups come five a page", [len(page) for page in names] == [5, 5], names)
    checks.that("and the next page goes on", not set(names[0]) & set(names[1]), names)

    stopped = aws.ask("ecs", "list-tasks", "--cluster", "shop-prod", "--service-name", "notifications", "--desired-status", "STOPPED")
    checks.that("dead tasks are listed", len(stopped.get("taskArns", [])) > 0, stopped)


def check_network(aws, checks):
    def ec2(operation, *arguments):
        return aws.ask("ec2", operation, *arguments)

    def only(name, value):
        return ("--filters", f"Name={name},Values={value}")

    vpcs = ec2("describe-vpcs").get("Vpcs", [])
    checks.that("there is one VPC", [vpc.get("CidrBlock") for vpc in vpcs] == ["10.0.0.0/16"], vpcs)
    vpc = vpcs[0]["VpcId"] if vpcs else "none"
    support = ec2("describe-vpc-attribute", "--vpc-id", vpc, "--attribute", "enableDnsSupport")
    checks.that("it has DNS", support.get("EnableDnsSupport") == {"Value": True}, support)

    subnets = ec2("describe-subnets", *only("vpc-id", vpc)).get("Subnets", [])
    checks.that("it has six subnets", len({subnet["SubnetId"] for subnet in subnets}) == 6, subnets)
    free = [subnet.get("AvailableIpAddressCount", 0) for subnet in subnets]
    checks.that("with free addresses", all(count > 4000 for count in free), free)
    subnet = subnets[0]["SubnetId"] if subnets else "none"

    service = aws.ask("ecs", "describe-services", "--cluster", "shop-prod", "--services", "roles-api").get("services", [{}])[0]
    settings = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    groups = ec2("describe-security-groups", "--group-ids", *settings.get("securityGroups", [])).get("SecurityGroups", [])
    rules = [rule for group in groups for rule in group["IpPermissions"]]
    sources = [pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]]
    balancers = aws.ask("elbv2", "describe-load-balancers", "--names", "shop").get("LoadBalancers", [{}])
    its = balancers[0].get("SecurityGroups", [])
    checks.that("roles-api trusts a group its load balancer does not carry", sources and not set(sources) & set(its), (sources, its))
    told = ec2("describe-security-group-rules", *only("group-id", ",".join(settings.get("securityGroups", []))))
    told = [rule["ReferencedGroupInfo"]["GroupId"] for rule in told.get("SecurityGroupRules", []) if "ReferencedGroupInfo" in rule]
    checks.that("rule by rule it is the same", told == sources, told)

    suffix = balancers[0].get("LoadBalancerArn", "/").split("loadbalancer/")[-1]
    nodes = ec2("describe-network-interfaces", *only("description", f"ELB {suffix}")).get("NetworkInterfaces", [])
    checks.that("the load balancer has an interface a zone", len({node["AvailabilityZone"] for node in nodes}) == 3, nodes)
    checks.that("with its groups", all([group["GroupId"] for group in node["Groups"]] == its for node in nodes), nodes)
    attributes = aws.ask("elbv2", "describe-load-balancer-attributes", "--load-balancer-arn", balancers[0].get("LoadBalancerArn", "none"))
    cross = {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}
    checks.that("and serves all zones from each", cross in attributes.get("Attributes", []), attributes)

    acls = ec2("describe-network-acls", *only("association.subnet-id", subnet)).get("NetworkAcls", [])
    numbers = [(entry["RuleNumber"], entry["Egress"], entry["RuleAction"]) for acl in acls for entry in acl["Entries"]]
    both = [(number, egress, action) for egress in (True, False) for number, action in ((100, "allow"), (32767, "deny"))]
    checks.that("the network ACL is open", numbers == both, numbers)
    tables = ec2("describe-route-tables", *only("association.subnet-id", subnet)).get("RouteTables", [])
    routes = [route for table in tables for route in table["Routes"]]
    checks.that("a private subnet goes out by NAT", any(route.get("NatGatewayId") and route["State"] == "active" for route in routes), routes)
    checks.that("there are no endpoints", ec2("describe-vpc-endpoints", *only("vpc-id", vpc)) == {"VpcEndpoints": []})

    lists = ec2("describe-managed-prefix-lists").get("PrefixLists", [])
    names = {one["PrefixListName"]: one["PrefixListId"] for one in lists}
    checks.that("S3 has a prefix list", "com.amazonaws.eu-west-1.s3" in names, names)
    entries = ec2("get-managed-prefix-list-entries", "--prefix-list-id", names.get("com.amazonaws.eu-west-1.s3", "none"))
    checks.that("with entries", len(entries.get("Entries", [])) == 3, entries)

    hosts = ec2("describe-instances", "--page-size", "5").get("Reservations", [])
    states = [instance["State"]["Name"] for host in hosts for instance in host["Instances"]]
    checks.that("the hosts run", states == ["running"] * 3, hosts)
    options = ec2("describe-vpc-block-public-access-options").get("VpcBlockPublicAccessOptions", {})
    checks.that("public access is not blocked", options.get("InternetGatewayBlockMode") == "off", options)
    exclusions = ec2("describe-vpc-block-public-access-exclusions")
    checks.that("and nothing is excluded", exclusions == {"VpcBlockPublicAccessExclusions": []}, exclusions)

    pages = ec2("describe-network-interfaces", "--page-size", "7").get("NetworkInterfaces", [])
    ids = [one["NetworkInterfaceId"] for one in pages]
    checks.that("interfaces add up over pages", len(ids) > 30 and len(ids) == len(set(ids)), len(ids))
    refused = aws.run("ec2", "describe-subnets", "--subnet-ids", "subnet-0none")
    checks.that("an unknown subnet is an error of its own", "InvalidSubnetID.NotFound" in refused.stderr, refused.stderr)
    refused = aws.run("ec2", "describe-subnets", *only("colour", "red"))
    checks.that("so is an unknown filter", "InvalidParameterValue" in refused.stderr, refused.stderr)


def check_live_tail(aws, checks):
    """The AWS CLI v1 prints no Live Tail, but its own client of AWS reads what is sent."""
    keys = {"aws_access_key_id": "AKIASIMULATED", "aws_secret_access_key": "secret", "region_name": "eu-west-1"}
    # Its address would get a prefix, which does not resolve here.
    config = botocore.config.Config(inject_host_prefix=False, retries={"max_attempts": 0}, read_timeout=CALL_SECONDS)
    client = botocore.session.Session().create_client("logs", endpoint_url=aws.endpoint, config=config, **keys)
    group = client.describe_log_groups(logGroupNamePrefix="/ecs/accounts")["logGroups"][0]["logGroupArn"]

    def start():
        return client.start_live_tail(logGroupIdentifiers=[group], logStreamNamePrefixes=["ecs/accounts/"])["responseStream"]

    tail = start()
    updates = iter(tail)
    first = next(updates).get("sessionStart", {})
    checks.that("a session says how it starts", first.get("logGroupIdentifiers") == [group] and first.get("sessionId"), first)
    lines, sampled, until = [], [], time.monotonic() + CALL_SECONDS
    while len(lines) < 2 and time.monotonic() < until:
        update = next(updates).get("sessionUpdate", {})
        sampled.append(update.get("sessionMetadata", {}).get("sampled"))
        lines += update.get("sessionResults", [])
    checks.that("and then each second what came", len(lines) >= 2 and not any(sampled), (lines, sampled))
    now = time.time() * 1000
    new = all(line["logStreamName"].startswith("ecs/accounts/") and now - 120_000 < line["timestamp"] <= line["ingestionTime"] for line in lines)
    checks.that("lines say where and when they were written", new, lines)
    checks.that("and what", all(any(sign in line["message"] for sign in ("GET /", "POST /", "ELB-HealthChecker")) for line in lines), lines)
    others = [start() for _ in range(14)]
    try:
        start().close()
        checks.that("the sixteenth session is refused", False)
    except client.exceptions.LimitExceededException as refused:
        checks.that("the sixteenth session is refused", "session limit" in str(refused), str(refused))
    for one in [tail, *others]:
        one.close()
    freed = False
    while not freed and time.monotonic() < until:
        try:
            start().close()
            freed = True
        except client.exceptions.LimitExceededException:
            time.sleep(0.2)
    checks.that("closed sessions make room", freed)


def check_insights(aws, checks):
    """A query of Logs Insights from its start to its end."""
    now = int(time.time())
    span = ("--log-group-name", "/ecs/accounts", "--start-time", str(now - 3600), "--end-time", str(now))
    text = "filter @message like /ELB-HealthChecker/ | stats count(*) as checks by @logStream | sort checks desc"
    query = aws.ask("logs", "start-query", *span, "--query-string", text).get("queryId", "none")
    begun = aws.ask("logs", "get-query-results", "--query-id", query).get("status")
    checks.that("a query of logs does not end at once", begun in ("Scheduled", "Running"), begun)
    found = {}
    for _ in range(WAIT_SECONDS):
        found = aws.ask("logs", "get-query-results", "--query-id", query)
        if found.get("status") not in ("Scheduled", "Running"):
            break
        time.sleep(0.2)
    rows = [{field["field"]: field["value"] for field in row} for row in found.get("results", [])]
    checks.that("it completes", found.get("status") == "Complete", found.get("status"))
    checks.that("each stream had checks", len(rows) >= 2 and all(int(row["checks"]) > 10 for row in rows), rows)
    scanned = found.get("statistics", {})
    counted = sum(int(row["checks"]) for row in rows)
    checks.that("it counts what it matched", scanned.get("recordsMatched") == counted <= scanned.get("recordsScanned", 0), scanned)
    checks.that("and bytes", scanned.get("bytesScanned", 0) > 1000, scanned)
    listed = aws.ask("logs", "describe-queries", "--log-group-name", "/ecs/accounts").get("queries", [])
    checks.that("the query is listed", [one["queryId"] for one in listed] == [query], listed)
    refused = aws.run("logs", "stop-query", "--query-id", query)
    checks.that("what has ended is not stopped", "InvalidParameterException" in refused.stderr, refused.stderr)
    other = aws.ask("logs", "start-query", *span, "--query-string", "fields @message").get("queryId", "none")
    checks.that("what runs is", aws.ask("logs", "stop-query", "--query-id", other) == {"success": True})
    refused = aws.run("logs", "start-query", *span, "--query-string", "fields @message | dedup @message")
    checks.that("what is not simulated says so", "MalformedQueryException" in refused.stderr and "dedup" in refused.stderr, refused.stderr)


def check_observing(aws, checks):
    """Logs, metrics, automatic scaling and the rest of what ECS tells."""
    tasks = aws.ask("ecs", "list-tasks", "--cluster", "shop-prod", "--service-name", "accounts").get("taskArns", ["none"])
    stream = f"ecs/accounts/{name_of(tasks[0])}"
    group = ("--log-group-name", "/ecs/accounts")
    found = aws.ask("logs", "filter-log-events", *group, "--log-stream-names", stream, "--filter-pattern", '"ELB-HealthChecker"', "--max-items", "3")
    messages = [event["message"] for event in found.get("events", [])]
    checks.that("health checks leave lines", len(messages) == 3 and all(" 200 " in text for text in messages), messages)
    head = aws.ask("logs", "get-log-events", *group, "--log-stream-name", stream, "--start-from-head", "--limit", "2")
    messages = [event["message"] for event in head.get("events", [])]
    checks.that("a log begins with the start", messages == ["starting accounts, revision 5", "Listening on http://0.0.0.0:8080"], messages)
    groups = aws.ask("logs", "describe-log-groups", "--log-group-name-prefix", "/ecs/acc").get("logGroups", [])
    checks.that("its group is there", [one["logGroupName"] for one in groups] == ["/ecs/accounts"], groups)
    streams = aws.ask("logs", "describe-log-streams", *group, "--log-stream-name-prefix", stream).get("logStreams", [])
    checks.that("so is its stream", [one["logStreamName"] for one in streams] == [stream], streams)
    check_insights(aws, checks)
    check_live_tail(aws, checks)
    refused = aws.run("logs", "get-log-events", "--log-group-name", "/none", "--log-stream-name", "x")
    checks.that("an unknown log group is an error of its own", "ResourceNotFoundException" in refused.stderr, refused.stderr)

    now = int(time.time())
    dimensions = [{"Name": "ClusterName", "Value": "shop-prod"}, {"Name": "ServiceName", "Value": "accounts"}]
    metric = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Dimensions": dimensions}
    queries = json.dumps([{"Id": "cpu", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}])
    span = ("--start-time", str(now - 900), "--end-time", str(now))
    results = aws.ask("cloudwatch", "get-metric-data", "--metric-data-queries", queries, *span).get("MetricDataResults", [{}])
    busy = results[0].get("Values", [])
    checks.that("CPU is measured each minute", len(busy) >= 13 and all(5 < percent < 20 for percent in busy), results)
    check_metrics(aws, checks, now)
    alarms = aws.ask("cloudwatch", "describe-alarms", "--alarm-names", "none")
    checks.that("there is no alarm", alarms.get("MetricAlarms") == [], alarms)
    refused = aws.run("cloudwatch", "get-metric-data", "--metric-data-queries", queries, "--start-time", str(now), "--end-time", str(now - 9))
    checks.that("time does not run backwards", "ValidationError" in refused.stderr, refused.stderr)
    check_other_protocols(aws, checks, now)

    scaling = ("--service-namespace", "ecs", "--resource-id")
    targets = aws.ask("application-autoscaling", "describe-scalable-targets", "--service-namespace", "ecs")
    checks.that("nothing scales by itself", targets.get("ScalableTargets") == [], targets)
    activities = aws.ask("application-autoscaling", "describe-scaling-activities", *scaling, "service/shop-prod/accounts", "--include-not-scaled-activities")
    checks.that("and nothing was decided", activities.get("ScalingActivities") == [], activities)

    definitions = aws.ask("ecs", "list-task-definitions", "--family-prefix", "acc", "--sort", "DESC").get("taskDefinitionArns", [])
    checks.that("the newest revision comes first", definitions and name_of(definitions[0]) == "acc:5", definitions)
    hosts = aws.ask("ecs", "list-container-instances", "--cluster", "shop-prod").get("containerInstanceArns", ["none"])
    hosts = aws.ask("ecs", "describe-container-instances", "--cluster", "shop-prod", "--include", "CONTAINER_INSTANCE_HEALTH", "--container-instances", *hosts)
    states = [host["healthStatus"]["overallStatus"] for host in hosts.get("containerInstances", [])]
    checks.that("three hosts are well", states == ["OK"] * 3, states)
    providers = aws.ask("ecs", "describe-capacity-providers").get("capacityProviders", [])
    checks.that("Fargate is a provider", [one["name"] for one in providers] == ["FARGATE", "FARGATE_SPOT"], providers)
    protection = aws.ask("ecs", "get-task-protection", "--cluster", "shop-prod", "--tasks", *tasks).get("protectedTasks", [])
    checks.that("no task is protected", [one["protectionEnabled"] for one in protection] == [False] * 2, protection)
    deployments = aws.ask("ecs", "list-service-deployments", "--cluster", "shop-prod", "--service", "accounts").get("serviceDeployments", [{}])
    revision = deployments[0].get("targetServiceRevisionArn", "none")
    revisions = aws.ask("ecs", "describe-service-revisions", "--service-revision-arns", revision).get("serviceRevisions", [{}])
    checks.that("a revision names its task definition", name_of(revisions[0].get("taskDefinition", "")) == "acc:5", revisions)


def check_metrics(aws, checks, now):
    """What a load balancer counts, over days, and the alarms on it."""
    service = aws.ask("ecs", "describe-services", "--cluster", "shop-prod", "--services", "accounts").get("services", [{}])[0]
    group = (service.get("loadBalancers") or [{}])[0].get("targetGroupArn", "none")
    settings = aws.ask("elbv2", "describe-target-groups", "--target-group-arns", group).get("TargetGroups", [{}])[0]
    balancer = (settings.get("LoadBalancerArns") or ["none"])[0].split("loadbalancer/")[-1]
    dimensions = [{"Name": "LoadBalancer", "Value": balancer}, {"Name": "TargetGroup", "Value": group.rsplit(":", 1)[-1]}]

    def asked(name, metric, stat, period):
        metric = {"Namespace": "AWS/ApplicationELB", "MetricName": metric, "Dimensions": dimensions}
        return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}

    queries = [asked(stat, "TargetResponseTime", stat, 300) for stat in ("p50", "p90", "p99")]
    queries += [asked("requests", "RequestCount", "Sum", 1800), asked("healthy", "HealthyHostCount", "Minimum", 1800)]
    span = ("--start-time", str(now - 3 * 86400), "--end-time", str(now))
    results = aws.ask("cloudwatch", "get-metric-data", "--metric-data-queries", json.dumps(queries), *span)
    values = {result["Id"]: result["Values"] for result in results.get("MetricDataResults", [])}
    percentiles = list(zip(values.get("p50", []), values.get("p90", []), values.get("p99", [])))
    checks.that("percentiles are in order", percentiles and all(p50 < p90 < p99 for p50, p90, p99 in percentiles), percentiles[:5])
    checks.that("three days have 144 half hours", 143 <= len(values.get("requests", [])) <= 145, len(values.get("requests", [])))
    checks.that("two targets are healthy", set(values.get("healthy", [])) == {2.0}, values.get("healthy"))
    times = [result["Timestamps"] for result in results.get("MetricDataResults", []) if result["Id"] == "requests"]
    checks.that("the newest comes first", times and times[0] == sorted(times[0], reverse=True), times and times[0][:3])
    alarms = aws.ask("cloudwatch", "describe-alarms").get("MetricAlarms", [])
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
    checks.that("memory of the warehouse has gone off", states.get("warehouse-memory-high") == "ALARM", states)
    checks.that("accounts is calm", states.get("accounts-5xx") == states.get("accounts-cpu-high") == "OK", states)
    memory = next((alarm for alarm in alarms if alarm["AlarmName"] == "warehouse-memory-high"), {})
    checks.that("an alarm says where it goes off", memory.get("Threshold") == 85.0 and "Threshold Crossed" in memory.get("StateReason", ""), memory)


def check_other_protocols(aws, checks, now):
    """CloudWatch once more, as older clients ask it."""
    metric = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Dimensions": [{"Name": "ClusterName", "Value": "shop-prod"}, {"Name": "ServiceName", "Value": "mailer"}]}
    asked = {"StartTime": now - 300, "EndTime": now, "MetricDataQueries": [{"Id": "cpu", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}]}
    headers = {"x-amz-target": "GraniteServiceVersion20100801.GetMetricData", "content-type": "application/x-amz-json-1.0"}
    answer = urllib.request.urlopen(urllib.request.Request(aws.endpoint, json.dumps(asked).encode(), headers)).read()
    checks.that("as JSON", json.loads(answer)["MetricDataResults"][0]["Values"][:3] == [12.0] * 3, answer)
    stat = "MetricDataQueries.member.1.MetricStat"
    form = {"Action": "GetMetricData", "Version": "2010-08-01", "MetricDataQueries.member.1.Id": "cpu", f"{stat}.Period": "60", f"{stat}.Stat": "Average"}
    form |= {f"{stat}.Metric.Namespace": "AWS/ECS", f"{stat}.Metric.MetricName": "CPUUtilization"}
    for place, (name, value) in enumerate([("ClusterName", "shop-prod"), ("ServiceName", "mailer")], 1):
        form |= {f"{stat}.Metric.Dimensions.member.{place}.Name": name, f"{stat}.Metric.Dimensions.member.{place}.Value": value}
    iso = lambda seconds: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    form |= {"StartTime": iso(now - 300), "EndTime": iso(now)}
    answer = urllib.request.urlopen(aws.endpoint, urllib.parse.urlencode(form).encode()).read().decode()
    checks.that("as a query with XML", "<Values><member>12</member><member>12</member>" in answer, answer)


def check_errors(aws, checks):
    refused = aws.run("ecs", "list-services", "--cluster", "nowhere")
    checks.that("an unknown cluster is an error of its own", "ClusterNotFoundException" in refused.stderr, refused.stderr)
    refused = aws.run("elbv2", "describe-target-health", "--target-group-arn", "arn:none")
    checks.that("so is an unknown target group", "TargetGroupNotFound" in refused.stderr, refused.stderr)


def check_writing(aws, checks):
    update = ("ecs", "update-service", "--cluster", "shop-prod", "--service")
    forced = aws.ask(*update, "warehouse", "--force-new-deployment").get("service", {})
    states = [(one.get("status"), one.get("rolloutState")) for one in forced.get("deployments", [])]
    checks.that("a forced deployment is under way", states == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")], states)

    scaled = aws.ask(*update, "mailer", "--desired-count", "5").get("service", {})
    checks.that("the desired count is five", scaled.get("desiredCount") == 5, scaled.get("desiredCount"))

    refused = aws.run(*update, "invoices", "--force-new-deployment")
    checks.that("CodeDeploy keeps its service", "Use AWS CodeDeploy" in refused.stderr, refused.stderr)


def check_what_came_of_it(aws, checks):
    waiting = ("ecs", "wait", "services-stable", "--cluster", "shop-prod", "--services", "warehouse", "mailer")
    waited = aws.run(*waiting, seconds=WAIT_SECONDS)
    checks.that("the waiter finds both services stable", waited.returncode == 0, waited.stderr)
    tasks = aws.ask("ecs", "list-tasks", "--cluster", "shop-prod", "--service-name", "mailer").get("taskArns", [])
    checks.that("mailer has five tasks", len(tasks) == 5, tasks)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ECSIGHT")
    if not path:
        sys.exit(__doc__)
    checks = Checks()
    command = [path, "simulate", "--listen", "127.0.0.1:0"]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        begun = time.monotonic()
        first = simulator.stdout.readline().strip()
        checks.that("it says where it listens", first.startswith(READY + "http://127.0.0.1:"), first)
        checks.that("it does so in time", time.monotonic() - begun < START_SECONDS)
        if first.startswith(READY):
            with tempfile.TemporaryDirectory() as home:
                aws = Aws(first.removeprefix(READY), home)
                # The changes first: while the rest is looked at, they come about.
                check_writing(aws, checks)
                check_reading(aws, checks)
                check_network(aws, checks)
                check_observing(aws, checks)
                check_errors(aws, checks)
                check_what_came_of_it(aws, checks)
    finally:
        simulator.terminate()
        try:
            simulator.wait(timeout=5)
        except subprocess.TimeoutExpired:
            simulator.kill()
            simulator.wait()
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
