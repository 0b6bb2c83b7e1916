//! The exit codes that mean more than a program's own words: those of Docker and of the shell. Their type is that
//! of Docker's `State.ExitCode`.

/// Nothing has tried to start the program. `docker run` exits with it for failures of Docker itself
/// (docs.docker.com, "Running containers", exit status).
pub const NO_PROGRAM: i64 = 125;
/// The program is there and cannot be executed (POSIX, Shell Command Language, 2.8.2; `docker run`).
pub const NOT_EXECUTABLE: i64 = 126;
/// There is no such program (POSIX, Shell Command Language, 2.8.2; `docker run`).
pub const NOT_FOUND: i64 = 127;
/// The container could not be started for any other reason (moby, `daemon/start.go`).
pub const NEVER_BEGAN: i64 = 128;
/// The exit code of a program that a signal has ended is this plus the signal's number. POSIX asks for more than
/// this (2.8.2); bash and Docker add the number.
pub const SIGNALLED: i64 = 128;
/// SIGKILL has ended the program.
pub const KILLED: i64 = SIGNALLED + 9;
/// SIGTERM has ended the program.
pub const TERMINATED: i64 = SIGNALLED + 15;
