//! The pages of the findings about the way from the load balancer to targets.

use crate::diagnose::catalogue::{Bearing, CHECKS_FAIL, Effect, Entry, Rank};
use crate::diagnose::finding::Severity;

const ALB_HC: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html";
const ALB_SG: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html";
const ALB_TS: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html";
const ECS_LB: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-load-balancers.html";
const NLB_SG: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html";
const NLB_TARGETS: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html";
const PERMISSION: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html";
const ROUTE_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html";
const VPC_ACL: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html";
const VPC_SG: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html";

const BASE: Entry = Entry {
    id: "",
    number: 0,
    severity: Severity::Critical,
    rank: Rank::Blocker,
    effect: None,
    explains: CHECKS_FAIL,
    bearing: Bearing::Present,
    instead_of: &[],
    title: "",
    meaning: "",
    decided: "",
    fix: "",
    sources: &[],
};

pub(super) static INGRESS_MISSING: Entry = Entry {
    id: "sg-task-ingress-missing",
    number: 50,
    title: "No rule lets the load balancer in at the targets",
    meaning: "The security groups of the targets have no rule that allows the port of the health check from the load balancer. \
Security groups only allow, so everything else is dropped without a word: health checks time out, and clients \
would too.",
    decided: "No ingress rule of any group of the target's interface allows tcp to the checked port from the load balancer's \
groups or from the addresses of any of its nodes, and no rule comes close enough for a more specific finding. \
Only targets that fail without an answer (Target.Timeout; Target.FailedHealthChecks behind a network load \
balancer) or wait for their first check count, or a group in which nothing is registered or whose health may not \
be read.",
    fix: "aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=LB_GROUP}]'\n\n\
A load balancer without groups is named by the addresses of its subnets: IpRanges=[{CidrIp=10.0.1.0/24}].",
    sources: &[ALB_TS, ALB_SG, VPC_SG],
    ..BASE
};

pub(super) static WRONG_SOURCE_GROUP: Entry = Entry {
    id: "sg-task-ingress-wrong-source-group",
    number: 51,
    instead_of: &["sg-task-ingress-missing"],
    title: "The rule for the load balancer names another group",
    meaning: "The targets' groups have a rule for the right port, but it names a security group that the load balancer does \
not carry. It happens when a load balancer is made anew or a second one is added, and with network load \
balancers that have no groups at all: then no reference to a group can match.",
    decided: "A rule allows tcp on the checked port from a security group that is not among the load balancer's, and no other \
rule allows the load balancer. A rule by which a group lets in only itself on all ports is not one of these. \
Only targets that fail without an answer (Target.Timeout; Target.FailedHealthChecks behind a network load \
balancer) or wait for their first check count, or a group in which nothing is registered or whose health may not \
be read.",
    fix: "aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=LB_GROUP}]'\n\n\
Then, if nothing else needs it: aws ec2 revoke-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=OLD_GROUP}]'",
    sources: &[NLB_TARGETS, VPC_SG],
    ..BASE
};

pub(super) static WRONG_PORT: Entry = Entry {
    id: "sg-task-ingress-wrong-port",
    number: 52,
    instead_of: &["sg-task-ingress-missing"],
    title: "The load balancer is let in on another port",
    meaning: "A rule names the load balancer's group, but its ports do not include the one that is checked: the container \
listens on another port than it used to, or the rule is for the port of the listener instead of the target's.",
    decided: "A tcp rule with one of the load balancer's groups as source exists, and the checked port is outside its range. \
With a network load balancer without groups a rule with addresses counts instead. Only targets that fail without \
an answer (Target.Timeout; Target.FailedHealthChecks behind a network load balancer) or wait for their first \
check count, or a group in which nothing is registered or whose health may not be read.",
    fix: "aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=LB_GROUP}]'\n\n\
For host ports chosen by Docker: FromPort=32768,ToPort=65535.",
    sources: &[ECS_LB, PERMISSION],
    ..BASE
};

