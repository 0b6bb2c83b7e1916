//! `POST /containers/create`: a container that does not run yet.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, Json};
use docker_api::create::{CreateBody, Created, HostConfig};
use engine::Engine;
use engine::caller::Caller;
use engine::container::{Names, Spec};
use http::StatusCode;
use serde::Deserialize;

use crate::body::json;
use crate::error::{ApiError, Result};
use crate::query::Query;

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    name: Option<String>,
}

/// 201 with the id, and a warning for each field that asks for what is not done.
///
/// # Errors
/// An unknown image is 404, a name in use 409, what a Pod must not have 400.
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

/// From what is written to what is meant.
fn check(body: CreateBody) -> Result<(Spec, Vec<String>)> {
    let host = body.host_config.unwrap_or_default();
    if let Some(refusal) = host.refusal() {
        return Err(ApiError::bad_request(refusal));
    }
    let spec = Spec {
        image: body.image,
        entrypoint: body.entrypoint.map(Into::into),
        cmd: body.cmd.map(Into::into),
        env: body.env.unwrap_or_default(),
        working_dir: body.working_dir.unwrap_or_default(),
        user: body.user.unwrap_or_default(),
        labels: body.labels.unwrap_or_default(),
        memory_bytes: host.memory.unwrap_or_default(),
        nano_cpus: host.cpu_limit_nanos(),
        cpu_shares: host.cpu_shares.unwrap_or_default(),
        names: names(&host)?,
        auto_remove: host.auto_remove.unwrap_or_default(),
    };
    Ok((spec, host.warnings()))
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
        // Docker's text.
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
