//! Each field of a create request reaches the Pod, or is reported as not supported: on real Pods, with
//! chainpod's agent in them and without.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use harness::chainpod::Chainpod;
use harness::{await_so, lab};
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::{Value, json};

const BASEOS: &str = "hyperledger/fabric-baseos:2.5";
/// An image that was built through chainpod: its Pods have the agent.
const BUILT: &str = "built";
/// The time limit for changes in progress.
const SOON: Duration = Duration::from_secs(10);
const DOCKERFILE: &[u8] = b"FROM hyperledger/fabric-baseos:2.5\n\
    COPY word /usr/local/src/\nENV BASE=image A=image\nLABEL of=image team=image\n\
    WORKDIR /usr/local\nUSER 9\nENTRYPOINT [\"/bin/sh\", \"-c\"]\nCMD [\"cat /usr/local/src/word; id -u; pwd; echo $BASE\"]\n";
/// Says all that a program can see of its request.
const SAY: &str = "printf '%s|' \"$A\" \"$LINES_OF\" \"${EMPTY-unset}\" \"$TWICE\" \"$REFERENCE\" \"${GONE-unset}\"; echo; \
    id -u; id -g; pwd; hostname; getent hosts orderer.example | tr -s ' '; cat /etc/resolv.conf; echo \"$0 $1\"; exec sleep 600";

struct World {
    chainpod: Chainpod,
    docker: Docker,
}

fn serve(name: &str) -> World {
    let (cluster, daemon) = lab(&Progress::new(name));
    let chainpod = Chainpod::start(&cluster, &daemon, name).unwrap();
    let docker = Docker::new(chainpod.docker());
    docker.pull(BASEOS).unwrap();
    let context = tar(&[("Dockerfile", DOCKERFILE), ("word", b"built\n")]).unwrap();
    docker.build(BUILT, &context).unwrap();
    World { chainpod, docker }
}

impl World {
    /// Runs a container to its end. Returns its exit code and its output.
    fn run(&self, name: &str, body: &Value) -> (i64, String) {
        self.docker.create(name, body).unwrap();
        self.docker.start(name).unwrap();
        let code = self.docker.wait(name).unwrap();
        // The log's last lines may be under way.
        await_so("the log", SOON, || !self.log(name).is_empty());
        thread::sleep(Duration::from_millis(500));
        let log = self.log(name);
        self.docker.remove(name).unwrap();
        (code, log)
    }

    fn log(&self, name: &str) -> String {
        self.docker.logs(name).unwrap()
    }

    /// Attaches to the output of a container. The status is read.
    fn attach(&self, name: &str) -> TcpStream {
        let mut attached = TcpStream::connect(self.chainpod.docker()).unwrap();
        let request = format!(
            "POST /containers/{name}/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\nhost: docker\r\n\
             connection: Upgrade\r\nupgrade: tcp\r\n\r\n"
        );
        attached.write_all(request.as_bytes()).unwrap();
        // It is attached when it has been answered.
        let mut first = [0; 12];
        attached.read_exact(&mut first).unwrap();
        attached
    }

    /// The Pod of a container.
    fn pod(&self, name: &str) -> Value {
        let pods = self.chainpod.kubectl(&["get", "pods", "-o", "json"]).unwrap();
        let pods: Value = serde_json::from_str(&pods).unwrap();
        let mut pods = pods["items"].as_array().unwrap().iter();
        let is_of = |pod: &&Value| pod["metadata"]["annotations"]["chainpod.dev/container-name"] == name;
        pods.find(is_of).unwrap().clone()
    }
}

fn everything(image: &str) -> Value {
    json!({
        "Image": image,
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": [SAY, "$(A) $$", "b c"],
        "Env": ["A=x=y", "LINES_OF=one\ntwo", "EMPTY=", "TWICE=1", "TWICE=2", "REFERENCE=$(A) $$ ${A} \\", "GONE=1", "GONE"],
        "WorkingDir": "/tmp",
        "User": "7:8",
        "Labels": {"team": "request", "org.example/any key": "any value"},
        "Hostname": "kv-1",
        "ExposedPorts": {"7052/tcp": {}, "53/udp": {}},
        "HostConfig": {
            "Memory": 134_217_728,
            "CpuQuota": 50_000,
            "CpuPeriod": 100_000,
            "CpuShares": 128,
            "Dns": ["10.96.0.10"],
            "DnsSearch": ["example.com"],
            "DnsOptions": ["ndots:2", "rotate"],
            "ExtraHosts": ["orderer.example:198.51.100.7"],
        },
    })
}

