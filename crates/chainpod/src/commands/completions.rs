//! `chainpod completions`: the suggestions of a shell for the tabulator key.

use clap::ArgMatches;
use clap_complete::Shell;

use crate::{cli, print};

/// Prints the completions for the shell that the flags name.
pub(crate) fn print(flags: &ArgMatches) {
    // Invariant: clap requires one of the shells that it knows.
    let name = flags.get_one::<String>(cli::SHELL).map_or("", String::as_str);
    if let Ok(shell) = name.parse::<Shell>() {
        let mut script = Vec::new();
        let mut command = cli::command();
        let name = command.get_name().to_owned();
        clap_complete::generate(shell, &mut command, name, &mut script);
        print::write(&script);
    }
}
