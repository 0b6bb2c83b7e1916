//! The end of a container: reports of agents and kubelets, clients that stop the container or wait for it,
//! and processes that die before its end.

mod kill;
mod last_lines;
mod lingering;
mod observe;
mod orphans;
mod remove;
mod stop;
mod terminate;
mod vanished;
mod wait;

pub use self::stop::Stopped;
pub(in crate::engine) use self::terminate::POD_GRACE;
pub use self::wait::WaitCondition;
