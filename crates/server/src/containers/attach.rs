//! `POST /containers/{id}/attach`: streams the output of the container's program, from its first byte to its
//! last, on a connection that has left HTTP.

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use docker_api::frame;
use engine::ports::LogLine;
use engine::{AttachStream, Engine};
use futures::StreamExt;
use http::{HeaderValue, StatusCode, header};
use hyper::ext::ReasonPhrase;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncWriteExt, BufWriter};
use tracing::Instrument;

use crate::error::{ApiError, Result};
use crate::path::Version;
use crate::query::{Query, boolean};

/// The output that the client asks for. By default Docker attaches to no output.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    #[serde(deserialize_with = "boolean")]
    logs: bool,
    #[serde(deserialize_with = "boolean")]
    stream: bool,
}

/// Answers 101 and turns the connection into the stream. The client may close its own side at once.
///
/// # Errors
/// Returns 404 for an unknown container, and 400 for a request that does not ask for an upgrade.
pub(crate) async fn attach(
    State(engine): State<Engine>,
    Extension(Version(version)): Extension<Version>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    mut request: Request,
) -> Result<Response> {
    let wanted = request.headers().get(header::UPGRADE).cloned();
    let (Some(wanted), Some(upgrade)) = (wanted, request.extensions_mut().remove::<OnUpgrade>()) else {
        return Err(ApiError::bad_request(
            "attach needs a connection of its own: send Connection: Upgrade and Upgrade: tcp",
        ));
    };
    let tty = engine.inspect(&id).await?.container.spec.tty;
    let output = engine.attach(&id, parameters.logs, parameters.stream).await?;
    let streaming = async move {
        if let Err(error) = stream(upgrade, output, tty).await {
            tracing::debug!(container = id, %error, "an attached client went away");
        }
    };
    tokio::spawn(streaming.in_current_span());
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(frame::media_type(version, tty)),
        ),
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, wanted),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
    let reason = ReasonPhrase::from_static(b"UPGRADED");
    response.extensions_mut().insert(reason);
    Ok(response)
}

/// Sends all output and closes the connection. `output` is dropped only after that, because the wait call
/// waits for it.
async fn stream(upgrade: OnUpgrade, mut output: AttachStream, tty: bool) -> std::io::Result<()> {
    let upgraded: Upgraded = upgrade.await.map_err(std::io::Error::other)?;
    let mut client = BufWriter::new(TokioIo::new(upgraded));
    while let Some(line) = output.next().await {
        send(&mut client, line, tty).await?;
        // Output that is available already goes out in one piece.
        while let Some(Some(line)) = futures::FutureExt::now_or_never(output.next()) {
            send(&mut client, line, tty).await?;
        }
        client.flush().await?;
    }
    client.shutdown().await
}

async fn send(client: &mut BufWriter<TokioIo<Upgraded>>, line: LogLine, tty: bool) -> std::io::Result<()> {
    client.write_all(&frame::framed("", &line.text, tty)).await
}
