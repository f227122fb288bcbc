//! What went wrong, in words for people. The SDK knows five ways to fail and AWS some hundred codes; a person needs to know
//! whether to wait, to log in, to ask for a permission or to fix a name.
//!
//! ```text
//!  on the wire:    code, status, message, body ──▶ [`answered`]
//!                  timeout, connection         ──▶ [`unanswered`]
//!  before it:      region, credentials         ──▶ [`unsent`], [`no_credentials`]
//! ```

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;

use crate::model::call::{CallError, ErrorKind};

use super::operations::Operation;

/// A failure before it is known which operation of the program it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) request_id: Option<String>,
    pub(super) hint: Option<String>,
}

impl Failure {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), request_id: None, hint: None }
    }

    /// The failure of this operation.
    pub(super) fn of(self, operation: &Operation) -> CallError {
        let Self { kind, message, request_id, hint } = self;
        CallError { kind, operation: operation.named(), message, request_id, hint }
    }
}

/// An answer that is an error, or that cannot be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ErrorAnswer<'a> {
    /// HTTP status.
    pub(super) status: u16,
    /// AWS's code, without namespace.
    pub(super) code: Option<&'a str>,
    /// AWS's sentence.
    pub(super) message: Option<&'a str>,
    /// AWS's id of the request.
    pub(super) request_id: Option<&'a str>,
    /// The body as it came, if it is text.
    pub(super) body: &'a str,
}

/// Makes sense of an answer that is an error.
pub(super) fn answered(answer: &ErrorAnswer<'_>, profile: Option<&str>) -> Failure {
    let kind = kind_of_answer(answer);
    let said = answer.message.map(readable).filter(|message| !message.is_empty());
    let message = match (kind, said, answer.code) {
        (ErrorKind::NoCredentials, Some(said), _) => format!("AWS does not accept the credentials: {said}"),
        (ErrorKind::NoCredentials, None, code) => {
            format!("AWS does not accept the credentials ({})", code.unwrap_or("no reason given"))
        }
        (_, Some(said), _) => said.to_owned(),
        (ErrorKind::Unavailable, None, None) => format!("the endpoint does not offer it (HTTP {})", answer.status),
        (_, None, Some(code)) => format!("{code} (HTTP {})", answer.status),
        (_, None, None) if (200..300).contains(&answer.status) => "the answer could not be read".to_owned(),
        (_, None, None) => format!("HTTP {} without an explanation", answer.status),
    };
    let skewed = ["not yet current", "Signature expired", "Request has expired", "clock"];
    let hint = match kind {
        ErrorKind::NoCredentials | ErrorKind::ExpiredCredentials
            if skewed.iter().any(|sign| message.contains(sign)) =>
        {
            Some("set the clock of this machine: AWS measures the age of a request by it".to_owned())
        }
        ErrorKind::ExpiredCredentials => Some(log_in_again(profile)),
        _ => None,
    };
    Failure { kind, message, request_id: answer.request_id.map(ToOwned::to_owned), hint }
}

/// No sentence of AWS is longer, but for what [`readable`] leaves out.
const LONGEST_MESSAGE: usize = 1000;

/// What a person can read of a message. EC2 ends its denials with thousands of encoded characters that only
/// sts:DecodeAuthorizationMessage makes sense of.
fn readable(message: &str) -> &str {
    let message = message.split("Encoded authorization failure message").next().unwrap_or(message);
    let end = message.char_indices().nth(LONGEST_MESSAGE).map_or(message.len(), |(end, _)| end);
    message.get(..end).unwrap_or(message).trim()
}

fn kind_of_answer(answer: &ErrorAnswer<'_>) -> ErrorKind {
    if let Some(kind) = answer.code.and_then(|code| kind_of_code(code, answer.message.unwrap_or_default())) {
        return kind;
    }
    match answer.status {
        429 => ErrorKind::Throttled,
        401 => ErrorKind::NoCredentials,
        403 => ErrorKind::Denied,
        // None of the services has addresses that could be missing: who answers so without a code is not AWS. Emulators
        // answer an operation they lack with the error page of their web framework and no request id.
        404 | 405 | 501 => ErrorKind::Unavailable,
        500 if answer.request_id.is_none() && is_web_page(answer.body) => ErrorKind::Unavailable,
        500..=599 => ErrorKind::Server,
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Other,
    }
}

fn is_web_page(body: &str) -> bool {
    let start = body.trim_start().get(..9).unwrap_or_default().to_ascii_lowercase();
    start == "<!doctype" || start.starts_with("<html")
}

