use std::ffi::OsString;
use std::path::PathBuf;

use super::*;

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// A look-up in a table, with `XDG_CONFIG_HOME` at a place that does not exist unless the table says otherwise.
fn environment<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
    move |wanted| {
        let found = variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| OsString::from(value));
        found.or_else(|| (wanted == "XDG_CONFIG_HOME").then(|| OsString::from("/nonexistent")))
    }
}

/// A configuration file at the usual place of a folder that lives as long as the value.
fn home(text: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("ecsight")).unwrap();
    std::fs::write(home.path().join("ecsight/config.toml"), text).unwrap();
    home
}

/// The error that a file with this text gives, without the path of the file.
fn complaint(text: &str) -> String {
    file::parse(text).unwrap_err().to_string()
}

#[test]
fn without_any_source_there_are_only_defaults() {
    let settings = Settings::load(Layer::default(), None, &environment(&[])).unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(settings.refresh_interval().as_secs(), 5);
    assert!(!settings.read_only);
}

#[test]
fn flags_beat_variables_which_beat_the_file() {
    let home = home("cluster = 'file'\nservice = 'file'\nregion = 'file'\nread_only = true\nrefresh_seconds = 30\n");
    let xdg = home.path().to_str().unwrap();
    let variables = [
        ("XDG_CONFIG_HOME", xdg),
        ("ECSIGHT_CLUSTER", "variable"),
        ("ECSIGHT_SERVICE", "variable"),
        ("ECSIGHT_READ_ONLY", "no"),
    ];
    let flags = Layer { cluster: Some("flag".to_owned()), ..Layer::default() };
    let settings = Settings::load(flags, None, &environment(&variables)).unwrap();
    assert_eq!(settings.cluster.as_deref(), Some("flag"));
    assert_eq!(settings.service.as_deref(), Some("variable"));
    assert_eq!(settings.region.as_deref(), Some("file"));
    assert_eq!(settings.refresh_interval().as_secs(), 30);
    assert!(!settings.read_only);
}

#[test]
fn empty_text_says_nothing() {
    let home = home("cluster = 'file'\nendpoint_url = ''\n");
    let variables = [("XDG_CONFIG_HOME", home.path().to_str().unwrap()), ("ECSIGHT_CLUSTER", ""), ("NO_COLOR", "")];
    let settings = Settings::load(Layer::default(), None, &environment(&variables)).unwrap();
    assert_eq!(settings.cluster.as_deref(), Some("file"));
    assert_eq!(settings.endpoint_url, None);
    assert!(!settings.no_color);
}

#[test]
fn every_variable_reaches_its_setting() {
    let variables = [
        ("ECSIGHT_CLUSTER", "c"),
        ("ECSIGHT_SERVICE", "s"),
        ("ECSIGHT_PROFILE", "p"),
        ("ECSIGHT_REGION", "r"),
        ("ECSIGHT_ENDPOINT_URL", "http://h"),
        ("ECSIGHT_READ_ONLY", "1"),
        ("ECSIGHT_REFRESH", "9"),
        ("ECSIGHT_NO_LIVE_TAIL", "yes"),
        ("ECSIGHT_LOG_FILE", "log"),
        ("NO_COLOR", "1"),
    ];
    let settings = Settings::load(Layer::default(), None, &environment(&variables)).unwrap();
    let text = |text: &str| Some(text.to_owned());
    let expected = Settings {
        cluster: text("c"),
        service: text("s"),
        profile: text("p"),
        region: text("r"),
        endpoint_url: "http://h".parse().ok(),
        read_only: true,
        refresh: "9".parse().unwrap(),
        no_color: true,
        no_live_tail: true,
        log_file: Some(PathBuf::from("log")),
        ..Settings::default()
    };
    assert_eq!(settings, expected);
}

#[test]
fn a_file_that_was_asked_for_must_exist_and_the_usual_one_need_not() {
    let missing = std::path::Path::new("/nonexistent/ecsight.toml");
    let error = Settings::load(Layer::default(), Some(missing), &environment(&[])).unwrap_err();
    assert!(error.to_string().starts_with("cannot read the configuration file /nonexistent/ecsight.toml: "), "{error}");
    let named = [("ECSIGHT_CONFIG", "/nonexistent/other.toml")];
    let error = Settings::load(Layer::default(), None, &environment(&named)).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/other.toml"), "{error}");
}

