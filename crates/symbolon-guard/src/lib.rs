//! symbolon-guard
