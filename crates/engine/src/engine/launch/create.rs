//! Create: makes a record under a name that is free.

use std::time::Duration;

use crate::container::{Container, Owner, Record, Spec};
use crate::engine::Engine;
use crate::engine::span::is_about;
use crate::error::{Error, Result};
use crate::fabric::{BuiltFor, FabricName};
use crate::failure::Who;
use crate::limits;
use crate::name::{self, RecordName};
use crate::ports::ClusterError;

/// Time for which a create waits for the caller's workload. A list of Pods takes a fraction of it, and a
/// container can do without an owner.
const OWNER_LIMIT: Duration = Duration::from_secs(1);

impl Engine {
    /// Creates a container. Nothing runs yet.
    ///
    /// # Errors
    /// Returns `NoSuchImage`, `ImageLost`, `NotAllowed`, `NameInUse`, `Invalid` for a request that is too large,
    /// or `Busy` if there are as many containers as there may be. The API server decides about names,
    /// so that only one of two concurrent calls succeeds.
    pub async fn create(&self, name: Option<String>, spec: Spec) -> Result<Record> {
        let (image, owner) = tokio::join!(
            self.image(&spec.image),
            tokio::time::timeout(OWNER_LIMIT, self.owner())
        );
        let image = image.map_err(|error| {
            self.miss(name.as_deref().unwrap_or_default(), &spec);
            perhaps_lost(error, name.as_deref())
        })?;
        self.ruled(&image.reference)?;
        let name = name.map_or_else(name::generated, |name| name.trim_start_matches('/').to_owned());
        let mut container = Container::new(name, self.scope().clone(), spec, image);
        container.owner = owner.unwrap_or_default();
        container.built_for = self.attribution(&container).and_then(BuiltFor::known);
        is_about(&container);
        limits::created(&container)?;
        self.has_room()?;
        let object = RecordName::new(self.scope(), &container.name);
        match self.0.cluster.create_record(&object, &container).await {
            Ok(record) => {
                self.0.index.adopt(record.clone());
                Ok(record)
            }
            Err(ClusterError::AlreadyExists(_)) => Err(self.name_in_use(container.name, &object).await),
            Err(error) => Err(Error::from(error).of(|| format!("{} cannot be created", Who(&container)))),
        }
    }

    fn has_room(&self) -> Result<()> {
        let most = self.0.settings.max_containers;
        if self.0.index.count() < most {
            return Ok(());
        }
        Err(Error::Busy(format!(
            "there are {most} containers, as many as there may be; remove some, or raise chainpod's setting max-containers"
        )))
    }

    /// Returns the workload of the calling peer. Without one, the container has no owner, and `chainpod gc`
    /// removes it.
    async fn owner(&self) -> Option<Owner> {
        let address = self.1.address().filter(|address| !address.is_loopback())?;
        let owner = self.0.cluster.owner(address).await;
        owner.unwrap_or_else(|error| {
            tracing::debug!(caller = %address, %error, "the caller's workload is not known: the container gets no owner");
            None
        })
    }

    async fn name_in_use(&self, name: String, object: &RecordName) -> Error {
        match self.find_name(object).await {
            Ok(owner) => {
                let id = owner.map(|live| live.record().container.id.0).unwrap_or_default();
                Error::NameInUse { name, id }
            }
            Err(error) => error,
        }
    }
}

/// Returns `ImageLost` for a container of a 2.x or 3.x peer, which has built the image before it creates a
/// container of it. A 1.4 peer creates first, and builds if that fails.
fn perhaps_lost(error: Error, container: Option<&str>) -> Error {
    let name = container.and_then(FabricName::parse);
    match (error, name) {
        (Error::NoSuchImage(image), Some(_)) => Error::ImageLost(image),
        (error, _) => error,
    }
}
