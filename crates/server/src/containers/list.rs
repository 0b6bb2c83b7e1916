//! `GET /containers/json`: lists containers.

use axum::Json;
use axum::extract::State;
use docker_api::container::{ContainerSummary, human_duration, no_networks};
use engine::Engine;
use engine::container::{Container, Exit};
use engine::image::Image;
use engine::phase::Phase;
use engine::process::Process;
use image_name::Reference;
use jiff::Timestamp;
use serde::Deserialize;

use crate::error::Result;
use crate::filters::Filters;
use crate::query::{Query, boolean};

/// The filters for containers.
const FILTERS: [&str; 5] = ["ancestor", "id", "label", "name", "status"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    #[serde(deserialize_with = "boolean")]
    all: bool,
    limit: i64,
    filters: String,
}

/// Answers 200 with the running containers, with all containers, or with the newest `limit`. The newest is
/// first.
///
/// # Errors
/// Returns 400 for an invalid filter.
pub(crate) async fn list(
    State(engine): State<Engine>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<ContainerSummary>>> {
    let filters = Filters::parse(&parameters.filters, &FILTERS)?;
    let ancestors = filters.read("ancestor", Ancestor::parse);
    // docker-py always sends -1.
    let limit = usize::try_from(parameters.limit).ok().filter(|limit| *limit > 0);
    // As in Docker, a request for a status or a number includes containers that do not run.
    let all = parameters.all || limit.is_some() || filters.has("status");
    let records = engine.containers().await?.into_iter();
    let containers = records
        .map(|record| record.container)
        .filter(|container| all || container.phase == Phase::Running)
        .filter(|container| fits(&filters, container))
        .filter(|container| {
            let is_of = |ancestor: &Ancestor| ancestor.is_of(&container.image);
            ancestors.as_ref().is_none_or(|asked| asked.iter().any(is_of))
        });
    Ok(Json(
        containers
            .take(limit.unwrap_or(usize::MAX))
            .map(summary)
            .collect(),
    ))
}

/// An image that selects the containers made from it.
struct Ancestor {
    name: String,
    reference: Reference,
}

impl Ancestor {
    fn parse(text: &str) -> Option<Self> {
        let reference = Reference::parse(text).ok()?;
        let name = reference.to_string();
        Some(Self { name, reference })
    }

    fn is_of(&self, image: &Image) -> bool {
        self.name == image.name || self.reference.id().is_some_and(|id| id.is_of(&image.id.0))
    }
}

fn fits(filters: &Filters, container: &Container) -> bool {
    filters.any("id", |id| container.id.0.starts_with(id))
        && filters.any("name", |name| {
            container.name.contains(name.trim_start_matches('/'))
        })
        && filters.any("status", |status| container.phase.docker_status() == status)
        && filters.labels(&container.docker_labels())
}

fn summary(container: Container) -> ContainerSummary {
    let status = status(&container, Timestamp::now());
    let command = Process::of(&container).argv.join(" ");
    let host_config = super::host_config(&container.spec);
    let labels = container.docker_labels();
    let spec = container.spec;
    ContainerSummary {
        id: container.id.0,
        names: [format!("/{}", container.name)],
        image: spec.image,
        image_id: container.image.id.0,
        command,
        created: container.created.as_second(),
        ports: [],
        labels,
        state: container.phase.docker_status(),
        status,
        host_config,
        network_settings: no_networks(),
        mounts: [],
    }
}

/// Returns the status that `docker ps` prints.
fn status(container: &Container, now: Timestamp) -> String {
    let since = |time: Timestamp| human_duration(now.as_second() - time.as_second());
    match (container.phase, container.started_at, &container.exit) {
        (Phase::Running, Some(started), _) => format!("Up {}", since(started)),
        (
            Phase::Exited,
            _,
            Some(Exit {
                code, finished_at, ..
            }),
        ) => {
            format!("Exited ({code}) {} ago", since(*finished_at))
        }
        (Phase::Created | Phase::Starting | Phase::Running | Phase::Exited, _, _) => "Created".to_owned(),
    }
}