pub(super) static CHECK_PORT_ONLY: Entry = Entry {
    id: "sg-healthcheck-port-closed-only",
    number: 53,
    severity: Severity::Error,
    instead_of: &["sg-task-ingress-missing", "sg-task-ingress-wrong-port", "sg-task-ingress-wrong-source-group"],
    title: "Traffic would get through, health checks do not",
    meaning: "The target group checks a fixed port that is not the port of the traffic. The security groups of the targets \
allow the traffic and not the checks, so targets never become healthy although the application could be reached.",
    decided: "The effective health-check port (HealthCheckPort of the target) differs from the target's port; the groups allow \
the target's port from the load balancer and not the health-check port. Only targets that fail without an answer \
(Target.Timeout; Target.FailedHealthChecks behind a network load balancer) or wait for their first check count, \
or a group in which nothing is registered or whose health may not be read.",
    fix: "aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=LB_GROUP}]' for the health-check port, or \
check the port of the traffic: aws elbv2 modify-target-group --target-group-arn TARGET_GROUP --health-check-port \
traffic-port",
    sources: &[ALB_SG],
    ..BASE
};

pub(super) static TRAFFIC_PORT_ONLY: Entry = Entry {
    id: "sg-traffic-port-closed-only",
    number: 54,
    explains: &[Effect::Clients],
    title: "Health checks get through, traffic does not",
    meaning: "The target group checks a port of its own, which the security groups allow, so all targets look healthy. The \
port of the traffic is closed: every request of a client ends in 504 or a timeout, and no health check will ever \
say so.",
    decided: "The health-check port differs from the target's port; checks pass or their path is open by the rules; and the \
groups of the load balancer or of the target do not allow the target's port. Behind a network load balancer that \
preserves client addresses, any open rule on that port rules it out.",
    fix: "aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=LB_GROUP}]' for the port of the traffic.",
    sources: &[ALB_TS],
    ..BASE
};

pub(super) static LB_EGRESS: Entry = Entry {
    id: "sg-lb-egress-blocked",
    number: 55,
    title: "The load balancer is not let out to its targets",
    meaning: "Security groups filter what leaves as well. The groups of the load balancer have no egress rule for the checked \
port towards the targets: often because the group was made by Terraform without an egress block, or because \
egress is limited to an old port, group or range.",
    decided: "No egress rule of any of the load balancer's groups allows tcp on the checked port to the target's address or \
groups. Health checks of network load balancers are subject to egress rules too; one without groups is not \
filtered. Only targets that fail without an answer (Target.Timeout; Target.FailedHealthChecks behind a network \
load balancer) or wait for their first check count, or a group in which nothing is registered or whose health \
may not be read.",
    fix: "aws ec2 authorize-security-group-egress --group-id LB_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=TASK_GROUP}]'",
    sources: &[ALB_TS, NLB_SG],
    ..BASE
};

pub(super) static PARTIAL_CIDR: Entry = Entry {
    id: "sg-partial-az-cidr",
    number: 56,
    severity: Severity::Error,
    instead_of: &["sg-task-ingress-missing"],
    title: "Rules by address miss some nodes of the load balancer",
    meaning: "A load balancer has a node in each of its subnets, and every node checks every target for itself. The targets' \
rules name addresses that cover some of the nodes only, so targets flap, or fail for one zone.",
    decided: "For at least one address of the load balancer a rule allows the checked port, and for at least one other no rule \
does. All its network interfaces count; where they are not known, the whole ranges of its subnets. Only targets \
that fail without an answer (Target.Timeout; Target.FailedHealthChecks behind a network load balancer) or wait \
for their first check count, or a group in which nothing is registered or whose health may not be read.",
    fix: "Name the load balancer's group instead of addresses:\n\n\
aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=LB_GROUP}]'",
    sources: &[ALB_HC, VPC_SG],
    ..BASE
};

