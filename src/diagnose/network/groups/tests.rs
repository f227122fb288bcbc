use proptest::prelude::*;

use super::*;
use crate::diagnose::fixtures::{Case, service};
use crate::diagnose::network::world::{group, net, rule};
use crate::model::network::PrefixList;
use crate::model::query::{Answer as Said, Query};

fn packet<'s>(far: &str, far_groups: &'s [&'s str]) -> Packet<'s, 's> {
    Packet {
        direction: Direction::Ingress,
        protocol: Protocol::Tcp,
        port: 8080,
        far: Addresses::Within(net(far)),
        far_groups: Some(far_groups),
        far_list: None,
        middlebox: false,
    }
}

fn judge(case: &Case, groups: &[SecurityGroup], packet: &Packet<'_, '_>) -> (Permit, Option<Vec<Fault>>) {
    let side = Groups {
        ids: Some(groups.iter().map(|group| group.id.as_str()).collect()),
        read: groups.iter().collect(),
        unread: None,
    };
    let packet = Packet { far_groups: packet.far_groups, ..*packet };
    let answer = ask(&case.facts(), &side, &packet);
    (answer.permit, answer.nearest.map(|miss| miss.faults))
}

#[test]
fn rules_allow_by_protocol_port_and_peer() {
    let lists = [("pl-all", vec!["10.0.0.0/8"]), ("pl-six", vec!["2001:db8::/32"]), ("pl-far", vec!["192.0.2.0/24"])];
    let case = lists.into_iter().fold(Case::new(service("web", 1)), |case, (id, entries)| {
        let list = PrefixList { id: id.to_owned(), entries: entries.into_iter().map(net).collect() };
        case.with(Query::PrefixList { prefix_list: id.to_owned() }, Said::PrefixList(list))
    });
    let lb = "10.0.101.10/32";
    let (yes, no, perhaps) = (Permit::Yes, Permit::No, Permit::Perhaps);
    for (rules, far, expected, faults) in [
        (vec!["tcp 8080 sg-lb"], lb, yes, None),
        (vec!["6 8080 sg-lb"], lb, yes, None),
        (vec!["TCP 8000-8100 sg-lb"], lb, yes, None),
        (vec!["-1 * sg-lb"], lb, yes, None),
        // With every protocol, ports say nothing.
        (vec!["-1 0 sg-lb"], lb, yes, None),
        (vec!["tcp * 10.0.0.0/16"], lb, yes, None),
        (vec!["tcp 8080 pl-all"], lb, yes, None),
        (vec!["tcp 8080 sg-lb active"], lb, yes, None),
        (vec!["udp 8080 sg-lb", "tcp 22 10.0.0.0/8", "tcp 8080 sg-lb"], lb, yes, None),
        // Near misses, the nearest of several.
        (vec![], lb, no, None),
        (vec!["tcp 8080 sg-old"], lb, no, Some(vec![Fault::Group])),
        (vec!["tcp 8080 sg-lb deleted"], lb, no, Some(vec![Fault::Peering])),
        (vec!["tcp 80 sg-lb"], lb, no, Some(vec![Fault::Port])),
        (vec!["udp 8080 sg-lb"], lb, no, Some(vec![Fault::Protocol])),
        (vec!["17 8080 sg-lb"], lb, no, Some(vec![Fault::Protocol])),
        (vec!["tcp 8080 ::/0"], lb, no, Some(vec![Fault::Family])),
        (vec!["tcp 8080 pl-six"], lb, no, Some(vec![Fault::Family])),
        (vec!["tcp 8080 10.9.0.0/16"], lb, no, Some(vec![Fault::Cidr])),
        (vec!["tcp 8080 pl-far"], lb, no, Some(vec![Fault::Cidr])),
        (vec!["tcp 80 sg-old"], lb, no, Some(vec![Fault::Group, Fault::Port])),
        (vec!["tcp 8080 10.9.0.0/16", "tcp 80 sg-lb"], lb, no, Some(vec![Fault::Port])),
        (vec!["tcp 80 sg-lb", "tcp 8080 sg-old"], lb, no, Some(vec![Fault::Group])),
        (vec!["tcp 80 sg-old", "udp 8080 sg-lb"], lb, no, Some(vec![Fault::Protocol])),
        // A group that lets in itself is about something else, unless it is for this port.
        (vec!["-1 * sg-task"], lb, no, Some(vec![Fault::Itself])),
        (vec!["tcp 0-65535 sg-task"], lb, no, Some(vec![Fault::Itself])),
        (vec!["tcp 8080 sg-task"], lb, no, Some(vec![Fault::Group])),
        // 0.0.0.0/0 is not IPv6.
        (vec!["tcp 8080 0.0.0.0/0"], "2001:db8::1/128", no, Some(vec![Fault::Family])),
        (vec!["tcp 8080 ::/0"], "2001:db8::1/128", yes, None),
        // What cannot be told.
        (vec!["tcp 8080 pl-denied"], lb, perhaps, None),
        (vec!["tcp 8080 10.0.101.128/25"], "10.0.101.0/24", perhaps, None),
        (vec!["tcp 8080 pl-denied", "tcp 8080 10.0.0.0/8"], lb, yes, None),
        (vec!["tcp 80 pl-denied"], lb, no, Some(vec![Fault::Port])),
    ] {
        let groups = [group("sg-task", &rules, &[])];
        assert_eq!(judge(&case, &groups, &packet(far, &["sg-lb"])), (expected, faults), "{rules:?} from {far}");
    }
}

