//! The port to metrics.

use std::time::Duration;

use crate::container::Role;
use crate::news::News;

/// The metrics of the engine. Calls must not block.
pub trait Meter: Send + Sync + 'static {
    /// Counts a program that runs, and the time since its start was requested.
    fn launched(&self, role: Role, took: Duration);
    /// Counts a built image, and the time since its build was requested.
    fn built(&self, took: Duration);
    /// Counts news of a container of that role.
    fn told(&self, role: Role, news: &News);
}

/// Counts nothing.
impl Meter for () {
    fn launched(&self, _: Role, _: Duration) {}
    fn built(&self, _: Duration) {}
    fn told(&self, _: Role, _: &News) {}
}