pub(super) static IP_FAMILY: Entry = Entry {
    id: "sg-ip-family-mismatch",
    number: 57,
    severity: Severity::Error,
    instead_of: &["sg-task-ingress-missing"],
    title: "The rule is for the other IP family",
    meaning: "Targets are reached over IPv6 and the rule names IPv4 ranges, or the other way round. 0.0.0.0/0 is every IPv4 \
address and no IPv6 address.",
    decided: "A rule allows tcp on the checked port, its only fault is that its ranges are of the other family than the \
target's address. Only targets that fail without an answer (Target.Timeout; Target.FailedHealthChecks behind a \
network load balancer) or wait for their first check count, or a group in which nothing is registered or whose \
health may not be read.",
    fix: "Add a rule with the load balancer's group, which covers both families, or with IPv6 ranges:\n\n\
aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,Ipv6Ranges=[{CidrIpv6=RANGE}]'",
    sources: &[PERMISSION, VPC_SG],
    ..BASE
};

pub(super) static STALE_PEER: Entry = Entry {
    id: "sg-rule-stale-peer",
    number: 58,
    severity: Severity::Error,
    instead_of: &["sg-task-ingress-missing"],
    title: "The rule references a group behind a dead peering",
    meaning: "The rule that should let the load balancer in references a group in a peered VPC, and the peering is not active \
any more. The rule is still listed and lets nobody in.",
    decided: "A rule allows tcp on the checked port from a group whose PeeringStatus is not active, and no other rule allows \
the load balancer. Only targets that fail without an answer (Target.Timeout; Target.FailedHealthChecks behind a \
network load balancer) or wait for their first check count, or a group in which nothing is registered or whose \
health may not be read.",
    fix: "Set the peering up again, or allow the load balancer that is in use now:\n\n\
aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=LB_GROUP}]'",
    sources: &[PERMISSION, VPC_SG],
    ..BASE
};

pub(super) static UDP: Entry = Entry {
    id: "sg-udp-instead-of-tcp",
    number: 59,
    severity: Severity::Error,
    instead_of: &["sg-task-ingress-missing"],
    title: "The rule is for UDP, health checks are TCP",
    meaning: "The rule names the right port and the right source, and the wrong protocol. Health checks and HTTP use TCP; even \
targets of a UDP listener are checked over TCP.",
    decided: "The nearest rule allows udp (or protocol number 17) on the checked port from the load balancer; protocol is its \
only fault. Only targets that fail without an answer (Target.Timeout; Target.FailedHealthChecks behind a network \
load balancer) or wait for their first check count, or a group in which nothing is registered or whose health \
may not be read.",
    fix: "aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,UserIdGroupPairs=[{GroupId=LB_GROUP}]'",
    sources: &[PERMISSION],
    ..BASE
};

pub(super) static DYNAMIC_PORTS: Entry = Entry {
    id: "sg-instance-dynamic-port-range",
    number: 60,
    instead_of: &["sg-task-ingress-missing", "sg-task-ingress-wrong-port"],
    title: "The rule does not cover the host ports Docker chooses",
    meaning: "In bridge mode with host port 0, every task gets another port of its instance, between 32768 and 65535. The \
instance's groups allow a narrower range, so whether a task is reachable depends on the port it drew: a random \
share of targets is unhealthy.",
    decided: "The targets are instances, the container's host port is 0 or absent, and the nearest rule lets the load balancer \
in on ports that do not include the one the task has. Only targets that fail without an answer (Target.Timeout; \
Target.FailedHealthChecks behind a network load balancer) or wait for their first check count, or a group in \
which nothing is registered or whose health may not be read.",
    fix: "aws ec2 authorize-security-group-ingress --group-id INSTANCE_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=32768,ToPort=65535,UserIdGroupPairs=[{GroupId=LB_GROUP}]'",
    sources: &[ECS_LB],
    ..BASE
};

