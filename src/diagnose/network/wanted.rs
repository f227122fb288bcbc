//! What has to be asked of EC2 before paths can be judged. Each list is sorted and has everything once; it grows as the
//! answers come in that it is derived from.

use super::needs::{needs, region};
use crate::diagnose::facts::Facts;
use crate::model::network::{Peer, RouteDestination, SecurityGroup, VpcEndpoint};

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.retain(|id| !id.is_empty());
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The VPCs of the service's target groups, load balancers, subnets and instances.
pub fn wanted_vpcs(facts: &Facts<'_>) -> Vec<String> {
    let mut ids = Vec::new();
    for arn in facts.service.target_groups() {
        let settings = facts.target_group(arn);
        let Some(settings) = settings.known() else { continue };
        ids.extend(settings.vpc.clone());
        for balancer in &settings.load_balancers {
            ids.extend(facts.routing(balancer).known().and_then(|routing| routing.load_balancer.vpc.clone()));
        }
    }
    let subnets = facts.subnets();
    ids.extend(subnets.known().into_iter().flat_map(|subnets| subnets.iter()).filter_map(|subnet| subnet.vpc.clone()));
    if facts.service.network.is_none() && ids.is_empty() {
        let instances = facts.instances(&facts.wanted_instances());
        let interfaces =
            instances.known().into_iter().flat_map(|instances| instances.iter()).flat_map(|i| &i.interfaces);
        ids.extend(interfaces.filter_map(|interface| interface.vpc.clone()));
    }
    sorted(ids)
}

/// The prefix lists the security groups in question refer to. Those of gateway endpoints are among them where a rule
/// names them; where none does, their entries decide nothing.
pub fn wanted_prefix_lists(facts: &Facts<'_>) -> Vec<String> {
    let mut ids = Vec::new();
    let groups_in_question = groups_in_question(facts);
    for vpc in wanted_vpcs(facts) {
        let vpc = facts.vpc(&vpc);
        let Some(vpc) = vpc.known() else { continue };
        let concerns = |group: &&SecurityGroup| {
            groups_in_question.contains(&group.id)
                || vpc
                    .endpoints
                    .known()
                    .into_iter()
                    .flatten()
                    .any(|endpoint| endpoint.security_groups.contains(&group.id))
        };
        let groups = vpc.security_groups.known().into_iter().flatten().filter(concerns);
        let rules = groups.flat_map(|group| group.ingress.iter().chain(&group.egress));
        ids.extend(rules.filter_map(|rule| match &rule.peer {
            Peer::PrefixList(id) => Some(id.clone()),
            Peer::Cidr(_) | Peer::Group { .. } | Peer::Other(_) => None,
        }));
        // A rule with plain addresses may cover what a gateway endpoint leads to; only the entries can tell.
        let gateways = vpc.route_tables.known().into_iter().flatten().flat_map(|table| &table.routes);
        ids.extend(gateways.filter_map(|route| match &route.destination {
            RouteDestination::PrefixList(id) => Some(id.clone()),
            RouteDestination::Cidr(_) => None,
        }));
    }
    let mut ids = sorted(ids);
    ids.truncate(50);
    ids
}

fn groups_in_question(facts: &Facts<'_>) -> Vec<String> {
    let service = facts.service;
    let networks = service.network.iter().chain(service.deployments.iter().filter_map(|d| d.network.as_ref()));
    let mut ids: Vec<String> = networks.flat_map(|network| &network.security_groups).cloned().collect();
    let tasks = facts.network_interfaces(&facts.wanted_task_interfaces());
    let tasks = tasks.known().into_iter().flat_map(|interfaces| interfaces.iter());
    let instances = facts.instances(&facts.wanted_instances());
    let instances = instances.known().into_iter().flat_map(|instances| instances.iter()).flat_map(|i| &i.interfaces);
    ids.extend(tasks.chain(instances).flat_map(|interface| &interface.security_groups).cloned());
    for arn in service.target_groups() {
        let settings = facts.target_group(arn);
        for balancer in settings.known().into_iter().flat_map(|settings| &settings.load_balancers) {
            let routing = facts.routing(balancer);
            ids.extend(routing.known().into_iter().flat_map(|routing| &routing.load_balancer.security_groups).cloned());
        }
    }
    sorted(ids)
}

/// The interfaces of the interface endpoints the tasks of the service need.
pub fn wanted_endpoint_interfaces(facts: &Facts<'_>) -> Vec<String> {
    let mut ids = Vec::new();
    let region = region(facts);
    let needed: Vec<String> = facts
        .service
        .deployments
        .iter()
        .filter_map(|deployment| facts.task_definition(&deployment.task_definition).known().copied())
        .flat_map(|definition| needs(definition, facts.service, region))
        .filter_map(|need| need.endpoint().map(|name| format!(".{name}")))
        .collect();
    let meant = |endpoint: &&VpcEndpoint| {
        endpoint.kind.eq_ignore_ascii_case("interface")
            && needed.iter().any(|name| endpoint.service_name.ends_with(name.as_str()))
    };
    for vpc in wanted_vpcs(facts) {
        let vpc = facts.vpc(&vpc);
        let endpoints = vpc.known().and_then(|vpc| vpc.endpoints.known()).into_iter().flatten();
        ids.extend(endpoints.filter(meant).flat_map(|endpoint| &endpoint.interfaces).cloned());
    }
    sorted(ids)
}
