//! Which of the operator's rules apply to a container.

use engine::container::{Container, Role};
use rules::{Choice, Rules, Subject};

/// What `rules` come to for `container`.
pub(crate) fn choice(rules: &Rules, container: &Container) -> Choice {
    rules.choose(&Subject {
        role: match container.role {
            Role::Build => rules::Role::Build,
            Role::Chaincode => rules::Role::Chaincode,
        },
        image: &container.image.reference,
        chaincode: container.chaincode(),
        msp: container.msp(),
        peer: container.peer(),
        labels: &container.spec.labels,
    })
}
