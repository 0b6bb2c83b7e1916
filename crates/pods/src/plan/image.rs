//! The image: its name, and the policy for pulls.

use engine::image::PullPolicy;
use engine::launch::Launch;
use rules::Origin;

use super::PULL_POLICY;
use super::said::{By, Said};

/// Returns the image that the node pulls.
pub(super) fn name(launch: &Launch<'_>, origins: &[Origin]) -> Said<String> {
    let below = match launch.record.container.image.overlay {
        Some(_) => By::Image,
        None => By::Client,
    };
    Said::new(rule(origins, "image").unwrap_or(below), launch.image.clone())
}

/// Returns the policy that decides when the node pulls it.
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

/// Returns the ENTRYPOINT of the image if a rule sets it.
pub(super) fn entrypoint(origins: &[Origin]) -> Option<Said<String>> {
    let origin = origins.iter().find(|origin| origin.field == "entrypoint")?;
    Some(Said::new(By::Rule(origin.rule.clone()), origin.value.clone()))
}

fn rule(origins: &[Origin], field: &str) -> Option<By> {
    let origin = origins.iter().find(|origin| origin.field == field)?;
    Some(By::Rule(origin.rule.clone()))
}
