//! THE table of accepted differences from the recordings, each with its reason. A test checks that some
//! recording needs each exception.

use std::sync::atomic::{AtomicBool, Ordering};

/// An accepted difference.
pub(super) enum What {
    /// A header must be there, with a value of our own.
    OwnValue(&'static str),
    /// A header may be missing.
    Header(&'static str),
    /// A key of an answer's JSON may be missing.
    Key(&'static str),
    /// A line of a build's progress that contains this is left out.
    Line(&'static str),
    /// A reply to that method and path is not compared.
    Reply(&'static str, &'static str),
    /// The reply to a request that the peer broke off.
    BrokenOff,
    /// The end of a wait whose client has gone.
    Gone,
    /// A text of Docker 20.10, and the same text in Docker 26.
    Text(&'static str, &'static str),
}

pub(super) struct Exception {
    what: What,
    why: &'static str,
    met: AtomicBool,
}

const fn exception(what: What, why: &'static str) -> Exception {
    let met = AtomicBool::new(false);
    Exception { what, why, met }
}

pub(super) static EXCEPTIONS: [Exception; 22] = {
    use What::{BrokenOff, Gone, Header, Key, Line, OwnValue, Reply, Text};
    [
        exception(OwnValue("api-version"), "our own; peers accept 1.45 or later"),
        exception(OwnValue("server"), "our own name"),
        exception(
            OwnValue("content-length"),
            "ids, versions and sizes differ in length",
        ),
        exception(
            OwnValue("builder-version"),
            "2 makes Docker's client try BuildKit",
        ),
        exception(
            Header("content-encoding"),
            "HTTP leaves it to the server; gzip costs more time than the Pod network",
        ),
        exception(Key("GoVersion"), "chainpod is not written in Go"),
        exception(Key("GitCommit"), "dockerd's own build"),
        exception(Key("BuildTime"), "dockerd's own build"),
        exception(Key("KernelVersion"), "the nodes', which may differ"),
        exception(Key("Container"), "Docker 20.10's; gone since 1.45"),
        exception(Key("ContainerConfig"), "Docker 20.10's; gone since 1.45"),
        exception(Key("VirtualSize"), "Docker 20.10's; gone since 1.44"),
        exception(Key("Error"), "Docker 20.10's null; later ones leave it out"),
        exception(
            Line("ntermediate container "),
            "there are no intermediate containers",
        ),
        exception(Line(" ---> Running in "), "there are no intermediate containers"),
        exception(BrokenOff, "nobody reads it: a build whose peer failed to compile"),
        exception(Gone, "nobody reads it: the peer has been stopped"),
        exception(
            Reply("POST", "/images/create"),
            "a pull proves nothing here: that the image is not there shows at start",
        ),
        exception(
            Text("no such image: ", "No such image: "),
            "written twice, and once in lower case",
        ),
        exception(
            Text("Cannot kill container: ", "cannot kill container: "),
            "lower case since 23.0",
        ),
        exception(
            Text("vnd.docker.raw-stream", "vnd.docker.multiplexed-stream"),
            "so called since 1.42",
        ),
        exception(Text(": Container ", ": container "), "lower case since 23.0"),
    ]
};

/// Returns true if there is such an exception, and marks it as met.
pub(super) fn is_excepted(is_it: impl Fn(&What) -> bool) -> bool {
    let found = EXCEPTIONS.iter().find(|exception| is_it(&exception.what));
    found
        .inspect(|found| found.met.store(true, Ordering::Relaxed))
        .is_some()
}

/// Returns Docker's text as Docker 26 writes it.
pub(super) fn modern(text: &str) -> String {
    let mut text = text.to_owned();
    for exception in &EXCEPTIONS {
        if let What::Text(old, new) = exception.what
            && text.contains(old)
        {
            exception.met.store(true, Ordering::Relaxed);
            // 20.10 writes twice that an image is not there. The second text is today's.
            text = match text.rfind(new) {
                Some(second) => text[second..].to_owned(),
                None => text.replace(old, new),
            };
        }
    }
    text
}

/// Returns the exceptions that no recording has met.
pub(super) fn unmet() -> Vec<&'static str> {
    let unmet = EXCEPTIONS
        .iter()
        .filter(|exception| !exception.met.load(Ordering::Relaxed));
    unmet.map(|exception| exception.why).collect()
}
