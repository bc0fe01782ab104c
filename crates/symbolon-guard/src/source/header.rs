//! The `Authorization` field.

use http::{HeaderMap, header::AUTHORIZATION};

use super::{Absent, Credential, Malformed, Source, Sources, is_tchar};

impl Sources {
    pub(super) fn in_authorization<'a>(&self, headers: &'a HeaderMap) -> Credential<'a> {
        if !self.order.iter().any(Source::is_in_authorization) {
            return Credential::Absent(Absent::Nowhere);
        }
        let mut fields = headers.get_all(AUTHORIZATION).iter();
        let Some(field) = fields.next() else {
            return Credential::Absent(Absent::NoHeader);
        };
        // RFC 9110 §5.3: Authorization isn't a list, so two of them have no meaning; a proxy may have
        // judged the one and we the other. RFC 6750 §3.1 calls it invalid_request.
        if fields.next().is_some() {
            return Credential::Malformed(Malformed::Repeated);
        }

        let value = field.as_bytes();
        let (word, rest) = match value.iter().position(|&byte| byte == b' ') {
            Some(space) => (&value[..space], Some(&value[space + 1..])),
            None => (value, None),
        };
        if self.takes_scheme(word) {
            // One space, although RFC 6750 §2.1 would let several stand: a second spelling of the same
            // credential is something that a proxy and we could read differently, and nobody sends it.
            return Credential::token(rest.unwrap_or_default());
        }
        if self.order.contains(&Source::RawToken) {
            return Credential::token(value);
        }
        if word.is_empty() || !word.iter().copied().all(is_tchar) {
            return Credential::Malformed(Malformed::NoScheme);
        }
        // RFC 6750 §3.1 counts an unsupported scheme as a request without authentication information:
        // `Basic` may be meant for something in front of us, and says nothing about a token.
        Credential::Absent(match rest {
            Some(_) => Absent::OtherScheme,
            None => Absent::OneWord,
        })
    }

    fn takes_scheme(&self, word: &[u8]) -> bool {
        self.order
            .iter()
            .any(|source| matches!(source, Source::Scheme(scheme) if scheme.is(word)))
    }
}

impl Source {
    fn is_in_authorization(&self) -> bool {
        matches!(self, Self::Scheme(_) | Self::RawToken)
    }
}
