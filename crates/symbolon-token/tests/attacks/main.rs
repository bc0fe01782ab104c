//! Attacks on the token layer, one test each, named after the row of the security requirements that it
//! shows (T1 to T17) or after the flaw that somebody else shipped.
//!
//! Every test speaks to the public surface, as an attacker's token or a careless caller would. Tokens
//! that the crate wouldn't sign are put together in `support`.

#[cfg(test)]
mod algorithms;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod cookbook;
#[cfg(test)]
mod encoding;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod key_sets;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod legacy;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod private_keys;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod support;
