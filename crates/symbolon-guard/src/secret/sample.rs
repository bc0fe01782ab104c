//! Secrets that everybody knows: the values of tutorials, and what people make of them.
//!
//! A list of whole values is beaten by one exclamation mark, so it is the words that are listed: what is
//! left of a secret without them, without punctuation and without runs such as `aaaa` and `1234` must
//! still be something. A secret that was drawn at random holds such a word now and then and loses
//! nothing by it.

/// The words that sample secrets are made of: those of the programs Symbolon grew from (`secret-key`,
/// `secret_key`, `your-secret-key`, `super-secret`, `jwt-secret-string`), of its relatives' documents
/// (`change-me`, `your-256-bit-secret`, `django-insecure-…`), and what they are padded with.
const WORDS: [&str; 64] = [
    "secret",
    "key",
    "your",
    "super",
    "jwt",
    "string",
    "change",
    "me",
    "my",
    "this",
    "the",
    "that",
    "is",
    "in",
    "to",
    "at",
    "it",
    "for",
    "and",
    "not",
    "use",
    "with",
    "must",
    "should",
    "please",
    "replace",
    "token",
    "access",
    "refresh",
    "session",
    "cookie",
    "auth",
    "password",
    "private",
    "signing",
    "hmac",
    "sha",
    "hs256",
    "random",
    "very",
    "really",
    "long",
    "enough",
    "least",
    "characters",
    "chars",
    "bytes",
    "bits",
    "bit",
    "example",
    "sample",
    "default",
    "insecure",
    "production",
    "development",
    "test",
    "dev",
    "demo",
    "flask",
    "django",
    "app",
    "admin",
    "qwerty",
    "asdf",
];

/// Drawn from hexadecimal, that many characters are worth 64 bits; fewer are soon guessed.
const OWN_CHARACTERS_MIN: usize = 16;

/// Whether a secret is made of sample words and padding, or of padding alone.
pub(super) fn is_sample(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut rest = text.as_str();
    let mut own = 0;
    let mut previous = None;
    while let Some(next) = rest.chars().next() {
        // The longest that fits: `hs256` is a word, its `hs` isn't.
        let word = WORDS.iter().filter(|word| rest.starts_with(**word));
        if let Some(length) = word.map(|word| word.len()).max() {
            rest = rest.get(length..).unwrap_or_default();
            previous = None;
            continue;
        }
        let runs_on = previous
            .is_some_and(|previous: char| u32::from(previous).abs_diff(u32::from(next)) <= 1);
        if next.is_alphanumeric() && !runs_on {
            // Beyond ASCII a character is drawn from more than 64.
            own += next.len_utf8();
        }
        previous = Some(next);
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    own < OWN_CHARACTERS_MIN
}

/// Whether a secret is a shorter text said twice or more, the last time perhaps cut short.
pub(super) fn is_repetition(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=bytes.len() / 2).any(|period| bytes[period..] == bytes[..bytes.len() - period])
}
