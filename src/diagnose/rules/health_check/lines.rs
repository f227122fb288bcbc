//! What single log lines say, whatever wrote them: `Tomcat started on port(s): 8080 (http)`, `Listening at:
//! http://127.0.0.1:8000`, `Started Shop in 92.4 seconds`. A line about a connection to something else is no line about
//! listening, and what is not understood says nothing.

use std::sync::LazyLock;

use jiff::SignedDuration;
use regex::Regex;

/// A pattern, or nothing if it does not compile, which a test excludes for each.
type Pattern = LazyLock<Option<Regex>>;

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

fn says(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Longest part of a line that is read.
const READ: usize = 600;

fn beginning(message: &str) -> &str {
    message.char_indices().nth(READ).and_then(|(end, _)| message.get(..end)).unwrap_or(message)
}

/// Who can connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bind {
    /// Only the task itself, by an address (`127.0.0.1`).
    Loopback,
    /// Only the task itself, by the name `localhost`, which some programs print whatever they are bound to.
    Localhost,
    /// Everybody.
    Any,
    /// Not told, or an address of its own.
    Untold,
}

/// That something listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    pub(super) bind: Bind,
    pub(super) port: Option<u16>,
    /// Whether it is a port beside the application's own: metrics, administration, debugging.
    pub(super) aside: bool,
}

static VERB: Pattern = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:listening|listens|listen on|running|serving|started|accepting connections|bound (?:on|to)|binding to|server at|server on|responding at|launched from|available (?:at|on)|ready (?:at|on))\b",
    )
});

/// Lines that speak of other ends, of failures, or of requests.
static OTHER: Pattern = LazyLock::new(|| {
    pattern(
        r"(?i)\bconnect(?:ed|ing|ion|ions|or)?\b(?: pool)?[^.]{0,40}\b(?:to|with|at)\b|\bconnection\b|\bdial|\bupstream|\bproxy(?:ing|_pass)?\b|\bforward(?:ing|ed)\b|redis|postgres|mysql|mariadb|mongo|kafka|amqp|rabbit|elasticsearch|opensearch|memcached|cassandra|jaeger|otel|otlp|opentelemetry|statsd|datadog|consul|zipkin|x-?ray\b|\bbroker|\bcollector|\bdatabase\b|\bclient\b|\bsmtp\b|\bdsn\b|\bjdbc|\bfail(?:ed|ure|s)?\b|\bcannot\b|\bunable\b|(?:^|[^.\w])error\b|\brefused\b|in use|EADDR|\bwaiting for\b|\b(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS) /|\bstopp(?:ed|ing)\b|\bshut(?:ting)? ?down\b|no longer",
    )
});

/// Ports beside the application's own.
static ASIDE: Pattern = LazyLock::new(|| {
    pattern(
        r"(?i)\bmetrics?\b|prometheus|\badmin(?:istration)?\b|\bmanagement\b|\bactuator\b|\bdebug(?:ger|ging)?\b|\binspector\b|\bpprof\b|\bjmx\b|\bjdwp\b|dt_socket|\bprofil(?:er|ing)\b|live ?reload|\bhmr\b|\bhealth\b|\bprobes?\b|\bstats?\b|\bgossip\b|\bcluster\b|\braft\b|\bdns\b|\bssh\b|\binternal\b|\bcontrol\b",
    )
});

/// An address with a port: after a scheme any host, otherwise only what cannot be the time of day.
static ADDRESS: Pattern = LazyLock::new(|| {
    pattern(
        r#"(?i)(?:[a-z][a-z0-9+.]*://(?P<host>\[[0-9a-f:.]*\]|[a-z0-9_.*-]*|:::?1?)|(?P<bare>\b127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|\blocalhost|\[[0-9a-f:.]*\]|::1|::|\*|(?:^|[\s"'=({/,])))[:](?P<port>\d{2,5})\b"#,
    )
});

