//! An account in which nothing but the services is remarkable: a VPC that lets everything through, no automatic scaling, no
//! alarms, empty logs. Answers to the questions only a diagnosis asks.

use std::collections::BTreeMap;

use ecsight::model::arn::{LoadBalancerArn, TargetGroupArn};
use ecsight::model::known::Known;
use ecsight::model::metric::{
    BalancerKind, GroupMetrics, Measure, MetricRange, OF_SERVICE, Series, ServiceMetrics, WatchedAlarms, Window,
};
use ecsight::model::network::{
    NetworkAcl, NetworkAclEntry, NetworkInterface, Peer, PrefixList, Route, RouteDestination, RouteTable, RouteTarget,
    SecurityGroup, SecurityGroupRule, Subnet, Traffic, Vpc,
};
use ecsight::model::observation::{LogExcerpt, Traffic as Requests, Utilization};
use ecsight::model::query::{Answer, Query};
use ecsight::model::scaling::Scaling;

/// The answer, if the question is one that only a diagnosis asks.
pub(crate) fn answer(query: &Query) -> Option<Answer> {
    Some(match query {
        Query::TargetGroupAttributes { .. } => Answer::TargetGroupAttributes(BTreeMap::new()),
        Query::ServiceRevisions { .. } => Answer::ServiceRevisions(Vec::new()),
        Query::LatestRevision { .. } => Answer::LatestRevision(None),
        Query::ContainerInstances { .. } => Answer::ContainerInstances(Vec::new()),
        Query::CapacityProviders { .. } => Answer::CapacityProviders(Vec::new()),
        Query::TaskProtection { .. } => Answer::TaskProtection(Vec::new()),
        Query::Subnets { subnets } => Answer::Subnets(subnets.iter().map(|id| subnet(id)).collect()),
        Query::Vpc { vpc } => Answer::Vpc(Box::new(open_vpc(vpc))),
        Query::NetworkInterfaces { interfaces } => {
            Answer::NetworkInterfaces(interfaces.iter().map(|id| interface(id, "subnet-0aaa", "sg-0c0ffee")).collect())
        }
        Query::LoadBalancerInterfaces { .. } => {
            Answer::LoadBalancerInterfaces(vec![interface("eni-0ed9e", "subnet-0edge", "sg-0edge")])
        }
        Query::Instances { .. } => Answer::Instances(Vec::new()),
        Query::PrefixList { prefix_list } => {
            Answer::PrefixList(PrefixList { id: prefix_list.clone(), entries: Vec::new() })
        }
        Query::Scaling { .. } => {
            Answer::Scaling(Box::new(Scaling { target: Known::Known(None), activities: Known::Known(Vec::new()) }))
        }
        Query::Alarms { .. } => Answer::Alarms(Vec::new()),
        Query::Utilization { .. } => Answer::Utilization(Box::<Utilization>::default()),
        Query::Traffic { .. } => Answer::Traffic(Box::<Requests>::default()),
        Query::Metrics { range, target_groups, .. } => {
            Answer::Metrics(Box::new(nothing_measured(*range, target_groups)))
        }
        Query::Loads { .. } => Answer::Loads(BTreeMap::new()),
        Query::AlarmsAbout { .. } => {
            Answer::AlarmsAbout(Box::new(WatchedAlarms { complete: true, ..WatchedAlarms::default() }))
        }
        Query::Logs { .. } => Answer::Logs(Box::<LogExcerpt>::default()),
        Query::LogGroup { .. } => Answer::LogGroup(true),
        _ => return None,
    })
}

/// Metrics of the night of the tests, in which nothing was measured.
fn nothing_measured(range: MetricRange, groups: &[(LoadBalancerArn, TargetGroupArn)]) -> ServiceMetrics {
    let empty = |measure: &Measure| Series { measure: *measure, samples: Vec::new() };
    let group = |(load_balancer, target_group): &(LoadBalancerArn, TargetGroupArn)| GroupMetrics {
        load_balancer: load_balancer.clone(),
        target_group: target_group.clone(),
        series: BalancerKind::Application.measures().iter().map(empty).collect(),
    };
    ServiceMetrics {
        window: Window::new(range, "2026-03-14T03:00:00Z".parse().unwrap()),
        service: OF_SERVICE.iter().map(empty).collect(),
        groups: groups.iter().map(group).collect(),
    }
}

fn subnet(id: &str) -> Subnet {
    Subnet {
        id: id.to_owned(),
        vpc: Some("vpc-0f00d".to_owned()),
        availability_zone: Some("eu-west-1a".to_owned()),
        cidrs: vec!["10.0.0.0/16".parse().unwrap()],
        available_addresses: Some(65_000),
    }
}

fn interface(id: &str, subnet: &str, group: &str) -> NetworkInterface {
    NetworkInterface {
        id: id.to_owned(),
        description: None,
        subnet: Some(subnet.to_owned()),
        vpc: Some("vpc-0f00d".to_owned()),
        availability_zone: Some("eu-west-1a".to_owned()),
        private_ipv4: vec!["10.0.12.7".parse().unwrap()],
        ipv6: Vec::new(),
        public_ipv4: None,
        security_groups: vec![group.to_owned()],
        instance: None,
    }
}

fn everything() -> Traffic {
    Traffic { protocol: "-1".to_owned(), ports: None }
}

fn open_vpc(id: &str) -> Vpc {
    let anybody = "0.0.0.0/0".parse().unwrap();
    let open = |name: &str| SecurityGroup {
        id: name.to_owned(),
        name: name.to_owned(),
        vpc: Some(id.to_owned()),
        ingress: vec![SecurityGroupRule { traffic: everything(), peer: Peer::Cidr(anybody), description: None }],
        egress: vec![SecurityGroupRule { traffic: everything(), peer: Peer::Cidr(anybody), description: None }],
    };
    let entry =
        |egress| NetworkAclEntry { number: 100, egress, traffic: everything(), cidr: Some(anybody), allow: true };
    let route = |cidr: &str, target| Route {
        destination: RouteDestination::Cidr(cidr.parse().unwrap()),
        target,
        blackhole: false,
    };
    let subnets = ["subnet-0aaa", "subnet-0bbb", "subnet-0edge"];
    let table = |id: &str, main: bool, subnets: &[&str], way_out| RouteTable {
        id: id.to_owned(),
        main,
        subnets: subnets.iter().map(|id| (*id).to_owned()).collect(),
        routes: vec![route("10.0.0.0/16", RouteTarget::Local), route("0.0.0.0/0", way_out)],
    };
    Vpc {
        id: id.to_owned(),
        subnets: Known::Known(subnets.map(subnet).to_vec()),
        security_groups: Known::Known(vec![open("sg-0c0ffee"), open("sg-0edge")]),
        network_acls: Known::Known(vec![NetworkAcl {
            id: "acl-0a".to_owned(),
            subnets: subnets.map(str::to_owned).to_vec(),
            entries: vec![entry(false), entry(true)],
        }]),
        // The load balancer is reached from the internet, the tasks are not.
        route_tables: Known::Known(vec![
            table("rtb-0a", true, &[], RouteTarget::NatGateway("nat-0a".to_owned())),
            table("rtb-0edge", false, &["subnet-0edge"], RouteTarget::InternetGateway("igw-0a".to_owned())),
        ]),
        endpoints: Known::Known(Vec::new()),
        dns_support: Known::Known(true),
        dns_hostnames: Known::Known(true),
        public_access_block: Known::Known(ecsight::model::network::PublicAccessBlock::default()),
    }
}
