//! Progress of long work: a step has a name and takes seconds. A terminal gets
//! a spinner, anything else plain lines.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The time between two turns of the spinner.
const SPINNER_TICK: Duration = Duration::from_millis(120);

/// Prints the steps of one command and, at its end, their total.
pub struct Progress {
    started: Instant,
    title: String,
}

impl Progress {
    /// Starts a command's progress.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            started: Instant::now(),
            title: title.to_owned(),
        }
    }

    /// Runs `work` as a step named `name` and prints how long it took.
    ///
    /// # Errors
    /// Returns the errors that `work` returns. The step is then printed as failed.
    pub fn step<T, E>(&self, name: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let started = Instant::now();
        let spinner = std::io::stderr().is_terminal().then(|| spinner(name));
        if spinner.is_none() {
            eprintln!("  {name} …");
        }
        let outcome = work();
        if let Some(spinner) = spinner {
            spinner.finish_and_clear();
        }
        let mark = if outcome.is_ok() { "done" } else { "FAILED" };
        eprintln!("  {name}: {mark} ({:.1} s)", started.elapsed().as_secs_f64());
        outcome
    }

    /// Prints the total.
    pub fn finish(&self) {
        eprintln!(
            "{}: {:.1} s in all",
            self.title,
            self.started.elapsed().as_secs_f64()
        );
    }
}

fn spinner(name: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(name.to_owned());
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(SPINNER_TICK);
    bar
}
