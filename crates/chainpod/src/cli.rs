//! The command line, made from the table of settings.

use clap::{Arg, ArgAction, Command, value_parser};

use crate::config::{CONFIG, DOCTOR_KEYS, EXPLAIN_KEYS, GC_KEYS, KEYS, Key, LOOK_KEYS, duration};
use crate::examples::{ANYWHERE, Example, ON_A_CLUSTER};

/// The subcommand that serves.
pub(crate) const SERVE: &str = "serve";
/// The subcommand that shows which rule set each field.
pub(crate) const EXPLAIN: &str = "explain";
/// The subcommand that lists containers.
pub(crate) const PS: &str = "ps";
/// The subcommand that prints logs.
pub(crate) const LOGS: &str = "logs";
/// The subcommand that checks the cluster.
pub(crate) const DOCTOR: &str = "doctor";
/// The subcommand that removes objects, blobs and images that are no longer needed.
pub(crate) const GC: &str = "gc";
/// The option of `gc` to remove them, not only to list them.
pub(crate) const DELETE: &str = "delete";
/// The option of `gc` that selects containers.
pub(crate) const OLDER_THAN: &str = "older-than";
/// The option of `gc` that selects images.
pub(crate) const IMAGES_OLDER_THAN: &str = "images-older-than";
/// The subcommand that prints completions for a shell.
pub(crate) const COMPLETIONS: &str = "completions";
/// The argument that names a container or chaincode.
pub(crate) const NAME: &str = "NAME";
/// The argument that names a shell.
pub(crate) const SHELL: &str = "SHELL";
/// The option of `ps` to list everything.
pub(crate) const ALL: &str = "all";
/// The option that selects a command's output format.
pub(crate) const OUTPUT: &str = "output";
/// The option of `ps` to print each change.
pub(crate) const WATCH: &str = "watch";
/// The option of `logs` to print new lines.
pub(crate) const FOLLOW: &str = "follow";
/// The option of `logs` for the number of lines.
pub(crate) const TAIL: &str = "tail";
/// The option of `logs` that selects a peer.
pub(crate) const PEER: &str = "peer";
/// The option of `logs` for the previous start.
pub(crate) const PREVIOUS: &str = "previous";
/// The shells that have completions.
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
/// The help for the name of a container or chaincode.
const NAME_HELP: &str = "The name, id or id prefix of a container. The name or label of a chaincode selects all its containers \
(kv also matches kv_1)";

const PRECEDENCE: &str = "Serves the Docker Engine API until it is stopped.

