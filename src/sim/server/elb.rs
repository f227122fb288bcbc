//! Elastic Load Balancing v2 (API version 2015-12-01).

use std::time::Duration;

use super::protocol::{AwsError, BadToken, Form, Xml, page};
use crate::sim::world::{
    CheckPort, CheckProtocol, HealthCheckChange, Listener, LoadBalancer, LoadBalancerKind, Rule, RuleAction,
    TargetGroup, TrafficProtocol, World,
};

type Answered = Result<Xml, AwsError>;

/// The largest page, which is also what comes without `PageSize`.
const PAGE: usize = 400;

/// ARNs in one DescribeLoadBalancers or DescribeTags.
const ARNS_A_CALL: usize = 20;

/// Performs an operation; absent if there is none of this name.
pub(crate) fn perform(operation: &str, form: &Form, world: &mut World) -> Result<Option<Xml>, AwsError> {
    Ok(Some(match operation {
        "DescribeTargetGroups" => describe_target_groups(form, world)?,
        "DescribeTargetHealth" => describe_target_health(form, world)?,
        "DescribeTargetGroupAttributes" => describe_target_group_attributes(form, world)?,
        "DescribeLoadBalancerAttributes" => describe_load_balancer_attributes(form, world)?,
        "DescribeLoadBalancers" => describe_load_balancers(form, world)?,
        "DescribeListeners" => describe_listeners(form, world)?,
        "DescribeRules" => describe_rules(form, world)?,
        "DescribeTags" => describe_tags(form)?,
        "ModifyTargetGroup" => modify_target_group(form, world)?,
        _ => return Ok(None),
    }))
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", message)
}

fn required<'a>(form: &'a Form, key: &str) -> Result<&'a str, AwsError> {
    form.get(key).ok_or_else(|| validation(format!("A {key} must be specified")))
}

fn no_target_group() -> AwsError {
    AwsError::new("TargetGroupNotFound", "One or more target groups not found")
}

fn no_load_balancer(arn: &str) -> AwsError {
    AwsError::new("LoadBalancerNotFound", format!("Load balancer '{arn}' not found"))
}

fn target_group<'a>(form: &Form, world: &'a World) -> Result<&'a TargetGroup, AwsError> {
    world.load_balancing.target_groups.get(required(form, "TargetGroupArn")?).ok_or_else(no_target_group)
}

/// Writes one page of a list and the marker of the next.
fn paged<T>(form: &Form, name: &str, items: Vec<T>, mut write: impl FnMut(&mut Xml, T)) -> Answered {
    let size = match form.number("PageSize")? {
        None => PAGE,
        Some(size) => usize::try_from(size).ok().filter(|size| (1..=PAGE).contains(size)).ok_or_else(|| {
            validation(format!(
                "1 validation error detected: Value '{size}' at 'pageSize' failed to satisfy constraint: Member must have value \
                 between 1 and {PAGE}"
            ))
        })?,
    };
    let (items, next) =
        page(items, form.get("Marker"), size).map_err(|BadToken| validation("The specified marker is not valid."))?;
    let mut xml = Xml::default();
    xml.list(name, items, &mut write).put_some("NextMarker", next);
    Ok(xml)
}

fn describe_target_groups(form: &Form, world: &World) -> Answered {
    let all = &world.load_balancing.target_groups;
    let (arns, names) = (form.list("TargetGroupArns"), form.list("Names"));
    let mut found: Vec<&TargetGroup> = Vec::new();
    if !arns.is_empty() {
        for arn in arns {
            found.push(all.get(arn).ok_or_else(no_target_group)?);
        }
    } else if !names.is_empty() {
        for name in names {
            found.push(world.load_balancing.target_group_named(name).ok_or_else(no_target_group)?);
        }
    } else if let Some(balancer) = form.get("LoadBalancerArn") {
        if !world.load_balancing.load_balancers.contains_key(balancer) {
            return Err(no_load_balancer(balancer));
        }
        found.extend(all.values().filter(|group| group.load_balancer.as_deref() == Some(balancer)));
    } else {
        found.extend(all.values());
    }
    paged(form, "TargetGroups", found, write_target_group)
}

