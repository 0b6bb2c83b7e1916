//! Sample containers. A dry run of their Pods shows whether the cluster would accept the Pods of real
//! containers.

use engine::container::{Container, Record, Spec, Upload};
use engine::image::{Digest, Image, Overlay, Ruled};
use engine::launch::{BUILD_OUTPUT, Launch};
use engine::name::{RecordName, Scope};
use engine::process::Process;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use crate::agent::AgentBy;
use crate::config::Config;
use crate::plan::Plan;
use crate::pod;

/// The container's name.
const NAME: &str = "chainpod-doctor";
/// The address that its agent would call.
const URL: &str = "https://127.0.0.1:1";

/// The kinds of containers that peers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// A container that runs chaincode in Fabric's image.
    Chaincode,
    /// A container that compiles chaincode in Fabric's image.
    Build,
}

impl Sample {
    /// Returns its Pod under the operator's rules. It has no limits of the client, because no peer sets
    /// limits for a build.
    pub(super) fn pod(self, config: &Config, agent_by: AgentBy) -> Pod {
        let scope = Scope(config.instance.clone());
        let spec = Spec {
            cmd: Some(vec![NAME.to_owned()]),
            ..Spec::default()
        };
        let mut container = Container::new(NAME.to_owned(), scope, spec, self.image());
        container.starts = 1;
        if self == Self::Build {
            container.uploads.push(Upload::Archive {
                digest: Digest(String::new()),
                path: BUILD_OUTPUT.to_owned(),
            });
        }
        let record = Record {
            name: RecordName::new(&container.scope, NAME),
            uid: container.id.0.clone(),
            version: String::new(),
            metadata: "".into(),
            container,
        };
        let ruled = Ruled {
            reference: record.container.image.reference.clone(),
            ..Ruled::default()
        };
        let launch = Launch::of(&record, Process::of(&record.container), ruled, URL);
        let plan = Plan::of(&launch, &config.rules.current(), config.default_uid);
        pod::build(&launch, &plan, config, agent_by)
    }

    fn image(self) -> Image {
        let (reference, overlay) = match self {
            Self::Build => ("hyperledger/fabric-ccenv:2.5", None),
            Self::Chaincode => ("hyperledger/fabric-baseos:2.5", Some(Overlay::default())),
        };
        Image {
            id: Digest(String::new()),
            name: reference.to_owned(),
            reference: reference.to_owned(),
            overlay,
            created: Timestamp::UNIX_EPOCH,
            always_pull: false,
        }
    }
}
