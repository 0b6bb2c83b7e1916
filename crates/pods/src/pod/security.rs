//! The user and the rights of a container of ours.

use k8s_openapi::api::core::v1::{Capabilities, SeccompProfile, SecurityContext};

use super::rule_fields::value;
use crate::plan::{DROPPED_CAPABILITIES, Plan, SECCOMP_PROFILE};

/// Returns the program's user and group.
pub(crate) fn user(plan: &Plan) -> (i64, Option<i64>) {
    (plan.user.value, value(&plan.group))
}

/// Returns the settings that the Pod Security Standard `restricted` requires. A request for user 0 gets 0,
/// and the namespace's policy decides.
pub(crate) fn security_context((uid, gid): (i64, Option<i64>)) -> SecurityContext {
    SecurityContext {
        run_as_non_root: Some(uid != 0),
        run_as_user: Some(uid),
        run_as_group: gid,
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec![DROPPED_CAPABILITIES.to_owned()]),
            add: None,
        }),
        seccomp_profile: Some(SeccompProfile {
            type_: SECCOMP_PROFILE.to_owned(),
            localhost_profile: None,
        }),
        ..SecurityContext::default()
    }
}
