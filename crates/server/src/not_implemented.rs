//! What Docker's API has and chainpod does not, with what to do instead: 501.
//! A client reads a sentence there, where an unknown path would say nothing.

use axum::Router;
use axum::routing::any;
use engine::Engine;

use crate::error::ApiError;

/// What is not served: the paths, what they are for, and what serves instead.
pub struct Absent {
    /// As in Docker's documentation; all methods of a path are meant.
    pub paths: &'static [&'static str],
    /// What they are for.
    pub what: &'static str,
    /// What to do instead.
    pub instead: &'static str,
}

/// THE table of what there is not.
pub static ABSENT: [Absent; 14] = [
    Absent {
        paths: &[
            "/containers/{id}/exec",
            "/exec/{id}/start",
            "/exec/{id}/resize",
            "/exec/{id}/json",
        ],
        what: "exec",
        instead: "use kubectl exec",
    },
    Absent {
        paths: &["/containers/{id}/top", "/containers/{id}/stats"],
        what: "top and stats",
        instead: "use kubectl exec and kubectl top",
    },
    Absent {
        paths: &["/containers/{id}/pause", "/containers/{id}/unpause"],
        what: "pause",
        instead: "a Pod cannot be paused: stop the container",
    },
    Absent {
        paths: &["/containers/{id}/restart"],
        what: "restart",
        instead: "stop the container and start it",
    },
    Absent {
        paths: &["/containers/{id}/rename", "/containers/{id}/update"],
        what: "rename and update",
        instead: "remove the container and create it anew",
    },
    Absent {
        paths: &["/containers/{id}/changes", "/containers/{id}/export", "/commit"],
        what: "the file system of a container",
        instead: "build an image with POST /build",
    },
    Absent {
        paths: &["/containers/{id}/resize", "/containers/{id}/attach/ws"],
        what: "a terminal",
        instead: "attach with POST /containers/{id}/attach, without one",
    },
    Absent {
        paths: &["/containers/prune", "/images/prune", "/build/prune", "/system/df"],
        what: "prune and its accounts",
        instead: "remove containers and images by name; what nothing needs goes with them",
    },
    Absent {
        paths: &[
            "/images/{name}/history",
            "/images/{name}/get",
            "/images/get",
            "/images/load",
        ],
        what: "an image's layers",
        instead: "keep images in a registry that the cluster can pull from",
    },
    Absent {
        paths: &[
            "/images/{name}/push",
            "/images/{name}/tag",
            "/images/search",
            "/distribution/{name}/json",
            "/auth",
        ],
        what: "registries",
        instead: "the kubelet pulls: give it the registry's credentials as imagePullSecrets",
    },
    Absent {
        paths: &["/events"],
        what: "events",
        instead: "watch the Pods and ConfigMaps, or use POST /containers/{id}/wait",
    },
    Absent {
        paths: &["/session", "/grpc", "/build/cancel"],
        what: "BuildKit",
        instead: "set DOCKER_BUILDKIT=0",
    },
    Absent {
        paths: &["/networks", "/networks/{path}", "/volumes", "/volumes/{path}"],
        what: "networks and volumes",
        instead: "Pods have the cluster's network and no volumes of Docker's",
    },
    Absent {
        paths: &[
            "/swarm",
            "/swarm/{path}",
            "/nodes",
            "/nodes/{path}",
            "/services",
            "/services/{path}",
            "/tasks",
            "/tasks/{path}",
            "/secrets",
            "/secrets/{path}",
            "/configs",
            "/configs/{path}",
            "/plugins",
            "/plugins/{path}",
        ],
        what: "swarm and plugins",
        instead: "Kubernetes is the orchestrator here",
    },
];

/// Adds what there is not to what there is.
pub(crate) fn routes(router: Router<Engine>) -> Router<Engine> {
    let rows = ABSENT
        .iter()
        .flat_map(|row| row.paths.iter().map(move |path| (*path, row)));
    rows.fold(router, |router, (path, row)| {
        let message = format!("chainpod does not serve {}: {}", row.what, row.instead);
        let answer = move || std::future::ready(ApiError::not_implemented(&message));
        // `{path}` is all that follows.
        router.route(&path.replace("{path}", "{*path}"), any(answer))
    })
}
