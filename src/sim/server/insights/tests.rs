//! The query language, in tables.

use super::evaluate::evaluate;
use super::records::Record;
use super::syntax::parse;

/// 2026-03-02T03:00:00Z.
const START: i64 = 1_772_420_400_000;

/// Twelve lines, ten seconds apart, newest first: plain ones, requests as JSON, and an error.
fn lines() -> Vec<Record> {
    let texts = [
        "starting web, revision 7",
        r#"{"level":"info","method":"GET","path":"/","status":200,"ms":12,"user":{"id":7}}"#,
        r#"{"level":"info","method":"GET","path":"/cart","status":200,"ms":31,"user":{"id":9}}"#,
        r#"{"level":"error","method":"POST","path":"/pay","status":502,"ms":900,"tags":["slow","late"]}"#,
        "10.0.0.7 - - GET /healthz 200 in 3 ms",
        "10.0.0.8 - - GET /healthz 503 in 41 ms",
        "ERROR lost the database: timeout after 30 s",
        r#"{"level":"info","method":"GET","path":"/","status":200,"ms":8}"#,
        "it's \"quoted\"",
        "",
        "{not json",
        r#"{"level":"warn","method":"GET","path":"/","status":404,"ms":5}"#,
    ];
    let record = |(number, text): (usize, &&str)| {
        let stream = if number % 2 == 0 { "ecs/web/0a" } else { "ecs/web/0b" };
        let at = START + 10_000 * i64::try_from(number).unwrap();
        Record::of("/ecs/web", stream, at, number, (*text).to_owned())
    };
    texts.iter().enumerate().rev().map(record).collect()
}

/// The rows of a query, each as its values between bars, `@ptr` left out.
fn rows(query: &str) -> Vec<String> {
    let found = evaluate(&parse(query).unwrap_or_else(|error| panic!("{query}: {error:?}")), lines());
    let row = |row: &Vec<(String, String)>| {
        let values = row.iter().filter(|(name, _)| name != "@ptr").map(|(_, value)| value.as_str());
        values.collect::<Vec<_>>().join("|")
    };
    found.rows.iter().map(row).collect()
}

/// How many events a filter lets through.
fn matched(filter: &str) -> usize {
    evaluate(&parse(&format!("filter {filter}")).unwrap(), lines()).matched
}

#[test]
fn filters() {
    for (filter, count) in [
        ("status = 200", 3),
        ("status = \"200\"", 3),
        ("status != 200", 9),
        ("status >= 400", 2),
        ("status > 404", 1),
        ("status < 404", 3),
        ("status <= 404", 4),
        ("ms > 9 and ms < 100", 2),
        ("level = \"error\" or level = 'warn'", 2),
        ("level in [\"error\", \"warn\"]", 2),
        ("status in [200, 404]", 4),
        ("status not in [200, 404] and ispresent(status)", 1),
        ("@message like /(?i)error/", 2),
        ("@message like \"ERROR\"", 1),
        ("@message not like /(?i)error/", 10),
        ("@message =~ /GET .healthz/", 2),
        ("@message like /GET \\/healthz/", 2),
        ("not (status = 200)", 9),
        ("(level = \"info\" or level = \"warn\") and ms < 10", 2),
        ("level = \"info\" or level = \"warn\" and ms > 1000", 3),
        ("user.id = 9", 1),
        ("tags.0 = \"slow\"", 1),
        ("@logStream = \"ecs/web/0a\"", 6),
        ("@log = \"111122223333:/ecs/web\"", 12),
        ("@message like \"it's \\\"quoted\\\"\"", 1),
        ("`user.id` = 7", 1),
        ("path > \"/b\"", 2),
    ] {
        assert_eq!(matched(filter), count, "{filter}");
    }
}

