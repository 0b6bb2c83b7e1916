//! Tests against the lab; see `tests/`.
