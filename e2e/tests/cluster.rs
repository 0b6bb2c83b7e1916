//! The lab is a real cluster: what chainpod relies on works in it, good and bad.

use harness::{Namespace, lab};

const BUSYBOX: &str = "docker.io/library/busybox:1.35";
const BASEOS: &str = "docker.io/hyperledger/fabric-baseos:2.5";
const CCENV: &str = "docker.io/hyperledger/fabric-ccenv:2.5";
const RESTRICTED: &str = "securityContext: {runAsNonRoot: true, runAsUser: 500, allowPrivilegeEscalation: false, \
                          capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}";

fn busybox(script: &str, more: &str) -> String {
    format!("{{name: main, image: '{BUSYBOX}', command: [sh, -c, '{script}']{more}}}")
}

#[test]
fn a_pod_resolves_names_and_reaches_a_service() {
    let namespace = Namespace::new("e2e-service", false);
    namespace.pod(
        "web",
        &busybox(
            "mkdir /www; echo hello > /www/index.html; httpd -f -p 8080 -h /www",
            "",
        ),
        "",
    );
    namespace
        .kubectl(&["expose", "pod", "web", "--port=80", "--target-port=8080"])
        .unwrap();
    namespace.wait_for("web", "{.status.phase}", "Running");
    let address = namespace
        .kubectl(&["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"])
        .unwrap();
    // Not busybox: a static glibc cannot look up names by itself.
    let script = format!(
        "getent hosts kubernetes.default && until exec 3<>/dev/tcp/{address}/80; do sleep 0.2; done; \
         printf \"GET / HTTP/1.0\\r\\n\\r\\n\" >&3; cat <&3"
    );
    namespace.pod(
        "client",
        &format!("{{name: main, image: '{BASEOS}', command: [bash, -c, '{script}']}}"),
        "",
    );
    let log = namespace.log_of_succeeded("client");
    assert!(log.starts_with("10.96.0.1 ") && log.ends_with("hello\n"), "{log}");
}

#[test]
fn a_log_is_read_while_the_pod_runs_and_after_it_ended() {
    let namespace = Namespace::new("e2e-log", false);
    namespace.pod("log", &busybox("echo first; sleep 2; echo last", ""), "");
    namespace.wait_for("log", "{.status.phase}", "Running");
    assert_eq!(namespace.kubectl(&["logs", "log"]).unwrap(), "first\n");
    assert_eq!(namespace.log_of_succeeded("log"), "first\nlast\n");
}

#[test]
fn a_restricted_pod_runs_and_mounts_an_image() {
    let namespace = Namespace::new("e2e-restricted", true);
    let more = format!(", {RESTRICTED}, volumeMounts: [{{name: image, mountPath: /image}}]");
    let volume = format!(", volumes: [{{name: image, image: {{reference: '{BUSYBOX}'}}}}]");
    namespace.pod(
        "image",
        &busybox("id -u; ls /image/bin/busybox; touch /image/x 2>&1 || true", &more),
        &volume,
    );
    assert_eq!(
        namespace.log_of_succeeded("image"),
        "500\n/image/bin/busybox\ntouch: /image/x: Read-only file system\n"
    );
}

#[test]
fn a_pod_that_is_not_restricted_is_refused_there() {
    let namespace = Namespace::new("e2e-refused", true);
    let error = namespace
        .kubectl(&["run", "root", "--image", BUSYBOX])
        .unwrap_err();
    assert!(
        error.contains("violates PodSecurity \"restricted:latest\""),
        "{error}"
    );
}

#[test]
fn an_image_that_cannot_be_pulled_shows_it() {
    let namespace = Namespace::new("e2e-pull", false);
    namespace.pod("pull", "{name: main, image: 'localhost:9/nothing:here'}", "");
    namespace.wait_for(
        "pull",
        "{.status.containerStatuses[0].state.waiting.reason}",
        "ErrImagePull",
    );
}

#[test]
fn a_pod_over_its_memory_limit_shows_oom_killed() {
    let namespace = Namespace::new("e2e-oom", false);
    let more = ", resources: {limits: {memory: 16Mi}}";
    namespace.pod("oom", &busybox("exec tail -c 100m /dev/zero", more), "");
    namespace.wait_for(
        "oom",
        "{.status.containerStatuses[0].state.terminated.reason}",
        "OOMKilled",
    );
}

#[test]
fn ccenv_compiles_vendored_chaincode_as_the_fabric_user_without_a_network() {
    // Not restricted: the source comes from this machine.
    let namespace = Namespace::new("e2e-ccenv", false);
    let source = lab::network::vendored().unwrap();
    let script = "cp -r /source /chaincode/input/src && cd /chaincode/input/src && id -un && \
                  GO111MODULE=on go build -mod=vendor -ldflags \"-linkmode external -extldflags -static\" \
                  -o /chaincode/output/chaincode kv 2>/dev/null && ls /chaincode/output";
    let container = format!(
        "{{name: main, image: '{CCENV}', command: [/bin/sh, -c, '{script}'], env: [{{name: GOPROXY, value: 'off'}}], \
         volumeMounts: [{{name: source, mountPath: /source, readOnly: true}}], {RESTRICTED}}}"
    );
    let more = format!(
        ", dnsPolicy: None, dnsConfig: {{nameservers: [127.0.0.1]}}, \
         volumes: [{{name: source, hostPath: {{path: '{}'}}}}]",
        source.display()
    );
    namespace.pod("ccenv", &container, &more);
    assert_eq!(namespace.log_of_succeeded("ccenv"), "chaincode\nchaincode\n");
}
