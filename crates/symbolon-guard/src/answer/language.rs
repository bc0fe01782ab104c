//! The language that people are answered in.

use http::{HeaderMap, header::ACCEPT_LANGUAGE};

/// English or Korean: the languages that refusals are written in.
///
/// ```
/// use symbolon_guard::Language;
///
/// let greeting = match Language::default() {
///     Language::Korean => "안녕하세요",
///     _ => "Hello",
/// };
/// assert_eq!(Language::Korean.tag(), "ko");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Language {
    /// What whoever doesn't say gets.
    #[default]
    English,
    /// 한국어.
    Korean,
}

impl Language {
    /// RFC 9110 §12.5.4: the one that a request prefers, English where it doesn't say or wants neither.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};
    /// use symbolon_guard::Language;
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("ko-KR, en;q=0.5"));
    /// assert_eq!(Language::of(&headers), Language::Korean);
    /// ```
    pub fn of(headers: &HeaderMap) -> Self {
        let (mut english, mut korean, mut others) = (None, None, None);
        let values = headers.get_all(ACCEPT_LANGUAGE).iter();
        let ranges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        for range in ranges {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let primary = tag.trim().split('-').next().unwrap_or_default();
            let place = match primary.to_ascii_lowercase().as_str() {
                "en" => &mut english,
                "ko" => &mut korean,
                "*" => &mut others,
                _ => continue,
            };
            *place = Some(weight(parameters).max(place.unwrap_or(0.0)));
        }
        let others = others.unwrap_or(0.0);
        let (english, korean) = (english.unwrap_or(others), korean.unwrap_or(others));
        if korean > english {
            Self::Korean
        } else {
            Self::English
        }
    }

    /// The tag of the language (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}

/// `q=` and at most 1; what can't be read counts as unwanted.
fn weight(parameters: &str) -> f32 {
    let Some(weight) = parameters.trim().strip_prefix("q=") else {
        return 1.0;
    };
    let weight: f32 = weight.trim().parse().unwrap_or(0.0);
    if (0.0..=1.0).contains(&weight) {
        weight
    } else {
        0.0
    }
}