/// The codes services use for the same few facts: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>
/// and the same page of the other services; <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
fn kind_of_code(code: &str, message: &str) -> Option<ErrorKind> {
    let kind = match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "SlowDown" => ErrorKind::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "UnauthorizedException"
        | "NotAuthorized"
        | "NotAuthorizedException"
        | "AuthorizationError"
        | "OptInRequired"
        | "Blocked"
        | "BlockedException" => ErrorKind::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "TokenRefreshRequired"
        | "RequestTimeTooSkewed"
        | "ExpiredIdentityToken" => ErrorKind::ExpiredCredentials,
        "UnrecognizedClientException"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "AuthFailure"
        | "NotSignedUp" => ErrorKind::NoCredentials,
        "UnknownOperationException"
        | "UnknownOperation"
        | "InvalidAction"
        | "NotImplemented"
        | "NotYetImplemented"
        | "NotImplementedException"
        | "UnsupportedOperation" => ErrorKind::Unavailable,
        // How ECS says that a task definition does not exist.
        "ClientException" if message.contains("Unable to describe task definition") => ErrorKind::NotFound,
        "ServerException"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "InternalServiceException"
        | "InternalServiceFault"
        | "Unavailable"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => {
            // An emulator's way to say it lacks the operation.
            if ["not been implemented", "not implemented", "not supported in"].iter().any(|sign| message.contains(sign))
            {
                ErrorKind::Unavailable
            } else {
                ErrorKind::Server
            }
        }
        "ClientException" | "ValidationError" | "ValidationException" | "SerializationException" => ErrorKind::Invalid,
        "LimitExceededException" | "LimitExceeded" => ErrorKind::Quota,
        _ if code.ends_with("NotFound") || code.ends_with("NotFoundException") => ErrorKind::NotFound,
        _ if code.starts_with("Invalid") || code.starts_with("Malformed") || code.starts_with("Missing") => {
            ErrorKind::Invalid
        }
        _ => return None,
    };
    Some(kind)
}

/// No answer within the time allowed.
pub(super) fn timed_out(endpoint: &str, allowed: Duration) -> Failure {
    Failure::new(ErrorKind::Timeout, format!("no answer from {endpoint} within {}", seconds(allowed)))
}

