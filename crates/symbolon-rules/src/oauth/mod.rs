//! OAuth 2.1, as far as it is served: the metadata that says so.

pub mod discovery;
