//! Where no way leads on: no public address, no NAT, no endpoint, a gateway that is gone (80, 81, 84, 85, 88).

use std::collections::BTreeSet;

use super::causes::{Barrier, list, names};
use super::entries;
use super::failures::{Failure, needed};
use crate::diagnose::finding::{Confidence, Finding, Fix};
use crate::diagnose::network::egress::{DeadEnd, is_fargate, missing_endpoints};
use crate::diagnose::network::needs::{Need, region};
use crate::diagnose::network::routes::table_of;
use crate::diagnose::network::words;
use crate::diagnose::scene::Scene;
use crate::model::network::{RouteTable, RouteTarget, Vpc, VpcEndpoint};

fn service_name(region: &str, name: &str) -> String {
    let partition = if region.starts_with("cn-") { "cn.com.amazonaws" } else { "com.amazonaws" };
    // Endpoints of S3 and CloudWatch Logs in China have the plain name.
    let partition = if matches!(name, "s3" | "logs") { "com.amazonaws" } else { partition };
    format!("{partition}.{region}.{name}")
}

/// The finding for a dead end.
pub(super) fn dead_end<'a>(scene: &Scene<'a>, barrier: &Barrier<'a>, failures: &[Failure<'a>]) -> Option<Finding> {
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

fn default_route(table: &RouteTable) -> String {
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
    let tables: BTreeSet<&str> =
        barrier.subnets.iter().filter_map(|subnet| table_of(vpc, subnet)).map(|table| table.id.as_str()).collect();
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

fn private_dns(vpc: &Vpc, endpoint: &VpcEndpoint, needs: &str, subnets: &str) -> Finding {
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