#[test]
fn groups_add_up_and_an_unread_one_leaves_it_open() {
    let case = Case::new(service("web", 1));
    let closed = group("sg-closed", &["tcp 22 10.0.0.0/8"], &[]);
    let open = group("sg-open", &["tcp 8080 sg-lb"], &[]);
    let asked = packet("10.0.101.10/32", &["sg-lb"]);
    assert_eq!(judge(&case, &[closed.clone(), open.clone()], &asked).0, Permit::Yes);
    let unread = |read: Vec<_>| Groups {
        ids: Some(vec!["sg-closed", "sg-far"]),
        read,
        unread: Some(Doubt::GroupMissing("sg-far")),
    };
    let facts = case.facts();
    assert_eq!(ask(&facts, &unread(vec![&closed]), &asked).permit, Permit::Perhaps);
    assert_eq!(ask(&facts, &unread(vec![&open]), &asked).permit, Permit::Yes);
    assert_eq!(ask(&facts, &Groups::default(), &asked).permit, Permit::Perhaps);
}

#[test]
fn a_reference_needs_to_know_the_other_side_and_no_appliance() {
    let case = Case::new(service("web", 1));
    let open = [group("sg-task", &["tcp 8080 sg-lb"], &[])];
    let asked = packet("10.0.101.10/32", &["sg-lb"]);
    assert_eq!(judge(&case, &open, &Packet { middlebox: true, ..asked }).0, Permit::Perhaps);
    assert_eq!(judge(&case, &open, &Packet { far_groups: None, ..asked }).0, Permit::Perhaps);
    let by_address = [group("sg-task", &["tcp 8080 10.0.0.0/8"], &[])];
    assert_eq!(judge(&case, &by_address, &Packet { middlebox: true, ..asked }).0, Permit::Yes);
}

fn any_rule() -> impl Strategy<Value = SecurityGroupRule> {
    let protocol = prop::sample::select(vec!["-1", "tcp", "6", "udp", "icmp", "47", "\u{1b}[2J"]);
    let ports = prop::option::of((any::<u16>(), any::<u16>()));
    let peer = prop_oneof![
        prop::sample::select(vec![
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/16",
            "10.0.101.10/32",
            "10.0.101.0/25",
            "192.0.2.0/24"
        ])
        .prop_map(|range| Peer::Cidr(net(range))),
        prop::sample::select(vec!["sg-lb", "sg-old", "sg-task", ""]).prop_flat_map(|group| {
            prop::option::of(prop::sample::select(vec!["active", "deleted"])).prop_map(move |status| Peer::Group {
                group: group.to_owned(),
                peering_status: status.map(str::to_owned),
                account: None,
            })
        }),
        Just(Peer::PrefixList("pl-denied".to_owned())),
        Just(Peer::Other("?".to_owned())),
    ];
    let description = prop::option::of(Just("\u{1b}]0;owned\u{7}\u{202e}".to_owned()));
    (protocol, ports, peer, description).prop_map(|(protocol, ports, peer, description)| SecurityGroupRule {
        traffic: Traffic { protocol: protocol.to_owned(), ports },
        peer,
        description,
    })
}

proptest! {
    #[test]
    fn another_rule_never_closes_what_is_open(
        rules in prop::collection::vec(any_rule(), 0..6),
        another in any_rule(),
        port in any::<u16>(),
        place in 0_usize..7,
        far in prop::sample::select(vec!["10.0.101.10/32", "10.0.101.0/24", "2001:db8::1/128", "192.0.2.7/32"]),
    ) {
        let case = Case::new(service("web", 1));
        let asked = Packet { port, ..packet(far, &["sg-lb"]) };
        let with = |ingress: Vec<SecurityGroupRule>| {
            [SecurityGroup { ingress, ..group("sg-task", &[], &[]) }]
        };
        let before = judge(&case, &with(rules.clone()), &asked).0;
        let mut more = rules;
        more.insert(place.min(more.len()), another);
        let after = judge(&case, &with(more), &asked).0;
        prop_assert!(before != Permit::Yes || after == Permit::Yes);
        prop_assert!(before != Permit::Perhaps || after != Permit::No);
    }
}

#[test]
fn rules_in_tests_read_as_they_are_written() {
    assert_eq!(rule("tcp 80-90 10.0.0.0/8").traffic.ports, Some((80, 90)));
}
