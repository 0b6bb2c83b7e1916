//! How a container comes to its end: what agents and kubelets report, clients that stop it or wait for it, and those
//! who die before.

mod last_lines;
mod observe;
mod orphans;
mod remove;
mod stop;
mod wait;

pub(in crate::engine) use self::stop::POD_GRACE;
pub use self::stop::Stopped;
pub use self::wait::WaitCondition;
