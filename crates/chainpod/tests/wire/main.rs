//! Docker's wire over a real socket, a real router, engine and store, and a
//! cluster in memory: what recorded peers were answered, and the rules that
//! peers live by, each with a test of its name.

mod hostile;
mod lists;
mod logs;
mod raw;
mod replay;
mod rules;
mod world;
