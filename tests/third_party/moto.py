#!/usr/bin/env python3
"""ecsight against an AWS that nobody here wrote: moto's server, filled through boto3.

    python3 tests/third_party/moto.py [path of the ecsight binary]

Needs boto3 and moto[server] (with moto_server on the PATH or beside the interpreter). Listens on loopback only.
"""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import boto3

REGION = "eu-west-1"
CLUSTER = "shop-moto"
SERVICES = ("storefront", "inventory")
LOG_GROUP = "/ecs/shop-moto"
DEADLINE = 60  # seconds any single step may take before it counts as failed


class Checks:
    """Counts what holds and what does not, a line each."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def that(self, what, holds, detail=""):
        if holds:
            self.passed += 1
            print(f"ok    {what}")
        else:
            self.failed += 1
            print(f"FAIL  {what}{': ' + detail if detail else ''}")

    def exit_code(self, what, ran, expected=0):
        self.that(f"{what}: exit code {expected}", ran.returncode == expected, f"got {ran.returncode}: {ran.stderr}")

    def equal(self, what, actual, expected):
        self.that(what, actual == expected, f"expected {expected!r}, got {actual!r}")


@contextmanager
def moto_server(scratch):
    """A moto server on a free port of loopback; it never outlives the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    beside = Path(sys.executable).with_name("moto_server")
    program = str(beside) if beside.exists() else shutil.which("moto_server")
    if program is None:
        sys.exit("moto_server is missing: pip install 'moto[server]'")
    log = open(Path(scratch) / "moto.log", "wb")
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await_server(url, server)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        log.close()


def await_server(url, server):
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        if server.poll() is not None:
            sys.exit(f"moto_server ended with {server.returncode}")
        try:
            urllib.request.urlopen(f"{url}/moto-api/", timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("moto_server does not answer")


class World:
    """A cluster with two Fargate services behind one load balancer."""

    def __init__(self, url):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = lambda service: boto3.client(service, region_name=REGION, endpoint_url=url, **keys)
        self.ecs, self.ec2, self.elb, self.logs = client("ecs"), client("ec2"), client("elbv2"), client("logs")

    def build(self):
        self.ecs.create_cluster(clusterName=CLUSTER)
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        group = self.ec2.create_security_group(GroupName="app", Description="tasks", VpcId=vpc)["GroupId"]
        balancer = self.elb.create_load_balancer(Name="edge", Subnets=subnets, SecurityGroups=[group])
        balancer = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        targets = {name: self.target_group(name, vpc) for name in SERVICES}
        listener = self.elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": targets["storefront"]}],
        )
        self.elb.create_rule(
            ListenerArn=listener["Listeners"][0]["ListenerArn"],
            Priority=10,
            Conditions=[{"Field": "path-pattern", "Values": ["/inventory/*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": targets["inventory"]}],
        )
        for name in SERVICES:
            self.service(name, targets[name], subnets, group)

    def run_tasks(self):
        """moto's services start no tasks, so two are started by hand, in the group ECS would give them; one is stopped."""
        self.register(family="storefront-task", networkMode="bridge")
        started = self.ecs.run_task(
            cluster=CLUSTER, taskDefinition="storefront-task", launchType="FARGATE", count=2, group="service:storefront"
        )
        tasks = [task["taskArn"].rsplit("/", 1)[1] for task in started["tasks"]]
        self.ecs.stop_task(cluster=CLUSTER, task=tasks[1], reason="made to stop")
        return tasks

    def write(self, task, *lines):
        """Lines of a task's container, each so many seconds ago, as the awslogs driver would write them."""
        stream = f"app/app/{task}"
        known = self.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=stream)["logStreams"]
        if not known:
            self.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now - seconds * 1000, "message": line} for seconds, line in lines]
        self.logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)

    def target_group(self, name, vpc):
        made = self.elb.create_target_group(
            Name=f"{name}-tg", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip", HealthCheckPath="/healthz"
        )
        return made["TargetGroups"][0]["TargetGroupArn"]

    def register(self, **settings):
        container = {
            "name": "app",
            "image": "registry.example.com/app:1",
            "cpu": 128,
            "memory": 256,
            "essential": True,
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": "TOKEN", "value": "not-to-be-shown"}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": LOG_GROUP, "awslogs-region": REGION, "awslogs-stream-prefix": "app"},
            },
        }
        self.ecs.register_task_definition(containerDefinitions=[container], cpu="256", memory="512", **settings)

    def service(self, name, target_group, subnets, group):
        self.register(family=name, networkMode="awsvpc", requiresCompatibilities=["FARGATE"])
        self.ecs.create_service(
            cluster=CLUSTER,
            serviceName=name,
            taskDefinition=name,
            desiredCount=2,
            launchType="FARGATE",
            loadBalancers=[{"targetGroupArn": target_group, "containerName": "app", "containerPort": 8080}],
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group]}},
        )
        if name == "storefront":
            targets = [{"Id": f"10.0.{number}.10", "Port": 8080} for number in range(2)]
            self.elb.register_targets(TargetGroupArn=target_group, Targets=targets)

    def described(self, name):
        return self.ecs.describe_services(cluster=CLUSTER, services=[name])["services"][0]


