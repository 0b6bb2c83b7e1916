//! The examples that `--help` shows, as data. Tests run the first table for real, and parse the second.

/// One example.
pub(crate) struct Example {
    /// The task that it explains.
    pub(crate) task: &'static str,
    /// The result.
    pub(crate) does: &'static str,
    /// The task with its arguments.
    pub(crate) line: &'static str,
}

const fn example(task: &'static str, line: &'static str, does: &'static str) -> Example {
    Example { task, does, line }
}

/// Examples that need this checkout only.
pub(crate) const HERE: &[Example] = &[
    example(
        "english",
        "cargo xtask english docs/adr",
        "Prints every sentence below docs/adr that is hard to read",
    ),
    example("gates", "cargo xtask gates format links", "Runs two of the gates"),
];

/// Examples that need the lab, or minutes.
pub(crate) const ON_THE_LAB: &[Example] = &[
    example(
        "lab up",
        "cargo xtask lab up --nodes 2 --old-runtime",
        "Starts two nodes, one of them with containerd 1.6",
    ),
    example(
        "lab network up",
        "cargo xtask lab network up --docker-endpoint tcp://127.0.0.1:2375 --fabric 2.1 --peers 2",
        "Starts two peers that build and start chaincode at that endpoint",
    ),
    example(
        "demo",
        "cargo xtask demo --fabric 1.4 --language go",
        "Shows the Go chaincode of a 1.4 peer",
    ),
    example(
        "bench",
        "cargo xtask bench launch --rounds 20 --json launch.json",
        "Measures launches, and writes the figures to a file too",
    ),
    example(
        "image",
        "cargo xtask image --arch arm64",
        "Writes target/image/chainpod-arm64.tar",
    ),
    example(
        "test",
        "cargo xtask test --quick",
        "Runs the gates and the tests that need no lab",
    ),
];
