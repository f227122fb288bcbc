//! `ecsight explain`: pages of findings, without AWS.

use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn the_list_names_every_finding_with_its_severity() {
    let list = Program::bare().run("explain").await.done();
    for id in ["tg-code-mismatch-redirect", "sg-task-ingress-wrong-source-group", "deployment-min-max-deadlock"] {
        assert!(list.lines().any(|line| line.starts_with(id)), "{list}");
    }
    assert!(list.contains("Known and not implemented"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_meaning_decision_fix_and_sources() {
    let page = Program::bare().run("explain tg-code-mismatch-redirect").await.done();
    for heading in ["Meaning", "How it is decided", "How to fix it", "Sources", "https://docs.aws.amazon.com/"] {
        assert!(page.contains(heading), "{page}");
    }
    assert!(page.lines().all(|line| line.chars().count() <= 100 || line.contains("https://")), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_implemented_says_why() {
    let page = Program::bare().run("explain asg-launch-failing").await.done();
    assert!(page.contains("Not implemented.") && page.contains("Auto Scaling groups"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_id_is_told_with_near_ones() {
    let complaint = Program::bare().run("explain tg-code-mismatch-redirct").await.refused(2);
    assert!(complaint.contains("tg-code-mismatch-redirect"), "{complaint}");
}