pub(super) static ACL_FORWARD: Entry = Entry {
    id: "nacl-blocks-lb-to-task",
    number: 61,
    title: "A network ACL drops packets to the targets",
    meaning: "Network ACLs filter whole subnets, in order of their rule numbers, and the first that matches decides. One of \
the ACLs between the load balancer and the targets drops packets to the checked port. Often only one subnet is \
concerned, and so only the targets of one zone.",
    decided: "Out of the load balancer's subnet or into the target's subnet, the first matching entry for tcp on the checked \
port denies, or none matches. Within one subnet no ACL counts. Return packets are the business of \
nacl-ephemeral-return-blocked. Only targets that fail without an answer (Target.Timeout; \
Target.FailedHealthChecks behind a network load balancer) or wait for their first check count, or a group in \
which nothing is registered or whose health may not be read.",
    fix: "aws ec2 create-network-acl-entry --network-acl-id ACL --ingress --rule-number N --protocol tcp --port-range \
From=PORT,To=PORT --cidr-block LB_SUBNET --rule-action allow, with N below the entry that denies; and ephemeral \
ports the other way.",
    sources: &[ALB_TS, VPC_ACL],
    ..BASE
};

pub(super) static ACL_RETURN: Entry = Entry {
    id: "nacl-ephemeral-return-blocked",
    number: 62,
    title: "A network ACL drops the answers of targets",
    meaning: "Network ACLs do not remember connections. Packets reach the target, and its answers to the load balancer's ports \
1024 to 65535 are dropped on the way back. Where only a part of these ports is closed, some checks pass and \
others time out.",
    decided: "The way to the target is allowed, and out of the target's subnet or into the load balancer's subnet the ACL \
denies the ports 1024-65535 or more than a twentieth of them. Only targets that fail without an answer \
(Target.Timeout; Target.FailedHealthChecks behind a network load balancer) or wait for their first check count, \
or a group in which nothing is registered or whose health may not be read.",
    fix: "aws ec2 create-network-acl-entry --network-acl-id ACL --egress --rule-number N --protocol tcp --port-range \
From=1024,To=65535 --cidr-block LB_SUBNET --rule-action allow",
    sources: &[ALB_TS, VPC_ACL],
    ..BASE
};

pub(super) static ROUTE: Entry = Entry {
    id: "route-lb-to-target-broken",
    number: 63,
    severity: Severity::Error,
    title: "No route between load balancer and targets",
    meaning: "Within a VPC there is always a local route. Targets outside it, or behind a more specific route to an appliance, \
need routes both ways; one of them is missing or its target is gone.",
    decided: "The longest matching route from the load balancer's subnet to the target, or back, has State blackhole; or the \
addresses are outside the VPC and there is no route at all. Only targets that fail without an answer \
(Target.Timeout; Target.FailedHealthChecks behind a network load balancer) or wait for their first check count, \
or a group in which nothing is registered or whose health may not be read.",
    fix: "aws ec2 replace-route --route-table-id TABLE --destination-cidr-block RANGE with a target that exists, or aws \
ec2 create-route.",
    sources: &[ROUTE_API],
    ..BASE
};

pub(super) static MIDDLEBOX: Entry = Entry {
    id: "middlebox-sg-reference",
    number: 64,
    severity: Severity::Warning,
    title: "A reference to a group behind an appliance",
    meaning: "A more specific route between the subnets leads packets through a network interface or a gateway load balancer \
endpoint. What comes out of an appliance does not belong to the sender's group any more as far as security \
groups are concerned, so a rule that names a group does not match; only one with addresses does.",
    decided: "The longest matching route between the load balancer's and the target's subnet points to an interface or an \
endpoint, and the only rule that would allow the checked port references a group. Only targets that fail without \
an answer (Target.Timeout; Target.FailedHealthChecks behind a network load balancer) or wait for their first \
check count, or a group in which nothing is registered or whose health may not be read.",
    fix: "aws ec2 authorize-security-group-ingress --group-id TASK_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,IpRanges=[{CidrIp=LB_SUBNET}]'",
    sources: &[VPC_SG],
    ..BASE
};
