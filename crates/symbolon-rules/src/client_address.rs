//! Who calls, by address: the peer of the connection, or what trusted proxies say of it.
//!
//! `X-Forwarded-For` is read from the right, where the nearest proxy wrote, and only as far as each hop
//! is a proxy of ours. Invariant: what somebody outside could have written is never believed; the walk
//! ends at the first address that isn't ours, and at the first entry that is no address.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// An address as one host has one: mapped IPv4 addresses are IPv4 addresses (RFC 4291 §2.5.5.2).
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whom limits count as one caller: an IPv4 address, or the /64 of an IPv6 one, which is what one
/// customer is given at the least (RFC 6177).
pub fn holder(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

/// An address, or all that begin alike (`10.0.0.0/8`, RFC 4632).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix));
                (first.to_bits() ^ address.to_bits()) & mask.unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix));
                (first.to_bits() ^ address.to_bits()) & mask.unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Why this names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// What stands before the `/` is no address.
    Address,
    /// What stands behind it is no length of a prefix.
    Prefix,
    /// The address has bits behind its prefix: one of the two is a slip.
    HostBits,
    /// It is everybody, and then anybody could say who they are.
    Everybody,
}

impl std::fmt::Display for NetworkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Address => "this is no address; write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32",
            Self::Prefix => {
                "behind the / stands a number of bits, up to 32 for IPv4 and 128 for IPv6"
            }
            Self::HostBits => "the address has bits behind its prefix; one of the two is wrong",
            Self::Everybody => {
                "this is everybody, who could then claim any address; name your proxies"
            }
        })
    }
}

impl std::error::Error for NetworkError {}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let first = canonical(written);
        let bits: u8 = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            // A prefix of the mapped form would count the 96 bits before it.
            Some(_) if first != written => return Err(NetworkError::Address),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                let prefix = digits.parse().map_err(|_| NetworkError::Prefix)?;
                if prefix > bits {
                    return Err(NetworkError::Prefix);
                }
                prefix
            }
            Some(_) => return Err(NetworkError::Prefix),
        };
        if prefix == 0 {
            return Err(NetworkError::Everybody);
        }
        let host_bits = match first {
            IpAddr::V4(first) => first.to_bits().checked_shl(prefix.into()).unwrap_or(0) != 0,
            IpAddr::V6(first) => first.to_bits().checked_shl(prefix.into()).unwrap_or(0) != 0,
        };
        if host_bits {
            return Err(NetworkError::HostBits);
        }
        Ok(Self { first, prefix })
    }
}

/// The proxies that stand in front of the server. None at first.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// These and no others.
    pub const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether what a peer says of the callers behind it is believed.
    pub fn trust(&self, address: IpAddr) -> bool {
        let address = canonical(address);
        self.0.iter().any(|network| network.contains(address))
    }

    /// The rightmost hop that is no proxy of ours: the peer, or somebody it spoke for.
    ///
    /// The values of `X-Forwarded-For` come in the order of their lines; one that is no text is an
    /// entry that is no address.
    pub fn client_address<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> IpAddr {
        let mut known = canonical(peer);
        let values = forwarded_for.rev();
        let entries = values.flat_map(|value| value.rsplit(|byte| *byte == b','));
        for entry in entries {
            if !self.trust(known) {
                break;
            }
            let Some(address) = read_hop(entry) else {
                break;
            };
            known = address;
        }
        known
    }
}

/// One entry: an address, perhaps with a port, an IPv6 one then in brackets.
fn read_hop(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let bracketed = entry.strip_prefix('[');
    let address = if let Some(rest) = bracketed {
        let (address, port) = rest.split_once(']')?;
        is_port(port)?;
        IpAddr::V6(address.parse().ok()?)
    } else if entry.matches(':').count() == 1 {
        let (address, port) = entry.split_at(entry.find(':')?);
        is_port(port)?;
        IpAddr::V4(address.parse().ok()?)
    } else {
        entry.parse().ok()?
    };
    Some(canonical(address))
}

/// Nothing, or a colon and a number.
fn is_port(text: &str) -> Option<()> {
    let Some(digits) = text.strip_prefix(':') else {
        return text.is_empty().then_some(());
    };
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
    (digits_only && digits.parse::<u16>().is_ok()).then_some(())
}

#[cfg(test)]
mod tests;
