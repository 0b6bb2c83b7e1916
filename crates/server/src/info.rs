//! `GET /info`: describes this installation.

use axum::Json;
use axum::extract::State;
use docker_api::info::Info;
use engine::Engine;
use engine::phase::Phase;

use crate::error::Result;

/// Answers 200 with the description.
///
/// # Errors
/// Returns the error of the cluster or of the store.
pub(crate) async fn info(State(engine): State<Engine>) -> Result<Json<Info>> {
    let containers = engine.containers().await?;
    let count = |phase: &[Phase]| {
        let of = containers
            .iter()
            .filter(|record| phase.contains(&record.container.phase));
        of.count()
    };
    let mut info = Info::new(env!("CARGO_PKG_VERSION"));
    info.containers = containers.len();
    info.containers_running = count(&[Phase::Running]);
    info.containers_stopped = count(&[Phase::Created, Phase::Starting, Phase::Exited]);
    info.images = engine.images().await?.len();
    Ok(Json(info))
}