fn write_target_group(xml: &mut Xml, group: &TargetGroup) {
    let check = &group.health_check;
    let http = check.protocol != CheckProtocol::Tcp;
    xml.put("TargetGroupArn", &group.arn)
        .put("TargetGroupName", &group.name)
        .put("Protocol", group.protocol.name())
        .put("Port", group.port)
        .put("VpcId", &group.vpc)
        .put("HealthCheckProtocol", check.protocol.name())
        .put("HealthCheckPort", check.port.map_or_else(|| "traffic-port".to_owned(), |port| port.to_string()))
        .put("HealthCheckEnabled", true)
        .put("HealthCheckIntervalSeconds", check.interval.as_secs())
        .put("HealthCheckTimeoutSeconds", check.timeout.as_secs())
        .put("HealthyThresholdCount", check.healthy_threshold)
        .put("UnhealthyThresholdCount", check.unhealthy_threshold);
    if http {
        xml.put("HealthCheckPath", &check.path).within("Matcher", |xml| {
            xml.put("HttpCode", &check.matcher);
        });
    }
    xml.texts("LoadBalancerArns", &group.load_balancer).put("TargetType", group.type_name());
    if is_application(group) {
        xml.put("ProtocolVersion", "HTTP1");
    }
    xml.put("IpAddressType", "ipv4");
}

/// Whether it is for application load balancers.
fn is_application(group: &TargetGroup) -> bool {
    matches!(group.protocol, TrafficProtocol::Http | TrafficProtocol::Https)
}

fn describe_target_health(form: &Form, world: &World) -> Answered {
    let group = target_group(form, world)?;
    let asked: Vec<(&str, Option<u64>)> = (1..)
        .map_while(|place| {
            let id = form.get(&format!("Targets.member.{place}.Id"))?;
            Some((id, form.number(&format!("Targets.member.{place}.Port")).ok().flatten()))
        })
        .collect();
    let with_anomalies = form.list("Include").iter().any(|include| matches!(*include, "All" | "AnomalyDetection"));
    let found = group.targets.iter().filter(|((_, port), target)| {
        let matches = |(id, wanted): &(&str, Option<u64>)| {
            target.id == *id && wanted.is_none_or(|wanted| wanted == u64::from(*port))
        };
        asked.is_empty() || asked.iter().any(matches)
    });
    let missing: Vec<_> =
        asked.iter().filter(|(id, _)| !group.targets.values().any(|target| target.id == *id)).collect();
    let mut xml = Xml::default();
    xml.within("TargetHealthDescriptions", |xml| {
        for ((_, port), target) in found {
            xml.within("member", |xml| {
                xml.within("Target", |xml| {
                    xml.put("Id", &target.id).put("Port", port);
                    if group.type_name() == "ip" {
                        xml.put("AvailabilityZone", &target.zone);
                    }
                });
                xml.put("HealthCheckPort", group.effective_check_port(*port));
                xml.within("TargetHealth", |xml| {
                    xml.put("State", target.state.name());
                    if let Some((reason, description)) = target.state.reason() {
                        xml.put("Reason", reason).put("Description", description);
                    }
                });
                if with_anomalies {
                    xml.within("AnomalyDetection", |xml| {
                        xml.put("Result", "normal").put("MitigationInEffect", "no");
                    });
                }
            });
        }
        for (id, port) in missing {
            xml.within("member", |xml| {
                xml.within("Target", |xml| {
                    xml.put("Id", id).put_some("Port", *port);
                });
                xml.within("TargetHealth", |xml| {
                    xml.put("State", "unused")
                        .put("Reason", "Target.NotRegistered")
                        .put("Description", "Target is not registered to the target group");
                });
            });
        }
    });
    Ok(xml)
}

