//! The table of how many sentences that are hard to read a folder may have. A figure may only go down. A folder
//! without a row has the aim as its figure.

/// Sentences that may begin like a question, for a hundred paragraphs.
pub(crate) const AIM_PERCENT: usize = 3;

/// The figures of one folder.
#[derive(Clone, Copy)]
pub(crate) struct Allowed {
    /// The folder.
    pub folder: &'static str,
    /// Sentences that may begin like a question, for a hundred paragraphs.
    pub openings_percent: usize,
    /// Retired phrases that there may be.
    pub phrases: usize,
}

const ALLOWED: &[Allowed] = &[
    Allowed {
        folder: ".",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "charts",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/agent",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/agent-protocol",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/chainpod",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/docker-api",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/engine",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/pods",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/registry",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/rules",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/server",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "crates/store",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "deploy",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "docs",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "e2e",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "examples",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "harness",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "image",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "lab",
        openings_percent: 3,
        phrases: 0,
    },
    Allowed {
        folder: "xtask",
        openings_percent: 3,
        phrases: 0,
    },
];

/// Returns the figures of a folder.
pub(crate) fn of(folder: &str) -> Allowed {
    let row = ALLOWED.iter().find(|row| row.folder == folder);
    Allowed {
        folder: row.map_or("", |row| row.folder),
        openings_percent: row.map_or(AIM_PERCENT, |row| row.openings_percent),
        phrases: row.map_or(0, |row| row.phrases),
    }
}

/// Returns the folders with a row.
pub(crate) fn folders() -> impl Iterator<Item = &'static str> {
    ALLOWED.iter().map(|row| row.folder)
}
