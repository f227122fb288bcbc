//! How calls and answers look on the wire, whatever the service: AWS JSON 1.1, and the query protocol with XML answers.

use std::fmt::Display;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::cloudwatch::{self, Shape};
use super::fault::FaultKind;
use crate::sim::world::{ACCOUNT, REGION};

/// Who asks, as far as the simulator is concerned.
pub(crate) const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/OnCall/demo";

/// The AWS services that are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Ecs,
    LoadBalancing,
    Sts,
    Ec2,
    Logs,
    Scaling,
    /// Which speaks more than one protocol.
    CloudWatch(Dialect),
}

/// In which protocol a call to CloudWatch came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Smithy RPC v2 with CBOR, which current SDKs speak.
    Cbor,
    /// AWS JSON 1.0.
    Json,
    /// Query with XML, which older SDKs speak.
    Query,
}

impl Service {
    fn protocol(self) -> Protocol {
        match self {
            Self::Ecs | Self::Logs | Self::Scaling | Self::CloudWatch(Dialect::Json) => Protocol::Json,
            Self::CloudWatch(Dialect::Cbor) => Protocol::Cbor,
            Self::CloudWatch(Dialect::Query) => Protocol::Query("http://monitoring.amazonaws.com/doc/2010-08-01/"),
            Self::LoadBalancing => Protocol::Query("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"),
            Self::Sts => Protocol::Query("https://sts.amazonaws.com/doc/2011-06-15/"),
            Self::Ec2 => Protocol::Ec2,
        }
    }

    /// The prefix of its actions in IAM policies.
    fn iam_prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::LoadBalancing => "elasticloadbalancing",
            Self::Sts => "sts",
            Self::Ec2 => "ec2",
            Self::Logs => "logs",
            Self::Scaling => "application-autoscaling",
            Self::CloudWatch(_) => "cloudwatch",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Json,
    Cbor,
    /// With the namespace of its answers.
    Query(&'static str),
    /// The query protocol in EC2's own dialect.
    Ec2,
}

/// The namespace of EC2's answers.
const EC2_NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// A call as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) parameters: Parameters,
}

#[derive(Clone, Debug)]
pub(crate) enum Parameters {
    Json(Value),
    Form(Form),
}

/// Form fields: `TargetGroupArns.member.1=…`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// `key.member.1`, `key.member.2` …; empty if there is none.
    pub(crate) fn list(&self, key: &str) -> Vec<&str> {
        (1..).map_while(|place| self.get(&format!("{key}.member.{place}"))).collect()
    }

    /// `key.1`, `key.2` …, as EC2 counts; empty if there is none.
    pub(crate) fn counted(&self, key: &str) -> Vec<&str> {
        (1..).map_while(|place| self.get(&format!("{key}.{place}"))).collect()
    }

    /// The fields as the tree their dotted names speak of; `member.N` are places in a list.
    fn nested(&self) -> Value {
        let mut root = Value::Null;
        for (name, value) in &self.0 {
            let mut place = &mut root;
            for part in name.split('.') {
                if !place.is_object() {
                    *place = json!({});
                }
                place = &mut place[part];
            }
            *place = Value::String(value.clone());
        }
        with_lists(root)
    }

    /// A number, or the error AWS gives for something else.
    pub(crate) fn number(&self, key: &str) -> Result<Option<u64>, AwsError> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| AwsError::new("ValidationError", format!("'{text}' is not a valid value for {key}")))
        };
        self.get(key).map(parse).transpose()
    }
}