/// A port by its name: `on port 3000`, `port(s): 8080`, `"port":8080`.
static PORT: Pattern =
    LazyLock::new(|| pattern(r#"(?i)\bports?(?:\(s\))?["']?\s*(?:number\s*)?[:=]?\s*["']?(?P<port>\d{2,5})\b"#));

static LOOPBACK: Pattern = LazyLock::new(|| pattern(r"\b127\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|\[::1\]|(?:^|[^:\w])::1\b"));
static LOCALHOST: Pattern = LazyLock::new(|| pattern(r"(?i)\blocalhost\b"));
static ANY: Pattern = LazyLock::new(|| {
    pattern(r"\b0\.0\.0\.0\b|\[::\]|(?:^|[\s(/'=])(?:::|\*)(?::\d|[\s,)]|$)|(?i:\ball (?:addresses|interfaces)\b)")
});

fn bind_of(text: &str) -> Bind {
    if says(&ANY, text) {
        Bind::Any
    } else if says(&LOOPBACK, text) {
        Bind::Loopback
    } else if says(&LOCALHOST, text) {
        Bind::Localhost
    } else {
        Bind::Untold
    }
}

/// Reads a line about listening.
pub(super) fn listening(message: &str) -> Option<Listening> {
    let message = beginning(message);
    let verb = VERB.as_ref()?.find(message)?;
    let others: String = message.split(verb.as_str()).collect();
    if says(&OTHER, &others) {
        return None;
    }
    let aside = says(&ASIDE, message);
    let after = message.get(verb.start()..).unwrap_or(message);
    let near = after.char_indices().nth(160).and_then(|(end, _)| after.get(..end)).unwrap_or(after);
    let address = ADDRESS.as_ref()?.captures(near).or_else(|| {
        // `PHP 8.2 Development Server (http://localhost:8000) started`
        let scheme = message.contains("://");
        if scheme { ADDRESS.as_ref()?.captures(message) } else { None }
    });
    if let Some(found) = address {
        let port = found.name("port").and_then(|port| port.as_str().parse().ok()).filter(|port| *port > 0)?;
        let host = found.name("host").or_else(|| found.name("bare")).map_or("", |host| host.as_str());
        // `:8080` is every address.
        let bare = host.trim_matches(|sign: char| sign.is_whitespace() || "\"'=({/,".contains(sign));
        let bind = if bare.is_empty() && !says(&LOOPBACK, near) && !says(&LOCALHOST, near) {
            Bind::Any
        } else {
            bind_of(if bare.is_empty() { near } else { host })
        };
        return Some(Listening { bind, port: Some(port), aside });
    }
    if let Some(found) = PORT.as_ref()?.captures(near) {
        let port = found.name("port").and_then(|port| port.as_str().parse().ok()).filter(|port| *port > 0)?;
        return Some(Listening { bind: bind_of(message), port: Some(port), aside });
    }
    // `Running on all addresses (0.0.0.0)`
    (bind_of(near) == Bind::Any).then_some(Listening { bind: Bind::Any, port: None, aside })
}

static LOCAL: Pattern =
    LazyLock::new(|| pattern(r"(?i)\bLocal:\s+https?://(?:localhost|127\.0\.0\.1|\[::1\]):(?P<port>\d{2,5})\b"));

/// The port of `Local: http://localhost:5173/`, which some development servers print.
pub(super) fn local_port(message: &str) -> Option<u16> {
    LOCAL.as_ref()?.captures(beginning(message))?.name("port")?.as_str().parse().ok()
}

static START: Pattern = LazyLock::new(|| {
    pattern(
        r"(?i)(?:\bstarted\b(?:\s+[\w.$:@\[\]-]+){0,6}?[:,;]?\s+(?:in|after|took)|\b(?:start-?up(?: completed?| time| took)?|booted(?: up)?|boot(?:ing)? (?:completed|took)|ready|up and running)[:,]?(?:\s+(?:in|after|took))?)\s+\[?(?P<n>\d+(?:[.,]\d+)?)\]?\s*(?P<unit>milliseconds?|millis|msecs?|ms|minutes?|mins?|m|seconds?|secs?|s)\b",
    )
});

/// What is still to come.
static LATER: Pattern = LazyLock::new(|| pattern(r"(?i)\b(?:will|next|retry|retrying|until|scheduled|ago)\b"));

/// How long a start took by the words of whoever started: `Started Shop in 92.4 seconds`.
pub(super) fn start_time(message: &str) -> Option<SignedDuration> {
    if says(&LATER, beginning(message)) {
        return None;
    }
    let found = START.as_ref()?.captures(beginning(message))?;
    let number: f64 = found.name("n")?.as_str().replace(',', ".").parse().ok()?;
    let unit = found.name("unit")?.as_str().to_ascii_lowercase();
    let seconds = match unit.as_str() {
        unit if unit.starts_with("mil") || unit.starts_with("ms") => number / 1_000.0,
        unit if unit.starts_with('m') => number * 60.0,
        _ => number,
    };
    SignedDuration::try_from_secs_f64(seconds).ok().filter(|time| *time <= SignedDuration::from_hours(1))
}

static PLAIN_TO_TLS: Pattern = LazyLock::new(|| {
    pattern(
        r"(?i)first record does not look like a TLS handshake|plain HTTP request was sent to HTTPS port|client sent an HTTP request to an HTTPS server|speaking plain HTTP to an SSL-enabled|not an SSL/TLS record|SSL_do_handshake\(\) failed|SSL routines:[^ ]*:http request|SSL: HTTP_REQUEST|wrong version number|Unsupported or unrecognized SSL message",
    )
});

static TLS_TO_PLAIN: Pattern = LazyLock::new(|| {
    pattern(
        r#"(?i)Invalid character found in method name \[?\\?(?:0x16|x16|\x16)|0x16\s?0x03|\\x16\\x03|\\u0016\\u0003|Bad request version \(|malformed HTTP request "\\x16|HPE_INVALID_METHOD|invalid HTTP method.{0,20}\\x16"#,
    )
});

/// Whether a server that speaks TLS complains about plain HTTP.
pub(super) fn plain_to_tls(message: &str) -> bool {
    says(&PLAIN_TO_TLS, beginning(message))
}

/// Whether a server that speaks plain HTTP complains about TLS.
pub(super) fn tls_to_plain(message: &str) -> bool {
    says(&TLS_TO_PLAIN, beginning(message))
}

static OLD_TLS: Pattern = LazyLock::new(|| {
    pattern(
        r"(?i)client offered only unsupported versions|unsupported protocol|no protocols? available|protocol version not supported|no appropriate protocol|alert protocol version|ERR_SSL_UNSUPPORTED_PROTOCOL|supports? only TLS ?v?1\.3|TLS ?v?1\.3 only",
    )
});

/// Whether a server complains that its client speaks no version of TLS it accepts.
pub(super) fn old_tls(message: &str) -> bool {
    says(&OLD_TLS, beginning(message))
}

static HOST: Pattern = LazyLock::new(|| {
    pattern(
        r"(?i)invalid http_host header|disallowedhost|blocked hosts?\b|invalid host header|host not allowed|hostauthorization|host (?:header )?[^ ]+ is not (?:allowed|permitted)|unknown host header|misdirected request",
    )
});

/// Whether a server complains about the Host header.
pub(super) fn host_refused(message: &str) -> bool {
    says(&HOST, beginning(message))
}

static ERROR: Pattern = LazyLock::new(|| {
    pattern(r"(?i)\b(?:error|exception|traceback|panic|fatal|critical|caused by|unhandled)\b|\w+(?:Error|Exception)\b")
});

/// Whether a line speaks of an error.
pub(super) fn is_error(message: &str) -> bool {
    says(&ERROR, beginning(message))
}

static OWN_CHECK: Pattern = LazyLock::new(|| {
    pattern(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(?P<port>\d+))?(?P<path>/[A-Za-z0-9._~/-]*)")
});

/// The path a container's own health check asks on this port.
pub(super) fn checked_path(command: &str, port: Option<u16>) -> Option<String> {
    let found = OWN_CHECK.as_ref()?.captures(command)?;
    let asked: u16 = found.name("port").and_then(|port| port.as_str().parse().ok()).unwrap_or(80);
    if port.is_some_and(|port| port != asked) {
        return None;
    }
    let path = found.name("path")?.as_str();
    (path != "/").then(|| path.to_owned())
}

#[cfg(test)]
mod tests;
