//! Policies of VPC endpoints that say no (86). The task has a way, and what stands at its end refuses it.

use super::entries::ENDPOINT_POLICY;
use crate::diagnose::finding::{Confidence, Finding, Fix, Scope};
use crate::diagnose::network::egress::gateways;
use crate::diagnose::network::needs::region;
use crate::diagnose::network::wanted_vpcs;
use crate::diagnose::parse::stop_reason::StopClass;
use crate::diagnose::rules::task_stop::batch::is_impaired;
use crate::diagnose::scene::{Dead, Scene};
use crate::model::network::VpcEndpoint;

/// The bucket ECR keeps layers in.
fn layer_bucket(region: &str) -> String {
    format!("prod-{region}-starport-layer-bucket")
}

pub(super) fn find(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let starts = [StopClass::ImagePull, StopClass::Secret, StopClass::Logging, StopClass::Resource];
    let refused: Vec<(&Dead<'_>, &str)> = scene
        .deaths_of_primary()
        .filter(|dead| starts.contains(&dead.death.class) && is_impaired(scene))
        .filter_map(|dead| {
            let reasons = dead.task.containers.iter().filter_map(|container| container.reason.as_deref());
            let text = dead.task.stopped_reason.as_deref().into_iter().chain(reasons).find(|text| is_refusal(text))?;
            Some((dead, text))
        })
        .collect();
    let Some((dead, text)) = refused.first() else { return };
    let named = text.contains("VPC endpoint policy");
    let region = region(&scene.facts);
    let vpcs = wanted_vpcs(&scene.facts);
    let endpoints: Vec<&VpcEndpoint> = vpcs
        .iter()
        .filter_map(|id| scene.facts.vpc(id).known().copied())
        .flat_map(gateways)
        .filter(|endpoint| endpoint.policy.as_deref().is_some_and(|policy| !allows_layers(policy, region)))
        .collect();
    let of_layers = text.starts_with("CannotPull");
    let endpoint = endpoints.first().filter(|_| of_layers);
    if !named && endpoint.is_none() {
        return;
    }
    let id = endpoint.map(|endpoint| endpoint.id.as_str());
    let (confidence, title) = match id {
        Some(id) => {
            (Confidence::High, format!("The policy of endpoint {id} does not allow the bucket of ECR's layers"))
        }
        None => (Confidence::High, "The policy of a VPC endpoint refuses what tasks need to start".to_owned()),
    };
    let tasks = refused.iter().take(20).map(|(dead, _)| dead.task.arn.name().to_owned()).collect();
    let mut finding = Finding::new(&ENDPOINT_POLICY, confidence, title)
        .explain("Packets get through to the endpoint, and its policy refuses the request, so tasks cannot start.")
        .short("VPC endpoint policy refuses")
        .scope(Scope { tasks, ..Scope::default() })
        .evidence(
            "ecs:DescribeTasks",
            format!("task {}", dead.task.arn.short_id()),
            "stoppedReason",
            scene.quote(text),
        );
    let bucket = layer_bucket(region);
    let fix = Fix::new(format!("Allow s3:GetObject on arn:aws:s3:::{bucket}/* in the policy of the endpoint."));
    finding = match endpoint {
        Some(endpoint) => finding
            .evidence(
                "ec2:DescribeVpcEndpoints",
                &endpoint.id,
                "PolicyDocument",
                scene.quote(endpoint.policy.as_deref().unwrap_or_default()),
            )
            .fix(
                with_layers(endpoint.policy.as_deref().unwrap_or_default(), &bucket)
                    .iter()
                    .fold(fix, |fix, policy| {
                        let change = ["ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", &endpoint.id];
                        fix.aws(change.into_iter().chain(["--policy-document", policy.as_str()]))
                    })
                    .terraform("aws_vpc_endpoint.s3 → policy"),
            ),
        None => finding
            .fix(Fix::new("Allow the action AWS names in the policy of the VPC endpoint, for the role it names.")),
    };
    findings.push(finding);
}

/// The policy with one more statement.
fn with_layers(policy: &str, bucket: &str) -> Option<String> {
    let mut document: serde_json::Value = serde_json::from_str(policy).ok()?;
    let statements = document.get_mut("Statement")?.as_array_mut()?;
    statements.push(serde_json::json!({
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*"),
    }));
    Some(document.to_string())
}

fn is_refusal(text: &str) -> bool {
    text.contains("VPC endpoint policy")
        || (text.starts_with("CannotPull") && (text.contains("403 Forbidden") || text.contains("AccessDenied")))
}

/// Whether a policy document allows ECR's layers, at least by its words. One that cannot be read counts as allowing.
fn allows_layers(policy: &str, region: &str) -> bool {
    let Ok(document) = serde_json::from_str::<serde_json::Value>(policy) else { return true };
    let statements = match document.get("Statement") {
        Some(serde_json::Value::Array(statements)) => statements.iter().collect(),
        Some(one) => vec![one],
        None => return true,
    };
    let bucket = layer_bucket(region);
    let names_it = |resource: &str| {
        let name = resource.rsplit(":::").next().unwrap_or(resource);
        let head = name.split('*').next().unwrap_or(name);
        name.starts_with(&bucket) || (name.contains('*') && bucket.starts_with(head))
    };
    statements.into_iter().any(|statement| {
        let allows = statement.get("Effect").and_then(serde_json::Value::as_str) == Some("Allow");
        let resources = match statement.get("Resource") {
            Some(serde_json::Value::Array(resources)) => resources.iter().filter_map(|r| r.as_str()).collect(),
            Some(one) => one.as_str().into_iter().collect(),
            // `NotResource` allows whatever it does not name.
            None => vec!["*"],
        };
        allows && resources.into_iter().any(names_it)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_by_their_resources() {
        let policy = |resource: &str| {
            format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"*","Principal":"*","Resource":{resource}}}]}}"#)
        };
        for (text, allowed) in [
            (policy(r#""*""#), true),
            (policy(r#"["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"]"#), true),
            (policy(r#""arn:aws:s3:::prod-*""#), true),
            (policy(r#""arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*""#), false),
            (policy(r#"["arn:aws:s3:::my-bucket","arn:aws:s3:::my-bucket/*"]"#), false),
            ("not JSON".to_owned(), true),
        ] {
            assert_eq!(allows_layers(&text, "eu-west-1"), allowed, "{text}");
        }
    }
}
