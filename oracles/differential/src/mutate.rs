//! What happens to a token, or to the JSON in it.

use crate::Random;

const SOUP: [&str; 16] = [
    ".",
    "=",
    "-",
    "_",
    "A",
    "\0",
    "\n",
    " ",
    "eyJhbGciOiJub25lIn0",
    "%00",
    "/",
    "+",
    "..",
    "AA",
    "==",
    "~",
];

/// JSON values that readers disagree about, and some that they don't.
const VALUES: [&str; 40] = [
    "null",
    "true",
    "0",
    "-1",
    "1",
    "1.5",
    "1e3",
    "4e9",
    "4000000000",
    "4000000000.5",
    "1e400",
    "\"\"",
    "\"4000000000\"",
    "\"1\"",
    "\"https://id.example\"",
    "\"https://id.example/\"",
    "\"HTTPS://id.example\"",
    "\"https://api.example\"",
    "[]",
    "[\"https://api.example\"]",
    "[\"x\",\"https://api.example\"]",
    "[[\"https://api.example\"]]",
    "[1]",
    "{}",
    "\"\\u0068ttps://id.example\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud800\"",
    "99999999999999999999",
    "253402300799",
    "253402300800",
    "\"none\"",
    "\"HS256\"",
    "\"at+jwt\"",
    "\"application/at+jwt\"",
    "\"AT+JWT\"",
    "\"JWT\"",
    "01",
    "NaN",
    "[\"exp\"]",
    "false",
];

const NAMES: [&str; 20] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "alg",
    "typ",
    "kid",
    "crit",
    "b64",
    "jwk",
    "x5c",
    "cty",
    "roles",
    "x",
    "\\u0069ss",
    "\\u0065xp",
    "zip",
];

pub fn octets(random: &mut Random, token: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        let at = random.below(token.len());
        match random.below(4) {
            0 => token[at] ^= 1 << random.below(7),
            1 => drop(token.splice(at..at, random.pick(&SOUP).bytes())),
            2 => drop(token.remove(at)),
            _ => {
                let to = (at + random.below(8)).min(token.len());
                token[at..to].reverse();
            }
        }
        if token.is_empty() {
            token.push(b'.');
        }
    }
}

/// Changes the text of an object: a value, a member more, one less, spaces, or anything at all.
pub fn json(random: &mut Random, text: &mut Vec<u8>) {
    let document = String::from_utf8_lossy(text).into_owned();
    let name = *random.pick(&NAMES);
    let value = *random.pick(&VALUES);
    let member = format!("\"{name}\":{value}");
    let changed = match random.below(7) {
        0 => document.replacen('{', &format!("{{{member},"), 1),
        1 => match document.rfind('}') {
            Some(at) => format!("{},{member}{}", &document[..at], &document[at..]),
            None => document,
        },
        2 | 3 => replaced(random, &document, value),
        4 => document.replace(',', *random.pick(&[" , ", ",\n", ",,", ",\t", ";"])),
        5 => {
            // A member goes: from its name up to the next one's.
            let starts: Vec<usize> = document.match_indices(",\"").map(|(at, _)| at).collect();
            match starts.as_slice() {
                [.., _, _] => {
                    let at = random.below(starts.len() - 1);
                    format!("{}{}", &document[..starts[at]], &document[starts[at + 1]..])
                }
                _ => document,
            }
        }
        _ => {
            let mut octets = document.into_bytes();
            let at = random.below(octets.len());
            if let Some(octet) = octets.get_mut(at) {
                *octet = *random.pick(b"{}[]:,\"\\0123456789eE.+- \n\0\x7f\xff\xc3az");
            }
            *text = octets;
            return;
        }
    };
    *text = changed.into_bytes();
}

/// One member gets another value.
fn replaced(random: &mut Random, document: &str, value: &str) -> String {
    let colons: Vec<usize> = document
        .match_indices("\":")
        .map(|(at, _)| at + 2)
        .collect();
    if colons.is_empty() {
        return document.to_owned();
    }
    let start = *random.pick(&colons);
    let rest = &document[start..];
    let end = rest
        .find(",\"")
        .or_else(|| rest.rfind('}'))
        .unwrap_or(rest.len());
    format!("{}{value}{}", &document[..start], &rest[end..])
}