#[test]
fn all_that_is_honoured_reaches_the_program_and_its_pod() {
    let world = serve("create");
    thread::scope(|scope| {
        for image in [BASEOS, BUILT] {
            let world = &world;
            scope.spawn(move || says_everything(world, image));
        }
        scope.spawn(|| an_images_own_is_merged(&world));
        scope.spawn(|| nothing_can_be_written(&world));
        scope.spawn(|| what_removes_itself_is_gone(&world));
    });
}

fn says_everything(world: &World, image: &str) {
    let name = image.split('/').next().unwrap();
    assert_eq!(world.docker.create(name, &everything(image)).unwrap(), [""; 0]);
    world.docker.start(name).unwrap();
    let is_said = || world.log(name).contains("$(A) $$ b c");
    await_so("all is said", SOON, is_said);
    let log = world.log(name);
    let expected = "x=y|one\ntwo||2|$(A) $$ ${A} \\|unset|\n7\n8\n/tmp\nkv-1\n198.51.100.7 orderer.example\n";
    assert!(log.starts_with(expected), "{image}: {log}");
    for line in ["nameserver 10.96.0.10\n", "search example.com\n"] {
        assert!(log.contains(line), "{image}: {log}");
    }
    // The kubelet writes options in an order of its own, and not always the same.
    let options = ["options ndots:2 rotate\n", "options rotate ndots:2\n"];
    assert!(options.iter().any(|line| log.contains(line)), "{image}: {log}");

    let pod = world.pod(name);
    let container = &pod["spec"]["containers"][0];
    assert_eq!(
        container["resources"],
        json!({"limits": {"cpu": "500m", "memory": "134217728"}, "requests": {"cpu": "125m", "memory": "33554432"}})
    );
    assert_eq!(
        container["ports"],
        json!([{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 7052, "protocol": "TCP"}])
    );
    let labels = pod["metadata"]["annotations"]["chainpod.dev/docker-labels"].as_str();
    let labels: Value = serde_json::from_str(labels.unwrap()).unwrap();
    let inspected = world.docker.inspect(name).unwrap();
    assert_eq!(inspected["Config"]["Labels"], labels);
    assert_eq!(labels["team"], "request");
    assert_eq!(labels["org.example/any key"], "any value");
    assert_eq!(
        labels["of"],
        if image == BUILT {
            json!("image")
        } else {
            Value::Null
        }
    );
    assert_eq!(inspected["Config"]["Hostname"], "kv-1");
    assert_eq!(
        inspected["Config"]["ExposedPorts"],
        json!({"53/udp": {}, "7052/tcp": {}})
    );
    assert_eq!(inspected["HostConfig"]["Memory"], 134_217_728);
    world.docker.remove(name).unwrap();
}

fn an_images_own_is_merged(world: &World) {
    let body = json!({"Image": BUILT});
    assert_eq!(
        world.run("own", &body),
        (0, "built\n9\n/usr/local\nimage\n".to_owned())
    );
    let body = json!({"Image": BUILT, "Cmd": ["id -u; echo $A $BASE"], "User": "7", "Env": ["A=own"]});
    assert_eq!(world.run("own-cmd", &body), (0, "7\nown image\n".to_owned()));
}

fn nothing_can_be_written(world: &World) {
    let script = ["/bin/sh", "-c", "touch /tmp/x; cat; echo end"];
    let body = json!({"Image": BASEOS, "Cmd": script, "HostConfig": {"ReadonlyRootfs": true}});
    let (code, log) = world.run("read-only", &body);
    assert_eq!(code, 0, "{log}");
    // Two streams, which meet in the log.
    for line in ["/tmp/x': Read-only file system\n", "end\n"] {
        assert!(log.contains(line), "{log}");
    }
}

fn what_removes_itself_is_gone(world: &World) {
    let body = json!({"Image": BASEOS, "Cmd": ["true"], "HostConfig": {"AutoRemove": true}});
    world.docker.create("once", &body).unwrap();
    world.docker.start("once").unwrap();
    await_so("it is gone", SOON, || world.docker.inspect("once").is_err());
}

