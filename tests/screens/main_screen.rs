//! The main screen: services above, the selected one below.

use insta::assert_snapshot;

use crate::fixtures::{World, shop};
use crate::session::{Session, options};

#[test]
fn before_any_answer() {
    assert_snapshot!(Session::start(80, 24, World::default(), options()).screen());
}

#[test]
fn the_shop() {
    assert_snapshot!("shop_80x24", Session::settled(80, 24, shop()).screen());
    assert_snapshot!("shop_140x36", Session::settled(140, 36, shop()).screen());
    assert_snapshot!("shop_200x50", Session::settled(200, 50, shop()).screen());
    assert_snapshot!("shop_40x8", Session::settled(40, 8, shop()).screen());
}
