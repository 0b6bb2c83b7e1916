//! The command line: made from the table of settings.

use clap::{Arg, ArgAction, Command};

use crate::config::{CONFIG, KEYS, Key};

/// The subcommand.
pub(crate) const SERVE: &str = "serve";

const PRECEDENCE: &str = "Serves the Docker Engine API until it is told to stop.

Each setting can be given in a file (--config, YAML: the flags' names without their dashes), by a variable \
of the environment, or as a flag; the flag wins over the variable, and that over the file.";

const SIGNALS: &str = "SIGTERM lets open builds and launches end, 330 s at most, and ends then; a second one ends at \
once. Chaincode that runs goes on in any case.";

/// The whole command line.
pub(crate) fn command() -> Command {
    let serve = Command::new(SERVE)
        .about("Serves the Docker Engine API until it is told to stop")
        .long_about(PRECEDENCE)
        .after_long_help(SIGNALS)
        .args([&CONFIG].into_iter().chain(KEYS).map(argument));
    Command::new("chainpod")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A Docker Engine API endpoint that runs Hyperledger Fabric chaincode as Kubernetes Pods")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve)
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
