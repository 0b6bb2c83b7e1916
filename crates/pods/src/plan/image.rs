//! The image: its name, and when a node pulls it.

use engine::image::PullPolicy;
use engine::launch::Launch;
use rules::Origin;

use super::PULL_POLICY;
use super::said::{By, Said};

/// The image that the node pulls.
pub(super) fn name(launch: &Launch<'_>, origins: &[Origin]) -> Said<String> {
    let below = match launch.record.container.image.overlay {
        Some(_) => By::Image,
        None => By::Client,
    };
    Said::new(rule(origins, "image").unwrap_or(below), launch.image.clone())
}

/// When it pulls it.
pub(super) fn pull_policy(launch: &Launch<'_>, origins: &[Origin]) -> Said<PullPolicy> {
    let below = match launch.pull_policy == PULL_POLICY {
        true => By::Default,
        false => By::Client,
    };
    Said::new(
        rule(origins, "imagePullPolicy").unwrap_or(below),
        launch.pull_policy,
    )
}

/// The ENTRYPOINT that a rule says the image has.
pub(super) fn entrypoint(origins: &[Origin]) -> Option<Said<String>> {
    let origin = origins.iter().find(|origin| origin.field == "entrypoint")?;
    Some(Said::new(By::Rule(origin.rule.clone()), origin.value.clone()))
}

fn rule(origins: &[Origin], field: &str) -> Option<By> {
    let origin = origins.iter().find(|origin| origin.field == field)?;
    Some(By::Rule(origin.rule.clone()))
}
