//! A build: the Dockerfile's instructions, one after another, on top of a base.

use std::path::Path;

use engine::image::{Image, Overlay};
use engine::ports::{BuildRequest, StoreError};
use parse_dockerfile::{ArgInstruction, Command, Instruction, UnescapedString};
use tempfile::TempDir;

use crate::context::{BuildContext, Kind};
use crate::copy::{Copy, Target, absolute};
use crate::layer::{Layer, archive};
use crate::limits::relative;
use crate::spool::Spooled;
use crate::words::{Variables, one, pairs};

/// What a Dockerfile does not see unless it asks with ARG, but may always be given.
const PREDEFINED: [&str; 6] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// A build in progress: what it has so far.
pub(crate) struct Build<'a> {
    request: &'a BuildRequest,
    context: &'a BuildContext,
    scratch: &'a TempDir,
    variables: Variables,
    /// What the image will be.
    pub(crate) overlay: Overlay,
    /// The layers of this build, to be kept with the image.
    pub(crate) layers: Vec<Spooled>,
    cmd_is_ours: bool,
}

impl<'a> Build<'a> {
    /// Begins on top of a base: one that was built here brings its overlay along.
    pub(crate) fn new(
        request: &'a BuildRequest,
        context: &'a BuildContext,
        scratch: &'a TempDir,
        base: Option<&Image>,
    ) -> Self {
        let overlay = base.and_then(|base| base.overlay.clone()).unwrap_or_default();
        let mut variables: Variables = overlay.env.iter().filter_map(|pair| split(pair)).collect();
        for name in PREDEFINED {
            if let Some(value) = request.args.get(name) {
                variables.insert(name.to_owned(), value.clone());
            }
        }
        Self {
            request,
            context,
            scratch,
            variables,
            overlay,
            layers: Vec::new(),
            cmd_is_ours: false,
        }
    }

    /// Does one instruction. The error is without its line.
    pub(crate) async fn step(&mut self, instruction: &Instruction<'_>) -> Result<(), StoreError> {
        match instruction {
            Instruction::Add(add) => {
                let copy = Copy::new("ADD", &add.options, &add.src, &add.dest, &self.variables)?;
                self.copy(&copy).await
            }
            Instruction::Copy(copy) => {
                let copy = Copy::new("COPY", &copy.options, &copy.src, &copy.dest, &self.variables)?;
                self.copy(&copy).await
            }
            _ => self.set(instruction),
        }
    }

    fn set(&mut self, instruction: &Instruction<'_>) -> Result<(), StoreError> {
        match instruction {
            Instruction::Arg(arg) => declare(arg, &self.request.args, &mut self.variables),
            Instruction::Env(env) => {
                self.env(self.pairs(&env.arguments)?);
                Ok(())
            }
            Instruction::Label(label) => {
                let labels = self.pairs(&label.arguments)?;
                self.overlay.labels.extend(labels);
                Ok(())
            }
            Instruction::Cmd(cmd) => {
                self.cmd_is_ours = true;
                self.overlay.cmd = Some(command(&cmd.arguments));
                Ok(())
            }
            Instruction::Entrypoint(entrypoint) => {
                self.overlay.entrypoint = Some(command(&entrypoint.arguments));
                // As in Docker: the base's CMD was for the base's ENTRYPOINT.
                if !self.cmd_is_ours {
                    self.overlay.cmd = None;
                }
                Ok(())
            }
            Instruction::Workdir(workdir) => {
                let path = self.one(&workdir.arguments)?;
                self.overlay.working_dir = absolute(&self.overlay.working_dir, &path)?;
                Ok(())
            }
            Instruction::User(user) => {
                self.overlay.user = self.one(&user.arguments)?;
                Ok(())
            }
            // Accepted: nothing in a Pod depends on them.
            Instruction::Expose(_)
            | Instruction::Volume(_)
            | Instruction::Stopsignal(_)
            | Instruction::Maintainer(_) => Ok(()),
            Instruction::From(_) => Err(unsupported("a second FROM", "build one stage")),
            Instruction::Run(_) => Err(unsupported(
                "RUN",
                "build the image elsewhere and name it in FROM, or bring its result along with ADD",
            )),
            _ => Err(unsupported(
                "this instruction",
                "build the image elsewhere and name it in FROM",
            )),
        }
    }

