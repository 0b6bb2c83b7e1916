//! `POST /containers/{id}/kill`: a signal to the container's program.

use axum::extract::{Path, State};
use engine::Engine;
use http::StatusCode;
use serde::Deserialize;

use crate::error::{ApiError, Result};
use crate::query::Query;

/// Linux's signals by number, from 1; those without a place in a chaincode's life are by number only.
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];
/// The last real-time signal.
const LAST_SIGNAL: i32 = 64;

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    signal: Option<String>,
}

/// 204; after SIGKILL, which is the default, its program has ended.
///
/// # Errors
/// An unknown container is 404, one that does not run 409, an unknown signal 400.
pub(crate) async fn kill(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode> {
    let signal = parameters.signal.filter(|signal| !signal.is_empty());
    let number = number(signal.as_deref().unwrap_or("KILL"))?;
    let killed = engine.kill(&id, number).await;
    killed.map_err(|error| ApiError::from(error).context(&format!("cannot kill container: {id}")))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `9`, `KILL` and `SIGKILL` are the same.
fn number(signal: &str) -> Result<i32> {
    let name = signal.to_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let by_name = || {
        let index = SIGNALS.iter().position(|known| *known == name)?;
        i32::try_from(index + 1).ok()
    };
    name.parse()
        .ok()
        .filter(|number| (1..=LAST_SIGNAL).contains(number))
        .or_else(by_name)
        .ok_or_else(|| ApiError::bad_request(format!("Invalid signal: {signal}")))
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_signal_has_three_spellings() {
        for kill in ["9", "KILL", "SIGKILL", "sigkill"] {
            assert_eq!(number(kill).unwrap(), 9);
        }
        assert_eq!(number("TERM").unwrap(), 15);
        assert_eq!(number("SYS").unwrap(), 31);
        for none in ["0", "65", "SIGNOTHING", "-9"] {
            assert!(number(none).is_err(), "{none}");
        }
    }
}