fn describe_target_group_attributes(form: &Form, world: &World) -> Answered {
    let group = target_group(form, world)?;
    let yes_or_no = |yes: bool| yes.to_string();
    let is_instance = group.type_name() == "instance";
    let mut attributes = vec![
        ("deregistration_delay.timeout_seconds", group.deregistration_delay.as_secs().to_string()),
        ("stickiness.enabled", yes_or_no(false)),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration".to_owned()),
        ("target_group_health.dns_failover.minimum_healthy_targets.count", "1".to_owned()),
        ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1".to_owned()),
    ];
    if is_application(group) {
        attributes.push(("stickiness.type", "lb_cookie".to_owned()));
        attributes.push(("load_balancing.algorithm.type", "round_robin".to_owned()));
        attributes.push(("slow_start.duration_seconds", group.slow_start.as_secs().to_string()));
    } else {
        attributes.push(("stickiness.type", "source_ip".to_owned()));
        attributes.push(("deregistration_delay.connection_termination.enabled", yes_or_no(false)));
        attributes.push(("preserve_client_ip.enabled", yes_or_no(group.preserve_client_ip.unwrap_or(is_instance))));
        attributes.push(("proxy_protocol_v2.enabled", yes_or_no(false)));
    }
    Ok(attribute_list(attributes))
}

fn describe_load_balancer_attributes(form: &Form, world: &World) -> Answered {
    let arn = required(form, "LoadBalancerArn")?;
    let balancer = world.load_balancing.load_balancers.get(arn).ok_or_else(|| no_load_balancer(arn))?;
    let mut attributes = vec![
        ("deletion_protection.enabled", "true".to_owned()),
        ("access_logs.s3.enabled", "false".to_owned()),
        ("access_logs.s3.bucket", String::new()),
        ("access_logs.s3.prefix", String::new()),
        ("load_balancing.cross_zone.enabled", balancer.cross_zone.to_string()),
    ];
    match balancer.kind {
        LoadBalancerKind::Application => attributes.extend([
            ("idle_timeout.timeout_seconds", "60".to_owned()),
            ("client_keep_alive.seconds", "3600".to_owned()),
            ("routing.http2.enabled", "true".to_owned()),
            ("routing.http.drop_invalid_header_fields.enabled", "false".to_owned()),
            ("routing.http.desync_mitigation_mode", "defensive".to_owned()),
            ("waf.fail_open.enabled", "false".to_owned()),
        ]),
        LoadBalancerKind::Network => {
            attributes.push(("dns_record.client_routing_policy", "any_availability_zone".to_owned()));
        }
    }
    Ok(attribute_list(attributes))
}

fn attribute_list(attributes: Vec<(&str, String)>) -> Xml {
    let mut xml = Xml::default();
    xml.list("Attributes", attributes, |xml, (key, value)| {
        xml.put("Key", key).put("Value", value);
    });
    xml
}

fn describe_load_balancers(form: &Form, world: &World) -> Answered {
    let all = &world.load_balancing.load_balancers;
    let (arns, names) = (form.list("LoadBalancerArns"), form.list("Names"));
    if arns.len() > ARNS_A_CALL {
        return Err(validation("You cannot describe more than 20 load balancers by ARN"));
    }
    let mut found: Vec<&LoadBalancer> = Vec::new();
    if !arns.is_empty() {
        for arn in arns {
            found.push(all.get(arn).ok_or_else(|| no_load_balancer(arn))?);
        }
    } else if !names.is_empty() {
        for name in names {
            let balancer = all.values().find(|balancer| balancer.name == name);
            found.push(balancer.ok_or_else(|| {
                AwsError::new("LoadBalancerNotFound", format!("Load balancers '[{name}]' not found"))
            })?);
        }
    } else {
        found.extend(all.values());
    }
    paged(form, "LoadBalancers", found, |xml, balancer| write_load_balancer(xml, balancer, world))
}

fn write_load_balancer(xml: &mut Xml, balancer: &LoadBalancer, world: &World) {
    let (kind, domain) = match balancer.kind {
        LoadBalancerKind::Application => ("application", "eu-west-1.elb.amazonaws.com"),
        LoadBalancerKind::Network => ("network", "elb.eu-west-1.amazonaws.com"),
    };
    let number: u32 = balancer.name.bytes().fold(1_000_000_007, |sum, byte| sum.wrapping_mul(31) ^ u32::from(byte));
    xml.put("LoadBalancerArn", &balancer.arn)
        .put("DNSName", format!("{}-{number}.{domain}", balancer.name))
        .put("CanonicalHostedZoneId", "Z32O12XQLNTSW2")
        .put("CreatedTime", world.told(balancer.created_at).iso())
        .put("LoadBalancerName", &balancer.name)
        .put("Scheme", if balancer.internal { "internal" } else { "internet-facing" })
        .put("VpcId", &balancer.vpc)
        .within("State", |xml| {
            xml.put("Code", "active");
        })
        .put("Type", kind)
        .list("AvailabilityZones", &balancer.nodes, |xml, node| {
            xml.put("ZoneName", &node.zone).put("SubnetId", &node.subnet).texts("LoadBalancerAddresses", None::<&str>);
        });
    if !balancer.security_groups.is_empty() {
        xml.texts("SecurityGroups", &balancer.security_groups);
    }
    xml.put("IpAddressType", "ipv4");
}

