//! What query parameters have in common.

use serde::{Deserialize, Deserializer};

/// A boolean as Docker reads it (`httputils.BoolValue`): these words are false, all others true.
pub(crate) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(!matches!(
        text.trim().to_lowercase().as_str(),
        "" | "0" | "no" | "false" | "none"
    ))
}
