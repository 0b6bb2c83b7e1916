//! The agent's image.

use std::thread;

use super::*;

/// A start that cannot work for want of the agent says so in this time.
const PULL_LIMIT: Duration = Duration::from_secs(15);
/// No registry has it.
const NO_IMAGE: &str = "docker.io/chainpod/chainpod:nope";

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn an_agent_image_that_cannot_be_pulled_is_named_in_each_shape() {
    for volume in ["image", "init"] {
        let option = format!("--agent-volume={volume}");
        let image = format!("--agent-image={NO_IMAGE}");
        let world = World::new(&format!("waits-nope-{volume}"), &[&option, &image]);
        thread::scope(|scope| {
            for image in ["plain", "kept", "bare"] {
                let world = &world;
                scope.spawn(move || {
                    let name = format!("{volume}-{image}");
                    let sentence = world.fails(&name, image, PULL_LIMIT, "AgentMissing");
                    let cannot = format!("cannot pull image {NO_IMAGE}, which contains chainpod's agent: ");
                    says(
                        &sentence,
                        &[&cannot, "chainpod:nope\\\": failed to resolve", "agent-image"],
                    );
                    assert!(!sentence.contains("fabric-baseos"), "{sentence}");
                });
            }
        });
    }
}