class Program:
    """The binary with an environment of its own."""

    def __init__(self, binary, url, home):
        self.binary = binary
        self.url = url
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": home,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
        }

    def arguments(self, *arguments):
        return [self.binary, *arguments, "--endpoint-url", self.url]

    def run(self, *arguments):
        return subprocess.run(
            self.arguments(*arguments),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )


def check_services(checks, program, world):
    ran = program.run("services", "--cluster", CLUSTER, "--output", "json")
    checks.exit_code("services", ran)
    listed = {entry["service"]: entry for entry in json.loads(ran.stdout or "[]")}
    checks.equal("services: both are listed", sorted(listed), sorted(SERVICES))
    for name in SERVICES:
        entry, truth = listed.get(name, {}), world.described(name)
        deployment = truth["deployments"][0]
        expected = {
            "service": name,
            "arn": truth["serviceArn"],
            "status": truth["status"],
            "desired": truth["desiredCount"],
            "running": truth["runningCount"],
            "pending": truth["pendingCount"],
            "targets": {"healthy": 2, "total": 2} if name == "storefront" else {"healthy": 0, "total": 0},
            "task_definition": truth["taskDefinition"],
            "launch_type": truth["launchType"],
            "created_at": None,  # moto leaves it out
        }
        for field, value in expected.items():
            checks.equal(f"services: {name}.{field}", entry.get(field, "missing"), value)
        rollout = entry.get("rollout") or {}
        checks.equal(f"services: {name}.rollout.state", rollout.get("state"), deployment["rolloutState"])
        started = deployment["createdAt"].strftime("%Y-%m-%dT%H:%M")
        checks.that(f"services: {name}.rollout.started_at", str(rollout.get("started_at")).startswith(started))
        healths = ("failing", "degraded", "deploying", "healthy", "inactive", "unknown")
        checks.that(f"services: {name}.health is one of ours", entry.get("health") in healths, str(entry.get("health")))
        fields = [*expected, "health", "rollout"]
        checks.equal(f"services: {name} has exactly the documented fields", sorted(entry), sorted(fields))
    table = program.run("services", "--cluster", CLUSTER)
    checks.exit_code("services", table)
    lines = table.stdout.splitlines()
    checks.equal("services: table has a header and both", len(lines), 3)
    checks.that("services: table names both", all(any(name in line for line in lines) for name in SERVICES))
    checks.that("services: table has no escape sequences", "\x1b" not in table.stdout)
    alone = program.run("services", "--output", "json")
    checks.equal("services: the only cluster needs no flag", alone.returncode, 0)


def check_tasks(checks, program, world):
    for flags in ([], ["--stopped"], ["--service", "storefront"]):
        ran = program.run("tasks", "--cluster", CLUSTER, "--output", "json", *flags)
        checks.exit_code(f"tasks {' '.join(flags)} without any", ran)
        checks.equal(f"tasks {' '.join(flags)} without any: empty list", json.loads(ran.stdout or "null"), [])
    running, stopped = tasks = world.run_tasks()
    for flags, task, reason in (([], running, None), (["--stopped"], stopped, "made to stop")):
        ran = program.run("tasks", "--cluster", CLUSTER, "--output", "json", *flags)
        what = f"tasks {' '.join(flags)}"
        if ran.returncode == 3:
            # moto answers DescribeTasks with numbers where AWS's API has strings (containers[].cpu), which no typed client
            # reads. What counts then is that the operation is named.
            checks.that(f"{what}: an answer that cannot be read is told", "ecs:DescribeTasks" in ran.stderr, ran.stderr)
            checks.equal(f"{what}: nothing on stdout", ran.stdout, "")
            continue
        checks.exit_code(what, ran)
        listed = {entry["task"]: entry for entry in json.loads(ran.stdout or "[]")}
        checks.equal(f"{what}: the right one", list(listed), [task])
        entry = listed.get(task, {})
        checks.equal(f"{what}: service", entry.get("service"), "storefront")
        checks.equal(f"{what}: containers", [each["name"] for each in entry.get("containers", [])], ["app"])
        if reason:
            checks.equal(f"{what}: reason", entry.get("stopped_reason"), reason)
    return tasks