#[test]
fn stages() {
    let tables: [(&str, &[&str]); 15] = [
        (
            "filter level = \"error\"",
            &[concat!(
                "2026-03-02 03:00:30.000|",
                r#"{"level":"error","method":"POST","path":"/pay","status":502,"ms":900,"tags":["slow","late"]}"#
            )],
        ),
        ("fields status, path | filter ms > 30 | sort ms asc", &["200|/cart", "502|/pay"]),
        ("fields ms as took | filter ispresent(ms) | sort took desc | limit 2", &["900", "31"]),
        ("fields status | fields path | filter status = 404", &["404|/"]),
        ("fields status | display path, ms | filter status = 404", &["/|5"]),
        ("stats count(*)", &["12"]),
        ("stats count(*) as lines, count(status) as requests by @logStream", &["ecs/web/0a|6|1", "ecs/web/0b|6|4"]),
        ("filter ispresent(ms) | stats sum(ms), avg(ms), min(ms), max(ms)", &["956|191.2|5|900"]),
        ("filter ispresent(ms) | stats pct(ms, 50) as p50, pct(ms, 90) as p90, pct(ms, 99.9) as top", &["12|900|900"]),
        ("stats count(*) as lines by bin(1m)", &["2026-03-02 03:00:00.000|6", "2026-03-02 03:01:00.000|6"]),
        ("stats count(*) by bin(1m) as minute | sort minute desc | limit 1", &["2026-03-02 03:01:00.000|6"]),
        (
            "filter ispresent(path) | stats count(*) by path | sort count(*) desc, path asc | limit 2",
            &["/|3", "/cart|1"],
        ),
        (
            "fields @timestamp\n# what the checks say\n| parse @message \"GET * * in * ms\" as where, code, took\n| filter ispresent(where) # only those\n| display where, code, took",
            &["/healthz|503|41", "/healthz|200|3"],
        ),
        ("parse @message /after (?<seconds>\\d+) s/ | filter seconds > 9 | display seconds", &["30"]),
        (
            "parse @message \"lost the *\" as what | filter ispresent(what) | display what",
            &["database: timeout after 30 s"],
        ),
    ];
    for (query, expected) in tables {
        assert_eq!(rows(query), expected, "{query}");
    }
}

#[test]
fn without_stats_the_newest_come_first_each_with_its_pointer() {
    let found = evaluate(&parse("fields @message").unwrap(), lines());
    assert_eq!((found.rows.len(), found.matched), (12, 12));
    assert_eq!(found.rows[0][0].1, r#"{"level":"warn","method":"GET","path":"/","status":404,"ms":5}"#);
    assert!(found.rows.iter().all(|row| row.last().unwrap().0 == "@ptr"));
    let counted = evaluate(&parse("stats max(@timestamp) as last").unwrap(), lines());
    assert_eq!(counted.rows, [[("last".to_owned(), (START + 110_000).to_string())]]);
}

#[test]
fn what_is_not_understood_says_where() {
    for (query, said, place) in [
        ("", "unexpected end", (0, 0)),
        ("  # only a comment", "unexpected end", (0, 18)),
        ("dedup path", "the simulator knows the commands", (0, 5)),
        ("fields @message | filtr x = 1", "unexpected symbol found filtr", (18, 23)),
        ("fields strlen(@message)", "does not know the function strlen", (7, 13)),
        ("fields a + b", "does not calculate", (9, 10)),
        ("filter status", "=, !=, <, >, <=, >=, like or in is missing", (13, 13)),
        ("filter status = ", "a value is missing", (16, 16)),
        ("filter (status = 1", "\")\" is missing", (18, 18)),
        ("filter @message like /([/", "is not a regular expression", (21, 25)),
        ("filter @message like /never", "/ is never closed", (21, 27)),
        ("filter a = \"never", "\" is never closed", (11, 17)),
        ("limit 0", "from 1 to 10000", (6, 7)),
        ("limit 10001", "from 1 to 10000", (6, 11)),
        ("stats median(ms)", "the simulator knows count, sum", (6, 12)),
        ("stats pct(ms)", "unexpected symbol found )", (12, 13)),
        ("stats pct(ms, 101)", "from 0 to 100", (14, 17)),
        ("stats count(*) by bin(5)", "bin wants a length", (22, 23)),
        ("parse @message \"a * b *\" as one", "has 2 *, and 1 names follow", (15, 24)),
        ("parse @message /nothing named/", "no named group", (15, 30)),
        ("fields @message limit 5", "unexpected symbol found limit", (16, 21)),
        ("fields é, ;", "unexpected symbol found ;", (10, 11)),
    ] {
        let malformed = parse(query).expect_err(query);
        assert!(malformed.message.contains(said), "{query}: {}", malformed.message);
        assert_eq!(malformed.place, place, "{query}: {}", malformed.message);
    }
    let error = parse("fields a\n| nope").unwrap_err().error("fields a\n| nope");
    assert!(error.message.ends_with("at line 2 and position 3 ([11,15])"), "{}", error.message);
    assert_eq!(error.detail.unwrap().1["location"]["startCharOffset"], 11);
}
