//! What is in the way of tasks that cannot start: dead ends, groups, ACLs; one finding for each, over all tasks it hits.

use std::collections::BTreeSet;

use super::entries;
use super::failures::{Failure, needed};
use crate::diagnose::catalogue::Entry;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope, Severity};
use crate::diagnose::network::egress::{DeadEnd, HTTPS, Origin, Reach, Via, is_fargate, missing_endpoints};
use crate::diagnose::network::groups::Direction;
use crate::diagnose::network::needs::{Need, region};
use crate::diagnose::network::remedy::{Source, allow_in_acl, authorize};
use crate::diagnose::network::topology::Topology;
use crate::diagnose::network::words;
use crate::diagnose::scene::Scene;
use crate::model::network::{RouteTarget, Vpc};

/// Something in the way, with everybody it stops.
struct Barrier<'a> {
    kind: Kind,
    /// Tells two of a kind apart: the group, the table, the ACL.
    object: String,
    subnets: BTreeSet<&'a str>,
    needs: BTreeSet<Need>,
    origin: Origin<'a>,
    reach: Reach<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    DeadEnd(&'static Entry),
    TaskGroups,
    EndpointGroups,
    Acl,
}

/// What a failed start called, from everywhere the task may have been.
pub(super) fn reaches<'a>(
    scene: &Scene<'a>,
    topology: &Topology<'a>,
    failure: &Failure<'a>,
) -> Vec<(Origin<'a>, Reach<'a>)> {
    let tasks: Vec<_> = failure.task.into_iter().collect();
    let mut reaches = Vec::new();
    for origin in topology.origins(scene, &tasks) {
        for need in &failure.called {
            reaches.push((origin.clone(), topology.reach(&origin, need, failure.dialled)));
        }
    }
    reaches
}

pub(super) fn find<'a>(
    scene: &Scene<'a>,
    topology: &Topology<'a>,
    failures: &[Failure<'a>],
    findings: &mut Vec<Finding>,
) {
    let mut barriers: Vec<Barrier<'a>> = Vec::new();
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for failure in failures {
        for (origin, reach) in reaches(scene, topology, failure) {
            asked.extend(origin.host.subnet);
            add(&mut barriers, &origin, &reach);
        }
    }
    // Where whole endpoints are missing, that of S3 is one of them.
    if barriers.iter().any(|barrier| barrier.kind == Kind::DeadEnd(&entries::NO_NAT_NO_ENDPOINT)) {
        barriers.retain(|barrier| barrier.kind != Kind::DeadEnd(&entries::S3_GATEWAY));
    }
    for barrier in &barriers {
        let some = asked.len() > barrier.subnets.len();
        let finding = match barrier.kind {
            Kind::DeadEnd(_) => dead_end(scene, barrier, failures),
            Kind::TaskGroups => task_groups(barrier),
            Kind::EndpointGroups => endpoint_groups(barrier),
            Kind::Acl => acl(barrier),
        };
        findings.extend(finding.map(|finding| complete(scene, finding, barrier, failures, some)));
    }
}

fn add<'a>(barriers: &mut Vec<Barrier<'a>>, origin: &Origin<'a>, reach: &Reach<'a>) {
    let Some(subnet) = origin.host.subnet else { return };
    let mut hit: Vec<(Kind, String)> = Vec::new();
    match reach.dead_end {
        Some(DeadEnd::NoPublicAddress(_)) => hit.push((Kind::DeadEnd(&entries::NO_PUBLIC_IP), String::new())),
        Some(DeadEnd::Isolated(_)) => hit.push((Kind::DeadEnd(&entries::NO_NAT_NO_ENDPOINT), String::new())),
        Some(DeadEnd::NoS3Gateway(..)) => hit.push((Kind::DeadEnd(&entries::S3_GATEWAY), String::new())),
        Some(DeadEnd::Blackhole(table, _)) => hit.push((Kind::DeadEnd(&entries::BLACKHOLE), table.id.clone())),
        Some(DeadEnd::PrivateDnsOff(endpoint)) => hit.push((Kind::DeadEnd(&entries::PRIVATE_DNS), endpoint.id.clone())),
        None => {}
    }
    if reach.egress.as_ref().is_some_and(|side| side.verdict.drops()) {
        let to = match reach.via {
            Via::Endpoint(endpoint) => endpoint.security_groups.join(","),
            Via::Gateway(endpoint) => endpoint.id.clone(),
            Via::Internet | Via::Nowhere => String::new(),
        };
        hit.push((Kind::TaskGroups, format!("{} {to}", origin.host.groups.names())));
    }
    if reach.ingress.as_ref().is_some_and(|side| side.verdict.drops()) {
        let groups = reach.endpoint_groups.as_ref().map(|groups| groups.names()).unwrap_or_default();
        hit.push((Kind::EndpointGroups, groups));
    }
    if let Some(drop) = reach.acls.and_then(|acls| acls.drop) {
        hit.push((Kind::Acl, words::acl_drop(&drop)));
    }
    for (kind, object) in hit {
        if let Some(known) = barriers.iter_mut().find(|barrier| barrier.kind == kind && barrier.object == object) {
            known.subnets.insert(subnet);
            known.needs.insert(reach.need.clone());
        } else {
            barriers.push(Barrier {
                kind,
                object,
                subnets: [subnet].into(),
                needs: [reach.need.clone()].into(),
                origin: origin.clone(),
                reach: reach.clone(),
            });
        }
    }
}

