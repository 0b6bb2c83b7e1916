//! The user and group that run the program.

use engine::launch::Launch;
use rules::Choice;

use super::merge;
use super::said::{By, Said};

/// The only user with the same number in every image.
const ROOT: &str = "root";

/// Returns the user: the number from a rule, the client or the image, else `default_uid`. Names other than
/// `root` cannot be looked up, because chainpod does not read the image.
pub(super) fn uid(launch: &Launch<'_>, choice: &Choice, default_uid: i64) -> Said<i64> {
    let ruled = merge::ruled(choice, "runAsUser", choice.fields.run_as_user.as_ref());
    let (uid, _) = named(launch);
    ruled
        .or_else(|| Some(Said::new(by(launch), number(uid)?)))
        .unwrap_or(Said::by_default(default_uid))
}

/// Returns the group, if the client or the image names one and no rule sets the user.
pub(super) fn gid(launch: &Launch<'_>, choice: &Choice) -> Option<Said<i64>> {
    let (_, gid) = named(launch);
    let is_open = choice.fields.run_as_user.is_none();
    number(gid)
        .filter(|_| is_open)
        .map(|gid| Said::new(by(launch), gid))
}

/// Returns the parts of `USER:GROUP`.
fn named<'a>(launch: &'a Launch<'_>) -> (&'a str, &'a str) {
    let user = &launch.process.user;
    user.split_once(':').unwrap_or((user, ""))
}

fn number(name: &str) -> Option<i64> {
    match name {
        ROOT => Some(0),
        name => name.parse().ok(),
    }
}

fn by(launch: &Launch<'_>) -> By {
    match launch.record.container.spec.user.is_empty() {
        true => By::Image,
        false => By::Client,
    }
}
