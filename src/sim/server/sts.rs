//! STS: who am I.

use super::protocol::{CALLER, Xml};
use crate::sim::world::ACCOUNT;

/// Performs an operation; absent if there is none of this name.
pub(crate) fn perform(operation: &str) -> Option<Xml> {
    if operation != "GetCallerIdentity" {
        return None;
    }
    let mut xml = Xml::default();
    xml.put("Arn", CALLER).put("UserId", "AROASIMULATEDROLE0000:demo").put("Account", ACCOUNT);
    Some(xml)
}
