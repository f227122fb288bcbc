//! Snapshots of what stands on stdout and stderr, without what the simulator draws by lot.

/// Compares a text with the one kept under this name.
#[track_caller]
pub fn assert_kept(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    for (drawn, shown) in [
        (r"\b[0-9a-f]{32}\b", "[task id]"),
        (r"ecs-svc/\d+", "ecs-svc/[id]"),
        // The column of addresses is as wide as what is in it.
        (r"ADDRESS +", "ADDRESS  "),
        (r"\b10\.0\.\d+\.\d+ +", "[address]  "),
        (r"\b10\.0\.\d+\.\d+\b", "[address]"),
        (r"\beu-west-1[abc]\b", "[zone]"),
        // Tasks take some seconds to start and to stop.
        (r"(T\d\d:\d\d):[\d.]+Z", "$1:[s]Z"),
    ] {
        settings.add_filter(drawn, shown);
    }
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