def check_logs(checks, program, world, tasks):
    """Lines of two tasks, read once and followed. A Live Tail of moto sends all there ever was and ends."""
    one, other = tasks
    command = ["logs", "storefront", "--cluster", CLUSTER, "--output", "json"]
    world.logs.create_log_group(logGroupName=LOG_GROUP)
    world.write(one, *((seconds, f"one {seconds}") for seconds in range(300, 0, -2)))
    hostile = "not-to-be-shown \u2603 \x1b[31mred\x1b[0m"
    world.write(other, *((seconds, f"other {seconds}") for seconds in range(299, 0, -2)), (1, hostile))
    expected = [f"{'one' if seconds % 2 == 0 else 'other'} {seconds}" for seconds in range(300, 0, -1)] + ["•••••• ☃ red"]
    ran = program.run(*command, "--since", "1h")
    checks.exit_code("logs", ran)
    read = [json.loads(line) for line in ran.stdout.splitlines()]
    checks.equal("logs: every line once, in order", [line["message"] for line in read], expected)
    checks.equal("logs: of both tasks", {line["task"] for line in read}, set(tasks))
    checks.equal("logs: streams", {line["stream"] for line in read}, {f"app/app/{task}" for task in tasks})
    ran = program.run(*command, "--since", "1h", "--task", one[:8], "--grep", "one 1.?$")
    found = [json.loads(line)["message"] for line in ran.stdout.splitlines()]
    checks.equal("logs: of one task, that match", found, [f"one {seconds}" for seconds in (18, 16, 14, 12, 10)])
    follow(checks, program, world, command, tasks, "a closed pipe", lambda child: child.stdout.close())
    follow(checks, program, world, command, tasks, "SIGTERM", lambda child: child.terminate())