/// What all of them have: where they were seen, and whom they hit.
fn complete(
    scene: &Scene<'_>,
    mut finding: Finding,
    barrier: &Barrier<'_>,
    failures: &[Failure<'_>],
    some: bool,
) -> Finding {
    let tasks: Vec<_> = failures.iter().filter_map(|failure| failure.task).collect();
    finding.scope = Scope {
        deployment: scene.primary.map(|primary| primary.id.clone()),
        subnets: if some { barrier.subnets.iter().map(|id| (*id).to_owned()).collect() } else { Vec::new() },
        tasks: tasks.iter().take(20).map(|task| task.arn.name().to_owned()).collect(),
        ..Scope::default()
    };
    if some && scene.service.running > 0 {
        finding.severity = Severity::Error;
    }
    let said = failures.iter().filter_map(|failure| failure.text.map(|text| (failure, text)));
    let mut evidence = Vec::new();
    std::mem::swap(&mut evidence, &mut finding.evidence);
    let mut texts: Vec<&str> = Vec::new();
    for (failure, text) in said {
        if texts.contains(&text) || texts.len() == 3 {
            continue;
        }
        texts.push(text);
        finding = match failure.task {
            Some(task) => finding.evidence(
                "ecs:DescribeTasks",
                format!("task {}", task.arn.short_id()),
                "stoppedReason",
                scene.quote(text),
            ),
            None => finding.evidence(
                "ecs:DescribeServices",
                format!("service {}", scene.service.name),
                "events.message",
                scene.quote(text),
            ),
        };
    }
    if texts.is_empty()
        && let Some(task) = tasks.first()
    {
        let age = scene.since(task.created_at).map_or(0, |age| age.as_secs());
        finding = finding.evidence(
            "ecs:DescribeTasks",
            format!("task {}", task.arn.short_id()),
            "derived: seconds since createdAt while lastStatus is PENDING",
            age,
        );
    }
    finding.evidence.extend(evidence);
    finding
}

fn names(needs: &BTreeSet<Need>) -> String {
    needs.iter().map(Need::label).collect::<Vec<_>>().join(", ")
}

fn list(subnets: &BTreeSet<&str>) -> String {
    subnets.iter().copied().collect::<Vec<_>>().join(", ")
}

fn service_name(region: &str, name: &str) -> String {
    let partition = if region.starts_with("cn-") { "cn.com.amazonaws" } else { "com.amazonaws" };
    // Endpoints of S3 and CloudWatch Logs in China have the plain name.
    let partition = if matches!(name, "s3" | "logs") { "com.amazonaws" } else { partition };
    format!("{partition}.{region}.{name}")
}

fn dead_end<'a>(scene: &Scene<'a>, barrier: &Barrier<'a>, failures: &[Failure<'a>]) -> Option<Finding> {
    let needs = names(&barrier.needs);
    let subnets = list(&barrier.subnets);
    let vpc = barrier.origin.host.vpc?;
    let finding = match barrier.reach.dead_end? {
        DeadEnd::NoPublicAddress(table) => no_public_address(scene, &needs, &subnets).evidence(
            "ec2:DescribeRouteTables",
            &table.id,
            "Routes",
            default_route(table),
        ),
        DeadEnd::Isolated(table) => isolated(scene, barrier, vpc, failures).evidence(
            "ec2:DescribeRouteTables",
            &table.id,
            "Routes[0.0.0.0/0]",
            "absent",
        ),
        DeadEnd::Blackhole(table, route) => {
            let nat = working_nat(vpc).unwrap_or("NAT_GATEWAY_ID");
            Finding::new(
                &entries::BLACKHOLE,
                Confidence::Certain,
                format!("The default route of {} leads to a gateway that is gone, so tasks cannot reach {needs}", table.id),
            )
            .explain(format!(
                "Tasks in {subnets} send everything for {needs} to {}, which no longer exists; the packets are dropped.",
                words::route(route)
            ))
            .short("default route is a blackhole")
            .evidence("ec2:DescribeRouteTables", &table.id, "Routes.State", words::route(route))
            .fix(
                Fix::new("Point the default route at a NAT gateway that exists.")
                    .aws([
                        "ec2",
                        "replace-route",
                        "--route-table-id",
                        &table.id,
                        "--destination-cidr-block",
                        "0.0.0.0/0",
                        "--nat-gateway-id",
                        nat,
                    ])
                    .terraform(format!("aws_route ({}) → nat_gateway_id", table.id)),
            )
        }
        DeadEnd::PrivateDnsOff(endpoint) => private_dns(vpc, endpoint, &needs, &subnets),
        DeadEnd::NoS3Gateway(table, elsewhere) => {
            let region = region(&scene.facts);
            let fix = match elsewhere {
                Some(endpoint) => {
                    Fix::new("Put the gateway endpoint of S3 into the route table of the subnets.").aws([
                        "ec2",
                        "modify-vpc-endpoint",
                        "--vpc-endpoint-id",
                        &endpoint.id,
                        "--add-route-table-ids",
                        &table.id,
                    ])
                }
                None => Fix::new("Create a gateway endpoint of S3 in the route table of the subnets.").aws([
                    "ec2",
                    "create-vpc-endpoint",
                    "--vpc-id",
                    &vpc.id,
                    "--service-name",
                    &service_name(region, "s3"),
                    "--route-table-ids",
                    &table.id,
                ]),
            };
            let title = "Image layers come from S3, and the subnets have neither its gateway endpoint nor a way out";
            let other = missing_endpoints(vpc, barrier.origin.host.subnet?, &all_needs(scene, failures));
            let other: Vec<&str> = other.iter().filter(|need| **need != Need::S3).filter_map(Need::endpoint).collect();
            let also =
                if other.is_empty() { String::new() } else { format!(" Missing as well: {}.", other.join(", ")) };
            Finding::new(&entries::S3_GATEWAY, Confidence::Certain, title)
                .explain(format!(
                    "The endpoints ecr.api and ecr.dkr answer, but ECR hands out layers from S3. Route table {} of {subnets} \
                     has no gateway endpoint of S3, and there is no NAT, so the download hangs.{also}",
                    table.id
                ))
                .short("no S3 gateway endpoint for layers")
                .evidence("ec2:DescribeRouteTables", &table.id, "Routes[S3 gateway endpoint]", "absent")
                .evidence(
                    "ec2:DescribeVpcEndpoints",
                    &vpc.id,
                    "RouteTableIds",
                    elsewhere.map_or_else(|| "absent".to_owned(), |endpoint| endpoint.route_tables.join(", ")),
                )
                .fix(fix.terraform("aws_vpc_endpoint.s3 → route_table_ids"))
        }
    };
    Some(finding)
}

