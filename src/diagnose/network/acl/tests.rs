use proptest::prelude::*;

use super::*;
use crate::diagnose::network::world::{ALLOW_ALL, World, acl, entry, net};

#[test]
fn the_lowest_number_that_matches_decides() {
    let lb = Addresses::Within(net("10.0.101.10/32"));
    for (entries, far, ports, share, decides) in [
        (vec!["100 allow in -1 * 0.0.0.0/0"], lb, (8080, 8080), Share::All, None),
        (vec![], lb, (8080, 8080), Share::None, None),
        (vec!["90 deny in tcp 8080 0.0.0.0/0", "100 allow in -1 * 0.0.0.0/0"], lb, (8080, 8080), Share::None, Some(90)),
        // In whatever order EC2 lists them.
        (
            vec!["100 allow in -1 * 0.0.0.0/0", "90 deny in 6 8000-9000 10.0.0.0/8"],
            lb,
            (8080, 8080),
            Share::None,
            Some(90),
        ),
        (
            vec!["100 allow in tcp 8080 10.0.101.0/24", "110 deny in tcp 8080 0.0.0.0/0"],
            lb,
            (8080, 8080),
            Share::All,
            None,
        ),
        (vec!["90 deny in udp 8080 0.0.0.0/0", "100 allow in -1 * 0.0.0.0/0"], lb, (8080, 8080), Share::All, None),
        (vec!["90 deny out tcp 8080 0.0.0.0/0", "100 allow in -1 * 0.0.0.0/0"], lb, (8080, 8080), Share::All, None),
        (vec!["90 deny in tcp 8080 10.0.102.0/24", "100 allow in -1 * 0.0.0.0/0"], lb, (8080, 8080), Share::All, None),
        // Ephemeral ports: whole, partial, and a hole nobody notices.
        (vec!["100 allow in tcp 1024-65535 0.0.0.0/0"], lb, EPHEMERAL, Share::All, None),
        (vec!["100 allow in tcp 32768-65535 0.0.0.0/0"], lb, EPHEMERAL, Share::Some, None),
        (vec!["100 allow in tcp 443 0.0.0.0/0"], lb, EPHEMERAL, Share::None, None),
        (vec!["90 deny in tcp 3389 0.0.0.0/0", "100 allow in -1 * 0.0.0.0/0"], lb, EPHEMERAL, Share::All, None),
        (
            vec!["90 deny in tcp 1024-9999 0.0.0.0/0", "100 allow in -1 * 0.0.0.0/0"],
            lb,
            EPHEMERAL,
            Share::Some,
            Some(90),
        ),
        // Of an address that is only known by its subnet, what concerns a part of it cannot be told …
        (
            vec!["90 deny in tcp 8080 10.0.101.128/25", "100 allow in -1 * 0.0.0.0/0"],
            Addresses::Within(net("10.0.101.0/24")),
            (8080, 8080),
            Share::Unknown,
            None,
        ),
        // … unless the rest comes to the same.
        (
            vec!["90 deny in tcp 8080 10.0.101.128/25", "100 deny in tcp 8080 0.0.0.0/0"],
            Addresses::Within(net("10.0.101.0/24")),
            (8080, 8080),
            Share::None,
            Some(100),
        ),
        // A list of unwanted addresses is not about AWS.
        (
            vec!["10 deny in -1 * 203.0.113.0/24", "100 allow in -1 * 0.0.0.0/0"],
            Addresses::Internet,
            (443, 443),
            Share::All,
            None,
        ),
    ] {
        let acl = acl("acl-1", &["subnet-a"], &entries);
        let (found, entry) = judge(&acl, false, far, ports);
        assert_eq!((found, entry.map(|entry| entry.number)), (share, decides), "{entries:?} {far:?} {ports:?}");
    }
}

#[test]
fn four_legs_count_but_not_within_a_subnet() {
    let mut world = World::new();
    world.set_acl(acl("acl-b", &["subnet-b"], &["100 allow out -1 * 0.0.0.0/0"]));
    let end = |subnet, address: &str| End {
        vpc: Some(&world.vpc),
        subnet: Some(subnet),
        addresses: Addresses::Within(net(address)),
    };
    let to = |near, far| between(near, Some(far), Addresses::Internet, 8080);
    let (a, b, c) = (end("subnet-a", "10.0.1.5/32"), end("subnet-b", "10.0.2.5/32"), end("subnet-c", "10.0.3.5/32"));
    assert_eq!(to(a, c).verdict, Verdict::Open);
    let into = to(a, b);
    assert_eq!((into.verdict, into.drop.unwrap().leg), (Verdict::Blocked, Leg::In));
    let from = to(b, a);
    assert_eq!((from.verdict, from.drop.unwrap().leg), (Verdict::Blocked, Leg::AnswerIn));
    let within = to(b, end("subnet-b", "10.0.2.6/32"));
    assert!(within.same_subnet && within.verdict == Verdict::Open);
    assert_eq!(to(a, end("subnet-x", "10.0.9.5/32")).verdict, Verdict::Unknown);
    // What one end denies is denied, whatever the other would say.
    assert_eq!(to(end("subnet-x", "10.0.9.5/32"), b).verdict, Verdict::Blocked);
}

proptest! {
    #[test]
    fn any_acl_is_judged(
        numbers in prop::collection::vec((0_u32..40_000, any::<bool>(), any::<bool>(), any::<(u16, u16)>()), 0..12),
        port in any::<u16>(),
    ) {
        let mut acl = acl("acl-1", &["subnet-a"], &ALLOW_ALL);
        acl.entries = numbers.into_iter().map(|(number, allow, egress, ports)| NetworkAclEntry {
            number, egress, allow, ..{
                let mut one = entry("1 allow in tcp 1 10.0.0.0/16");
                one.traffic.ports = Some(ports);
                one
            }
        }).collect();
        for far in [Addresses::Internet, Addresses::Unknown { ipv6: true }, Addresses::Within(net("10.0.1.0/24"))] {
            let (whole, _) = judge(&acl, true, far, (0, u16::MAX));
            let (one, _) = judge(&acl, true, far, (port, port));
            prop_assert!(one != Share::Some);
            prop_assert!(whole != Share::None || one == Share::None);
        }
    }
}
