//! Base64url without padding (RFC 7515 §2, RFC 4648 §5), for the segments of tokens.
//!
//! Invariant: every string of octets has exactly one text. Padding, whitespace, the other alphabet, a
//! lone last character and bits that are left over are refused: were other spellings taken, one token
//! would have several, and lists of seen or revoked tokens would miss it.
//!
//! Tables of words turn four characters into three octets by four look-ups. The tests compare it with
//! `data-encoding`, which reads the keys; its time depends on the text, so secrets don't come here.

/// How many octets a text of this length decodes to; `None` for a length that no text has.
pub(crate) const fn decoded_length(length: usize) -> Option<usize> {
    match length % 4 {
        0 => Some(length / 4 * 3),
        2 => Some(length / 4 * 3 + 1),
        3 => Some(length / 4 * 3 + 2),
        _ => None,
    }
}

/// Decodes into a place of exactly the decoded length. `None` if the text isn't canonical.
pub(crate) fn decode_into(text: &[u8], octets: &mut [u8]) -> Option<()> {
    if decoded_length(text.len()) != Some(octets.len()) {
        return None;
    }
    let (groups, rest) = text.as_chunks::<4>();
    let (places, last) = octets.as_chunks_mut::<3>();
    // Whatever is wrong leaves a mark in the topmost octet; it is looked at once, behind the loop.
    let mut seen = 0;
    for (group, place) in groups.iter().zip(places) {
        let word = word(*group);
        seen |= word;
        let [_, a, b, c] = word.to_be_bytes();
        *place = [a, b, c];
    }
    let [a, b, c, d] = match *rest {
        [] => return (seen <= LARGEST).then_some(()),
        [a, b] => [a, b, b'A', b'A'],
        [a, b, c] => [a, b, c, b'A'],
        _ => return None,
    };
    let word = word([a, b, c, d]);
    seen |= word;
    let decoded = word.to_be_bytes();
    let (kept, left_over) = decoded.get(1..)?.split_at_checked(last.len())?;
    last.copy_from_slice(kept);
    (seen <= LARGEST && left_over.iter().all(|octet| *octet == 0)).then_some(())
}

/// Decodes into memory of its own.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = vec![0; decoded_length(text.len())?];
    decode_into(text, &mut octets)?;
    Some(octets)
}

/// How many characters this many octets take.
pub(crate) const fn encoded_length(length: usize) -> usize {
    length / 3 * 4
        + match length % 3 {
            0 => 0,
            rest => rest + 1,
        }
}

/// Appends the text of these octets.
pub(crate) fn encode_append(octets: &[u8], text: &mut Vec<u8>) {
    let start = text.len();
    text.resize(start + encoded_length(octets.len()), 0);
    let Some(target) = text.get_mut(start..) else {
        return;
    };
    let (groups, rest) = octets.as_chunks::<3>();
    let (places, last) = target.as_chunks_mut::<4>();
    for (&[a, b, c], place) in groups.iter().zip(places) {
        let first = u16::from_be_bytes([a, b]) >> 4;
        let second = u16::from_be_bytes([b, c]) & 0xfff;
        let [[w, x], [y, z]] = [pair(first), pair(second)];
        *place = [w, x, y, z];
    }
    let whole = match *rest {
        [a] => [pair(u16::from(a) << 4), [0; 2]],
        [a, b] => [
            pair(u16::from_be_bytes([a, b]) >> 4),
            pair(u16::from_be_bytes([b, 0]) & 0xfff),
        ],
        _ => return,
    };
    for (to, from) in last.iter_mut().zip(whole.as_flattened()) {
        *to = *from;
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Three octets; a word above it has the mark of a character that isn't in the alphabet.
const LARGEST: u32 = 0x00ff_ffff;

/// For each place in a group of four and each character its six bits, where they belong in the word.
static DECODE: [[u32; 256]; 4] = {
    let mut tables = [[u32::MAX; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let mut value = 0;
        while value < 64 {
            tables[place][ALPHABET[value as usize] as usize] = value << (18 - 6 * place);
            value += 1;
        }
        place += 1;
    }
    tables
};

/// The two characters of twelve bits.
static ENCODE: [[u8; 2]; 4096] = {
    let mut table = [[0; 2]; 4096];
    let mut bits = 0;
    while bits < 4096 {
        table[bits] = [ALPHABET[bits >> 6], ALPHABET[bits & 63]];
        bits += 1;
    }
    table
};

fn word([a, b, c, d]: [u8; 4]) -> u32 {
    let [first, second, third, fourth] = &DECODE;
    first[usize::from(a)] | second[usize::from(b)] | third[usize::from(c)] | fourth[usize::from(d)]
}

fn pair(bits: u16) -> [u8; 2] {
    ENCODE[usize::from(bits & 0xfff)]
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn t8_every_text_of_up_to_three_characters_is_judged_like_the_strict_library() {
        let characters: Vec<u8> = (0..=255).collect();
        let mut accepted = 0;
        for a in &characters {
            for b in &characters {
                for text in [
                    &[*a, *b][..],
                    &[*a, *b, b'A'],
                    &[b'A', *a, *b],
                    &[*a, b'A', *b],
                ] {
                    let ours = decode(text);
                    assert_eq!(ours, BASE64URL_NOPAD.decode(text).ok(), "{text:?}");
                    accepted += u32::from(ours.is_some());
                }
            }
        }
        assert!(accepted > 1000);
    }

    #[test]
    fn t8_a_wrong_character_is_found_in_every_place() {
        for length in [4, 8, 12, 64, 66, 67, 400] {
            for at in 0..length {
                for wrong in [b'=', b'+', b'/', b' ', b'\n', 0, 0x80, 0xff, b'.'] {
                    let mut text = vec![b'A'; length];
                    text[at] = wrong;
                    assert_eq!(decode(&text), None, "{length} {at} {wrong}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn encodes_and_decodes_like_the_strict_library(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut text = b"before.".to_vec();
            encode_append(&octets, &mut text);
            let expected = BASE64URL_NOPAD.encode(&octets);
            prop_assert_eq!(&text[7..], expected.as_bytes());
            prop_assert_eq!(decode(expected.as_bytes()), Some(octets));
        }

        #[test]
        fn judges_any_text_like_the_strict_library(text in "[A-Za-z0-9_+/= -]{0,40}") {
            prop_assert_eq!(decode(text.as_bytes()), BASE64URL_NOPAD.decode(text.as_bytes()).ok());
        }
    }
}
