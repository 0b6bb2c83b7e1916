//! Parsers of settings: one function for each kind of value.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use pods::AgentVolume;
use tracing_subscriber::EnvFilter;

use crate::telemetry::LogFormat;

/// Kubernetes' limit for a namespace's name and for a label's value.
const NAME_CHARS: usize = 63;

type Value<T> = Result<T, String>;

pub(super) fn text(text: &str) -> Value<String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}

pub(super) fn path(written: &str) -> Value<PathBuf> {
    text(written).map(PathBuf::from)
}

/// Parses a DNS label (RFC 1123), as Kubernetes requires it.
pub(super) fn namespace(text: &str) -> Value<String> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name(text, legal, "lower-case letters, digits and dashes")
}

/// Parses an instance, which becomes a label's value.
pub(super) fn instance(text: &str) -> Value<String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name(text, legal, "letters, digits, dashes, underscores and dots")
}

fn name(text: &str, legal: impl Fn(u8) -> bool, what: &str) -> Value<String> {
    let ends = [text.bytes().next(), text.bytes().last()];
    let ends_well = ends.iter().flatten().all(u8::is_ascii_alphanumeric);
    if text.is_empty() || text.len() > NAME_CHARS || !text.bytes().all(legal) || !ends_well {
        return Err(format!(
            "1 to {NAME_CHARS} {what} are expected, letters or digits at both ends"
        ));
    }
    Ok(text.to_owned())
}

/// Parses a number of things, of which there is at least one.
pub(super) fn count(text: &str) -> Value<usize> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "a whole number from 1 is expected".to_owned())
}

pub(super) fn address(text: &str) -> Value<SocketAddr> {
    let expected = "an IP address and a port are expected, such as 10.0.0.7:2377 or [fd00::7]:2377";
    text.parse().map_err(|_| expected.to_owned())
}

/// Parses an address, or the word for no address.
pub(super) fn address_or_none(text: &str) -> Value<Option<SocketAddr>> {
    match text {
        "none" => Ok(None),
        text => address(text)
            .map(Some)
            .map_err(|expected| format!("{expected}, or none")),
    }
}

pub(super) fn agent_volume(text: &str) -> Value<AgentVolume> {
    match text {
        "auto" => Ok(AgentVolume::Auto),
        "image" => Ok(AgentVolume::Image),
        "init" => Ok(AgentVolume::Init),
        _ => Err("auto, image or init is expected".to_owned()),
    }
}

/// Parses a duration with its unit.
pub(crate) fn duration(text: &str) -> Value<Duration> {
    let parsed = text.parse::<SignedDuration>().ok();
    let duration = parsed.and_then(|duration| Duration::try_from(duration).ok());
    duration.ok_or_else(|| "a duration is expected, such as 90s or 2m".to_owned())
}

pub(super) fn log_format(text: &str) -> Value<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("text or json is expected".to_owned()),
    }
}

pub(super) fn log_filter(text: &str) -> Value<String> {
    EnvFilter::try_new(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}
