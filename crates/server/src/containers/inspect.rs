//! `GET /containers/{id}/json`: describes a container.

use axum::Json;
use axum::extract::{Path, State};
use docker_api::config::{Config, Empty};
use docker_api::container::{ContainerInspect, NO_TIME, State as DockerState};
use engine::Engine;
use engine::container::Container;
use engine::phase::Phase;
use engine::process::Process;
use jiff::Timestamp;

use crate::error::Result;

/// Answers 200 with the description.
///
/// # Errors
/// Returns 404 for an unknown container.
pub(crate) async fn inspect(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<Json<ContainerInspect>> {
    Ok(Json(describe(engine.inspect(&id).await?.container)))
}

fn describe(container: Container) -> ContainerInspect {
    let process = Process::of(&container);
    let mut argv = process.argv.into_iter();
    let host_config = super::host_config(&container.spec);
    let labels = container.docker_labels();
    let (state, spec) = (state(&container), container.spec);
    let ports = spec.ports.iter().map(|port| {
        let name = format!("{}/{}", port.number, port.protocol);
        (name, Empty::default())
    });
    let config = Config {
        user: process.user,
        env: Some(
            process
                .env
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
        cmd: spec.cmd,
        image: spec.image,
        working_dir: process.working_dir,
        entrypoint: spec.entrypoint,
        labels: Some(labels),
        exposed_ports: ports.collect(),
        hostname: spec.hostname,
        tty: spec.tty,
        ..Config::default()
    };
    ContainerInspect {
        created: container.created.to_string(),
        path: argv.next().unwrap_or_default(),
        args: argv.collect(),
        image: container.image.id.0,
        name: format!("/{}", container.name),
        host_config,
        ..ContainerInspect::new(container.id.0, config, state)
    }
}

fn state(container: &Container) -> DockerState {
    let time = |time: Option<Timestamp>| time.map_or_else(|| NO_TIME.to_owned(), |time| time.to_string());
    let exit = container.exit.as_ref();
    // As in Docker, a container that never ran has no end.
    let ended = exit.filter(|_| container.phase == Phase::Exited);
    DockerState {
        status: container.phase.docker_status(),
        running: container.phase == Phase::Running,
        oom_killed: exit.is_some_and(|exit| exit.oom_killed),
        exit_code: exit.map_or(0, |exit| exit.code),
        error: exit.map(|exit| exit.error.clone()).unwrap_or_default(),
        started_at: time(container.started_at),
        finished_at: time(ended.map(|exit| exit.finished_at)),
        ..DockerState::default()
    }
}
