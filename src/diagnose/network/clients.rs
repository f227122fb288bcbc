//! From clients to a listener: whether the groups of the load balancer let anybody in at its port.

use ipnet::IpNet;

use super::groups::{Doubt, Protocol, RuleOf, is_protocol, ports};
use super::topology::Balancer;
use crate::model::arn::TargetGroupArn;
use crate::model::load_balancing::{Listener, RuleAction};
use crate::model::network::Peer;

/// Who may come in at a listener's port.
#[derive(Clone, Debug)]
pub(in crate::diagnose) enum Door<'a> {
    /// Everybody: the load balancer has no security groups.
    Unfiltered,
    /// Nobody can tell.
    Unknown(Doubt<'a>),
    /// Nobody.
    Closed,
    /// Those these rules name.
    Open(Vec<RuleOf<'a>>),
}

impl Door<'_> {
    /// Whether everybody with an address of this family may come in.
    pub(in crate::diagnose) fn for_all(&self, ipv6: bool) -> bool {
        let all = |range: &IpNet| range.prefix_len() == 0 && matches!(range, IpNet::V6(_)) == ipv6;
        let everybody = |of: &RuleOf<'_>| matches!(&of.rule.peer, Peer::Cidr(range) if all(range));
        match self {
            Self::Unfiltered => true,
            Self::Open(rules) => rules.iter().any(everybody),
            Self::Unknown(_) | Self::Closed => false,
        }
    }
}

/// The transport protocols of a listener.
fn protocols(listener: &Listener) -> &'static [Protocol] {
    match listener.protocol.as_deref() {
        Some("UDP" | "QUIC") => &[Protocol::Udp],
        Some("TCP_UDP" | "TCP_QUIC") => &[Protocol::Tcp, Protocol::Udp],
        _ => &[Protocol::Tcp],
    }
}

/// Who may come in at a listener's port.
pub(in crate::diagnose) fn door<'a>(balancer: &Balancer<'a>, listener: &Listener) -> Door<'a> {
    if balancer.unfiltered {
        return Door::Unfiltered;
    }
    let Some(port) = listener.port else { return Door::Unknown(Doubt::Unread("the port of the listener")) };
    let mut rules = Vec::new();
    for group in &balancer.groups.read {
        for rule in &group.ingress {
            let (first, last) = ports(&rule.traffic);
            let meant = protocols(listener).iter().any(|protocol| is_protocol(&rule.traffic, *protocol));
            let dead = matches!(&rule.peer, Peer::Group { peering_status: Some(status), .. }
                if !status.eq_ignore_ascii_case("active"));
            if meant && (first..=last).contains(&port) && !dead {
                rules.push(RuleOf { group, rule });
            }
        }
    }
    if !rules.is_empty() {
        return Door::Open(rules);
    }
    match (balancer.groups.unread, &balancer.groups.ids) {
        (Some(doubt), _) => Door::Unknown(doubt),
        (None, None) => Door::Unknown(Doubt::Unread("security groups of the load balancer")),
        (None, Some(_)) => Door::Closed,
    }
}

/// What a listener does, rule by rule; a rule without a name is the default action.
pub(in crate::diagnose) fn actions(listener: &Listener) -> impl Iterator<Item = (Option<&str>, &RuleAction)> {
    let rules = listener.rules.known().map(Vec::as_slice).unwrap_or_default();
    let has_default = rules.iter().any(|rule| rule.priority == "default");
    let of_rules = rules.iter().flat_map(|rule| rule.actions.iter().map(|action| (Some(rule.arn.as_str()), action)));
    let default = listener.default_actions.iter().filter(move |_| !has_default);
    of_rules.chain(default.map(|action| (None, action)))
}

/// The weight a listener gives a target group, the highest of all its rules; nothing where it does not lead there.
pub(in crate::diagnose) fn weight(listener: &Listener, group: &TargetGroupArn) -> Option<u32> {
    actions(listener)
        .filter_map(|(_, action)| match action {
            RuleAction::Forward(groups) => groups.iter().find(|(arn, _)| arn == group).map(|(_, weight)| *weight),
            RuleAction::Redirect(_) | RuleAction::FixedResponse(_) | RuleAction::Other(_) => None,
        })
        .max()
}
