//! symbolon
