//! The last look at everything a diagnosis says: values of environment variables whose names speak of a secret are masked,
//! wherever a rule may have quoted them. Names and ids AWS itself uses (the scope) are left as they are.

use std::sync::LazyLock;

use regex::Regex;

use super::Diagnosis;
use crate::diagnose::finding::Finding;
use crate::diagnose::health::Assessment;
use crate::diagnose::scene::Scene;
use crate::model::known::Known;
use crate::model::secret::Secret;
use crate::model::task_definition::EnvironmentSource;

/// What names of variables with secrets look like (catalogue 227).
static SPEAKS_OF_SECRET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i)(passw|secret|token|api_?key|private_?key|credential|conn.*str)").ok());

/// Whether the name of an environment variable speaks of a secret.
pub(in crate::diagnose) fn speaks_of_secret(name: &str) -> bool {
    SPEAKS_OF_SECRET.as_ref().is_none_or(|pattern| pattern.is_match(name))
}

fn secrets<'a>(scene: &Scene<'a>) -> Vec<&'a Secret> {
    let mut secrets = Vec::new();
    for arn in scene.revisions() {
        let Known::Known(definition) = scene.facts.task_definition(arn) else { continue };
        for variable in definition.containers.iter().flat_map(|container| &container.environment) {
            match &variable.source {
                EnvironmentSource::Literal(secret) if !secret.is_empty() && speaks_of_secret(&variable.name) => {
                    secrets.push(secret);
                }
                EnvironmentSource::Literal(_) | EnvironmentSource::Reference(_) => {}
            }
        }
    }
    secrets
}

fn mask(secrets: &[&Secret], text: &mut String) {
    for secret in secrets {
        *text = secret.mask_in(text);
    }
}

/// Masks everything a diagnosis says.
pub(super) fn diagnosis(scene: &Scene<'_>, diagnosis: &mut Diagnosis) {
    let secrets = secrets(scene);
    if secrets.is_empty() {
        return;
    }
    for one in &mut diagnosis.findings {
        finding(&secrets, one);
    }
    for check in &mut diagnosis.checks {
        mask(&secrets, &mut check.detail);
    }
    for path in &mut diagnosis.paths {
        mask(&secrets, &mut path.name);
        for hop in &mut path.hops {
            mask(&secrets, &mut hop.why);
            hop.rule.iter_mut().chain(&mut hop.near_miss).for_each(|text| mask(&secrets, text));
        }
    }
}

/// Masks a headline.
pub(super) fn headline(scene: &Scene<'_>, assessment: &mut Assessment) {
    if let Some(headline) = &mut assessment.headline {
        mask(&secrets(scene), headline);
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