fn describe_listeners(form: &Form, world: &World) -> Answered {
    let all = &world.load_balancing.load_balancers;
    let arns = form.list("ListenerArns");
    let mut found: Vec<(&LoadBalancer, &Listener)> = Vec::new();
    if let Some(arn) = form.get("LoadBalancerArn") {
        let balancer = all.get(arn).ok_or_else(|| no_load_balancer(arn))?;
        found.extend(balancer.listeners.iter().map(|listener| (balancer, listener)));
    } else if arns.is_empty() {
        return Err(validation("You must specify either listener ARNs or a load balancer ARN"));
    } else {
        for arn in arns {
            found.push(listener(world, arn)?);
        }
    }
    paged(form, "Listeners", found, |xml, (balancer, listener)| {
        xml.put("ListenerArn", &listener.arn)
            .put("LoadBalancerArn", &balancer.arn)
            .put("Port", listener.port)
            .put("Protocol", listener.protocol);
        if listener.protocol == "HTTPS" {
            xml.list("Certificates", ["0f3b6f1e-52a0-4f0e-9d2e-6f1c3a9b7d55"], |xml, id| {
                xml.put("CertificateArn", format!("arn:aws:acm:eu-west-1:111122223333:certificate/{id}"));
            });
            xml.put("SslPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06");
        }
        write_actions(xml, "DefaultActions", &listener.default);
    })
}

fn listener<'a>(world: &'a World, arn: &str) -> Result<(&'a LoadBalancer, &'a Listener), AwsError> {
    let all = world.load_balancing.load_balancers.values();
    all.flat_map(|balancer| balancer.listeners.iter().map(move |listener| (balancer, listener)))
        .find(|(_, listener)| listener.arn == arn)
        .ok_or_else(|| AwsError::new("ListenerNotFound", "One or more listeners not found"))
}

