//! What the strict reader takes and refuses, judged on bare documents.

use super::*;

fn refused(document: impl AsRef<[u8]>) -> &'static str {
    match Object::parse(document.as_ref()) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

#[test]
fn t9_duplicate_members_are_refused_at_any_depth() {
    for document in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"\u0061":1,"\u0061":2}"#,
        r#"{"":0,"":1}"#,
        r#"{"x":{"y":{"z":1,"z":2}}}"#,
        r#"{"x":[0,[{"z":1,"z":2}]]}"#,
        r#"{"\ud83d\ude00":1,"😀":2}"#,
        r#"{"a":{"b":1},"c":{"b":1},"a":2}"#,
        r#"{"long_name_1":1,"long_name_2":1,"long_name_1":1}"#,
        r#"{"abcde":1,"abcdf":1,"abcde":1}"#,
    ] {
        assert_eq!(refused(document), "duplicate_member", "{document}");
    }
    for document in [
        r#"{"a":{"a":{"a":1}}}"#,
        r#"{"a":1,"A":1,"aa":1,"":1}"#,
        r#"{"long_name_1":1,"long_name_2":1,"long_named_1":1,"abc":1,"abcd":1,"abcde":1,"ab":1}"#,
        r#"{"a":[{"b":1},{"b":1}]}"#,
    ] {
        assert_eq!(refused(document), "accepted", "{document}");
    }
}

#[test]
fn t9_what_is_not_json_is_refused() {
    for document in [
        "",
        " ",
        "{",
        "}",
        "{}}",
        "{}{}",
        "{} x",
        "null",
        "1",
        "\"a\"",
        "[]",
        "[{}]",
        "{,}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        "{a:1}",
        "{'a':1}",
        r#"{"a":1 "b":2}"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":.5}"#,
        r#"{"a":1.}"#,
        r#"{"a":1e}"#,
        r#"{"a":--1}"#,
        r#"{"a":0x10}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":-Infinity}"#,
        r#"{"a":nul}"#,
        r#"{"a":True}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1}"#,
        r#"{"a":"\x41"}"#,
        r#"{"a":"\u12"}"#,
        r#"{"a":"\u00g0"}"#,
        r#"{"a":"#,
        r#"{"a":""#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00"}"#,
        r#"{"a":"\ud800\ud800"}"#,
        r#"{"a":"\ud800x"}"#,
        "{\"a\":\"\n\"}",
        "{\"a\":\"\0\"}",
        "\u{feff}{}",
        "{}\0",
        "\u{a0}{}",
        "{/**/}",
        "{\"a\":1;}",
    ] {
        assert_eq!(refused(document), "malformed", "{document:?}");
    }
}

#[test]
fn t9_other_encodings_are_refused() {
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(refused(utf16), "malformed");
    for broken in [
        &b"{\"a\":\"\xff\"}"[..],
        b"{\"a\":\"\xc0\x80\"}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"\xef\xbb\xbf{}",
    ] {
        assert_eq!(refused(broken), "malformed", "{broken:?}");
    }
}

#[test]
fn t9_numbers_that_are_not_finite_are_refused() {
    for number in ["1e400", "-1e400", "1e309", "9e99999999999999999999"] {
        assert_eq!(
            refused(format!(r#"{{"a":{number}}}"#)),
            "malformed",
            "{number}"
        );
    }
    for number in [
        "0",
        "-0",
        "1.5",
        "1e308",
        "1E-400",
        "0.0e+0",
        "123456789012345678901234567890",
    ] {
        assert_eq!(
            refused(format!(r#"{{"a":{number}}}"#)),
            "accepted",
            "{number}"
        );
    }
}

#[test]
fn t9_nesting_is_bounded() {
    let nested = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(refused(nested(31)), "accepted");
    assert_eq!(refused(nested(32)), "malformed");
    assert_eq!(refused(nested(10_000)), "malformed");
    let objects = r#"{"a":"#.repeat(10_000) + "1" + &"}".repeat(10_000);
    assert_eq!(refused(objects), "malformed");
}

#[test]
fn members_come_out_as_written() {
    let document =
        br#" { "a" : "x\"\\y" , "b\n":[ 1 , "]" , {"c":"}"} , true ], "n":-1.5e3 ,"e":"" } "#;
    let object = Object::parse(document).expect("valid JSON");
    let members: Vec<_> = object
        .members()
        .map(|(name, value)| (name.decoded().into_owned(), value))
        .collect();
    let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b\n", "n", "e"]);
    assert_eq!(members[0].1.into_string().as_deref(), Some("x\"\\y"));
    let Value::Array(array) = members[1].1 else {
        panic!("an array")
    };
    let items: Vec<_> = array.items().collect();
    assert_eq!(items.len(), 4);
    assert!(matches!(items[0], Value::Number("1")));
    assert_eq!(items[1].into_string().as_deref(), Some("]"));
    assert!(matches!(items[2], Value::Object(_)));
    assert!(matches!(items[3], Value::Literal("true")));
    assert!(matches!(members[2].1, Value::Number("-1.5e3")));
    assert_eq!(members[3].1.into_string().as_deref(), Some(""));
}

#[test]
fn strings_keep_quotes_at_their_ends() {
    let object = Object::parse(br#"{"a":"\"","b":"\"\"","c":"\\"}"#).expect("valid JSON");
    let values: Vec<_> = object
        .members()
        .filter_map(|(_, value)| value.into_string())
        .collect();
    assert_eq!(values, ["\"", "\"\"", "\\"]);
}
