//! The parts of Docker's API that chainpod does not implement, each with an alternative: 501. The client gets
//! a sentence with the alternative. The answer for an unknown path would not explain anything.

use axum::Router;
use axum::routing::any;
use engine::Engine;

use crate::error::ApiError;

/// Paths that are not implemented, with their purpose and the alternative.
pub struct Absent {
    /// The paths as in Docker's documentation, for all methods.
    pub paths: &'static [&'static str],
    /// The purpose of the paths.
    pub what: &'static str,
    /// The alternative.
    pub instead: &'static str,
}

/// THE table of the paths that are not implemented.
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
        instead: "stop the container, and start it again later",
    },
    Absent {
        paths: &["/containers/{id}/restart"],
        what: "restart",
        instead: "stop the container, then start it",
    },
    Absent {
        paths: &["/containers/{id}/rename", "/containers/{id}/update"],
        what: "rename and update",
        instead: "remove the container and create it again",
    },
    Absent {
        paths: &["/containers/{id}/changes", "/containers/{id}/export", "/commit"],
        what: "the file system of a container",
        instead: "build an image with POST /build",
    },
    Absent {
        paths: &["/containers/{id}/resize", "/containers/{id}/attach/ws"],
        what: "a terminal",
        instead: "attach with POST /containers/{id}/attach, without a terminal",
    },
    Absent {
        paths: &["/containers/prune", "/images/prune", "/build/prune", "/system/df"],
        what: "prune and disk usage",
        instead: "remove containers and images by name; their unused data is removed with them",
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
        instead: "set imagePullSecrets in chainpod's rules: the kubelet pulls images",
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
        instead: "reach Pods through Services, and upload files instead of mounting volumes",
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
        instead: "use Kubernetes instead",
    },
];

/// Adds the paths that are not implemented to the routes.
pub(crate) fn routes(router: Router<Engine>) -> Router<Engine> {
    let rows = ABSENT
        .iter()
        .flat_map(|row| row.paths.iter().map(move |path| (*path, row)));
    rows.fold(router, |router, (path, row)| {
        let message = format!("chainpod does not support {}: {}", row.what, row.instead);
        let answer = move || std::future::ready(ApiError::not_implemented(&message));
        // `{path}` stands for the rest of the path.
        router.route(&path.replace("{path}", "{*path}"), any(answer))
    })
}
