use super::*;

#[test]
fn patterns_compile() {
    for pattern in [
        &VERB,
        &OTHER,
        &ASIDE,
        &ADDRESS,
        &PORT,
        &LOOPBACK,
        &LOCALHOST,
        &ANY,
        &LOCAL,
        &START,
        &LATER,
        &PLAIN_TO_TLS,
        &TLS_TO_PLAIN,
        &OLD_TLS,
        &HOST,
        &ERROR,
        &OWN_CHECK,
    ] {
        assert!(pattern.is_some());
    }
}

#[test]
fn servers_say_where_they_listen() {
    use Bind::{Any, Localhost, Loopback, Untold};
    for (line, bind, port) in [
        ("Tomcat started on port(s): 8080 (http) with context path ''", Untold, Some(8080)),
        ("Tomcat started on port 8080 (http) with context path '/'", Untold, Some(8080)),
        (
            "2026-11-20 12:34:56.789  INFO 1 --- [main] o.s.b.web.embedded.netty.NettyWebServer : Netty started on port 8080",
            Untold,
            Some(8080),
        ),
        ("INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)", Loopback, Some(8000)),
        ("INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)", Any, Some(8000)),
        (r#"{"logger":"uvicorn.error","message":"Uvicorn running on http://0.0.0.0:8000"}"#, Any, Some(8000)),
        ("[2026-11-20 10:00:00 +0000] [1] [INFO] Listening at: http://127.0.0.1:8000 (1)", Loopback, Some(8000)),
        ("* Listening on http://0.0.0.0:3000", Any, Some(3000)),
        ("* Listening on http://127.0.0.1:3000", Loopback, Some(3000)),
        ("* Listening on http://[::1]:3000", Loopback, Some(3000)),
        ("Now listening on: http://localhost:5000", Localhost, Some(5000)),
        ("Now listening on: http://[::]:8080", Any, Some(8080)),
        (" * Running on http://127.0.0.1:5000", Loopback, Some(5000)),
        (" * Running on all addresses (0.0.0.0)", Any, None),
        ("Starting development server at http://127.0.0.1:8000/", Loopback, Some(8000)),
        ("Example app listening on port 3000!", Untold, Some(3000)),
        ("Server running at http://localhost:3000/", Localhost, Some(3000)),
        ("Listening on http://127.0.0.1:8080", Loopback, Some(8080)),
        (r#"{"level":"info","msg":"listening","addr":":8080"}"#, Any, Some(8080)),
        (r#"level=info msg="server started" port=8080"#, Untold, Some(8080)),
        (r#"{"level":30,"msg":"Server listening at http://127.0.0.1:3000"}"#, Loopback, Some(3000)),
        ("2026/11/20 10:00:00 listening on :8080", Any, Some(8080)),
        ("listening on *:3000", Any, Some(3000)),
        ("Serving HTTP on 0.0.0.0 port 8000 (http://0.0.0.0:8000/) ...", Any, Some(8000)),
        ("Serving HTTP on 127.0.0.1 port 8000", Loopback, Some(8000)),
        ("Started ServerConnector@1b2c{HTTP/1.1, (http/1.1)}{0.0.0.0:8080}", Any, Some(8080)),
        ("[info] Running Shop.Endpoint with Bandit 1.5.0 at 127.0.0.1:4000 (http)", Loopback, Some(4000)),
        ("PHP 8.2.1 Development Server (http://localhost:8000) started", Localhost, Some(8000)),
        (" INFO  Accepting connections at http://localhost:3000", Localhost, Some(3000)),
        ("ready - started server on 0.0.0.0:3000, url: http://localhost:3000", Any, Some(3000)),
        ("Rocket has launched from http://127.0.0.1:8000", Loopback, Some(8000)),
    ] {
        let found = listening(line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!((found.bind, found.port, found.aside), (bind, port, false), "{line}");
    }
}

#[test]
fn what_is_no_listening_is_not_taken_for_it() {
    for line in [
        "connected to postgres at localhost:5432",
        "redis client running against localhost:6379",
        "Started connection pool to db.internal:5432",
        "Worker started, broker at localhost:5672",
        "Connecting to http://localhost:8081, started",
        "dial tcp 127.0.0.1:5432: connect: connection refused while running migrations",
        "Waiting for localhost:8080, server on hold",
        "10.0.1.5 - - [20/Nov/2026:10:00:00 +0000] \"GET /running HTTP/1.1\" 200 512",
        "Started Shop in 4.2 seconds (process running for 5.1)",
        "Error: listen EADDRINUSE: address already in use :::3000, started nothing",
        "job started at 12:34:56",
        "Tomcat initialized with port(s): 8080 (http)",
        "server on standby",
        "",
    ] {
        assert_eq!(listening(line), None, "{line}");
    }
    for line in [
        "Metrics server listening on :9090",
        "Debugger listening on ws://127.0.0.1:9229/0f2c936f",
        "admin interface listening on 127.0.0.1:9901",
        "Listening for transport dt_socket at address: 5005, port 5005",
    ] {
        assert!(listening(line).is_none_or(|found| found.aside), "{line}");
    }
}

#[test]
fn starts_are_timed() {
    for (line, millis) in [
        ("Started ShopApplication in 92.4 seconds (process running for 95.1)", 92_400),
        ("Started Shop in 4.2 seconds (JVM running for 5.0)", 4_200),
        ("started in 92 s", 92_000),
        ("app started in 92s", 92_000),
        ("Server startup in [92345] milliseconds", 92_345),
        ("VITE v5.0.0  ready in 300 ms", 300),
        ("Application startup took 2 minutes", 120_000),
        ("startup completed in 75 seconds", 75_000),
    ] {
        assert_eq!(start_time(line), Some(SignedDuration::from_millis(millis)), "{line}");
    }
    for line in [
        "will be ready in 60 s",
        "started 3 minutes ago",
        "Job finished in 92 s",
        "started 4 workers",
        "retrying, ready in 30 s",
        "Started in 9999999 hours",
    ] {
        assert_eq!(start_time(line), None, "{line}");
    }
}

#[test]
fn complaints_are_told_apart() {
    for line in [
        "http: TLS handshake error from 10.0.1.5:4711: tls: first record does not look like a TLS handshake",
        "400 The plain HTTP request was sent to HTTPS port",
        "client sent an HTTP request to an HTTPS server.",
        "io.netty.handler.ssl.NotSslRecordException: not an SSL/TLS record: 474554",
    ] {
        assert!(plain_to_tls(line) && !tls_to_plain(line), "{line}");
    }
    for line in [
        "Invalid character found in method name [0x160x030x01]. HTTP method names must be tokens",
        r"code 400, message Bad request version ('\x13\x02')",
        r#""\x16\x03\x01\x00\xEE" 400 157"#,
    ] {
        assert!(tls_to_plain(line) && !plain_to_tls(line), "{line}");
    }
    assert!(host_refused(
        "Invalid HTTP_HOST header: '10.0.1.7:8080'. You may need to add '10.0.1.7' to ALLOWED_HOSTS."
    ));
    assert!(host_refused("[ActionDispatch::HostAuthorization::DefaultResponseApp] Blocked hosts: 10.0.1.7:8080"));
    assert!(!host_refused("connected to host db"));
    assert!(old_tls("tls: client offered only unsupported versions: [303]") && !old_tls("TLS handshake done"));
    assert_eq!(local_port("  ➜  Local:   http://localhost:5173/"), Some(5173));
}

#[test]
fn a_container_tells_the_path_it_asks() {
    for (command, port, path) in [
        ("CMD-SHELL curl -f http://localhost:8080/actuator/health || exit 1", Some(8080), Some("/actuator/health")),
        ("CMD-SHELL wget -q -O- http://127.0.0.1/health", Some(80), Some("/health")),
        ("CMD-SHELL curl -f http://localhost:9000/health", Some(8080), None),
        ("CMD-SHELL curl -f http://localhost:8080/", Some(8080), None),
        ("CMD /bin/check", Some(8080), None),
    ] {
        assert_eq!(checked_path(command, port).as_deref(), path, "{command}");
    }
}
