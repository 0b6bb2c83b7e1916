//! Pages of this checkout whose commands are run as a reader would run them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use lab::cluster::Namespace;
use lab::helm;
use tempfile::TempDir;

/// The begin and the end of a block of commands that is run. Indented blocks are not run.
const FENCE: [&str; 2] = ["```sh\n", "```\n"];
/// The chart's values in the lab: the image of this checkout, and no claim, because the lab has no volume for
/// it.
const HELM_VALUES: &str = "--set image.tag=dev --set store.type=emptyDir";

/// A page in Markdown.
pub struct Page(String);

impl Page {
    /// Reads it.
    ///
    /// # Panics
    /// Panics if it is not there.
    #[must_use]
    pub fn read(file: &Path) -> Self {
        Self(fs::read_to_string(file).unwrap())
    }

    /// Its blocks of commands.
    pub fn blocks(&self) -> impl Iterator<Item = &str> {
        let [begin, end] = FENCE;
        let rests = self.0.split(begin).skip(1);
        rests.map(move |rest| rest.split(end).next().unwrap_or(rest))
    }
}

/// A shell in a folder, whose kubectl and helm are the admin's of a namespace.
pub struct Shell<'a> {
    folder: &'a Path,
    programs: TempDir,
}

impl<'a> Shell<'a> {
    /// Makes it.
    ///
    /// # Panics
    /// Panics if Helm does not compile.
    #[must_use]
    pub fn new(namespace: &Namespace, folder: &'a Path) -> Self {
        let cluster = namespace.cluster();
        let programs = tempfile::tempdir().unwrap();
        let kubectl = cluster.kubectl_command();
        let kubectl = format!("{} kubectl", kubectl.get_program().display());
        let helm = helm::program().unwrap().display().to_string();
        for (name, program, more) in [("kubectl", kubectl, ""), ("helm", helm, HELM_VALUES)] {
            let script = format!(
                "#!/bin/sh\nKUBECONFIG={} exec {program} --namespace {} \"$@\" {more}\n",
                cluster.kubeconfig().display(),
                namespace.name()
            );
            let file = programs.path().join(name);
            fs::write(&file, script).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder, programs }
    }

    /// Runs commands, up to the first that fails, and returns their output.
    ///
    /// # Errors
    /// Returns the commands with their whole output.
    ///
    /// # Panics
    /// Panics if there is no shell.
    pub fn run(&self, commands: &str) -> Result<String, String> {
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-ec", commands])
            .current_dir(self.folder)
            .env("PATH", format!("{}:{path}", self.programs.path().display()))
            .output()
            .unwrap();
        let [written, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        if output.status.success() {
            Ok(written)
        } else {
            Err(format!("{commands}\n{written}\n{error}"))
        }
    }
}