def follow(checks, program, world, command, tasks, what, end):
    what = f"logs --follow until {what}"
    child = subprocess.Popen(
        program.arguments(*command, "--since", "1h", "--follow"),
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(DEADLINE, child.kill)
    watchdog.start()
    try:
        before = len(program.run(*command, "--since", "1h").stdout.splitlines())
        read = [child.stdout.readline() for _ in range(before)]
        for number, task in enumerate(tasks):
            world.write(task, (0, f"while followed {number}"))
            read.append(child.stdout.readline())
        told = [json.loads(line or "{}") for line in read]
        newest = [line.get("message") for line in told[before:]]
        checks.equal(f"{what}: what comes is told", newest, ["while followed 0", "while followed 1"])
        checks.equal(f"{what}: every line once", len({line for line in read if line}), before + 2)
        times = [line.get("timestamp", "") for line in told]
        checks.equal(f"{what}: in order", times, sorted(times))
        end(child)
        # A pipe is found closed by who writes.
        world.write(tasks[0], (0, "after the end"))
        code = child.wait(DEADLINE)
        checks.that(f"{what}: it ends", code in (0, 143, -signal.SIGTERM), f"exit code {code}")
        said = child.stderr.read()
        checks.equal(f"{what}: there is nothing to say", said, "")
    finally:
        watchdog.cancel()
        child.kill()
        child.wait()


def check_changes(checks, program, world):
    before = world.described("inventory")
    ran = program.run("redeploy", "inventory", "--cluster", CLUSTER)
    checks.exit_code("redeploy without --yes", ran, 2)
    checks.equal("redeploy without --yes: nothing changed", world.described("inventory"), before)
    checks.that("redeploy without --yes: the plan is shown", "update-service" in ran.stderr, ran.stderr)
    ran = program.run("--read-only", "redeploy", "inventory", "--cluster", CLUSTER, "--yes")
    checks.exit_code("redeploy with --read-only", ran, 2)
    checks.equal("redeploy with --read-only: nothing changed", world.described("inventory"), before)
    ran = program.run("redeploy", "inventory", "--cluster", CLUSTER, "--yes")
    checks.exit_code("redeploy", ran)
    after = world.described("inventory")
    checks.that("redeploy: another deployment", after["deployments"][0]["id"] != before["deployments"][0]["id"])
    checks.equal("redeploy: same revision", after["taskDefinition"], before["taskDefinition"])
    ran = program.run("scale", "inventory", "5", "--cluster", CLUSTER, "--yes")
    checks.exit_code("scale", ran)
    checks.equal("scale: desired count", world.described("inventory")["desiredCount"], 5)


def check_unknown_names(checks, program):
    for what, arguments, near in (
        ("cluster", ["services", "--cluster", "shop-mota"], CLUSTER),
        ("service", ["redeploy", "inventry", "--cluster", CLUSTER, "--yes"], "inventory"),
        ("service of tasks", ["tasks", "--cluster", CLUSTER, "--service", "storfront"], "storefront"),
    ):
        ran = program.run(*arguments)
        checks.exit_code(f"unknown {what}", ran, 2)
        checks.equal(f"unknown {what}: nothing on stdout", ran.stdout, "")
        checks.that(f"unknown {what}: near name", f"did you mean {near}" in ran.stderr, ran.stderr)


class Screen:
    """As much of a terminal as it takes to know which words stand where: cursor positions, text, erasing."""

    SEQUENCE = re.compile(r"\x1b\[([0-9;?<>=]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_=>78()][AB0]?")

    def __init__(self):
        self.cells = {}
        self.row = self.column = 1
        self.rest = ""

    def feed(self, text):
        text = self.rest + text
        # A sequence that is cut in two waits for its other half.
        cut = text.rfind("\x1b")
        self.rest = text[cut:] if cut >= 0 and not self.SEQUENCE.match(text, cut) and len(text) - cut < 64 else ""
        text = text[: len(text) - len(self.rest)]
        position = 0
        for match in self.SEQUENCE.finditer(text):
            self.print(text[position : match.start()])
            position = match.end()
            self.obey(match[1], match[2])
        self.print(text[position:])

    def obey(self, parameters, final):
        if final in ("H", "f"):
            row, _, column = (parameters or "1;1").partition(";")
            self.row, self.column = int(row or 1), int(column or 1)
        elif final == "J":
            self.cells.clear()

    def print(self, text):
        for character in text:
            if character == "\n":
                self.row += 1
            elif character == "\r":
                self.column = 1
            elif character >= " ":
                self.cells[self.row, self.column] = character
                self.column += 1

    def text(self):
        rows = {}
        for (row, column), character in self.cells.items():
            rows.setdefault(row, {})[column] = character
        line = lambda cells: "".join(cells.get(column, " ") for column in range(1, max(cells) + 1))
        return "\n".join(line(rows[row]).rstrip() for row in sorted(rows))


def check_screen(checks, program):
    """The real program on a pseudo terminal: shows both services, ends on q."""
    child, terminal = pty.fork()
    if child == 0:
        arguments = program.arguments("--cluster", CLUSTER)
        os.execve(arguments[0], arguments, program.environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 140, 0, 0))
    screen, status = Screen(), None
    try:
        shown = watch(terminal, screen, lambda text: all(name in text for name in SERVICES))
        if "not built" in screen.text():
            print("skip  screen: not in this build")
            return
        checks.that("screen: shows both services", shown, "\n" + screen.text())
        if shown:
            os.write(terminal, b"q")
        watch(terminal, screen, lambda text: False)
        status = await_exit(child)
    finally:
        if status is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(terminal)
    checks.equal("screen: q ends it with exit code 0", status, 0)


def watch(terminal, screen, enough):
    """Reads until the screen shows enough, the program ends, or time is up."""
    until = time.monotonic() + DEADLINE / 4
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return False
        if not data:
            return False
        if b"\x1b[6n" in data:
            os.write(terminal, b"\x1b[1;1R")
        screen.feed(data.decode("utf-8", "replace"))
        if enough(screen.text()):
            return True
    return False


def await_exit(child):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    return None


def main():
    binary = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/debug/ecsight")
    checks = Checks()
    with tempfile.TemporaryDirectory() as scratch, moto_server(scratch) as url:
        world = World(url)
        world.build()
        program = Program(binary, url, scratch)
        check_services(checks, program, world)
        tasks = check_tasks(checks, program, world)
        check_logs(checks, program, world, tasks)
        check_unknown_names(checks, program)
        check_screen(checks, program)
        check_changes(checks, program, world)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
