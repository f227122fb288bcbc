//! Faults: each as the SDK sees it, and gone when it is healed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use aws_sdk_ecs::error::SdkError;
use ecsight::sim::{Fault, FaultKind, Injection};

use crate::clients::{Bench, code_and_message};

async fn ask(bench: &Bench) -> Result<(), (String, String)> {
    let answer = bench.ecs.list_clusters().send().await;
    answer.map(|_| ()).map_err(|error| {
        let (code, message) = code_and_message(&error);
        (code.to_owned(), message.to_owned())
    })
}

async fn ask_elb(bench: &Bench) -> Result<(), (String, String)> {
    let answer = bench.elb.describe_target_groups().send().await;
    answer.map(|_| ()).map_err(|error| {
        let (code, message) = code_and_message(&error);
        (code.to_owned(), message.to_owned())
    })
}

async fn ask_ec2(bench: &Bench) -> Result<(), (String, String)> {
    let answer = bench.ec2.describe_subnets().send().await;
    answer.map(|_| ()).map_err(|error| {
        let (code, message) = code_and_message(&error);
        (code.to_owned(), message.to_owned())
    })
}

#[tokio::test]
async fn ec2_has_words_of_its_own() {
    let bench = Bench::demo().await;
    let denied = "You are not authorized to perform this operation. User: arn:aws:sts::111122223333:assumed-role/";
    let cases = [
        ("throttle", "RequestLimitExceeded", "Request limit exceeded."),
        ("deny", "UnauthorizedOperation", denied),
        ("expired", "RequestExpired", "Request has expired."),
        ("500", "InternalError", "An internal error has occurred"),
        ("503", "Unavailable", "The service is unavailable."),
        ("501", "NotImplemented", "The operation is not implemented by this endpoint."),
        ("garbage", "", ""),
        ("reset", "", ""),
    ];
    for (text, expected, message) in cases {
        let injection: Injection = format!("DescribeSubnets={text}:1").parse().unwrap();
        bench.simulator.inject(&injection.operation, injection.fault);
        let (code, said) = ask_ec2(&bench).await.unwrap_err();
        assert!(code == expected && said.starts_with(message), "{text}: {code}: {said}");
        assert_eq!(ask_ec2(&bench).await, Ok(()));
    }
    bench.simulator.inject("DescribeSubnets", FaultKind::Deny);
    let (_, message) = ask_ec2(&bench).await.unwrap_err();
    assert!(message.ends_with("no identity-based policy allows the ec2:DescribeSubnets action"), "{message}");
    bench.simulator.heal_all();
    bench.simulator.inject("DescribeSubnets", FaultKind::Hang);
    let waiting = tokio::spawn({
        let ec2 = bench.ec2.clone();
        async move { ec2.describe_subnets().send().await.is_ok() }
    });
    while bench.simulator.calls_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask_elb(&bench).await, Ok(()));
    bench.simulator.heal_all();
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn errors_are_those_of_aws_and_wear_off() {
    let bench = Bench::demo().await;
    let caller = "User: arn:aws:sts::111122223333:assumed-role/OnCall/demo is not authorized to perform:";
    let expired = "The security token included in the request is expired";
    let cases = [
        ("throttle", "ThrottlingException", "Throttling", "Rate exceeded".to_owned()),
        ("deny", "AccessDeniedException", "AccessDenied", caller.to_owned()),
        ("expired", "ExpiredTokenException", "ExpiredToken", expired.to_owned()),
        ("500", "ServerException", "InternalFailure", "The request processing has failed".to_owned()),
        ("503", "ServiceUnavailableException", "ServiceUnavailable", "The request has failed due to".to_owned()),
    ];
    for (text, of_ecs, of_elb, message) in cases {
        for operation in ["ListClusters", "DescribeTargetGroups"] {
            let injection: Injection = format!("{operation}={text}:1").parse().unwrap();
            bench.simulator.inject(&injection.operation, injection.fault);
        }
        let (code, said) = ask(&bench).await.unwrap_err();
        assert!(code == of_ecs && said.starts_with(&message), "{text}: {code}: {said}");
        let (code, said) = ask_elb(&bench).await.unwrap_err();
        assert!(code == of_elb && said.starts_with(&message), "{text}: {code}: {said}");
        assert_eq!((ask(&bench).await, ask_elb(&bench).await), (Ok(()), Ok(())));
    }
}

