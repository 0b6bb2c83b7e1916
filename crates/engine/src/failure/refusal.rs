//! Remedies for refusals of the API server. The message shows which part of it refused.

/// The remedy for a full quota.
pub(crate) const QUOTA: &str = "raise the namespace's quota, or delete objects that are not needed";
/// The remedy for an API server that cannot be reached.
pub(crate) const UNAVAILABLE: &str = "check that it runs and that chainpod can reach it";
/// The text of a quota about a resource that a container does not name.
const MUST_SPECIFY: &str = ": must specify ";
/// Parts of messages that show which part of the API server refused, and the remedy for each.
const REMEDIES: [(&str, &str); 7] = [
    (
        "is being terminated",
        "set chainpod's namespace to one that is not being deleted",
    ),
    (
        "violates PodSecurity",
        "set runAsUser in chainpod's rules to a user other than root, or lower the namespace's pod-security.kubernetes.io/enforce",
    ),
    ("admission webhook", "ask the administrator of that webhook"),
    (
        MUST_SPECIFY,
        "set resources.limits and resources.requests in chainpod's rules, or the limits in HostConfig (peers: CORE_VM_DOCKER_HOSTCONFIG_…)",
    ),
    (
        " usage per ",
        "set HostConfig.Memory and CpuQuota within the namespace's LimitRange (peers: CORE_VM_DOCKER_HOSTCONFIG_…)",
    ),
    (
        " cannot create resource",
        "bind chainpod's Role (charts/chainpod/files/role.yaml) to its account",
    ),
    (
        "Unauthorized",
        "check that chainpod's account exists and that its token is valid",
    ),
];
/// The remedy for all other refusals.
const UNKNOWN: &str = "find the policy that forbids it, or change the pod with chainpod's rules";

/// Returns the remedy for a refusal with that message.
pub(crate) fn remedy(message: &str) -> &'static str {
    let row = REMEDIES.iter().find(|(part, _)| message.contains(part));
    row.map_or(UNKNOWN, |(_, remedy)| remedy)
}
