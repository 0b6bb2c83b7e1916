//! The end of a container: reports of agents and kubelets, clients that stop the container or wait for it,
//! and processes that die before.

mod last_lines;
mod observe;
mod orphans;
mod remove;
mod stop;
mod wait;

pub(in crate::engine) use self::stop::POD_GRACE;
pub use self::stop::Stopped;
pub use self::wait::WaitCondition;
