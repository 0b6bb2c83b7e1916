//! Docker's wire protocol over a real socket, a real router, engine and store, and a cluster in memory: the
//! answers that recorded peers got, and the rules that peers depend on, each with a test of its name.

mod hostile;
mod lists;
mod logs;
mod raw;
mod replay;
mod rules;
mod world;
