//! symbolon-rules