impl Call {
    /// Reads a call, or says in no service's name what is wrong with it.
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Answer> {
        if let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
            let unknown = || AwsError::new("UnknownOperationException", "").written(Protocol::Json, "");
            let (prefix, operation) = target.split_once('.').ok_or_else(unknown)?;
            let service = match prefix {
                "AmazonEC2ContainerServiceV20141113" => Service::Ecs,
                "Logs_20140328" => Service::Logs,
                "AnyScaleFrontendService" => Service::Scaling,
                "GraniteServiceVersion20100801" => Service::CloudWatch(Dialect::Json),
                _ => return Err(unknown()),
            };
            let text = if body.is_empty() { b"{}".as_slice() } else { body };
            let parameters = serde_json::from_slice(text).map_err(|error| {
                AwsError::new("SerializationException", error.to_string()).written(Protocol::Json, "")
            })?;
            return Ok(Self { service, operation: operation.to_owned(), parameters: Parameters::Json(parameters) });
        }
        let form = Form(form_urlencoded::parse(body).into_owned().collect());
        let service = match form.get("Version") {
            Some("2011-06-15") => Service::Sts,
            Some("2016-11-15") => Service::Ec2,
            Some("2010-08-01") => Service::CloudWatch(Dialect::Query),
            _ => Service::LoadBalancing,
        };
        if let Some(operation) = form.get("Action").map(str::to_owned) {
            if let Service::CloudWatch(_) = service {
                return Ok(Self { service, operation, parameters: Parameters::Json(form.nested()) });
            }
            return Ok(Self { service, operation, parameters: Parameters::Form(form) });
        }
        let error = AwsError::new("MissingAction", "The request must contain the parameter Action.");
        Err(error.written(service.protocol(), "none"))
    }

    /// Reads a call of the protocol RPC v2 CBOR, which names service and operation in the path; absent if it is none.
    pub(crate) fn read_rpc(path: &str, body: &[u8]) -> Option<Result<Self, Answer>> {
        let (service, operation) = path.strip_prefix("/service/")?.split_once("/operation/")?;
        let unknown = || AwsError::new("UnknownOperationException", "").written(Protocol::Cbor, "");
        if service != "GraniteServiceVersion20100801" {
            return Some(Err(unknown()));
        }
        let parameters = cloudwatch::from_cbor(body)
            .map_err(|error| AwsError::new("SerializationException", error.to_string()).written(Protocol::Cbor, ""));
        Some(parameters.map(|parameters| Self {
            service: Service::CloudWatch(Dialect::Cbor),
            operation: operation.to_owned(),
            parameters: Parameters::Json(parameters),
        }))
    }

    /// The answer to this call, or its error, in the protocol of the service.
    pub(crate) fn answer(&self, result: Result<Content, AwsError>, request_id: &str) -> Answer {
        match (result, self.service.protocol()) {
            (Err(error), protocol) => error.written(protocol, request_id),
            (Ok(Content::Json(value)), _) => Answer::json(200, &value),
            (Ok(Content::Xml(result)), Protocol::Ec2) => Answer::ec2(&self.operation, &result, request_id),
            (Ok(Content::Shape(shape)), Protocol::Json) => Answer::json(200, &shape.json()),
            (Ok(Content::Shape(shape)), Protocol::Cbor) => Answer::cbor(200, &shape),
            (Ok(Content::Shape(shape)), Protocol::Query(_) | Protocol::Ec2) => {
                self.answer(Ok(Content::Xml(shape.xml())), request_id)
            }
            (Ok(Content::Xml(result)), protocol) => {
                let namespace = if let Protocol::Query(namespace) = protocol { namespace } else { "" };
                let operation = &self.operation;
                Answer::xml(
                    200,
                    format!(
                        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{}</{operation}Result>\
                         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>",
                        result.text
                    ),
                )
            }
        }
    }

    /// The error that a fault makes of this call; absent for faults that are none of AWS's words.
    pub(crate) fn error_of(&self, fault: FaultKind) -> Option<AwsError> {
        if self.service == Service::Ec2 {
            return ec2_error_of(&self.operation, fault);
        }
        let json = matches!(self.service.protocol(), Protocol::Json | Protocol::Cbor);
        let word = |of_json: &'static str, of_query: &'static str| if json { of_json } else { of_query };
        Some(match fault {
            FaultKind::Throttle => AwsError::new(word("ThrottlingException", "Throttling"), "Rate exceeded"),
            FaultKind::Deny => {
                let action = format!("{}:{}", self.service.iam_prefix(), self.operation);
                let resource = match self.service {
                    Service::Ecs => format!(" on resource: arn:aws:ecs:{REGION}:{ACCOUNT}:*"),
                    _ => String::new(),
                };
                AwsError {
                    status: if json { 400 } else { 403 },
                    ..AwsError::new(
                        word("AccessDeniedException", "AccessDenied"),
                        format!(
                            "User: {CALLER} is not authorized to perform: {action}{resource} because no identity-based policy \
                             allows the {action} action"
                        ),
                    )
                }
            }
            FaultKind::ExpiredToken => AwsError {
                status: if json { 400 } else { 403 },
                ..AwsError::new(
                    word("ExpiredTokenException", "ExpiredToken"),
                    "The security token included in the request is expired",
                )
            },
            FaultKind::Status(503) => AwsError {
                status: 503,
                ..AwsError::new(
                    word("ServiceUnavailableException", "ServiceUnavailable"),
                    "The request has failed due to a temporary failure of the server.",
                )
            },
            // What an endpoint says that lacks the operation.
            FaultKind::Status(501) => AwsError {
                status: 501,
                ..AwsError::new("NotImplemented", "The operation is not implemented by this endpoint.")
            },
            FaultKind::Status(status) => AwsError {
                status,
                ..AwsError::new(
                    word("ServerException", "InternalFailure"),
                    "The request processing has failed because of an unknown error.",
                )
            },
            FaultKind::Latency(_) | FaultKind::Reset | FaultKind::Hang | FaultKind::Garbage => return None,
        })
    }

    /// Whether it is this operation.
    pub(crate) fn is(&self, service: Service, operation: &str) -> bool {
        self.service == service && self.operation == operation
    }

    /// What AWS says to an operation it does not have.
    pub(crate) fn unknown_operation(&self) -> AwsError {
        match self.service.protocol() {
            Protocol::Json | Protocol::Cbor => AwsError::new("UnknownOperationException", ""),
            Protocol::Query(_) | Protocol::Ec2 => AwsError::new(
                "InvalidAction",
                format!("The action {} is not valid for this web service.", self.operation),
            ),
        }
    }
}

