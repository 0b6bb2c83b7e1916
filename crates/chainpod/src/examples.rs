//! The examples that `--help` shows, as data. Tests run the first table for real and parse the second.

/// One example.
pub(crate) struct Example {
    /// The command that it explains.
    pub(crate) command: &'static str,
    /// The result.
    pub(crate) does: &'static str,
    /// A line for a shell.
    pub(crate) line: &'static str,
}

const fn example(command: &'static str, line: &'static str, does: &'static str) -> Example {
    Example { command, does, line }
}

/// Examples that run on any machine.
pub(crate) const ANYWHERE: &[Example] = &[
    example(
        "completions",
        "source <(chainpod completions bash)",
        "Turns on completion of chainpod's commands in this bash",
    ),
    example(
        "completions",
        "chainpod completions zsh > _chainpod",
        "Writes the completions for zsh to a file; put it into a folder of fpath",
    ),
];

/// Examples that need a cluster.
pub(crate) const ON_A_CLUSTER: &[Example] = &[
    example(
        "serve",
        "chainpod serve --namespace fabric --agent-address 10.0.0.7:2377",
        "Serves Docker clients of this machine; Pods reach it at 10.0.0.7",
    ),
    example(
        "serve",
        "chainpod serve --config chainpod.yaml --log-format json",
        "Reads the settings from a file, and logs in JSON",
    ),
    example("ps", "chainpod ps --namespace fabric", "Lists running chaincode"),
    example(
        "ps",
        "chainpod ps --all --output json",
        "Lists builds and ended containers too, as JSON for programs",
    ),
    example(
        "logs",
        "chainpod logs kv --tail 20 --follow",
        "Prints the last 20 lines of each Pod of the chaincode kv, and new ones",
    ),
    example(
        "logs",
        "chainpod logs kv_1 --peer peer0 --previous",
        "Prints the log of the start before the last one, for one peer",
    ),
    example(
        "explain",
        "chainpod explain kv_1 --rules rules.yaml",
        "Tries the rules of a file before chainpod uses them",
    ),
    example(
        "doctor",
        "chainpod doctor --namespace fabric",
        "Checks the namespace before anything is installed there",
    ),
    example("gc", "chainpod gc", "Shows everything that could be removed"),
    example(
        "gc",
        "chainpod gc --older-than 72h --delete",
        "Removes leftovers, except containers that ended in the last three days",
    ),
];
