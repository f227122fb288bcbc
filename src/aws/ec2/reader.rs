//! The reads of EC2. Everything is asked for by filter and page by page: what is gone is then absent instead of an error for
//! all, and AWS takes fewer tokens for it than for a whole account.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_ec2::types::{Filter, InternetGatewayBlockMode, VpcAttributeName};
use futures_util::future::try_join_all;

use super::{endpoint, interface, network_acl, route, security_group, subnet};
use crate::aws::budget::Priority;
use crate::aws::operations::{
    DESCRIBE_INSTANCES, DESCRIBE_NETWORK_ACLS, DESCRIBE_NETWORK_INTERFACES, DESCRIBE_ROUTE_TABLES,
    DESCRIBE_SECURITY_GROUPS, DESCRIBE_SUBNETS, DESCRIBE_VPC_ATTRIBUTE, DESCRIBE_VPC_BLOCK_PUBLIC_ACCESS_EXCLUSIONS,
    DESCRIBE_VPC_BLOCK_PUBLIC_ACCESS_OPTIONS, DESCRIBE_VPC_ENDPOINTS, GET_MANAGED_PREFIX_LIST_ENTRIES,
};
use crate::aws::pages;
use crate::aws::read_only::ReadsOnly;
use crate::aws::scalars::spelled;
use crate::aws::shared::Shared;
use crate::model::arn::LoadBalancerArn;
use crate::model::call::CallError;
use crate::model::known::Known;
use crate::model::network::{
    Instance, NetworkAcl, NetworkInterface, PrefixList, PublicAccessBlock, RouteTable, SecurityGroup, Subnet, Vpc,
    VpcEndpoint,
};

// The most the API takes (catalogue section 8).
const PAGE: i32 = 1000;
const ROUTE_TABLE_PAGE: i32 = 100;
const PREFIX_LIST_PAGE: i32 = 100;
const VALUES_A_FILTER: usize = 200;

pub(in crate::aws) struct Reader {
    client: aws_sdk_ec2::Client,
    shared: Arc<Shared>,
}

/// Every page of a list: `every_page!(reader, priority, OPERATION, request, field of the answer, page size, filters)`. The
/// requests of the SDK have these methods in common, but no trait.
macro_rules! every_page {
    ($reader:expr, $priority:expr, $operation:expr, $request:ident, $field:ident, $size:expr, $filters:expr) => {{
        let (reader, filters) = ($reader, &$filters);
        pages::all(&$operation, |token| async move {
            let page = reader
                .shared
                .call($operation, $priority, |wire| {
                    let filters = Some(filters.clone()).filter(|filters| !filters.is_empty());
                    let request = reader.client.$request().set_filters(filters).max_results($size);
                    request.set_next_token(token).customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.$field, page.next_token))
        })
        .await
    }};
}

impl Reader {
    pub(in crate::aws) fn new(config: &SdkConfig, shared: Arc<Shared>) -> Self {
        let config = aws_sdk_ec2::config::Builder::from(config).interceptor(ReadsOnly).build();
        Self { client: aws_sdk_ec2::Client::from_conf(config), shared }
    }

    pub(in crate::aws) async fn subnets(&self, ids: &[String], priority: Priority) -> Result<Vec<Subnet>, CallError> {
        for_all(ids, |ids| self.subnets_where(one("subnet-id", ids), priority)).await
    }

    pub(in crate::aws) async fn interfaces(
        &self,
        ids: &[String],
        priority: Priority,
    ) -> Result<Vec<NetworkInterface>, CallError> {
        for_all(ids, |ids| self.interfaces_where(one("network-interface-id", ids), priority)).await
    }

    /// The interfaces of a load balancer belong to its service, which notes on each whose it is.
    pub(in crate::aws) async fn load_balancer_interfaces(
        &self,
        load_balancer: &LoadBalancerArn,
        priority: Priority,
    ) -> Result<Vec<NetworkInterface>, CallError> {
        let Some((_, path)) = load_balancer.as_str().split_once("loadbalancer/") else { return Ok(Vec::new()) };
        self.interfaces_where(one("description", vec![format!("ELB {path}")]), priority).await
    }

