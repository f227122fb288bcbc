//! Settings reach the program from file, environment and flags, and what is wrong with them is shown.

use crate::program::Program;
use crate::worlds::{shop, still};

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_the_file_is_shown_with_a_caret() {
    let program = Program::equipped().configured("region = 'eu-west-1'\nclutser = 'shop'\n");
    let err = program.run("services").await.refused(2);
    let expected = "line 2: unknown key `clutser`; did you mean `cluster`?\n 2 | clutser = 'shop'\n   | ^^^^^^^\n";
    assert!(err.starts_with("error: in ") && err.ends_with(expected), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_asked_for_must_exist() {
    let err = Program::equipped().run("--config nowhere.toml services").await.refused(2);
    assert!(err.starts_with("error: cannot read the configuration file nowhere.toml"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_commands_that_do_not_exist_are_told() {
    let err = Program::equipped().configured("[keys]\nredeplo = 'R'\n").run("").await.refused(2);
    assert!(err.starts_with("error: ") && err.contains("redeplo"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_variable_is_named() {
    let err = Program::equipped().with("ECSIGHT_REFRESH", "often").run("services").await.refused(2);
    assert!(err.contains("ECSIGHT_REFRESH"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_source_reaches_the_program_and_the_nearest_wins() {
    let simulator = still(shop()).await;
    let program = || Program::on(&simulator).configured("cluster = 'shop'\nservice = 'mailer'\n");
    let names = async |program: Program, arguments: &str| {
        let listed = program.run(arguments).await.json();
        listed.as_array().unwrap().iter().map(|entry| entry["service"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(program(), "services -o json").await, ["mailer"]);
    assert_eq!(names(program().with("ECSIGHT_SERVICE", "storefront"), "services -o json").await, ["storefront"]);
    let both = program().with("ECSIGHT_SERVICE", "storefront");
    assert_eq!(names(both, "services -o json --service invoices").await, ["invoices"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_file_is_for_its_owner_and_has_no_secrets() {
    let simulator = still(shop()).await;
    let program = Program::on(&simulator).with("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2");
    program.run("--log-file trace.log scale mailer 2 --cluster shop --yes").await.done();
    let path = program.home().join("trace.log");
    let trace = std::fs::read_to_string(&path).unwrap();
    assert!(trace.contains("ecs:UpdateService"), "changes are traced: {trace}");
    assert!(!trace.contains("hunter2"), "{trace}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    }
}