fn default_route(table: &crate::model::network::RouteTable) -> String {
    let default = table.routes.iter().find(|route| matches!(&route.target, RouteTarget::InternetGateway(_)));
    default.map_or_else(|| "absent".to_owned(), words::route)
}

fn no_public_address(scene: &Scene<'_>, needs: &str, subnets: &str) -> Finding {
    let service = scene.service;
    let network = scene.primary.and_then(|primary| primary.network.as_ref()).or(service.network.as_ref());
    let fargate = is_fargate(service, None);
    let configured = network.filter(|_| fargate);
    let fix = match configured {
        Some(network) => {
            let value = format!(
                "awsvpcConfiguration={{subnets=[{}],securityGroups=[{}],assignPublicIp=ENABLED}}",
                network.subnets.join(","),
                network.security_groups.join(",")
            );
            Fix::new("Give tasks a public address, or run them in private subnets with a NAT gateway or endpoints.")
                .aws([
                    "ecs",
                    "update-service",
                    "--cluster",
                    scene.facts.cluster().as_str(),
                    "--service",
                    &service.name,
                    "--network-configuration",
                    &value,
                ])
                .terraform(format!(
                    "aws_ecs_service.{} → network_configuration {{ assign_public_ip = true }}",
                    service.name
                ))
        }
        None => Fix::new(
            "Run the tasks in private subnets with a NAT gateway or endpoints: their interfaces cannot have public addresses.",
        ),
    };
    let assigned = network.map_or("absent", |network| if network.assign_public_ip { "ENABLED" } else { "DISABLED" });
    Finding::new(
        &entries::NO_PUBLIC_IP,
        Confidence::Certain,
        format!("Tasks in public subnets have no public address, so they cannot reach {needs}"),
    )
    .explain(format!(
        "The default route of {subnets} leads to an internet gateway, which does not translate private addresses. Tasks have \
         no public address and the VPC no endpoint for {needs}, so their packets go nowhere."
    ))
    .short("public subnet without public address")
    .evidence("ecs:DescribeServices", format!("service {}", service.name), "assignPublicIp", assigned)
    .fix(fix)
}

