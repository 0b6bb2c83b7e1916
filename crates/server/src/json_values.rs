//! Counts the names, values and elements of a JSON text without keeping them.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;

use crate::limits::JSON_VALUES;

/// Checks that a text is JSON with no more values than allowed.
///
/// # Errors
/// Returns the parser's error, or a sentence with the limit.
pub(crate) fn check(text: &[u8]) -> serde_json::Result<()> {
    let mut left = JSON_VALUES.most;
    let mut parser = Deserializer::from_slice(text);
    Count(&mut left).deserialize(&mut parser)?;
    parser.end()
}

/// Counts down to the limit.
struct Count<'a>(&'a mut u64);

impl Count<'_> {
    fn one<E: Error>(&mut self) -> Result<(), E> {
        let beyond = || {
            E::custom(format_args!(
                "it has more than {JSON_VALUES} names, values and elements"
            ))
        };
        *self.0 = self.0.checked_sub(1).ok_or_else(beyond)?;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

macro_rules! count {
    ($($visit:ident $type:ty),*) => {
        $(fn $visit<E: Error>(mut self, _: $type) -> Result<(), E> {
            self.one()
        })*
    };
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    count! { visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64, visit_str &str }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        self.one()
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        self.one()?;
        while list.next_element_seed(Count(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.one()?;
        while map.next_key_seed(Count(self.0))?.is_some() {
            map.next_value_seed(Count(self.0))?;
        }
        Ok(())
    }
}
