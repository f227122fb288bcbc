//! The pages of the findings about the way from clients to the load balancer and through it.

use crate::diagnose::catalogue::{Bearing, Effect, Entry, Rank};
use crate::diagnose::finding::Severity;

const ALB_TS: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html";
const ATTRIBUTES: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html";
const BLUE_GREEN: &str = "Troubleshooting Amazon ECS blue/green deployments (Amazon ECS developer guide)";
const BPA: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html";
const NLB_SG: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html";
const NLB_TARGETS: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html";
const PERMISSION: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html";

const BASE: Entry = Entry {
    id: "",
    number: 0,
    severity: Severity::Critical,
    rank: Rank::Blocker,
    effect: None,
    explains: &[Effect::Clients],
    bearing: Bearing::Present,
    instead_of: &[],
    title: "",
    meaning: "",
    decided: "",
    fix: "",
    sources: &[],
};

pub(super) static LISTENER_CLOSED: Entry = Entry {
    id: "lb-listener-sg-ingress-closed",
    number: 65,
    title: "Nobody is let in at the listener's port",
    meaning: "A listener waits on a port that none of the load balancer's security groups opens, for any source at all. \
Clients get no connection, however healthy the targets are.",
    decided: "All groups of the load balancer were read, and no ingress rule covers the port and transport protocol of a \
listener that leads to the service. If any source is allowed, however narrow, that may be meant so and nothing \
is said.",
    fix: "aws ec2 authorize-security-group-ingress --group-id LB_GROUP --protocol tcp --port PORT --cidr 0.0.0.0/0",
    sources: &[ALB_TS],
    ..BASE
};

pub(super) static PRIVATE_SUBNET: Entry = Entry {
    id: "lb-internet-facing-in-private-subnet",
    number: 66,
    title: "An internet-facing load balancer in private subnets",
    meaning: "The load balancer has public addresses, and the default route of its subnets does not lead to an internet \
gateway. Packets of clients arrive, answers never get back.",
    decided: "Scheme is internet-facing, and the route table of at least one of its subnets (its own or the main one) has no \
working default route to an internet gateway.",
    fix: "aws elbv2 set-subnets --load-balancer-arn LOAD_BALANCER --subnets PUBLIC_SUBNETS",
    sources: &[ALB_TS],
    ..BASE
};

pub(super) static NO_IPV6: Entry = Entry {
    id: "lb-dualstack-sg-no-ipv6",
    number: 67,
    severity: Severity::Warning,
    title: "A dualstack load balancer closed for IPv6",
    meaning: "The load balancer has IPv6 addresses and publishes them, but its security groups open the listener's port for \
IPv4 only. Clients that try IPv6 first wait or fail.",
    decided: "IpAddressType begins with dualstack; the port of a listener that leads to the service is open to 0.0.0.0/0 and \
to no IPv6 range.",
    fix: "aws ec2 authorize-security-group-ingress --group-id LB_GROUP --ip-permissions \
'IpProtocol=tcp,FromPort=PORT,ToPort=PORT,Ipv6Ranges=[{CidrIpv6=::/0}]'",
    sources: &[PERMISSION],
    ..BASE
};

pub(super) static WEIGHT_ZERO: Entry = Entry {
    id: "listener-weight-zero-on-serving-tg",
    number: 68,
    title: "The healthy target group gets no traffic",
    meaning: "A rule shares traffic among target groups by weight. The group with the healthy targets has weight 0 and the \
others have no healthy targets, so clients get 503 or 504 from a service that looks healthy. It is left behind \
by a shift of traffic that was broken off.",
    decided: "A forward action gives the service's target group, which has healthy targets, weight 0, and every other group in \
it with a weight is known to have none. Nothing is said while a blue/green, linear or canary deployment is in \
progress.",
    fix: "aws elbv2 modify-rule --rule-arn RULE --actions \
'Type=forward,ForwardConfig={TargetGroups=[{TargetGroupArn=GROUP,Weight=100}]}'",
    sources: &[BLUE_GREEN],
    ..BASE
};

pub(super) static NO_TARGETS: Entry = Entry {
    id: "lb-no-registered-targets-503",
    number: 69,
    explains: &[],
    rank: Rank::Symptom,
    effect: Some(Effect::Clients),
    title: "The load balancer forwards to an empty target group",
    meaning: "A rule sends clients to a target group in which nothing is registered, and the load balancer answers 503. The \
service wants tasks, so none of them gets as far as being registered.",
    decided: "DescribeTargetHealth returns no target at all, a listener that leads to the group gives it a weight above 0, \
desiredCount is above 0, and the deployment is older than two minutes.",
    fix: "Find out why tasks do not get that far: aws ecs describe-services --cluster CLUSTER --services SERVICE, and the \
reasons of its stopped tasks.",
    sources: &[ALB_TS],
    ..BASE
};

pub(super) static PUBLIC_ACCESS_BLOCKED: Entry = Entry {
    id: "vpc-block-public-access",
    number: 70,
    title: "Block Public Access keeps the internet out",
    meaning: "The account blocks traffic through internet gateways for all VPCs of the region, and neither the VPC nor the \
load balancer's subnets are excluded. An internet-facing load balancer gets nothing from the internet.",
    decided: "InternetGatewayBlockMode is block-bidirectional or block-ingress, the load balancer is internet-facing, and no \
exclusion names its VPC or all its subnets.",
    fix: "aws ec2 create-vpc-block-public-access-exclusion --vpc-id VPC --internet-gateway-exclusion-mode \
allow-bidirectional",
    sources: &[BPA],
    ..BASE
};

pub(super) static KEEPALIVE: Entry = Entry {
    id: "target-keepalive-shorter-than-lb",
    number: 71,
    severity: Severity::Warning,
    title: "502 now and then with healthy targets",
    meaning: "The load balancer keeps connections to targets open and uses them again. If the application closes an idle \
connection first, a request may be on its way at that moment, and the load balancer answers 502. It looks random \
and grows with traffic.",
    decided: "HTTPCode_ELB_502_Count is above 0 over the last quarter of an hour and less than half of the requests, all \
targets are healthy, no task died meanwhile and no deployment is in progress.",
    fix: "Set the application's keep-alive timeout above idle_timeout.timeout_seconds of the load balancer (60 by \
default).",
    sources: &[ALB_TS],
    ..BASE
};

pub(super) static CLIENT_ADDRESSES: Entry = Entry {
    id: "nlb-target-sg-client-cidr-missing",
    number: 74,
    title: "Targets let in the load balancer and not its clients",
    meaning: "A network load balancer can pass on the addresses of clients. The targets' groups then see the clients, while \
health checks come from the load balancer's own addresses. Rules for those alone let the checks pass and drop \
every client.",
    decided: "The load balancer is an internet-facing network load balancer, preserve_client_ip.enabled is true (or the \
protocol is UDP), targets are healthy, and the rules on the port of the traffic cover all nodes by private \
ranges, but nobody from outside and not the load balancer's group.",
    fix: "Open the port for the clients' ranges or for the load balancer's group, or:\n\n\
aws elbv2 modify-target-group-attributes --target-group-arn TARGET_GROUP --attributes \
Key=preserve_client_ip.enabled,Value=false",
    sources: &[NLB_TARGETS, NLB_SG, ATTRIBUTES],
    ..BASE
};
