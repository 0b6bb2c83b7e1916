//! THE second table, beside [`LEGALITY`](crate::phase::LEGALITY): what happens to a container, by its phase, and what
//! follows. [`LIFE`] says what is done to the record, and [`FOLLOWS`] what comes of that. Pure: it reads no clock and
//! calls nobody. [`Transition::apply`] changes a record by the table; the engine keeps the record and carries out the
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
