//! The agents' calls (`agent_protocol`). Each agent may act for its own container only.

use std::convert::Infallible;
use std::time::Duration;

use agent_protocol::{Event as AgentEvent, KEEPALIVE_SECS};
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use engine::Engine;
use engine::name::RecordName;
use engine::ports::{AgentId, Event, StoreError};
use futures::stream;
use http::request::Parts;
use http::{StatusCode, header};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::body;
use crate::error::{ApiError, Result};
use crate::router::in_span;

/// Returns the agents' routes over an engine.
pub fn router(engine: Engine) -> Router {
    let calls = Router::new()
        .route("/inputs/{number}", get(input))
        .route("/outputs/{number}", put(output))
        .route("/commands", get(commands))
        .route("/events", post(event));
    Router::new()
        .nest("/agent/v1/{record}/{uid}/{start}", calls)
        .with_state(engine)
        .layer(from_fn(in_span))
}

/// An agent that has shown the token of the container that its path names.
struct Agent(AgentId);

#[derive(Deserialize)]
struct Name {
    record: String,
    uid: String,
    start: u32,
}

impl FromRequestParts<Engine> for Agent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self> {
        let name = Path::<Name>::from_request_parts(parts, engine).await;
        let Path(Name { record, uid, start }) = name.map_err(ApiError::bad_request)?;
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        if !token.is_some_and(|token| engine.token_key().accepts(&uid, token)) {
            return Err(ApiError::unauthorized(
                "this token is not valid for this container",
            ));
        }
        let record = RecordName::parse(&record)
            .ok_or_else(|| ApiError::bad_request(format!("{record:?} is not the name of a record")))?;
        Ok(Self(AgentId { record, uid, start }))
    }
}

#[derive(Deserialize)]
struct Numbered {
    number: usize,
}

async fn input(State(engine): State<Engine>, agent: Agent, Path(path): Path<Numbered>) -> Result<Response> {
    let (tar, size) = engine.input(&agent.0, path.number).await?;
    Ok(([(header::CONTENT_LENGTH, size)], body::body(tar)).into_response())
}

async fn output(
    State(engine): State<Engine>,
    agent: Agent,
    Path(path): Path<Numbered>,
    tar: Body,
) -> Result<StatusCode> {
    let kept = engine.output(&agent.0, path.number, body::reader(tar)).await;
    kept.map_err(|error| match error {
        // The agent tries other failures again; this one does not pass by itself.
        engine::Error::Store(StoreError::Io(_)) => ApiError::insufficient_storage(&error),
        other => other.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers 204 when the event is on the record, or when its container is gone.
///
/// # Errors
/// Returns 503 if the event cannot be recorded. The agent then sends it again.
async fn event(State(engine): State<Engine>, agent: Agent, body: Body) -> Result<StatusCode> {
    let event: AgentEvent = body::json(body).await?;
    let (record, start, said) = (agent.0.record.clone(), agent.0.start, format!("{event:?}"));
    let observed = engine.observe(Event::Agent(agent.0, event)).await;
    observed.map_err(|error| ApiError::unavailable(&error))?;
    // The span has the container's names only from here on.
    tracing::debug!(%record, start, said, "an agent sent an event");
    Ok(StatusCode::NO_CONTENT)
}

/// Streams one line for each command, and an empty line if there is no command for a while.
async fn commands(State(engine): State<Engine>, agent: Agent) -> Result<Body> {
    let commands = engine.commands(&agent.0).await?;
    let lines = stream::unfold(commands, |mut commands| async move {
        let line = next_line(&mut commands).await?;
        Some((Ok::<_, Infallible>(line), commands))
    });
    // The first line goes out at once, so that the agent knows that its call has arrived.
    let greeting = stream::once(std::future::ready(Ok("\n".to_owned())));
    Ok(Body::from_stream(futures::StreamExt::chain(greeting, lines)))
}

/// Returns the next line for an agent, or `None` when another stream of that agent has taken over.
async fn next_line(commands: &mut mpsc::Receiver<agent_protocol::Command>) -> Option<String> {
    let keepalive = Duration::from_secs(KEEPALIVE_SECS);
    match tokio::time::timeout(keepalive, commands.recv()).await {
        Ok(command) => Some(serde_json::to_string(&command?).unwrap_or_default() + "\n"),
        Err(_) => Some("\n".to_owned()),
    }
}
