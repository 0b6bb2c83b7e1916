//! Rules for images, with a real registry: the image that is pulled in place of another and its password, the
//! allowed images, and their ENTRYPOINT.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::{TestNetwork, await_so, lab};
use lab::docker::{Docker, tar};
use lab::network::{NetworkOptions, Package};
use lab::progress::Progress;
use lab::registry::{Access, PASSWORD, Registry};
use serde_json::json;

/// Before the peer's own 300 s by far.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// The time limit for changes in progress.
const SOON: Duration = Duration::from_secs(10);

struct World {
    registry: Registry,
    folder: tempfile::TempDir,
    chainpod: Chainpod,
    docker: Docker,
}

impl World {
    /// Makes a registry whose image `mirror/tool:1` echoes, and chainpod with these rules. `MIRROR` stands
    /// for the registry.
    fn new(name: &str, access: Access, rules: &str) -> Self {
        let (cluster, daemon) = lab(&Progress::new(name));
        let registry = Registry::start(access).unwrap();
        push(&registry, "mirror/tool:1");
        let folder = tempfile::tempdir().unwrap();
        let options = [("rules", rules), ("registry-auth", "")].map(|(setting, content)| {
            let file = folder.path().join(setting);
            fs::write(&file, content.replace("MIRROR", &registry.name("mirror"))).unwrap();
            format!("--{setting}={}", file.display())
        });
        fs::write(
            folder.path().join("registry-auth"),
            registry.docker_config("wrong"),
        )
        .unwrap();
        let chainpod = Chainpod::start_with(&cluster, &daemon, name, &options).unwrap();
        let docker = Docker::new(chainpod.docker());
        Self {
            registry,
            folder,
            chainpod,
            docker,
        }
    }

    /// Replaces one of the files that chainpod reads.
    fn write(&self, setting: &str, content: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, content).unwrap();
        fs::rename(new, self.file(setting)).unwrap();
    }

    fn file(&self, setting: &str) -> PathBuf {
        self.folder.path().join(setting)
    }

    /// Builds an image on that base, with a file of its own: its Pods have the agent.
    fn build(&self, name: &str, base: &str) -> anyhow::Result<()> {
        let dockerfile = format!("FROM {base}\nCOPY word /data/\n");
        let context = tar(&[("Dockerfile", dockerfile.as_bytes()), ("word", b"built")])?;
        self.docker.build(name, &context)
    }

    /// Creates a container, and starts it.
    fn start(&self, name: &str, image: &str, cmd: Option<&[&str]>) -> anyhow::Result<()> {
        self.docker
            .create(name, &json!({"Image": image, "Cmd": cmd}))
            .unwrap();
        self.docker.start(name)
    }

    /// Returns the output of a started container.
    fn output(&self, name: &str) -> String {
        assert_eq!(self.docker.wait(name).unwrap(), 0);
        await_so("its words", SOON, || !self.docker.logs(name).unwrap().is_empty());
        self.docker.logs(name).unwrap()
    }

    /// Returns the error of a start that cannot work.
    fn fails(&self, name: &str, image: &str) -> String {
        let begun = Instant::now();
        let error = self.start(name, image, Some(&["x"])).unwrap_err().to_string();
        assert!(begun.elapsed() < CALL_LIMIT, "{:?}", begun.elapsed());
        error
    }

    /// The images and pull policies of all programs in Pods.
    fn images(&self) -> String {
        let path = "jsonpath={range .items[*].spec.containers[*]}{.image} {.imagePullPolicy}{\"\\n\"}{end}";
        self.chainpod.kubectl(&["get", "pods", "-o", path]).unwrap()
    }

    /// Returns the number of times that chainpod has asked the registry for that image.
    fn look_ups(&self, tag: &str) -> usize {
        let log = self.registry.log();
        let asked =
            |line: &&str| line.contains("\"GET /v2/mirror/tool/manifests/") && line.contains("chainpod/");
        log.lines()
            .filter(asked)
            .filter(|line| line.contains(&format!("manifests/{tag} ")))
            .count()
    }
}

fn push(registry: &Registry, image: &str) {
    let config = json!({"Entrypoint": ["/bin/echo", "entry"], "Cmd": ["cmd"], "Env": ["PATH=/bin"]});
    registry.push(image, &config).unwrap();
}

const MIRRORED: &str = "images: [{match: docker.io/own/*, rewrite: MIRROR/*}]\n\
    allowedImages: [docker.io/own/*, docker.io/hyperledger/*]\n";

#[test]
fn images_come_from_a_mirror_and_what_is_not_allowed_does_not() {
    let world = World::new("images", Access::Open, MIRRORED);
    for image in ["own/tool:1", "docker.io/own/tool:9", "own/later:1"] {
        world.docker.pull(image).unwrap();
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            let mirrored = world.registry.name("mirror/tool:9");
            let error = world.fails("missing", "own/tool:9");
            assert!(
                error.contains(&format!("cannot pull image {mirrored}: ")) && error.contains(": not found"),
                "{error}"
            );
        });
        pulled_and_looked_up(&world);
        refused(&world);
    });
}

