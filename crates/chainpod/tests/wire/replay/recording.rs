//! A recorded conversation between a peer and a real Docker Engine, and its order.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// One recording: a file of `crates/testkit/fixtures`.
#[derive(Debug, Deserialize)]
pub(super) struct Recording {
    pub(super) exchanges: Vec<Exchange>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Exchange {
    pub(super) connection: u32,
    t: Times,
    pub(super) request: Request,
    /// None if the recorder lost it.
    pub(super) response: Option<Response>,
}

/// Seconds since the recorder started.
#[derive(Debug, Deserialize)]
struct Times {
    request: Option<f64>,
    request_body_end: Option<f64>,
    response: Option<f64>,
    response_end: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Content>,
    /// True if the peer sent it to its end.
    pub(super) body_complete: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Content>,
}

/// A body, in any of the recorder's formats.
#[derive(Debug, Deserialize)]
pub(super) struct Content {
    pub(super) json: Option<Value>,
    pub(super) text: Option<String>,
    pub(super) base64: Option<String>,
    pub(super) tar: Option<Vec<TarEntry>>,
    #[serde(default)]
    pub(super) encoding: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TarEntry {
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) mode: String,
    pub(super) uid: u64,
    pub(super) gid: u64,
    pub(super) size: u64,
    pub(super) text: Option<String>,
}

/// A step of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The peer sends its request, but for a body of unknown length.
    Send,
    /// The peer has sent the body.
    EndBody,
    /// Docker has sent status and headers.
    Head,
    /// Docker has sent the body, or the peer has gone.
    End,
}

impl Recording {
    pub(super) fn read(path: &Path) -> Self {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Returns all steps in their order: the number of the exchange, and the act.
    pub(super) fn acts(&self) -> Vec<(usize, Act)> {
        let mut acts = Vec::new();
        for (number, exchange) in self.exchanges.iter().enumerate() {
            let t = &exchange.t;
            let begin = t.request.unwrap_or_else(|| self.next_begin(exchange.connection));
            let times = [
                (Act::Send, Some(begin)),
                (Act::EndBody, t.request_body_end.or(Some(begin))),
                (Act::Head, t.response),
                (Act::End, t.response_end),
            ];
            acts.extend(
                times
                    .into_iter()
                    .filter_map(|(act, time)| Some((time?, number, act))),
            );
        }
        acts.sort_by(|a, b| a.0.total_cmp(&b.0));
        acts.into_iter().map(|(_, number, act)| (number, act)).collect()
    }

    /// Returns the time at which the next connection began: a request whose time was lost came before.
    fn next_begin(&self, connection: u32) -> f64 {
        let later = self.exchanges.iter().filter(|of| of.connection > connection);
        later
            .filter_map(|of| of.t.request)
            .min_by(f64::total_cmp)
            .unwrap_or(f64::MAX)
    }
}

impl Exchange {
    /// Returns the path without version and query.
    pub(super) fn route(&self) -> &str {
        let path = self.request.path.split('?').next().unwrap_or_default();
        match path
            .strip_prefix("/v1.")
            .and_then(|rest| rest.find('/').map(|end| &rest[end..]))
        {
            Some(rest) => rest,
            None => path,
        }
    }

    /// Returns the container of the call, as the peer names it.
    pub(super) fn container(&self) -> Option<&str> {
        let name = self.route().strip_prefix("/containers/")?.split('/').next()?;
        (name != "create").then_some(name)
    }

    /// Returns true if it is that operation on a container.
    pub(super) fn is(&self, method: &str, operation: &str) -> bool {
        self.request.method == method
            && self.container().is_some_and(|name| {
                self.route() == format!("/containers/{name}/{operation}").trim_end_matches('/')
            })
    }

    pub(super) fn answer(&self) -> Option<&Value> {
        self.response.as_ref()?.body.as_ref()?.json.as_ref()
    }
}
