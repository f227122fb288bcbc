//! Network interfaces: an address in a subnet, the security groups around it, and who holds it.

use std::net::Ipv4Addr;

use super::naming::fingerprint;
use crate::sim::world::{ACCOUNT, LoadBalancerKind, REGION};

/// An interface with an address.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    pub(crate) id: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) subnet: String,
    pub(crate) groups: Vec<String>,
    pub(crate) mac: String,
    /// A public address that an internet gateway translates.
    pub(crate) public: Option<Ipv4Addr>,
    pub(crate) holder: Holder,
}

/// Who made an interface and uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Nobody yet.
    Nobody,
    /// A node of a load balancer: `app/NAME/ID` or `net/NAME/ID`.
    LoadBalancer {
        suffix: String,
        kind: LoadBalancerKind,
    },
    /// A task, by the attachment.
    Task {
        attachment: String,
    },
    Endpoint {
        id: String,
    },
    Instance {
        id: String,
    },
    NatGateway {
        id: String,
    },
}

impl Holder {
    /// `Description` of the interface, as the service writes it that made it.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Nobody | Self::Instance { .. } => String::new(),
            Self::LoadBalancer { suffix, .. } => format!("ELB {suffix}"),
            Self::Task { attachment } => format!("arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/{attachment}"),
            Self::Endpoint { id } => format!("VPC Endpoint Interface {id}"),
            Self::NatGateway { id } => format!("Interface for NAT Gateway {id}"),
        }
    }

    /// `InterfaceType`
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Nobody
            | Self::Task { .. }
            | Self::Instance { .. }
            | Self::LoadBalancer { kind: LoadBalancerKind::Application, .. } => "interface",
            Self::LoadBalancer { kind: LoadBalancerKind::Network, .. } => "network_load_balancer",
            Self::Endpoint { .. } => "vpc_endpoint",
            Self::NatGateway { .. } => "nat_gateway",
        }
    }

    /// `RequesterId`; absent for what the account made itself.
    pub(crate) fn requester(&self) -> Option<&'static str> {
        match self {
            Self::Nobody | Self::Instance { .. } => None,
            Self::LoadBalancer { .. } => Some("amazon-elb"),
            Self::Task { .. } => Some("578734482556"),
            Self::Endpoint { .. } => Some("727180483921"),
            Self::NatGateway { .. } => Some("AROAIRXG64OHHTH3ZFMZM"),
        }
    }
}

/// A public address that always belongs to the same thing.
pub(crate) fn public_address(of: &str) -> Ipv4Addr {
    let [.., one, two, three] = fingerprint(&["public", of]).to_be_bytes();
    Ipv4Addr::new(54, one | 1, two, three)
}

/// A hardware address that always belongs to the same interface.
pub(crate) fn mac_of(id: &str) -> String {
    let octets = fingerprint(&["mac", id]).to_be_bytes();
    octets.iter().skip(3).fold("0a".to_owned(), |mac, octet| format!("{mac}:{octet:02x}"))
}

/// An EC2 instance, as far as the network is concerned.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) address: Ipv4Addr,
    pub(crate) launched_at: crate::sim::world::Moment,
}
