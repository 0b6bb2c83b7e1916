//! One row: what is asked for, what is done to it, and what is to be seen.

use serde_json::{Value, json};

use super::World;

/// Something done to the container of that name.
pub(crate) type Act = fn(&World, &str);

/// One way to fail.
pub(crate) struct Row {
    /// Its name, which its chaincode has.
    pub(crate) name: &'static str,
    pub(crate) image: &'static str,
    pub(crate) argv: &'static [&'static str],
    pub(crate) user: &'static str,
    pub(crate) host_config: fn() -> Value,
    /// Between create and start.
    pub(crate) before: Option<Act>,
    /// Once it runs; none where it cannot be started.
    pub(crate) then: Option<Act>,
    /// Parts of the sentence.
    pub(crate) says: &'static [&'static str],
    /// The Event's reason.
    pub(crate) event: &'static str,
    pub(crate) code: i64,
    pub(crate) oom_killed: bool,
    /// True if its program ever ran.
    pub(crate) ran: bool,
}

impl Row {
    /// A program that sleeps, in an image built here, which cannot be started.
    pub(crate) fn new(name: &'static str, event: &'static str, says: &'static [&'static str]) -> Self {
        Self {
            name,
            image: "own",
            argv: &["/bin/sleep", "600"],
            user: "",
            host_config: || json!({}),
            before: None,
            then: None,
            says,
            event,
            code: 128,
            oom_killed: false,
            ran: false,
        }
    }

    /// One that is ended by `then`.
    pub(crate) fn ended(self, code: i64, then: Act) -> Self {
        Self {
            then: Some(then),
            code,
            ran: true,
            ..self
        }
    }

    /// The container's name, as peers name theirs.
    pub(crate) fn container(&self) -> String {
        format!("dev-peer0-{}-{}", self.name, "ab".repeat(32))
    }

    pub(crate) fn body(&self) -> Value {
        json!({"Image": self.image, "Cmd": self.argv, "User": self.user, "HostConfig": (self.host_config)()})
    }
}
