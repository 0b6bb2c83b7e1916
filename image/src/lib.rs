//! Builds chainpod's own image: compiles its two programs from this checkout, writes them as an OCI archive
//! and lists its contents. Releases and the tests on the lab use it; no Docker daemon takes part.

pub mod compile;
mod contents;
pub mod oci;
pub mod release;
pub mod sbom;

pub use self::contents::{Kind, Programs, Written, write_chainpod};
