//! Named fakes of the engine's ports, for what the real things cannot be made
//! to do on command. For tests only; what counts is shown on the lab.

mod cluster;
mod store;

pub use cluster::FakeCluster;
pub use store::FakeStore;
