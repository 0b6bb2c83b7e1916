//! Our own part of a Pod: the start that it belongs to, and our containers in it. The containers of others, such
//! as a mesh's, are ignored.

use agent_protocol::{AGENT_DIR, AGENT_FILE};
use engine::name::PodName;
use engine::ports::AgentId;
use k8s_openapi::api::core::v1::{Container, ContainerState, ContainerStatus, Pod};

use crate::plan::START;
use crate::{labels, owner};

/// The name of the volume, and of the container that copies the agent into it.
pub(crate) const AGENT: &str = "agent";
/// The name of the init container that copies the image's files.
pub(crate) const KEEPER: &str = "keeper";

/// The purpose of a container of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It brings the agent.
    Agent,
    /// It keeps the image's files where volumes will hide them.
    Keeper,
    /// It is the client's program, behind the agent where there is one.
    Program,
}

/// A container of ours.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) role: Role,
    pub(crate) container: &'a Container,
    status: Option<&'a ContainerStatus>,
}

/// Returns the start that this Pod belongs to, and the Pod's name, or `None` if it is not one of ours.
pub(crate) fn identity(pod: &Pod) -> Option<(AgentId, PodName)> {
    let (record, uid) = owner::controller(&pod.metadata)?;
    let start = pod.metadata.annotations.as_ref()?.get(START)?.parse().ok()?;
    Some((
        AgentId {
            record,
            uid: uid.to_owned(),
            start,
        },
        PodName(pod.metadata.name.clone()?),
    ))
}

/// Returns our containers of `pod`, in the order in which they start.
pub(crate) fn parts(pod: &Pod) -> impl Iterator<Item = Part<'_>> {
    let (spec, status) = (pod.spec.as_ref(), pod.status.as_ref());
    let init = spec.and_then(|spec| spec.init_containers.as_deref());
    let containers = spec.map(|spec| spec.containers.as_slice());
    let of_init = status.and_then(|status| status.init_container_statuses.as_deref());
    let of_others = status.and_then(|status| status.container_statuses.as_deref());
    let own = program_name(pod);
    let both = [(init, of_init), (containers, of_others)];
    both.into_iter().flat_map(move |(containers, statuses)| {
        let statuses = statuses.unwrap_or_default();
        let containers = containers.unwrap_or_default().iter();
        containers.filter_map(move |container| {
            Some(Part {
                role: role(container, own)?,
                container,
                status: statuses.iter().find(|status| status.name == container.name),
            })
        })
    })
}

/// Returns the container of the client's program.
pub(crate) fn program(pod: &Pod) -> Option<Part<'_>> {
    parts(pod).find(|part| part.role == Role::Program)
}

/// Returns the name of the program's container.
pub(crate) fn program_name(pod: &Pod) -> Option<&str> {
    pod.metadata
        .labels
        .as_ref()?
        .get(labels::ROLE)
        .map(String::as_str)
}

/// Returns the container of the client's program, to change it.
pub(crate) fn program_mut(pod: &mut Pod) -> Option<&mut Container> {
    let name = program_name(pod)?.to_owned();
    let mut containers = pod.spec.as_mut()?.containers.iter_mut();
    containers.find(|container| container.name == name)
}

/// Returns the role of a container by its name. A mesh may have a container of the same name, but none that
/// runs our agent.
fn role(container: &Container, own: Option<&str>) -> Option<Role> {
    if Some(container.name.as_str()) == own {
        return Some(Role::Program);
    }
    let runs = container.command.as_deref().unwrap_or_default().first()?;
    let is_ours = runs.rsplit('/').next() == Some(AGENT_FILE);
    match container.name.as_str() {
        AGENT if is_ours => Some(Role::Agent),
        KEEPER if is_ours => Some(Role::Keeper),
        _ => None,
    }
}

impl<'a> Part<'a> {
    /// Returns its name.
    pub(crate) fn name(&self) -> &'a str {
        &self.container.name
    }

    /// Returns its own image.
    pub(crate) fn image(&self) -> &'a str {
        self.container.image.as_deref().unwrap_or_default()
    }

    /// Returns its state, or `None` before its node has reported it.
    pub(crate) fn state(&self) -> Option<&'a ContainerState> {
        self.status?.state.as_ref()
    }

    /// Returns true while its program runs.
    pub(crate) fn runs(&self) -> bool {
        self.state().is_some_and(|state| state.running.is_some())
    }

    /// Returns true if the agent is mounted in it.
    pub(crate) fn has_agent(&self) -> bool {
        let mut mounts = self.container.volume_mounts.iter().flatten();
        mounts.any(|mount| mount.mount_path == AGENT_DIR)
    }
}

/// Returns the image that is mounted for the agent, in the shape that has one.
pub(crate) fn mounted_image(pod: &Pod) -> Option<&str> {
    let mut volumes = pod.spec.as_ref()?.volumes.iter().flatten();
    let volume = volumes.find(|volume| volume.name == AGENT)?;
    volume.image.as_ref()?.reference.as_deref()
}