/// The same for EC2, which has words of its own for nearly all of them.
fn ec2_error_of(operation: &str, fault: FaultKind) -> Option<AwsError> {
    let action = format!("ec2:{operation}");
    let (status, code, message) = match fault {
        FaultKind::Throttle => (503, "RequestLimitExceeded", "Request limit exceeded.".to_owned()),
        FaultKind::Deny => (
            403,
            "UnauthorizedOperation",
            format!(
                "You are not authorized to perform this operation. User: {CALLER} is not authorized to perform: {action} \
                 because no identity-based policy allows the {action} action"
            ),
        ),
        FaultKind::ExpiredToken => (400, "RequestExpired", "Request has expired.".to_owned()),
        FaultKind::Status(503) => {
            (503, "Unavailable", "The service is unavailable. Please try again shortly.".to_owned())
        }
        FaultKind::Status(501) => {
            (501, "NotImplemented", "The operation is not implemented by this endpoint.".to_owned())
        }
        FaultKind::Status(status) => (status, "InternalError", "An internal error has occurred".to_owned()),
        FaultKind::Latency(_) | FaultKind::Reset | FaultKind::Hang | FaultKind::Garbage => return None,
    };
    Some(AwsError { status, ..AwsError::new(code, message) })
}

/// The inside of an answer that worked.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Json(Value),
    Xml(Xml),
    Shape(Shape),
}

/// What is numbered below `member` becomes a list.
fn with_lists(value: Value) -> Value {
    let Value::Object(mut fields) = value else { return value };
    let Some(Value::Object(members)) = fields.get("member") else {
        for field in fields.values_mut() {
            *field = with_lists(field.take());
        }
        return Value::Object(fields);
    };
    let mut numbered: Vec<(u32, Value)> =
        members.iter().filter_map(|(number, item)| Some((number.parse().ok()?, item.clone()))).collect();
    numbered.sort_by_key(|(number, _)| *number);
    Value::Array(numbered.into_iter().map(|(_, item)| with_lists(item)).collect())
}

/// An error as AWS words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// What is said besides, under this name, where the protocol is JSON.
    pub(crate) detail: Option<(&'static str, Value)>,
}

impl AwsError {
    /// With status 400, which is what nearly all of them have.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into(), detail: None }
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    fn written(&self, protocol: Protocol, request_id: &str) -> Answer {
        match protocol {
            Protocol::Json if self.message.is_empty() => Answer::json(self.status, &json!({ "__type": self.code })),
            Protocol::Json => {
                let mut error = json!({ "__type": self.code, "message": self.message });
                if let (Some((name, detail)), Value::Object(fields)) = (&self.detail, &mut error) {
                    fields.insert((*name).to_owned(), detail.clone());
                }
                Answer::json(self.status, &error)
            }
            Protocol::Ec2 => {
                let mut error = Xml::default();
                error.put("Code", self.code).put("Message", &self.message);
                Answer::xml(
                    self.status,
                    format!(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>{}</Error></Errors>\
                         <RequestID>{request_id}</RequestID></Response>",
                        error.text
                    ),
                )
            }
            Protocol::Cbor => {
                let fields = vec![("__type", Shape::text(self.code)), ("message", Shape::text(&self.message))];
                Answer::cbor(self.status, &Shape::Record(fields))
            }
            Protocol::Query(namespace) => {
                let kind = if self.status < 500 { "Sender" } else { "Receiver" };
                let mut error = Xml::default();
                error.put("Type", kind).put("Code", self.code).put("Message", &self.message);
                Answer::xml(
                    self.status,
                    format!(
                        "<ErrorResponse xmlns=\"{namespace}\"><Error>{}</Error><RequestId>{request_id}</RequestId>\
                         </ErrorResponse>",
                        error.text
                    ),
                )
            }
        }
    }
}

