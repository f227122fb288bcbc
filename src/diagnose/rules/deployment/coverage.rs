//! What could not be looked at. The finding itself is made where checks are, which know what each read was for.

use super::NOTE;
use crate::diagnose::catalogue::{Bearing, Entry};

/// Catalogue 236.
pub static INSUFFICIENT_PERMISSIONS: Entry = Entry {
    id: "insufficient-permissions",
    number: 236,
    bearing: Bearing::Hygiene,
    title: "IAM denies reads a diagnosis needs",
    meaning: "The credentials in use may not make some of the calls a full diagnosis consists of. That is information, not \
              a fault of the service: what those calls would tell is unknown, and no check that needs them says that all \
              is well.",
    decided: "Any read that ended with AccessDenied, UnauthorizedOperation or a similar error. The evidence names each IAM \
              action and the checks it leaves open.",
    fix: "Allow the listed actions for the role in use; all of them only read. The README has a complete read-only policy.",
    sources: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html",
    ],
    ..NOTE
};
