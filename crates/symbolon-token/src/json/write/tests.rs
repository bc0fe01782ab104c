//! What is written must be what the library would write, or nothing where the scanner would refuse it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};
use serde_json::{Value, json};

use super::{super::Object, to_text};

/// Members one after the other, whatever their names.
#[derive(Debug)]
struct Members(Vec<(String, Node)>);

#[derive(Debug)]
enum Node {
    Scalar(Value),
    Array(Vec<Node>),
    Object(Members),
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scalar(value) => value.serialize(serializer),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

/// Names are few, so that they meet.
fn node() -> impl Strategy<Value = Node> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    scalar
        .prop_map(Node::Scalar)
        .prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Node::Array),
                members(inner, 0..5).prop_map(Node::Object),
            ]
        })
}

fn members(
    node: impl Strategy<Value = Node>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Members> {
    let name = prop_oneof!["[a-f]{0,2}", "[\"\\\\/\n\u{1}é😀]{1,2}", "[a-z_]{20}"];
    prop::collection::vec((name, node), count).prop_map(Members)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t9_what_is_written_is_what_the_library_writes_and_the_scanner_takes(
        members in members(node(), 0..12)
    ) {
        let theirs = serde_json::to_string(&members).expect("JSON");
        let strict = Object::parse(theirs.as_bytes()).is_ok();
        prop_assert_eq!(to_text(&members), strict.then_some(theirs));
    }
}

#[test]
fn every_kind_of_value_is_written_as_the_library_writes_it() {
    #[derive(Serialize)]
    enum Kinds {
        Unit,
        Newtype(u8),
        Tuple(i8, i16),
        Struct { a: f32 },
    }
    /// Text that is written piece by piece.
    struct Pieces;
    impl Serialize for Pieces {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let name = "pieces";
            serializer.collect_str(&format_args!("in \"{name}\" {}", 1))
        }
    }
    #[derive(Serialize)]
    struct All {
        unit: (),
        bools: [bool; 2],
        signed: (i8, i16, i32, i64, i128),
        unsigned: (u8, u16, u32, u64, u128),
        floats: (f32, f64, f64),
        character: char,
        text: &'static str,
        none: Option<u8>,
        some: Option<u8>,
        empty: ([u8; 0], BTreeMap<u8, u8>),
        numbers: BTreeMap<i64, bool>,
        kinds: [Kinds; 4],
        pieces: Pieces,
    }
    let all = All {
        unit: (),
        bools: [true, false],
        signed: (i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN),
        unsigned: (u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX),
        floats: (1.5, 1e300, f64::NAN),
        character: '"',
        text: "\u{0}\u{8}\t\n\u{c}\r\"\\/\u{7f}é😀",
        none: None,
        some: Some(1),
        empty: ([], BTreeMap::new()),
        numbers: [(1, true), (-1, false)].into(),
        kinds: [
            Kinds::Unit,
            Kinds::Newtype(1),
            Kinds::Tuple(1, 2),
            Kinds::Struct { a: 0.1 },
        ],
        pieces: Pieces,
    };
    assert_eq!(to_text(&all), serde_json::to_string(&all).ok());
}