/// An answer ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn json(status: u16, value: &Value) -> Self {
        Self { status, content_type: "application/x-amz-json-1.1", body: value.to_string().into_bytes() }
    }

    fn cbor(status: u16, shape: &Shape) -> Self {
        Self { status, content_type: "application/cbor", body: shape.cbor() }
    }

    fn xml(status: u16, body: String) -> Self {
        Self { status, content_type: "text/xml", body: body.into_bytes() }
    }

    fn ec2(operation: &str, result: &Xml, request_id: &str) -> Self {
        Self::xml(
            200,
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"{EC2_NAMESPACE}\">\
                 <requestId>{request_id}</requestId>{}</{operation}Response>",
                result.text
            ),
        )
    }

    /// An answer that nobody can read.
    pub(crate) fn garbage() -> Self {
        Self { status: 200, content_type: "text/html", body: "<html><body>It works!</p>\u{0}{".to_owned().into_bytes() }
    }
}

/// XML, written from left to right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// `<name>value</name>`
    pub(crate) fn put(&mut self, name: &str, value: impl Display) -> &mut Self {
        let value = value.to_string();
        let escaped = quick_xml::escape::escape(&value);
        self.text.extend(["<", name, ">", &escaped, "</", name, ">"]);
        self
    }

    /// The same if there is a value.
    pub(crate) fn put_some(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.put(name, value);
        }
        self
    }

    /// An element with elements inside.
    pub(crate) fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.text.extend(["<", name, ">"]);
        inside(self);
        self.text.extend(["</", name, ">"]);
        self
    }

    /// `<name><member>…</member><member>…</member></name>`
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.within(name, |xml| {
            for item in items {
                xml.within("member", |xml| write(xml, item));
            }
        })
    }

    /// `<name><item>…</item><item>…</item></name>`, as EC2 writes lists.
    pub(crate) fn items<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.within(name, |xml| {
            for item in items {
                xml.within("item", |xml| write(xml, item));
            }
        })
    }

    /// The same for members that are plain text.
    pub(crate) fn texts<T: Display>(&mut self, name: &str, items: impl IntoIterator<Item = T>) -> &mut Self {
        self.within(name, |xml| {
            for item in items {
                xml.put("member", item);
            }
        })
    }
}

/// One page of a list, and the token of the next.
pub(crate) fn page<T>(items: Vec<T>, token: Option<&str>, size: usize) -> Result<(Vec<T>, Option<String>), BadToken> {
    let start = match token {
        None => 0,
        Some(token) => token.strip_prefix(TOKEN).and_then(|rest| rest.parse::<usize>().ok()).ok_or(BadToken)?,
    };
    let total = items.len();
    let page: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let next = (start + page.len() < total).then(|| format!("{TOKEN}{}", start + size));
    Ok((page, next))
}

/// Tokens are opaque to clients; this makes a wrong one recognisable.
const TOKEN: &str = "c2ltdWxhdGVk";

/// A token that was not handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadToken;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_to_each_other() {
        let (first, token) = page(vec![1, 2, 3], None, 2).unwrap();
        assert_eq!(first, [1, 2]);
        let (second, end) = page(vec![1, 2, 3], token.as_deref(), 2).unwrap();
        assert_eq!((second, end), (vec![3], None));
        assert_eq!(page(vec![1, 2], None, 2), Ok((vec![1, 2], None)));
        assert_eq!(page(vec![1], Some("made up"), 2), Err(BadToken));
    }

    #[test]
    fn text_is_escaped() {
        let mut xml = Xml::default();
        xml.list("Things", ["a<b", "&"], |xml, thing| {
            xml.put("Name", thing);
        });
        assert_eq!(
            xml.text,
            "<Things><member><Name>a&lt;b</Name></member><member><Name>&amp;</Name></member></Things>"
        );
    }

    #[test]
    fn lists_of_a_form_end_at_the_first_gap() {
        let form = Form(form_urlencoded::parse(b"A.member.1=x&A.member.2=y&A.member.4=z").into_owned().collect());
        assert_eq!(form.list("A"), ["x", "y"]);
        assert!(form.list("B").is_empty());
    }

    #[test]
    fn dotted_names_of_a_form_are_a_tree() {
        let body = b"Q.member.2.Id=b&Q.member.1.Id=a&Q.member.10.Id=c&Q.member.1.M.D.member.1.Name=n&X=1";
        let form = Form(form_urlencoded::parse(body).into_owned().collect());
        let expected = json!({
            "Q": [{ "Id": "a", "M": { "D": [{ "Name": "n" }] } }, { "Id": "b" }, { "Id": "c" }],
            "X": "1",
        });
        assert_eq!(form.nested(), expected);
    }
}