    pub(in crate::aws) async fn instances(
        &self,
        ids: &[String],
        priority: Priority,
    ) -> Result<Vec<Instance>, CallError> {
        for_all(ids, |ids| async move {
            let filters = one("instance-id", ids);
            let reservations =
                every_page!(self, priority, DESCRIBE_INSTANCES, describe_instances, reservations, PAGE, filters)?;
            let instances = reservations.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default());
            Ok(instances.map(interface::instance).collect())
        })
        .await
    }

    pub(in crate::aws) async fn prefix_list(&self, id: &str, priority: Priority) -> Result<PrefixList, CallError> {
        let entries = pages::all(&GET_MANAGED_PREFIX_LIST_ENTRIES, |token| async move {
            let page = self
                .shared
                .call(GET_MANAGED_PREFIX_LIST_ENTRIES, priority, |wire| {
                    let request = self.client.get_managed_prefix_list_entries().prefix_list_id(id);
                    let request = request.max_results(PREFIX_LIST_PAGE).set_next_token(token);
                    request.customize().interceptor(wire).send()
                })
                .await?;
            Ok((page.entries, page.next_token))
        })
        .await?;
        let entries = entries.into_iter().filter_map(|entry| entry.cidr?.parse().ok()).collect();
        Ok(PrefixList { id: id.to_owned(), entries })
    }

    /// Every part on its own: each is a call of its own that may be denied.
    pub(in crate::aws) async fn vpc(&self, id: &str, priority: Priority) -> Vpc {
        let inside = || one("vpc-id", vec![id.to_owned()]);
        let (subnets, security_groups, network_acls, route_tables, endpoints, dns_support, dns_hostnames, block) = tokio::join!(
            self.subnets_where(inside(), priority),
            self.security_groups_where(inside(), priority),
            self.network_acls_where(inside(), priority),
            self.route_tables_where(inside(), priority),
            self.endpoints_where(inside(), priority),
            self.vpc_attribute(id, VpcAttributeName::EnableDnsSupport, priority),
            self.vpc_attribute(id, VpcAttributeName::EnableDnsHostnames, priority),
            self.public_access_block(priority),
        );
        Vpc {
            id: id.to_owned(),
            subnets: subnets.into(),
            security_groups: security_groups.into(),
            network_acls: network_acls.into(),
            route_tables: route_tables.into(),
            endpoints: endpoints.into(),
            dns_support: Known::from(dns_support).and_then(|support| support),
            dns_hostnames: Known::from(dns_hostnames).and_then(|hostnames| hostnames),
            public_access_block: block.into(),
        }
    }

    async fn subnets_where(&self, filters: Vec<Filter>, priority: Priority) -> Result<Vec<Subnet>, CallError> {
        let found = every_page!(self, priority, DESCRIBE_SUBNETS, describe_subnets, subnets, PAGE, filters)?;
        Ok(found.into_iter().map(subnet::subnet).collect())
    }

    async fn security_groups_where(
        &self,
        filters: Vec<Filter>,
        priority: Priority,
    ) -> Result<Vec<SecurityGroup>, CallError> {
        let found = every_page!(
            self,
            priority,
            DESCRIBE_SECURITY_GROUPS,
            describe_security_groups,
            security_groups,
            PAGE,
            filters
        )?;
        Ok(found.into_iter().map(security_group::security_group).collect())
    }

    async fn network_acls_where(&self, filters: Vec<Filter>, priority: Priority) -> Result<Vec<NetworkAcl>, CallError> {
        let found =
            every_page!(self, priority, DESCRIBE_NETWORK_ACLS, describe_network_acls, network_acls, PAGE, filters)?;
        Ok(found.into_iter().map(network_acl::network_acl).collect())
    }

    async fn route_tables_where(&self, filters: Vec<Filter>, priority: Priority) -> Result<Vec<RouteTable>, CallError> {
        let found = every_page!(
            self,
            priority,
            DESCRIBE_ROUTE_TABLES,
            describe_route_tables,
            route_tables,
            ROUTE_TABLE_PAGE,
            filters
        )?;
        Ok(found.into_iter().map(route::route_table).collect())
    }

    async fn endpoints_where(&self, filters: Vec<Filter>, priority: Priority) -> Result<Vec<VpcEndpoint>, CallError> {
        let found =
            every_page!(self, priority, DESCRIBE_VPC_ENDPOINTS, describe_vpc_endpoints, vpc_endpoints, PAGE, filters)?;
        Ok(found.into_iter().map(endpoint::endpoint).collect())
    }

    async fn interfaces_where(
        &self,
        filters: Vec<Filter>,
        priority: Priority,
    ) -> Result<Vec<NetworkInterface>, CallError> {
        let found = every_page!(
            self,
            priority,
            DESCRIBE_NETWORK_INTERFACES,
            describe_network_interfaces,
            network_interfaces,
            PAGE,
            filters
        )?;
        Ok(found.into_iter().map(interface::interface).collect())
    }

    async fn vpc_attribute(
        &self,
        vpc: &str,
        attribute: VpcAttributeName,
        priority: Priority,
    ) -> Result<Option<bool>, CallError> {
        let answer = self
            .shared
            .call(DESCRIBE_VPC_ATTRIBUTE, priority, |wire| {
                let request = self.client.describe_vpc_attribute().vpc_id(vpc).attribute(attribute.clone());
                request.customize().interceptor(wire).send()
            })
            .await?;
        let value = match attribute {
            VpcAttributeName::EnableDnsSupport => answer.enable_dns_support,
            _ => answer.enable_dns_hostnames,
        };
        Ok(value.and_then(|value| value.value))
    }

    /// Exclusions are only asked for where there is something to be excluded from.
    async fn public_access_block(&self, priority: Priority) -> Result<PublicAccessBlock, CallError> {
        let answer = self
            .shared
            .call(DESCRIBE_VPC_BLOCK_PUBLIC_ACCESS_OPTIONS, priority, |wire| {
                self.client.describe_vpc_block_public_access_options().customize().interceptor(wire).send()
            })
            .await?;
        let mode = answer.vpc_block_public_access_options.and_then(|options| options.internet_gateway_block_mode);
        let exclusions = match mode {
            None | Some(InternetGatewayBlockMode::Off) => Vec::new(),
            Some(_) => {
                let found = every_page!(
                    self,
                    priority,
                    DESCRIBE_VPC_BLOCK_PUBLIC_ACCESS_EXCLUSIONS,
                    describe_vpc_block_public_access_exclusions,
                    vpc_block_public_access_exclusions,
                    PAGE,
                    Vec::<Filter>::new()
                )?;
                found.into_iter().filter_map(subnet::excluded).collect()
            }
        };
        Ok(PublicAccessBlock { internet_gateway_mode: spelled(mode.as_ref()), exclusions })
    }
}

/// A filter that takes any of these values.
fn one(name: &str, values: Vec<String>) -> Vec<Filter> {
    vec![Filter::builder().name(name).set_values(Some(values)).build()]
}

/// Everything with these ids, as many a call as a filter takes.
async fn for_all<T, F>(ids: &[String], ask: impl Fn(Vec<String>) -> F) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<Vec<T>, CallError>>,
{
    let batches = ids.chunks(VALUES_A_FILTER).map(|batch| ask(batch.to_vec()));
    Ok(try_join_all(batches).await?.into_iter().flatten().collect())
}