#[test]
fn faults_show_the_line_with_a_caret_and_the_key_that_was_meant() {
    for (text, expected) in [
        (
            "region = 'eu-west-1'\nclutser = 'shop'\n",
            "line 2: unknown key `clutser`; did you mean `cluster`?\n 2 | clutser = 'shop'\n   | ^^^^^^^",
        ),
        ("frobnicate = 1\n", "line 1: unknown key `frobnicate`\n 1 | frobnicate = 1\n   | ^^^^^^^^^^"),
        (
            "refresh_seconds = 0",
            "line 1: must be a whole number of seconds from 1 to 3600\n 1 | refresh_seconds = 0\n   |                   ^",
        ),
        (
            "[theme]\ngood = 'bold gren'\n",
            "line 2: `gren` is neither a colour nor an attribute; did you mean `green`?\n 2 | good = 'bold gren'\n   |        \
             ^^^^^^^^^^^",
        ),
        (
            "[theme]\ngoood = 'green'\n",
            "line 2: `goood` is none of plain, strong, dim, good, warn, bad, accent, focus; did you mean `good`?\n 2 | goood = \
             'green'\n   | ^^^^^",
        ),
        (
            "[keys]\nredeploy = 7\n",
            "line 2: must be a key like \"R\" or several like [\"R\", \"ctrl-r\"]\n 2 | redeploy = 7\n   |            ^",
        ),
        (
            "read_only = 'yes'",
            "line 1: invalid type: string \"yes\", expected a boolean\n 1 | read_only = 'yes'\n   |             ^^^^^",
        ),
        (
            "endpoint_url = 'localhost'",
            "line 1: must be an address like http://127.0.0.1:4566 or https://ecs.example.com\n 1 | endpoint_url = \
             'localhost'\n   |                ^^^^^^^^^^^",
        ),
    ] {
        assert_eq!(complaint(text), expected);
    }
}

#[test]
fn faults_never_carry_what_a_terminal_obeys() {
    let shown = complaint("cluster = 'a'\n\u{1b}[2J = 1\n");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    assert!(shown.contains("line 2"), "{shown}");
}

#[test]
fn faults_in_any_text_are_placed_without_panicking() {
    for text in
        ["", "=", "a", "a\n\n\n=", "é = ü", "'''\n\n", "[", "[theme", "keys = 1", "\r\n\r\n= \r\n", "cluster = '東京"]
    {
        if let Err(fault) = file::parse(text) {
            assert!(fault.line >= 1 && fault.length >= 1, "{text:?}: {fault:?}");
        }
    }
}

#[test]
fn wrong_variables_are_named() {
    for (variable, value, expected) in [
        (
            "ECSIGHT_REFRESH",
            "soon",
            "the environment variable ECSIGHT_REFRESH must be a whole number of seconds from 1 to 3600, not \"soon\"",
        ),
        (
            "ECSIGHT_READ_ONLY",
            "maybe",
            "the environment variable ECSIGHT_READ_ONLY must be true or false, not \"maybe\"",
        ),
    ] {
        let error = Settings::load(Layer::default(), None, &environment(&[(variable, value)])).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

/// The example with every setting uncommented: settings are commented out as `#key`, prose as `# text`.
fn uncommented() -> String {
    let setting = |line: &&str| line.strip_prefix('#').is_some_and(|rest| !rest.starts_with([' ', '#']));
    EXAMPLE
        .lines()
        .map(|line| if setting(&line) { line.trim_start_matches('#') } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_example_changes_nothing_until_it_is_edited() {
    assert_eq!(file::parse(EXAMPLE).unwrap(), Layer::default());
    let settings = Settings::default().with(file::parse(&uncommented()).unwrap());
    // The default theme belongs to the user interface; here it counts that every tone is shown.
    assert_eq!(settings.theme.len(), 8);
    assert_eq!(Settings { theme: BTreeMap::new(), ..settings }, Settings::default());
}

#[test]
fn the_example_names_every_key_there_is() {
    let schema = serde_json::to_value(Layer::default()).unwrap();
    let example: toml::Table = uncommented().parse().unwrap();
    let known: Vec<&String> = schema.as_object().unwrap().keys().collect();
    for key in &known {
        assert!(example.contains_key(key.as_str()), "{key} is missing from the example");
    }
    assert_eq!(example.len(), known.len());
}