Each setting is a flag, an environment variable, and a key in the file that --config names (YAML, with the flags' \
names without the leading dashes). A flag overrides a variable, and a variable overrides the file.";

const SIGNALS: &str = "After SIGTERM, chainpod waits for open builds and launches, for at most 330 s, and exits. A second SIGTERM makes \
it exit at once. Running chaincode is not affected in either case.";

const ORIGINS: &str = "Prints the fields of a container's next Pod, and the rule that set each field.

A field that no rule sets comes from the client (its create request), from the image (its Dockerfile) or from \
chainpod's defaults. The rules are read from the file as it is now. Settings are read as serve reads them.";

/// Returns the whole command line.
pub(crate) fn command() -> Command {
    let serve = Command::new(SERVE)
        .about("Serves the Docker Engine API until it is stopped")
        .long_about(PRECEDENCE)
        .after_long_help(SIGNALS)
        .args([&CONFIG].into_iter().chain(KEYS).map(argument));
    let explain = Command::new(EXPLAIN)
        .about("Prints the rule that set each field of a container's Pods")
        .long_about(ORIGINS)
        .arg(Arg::new(NAME).required(true).help(NAME_HELP))
        .args([&CONFIG].into_iter().chain(EXPLAIN_KEYS).map(argument));
    Command::new("chainpod")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A Docker Engine API endpoint that runs Hyperledger Fabric chaincode as Kubernetes Pods")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve)
        .subcommand(ps())
        .subcommand(logs())
        .subcommand(explain)
        .subcommand(doctor())
        .subcommand(gc())
        .subcommand(completions())
        .mut_subcommands(with_examples)
}

/// Adds a command's examples to the end of its help.
fn with_examples(command: Command) -> Command {
    let all = ANYWHERE.iter().chain(ON_A_CLUSTER);
    let of_command = all.filter(|example| example.command == command.get_name());
    let lines = of_command.map(|Example { does, line, .. }| format!("\n  {line}\n      {does}"));
    let examples = format!("Examples:{}", lines.collect::<String>());
    let long = match command.get_after_long_help() {
        Some(end) => format!("{end}\n\n{examples}"),
        None => examples.clone(),
    };
    command.after_help(examples).after_long_help(long)
}

fn ps() -> Command {
    Command::new(PS)
        .about("Lists running chaincode")
        .long_about(
            "Lists the chaincode of this installation that runs or is being started. The command reads the cluster with your own \
             permissions. It needs permission to get and list configmaps and pods.",
        )
        .arg(switch(ALL, 'a', "Also lists builds, and containers that have ended or not started"))
        .arg(output(&["wide", "json", "name"]))
        .arg(switch(WATCH, 'w', "Keeps running, and prints a line for each change"))
        .args([&CONFIG].into_iter().chain(LOOK_KEYS).map(argument))
}

fn logs() -> Command {
    Command::new(LOGS)
        .about("Prints the output of chaincode")
        .long_about(
            "Prints the output of chaincode from its Pods. If there are several Pods, each line begins with the Pod's name. If a Pod \
             is gone, its last lines are printed from the record. The command needs permission to get and list configmaps and pods, and to get pods/log.",
        )
        .arg(Arg::new(NAME).required(true).help(NAME_HELP))
        .arg(switch(FOLLOW, 'f', "Keeps running, and prints new lines"))
        .arg(
            Arg::new(TAIL)
                .long(TAIL)
                .value_name("LINES")
                .value_parser(value_parser!(i64).range(0..))
                .help("The number of last lines to print [default: all]"),
        )
        .arg(
            Arg::new(PEER)
                .long(PEER)
                .value_name("PEER")
                .help("Prints the output for one peer only: its id, or the first part of its id"),
        )
        .arg(switch(PREVIOUS, 'p', "Prints the output of the previous start, if its Pod still exists"))
        .args([&CONFIG].into_iter().chain(LOOK_KEYS).map(argument))
}

fn doctor() -> Command {
    Command::new(DOCTOR)
        .about("Checks that this cluster has what chainpod needs")
        .long_about(
            "Checks that this cluster has what chainpod needs, with your own permissions, and prints a remedy for each failed check. \
             For some checks it starts a small Pod of chainpod's image, and removes it. The exit code is 1 if a check fails.",
        )
        .arg(output(&["json"]))
        .args([&CONFIG].into_iter().chain(DOCTOR_KEYS).map(argument))
}

fn gc() -> Command {
    let age = |name: &'static str, help: &'static str| {
        let parse = |text: &str| duration(text);
        Arg::new(name)
            .long(name)
            .value_name("DURATION")
            .value_parser(parse)
            .help(help)
    };
    Command::new(GC)
        .about("Lists objects, blobs and images that are no longer needed, and removes them with --delete")
        .long_about(
            "Lists what is no longer needed: containers that ended long ago, Pods and Secrets whose record is gone, and unused blobs of \
             the image store. It lists only objects that this installation created. With --delete, the command removes the listed objects, with your own \
             permissions. It needs permission to list and delete configmaps, pods and secrets.",
        )
        .arg(Arg::new(DELETE).long(DELETE).alias("yes").action(ArgAction::SetTrue).help("Removes what is listed"))
        .arg(age(OLDER_THAN, "The minimum age of listed containers: the time since they ended, or since they were created if they never started [default: 24h]"))
        .arg(age(
            IMAGES_OLDER_THAN,
            "Also lists images that no container uses and that are older than this. A running 2.x or 3.x peer does not \
             rebuild a removed image [default: no images]",
        ))
        .args([&CONFIG].into_iter().chain(GC_KEYS).map(argument))
}

fn completions() -> Command {
    Command::new(COMPLETIONS)
        .about("Prints completions for a shell")
        .arg(Arg::new(SHELL).required(true).value_parser(SHELLS))
}

fn switch(name: &'static str, short: char, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .short(short)
        .help(help)
        .action(ArgAction::SetTrue)
}

fn output(formats: &'static [&'static str]) -> Arg {
    Arg::new(OUTPUT)
        .long(OUTPUT)
        .short('o')
        .value_name("FORMAT")
        .value_parser(formats.to_vec())
        .help("The output format [default: a table]")
}

fn argument(key: &Key) -> Arg {
    let default = key
        .default
        .map_or(String::new(), |default| format!(" [default: {default}]"));
    let action = if key.many {
        ArgAction::Append
    } else {
        ArgAction::Set
    };
    Arg::new(key.name)
        .long(key.name)
        .value_name(key.value)
        .help(format!("{}{default} [env: {}]", key.help, key.variable()))
        .action(action)
        .help_heading(key.heading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for known in command().get_subcommands() {
            let name = known.get_name();
            let mut all = ANYWHERE.iter().chain(ON_A_CLUSTER);
            assert!(all.any(|example| example.command == name), "{name}");
        }
    }

    #[test]
    fn examples_that_need_a_cluster_are_commands() {
        for example in ON_A_CLUSTER {
            let parsed = command().try_get_matches_from(example.line.split_whitespace());
            let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", example.line));
            assert_eq!(
                parsed.subcommand_name(),
                Some(example.command),
                "{}",
                example.line
            );
        }
    }
}
