//! THE second table, next to [`LEGALITY`](crate::phase::LEGALITY): the events of a container, by its phase,
//! and their consequences. [`LIFE`] names the step that changes the record, and [`FOLLOWS`] has the
//! consequences of that step. The module is pure: it reads no clock and calls no other system.
//! [`Transition::apply`] changes a record by the table. The engine keeps the record and carries out the
//! [`Change`]. A new feature goes into the table first.

mod apply;
mod news;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod transition;

pub use self::apply::{Change, Here, is_orphan};
pub use self::report::Reported;
pub use self::table::{FOLLOWS, Follows, Holder, Kind, LIFE, Step, Telling};
pub use self::transition::Transition;
