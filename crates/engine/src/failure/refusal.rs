//! Remedies for refusals of the API server. The message shows which part of it refused.

/// The remedy for a full quota.
pub(crate) const QUOTA: &str = "raise the namespace's quota, or remove what nobody needs there";
/// The remedy for an API server that cannot be reached.
pub(crate) const UNAVAILABLE: &str = "see that it runs and that chainpod reaches it";
/// The text of a quota about a resource that a container does not name.
const MUST_SPECIFY: &str = ": must specify ";
/// Parts of messages that show which part of the API server refused, and the remedy for each.
const REMEDIES: [(&str, &str); 7] = [
    (
        "is being terminated",
        "let chainpod work in a namespace that stays",
    ),
    (
        "violates PodSecurity",
        "let the image run as a user who is not root, or lower the namespace's pod-security.kubernetes.io/enforce",
    ),
    ("admission webhook", "ask who runs that webhook in the cluster"),
    (
        MUST_SPECIFY,
        "set resources.limits and resources.requests in chainpod's rules, or HostConfig (peers: CORE_VM_DOCKER_HOSTCONFIG_…)",
    ),
    (
        " usage per ",
        "ask for what the namespace's LimitRange allows: HostConfig (peers: CORE_VM_DOCKER_HOSTCONFIG_…)",
    ),
    (
        " cannot create resource",
        "give chainpod's account the Role that comes with it",
    ),
    (
        "Unauthorized",
        "see that chainpod's account is there and its token good",
    ),
];
/// The remedy for all other refusals.
const UNKNOWN: &str = "see what in the namespace forbids it";

/// Returns the remedy for a refusal with that message.
pub(crate) fn remedy(message: &str) -> &'static str {
    let row = REMEDIES.iter().find(|(part, _)| message.contains(part));
    row.map_or(UNKNOWN, |(_, remedy)| remedy)
}
