//! The result of a Dockerfile's instructions before anything is copied: the image's settings, and the files to
//! copy with their destinations. It reads no file.

use std::collections::BTreeMap;

use engine::image::{Image, Overlay};
use engine::ports::StoreError;

use super::copy::{Copy, absolute};
use super::instruction::Instruction;
use super::words::{Variables, declare, one, pairs};
use super::{Step, blame, unsupported};
use crate::limits::LAYERS;

/// The arguments that a client may always give. A Dockerfile sees them only if it declares them with ARG.
const PREDEFINED: [&str; 6] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The plan of a build.
pub(crate) struct Plan {
    /// The image, without the layers of this build.
    pub(crate) overlay: Overlay,
    /// The layers of this build, each with its line.
    pub(crate) copies: Vec<(usize, Copy)>,
}

/// A plan in the making.
struct Planner<'a> {
    args: &'a BTreeMap<String, String>,
    variables: Variables,
    overlay: Overlay,
    /// The variables of ENV by name: when each was last set, and its value.
    env: BTreeMap<String, (usize, String)>,
    /// The number of times that ENV has set a variable.
    times: usize,
    copies: Vec<(usize, Copy)>,
    cmd_is_ours: bool,
}

impl Plan {
    /// Processes the steps after FROM, on top of a base. A base that was built here brings its overlay.
    ///
    /// # Errors
    /// Returns `Invalid` or `Unsupported`, with the line.
    pub(crate) fn new(
        steps: &[Step],
        args: &BTreeMap<String, String>,
        base: Option<&Image>,
    ) -> Result<Self, StoreError> {
        let overlay = base.and_then(|base| base.overlay.clone()).unwrap_or_default();
        let mut planner = Planner {
            args,
            variables: Variables::new(),
            overlay,
            env: BTreeMap::new(),
            times: 0,
            copies: Vec::new(),
            cmd_is_ours: false,
        };
        planner.begin()?;
        for step in steps {
            planner.step(step).map_err(|error| blame(step.line, error))?;
        }
        Ok(planner.end())
    }
}

impl Planner<'_> {
    fn begin(&mut self) -> Result<(), StoreError> {
        let of_base = |text| StoreError::Invalid(format!("the base image: {text}"));
        for pair in std::mem::take(&mut self.overlay.env) {
            self.variables.keep(&pair).map_err(of_base)?;
            if let Some((name, value)) = pair.split_once('=') {
                self.env(name.to_owned(), value.to_owned());
            }
        }
        for (name, value) in &self.overlay.labels {
            self.variables.keep(name).map_err(of_base)?;
            self.variables.keep(value).map_err(of_base)?;
        }
        for name in PREDEFINED {
            if let Some(value) = self.args.get(name) {
                self.variables.set(name, value);
            }
        }
        Ok(())
    }

    fn end(mut self) -> Plan {
        let mut env: Vec<_> = self.env.into_iter().collect();
        env.sort_unstable_by_key(|(_, (when, _))| *when);
        let pair = |(name, (_, value)): (String, (usize, String))| format!("{name}={value}");
        self.overlay.env = env.into_iter().map(pair).collect();
        Plan {
            overlay: self.overlay,
            copies: self.copies,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), StoreError> {
        match &step.instruction {
            Instruction::Arg(arg) => {
                declare(arg, self.args, &mut self.variables).map_err(of("ARG"))?;
            }
            Instruction::Env(text) => {
                let pairs = pairs(text, &mut self.variables).map_err(of("ENV"))?;
                for (name, value) in pairs {
                    self.env(name, value);
                }
            }
            Instruction::Label(text) => {
                let labels = pairs(text, &mut self.variables).map_err(of("LABEL"))?;
                self.overlay.labels.extend(labels);
            }
            Instruction::Cmd(command) => {
                self.cmd_is_ours = true;
                self.overlay.cmd = Some(command.clone());
            }
            Instruction::Entrypoint(command) => {
                self.overlay.entrypoint = Some(command.clone());
                // As in Docker: the base's CMD belonged to the base's ENTRYPOINT.
                if !self.cmd_is_ours {
                    self.overlay.cmd = None;
                }
            }
            Instruction::Workdir(path) => {
                let path = one(path, &mut self.variables).map_err(of("WORKDIR"))?;
                self.overlay.working_dir = absolute(&self.overlay.working_dir, &path)?;
            }
            Instruction::User(user) => {
                self.overlay.user = one(user, &mut self.variables).map_err(of("USER"))?;
            }
            Instruction::Copy(paths) => {
                let copy = Copy::new(paths, &mut self.variables, &self.overlay.working_dir)?;
                self.copies.push((step.line, copy));
                self.check_layers()?;
            }
            Instruction::Nothing => {}
            Instruction::From(_) => return Err(unsupported("a second FROM", "use a single stage")),
            Instruction::Unsupported(what, remedy) => return Err(unsupported(what, remedy)),
        }
        Ok(())
    }

    /// Sets a variable of ENV, for the image and for the instructions that follow.
    fn env(&mut self, name: String, value: String) {
        self.times += 1;
        self.variables.set(&name, &value);
        self.env.insert(name, (self.times, value));
    }

    fn check_layers(&self) -> Result<(), StoreError> {
        if (self.overlay.layers.len() + self.copies.len()) as u64 <= LAYERS.most {
            return Ok(());
        }
        Err(StoreError::Invalid(format!(
            "max depth exceeded: an image has at most {LAYERS} layers"
        )))
    }
}

/// Returns a function that makes an error of that instruction.
fn of(keyword: &str) -> impl Fn(String) -> StoreError {
    move |text| StoreError::Invalid(format!("{keyword}: {text}"))
}