fn describe_rules(form: &Form, world: &World) -> Answered {
    /// A rule of its own, or the default of its listener.
    enum Either<'a> {
        Rule(&'a Rule),
        Default(&'a Listener),
    }
    let asked = form.list("RuleArns");
    let mut found: Vec<Either<'_>> = Vec::new();
    if let Some(arn) = form.get("ListenerArn") {
        let (_, listener) = listener(world, arn)?;
        found.extend(listener.rules.iter().map(Either::Rule));
        found.push(Either::Default(listener));
    } else if asked.is_empty() {
        return Err(validation("You must specify either listener rule ARNs or a listener ARN"));
    } else {
        let listeners = || world.load_balancing.load_balancers.values().flat_map(|balancer| &balancer.listeners);
        for arn in asked {
            let rule = listeners().flat_map(|listener| &listener.rules).find(|rule| rule.arn == arn).map(Either::Rule);
            let default = || listeners().find(|listener| listener.default_rule_arn == arn).map(Either::Default);
            let missing = || AwsError::new("RuleNotFound", "One or more rules not found");
            found.push(rule.or_else(default).ok_or_else(missing)?);
        }
    }
    paged(form, "Rules", found, |xml, rule| match rule {
        Either::Rule(rule) => {
            xml.put("RuleArn", &rule.arn).put("Priority", rule.priority);
            xml.within("Conditions", |xml| {
                for (field, config, values) in [
                    ("host-header", "HostHeaderConfig", &rule.hosts),
                    ("path-pattern", "PathPatternConfig", &rule.paths),
                ] {
                    if !values.is_empty() {
                        xml.within("member", |xml| {
                            xml.put("Field", field).texts("Values", values).within(config, |xml| {
                                xml.texts("Values", values);
                            });
                        });
                    }
                }
            });
            write_actions(xml, "Actions", &rule.action);
            xml.put("IsDefault", false);
        }
        Either::Default(listener) => {
            xml.put("RuleArn", &listener.default_rule_arn).put("Priority", "default").texts("Conditions", None::<&str>);
            write_actions(xml, "Actions", &listener.default);
            xml.put("IsDefault", true);
        }
    })
}

fn write_actions(xml: &mut Xml, name: &str, action: &RuleAction) {
    xml.list(name, [action], |xml, action| match action {
        RuleAction::Forward(arn) => {
            xml.put("Type", "forward").put("TargetGroupArn", arn).put("Order", 1).within("ForwardConfig", |xml| {
                xml.list("TargetGroups", [arn], |xml, arn| {
                    xml.put("TargetGroupArn", arn).put("Weight", 1);
                })
                .within("TargetGroupStickinessConfig", |xml| {
                    xml.put("Enabled", false);
                });
            });
        }
        RuleAction::RedirectToHttps => {
            xml.put("Type", "redirect").put("Order", 1).within("RedirectConfig", |xml| {
                xml.put("Protocol", "HTTPS")
                    .put("Port", 443)
                    .put("Host", "#{host}")
                    .put("Path", "/#{path}")
                    .put("Query", "#{query}")
                    .put("StatusCode", "HTTP_301");
            });
        }
        RuleAction::Fixed(status) => {
            xml.put("Type", "fixed-response").put("Order", 1).within("FixedResponseConfig", |xml| {
                xml.put("StatusCode", status).put("ContentType", "text/plain");
            });
        }
    });
}

fn describe_tags(form: &Form) -> Answered {
    let arns = form.list("ResourceArns");
    if arns.len() > ARNS_A_CALL {
        return Err(validation("You cannot describe the tags of more than 20 resources"));
    }
    let mut xml = Xml::default();
    xml.list("TagDescriptions", arns, |xml, arn| {
        xml.put("ResourceArn", arn).texts("Tags", None::<&str>);
    });
    Ok(xml)
}

fn modify_target_group(form: &Form, world: &mut World) -> Answered {
    let arn = required(form, "TargetGroupArn")?.to_owned();
    let seconds = |key: &str, least: u64, most: u64| match form.number(key)? {
        Some(value) if !(least..=most).contains(&value) => {
            Err(validation(format!("{key} must be between {least} and {most}")))
        }
        value => Ok(value.map(Duration::from_secs)),
    };
    let count = |key: &str| match form.number(key)? {
        None => Ok(None),
        Some(value @ 2..=10) => Ok(u32::try_from(value).ok()),
        Some(_) => Err(validation(format!("{key} must be between 2 and 10"))),
    };
    let port = match form.get("HealthCheckPort") {
        None => None,
        Some("traffic-port") => Some(CheckPort::Traffic),
        Some(port) => {
            let number = port.parse().map_err(|_| validation(format!("'{port}' is not a valid port")))?;
            Some(CheckPort::Fixed(number))
        }
    };
    let protocol = match form.get("HealthCheckProtocol") {
        None => None,
        Some("HTTP") => Some(CheckProtocol::Http),
        Some("HTTPS") => Some(CheckProtocol::Https),
        Some("TCP") => Some(CheckProtocol::Tcp),
        Some(other) => return Err(validation(format!("'{other}' is not a valid health check protocol"))),
    };
    let change = HealthCheckChange {
        protocol,
        port,
        path: form.get("HealthCheckPath").map(str::to_owned),
        matcher: form.get("Matcher.HttpCode").map(str::to_owned),
        interval: seconds("HealthCheckIntervalSeconds", 5, 300)?,
        timeout: seconds("HealthCheckTimeoutSeconds", 2, 120)?,
        healthy_threshold: count("HealthyThresholdCount")?,
        unhealthy_threshold: count("UnhealthyThresholdCount")?,
    };
    let group = world.modify_target_group(&arn, &change).cloned().ok_or_else(no_target_group)?;
    let mut xml = Xml::default();
    xml.list("TargetGroups", [group], |xml, group| write_target_group(xml, &group));
    Ok(xml)
}