#[tokio::test]
async fn denials_name_the_action() {
    let bench = Bench::demo().await;
    bench.simulator.inject("*", FaultKind::Deny);
    let (_, message) = ask(&bench).await.unwrap_err();
    assert!(message.contains("ecs:ListClusters on resource: arn:aws:ecs:"), "{message}");
    let (_, message) = ask_elb(&bench).await.unwrap_err();
    assert!(
        message.ends_with(
            "elasticloadbalancing:DescribeTargetGroups because no identity-based policy allows the \
             elasticloadbalancing:DescribeTargetGroups action"
        ),
        "{message}"
    );
    bench.simulator.heal("*");
    assert_eq!(ask(&bench).await, Ok(()));
}

#[tokio::test]
async fn a_reset_is_a_real_reset() {
    let bench = Bench::demo().await;
    bench.simulator.inject("ListClusters", Fault::from(FaultKind::Reset).times(2));
    let error = bench.ecs.list_clusters().send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    let address = bench.simulator.address();
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n";
        write!(stream, "{head}content-length: 2\r\n\r\n{{}}").unwrap();
        stream.read(&mut [0; 16])
    });
    assert_eq!(read.await.unwrap().unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(ask(&bench).await, Ok(()));
}

#[tokio::test]
async fn hanging_calls_are_answered_when_healed() {
    let bench = Bench::demo().await;
    bench.simulator.inject("ListClusters", FaultKind::Hang);
    let waiting = tokio::spawn({
        let ecs = bench.ecs.clone();
        async move { ecs.list_clusters().send().await.is_ok() }
    });
    while bench.simulator.calls_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask_elb(&bench).await, Ok(()));
    assert!(!waiting.is_finished());
    bench.simulator.heal_all();
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn a_client_that_leaves_ends_a_hanging_call() {
    let bench = Bench::demo().await;
    bench.simulator.inject("*", FaultKind::Hang);
    let waiting = tokio::spawn({
        let ecs = bench.ecs.clone();
        async move { ecs.list_clusters().send().await.is_ok() }
    });
    while bench.simulator.calls_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    drop(waiting.await);
    while bench.simulator.calls_in_flight() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let bench = Bench::demo().await;
    bench.simulator.inject("*", FaultKind::Garbage);
    let no_words = (String::new(), String::new());
    assert_eq!(ask(&bench).await, Err(no_words.clone()));
    assert_eq!(ask_elb(&bench).await, Err(no_words));
}

#[tokio::test]
async fn latency_delays_and_concurrency_is_seen() {
    let bench = Bench::demo().await;
    bench.simulator.inject("ListClusters", FaultKind::Latency(Duration::from_millis(100)));
    let begun = Instant::now();
    let calls = (0..4).map(|_| {
        let ecs = bench.ecs.clone();
        tokio::spawn(async move { ecs.list_clusters().send().await.is_ok() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert!(begun.elapsed() >= Duration::from_millis(100));
    assert_eq!(bench.simulator.calls()["ListClusters"], 4);
    assert_eq!(bench.simulator.peak_concurrency_of("ListClusters"), 4);
    bench.simulator.reset_calls();
    assert!(bench.simulator.calls().is_empty());
    assert_eq!(bench.simulator.peak_concurrency(), 0);
}

#[tokio::test]
async fn dropping_it_stops_it() {
    let bench = Bench::demo().await;
    let address = bench.simulator.address();
    drop(bench);
    while TcpStream::connect(address).is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn answers_carry_the_date_of_the_world_and_a_request_id() {
    use aws_sdk_ecs::operation::RequestId;
    let bench = Bench::demo().await;
    let answer = bench.ecs.list_clusters().send().await.unwrap();
    assert_eq!(answer.request_id().map(str::len), Some(36));
    let answer = bench.sts.get_caller_identity().send().await.unwrap();
    assert_eq!(aws_sdk_sts::operation::RequestId::request_id(&answer).map(str::len), Some(36));
    let address = bench.simulator.address();
    let head = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        write!(
            stream,
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    let head = head.await.unwrap();
    assert!(head.contains("date: Mon, 02 Mar 2026 03:00:00 GMT"), "{head}");
}