/// As `docker run --rm` does: its calls, in its order.
#[test]
fn a_foreground_run_that_removes_its_container_prints_all_and_has_its_exit_code() {
    let world = serve("run-rm");
    for (image, code) in [(BASEOS, 0), (BUILT, 3)] {
        let body = json!({
            "Image": image, "Entrypoint": ["/bin/sh", "-c"], "Cmd": [format!("echo short; exit {code}")],
            "Tty": true, "HostConfig": {"AutoRemove": true},
        });
        world.docker.create("rm", &body).unwrap();
        let mut attached = world.attach("rm");
        let mut wait = TcpStream::connect(world.chainpod.docker()).unwrap();
        wait.write_all(
            b"POST /containers/rm/wait?condition=removed HTTP/1.1\r\nhost: docker\r\nconnection: close\r\n\r\n",
        )
        .unwrap();
        world.docker.start("rm").unwrap();
        let (mut output, mut exit) = (String::new(), String::new());
        attached.read_to_string(&mut output).unwrap();
        wait.read_to_string(&mut exit).unwrap();
        assert!(output.ends_with("\r\n\r\nshort\r\n"), "{image}: {output}");
        assert!(
            exit.contains(&format!("\"StatusCode\":{code}")),
            "{image}: {exit}"
        );
        assert!(world.docker.inspect("rm").is_err(), "{image}");
    }
}

#[test]
fn a_program_with_a_terminal_is_attached_to_without_frames() {
    let world = serve("terminal");
    for image in [BASEOS, BUILT] {
        let script = "test -t 0 && test -t 1 && test -t 2 && echo terminal";
        let body = json!({"Image": image, "Entrypoint": ["/bin/sh", "-c"], "Cmd": [script], "Tty": true});
        world.docker.create("terminal", &body).unwrap();
        let mut attached = world.attach("terminal");
        world.docker.start("terminal").unwrap();
        assert_eq!(world.docker.wait("terminal").unwrap(), 0, "{image}");
        let mut answer = String::new();
        attached.read_to_string(&mut answer).unwrap();
        let (head, output) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("application/vnd.docker.raw-stream"), "{head}");
        assert_eq!(output, "terminal\r\n", "{image}");
        world.docker.remove("terminal").unwrap();
    }
}

#[test]
fn what_is_ignored_is_said_and_what_is_refused_says_why() {
    let world = serve("warnings");
    let body = json!({
        "Image": BASEOS, "Cmd": ["true"], "Hostname": "Peer_0", "Domainname": "example.com", "User": "chaincode",
        "OpenStdin": true, "HostConfig": {"NetworkMode": "none", "RestartPolicy": {"Name": "always"},
        "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 1}], "LogConfig": {"Type": "syslog"}}
    });
    let warnings = world.docker.create("warned", &body).unwrap();
    let fields = warnings.iter().map(|text| text.split(' ').next().unwrap());
    assert_eq!(
        fields.collect::<Vec<_>>(),
        [
            "Domainname",
            "OpenStdin",
            "HostConfig.LogConfig",
            "HostConfig.NetworkMode",
            "HostConfig.RestartPolicy",
            "HostConfig.Ulimits",
            "User",
            "Hostname",
        ],
        "{warnings:?}"
    );
    world.docker.start("warned").unwrap();
    assert_eq!(world.docker.wait("warned").unwrap(), 0);
    for (field, value, why) in [
        ("Binds", json!(["/:/host"]), "Pods cannot mount host files"),
        ("Privileged", json!(true), "Pods get no extra privileges"),
        ("CapAdd", json!(["NET_ADMIN"]), "Pods get no extra privileges"),
        (
            "Devices",
            json!([{"PathOnHost": "/dev/fuse"}]),
            "Pods get no host devices",
        ),
        ("PidMode", json!("host"), "sees only its own processes"),
    ] {
        let body = json!({"Image": BASEOS, "Cmd": ["true"], "HostConfig": {field: value}});
        let error = world.docker.create("refused", &body).unwrap_err().to_string();
        assert!(
            error.contains(" 400 ")
                && error.contains(&format!("HostConfig.{field} is not supported: "))
                && error.contains(why),
            "{error}"
        );
    }
}
