//! A Dockerfile as its steps: each instruction with its line and its text.

use engine::ports::{BuildRequest, StoreError};
use parse_dockerfile::{Dockerfile, Instruction};

use crate::build::declare;
use crate::words::{Variables, one};

/// One instruction.
pub(crate) struct Step<'a> {
    line: usize,
    /// As Docker's progress shows it: in one line.
    pub(crate) text: String,
    pub(crate) instruction: Instruction<'a>,
}

impl Step<'_> {
    /// The same error, with this step's line in front where the Dockerfile is to blame.
    pub(crate) fn blame(&self, error: StoreError) -> StoreError {
        let line = self.line;
        match error {
            StoreError::Unsupported(text) => StoreError::Unsupported(format!("line {line}: {text}")),
            StoreError::Invalid(text) if !text.contains(" failed: ") => {
                StoreError::Invalid(format!("line {line}: {text}"))
            }
            error => error,
        }
    }
}

/// Reads a Dockerfile.
pub(crate) fn steps(text: &str) -> Result<Vec<Step<'_>>, StoreError> {
    let Dockerfile { instructions, .. } = parse_dockerfile::parse(text)
        .map_err(|error| StoreError::Invalid(format!("dockerfile parse error: {error}")))?;
    let starts: Vec<usize> = instructions.iter().map(start).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let steps = instructions.into_iter().zip(starts.iter().zip(ends));
    Ok(steps
        .map(|(instruction, (&start, end))| Step {
            line: text[..start].matches('\n').count() + 1,
            text: one_line(&text[start..end]),
            instruction,
        })
        .collect())
}

/// The base that FROM names, with the ARGs before it; and how many steps that took.
pub(crate) fn base(steps: &[Step<'_>], request: &BuildRequest) -> Result<(String, usize), StoreError> {
    let mut variables = Variables::new();
    for (index, step) in steps.iter().enumerate() {
        match &step.instruction {
            Instruction::Arg(arg) => {
                declare(arg, &request.args, &mut variables).map_err(|error| step.blame(error))?;
            }
            Instruction::From(from) => {
                let name = one(&from.image.value, &variables)
                    .map_err(|text| step.blame(StoreError::Invalid(text)))?;
                if name == "scratch" {
                    return Err(step.blame(StoreError::Unsupported(
                        "FROM scratch gives the cluster no image to run; name one that it can pull"
                            .to_owned(),
                    )));
                }
                return Ok((name, index + 1));
            }
            _ => break,
        }
    }
    Err(StoreError::Invalid(
        "no build stage in current context: the Dockerfile has no FROM".to_owned(),
    ))
}

fn one_line(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut whole = String::new();
    for line in lines {
        match line.trim_end().strip_suffix('\\') {
            Some(line) => whole.push_str(line),
            None => whole.push_str(line),
        }
    }
    whole.trim().to_owned()
}

fn start(instruction: &Instruction<'_>) -> usize {
    let span = match instruction {
        Instruction::Add(it) => &it.add.span,
        Instruction::Arg(it) => &it.arg.span,
        Instruction::Cmd(it) => &it.cmd.span,
        Instruction::Copy(it) => &it.copy.span,
        Instruction::Entrypoint(it) => &it.entrypoint.span,
        Instruction::Env(it) => &it.env.span,
        Instruction::Expose(it) => &it.expose.span,
        Instruction::From(it) => &it.from.span,
        Instruction::Healthcheck(it) => &it.healthcheck.span,
        Instruction::Label(it) => &it.label.span,
        Instruction::Maintainer(it) => &it.maintainer.span,
        Instruction::Onbuild(it) => &it.onbuild.span,
        Instruction::Run(it) => &it.run.span,
        Instruction::Shell(it) => &it.shell.span,
        Instruction::Stopsignal(it) => &it.stopsignal.span,
        Instruction::User(it) => &it.user.span,
        Instruction::Volume(it) => &it.volume.span,
        Instruction::Workdir(it) => &it.workdir.span,
        _ => return 0,
    };
    span.start
}
