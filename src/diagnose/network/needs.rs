//! What a task has to reach before its containers run: registry, layers, secrets, logs (catalogue 3.8).

use crate::diagnose::facts::Facts;
use crate::model::service::Service;
use crate::model::task_definition::{EnvironmentSource, TaskDefinition};

/// Something a task needs to reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::diagnose) enum Need {
    /// `api.ecr`: the login to the registry.
    EcrApi,
    /// `dkr.ecr`: manifests of images.
    EcrDocker,
    /// Layers of images in ECR, and files with environment.
    S3,
    /// CloudWatch Logs.
    Logs,
    /// Secrets Manager.
    SecretsManager,
    /// Parameter Store.
    Ssm,
    /// ECS Exec.
    SsmMessages,
    /// A registry on the internet.
    Registry(String),
}

impl Need {
    /// The end of the name of the endpoint service; nothing where there is none.
    pub(in crate::diagnose) const fn endpoint(&self) -> Option<&'static str> {
        Some(match self {
            Self::EcrApi => "ecr.api",
            Self::EcrDocker => "ecr.dkr",
            Self::S3 => "s3",
            Self::Logs => "logs",
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "ssm",
            Self::SsmMessages => "ssmmessages",
            Self::Registry(_) => return None,
        })
    }

    /// What it is, for people.
    pub(in crate::diagnose) fn label(&self) -> String {
        match self {
            Self::EcrApi => "ECR (api)".to_owned(),
            Self::EcrDocker => "ECR (dkr)".to_owned(),
            Self::S3 => "S3".to_owned(),
            Self::Logs => "CloudWatch Logs".to_owned(),
            Self::SecretsManager => "Secrets Manager".to_owned(),
            Self::Ssm => "Parameter Store".to_owned(),
            Self::SsmMessages => "ECS Exec (ssmmessages)".to_owned(),
            Self::Registry(host) => crate::model::text::visible_short(host, 80),
        }
    }
}

/// The region, from the facts or from the service's resource name.
pub(in crate::diagnose) fn region<'a>(facts: &Facts<'a>) -> &'a str {
    let of_service = facts.service.arn.as_str().split(':').nth(3).filter(|region| !region.is_empty());
    facts.region.or(of_service).unwrap_or_default()
}

/// What tasks of this revision need, each once. What lies in another region is left out: no endpoint of this one leads
/// there.
pub(in crate::diagnose) fn needs(definition: &TaskDefinition, service: &Service, region: &str) -> Vec<Need> {
    let mut needs = Vec::new();
    for container in &definition.containers {
        match registry(&container.image) {
            Registry::Ecr { region: of_image } if of_image == region => {
                needs.extend([Need::EcrApi, Need::EcrDocker, Need::S3]);
            }
            Registry::Ecr { .. } => {}
            Registry::Public(host) => needs.push(Need::Registry(host.to_owned())),
        }
        let references = container.environment.iter().filter_map(|variable| match &variable.source {
            EnvironmentSource::Reference(reference) => Some(reference.as_str()),
            EnvironmentSource::Literal(_) => None,
        });
        needs.extend(
            references
                .filter(|reference| here(reference, region))
                .map(|reference| if reference.contains(":secretsmanager:") { Need::SecretsManager } else { Need::Ssm }),
        );
        if container.repository_credentials.is_some() {
            needs.push(Need::SecretsManager);
        }
        if !container.environment_files.is_empty() {
            needs.push(Need::S3);
        }
        if let Some(logs) = container.logs.as_ref().filter(|logs| logs.driver == "awslogs") {
            let of_logs = logs.options.iter().find(|(key, _)| key == "awslogs-region").map(|(_, value)| value.as_str());
            if of_logs.is_none_or(|of_logs| of_logs == region) {
                needs.push(Need::Logs);
            }
        }
    }
    if service.execute_command {
        needs.push(Need::SsmMessages);
    }
    needs.sort_unstable();
    needs.dedup();
    needs
}

fn here(reference: &str, region: &str) -> bool {
    reference.split(':').nth(3).is_none_or(|of| of.is_empty() || of == region) || !reference.starts_with("arn:")
}

enum Registry<'a> {
    Ecr { region: &'a str },
    Public(&'a str),
}

fn registry(image: &str) -> Registry<'_> {
    let host = image.split_once('/').map_or("", |(host, _)| host);
    if let Some((_, rest)) = host.split_once(".dkr.ecr.").or_else(|| host.split_once(".dkr.ecr-fips.")) {
        return Registry::Ecr { region: rest.split('.').next().unwrap_or_default() };
    }
    let names_host = host.contains(['.', ':']) || host == "localhost";
    Registry::Public(if names_host { host } else { "docker.io" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{definition, service};
    use crate::model::task_definition::EnvironmentVariable;

    #[test]
    fn a_task_needs_what_its_definition_names() {
        let ecr = [Need::EcrApi, Need::EcrDocker, Need::S3];
        for (what, image, expected) in [
            ("ECR here", "1.dkr.ecr.eu-west-1.amazonaws.com/web:1", &ecr[..]),
            ("ECR elsewhere", "1.dkr.ecr.us-east-1.amazonaws.com/web:1", &[]),
            ("public ECR", "public.ecr.aws/nginx/nginx:1", &[Need::Registry("public.ecr.aws".to_owned())]),
            ("Docker Hub", "nginx:1", &[Need::Registry("docker.io".to_owned())]),
            ("Docker Hub, with a user", "acme/web:1", &[Need::Registry("docker.io".to_owned())]),
        ] {
            let mut web = definition(30);
            web.containers[0].image = image.to_owned();
            web.containers[0].logs = None;
            assert_eq!(needs(&web, &service("web", 1), "eu-west-1"), expected, "{what}");
        }
    }

    #[test]
    fn secrets_logs_and_exec_need_their_own_endpoints() {
        let mut web = definition(30);
        let reference = |text: &str| EnvironmentVariable {
            name: "X".to_owned(),
            source: EnvironmentSource::Reference(text.to_owned()),
        };
        web.containers[0].environment = vec![
            reference("arn:aws:secretsmanager:eu-west-1:1:secret:db"),
            reference("/plain/parameter"),
            reference("arn:aws:ssm:us-east-1:1:parameter/elsewhere"),
        ];
        let mut service = service("web", 1);
        service.execute_command = true;
        let names: Vec<_> = needs(&web, &service, "eu-west-1").iter().filter_map(Need::endpoint).collect();
        assert_eq!(names, ["ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager", "ssm", "ssmmessages"]);
    }
}
