//! Identifiers that follow from what they name. They cost no throw of the world's dice, so that adding to the network
//! changes nothing else that is random.

/// FNV-1a over all parts, mixed at the end so that neighbours differ in every digit.
pub(crate) fn fingerprint(parts: &[&str]) -> u64 {
    let mut value: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            value = (value ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    value = (value ^ (value >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    value ^ (value >> 29)
}

/// An identifier in AWS's shape: `acl-0` and sixteen hexadecimal digits.
pub(crate) fn id_of(kind: &str, parts: &[&str]) -> String {
    let mut all = vec![kind];
    all.extend(parts);
    format!("{kind}-0{:016x}", fingerprint(&all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_what_they_name() {
        assert_eq!(id_of("acl", &["vpc-1"]), id_of("acl", &["vpc-1"]));
        assert_ne!(id_of("acl", &["vpc-1"]), id_of("rtb", &["vpc-1"]));
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_eq!(id_of("eni", &["x"]).len(), "eni-0123456789abcdef0".len());
    }
}
