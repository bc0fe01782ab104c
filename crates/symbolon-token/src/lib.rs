//! symbolon-token
