//! What can happen next.

use ecsight::app::key::{Key, KeyPress};
use ecsight::app::message::{Mouse, Size};
use ecsight::model::call::ErrorKind;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// How AWS takes a question or a change.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Right,
    Partial,
    /// An answer to some other question.
    Beside,
    Failure(ErrorKind),
}

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Key(KeyPress),
    Paste(String),
    Mouse(Mouse),
    Resize(Size),
    /// Milliseconds pass, and then a tick comes.
    Wait(u32),
    /// One of the open questions is answered.
    Answer(Index, Reply),
    /// A question that was answered or cancelled before is answered.
    LateAnswer(Index, Reply),
    /// All open questions are answered rightly, and those that follow from them.
    Settle,
    /// One of the changes sent is answered.
    Changed(Index, Reply),
    /// Something happens in AWS.
    World(usize, u32),
    /// AWS throttles this many calls.
    Throttled(u8),
}

/// The key that types a character; Tab, Enter and Esc as in a terminal.
pub(crate) fn key_of(character: char) -> KeyPress {
    KeyPress::plain(match character {
        '\t' => Key::Tab,
        '\r' => Key::Enter,
        '\x1b' => Key::Esc,
        character => Key::Char(character),
    })
}

fn key() -> impl Strategy<Value = KeyPress> {
    let bound = "jkgGhl[]s!rcaewy:/?RSxqYn1234589 -i";
    let named = vec![
        Key::Enter,
        Key::Esc,
        Key::Tab,
        Key::BackTab,
        Key::Backspace,
        Key::Delete,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::Home,
        Key::End,
        Key::PageUp,
        Key::PageDown,
        Key::F(1),
    ];
    let plain = KeyPress::plain;
    prop_oneof![
        8 => select(bound.chars().collect::<Vec<_>>()).prop_map(move |character| plain(Key::Char(character))),
        5 => select(named).prop_map(plain),
        1 => any::<char>().prop_map(move |character| plain(Key::Char(character))),
        // Runs a query of logs, and changes how far back it looks.
        1 => select(vec!['r', 't', 'p']).prop_map(|character| KeyPress { key: Key::Char(character), ctrl: true, alt: false }),
        1 => (prop::char::range('a', 'z'), any::<bool>(), any::<bool>())
            .prop_map(|(character, ctrl, alt)| KeyPress { key: Key::Char(character), ctrl, alt }),
    ]
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![
        2 => Just((80, 24)),
        1 => Just((140, 36)),
        1 => (1_u16..12, 1_u16..60),
        1 => (1_u16..220, 1_u16..10),
        2 => (30_u16..120, 6_u16..40),
    ]
    .prop_map(|(width, height)| Size { width, height })
}

fn mouse() -> impl Strategy<Value = Mouse> {
    let place = (0_u16..150, 0_u16..50);
    prop_oneof![
        place.clone().prop_map(|(column, row)| Mouse::Click { column, row }),
        (place, any::<i16>()).prop_map(|((column, row), by)| Mouse::Scroll { column, row, by }),
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    use ErrorKind::{Denied, ExpiredCredentials, Network, NotFound, Server, Throttled, Timeout, Unavailable};
    prop_oneof![
        8 => Just(Reply::Right),
        2 => Just(Reply::Partial),
        1 => Just(Reply::Beside),
        3 => select(vec![Throttled, Denied, Timeout, Network, Server, NotFound, Unavailable, ExpiredCredentials])
            .prop_map(Reply::Failure),
    ]
}

fn wait() -> impl Strategy<Value = Step> {
    prop_oneof![3 => 0_u32..400, 3 => 400_u32..6_000, 1 => 6_000_u32..120_000].prop_map(Step::Wait)
}

pub(crate) fn anything() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => key().prop_map(Step::Key),
        8 => (any::<Index>(), reply()).prop_map(|(which, reply)| Step::Answer(which, reply)),
        4 => wait(),
        2 => Just(Step::Settle),
        1 => (any::<Index>(), reply()).prop_map(|(which, reply)| Step::LateAnswer(which, reply)),
        2 => (any::<Index>(), reply()).prop_map(|(which, reply)| Step::Changed(which, reply)),
        2 => (0_usize..12, 0_u32..20).prop_map(|(index, count)| Step::World(index, count)),
        1 => size().prop_map(Step::Resize),
        1 => mouse().prop_map(Step::Mouse),
        1 => any::<String>().prop_map(Step::Paste),
        1 => (0_u8..5).prop_map(Step::Throttled),
    ]
}

/// Keys that lead to a query of logs, and what may happen to it.
pub(crate) fn towards_a_query() -> impl Strategy<Value = Vec<Step>> {
    let control = |character| Step::Key(KeyPress { key: Key::Char(character), ctrl: true, alt: false });
    let keys = |keys: &str| keys.chars().map(|character| Step::Key(key_of(character))).collect::<Vec<_>>();
    let start = move |answered: bool| {
        let settle = answered.then_some(Step::Settle);
        let opened = keys("\x1b\x1bl").into_iter().chain([Step::Settle]).chain(keys("i"));
        opened.chain([control('r')]).chain(settle).collect::<Vec<_>>()
    };
    let next = prop_oneof![
        3 => select(vec!['r', 't', 'p', 'n', 'c']).prop_map(control),
        3 => select("\x1b\t\rjkGyix".chars().collect::<Vec<_>>()).prop_map(|character| Step::Key(key_of(character))),
        3 => (any::<Index>(), reply()).prop_map(|(which, reply)| Step::Answer(which, reply)),
        2 => (400_u32..3_000).prop_map(Step::Wait),
        1 => Just(Step::Settle),
        2 => anything(),
    ];
    (any::<bool>(), prop::collection::vec(next, 0..16))
        .prop_map(move |(answered, next)| start(answered).into_iter().chain(next).collect())
}

/// Keys that lead to a change, sometimes with something in between that should stop it.
pub(crate) fn towards_a_change() -> impl Strategy<Value = Vec<Step>> {
    let keys = |keys: &str| keys.chars().map(|character| Step::Key(key_of(character))).collect::<Vec<_>>();
    let plan = select(vec!["R", "S\r", "S9\r", "jR", "jjS0\r", "GkR", "/web\rR"]);
    let confirm = select(vec!["Y", "\t\r", "\r", "\t\t\r", "y", "YY", "Y\x1b", "q"]);
    let between = prop_oneof![
        3 => Just(None),
        1 => (0_usize..12, 0_u32..20).prop_map(|(index, count)| Some(Step::World(index, count))),
        1 => wait().prop_map(Some),
        1 => Just(Some(Step::Settle)),
    ];
    let end = prop_oneof![
        4 => Just(Step::Settle),
        1 => (any::<Index>(), reply()).prop_map(|(which, reply)| Step::Answer(which, reply)),
    ];
    let outcome = (any::<Index>(), reply()).prop_map(|(which, reply)| Step::Changed(which, reply));
    (plan, between.clone(), confirm, between, end, outcome).prop_map(
        move |(plan, first, confirm, second, end, outcome)| {
            let mut steps = keys("\x1b\x1b\x1b");
            steps.extend(keys(plan));
            steps.extend(first);
            steps.extend(keys(confirm));
            steps.extend(second);
            steps.extend([end, outcome]);
            steps
        },
    )
}
