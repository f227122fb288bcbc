//! VPC endpoints: ways to AWS services that do not leave the VPC.

use super::super::REGION;

/// What kind of endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// Interfaces in subnets, found by name.
    Interface,
    /// A route of route tables.
    Gateway,
}

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcEndpoint {
    /// `vpce-…`
    pub id: String,
    /// Its VPC; absent means the first one.
    pub vpc: Option<String>,
    /// The service: `ecr.api`, `s3`, `logs` …
    pub service: String,
    /// What kind of endpoint.
    pub kind: EndpointKind,
    /// `available`, `pending` …
    pub state: String,
    /// Whether the service's usual name resolves to it (interface endpoints).
    pub private_dns: bool,
    /// Subnets it stands in (interface endpoints).
    pub subnets: Vec<String>,
    /// Its security groups (interface endpoints).
    pub security_groups: Vec<String>,
    /// Route tables it is in (gateway endpoints).
    pub route_tables: Vec<String>,
    /// Its policy; absent means that everything is allowed.
    pub policy: Option<String>,
}

impl VpcEndpoint {
    /// An interface endpoint with private DNS in these subnets, with these security groups.
    pub fn interface(id: &str, service: &str, subnets: &[String], security_groups: &[&str]) -> Self {
        Self {
            kind: EndpointKind::Interface,
            private_dns: true,
            subnets: subnets.to_vec(),
            security_groups: security_groups.iter().map(|group| (*group).to_owned()).collect(),
            ..Self::gateway(id, service, &[])
        }
    }

    /// A gateway endpoint in these route tables.
    pub fn gateway(id: &str, service: &str, route_tables: &[String]) -> Self {
        Self {
            id: id.to_owned(),
            vpc: None,
            service: service.to_owned(),
            kind: EndpointKind::Gateway,
            state: "available".to_owned(),
            private_dns: false,
            subnets: Vec::new(),
            security_groups: Vec::new(),
            route_tables: route_tables.to_vec(),
            policy: None,
        }
    }

    /// The same without private DNS.
    #[must_use]
    pub fn without_private_dns(mut self) -> Self {
        self.private_dns = false;
        self
    }

    /// `com.amazonaws.eu-west-1.ecr.api`
    pub(crate) fn service_name(&self) -> String {
        format!("com.amazonaws.{REGION}.{}", self.service)
    }

    /// `Interface` or `Gateway`.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            EndpointKind::Interface => "Interface",
            EndpointKind::Gateway => "Gateway",
        }
    }

    /// The document of its policy.
    pub(crate) fn policy_document(&self) -> String {
        self.policy.clone().unwrap_or_else(|| {
            r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#.to_owned()
        })
    }
}

/// How far Block Public Access goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlockMode {
    /// Nothing is blocked.
    #[default]
    Off,
    /// Nothing passes an internet gateway, either way.
    Bidirectional,
    /// Nothing comes in; what NAT gateways send out may pass.
    Ingress,
}

impl BlockMode {
    /// As EC2 spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Bidirectional => "block-bidirectional",
            Self::Ingress => "block-ingress",
        }
    }
}

/// Block Public Access of VPCs: a setting of the account, and what is excluded from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicAccessBlock {
    /// How far it goes.
    pub mode: BlockMode,
    /// VPCs and subnets it does not hold for.
    pub exclusions: Vec<String>,
}