#[test]
fn t9_doubled_members_are_not_written() {
    #[derive(Serialize)]
    struct Flat<T> {
        sub: u8,
        #[serde(flatten)]
        more: T,
    }
    #[derive(Serialize)]
    struct Nested<T> {
        a: u8,
        b: [T; 1],
    }
    let flat = |name: &str| Flat {
        sub: 1,
        more: BTreeMap::from([(name.to_owned(), 2)]),
    };
    assert_eq!(to_text(&flat("sub")), None);
    assert_eq!(
        to_text(&flat("sup")).as_deref(),
        Some(r#"{"sub":1,"sup":2}"#)
    );
    let nested = |name| Nested {
        a: 1,
        b: [flat(name)],
    };
    assert_eq!(to_text(&nested("sub")), None);
    assert!(to_text(&nested("a")).is_some());
    // A number and a text as names, and two numbers.
    let of = |names: &[&str]| {
        let members = names
            .iter()
            .map(|name| ((*name).to_owned(), Node::Scalar(json!(1))));
        to_text(&Members(members.collect()))
    };
    assert_eq!(of(&["\"", "a", "\""]), None);
    assert_eq!(of(&["é", "é"]), None);
    assert_eq!(of(&["", ""]), None);
    assert!(of(&["", "\"", "\"\""]).is_some());
    // More than are compared pair by pair, and more than lie in the structure.
    for count in [10, 17, 24, 25, 60, 1000] {
        let names: Vec<_> = (0..count).map(|at| at.to_string()).collect();
        let mut names: Vec<_> = names.iter().map(String::as_str).collect();
        assert!(of(&names).is_some(), "{count}");
        names.push("3");
        assert_eq!(of(&names), None, "{count}");
    }
}

#[test]
fn t9_text_that_is_brought_along_is_scanned() {
    let written = |raw: &str| {
        let raw: &serde_json::value::RawValue = serde_json::from_str(raw).expect("JSON");
        to_text(&BTreeMap::from([("a", raw)]))
    };
    assert_eq!(written(r#"{"b": 1}"#).as_deref(), Some(r#"{"a":{"b": 1}}"#));
    assert_eq!(written(r#"{"b":1,"\u0062":2}"#), None);
    assert_eq!(written("1e999"), None);
    assert_eq!(written(r#""\ud800""#), None);
}

#[test]
fn what_is_no_object_or_nests_too_deeply_is_not_written() {
    assert_eq!(to_text(&[1]), None);
    assert_eq!(to_text("{}"), None);
    assert_eq!(to_text(&Value::Null), None);
    let nested = |levels| {
        let wrap = |inner, _| Value::Array(vec![inner]);
        json!({"a": (1..levels).fold(json!([]), wrap)})
    };
    for levels in 28..36 {
        let value = nested(levels);
        let text = value.to_string();
        let strict = Object::parse(text.as_bytes()).is_ok();
        assert_eq!(to_text(&value), strict.then_some(text), "{levels}");
    }
}

/// A step of whoever serializes by hand and passes over errors.
enum Step {
    Key(&'static str),
    Value(Value),
    BadKey,
    BadValue,
    BadItem,
}

struct ByHand(Vec<Step>);

impl Serialize for ByHand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for step in &self.0 {
            let _ = match step {
                Step::Key(name) => map.serialize_key(name),
                Step::Value(value) => map.serialize_value(value),
                Step::BadKey => map.serialize_key(&[1]),
                Step::BadValue => map.serialize_value(&Broken),
                Step::BadItem => map.serialize_value(&BrokenItem),
            };
        }
        map.end()
    }
}

struct Broken;

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it can't be written"))
    }
}

/// A list that goes on after an item that can't be written.
struct BrokenItem;

impl Serialize for BrokenItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let _ = list.serialize_element(&Broken);
        list.end()
    }
}

/// An object with a member that may be refused, by somebody who doesn't listen.
struct Deaf<T>(T);
impl<T: Serialize> Serialize for Deaf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let _ = map.serialize_entry("a", &self.0);
        let _ = map.serialize_entry("b", &1);
        map.end()
    }
}

#[test]
fn what_is_serialized_carelessly_is_not_written() {
    let one = || Step::Value(json!(1));
    let doubled = || {
        let twice = vec![
            ("x".to_owned(), Node::Scalar(json!(1))),
            ("x".to_owned(), Node::Scalar(json!(1))),
        ];
        Members(twice)
    };
    assert!(to_text(&ByHand(vec![])).is_some());
    assert!(to_text(&ByHand(vec![Step::Key("a"), one(), Step::Key("b"), one()])).is_some());
    for steps in [
        vec![Step::Key("a")],
        vec![Step::BadKey, Step::Key("a"), one()],
        vec![Step::BadKey],
        vec![Step::Key("a"), Step::BadValue],
        vec![Step::Key("a"), Step::BadValue, Step::Key("b"), one()],
        vec![Step::Key("a"), Step::BadItem],
        vec![Step::Key("a"), Step::BadItem, Step::Key("b"), one()],
    ] {
        assert_eq!(to_text(&ByHand(steps)), None);
    }
    // A value without a key, or a key before the last one's value, isn't written at all.
    for (steps, text) in [
        (vec![one()], "{}"),
        (vec![Step::Key("a"), Step::Key("b"), one()], r#"{"a":1}"#),
        (vec![Step::Key("a"), one(), one()], r#"{"a":1}"#),
    ] {
        assert_eq!(to_text(&ByHand(steps)).as_deref(), Some(text));
    }
    assert_eq!(to_text(&Deaf(doubled())), None);
    assert!(to_text(&Deaf(2)).is_some());
}