/// The connection could not be made, or broke.
pub(super) fn unanswered(endpoint: &str, error: &(dyn Error + 'static)) -> Failure {
    Failure::new(ErrorKind::Network, format!("no connection to {endpoint}: {}", innermost(error)))
}

/// The connection broke in the middle of the answer.
pub(super) fn broken_off(endpoint: &str, error: &(dyn Error + 'static)) -> Failure {
    Failure::new(ErrorKind::Network, format!("the answer of {endpoint} broke off: {}", innermost(error)))
}

/// A failure of the SDK before anything was sent, other than credentials.
pub(super) fn unsent(error: &(dyn Error + 'static)) -> Failure {
    // The innermost cause only: those around it quote the request.
    let cause = innermost(error);
    if cause.contains("issing Region") || cause.contains("region must be set") {
        return no_region();
    }
    Failure::new(ErrorKind::Invalid, format!("the request could not be built: {cause}"))
}

/// No region was configured.
pub(super) fn no_region() -> Failure {
    Failure::new(ErrorKind::NoRegion, "no region is configured")
}

/// The chain of credential providers came to nothing.
pub(super) fn no_credentials(error: &CredentialsError, allowed: Duration, profile: Option<&str>) -> Failure {
    let text = error.source().map(chain).unwrap_or_default();
    let text = text.trim_start_matches("an error occurred while loading credentials: ");
    let session = [
        "SSO token has expired",
        "failed to load the cached SSO token",
        "cached SSO token file",
        "sso/cache",
        "sso\\cache",
        "Session token not found or invalid",
        "InvalidGrantException",
    ];
    if session.iter().any(|sign| text.contains(sign)) {
        let failure = Failure::new(ErrorKind::ExpiredCredentials, "the SSO session has expired or was never opened");
        return Failure { hint: Some(log_in_again(profile)), ..failure };
    }
    if text.contains("ExpiredToken") {
        return Failure { hint: Some(log_in_again(profile)), ..Failure::new(ErrorKind::ExpiredCredentials, text) };
    }
    let message = match error {
        CredentialsError::ProviderTimedOut(_) => format!("the credentials did not come within {}", seconds(allowed)),
        // The instance metadata service is the last of the chain: it is asked everywhere and is found on EC2 only.
        _ if text.contains("IMDS") => nothing_found(profile),
        CredentialsError::CredentialsNotLoaded(_) if text.is_empty() => nothing_found(profile),
        CredentialsError::CredentialsNotLoaded(_) => format!("{}: {text}", nothing_found(profile)),
        _ => format!("the credentials could not be loaded: {text}"),
    };
    Failure::new(ErrorKind::NoCredentials, message)
}

fn nothing_found(profile: Option<&str>) -> String {
    match profile {
        Some(profile) => format!("the profile {profile} has no credentials"),
        None => "no credentials in the environment, the configuration files or on this machine".to_owned(),
    }
}

/// The profile asked for is not in the configuration files, which have these.
pub(super) fn no_such_profile(profile: &str, others: &[String]) -> Failure {
    let message = format!("the profile {profile} is not in the AWS configuration files");
    let hint = match others {
        [] => "they have no profiles at all: run aws configure".to_owned(),
        others => format!("they have {}", others.join(", ")),
    };
    Failure { hint: Some(hint), ..Failure::new(ErrorKind::NoCredentials, message) }
}

fn log_in_again(profile: Option<&str>) -> String {
    match profile {
        Some(profile) => format!("log in again: aws sso login --profile {profile}"),
        None => "log in again: aws sso login".to_owned(),
    }
}

fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

/// The last of the causes, which is the one that says something: `Connection refused (os error 111)`.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

/// An error with its causes, each once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !said.is_empty() && !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(status: u16, code: &'a str, message: &'a str) -> ErrorAnswer<'a> {
        let code = Some(code).filter(|code| !code.is_empty());
        let message = Some(message).filter(|message| !message.is_empty());
        ErrorAnswer { status, code, message, request_id: Some("req-1"), body: "" }
    }

    #[test]
    fn codes_become_kinds() {
        for (status, code, message, kind) in [
            (400, "ThrottlingException", "Rate exceeded", ErrorKind::Throttled),
            (400, "Throttling", "Rate exceeded", ErrorKind::Throttled),
            (503, "RequestLimitExceeded", "", ErrorKind::Throttled),
            (429, "", "", ErrorKind::Throttled),
            (429, "TooManyRequestsException", "", ErrorKind::Throttled),
            (400, "AccessDeniedException", "User: x is not authorized", ErrorKind::Denied),
            (403, "AccessDenied", "", ErrorKind::Denied),
            (403, "UnauthorizedOperation", "", ErrorKind::Denied),
            (403, "", "", ErrorKind::Denied),
            (400, "ExpiredTokenException", "The security token is expired", ErrorKind::ExpiredCredentials),
            (403, "ExpiredToken", "", ErrorKind::ExpiredCredentials),
            (400, "RequestExpired", "", ErrorKind::ExpiredCredentials),
            (400, "UnrecognizedClientException", "The security token is invalid.", ErrorKind::NoCredentials),
            (403, "InvalidClientTokenId", "", ErrorKind::NoCredentials),
            (403, "SignatureDoesNotMatch", "", ErrorKind::NoCredentials),
            (400, "ClusterNotFoundException", "Cluster not found.", ErrorKind::NotFound),
            (400, "ServiceNotFoundException", "", ErrorKind::NotFound),
            (400, "TargetGroupNotFound", "", ErrorKind::NotFound),
            (400, "InvalidVpcID.NotFound", "", ErrorKind::NotFound),
            (400, "ResourceNotFoundException", "The specified log stream does not exist.", ErrorKind::NotFound),
            (400, "LoadBalancerNotFound", "", ErrorKind::NotFound),
            (400, "ClientException", "Unable to describe task definition.", ErrorKind::NotFound),
            (400, "ClientException", "Something else.", ErrorKind::Invalid),
            (400, "InvalidParameterException", "", ErrorKind::Invalid),
            (400, "ServiceNotActiveException", "Service was not ACTIVE.", ErrorKind::Invalid),
            (400, "UnknownOperationException", "", ErrorKind::Unavailable),
            (400, "InvalidAction", "", ErrorKind::Unavailable),
            (400, "UnsupportedOperation", "", ErrorKind::Unavailable),
            (503, "Unavailable", "", ErrorKind::Server),
            (501, "", "", ErrorKind::Unavailable),
            (501, "InternalFailure", "The operation has not been implemented", ErrorKind::Unavailable),
            (404, "", "", ErrorKind::Unavailable),
            (500, "ServerException", "", ErrorKind::Server),
            (500, "", "", ErrorKind::Server),
            (503, "", "", ErrorKind::Server),
            (400, "SomethingNew", "", ErrorKind::Invalid),
            (302, "", "", ErrorKind::Other),
            (200, "", "", ErrorKind::Other),
        ] {
            let failure = answered(&answer(status, code, message), None);
            assert_eq!(failure.kind, kind, "{status} {code} {message}");
            assert_eq!(failure.request_id.as_deref(), Some("req-1"));
            assert!(!failure.message.is_empty() && !failure.message.contains("Some("), "{}", failure.message);
        }
    }

    #[test]
    fn a_web_page_comes_from_an_emulator_and_a_gateways_page_does_not() {
        let page = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>";
        let emulator = ErrorAnswer { status: 500, body: page, ..ErrorAnswer::default() };
        assert_eq!(answered(&emulator, None).kind, ErrorKind::Unavailable);
        assert_eq!(answered(&emulator, None).message, "the endpoint does not offer it (HTTP 500)");
        let gateway = ErrorAnswer { status: 502, body: page, ..ErrorAnswer::default() };
        assert_eq!(answered(&gateway, None).kind, ErrorKind::Server);
        let aws = ErrorAnswer { request_id: Some("r"), ..emulator };
        assert_eq!(answered(&aws, None).kind, ErrorKind::Server);
    }

    #[test]
    fn messages_are_the_human_part() {
        for (status, code, message, shown) in [
            (400, "ClusterNotFoundException", "Cluster not found.", "Cluster not found."),
            (400, "InvalidParameterException", "", "InvalidParameterException (HTTP 400)"),
            (503, "", "", "HTTP 503 without an explanation"),
            (200, "", "", "the answer could not be read"),
            (403, "InvalidClientTokenId", "", "AWS does not accept the credentials (InvalidClientTokenId)"),
            (
                400,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                "AWS does not accept the credentials: The security token included in the request is invalid.",
            ),
        ] {
            assert_eq!(answered(&answer(status, code, message), None).message, shown);
        }
    }

    #[test]
    fn denials_of_ec2_keep_their_sentence_and_lose_the_code_after_it() {
        let sentence = "You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/eve is not \
                        authorized to perform: ec2:DescribeSubnets because no identity-based policy allows it";
        let long = format!("{sentence}. Encoded authorization failure message: {}", "bVG9".repeat(900));
        let failure = answered(&answer(403, "UnauthorizedOperation", &long), None);
        assert_eq!((failure.kind, failure.message), (ErrorKind::Denied, format!("{sentence}.")));
        let endless = "é".repeat(5000);
        assert_eq!(answered(&answer(400, "InvalidParameterValue", &endless), None).message.chars().count(), 1000);
        let only_code =
            answered(&answer(403, "UnauthorizedOperation", "Encoded authorization failure message: x"), None);
        assert_eq!(only_code.message, "UnauthorizedOperation (HTTP 403)");
    }

    #[test]
    fn expired_credentials_show_the_command_to_run() {
        let expired = answer(400, "ExpiredTokenException", "The security token included in the request is expired");
        assert_eq!(
            answered(&expired, Some("prod")).hint.as_deref(),
            Some("log in again: aws sso login --profile prod")
        );
        assert_eq!(answered(&expired, None).hint.as_deref(), Some("log in again: aws sso login"));
        let clock = answer(403, "SignatureDoesNotMatch", "Signature expired: 2020 is now earlier than 2026");
        assert!(answered(&clock, Some("prod")).hint.unwrap().contains("clock"));
    }

    #[test]
    fn credential_chains_fail_in_words() {
        let allowed = Duration::from_secs(10);
        let sso = CredentialsError::provider_error("the SSO token has expired and cannot be refreshed");
        let failure = no_credentials(&sso, allowed, Some("prod"));
        assert_eq!(failure.kind, ErrorKind::ExpiredCredentials);
        assert_eq!(failure.hint.as_deref(), Some("log in again: aws sso login --profile prod"));

        let slow = no_credentials(&CredentialsError::provider_timed_out(allowed), allowed, None);
        assert_eq!(
            (slow.kind, slow.message.as_str()),
            (ErrorKind::NoCredentials, "the credentials did not come within 10 s")
        );

        let none = no_credentials(&CredentialsError::not_loaded_no_source(), allowed, None);
        assert_eq!((none.kind, none.hint), (ErrorKind::NoCredentials, None));

        let bare = CredentialsError::provider_error("failed to load IMDS session token");
        assert!(no_credentials(&bare, allowed, None).message.starts_with("no credentials in"));
        assert_eq!(no_credentials(&bare, allowed, Some("x")).message, "the profile x has no credentials");

        let process = CredentialsError::provider_error("external process exited with code 1");
        assert_eq!(
            no_credentials(&process, allowed, None).message,
            "the credentials could not be loaded: external process exited with code 1"
        );

        let cache = CredentialsError::provider_error("failed to read `home/.aws/sso/cache/a5.json`: No such file");
        assert_eq!(no_credentials(&cache, allowed, None).kind, ErrorKind::ExpiredCredentials);

        let wrong =
            no_credentials(&CredentialsError::invalid_configuration("profile `x` was not defined"), allowed, None);
        assert_eq!(wrong.kind, ErrorKind::NoCredentials);
        assert!(wrong.message.contains("profile `x` was not defined"), "{}", wrong.message);
    }
}
