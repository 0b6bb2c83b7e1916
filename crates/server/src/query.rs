//! The common parts of query parameters.

use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::error::{ApiError, Result as ApiResult};

/// Digits of a second's fraction.
const NANO_DIGITS: usize = 9;

/// The query's parameters. Errors in them are answered in Docker's form.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        let axum::extract::Query(parameters) = query.map_err(ApiError::bad_request)?;
        Ok(Self(parameters))
    }
}

/// The parameters of a removal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Removal {
    /// True if an object in use is removed, too.
    #[serde(deserialize_with = "boolean")]
    pub(crate) force: bool,
}

/// Reads a boolean as Docker does (`httputils.BoolValue`): the listed strings are false, all others are true.
pub(crate) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(!matches!(
        text.trim().to_lowercase().as_str(),
        "" | "0" | "no" | "false" | "none"
    ))
}

/// Reads `SECONDS[.FRACTION]` since 1970. Returns `None` for 0 or an empty text.
///
/// # Errors
/// Returns 400 with the parameter's name.
pub(crate) fn moment(name: &str, text: &str) -> ApiResult<Option<Timestamp>> {
    if text.is_empty() || text == "0" {
        return Ok(None);
    }
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parsed = || {
        let nanos: u32 = format!("{fraction:0<NANO_DIGITS$.NANO_DIGITS$}").parse().ok()?;
        Timestamp::new(seconds.parse().ok()?, nanos.try_into().ok()?).ok()
    };
    let invalid =
        || ApiError::bad_request(format!("invalid value for {name:?}: {text:?} is not a Unix time"));
    parsed().ok_or_else(invalid).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_seconds_with_or_without_a_fraction() {
        let of = |text| moment("since", text).map_err(|_| ());
        assert_eq!(of(""), Ok(None));
        assert_eq!(of("0"), Ok(None));
        assert_eq!(of("12"), Ok(Some(Timestamp::new(12, 0).unwrap())));
        assert_eq!(of("12.05"), Ok(Some(Timestamp::new(12, 50_000_000).unwrap())));
        assert_eq!(of("12.0000000019"), Ok(Some(Timestamp::new(12, 1).unwrap())));
        for none in ["tomorrow", "1.x", "1.-5", "2026-11-01T00:00:00Z"] {
            assert_eq!(of(none), Err(()), "{none}");
        }
    }
}