fn all_needs(scene: &Scene<'_>, failures: &[Failure<'_>]) -> Vec<Need> {
    let mut all = needed(scene, failures.first().and_then(|failure| failure.task));
    all.extend(failures.iter().flat_map(|failure| failure.called.iter().cloned()));
    all.sort_unstable();
    all.dedup();
    all
}

fn isolated(scene: &Scene<'_>, barrier: &Barrier<'_>, vpc: &Vpc, failures: &[Failure<'_>]) -> Finding {
    let region = region(&scene.facts);
    let all = all_needs(scene, failures);
    let subnet = barrier.origin.host.subnet.unwrap_or_default();
    let missing = if vpc.endpoints.known().is_some() {
        missing_endpoints(vpc, subnet, &all)
    } else {
        barrier.needs.iter().cloned().collect()
    };
    let registries: Vec<String> =
        all.iter().filter(|need| matches!(need, Need::Registry(_))).map(Need::label).collect();
    let names: Vec<&str> = missing.iter().filter_map(Need::endpoint).collect();
    let spelled = if names.is_empty() { registries.join(", ") } else { names.join(", ") };
    let tables: BTreeSet<&str> = barrier
        .subnets
        .iter()
        .filter_map(|subnet| crate::diagnose::network::routes::table_of(vpc, subnet))
        .map(|table| table.id.as_str())
        .collect();
    let existing = vpc.endpoints.known().into_iter().flatten().find(|endpoint| !endpoint.security_groups.is_empty());
    let groups: Vec<&str> = match existing {
        Some(endpoint) => endpoint.security_groups.iter().map(String::as_str).collect(),
        None => barrier.origin.host.groups.ids.clone().unwrap_or_default(),
    };
    let mut fix = if registries.is_empty() {
        Fix::new(format!(
            "Create the missing endpoints ({spelled}) with a group that lets in tcp 443 from the tasks, or give the subnets \
             a NAT gateway."
        ))
    } else {
        Fix::new(format!("Give the subnets a NAT gateway: {} has no endpoint.", registries.join(", ")))
    };
    if registries.is_empty() {
        for name in &names {
            let service = service_name(region, name);
            let mut words = vec!["ec2", "create-vpc-endpoint", "--vpc-id", vpc.id.as_str()];
            if *name == "s3" {
                words.extend([
                    "--vpc-endpoint-type",
                    "Gateway",
                    "--service-name",
                    service.as_str(),
                    "--route-table-ids",
                ]);
                words.extend(tables.iter().copied());
            } else {
                words.extend(["--vpc-endpoint-type", "Interface", "--service-name", service.as_str(), "--subnet-ids"]);
                words.extend(barrier.subnets.iter().copied());
                words.push("--security-group-ids");
                words.extend(groups.iter().copied());
                words.push("--private-dns-enabled");
            }
            fix = fix.aws(words);
        }
    } else {
        for table in &tables {
            let nat = working_nat(vpc).unwrap_or("NAT_GATEWAY_ID");
            let everything = ["--destination-cidr-block", "0.0.0.0/0", "--nat-gateway-id", nat];
            fix = fix.aws(["ec2", "create-route", "--route-table-id", table].into_iter().chain(everything));
        }
    }
    Finding::new(
        &entries::NO_NAT_NO_ENDPOINT,
        Confidence::Certain,
        format!("Private subnets without NAT lack what tasks need to start: {spelled}"),
    )
    .explain(format!(
        "The route tables of {} have no default route, and VPC {} has no endpoint for {spelled}. Tasks cannot reach it and \
         time out before they start.",
        list(&barrier.subnets),
        vpc.id
    ))
    .short("no NAT and no endpoint")
    .evidence(
        "ec2:DescribeVpcEndpoints",
        &vpc.id,
        "derived: endpoints that are missing",
        if spelled.is_empty() { "absent".to_owned() } else { spelled.clone() },
    )
    .fix(fix.terraform("aws_vpc_endpoint → service_name, subnet_ids, private_dns_enabled = true"))
}

fn working_nat(vpc: &Vpc) -> Option<&str> {
    vpc.route_tables.known()?.iter().flat_map(|table| &table.routes).find_map(|route| match &route.target {
        RouteTarget::NatGateway(id) if !route.blackhole => Some(id.as_str()),
        _ => None,
    })
}

fn private_dns(vpc: &Vpc, endpoint: &crate::model::network::VpcEndpoint, needs: &str, subnets: &str) -> Finding {
    let mut fix = Fix::new("Switch private DNS of the endpoint on.");
    let mut finding = Finding::new(
        &entries::PRIVATE_DNS,
        Confidence::Certain,
        format!("Names of {needs} do not resolve to endpoint {}", endpoint.id),
    )
    .short("endpoint without private DNS");
    for (attribute, known, option) in [
        ("enableDnsSupport", vpc.dns_support.known(), "--enable-dns-support"),
        ("enableDnsHostnames", vpc.dns_hostnames.known(), "--enable-dns-hostnames"),
    ] {
        if known == Some(&false) {
            finding = finding.evidence("ec2:DescribeVpcAttribute", &vpc.id, attribute, "false");
            fix = fix.aws(["ec2", "modify-vpc-attribute", "--vpc-id", &vpc.id, option]);
        }
    }
    if !endpoint.private_dns {
        let id = ["ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", endpoint.id.as_str(), "--private-dns-enabled"];
        fix = fix.aws(id);
    }
    finding
        .explain(format!(
            "VPC {} has an endpoint for {needs}, but its usual name resolves to public addresses, and {subnets} have no way \
             to the internet.",
            vpc.id
        ))
        .evidence("ec2:DescribeVpcEndpoints", &endpoint.id, "PrivateDnsEnabled", endpoint.private_dns)
        .fix(fix.terraform("aws_vpc_endpoint → private_dns_enabled = true"))
}

fn endpoint_groups(barrier: &Barrier<'_>) -> Option<Finding> {
    let Via::Endpoint(endpoint) = barrier.reach.via else { return None };
    let needs = names(&barrier.needs);
    let group = endpoint.security_groups.first()?;
    let own = barrier.origin.host.groups.ids.as_ref()?.first()?;
    let side = barrier.reach.ingress.as_ref()?;
    let mut finding = Finding::new(
        &entries::ENDPOINT_GROUP,
        Confidence::Certain,
        format!("The security group of the endpoint for {needs} does not let tasks in on 443"),
    )
    .explain(format!(
        "Names of {needs} resolve to interface endpoint {} whether or not there is a NAT gateway. Its groups ({}) have no \
         rule that lets in tcp 443 from the tasks ({}), so calls time out.",
        endpoint.id,
        endpoint.security_groups.join(", "),
        barrier.origin.host.groups.names()
    ))
    .short("endpoint group closed for tasks")
    .evidence("ec2:DescribeVpcEndpoints", &endpoint.id, "Groups", endpoint.security_groups.join(", "));
    finding = match &side.nearest {
        Some(miss) => finding.evidence(
            "ec2:DescribeSecurityGroups",
            &miss.rule.group.id,
            "IpPermissions",
            words::miss(miss, true, HTTPS, &barrier.origin.host.groups.names()),
        ),
        None => finding.evidence("ec2:DescribeSecurityGroups", group, "IpPermissions", "absent"),
    };
    let fix = Fix::new("Let the tasks in on 443.");
    Some(finding.fix(authorize(fix, Direction::Ingress, group, (HTTPS, HTTPS), &Source::Group(own.to_string()))))
}

fn task_groups(barrier: &Barrier<'_>) -> Option<Finding> {
    let needs = names(&barrier.needs);
    let groups = &barrier.origin.host.groups;
    let group = groups.ids.as_ref()?.first()?;
    let side = barrier.reach.egress.as_ref()?;
    let everywhere = || Source::Cidrs("0.0.0.0/0".parse().into_iter().collect());
    let (by, source) = match barrier.reach.via {
        Via::Endpoint(endpoint) => (
            format!("interface endpoint {}", endpoint.id),
            endpoint.security_groups.first().map_or_else(everywhere, |id| Source::Group(id.clone())),
        ),
        Via::Gateway(endpoint) => {
            let tables = barrier.origin.host.vpc.and_then(|vpc| vpc.route_tables.known()).into_iter().flatten();
            let to_it = |route: &&crate::model::network::Route| matches!(&route.target, RouteTarget::VpcEndpoint(id) if *id == endpoint.id);
            let list =
                tables.flat_map(|table| &table.routes).filter(to_it).find_map(|route| match &route.destination {
                    crate::model::network::RouteDestination::PrefixList(id) => Some(id.clone()),
                    crate::model::network::RouteDestination::Cidr(_) => None,
                });
            (format!("gateway endpoint {}", endpoint.id), list.map_or_else(everywhere, Source::PrefixList))
        }
        Via::Internet | Via::Nowhere => ("the internet".to_owned(), everywhere()),
    };
    let mut finding = Finding::new(
        &entries::TASK_EGRESS,
        Confidence::Certain,
        format!("The security groups of the tasks do not let them out to {needs} on 443"),
    )
    .explain(format!(
        "Tasks reach {needs} by {by}. None of their groups ({}) allows tcp 443 there, so calls time out before the \
         containers start.",
        groups.names()
    ))
    .short("task group has no way out on 443");
    finding = match &side.nearest {
        Some(miss) => finding.evidence(
            "ec2:DescribeSecurityGroups",
            &miss.rule.group.id,
            "IpPermissionsEgress",
            words::miss(miss, false, HTTPS, &by),
        ),
        None => finding.evidence("ec2:DescribeSecurityGroups", group, "IpPermissionsEgress", "absent"),
    };
    Some(finding.fix(authorize(
        Fix::new("Let the tasks out on 443."),
        Direction::Egress,
        group,
        (HTTPS, HTTPS),
        &source,
    )))
}

fn acl(barrier: &Barrier<'_>) -> Option<Finding> {
    let drop = barrier.reach.acls?.drop?;
    let needs = names(&barrier.needs);
    let what = if drop.leg.is_return() { "answers on 1024-65535" } else { "tcp 443" };
    let everywhere: Vec<_> = "0.0.0.0/0".parse().into_iter().collect();
    let fix = Fix::new("Allow it in the network ACL, both the way out and the answers.");
    Some(
        Finding::new(
            &entries::ACL,
            Confidence::Certain,
            format!("Network ACL {} drops {what} between tasks and {needs}", drop.acl.id),
        )
        .explain(format!(
            "{} of subnet {} decides for {what}: {}. Network ACLs do not remember connections, so the way out and the \
             answers need a rule each.",
            drop.acl.id,
            drop.subnet,
            words::acl_entry(drop.entry, drop.leg.is_egress())
        ))
        .short("network ACL drops calls of tasks")
        .evidence(
            "ec2:DescribeNetworkAcls",
            &drop.acl.id,
            format!("Entries ({})", if drop.leg.is_egress() { "egress" } else { "ingress" }),
            words::acl_entry(drop.entry, drop.leg.is_egress()),
        )
        .fix(allow_in_acl(fix, &drop, HTTPS, &everywhere)),
    )
}
