//! `ecsight simulate`

use std::net::TcpListener;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn it_says_where_it_listens_serves_and_ends_when_told() {
    for signal in [Signal::TERM, Signal::INT] {
        let arguments = "simulate --listen 127.0.0.1:0 --services 30 --clusters 2 --fault DescribeTargetHealth=deny";
        let program = Program::bare();
        let mut command = program.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next_line().await.unwrap().unwrap();
        let endpoint = first.strip_prefix("listening on ").expect("the first line says where");
        assert!(endpoint.starts_with("http://127.0.0.1:"), "{first}");

        let ran =
            Program::equipped().run(&format!("services --cluster cluster-2 -o json --endpoint-url {endpoint}")).await;
        assert!(ran.err.contains("elasticloadbalancing:DescribeTargetHealth"), "{}", ran.err);
        assert_eq!(ran.json().as_array().unwrap().len(), 15);

        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        let output = child.wait_with_output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{signal:?}");
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(err.contains("AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=eu-west-1"), "{err}");
        assert!(err.contains(endpoint), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let err = Program::bare().run(&format!("simulate --listen {address}")).await.refused(2);
    assert!(err.starts_with(&format!("error: cannot listen on {address}: ")), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_comes_from_a_file() {
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/worlds/desired-zero.toml");
    let program = Program::bare();
    let mut command = program.command(&format!("simulate --listen 127.0.0.1:0 --world {world}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    let endpoint = first.strip_prefix("listening on ").unwrap();
    let ran = Program::equipped().run(&format!("services --cluster shop -o json --endpoint-url {endpoint}")).await;
    assert_eq!(ran.json()[0]["service"], "seasonal");
}

#[tokio::test]
async fn a_file_that_is_no_world_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    std::fs::write(&path, "[[service]]\nname = \"web\"\ngrase = \"5s\"\n").unwrap();
    let err = Program::bare().run(&format!("simulate --world {}", path.display())).await.refused(2);
    assert!(err.contains("wrong.toml, line 3: unknown field `grase`"), "{err}");
    let err = Program::bare().run("simulate --world nowhere.toml").await.refused(2);
    assert!(err.starts_with("error: cannot read nowhere.toml: "), "{err}");
    Program::bare().run("simulate --world nowhere.toml --services 3").await.refused(2);
}
