//! The last look at everything a diagnosis says: values of environment variables whose names speak of a secret are masked,
//! wherever a rule may have quoted them. Names and ids AWS itself uses (the scope) are left as they are.

use std::sync::LazyLock;

use regex::Regex;

use super::Diagnosis;
use crate::diagnose::finding::Finding;
use crate::diagnose::health::Assessment;
use crate::diagnose::network::Path;
use crate::diagnose::scene::Scene;
use crate::model::secret::Secret;

/// What names of variables with secrets look like (catalogue 227).
static SPEAKS_OF_SECRET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i)(passw|secret|token|api_?key|private_?key|credential|conn.*str)").ok());

/// Whether the name of an environment variable speaks of a secret.
pub fn speaks_of_secret(name: &str) -> bool {
    SPEAKS_OF_SECRET.as_ref().is_none_or(|pattern| pattern.is_match(name))
}

/// The values nothing may show.
pub(super) fn secrets<'a>(scene: &Scene<'a>) -> Vec<&'a Secret> {
    let spoken = scene.environment.iter().filter(|(name, value)| !value.is_empty() && speaks_of_secret(name));
    spoken.map(|(_, value)| *value).collect()
}

fn mask(secrets: &[&Secret], text: &mut String) {
    for secret in secrets {
        secret.mask_in(text);
    }
}

/// Masks everything a diagnosis says.
pub(super) fn diagnosis(secrets: &[&Secret], diagnosis: &mut Diagnosis) {
    for one in &mut diagnosis.findings {
        finding(secrets, one);
    }
    for check in &mut diagnosis.checks {
        mask(secrets, &mut check.detail);
    }
}

/// Masks what is said about the ways of packets.
pub(super) fn paths(secrets: &[&Secret], paths: &mut [Path]) {
    for path in paths {
        mask(secrets, &mut path.name);
        for hop in &mut path.hops {
            mask(secrets, &mut hop.why);
            hop.rule.iter_mut().chain(&mut hop.near_miss).for_each(|text| mask(secrets, text));
        }
    }
}

/// Masks a headline.
pub(super) fn headline(secrets: &[&Secret], assessment: &mut Assessment) {
    if let Some(headline) = &mut assessment.headline {
        mask(secrets, headline);
    }
}

fn finding(secrets: &[&Secret], finding: &mut Finding) {
    mask(secrets, &mut finding.title);
    mask(secrets, &mut finding.explanation);
    finding.short.iter_mut().for_each(|text| mask(secrets, text));
    for evidence in &mut finding.evidence {
        mask(secrets, &mut evidence.subject);
        mask(secrets, &mut evidence.value);
    }
    if let Some(fix) = &mut finding.fix {
        mask(secrets, &mut fix.summary);
        fix.commands.iter_mut().chain(&mut fix.terraform).for_each(|text| mask(secrets, text));
    }
    for consequence in &mut finding.consequences {
        self::finding(secrets, consequence);
    }
}