    /// ENV: for the image, and for the instructions that follow.
    fn env(&mut self, pairs: Vec<(String, String)>) {
        for (name, value) in pairs {
            let known = format!("{name}=");
            self.overlay.env.retain(|pair| !pair.starts_with(&known));
            self.overlay.env.push(format!("{name}={value}"));
            self.variables.insert(name, value);
        }
    }

    /// ADD and COPY: one layer.
    async fn copy(&mut self, copy: &Copy) -> Result<(), StoreError> {
        let target = copy.target(&self.overlay.working_dir)?;
        let number = self.layers.len();
        let mut layer = Layer::create(self.scratch.path().join(format!("layer-{number}"))).await?;
        for source in &copy.sources {
            self.copy_one(copy, source, &target, &mut layer).await?;
        }
        let layer = layer.finish().await?;
        self.overlay.layers.push(layer.digest.clone());
        self.overlay.size_bytes += layer.size;
        self.layers.push(layer);
        Ok(())
    }

    async fn copy_one(
        &mut self,
        copy: &Copy,
        source: &str,
        target: &Target,
        layer: &mut Layer,
    ) -> Result<(), StoreError> {
        let from = relative(Path::new(source))?;
        let entry = self.context.entry(&from).ok_or_else(|| copy.not_found(source))?;
        let to = relative(Path::new(&target.path))?;
        match &entry.kind {
            Kind::Directory => {
                self.mount(&target.path);
                for (path, entry) in self.context.below(&from) {
                    layer.add(self.context, entry, &to.join(path)).await?;
                }
                return Ok(());
            }
            Kind::File { offset, size } if copy.unpacks => {
                if let Some(tar) = archive(self.context.read(*offset, *size).await?).await? {
                    self.mount(&target.path);
                    let extracted = layer.extract(tar, &to, self.context.names.clone()).await;
                    return extracted.map_err(|error| in_archive(&from, error));
                }
            }
            Kind::File { .. } | Kind::Link(_) => {}
        }
        let to = match from.file_name() {
            Some(name) if target.is_directory => to.join(name),
            _ => to,
        };
        let parent = to.parent().unwrap_or(Path::new(""));
        self.mount(&format!("/{}", parent.display()));
        layer.add(self.context, &entry, &to).await
    }

    /// Notes a directory that has files of ours.
    fn mount(&mut self, directory: &str) {
        if !self.overlay.directories.iter().any(|known| known == directory) {
            self.overlay.directories.push(directory.to_owned());
        }
    }

    fn pairs(&self, text: &UnescapedString<'_>) -> Result<Vec<(String, String)>, StoreError> {
        pairs(&text.value, &self.variables).map_err(StoreError::Invalid)
    }

    fn one(&self, text: &UnescapedString<'_>) -> Result<String, StoreError> {
        one(&text.value, &self.variables).map_err(StoreError::Invalid)
    }
}

/// ARG: the client's value, else the default.
pub(crate) fn declare(
    arg: &ArgInstruction<'_>,
    given: &std::collections::BTreeMap<String, String>,
    variables: &mut Variables,
) -> Result<(), StoreError> {
    let text = one(&arg.arguments.value, variables).map_err(StoreError::Invalid)?;
    let (name, default) = match text.split_once('=') {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (text.as_str(), None),
    };
    if let Some(value) = given.get(name).cloned().or(default) {
        variables.insert(name.to_owned(), value);
    }
    Ok(())
}

/// A refusal, without its line.
pub(crate) fn unsupported(what: &str, remedy: &str) -> StoreError {
    StoreError::Unsupported(format!("{what} needs a builder, which chainpod is not; {remedy}"))
}

/// Says which archive it was.
fn in_archive(archive: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Invalid(text) => StoreError::Invalid(format!("ADD {}: {text}", archive.display())),
        // It is in the context as it was sent: what is missing was never there.
        StoreError::Cut(text) => StoreError::Invalid(format!(
            "ADD {}: the archive is cut off: {text}",
            archive.display()
        )),
        error => error,
    }
}

fn split(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    Some((name.to_owned(), value.to_owned()))
}

fn command(command: &Command<'_>) -> Vec<String> {
    match command {
        Command::Exec(words) => words.value.iter().map(|word| word.value.to_string()).collect(),
        Command::Shell(text) => vec!["/bin/sh".to_owned(), "-c".to_owned(), text.value.to_owned()],
        _ => Vec::new(),
    }
}
