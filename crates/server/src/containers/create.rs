//! `POST /containers/create`: makes a container that does not run yet.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, Json};
use docker_api::create::{CreateBody, Created, HostConfig};
use engine::Engine;
use engine::caller::Caller;
use engine::container::{Names, Port, Spec};
use http::StatusCode;
use serde::Deserialize;

use crate::body::json;
use crate::error::{ApiError, Result};
use crate::query::Query;

/// The only user with the same number in every image.
const ROOT: &str = "root";
/// Kubernetes' limit for a Pod's hostname.
const LABEL_CHARS: usize = 63;
/// The protocols that a port may have; the first is the default.
const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    name: Option<String>,
}

/// Answers 201 with the id, and with a warning for each field that is not honoured.
///
/// # Errors
/// Returns 404 for an unknown image, 409 for a name in use, and 400 for a setting that a Pod must not have.
pub(crate) async fn create(
    State(engine): State<Engine>,
    Query(parameters): Query<Parameters>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<(StatusCode, Json<Created>)> {
    let (spec, warnings) = check(json(body).await?)?;
    let name = parameters.name.filter(|name| !name.is_empty());
    let record = engine.called_by(caller).create(name, spec).await?;
    let id = record.container.id.0;
    tracing::info!(
        container = record.container.name,
        id,
        image = record.container.spec.image,
        "created"
    );
    Ok((StatusCode::CREATED, Json(Created { id, warnings })))
}

/// Turns the request into a specification, and warnings about the fields that are not honoured.
fn check(body: CreateBody) -> Result<(Spec, Vec<String>)> {
    if let Some(refusal) = body.refusal() {
        return Err(ApiError::bad_request(refusal));
    }
    let mut warnings = body.warnings();
    let host = body.host_config.unwrap_or_default();
    let user = body.user.unwrap_or_default();
    warnings.extend(user_warning(&user));
    let (hostname, warning) = hostname(body.hostname.unwrap_or_default());
    warnings.extend(warning);
    let spec = Spec {
        image: body.image,
        entrypoint: body.entrypoint.map(Into::into),
        cmd: body.cmd.map(Into::into),
        env: env(body.env.unwrap_or_default())?,
        working_dir: body.working_dir.unwrap_or_default(),
        user,
        labels: body.labels.unwrap_or_default(),
        memory_bytes: host.memory.unwrap_or_default(),
        nano_cpus: host.cpu_limit_nanos(),
        cpu_shares: host.cpu_shares.unwrap_or_default(),
        names: names(&host)?,
        auto_remove: host.auto_remove.unwrap_or_default(),
        hostname,
        ports: body
            .exposed_ports
            .unwrap_or_default()
            .keys()
            .map(|text| port(text))
            .collect::<Result<_>>()?,
        tty: body.tty.unwrap_or_default(),
        read_only_root: host.readonly_rootfs.unwrap_or_default(),
    };
    Ok((spec, warnings))
}

/// Checks that each variable has a name. The rule and the message are Docker's.
fn env(env: Vec<String>) -> Result<Vec<String>> {
    match env
        .iter()
        .find(|entry| entry.is_empty() || entry.starts_with('='))
    {
        Some(entry) => Err(ApiError::bad_request(format!(
            "invalid environment variable: {entry}"
        ))),
        None => Ok(env),
    }
}

/// Returns a warning about names of users and groups: they are in a file of the image, which chainpod does
/// not read.
fn user_warning(user: &str) -> Option<String> {
    let known = |name: &str| name == ROOT || name.parse::<u32>().is_ok();
    let is_known = user.split(':').all(known);
    (!user.is_empty() && !is_known).then(|| {
        format!(
            "User {user:?} is ignored, except for numbers: names cannot be looked up in the image; set a numeric UID or UID:GID"
        )
    })
}

/// Returns the name if it is a legal hostname of a Pod, a DNS label (RFC 1123). Otherwise returns an empty
/// name and a warning.
fn hostname(name: String) -> (String, Option<String>) {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = [name.bytes().next(), name.bytes().last()];
    let is_legal = name.len() <= LABEL_CHARS
        && name.bytes().all(legal)
        && ends.iter().flatten().all(u8::is_ascii_alphanumeric);
    if is_legal {
        return (name, None);
    }
    let warning = format!(
        "Hostname {name:?} is ignored: a Pod's hostname has 1 to {LABEL_CHARS} lower-case letters, digits and dashes"
    );
    (String::new(), Some(warning))
}

/// Reads `PORT` or `PORT/PROTOCOL`.
fn port(text: &str) -> Result<Port> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, PROTOCOLS[0]));
    let protocol = protocol.to_lowercase();
    match number.parse() {
        Ok(number) if number > 0 && PROTOCOLS.contains(&protocol.as_str()) => Ok(Port { number, protocol }),
        _ => Err(ApiError::bad_request(format!(
            "invalid ExposedPorts {text:?}: expected PORT/PROTOCOL, with a port from 1 to 65535 and the protocol tcp, udp or sctp"
        ))),
    }
}

fn names(host: &HostConfig) -> Result<Names> {
    let address = |field: &str, text: &str| {
        let invalid = |error| ApiError::bad_request(format!("HostConfig.{field} {text:?}: {error}"));
        text.trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .map_err(|error| invalid(error.to_string()))
    };
    let host_of = |entry: &String| match entry.split_once(':') {
        Some((name, text)) if !name.is_empty() => Ok((address("ExtraHosts", text)?, name.to_owned())),
        // This is Docker's message.
        _ => Err(ApiError::bad_request(format!(
            "bad format for add-host: {entry:?}"
        ))),
    };
    let servers = host.dns.iter().flatten().map(|text| address("Dns", text));
    Ok(Names {
        servers: servers.collect::<Result<_>>()?,
        searches: host.dns_search.clone().unwrap_or_default(),
        options: host.dns_options.clone().unwrap_or_default(),
        hosts: host
            .extra_hosts
            .iter()
            .flatten()
            .map(host_of)
            .collect::<Result<_>>()?,
    })
}
