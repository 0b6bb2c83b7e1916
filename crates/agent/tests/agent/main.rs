//! The agent itself as a process, with a chainpod of a few lines.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use agent_protocol::{CA_FILE, TASK_FILE, TOKEN_FILE, Task, VERSION};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::server::{Identity, LIMIT, Reply, Server, TOKEN};

mod server;

const BINARY: &str = env!("CARGO_BIN_EXE_chainpod-agent");
const STARTED: &str = r#"{"event":"started"}"#;

/// A directory for the task and for the test's own files.
struct Pod {
    directory: TempDir,
}

/// A running agent, which is killed if its test fails.
struct Agent(Child);

impl Pod {
    fn new(identity: &Identity, inputs: &[&str], outputs: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        let below = |names: &[&str]| {
            names
                .iter()
                .map(|name| path.join(name).display().to_string())
                .collect()
        };
        let task = Task {
            version: VERSION,
            url: format!("https://{}/agent/v1/it", identity.address),
            inputs: below(inputs),
            outputs: below(outputs),
            truststore: false,
        };
        let task = serde_json::to_string(&task).unwrap();
        for (name, content) in [
            (TASK_FILE, task.as_str()),
            (TOKEN_FILE, TOKEN),
            (CA_FILE, &identity.ca_pem),
        ] {
            fs::write(path.join(name), content).unwrap();
        }
        Self { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn await_file(&self, name: &str) {
        let asked = Instant::now();
        while !self.path().join(name).exists() {
            assert!(asked.elapsed() < LIMIT, "no file {name}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("CHAINPOD_TASK_DIR", self.path())
            .current_dir(self.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, argv: &[&str]) -> Agent {
        let mut command = self.command(BINARY);
        Agent(command.args(argv).spawn().unwrap())
    }
}

impl Agent {
    /// Returns the exit code, stdout and stderr, within the time limit.
    fn end(mut self) -> (Option<i32>, String, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < LIMIT, "the agent does not end");
            thread::sleep(Duration::from_millis(10));
        };
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.0.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (status.code(), stdout, stderr)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn tar(files: &[(&str, u32, &str)]) -> Reply {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, mode, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(*mode);
        header.set_size(if name.ends_with('/') {
            0
        } else {
            content.len() as u64
        });
        if name.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
        }
        tar.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    Reply::Status(200, tar.into_inner().unwrap())
}

/// Returns true if this machine allows such namespaces.
fn possible(unshare: &[&str]) -> bool {
    let tried = Command::new("unshare").args(unshare).arg("true").status();
    tried.is_ok_and(|status| status.success())
}

fn status(code: u16, text: &str) -> Reply {
    Reply::Status(code, text.as_bytes().to_vec())
}

#[test]
fn inputs_are_unpacked_and_the_program_runs_in_between_its_events() {
    let identity = Identity::new();
    let program = "#!/bin/sh\necho \"$CHAINPOD_TASK_DIR|$1\"; cat file; echo made > out/it; cat; exit 7\n";
    let server = Server::start(
        &identity,
        &[
            ("GET inputs/0", tar(&[("tool", 0o111, program)])),
            ("GET inputs/1", tar(&[("file", 0o600, "content\n")])),
        ],
    );
    let pod = Pod::new(&identity, &["bin", "."], &["out", "none"]);
    fs::create_dir(pod.path().join("out")).unwrap();
    let agent = pod.run(&["bin/tool", "an argument"]);
    server.expect("GET inputs/0");
    server.expect("GET inputs/1");
    server.expect_event(STARTED);
    let output = server.expect("PUT outputs/0");
    let mut output = tar::Archive::new(output.as_slice());
    let names: Vec<_> = output
        .entries()
        .unwrap()
        .map(|entry| String::from_utf8(entry.unwrap().path_bytes().into_owned()).unwrap())
        .collect();
    assert_eq!(names, ["./", "./it"]);
    assert_eq!(server.expect("PUT outputs/1").len(), 3 * 512);
    server.expect_event(r#"{"event":"exited","exitCode":7,"oomKilled":false}"#);
    let (code, stdout, stderr) = agent.end();
    assert_eq!(
        (code, stdout.as_str()),
        (Some(7), "|an argument\ncontent\n"),
        "{stderr}"
    );
    assert_eq!(stderr, "");
}

/// The agent stays while its successor is launched.
#[test]
fn what_was_there_to_serve_stays_for_a_moment_once_its_end_is_told() {
    let identity = Identity::new();
    let server = Server::start(&identity, &[]);
    let pod = Pod::new(&identity, &[], &[]);
    let agent = pod.run(&["/bin/sh", "-c", "exit 7"]);
    server.expect_event(STARTED);
    server.expect_event(r#"{"event":"exited","exitCode":7,"oomKilled":false}"#);
    let told = Instant::now();
    assert_eq!(agent.end().0, Some(7));
    assert!(
        told.elapsed() > Duration::from_millis(800),
        "{:?}",
        told.elapsed()
    );
}

#[test]
fn a_home_that_cannot_be_written_is_replaced() {
    let identity = Identity::new();
    let _server = Server::start(&identity, &[]);
    let pod = Pod::new(&identity, &[], &[]);
    let own = pod.path().display().to_string();
    for (home, expected) in [
        ("/no/such/home", "/.chainpod-home\n"),
        (&own, &format!("{own}\n")),
    ] {
        let mut command = pod.command(BINARY);
        let agent = command.env("HOME", home).args(["/bin/sh", "-c", "echo $HOME"]);
        let (code, stdout, stderr) = Agent(agent.spawn().unwrap()).end();
        assert_eq!((code, stdout.as_str()), (Some(0), expected), "{stderr}");
    }
}

#[test]
fn a_program_that_is_not_there_failed_in_dockers_words() {
    let identity = Identity::new();
    let server = Server::start(&identity, &[]);
    let pod = Pod::new(&identity, &[], &[]);
    let agent = pod.run(&["no-such-chaincode"]);
    server.expect_event(
        r#"{"event":"failed","kind":"notFound","message":"failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"no-such-chaincode\": executable file not found in $PATH: unknown","exitCode":127}"#,
    );
    assert_eq!(agent.end().0, Some(127));
}

#[test]
fn commands_signal_the_program() {
    let identity = Identity::new();
    let server = Server::start(&identity, &[]);
    let pod = Pod::new(&identity, &[], &[]);
    let agent = pod.run(&[
        "sh",
        "-c",
        "trap 'touch caught' USR1; while :; do sleep 0.1; done",
    ]);
    server.expect_event(STARTED);
    // A shell that has not started yet would be ended by the signal, so the test waits.
    thread::sleep(Duration::from_millis(300));
    server.command("\n{\"command\":\"signal\",\"number\":10}\nnonsense\n");
    pod.await_file("caught");
    server.command("{\"command\":\"signal\",\"number\":9}\n");
    server.expect_event(r#"{"event":"exited","exitCode":137,"oomKilled":false}"#);
    let (code, _, stderr) = agent.end();
    assert_eq!(code, Some(137));
    assert!(stderr.contains("cannot read a command"), "{stderr}");
}

#[test]
fn a_command_stream_that_ends_is_opened_again() {
    let identity = Identity::new();
    let server = Server::start(&identity, &[]);
    let pod = Pod::new(&identity, &[], &[]);
    let agent = pod.run(&["sleep", "60"]);
    server.expect_event(STARTED);
    while server.streams() == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    server.hang_up();
    server.command("{\"command\":\"signal\",\"number\":15}\n");
    server.expect_event(r#"{"event":"exited","exitCode":143,"oomKilled":false}"#);
    assert_eq!(agent.end().0, Some(143));
}

#[test]
fn a_start_that_is_over_has_no_commands() {
    let identity = Identity::new();
    let server = Server::start(&identity, &[("GET commands", status(410, "start 1 is over"))]);
    let pod = Pod::new(&identity, &[], &[]);
    let agent = pod.run(&["sleep", "1"]);
    let mut calls: Vec<_> = (0..3).map(|_| server.next().call).collect();
    calls.sort();
    assert_eq!(calls, ["GET commands", "POST events", "POST events"]);
    let (code, _, stderr) = agent.end();
    assert_eq!(code, Some(0));
    assert!(stderr.contains("start 1 is over"), "{stderr}");
}

#[test]
fn the_kubelets_signals_reach_the_program() {
    let identity = Identity::new();
    let server = Server::start(&identity, &[]);
    let pod = Pod::new(&identity, &[], &[]);
    let agent = pod.run(&["sleep", "60"]);
    server.expect_event(STARTED);
    agent.signal(Signal::TERM);
    server.expect_event(r#"{"event":"exited","exitCode":143,"oomKilled":false}"#);
    assert_eq!(agent.end().0, Some(143));
}

#[test]
fn before_the_program_a_kill_ends_the_agent() {
    let identity = Identity::new();
    let server = Server::start(&identity, &[("GET inputs/0", status(503, "later"))]);
    let pod = Pod::new(&identity, &["in"], &[]);
    let agent = pod.run(&["touch", "started"]);
    server.expect("GET inputs/0");
    server.command("{\"command\":\"signal\",\"number\":9}\n");
    let failed = loop {
        let request = server.next();
        if request.call != "GET inputs/0" {
            break String::from_utf8(request.body).unwrap();
        }
    };
    assert!(failed.ends_with(r#""exitCode":137}"#), "{failed}");
    assert_eq!(agent.end().0, Some(137));
    assert!(!pod.path().join("started").exists());
}

#[test]
fn a_server_that_is_away_is_waited_for() {
    let identity = Identity::away();
    let pod = Pod::new(&identity, &["in"], &[]);
    let agent = pod.run(&["sh", "-c", "cat in/file; exit 3"]);
    thread::sleep(Duration::from_millis(500));
    let half = Reply::Broken(vec![0; 100]);
    let whole = tar(&[("file", 0o644, "content")]);
    let server = Server::start(
        &identity,
        &[
            ("GET inputs/0", status(500, "not yet")),
            ("GET inputs/0", half),
            ("GET inputs/0", whole),
            ("POST events", status(503, "not yet")),
            ("POST events", status(204, "")),
        ],
    );
    for _ in 0..3 {
        server.expect("GET inputs/0");
    }
    for _ in 0..2 {
        server.expect_event(STARTED);
    }
    server.expect_event(r#"{"event":"exited","exitCode":3,"oomKilled":false}"#);
    let (code, stdout, stderr) = agent.end();
    assert_eq!((code, stdout.as_str()), (Some(3), "content"));
    let waits = "chainpod-agent: waiting for chainpod: cannot fetch input 0: ";
    let answers = "chainpod-agent: chainpod answers again";
    let said: Vec<_> = stderr.lines().collect();
    for why in ["refused", "not yet"] {
        let is_it = |line: &&&str| line.starts_with(waits) && line.contains(why);
        assert_eq!(said.iter().filter(is_it).count(), 1, "{why}: {stderr}");
    }
    // For chainpod the last line is the current state.
    assert_eq!(said.last(), Some(&answers), "{stderr}");
}

#[test]
fn whoever_has_another_certificate_is_not_chainpod() {
    let (mut identity, other) = (Identity::new(), Identity::new());
    let server = Server::start(&identity, &[]);
    identity.ca_pem = other.ca_pem;
    let pod = Pod::new(&identity, &["in"], &[]);
    let mut agent = pod.run(&["touch", "started"]);
    let mut said = BufReader::new(agent.0.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("chainpod-agent: waiting for chainpod: cannot fetch input 0: ")
            && line.contains("invalid peer certificate"),
        "{line}"
    );
    assert!(server.is_silent());
}

#[test]
fn a_start_that_chainpod_will_not_hear_of_is_told_in_the_log() {
    let identity = Identity::new();
    let server = Server::start(
        &identity,
        &[(
            "POST events",
            status(401, "this token is not valid for this container"),
        )],
    );
    let pod = Pod::new(&identity, &[], &[]);
    let agent = pod.run(&["true"]);
    server.expect_event(STARTED);
    let (_, _, stderr) = agent.end();
    assert!(
        stderr.contains(
            "chainpod-agent: cannot report the start: this token is not valid for this container\n"
        ),
        "{stderr}"
    );
}

#[test]
fn a_probe_asks_for_the_certificate_of_whoever_answers() {
    let (identity, other) = (Identity::new(), Identity::new());
    let _server = Server::start(&identity, &[]);
    let address = identity.address.to_string();
    let probe = |ca_pem: Option<&str>| {
        let mut command = Command::new(BINARY);
        command
            .args(["--probe", &address])
            .env_remove("CHAINPOD_PROBE_CA");
        if let Some(ca_pem) = ca_pem {
            command.env("CHAINPOD_PROBE_CA", ca_pem);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(probe(None), (Some(0), String::new()));
    assert_eq!(probe(Some(&identity.ca_pem)), (Some(0), String::new()));
    let (code, said) = probe(Some(&other.ca_pem));
    assert_eq!(code, Some(125));
    assert!(
        said.starts_with(&format!(
            "chainpod-agent: the server at {address} is not this chainpod: "
        )) && said.contains("invalid peer certificate"),
        "{said}"
    );
}

#[test]
fn an_input_that_will_never_come_fails_the_start() {
    let identity = Identity::new();
    let server = Server::start(
        &identity,
        &[("GET inputs/0", status(404, "No such container: it\n"))],
    );
    let pod = Pod::new(&identity, &["in"], &[]);
    let agent = pod.run(&["touch", "started"]);
    server.expect("GET inputs/0");
    server.expect_event(
        r#"{"event":"failed","kind":"files","message":"No such container: it","exitCode":125}"#,
    );
    assert_eq!(agent.end().0, Some(125));
    assert!(!pod.path().join("started").exists());
}

#[test]
fn an_output_that_nobody_wants_does_not_hold_up_the_exit() {
    let identity = Identity::new();
    let server = Server::start(&identity, &[("PUT outputs/0", status(404, "gone"))]);
    let pod = Pod::new(&identity, &[], &["out"]);
    let agent = pod.run(&["sh", "-c", "mkdir out; head -c 10000000 /dev/zero > out/large"]);
    server.expect_event(STARTED);
    server.expect("PUT outputs/0");
    server.expect_event(r#"{"event":"exited","exitCode":0,"oomKilled":false}"#);
    let (code, _, stderr) = agent.end();
    assert_eq!(code, Some(0));
    let said = format!("cannot send {}: gone", pod.path().join("out").display());
    assert!(stderr.contains(&said), "{stderr}");
}

#[test]
fn another_user_unpacks_into_directories_that_are_not_its_own() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("left out: only root can become another user");
    }
    let identity = Identity::new();
    let files = [
        ("./", 0o755, ""),
        ("mount/", 0o700, ""),
        ("mount/file", 0o440, "content"),
    ];
    let server = Server::start(&identity, &[("GET inputs/0", tar(&files))]);
    let pod = Pod::new(&identity, &["."], &[]);
    let mount = pod.path().join("mount");
    fs::create_dir(&mount).unwrap();
    fs::set_permissions(&mount, fs::Permissions::from_mode(0o2777)).unwrap();
    // Other users may have no access to the test's own build directory.
    let binary = pod.path().join("agent");
    fs::copy(BINARY, &binary).unwrap();
    let mut command = pod.command(binary.to_str().unwrap());
    command.uid(500).gid(500);
    let agent = Agent(command.args(["cat", "mount/file"]).spawn().unwrap());
    server.expect("GET inputs/0");
    server.expect_event(STARTED);
    server.expect_event(r#"{"event":"exited","exitCode":0,"oomKilled":false}"#);
    let (code, stdout, stderr) = agent.end();
    assert_eq!((code, stdout.as_str()), (Some(0), "content"), "{stderr}");
}

#[test]
fn a_file_that_is_mounted_by_itself_is_left_as_it_is() {
    let unshare = ["--user", "--map-root-user", "--mount"];
    if !possible(&unshare) {
        return eprintln!("left out: no mount namespaces here");
    }
    let identity = Identity::new();
    let files = [("key", 0o644, "older"), ("next", 0o644, "content")];
    let server = Server::start(&identity, &[("GET inputs/0", tar(&files))]);
    let pod = Pod::new(&identity, &["in"], &[]);
    fs::create_dir(pod.path().join("in")).unwrap();
    for name in ["uploaded", "in/key"] {
        fs::write(pod.path().join(name), name).unwrap();
    }
    let mut command = pod.command("unshare");
    let script = "mount --bind uploaded in/key && exec \"$0\" cat in/key in/next";
    command.args(unshare).args(["sh", "-c", script, BINARY]);
    let agent = Agent(command.spawn().unwrap());
    server.expect("GET inputs/0");
    server.expect_event(STARTED);
    let (code, stdout, stderr) = agent.end();
    assert_eq!((code, stdout.as_str()), (Some(0), "uploadedcontent"), "{stderr}");
}

#[test]
fn as_the_first_process_it_reaps_what_the_program_left_behind() {
    let unshare = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
    if !possible(&unshare) {
        return eprintln!("left out: no process namespaces here");
    }
    let identity = Identity::new();
    let server = Server::start(&identity, &[]);
    let pod = Pod::new(&identity, &[], &[]);
    // An orphan ends. Then the namespace has no zombie, and the program goes on.
    let script = "(sleep 0.1 &) ; sleep 0.5; cat /proc/[0-9]*/stat | grep -c ') Z '; exit 4";
    let mut command = pod.command("unshare");
    command.args(unshare).arg(BINARY).args(["sh", "-c", script]);
    let agent = Agent(command.spawn().unwrap());
    server.expect_event(STARTED);
    server.expect_event(r#"{"event":"exited","exitCode":4,"oomKilled":false}"#);
    let (code, stdout, stderr) = agent.end();
    assert_eq!((code, stdout.as_str()), (Some(4), "0\n"), "{stderr}");
}

/// The limit is for the small build. Run it with `--profile agent` and static, as it is shipped.
#[test]
fn the_agent_stays_small() {
    let identity = Identity::new();
    let large = "x".repeat(20_000_000);
    let server = Server::start(&identity, &[("GET inputs/0", tar(&[("large", 0o644, &large)]))]);
    let pod = Pod::new(&identity, &["in"], &["in"]);
    let agent = pod.run(&["sh", "-c", "until test -e end; do sleep 0.1; done"]);
    server.expect("GET inputs/0");
    server.expect_event(STARTED);
    let status = fs::read_to_string(format!("/proc/{}/status", agent.0.id())).unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let peak_kib: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    if !cfg!(debug_assertions) {
        assert!(peak_kib < 4096, "{peak}");
    }
    fs::write(pod.path().join("end"), "").unwrap();
    assert!(server.expect("PUT outputs/0").len() > large.len());
    server.expect_event(r#"{"event":"exited","exitCode":0,"oomKilled":false}"#);
    assert_eq!(agent.end().0, Some(0));
}

#[test]
fn without_a_task_it_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(BINARY);
    let output = command
        .env("CHAINPOD_TASK_DIR", directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(125));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("chainpod-agent: cannot read /"), "{stderr}");
}
