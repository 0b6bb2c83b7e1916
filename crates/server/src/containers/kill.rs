//! `POST /containers/{id}/kill`: sends a signal to the container's program.

use axum::extract::{Path, State};
use engine::Engine;
use http::StatusCode;
use serde::Deserialize;

use crate::error::{ApiError, Result};
use crate::query::Query;

/// The names of Linux's signals by number, from 1. Real-time signals are accepted only by number.
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

/// Answers 204 when the signal is sent. After SIGKILL, which is the default, the program has ended.
///
/// # Errors
/// Returns 404 for an unknown container, 409 for one that does not run, and 400 for an unknown signal.
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

/// Reads a signal: `9`, `KILL` and `SIGKILL` are the same.
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