fn pulled_and_looked_up(world: &World) {
    world.start("plain", "docker.io/own/tool:1", None).unwrap();
    assert_eq!(world.output("plain"), "entry cmd\n");
    assert_eq!(world.look_ups("1"), 0, "the runtime knows");

    world.build("looked-up", "own/tool:1").unwrap();
    world.start("own", "looked-up", Some(&["x", "y"])).unwrap();
    assert_eq!(world.output("own"), "entry x y\n");
    world.build("newest&pull=1", "own/tool:1").unwrap();
    world.start("images", "newest", None).unwrap();
    assert_eq!(world.output("images"), "entry cmd\n");
    assert_eq!(world.look_ups("1"), 1, "{}", world.registry.log());
    let (mirrored, images) = (world.registry.name("mirror/tool:1"), world.images());
    for policy in ["IfNotPresent", "Always"] {
        assert!(images.contains(&format!("{mirrored} {policy}\n")), "{images}");
    }
    let ids = ["own/tool:1", "docker.io/own/tool:1"]
        .map(|name| world.docker.get(&format!("/images/{name}/json")).unwrap()["Id"].clone());
    assert_eq!(ids[0], ids[1]);
    let by_id = format!("/images/{}/json", ids[0].as_str().unwrap());
    assert_eq!(world.docker.get(&by_id).unwrap()["Id"], ids[0]);
}

fn refused(world: &World) {
    let sentence = "image evil/tool:1 is not allowed: docker.io/evil/tool:1 \
                    (pulled as docker.io/evil/tool:1) does not match allowedImages";
    for refused in [
        world.docker.pull("evil/tool:1"),
        world.build("evil", "evil/tool:1"),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(" 403 ") && error.contains(sentence), "{error}");
    }
    world.write("rules", "allowedImages: [docker.io/hyperledger/*]");
    let body = json!({"Image": "own/later:1"});
    let error = world.docker.create("later", &body).unwrap_err().to_string();
    assert!(
        error.contains(" 403 ") && error.contains("image own/later:1 is not allowed"),
        "{error}"
    );
}

const PRIVATE: &str = "images: [{match: docker.io/own/*, rewrite: MIRROR/*}]\n\
    pods: [{name: private, imagePullSecrets: [pull]}]\n";

#[test]
fn a_registry_with_a_password_is_asked_with_it_by_nodes_and_for_the_entrypoint() {
    let world = World::new("private", Access::Password, PRIVATE);
    push(&world.registry, "mirror/tool:2");
    for image in ["own/tool:1", "own/tool:2"] {
        world.docker.pull(image).unwrap();
    }
    for (built, base) in [("built-1", "own/tool:1"), ("built-2", "own/tool:2")] {
        world.build(built, base).unwrap();
    }
    pull_secret(&world, "wrong");
    let error = world.fails("wrong", "own/tool:1");
    assert!(
        error.contains("cannot pull image ") && error.contains("401 Unauthorized"),
        "{error}"
    );
    let error = world.fails("unknown", "built-1");
    assert!(
        error.contains("the ENTRYPOINT of image ")
            && error.contains("Not authorized")
            && error.contains("images[].entrypoint"),
        "{error}"
    );

    world.chainpod.kubectl(&["delete", "secret", "pull"]).unwrap();
    pull_secret(&world, PASSWORD);
    world.write("registry-auth", &world.registry.docker_config(PASSWORD));
    world.start("plain", "own/tool:1", Some(&["x"])).unwrap();
    assert_eq!(world.output("plain"), "entry x\n");
    world.start("built", "built-2", Some(&["x"])).unwrap();
    assert_eq!(world.output("built"), "entry x\n");
}

/// The nodes' password, as its operator keeps it.
fn pull_secret(world: &World, password: &str) {
    let file = world.file("secret");
    fs::write(&file, world.registry.docker_config(password)).unwrap();
    let file = format!("--from-file=.dockerconfigjson={}", file.display());
    let kind = "--type=kubernetes.io/dockerconfigjson";
    world
        .chainpod
        .kubectl(&["create", "secret", "generic", "pull", kind, &file])
        .unwrap();
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_build_image_that_is_not_allowed_fails_the_install_with_the_sentence() {
    let world = World::new("notallowed", Access::Open, MIRRORED);
    let progress = Progress::new("notallowed");
    let options = NetworkOptions::new("notallowed", &world.chainpod.endpoint())
        .env("CORE_CHAINCODE_BUILDER", "evil/fabric-ccenv:2.5");
    let network = TestNetwork::of(&options, &progress);
    let package = Package::go("kv_1", &progress).unwrap();
    let begun = Instant::now();
    let error = format!("{:#}", network.install(&package).unwrap_err());
    assert!(
        error.contains("image evil/fabric-ccenv:2.5 is not allowed") && error.contains("allowedImages"),
        "{error}"
    );
    assert!(begun.elapsed() < CALL_LIMIT, "{:?}", begun.elapsed());
}
