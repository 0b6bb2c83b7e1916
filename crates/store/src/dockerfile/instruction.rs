//! One instruction, with its words as they are written in the Dockerfile.

use parse_dockerfile::{Command, Flag, Instruction as Parsed, Source, UnescapedString};

/// An instruction, by its effect on a build.
pub(crate) enum Instruction {
    Arg(String),
    Cmd(Vec<String>),
    /// COPY or ADD.
    Copy(Paths),
    Entrypoint(Vec<String>),
    Env(String),
    From(String),
    Label(String),
    User(String),
    Workdir(String),
    /// It is accepted, and has no effect in a Pod.
    Nothing,
    /// An instruction that is not supported, and the alternative.
    Unsupported(&'static str, &'static str),
}

/// The arguments of COPY or ADD.
pub(crate) struct Paths {
    pub(crate) keyword: &'static str,
    /// The name of the first `--option`.
    pub(crate) option: Option<String>,
    /// The sources. None means a here-document.
    pub(crate) sources: Vec<Option<String>>,
    pub(crate) destination: String,
}

impl From<Parsed<'_>> for Instruction {
    fn from(parsed: Parsed<'_>) -> Self {
        match parsed {
            Parsed::Add(add) => Self::Copy(paths("ADD", &add.options, add.src, add.dest)),
            Parsed::Copy(copy) => Self::Copy(paths("COPY", &copy.options, copy.src, copy.dest)),
            Parsed::Arg(arg) => Self::Arg(text(arg.arguments)),
            Parsed::Env(env) => Self::Env(text(env.arguments)),
            Parsed::Label(label) => Self::Label(text(label.arguments)),
            Parsed::Cmd(cmd) => Self::Cmd(command(cmd.arguments)),
            Parsed::Entrypoint(entrypoint) => Self::Entrypoint(command(entrypoint.arguments)),
            Parsed::From(from) => Self::From(text(from.image)),
            Parsed::User(user) => Self::User(text(user.arguments)),
            Parsed::Workdir(workdir) => Self::Workdir(text(workdir.arguments)),
            Parsed::Expose(_) | Parsed::Volume(_) | Parsed::Stopsignal(_) | Parsed::Maintainer(_) => {
                Self::Nothing
            }
            Parsed::Run(_) => Self::Unsupported(
                "RUN",
                "build the image elsewhere and name it in FROM, or copy its result with ADD",
            ),
            _ => Self::Unsupported(
                "this instruction",
                "build the image elsewhere and name it in FROM",
            ),
        }
    }
}

/// Returns the position in the text at which an instruction begins.
pub(super) fn start(instruction: &Parsed<'_>) -> usize {
    let span = match instruction {
        Parsed::Add(it) => &it.add.span,
        Parsed::Arg(it) => &it.arg.span,
        Parsed::Cmd(it) => &it.cmd.span,
        Parsed::Copy(it) => &it.copy.span,
        Parsed::Entrypoint(it) => &it.entrypoint.span,
        Parsed::Env(it) => &it.env.span,
        Parsed::Expose(it) => &it.expose.span,
        Parsed::From(it) => &it.from.span,
        Parsed::Healthcheck(it) => &it.healthcheck.span,
        Parsed::Label(it) => &it.label.span,
        Parsed::Maintainer(it) => &it.maintainer.span,
        Parsed::Onbuild(it) => &it.onbuild.span,
        Parsed::Run(it) => &it.run.span,
        Parsed::Shell(it) => &it.shell.span,
        Parsed::Stopsignal(it) => &it.stopsignal.span,
        Parsed::User(it) => &it.user.span,
        Parsed::Volume(it) => &it.volume.span,
        Parsed::Workdir(it) => &it.workdir.span,
        _ => return 0,
    };
    span.start
}

fn text(text: UnescapedString<'_>) -> String {
    text.value.into_owned()
}

fn paths<'a>(
    keyword: &'static str,
    options: &[Flag<'_>],
    sources: impl IntoIterator<Item = Source<'a>>,
    destination: UnescapedString<'_>,
) -> Paths {
    let source = |source| match source {
        Source::Path(path) => Some(text(path)),
        _ => None,
    };
    Paths {
        keyword,
        option: options.first().map(|option| option.name.value.to_string()),
        sources: sources.into_iter().map(source).collect(),
        destination: text(destination),
    }
}

fn command(command: Command<'_>) -> Vec<String> {
    match command {
        Command::Exec(words) => words.value.into_iter().map(text).collect(),
        Command::Shell(text) => vec!["/bin/sh".to_owned(), "-c".to_owned(), text.value.to_owned()],
        _ => Vec::new(),
    }
}
