//! A Dockerfile as its steps: each instruction with its line and its text. The folder makes a plan of them, and the
//! plan's layers.

use std::collections::BTreeMap;

use engine::ports::StoreError;

use crate::limits::{IMAGE_NAME, INSTRUCTIONS, start};

mod copy;
mod instruction;
pub(crate) mod layers;
pub(crate) mod plan;
mod words;

use self::instruction::Instruction;
use self::words::{Variables, declare, one};

/// The mark that some editors put at the beginning of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One instruction.
pub(crate) struct Step {
    pub(crate) line: usize,
    /// The text on one line, as Docker's progress shows it.
    pub(crate) text: String,
    pub(crate) instruction: Instruction,
}

/// Returns the same error, with the line in front if the Dockerfile caused it.
pub(crate) fn blame(line: usize, error: StoreError) -> StoreError {
    match error {
        StoreError::Unsupported(text) => StoreError::Unsupported(format!("line {line}: {text}")),
        StoreError::Invalid(text) if !text.contains(" failed: ") => {
            StoreError::Invalid(format!("line {line}: {text}"))
        }
        error => error,
    }
}

/// Returns a refusal, without its line.
fn unsupported(what: &str, remedy: &str) -> StoreError {
    StoreError::Unsupported(format!(
        "{what} needs a builder, which chainpod does not have; {remedy}"
    ))
}

/// Reads a Dockerfile. The time grows linearly with its length.
pub(crate) fn steps(text: &str) -> Result<Vec<Step>, StoreError> {
    let invalid = |error| StoreError::Invalid(format!("dockerfile parse error: {error}"));
    // The parser drops the mark and counts positions after it.
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut starts = Vec::new();
    let mut instructions = Vec::new();
    for parsed in parse_dockerfile::parse_iter(text).map_err(invalid)? {
        let parsed = parsed.map_err(invalid)?;
        if instructions.len() as u64 == INSTRUCTIONS.most {
            return Err(StoreError::Invalid(format!(
                "the Dockerfile has more than {INSTRUCTIONS} instructions"
            )));
        }
        starts.push(instruction::start(&parsed));
        instructions.push(Instruction::from(parsed));
    }
    let between = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut lines = 1 + between(0, starts.first().copied().unwrap_or_default())
        .matches('\n')
        .count();
    let steps = instructions.into_iter().zip(starts.iter().zip(ends));
    Ok(steps
        .map(|(instruction, (&start, end))| {
            let (text, line) = (between(start, end), lines);
            lines += text.matches('\n').count();
            Step {
                line,
                text: one_line(text),
                instruction,
            }
        })
        .collect())
}

/// Returns the base image that FROM names, after the ARGs before it, and the number of steps read.
pub(crate) fn base(steps: &[Step], args: &BTreeMap<String, String>) -> Result<(String, usize), StoreError> {
    let mut variables = Variables::new();
    for (index, step) in steps.iter().enumerate() {
        let invalid = |text: String| blame(step.line, StoreError::Invalid(text));
        match &step.instruction {
            Instruction::Arg(arg) => {
                declare(arg, args, &mut variables).map_err(|text| invalid(format!("ARG: {text}")))?;
            }
            Instruction::From(name) => {
                let name = one(name, &mut variables).map_err(|text| invalid(format!("FROM: {text}")))?;
                if name.len() as u64 > IMAGE_NAME.most {
                    let start = start(name.as_ref());
                    return Err(invalid(format!(
                        "invalid reference format: FROM has a name of more than {IMAGE_NAME}: {start}"
                    )));
                }
                if name == "scratch" {
                    let text = "FROM scratch gives the cluster no image to run; name one that it can pull";
                    return Err(blame(step.line, StoreError::Unsupported(text.to_owned())));
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
