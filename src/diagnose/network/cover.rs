//! Whether a range of addresses covers those a packet may have. Exact addresses are ranges of one; where only the subnet
//! is known, any of its addresses may be meant.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

/// The addresses the other side of a packet may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Addresses {
    /// One address, or any of a subnet.
    Within(IpNet),
    /// Any public IPv4 address: what AWS's own services have.
    Internet,
    /// An address of this family that is not known.
    Unknown {
        /// Whether it is an IPv6 address.
        ipv6: bool,
    },
}

/// How much of the addresses a range covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Cover {
    /// All.
    All,
    /// Some, or nobody can tell.
    Part,
    /// None.
    None,
    /// None, for the range is of the other family.
    OtherFamily,
}

impl Addresses {
    /// One address.
    pub(in crate::diagnose) fn one(address: IpAddr) -> Self {
        Self::Within(IpNet::from(address))
    }

    /// Whether they are IPv6 addresses.
    pub(in crate::diagnose) fn ipv6(self) -> bool {
        match self {
            Self::Within(net) => is_ipv6(&net),
            Self::Internet => false,
            Self::Unknown { ipv6 } => ipv6,
        }
    }

    /// How much of them the range covers.
    pub(in crate::diagnose) fn covered_by(self, range: &IpNet) -> Cover {
        if is_ipv6(range) != self.ipv6() {
            return Cover::OtherFamily;
        }
        if range.prefix_len() == 0 {
            return Cover::All;
        }
        match self {
            Self::Within(net) if range.contains(&net) => Cover::All,
            Self::Within(net) if net.contains(range) => Cover::Part,
            Self::Within(_) => Cover::None,
            Self::Internet if is_private(range) => Cover::None,
            Self::Internet | Self::Unknown { .. } => Cover::Part,
        }
    }
}

fn is_ipv6(net: &IpNet) -> bool {
    matches!(net, IpNet::V6(_))
}

/// Ranges nothing on the internet is in.
const PRIVATE: [(Ipv4Addr, u8); 6] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
];

/// Whether nobody on the internet has an address in the range.
pub(in crate::diagnose) fn is_private(range: &IpNet) -> bool {
    match range {
        IpNet::V4(range) => PRIVATE
            .iter()
            .filter_map(|(network, length)| Ipv4Net::new(*network, *length).ok())
            .any(|p| p.contains(range)),
        // Unique local and link-local addresses.
        IpNet::V6(range) => {
            let first = range.network().segments().first().copied().unwrap_or_default();
            range.prefix_len() >= 7
                && (first & 0xfe00 == 0xfc00 || (first & 0xffc0 == 0xfe80 && range.prefix_len() >= 10))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_cover_all_part_or_none() {
        for (addresses, range, expected) in [
            (Addresses::Within(net("10.0.1.7/32")), "10.0.1.0/24", Cover::All),
            (Addresses::Within(net("10.0.1.7/32")), "10.0.2.0/24", Cover::None),
            (Addresses::Within(net("10.0.1.0/24")), "10.0.0.0/16", Cover::All),
            (Addresses::Within(net("10.0.1.0/24")), "10.0.1.128/25", Cover::Part),
            // The host bits of a range say nothing.
            (Addresses::Within(net("10.0.1.7/32")), "10.0.1.200/24", Cover::All),
            // Everything in one family is nothing in the other.
            (Addresses::Within(net("2001:db8::1/128")), "0.0.0.0/0", Cover::OtherFamily),
            (Addresses::Within(net("10.0.1.7/32")), "::/0", Cover::OtherFamily),
            (Addresses::Within(net("2001:db8::1/128")), "::/0", Cover::All),
            (Addresses::Internet, "0.0.0.0/0", Cover::All),
            (Addresses::Internet, "10.0.0.0/8", Cover::None),
            (Addresses::Internet, "172.16.0.0/12", Cover::None),
            (Addresses::Internet, "52.0.0.0/8", Cover::Part),
            (Addresses::Unknown { ipv6: false }, "10.0.0.0/8", Cover::Part),
            (Addresses::Unknown { ipv6: false }, "0.0.0.0/0", Cover::All),
        ] {
            assert_eq!(addresses.covered_by(&net(range)), expected, "{addresses:?} in {range}");
        }
    }

    #[test]
    fn private_ranges_are_nobodys_on_the_internet() {
        for (range, private) in [
            ("10.1.2.0/24", true),
            ("192.168.0.0/16", true),
            ("100.64.1.0/24", true),
            ("0.0.0.0/0", false),
            ("8.0.0.0/7", false),
            ("52.95.1.0/24", false),
            ("fd00::/8", true),
            ("2600::/16", false),
            ("::/0", false),
        ] {
            assert_eq!(is_private(&net(range)), private, "{range}");
        }
    }
}
