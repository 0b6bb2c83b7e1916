//! The command line: made from the table of settings.

use clap::{Arg, ArgAction, Command};

use crate::config::{CONFIG, EXPLAIN_KEYS, KEYS, Key};

/// The subcommand that serves.
pub(crate) const SERVE: &str = "serve";
/// The subcommand that says which rule gave what.
pub(crate) const EXPLAIN: &str = "explain";
/// Its argument.
pub(crate) const NAME: &str = "NAME";

const PRECEDENCE: &str = "Serves the Docker Engine API until it is told to stop.

Each setting can be given in a file (--config, YAML: the flags' names without their dashes), by a variable \
of the environment, or as a flag; the flag wins over the variable, and that over the file.";

const SIGNALS: &str = "SIGTERM lets open builds and launches end, 330 s at most, and ends then; a second one ends at \
once. Chaincode that runs goes on in any case.";

const ORIGINS: &str = "Says what the Pods of a container have by the rules, and which rule gave each field.

A field that no rule gives comes from the client (what the create request says), from the image (what its Dockerfile says) or is \
chainpod's default. The rules are those of the file as it is now: what the next Pod will have. Settings are read as serve \
reads them.";

/// The whole command line.
pub(crate) fn command() -> Command {
    let serve = Command::new(SERVE)
        .about("Serves the Docker Engine API until it is told to stop")
        .long_about(PRECEDENCE)
        .after_long_help(SIGNALS)
        .args([&CONFIG].into_iter().chain(KEYS).map(argument));
    let explain = Command::new(EXPLAIN)
        .about("Says which rule gives the Pods of a container which field")
        .long_about(ORIGINS)
        .arg(
            Arg::new(NAME)
                .required(true)
                .help("A container's name, id or the beginning of its id; or a chaincode's name, for all its containers"),
        )
        .args([&CONFIG].into_iter().chain(EXPLAIN_KEYS).map(argument));
    Command::new("chainpod")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A Docker Engine API endpoint that runs Hyperledger Fabric chaincode as Kubernetes Pods")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve)
        .subcommand(explain)
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
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
