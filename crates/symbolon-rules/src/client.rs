//! OAuth clients (RFC 6749 §2): so far the one that is built in.

/// The client that stands for "the program this Symbolon belongs to": first-party, public, known
/// from the first start. Tokens from the login API carry it as their `client_id`.
pub const LOCAL: ClientId<'static> = ClientId("local");

/// A client's identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientId<'a>(&'a str);

impl<'a> ClientId<'a> {
    /// The identifier as it stands in tokens and requests.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}
