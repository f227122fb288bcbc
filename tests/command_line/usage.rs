//! Help, and what is said to a command line that makes no sense.

use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn help_reads_well() {
    for command in ["", "demo", "simulate", "services", "tasks", "redeploy", "scale"] {
        let out = Program::bare().run(&format!("{command} --help")).await.done();
        let name = if command.is_empty() { "help".to_owned() } else { format!("help_{command}") };
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, out);
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_is_that_of_the_package() {
    let out = Program::bare().run("--version").await.done();
    assert_eq!(out, format!("ecsight {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_says_what_is_wrong() {
    for (arguments, expected) in [
        ("--clutser shop", "--cluster"),
        ("servces", "services"),
        ("services --output yaml", "[possible values: table, json]"),
        ("scale web many", "COUNT"),
        ("scale web -1", "COUNT"),
        ("redeploy", "SERVICE"),
        ("redeploy web --service api", "--service"),
        ("--service api scale web 3 --yes", "--service"),
        ("redeploy web --wait --timeout soon", "90s, 15m or 1h30m"),
        ("--endpoint-url localhost services", "http://127.0.0.1:4566"),
        ("simulate --fault nonsense", "DescribeServices=throttle"),
        ("simulate --listen everywhere", "ADDRESS"),
    ] {
        let err = Program::bare().run(arguments).await.refused(2);
        assert!(err.starts_with("error: ") && err.contains(expected), "{arguments}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_needs_a_terminal() {
    for arguments in ["", "demo", "--cluster shop", "demo --seed 3"] {
        let err = Program::equipped().run(arguments).await.refused(2);
        assert!(err.starts_with("error: ") && err.contains("needs a terminal"), "{arguments}: {err}");
    }
}
