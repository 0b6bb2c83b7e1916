//! Archives: `PUT` before start keeps files for the Pod, `GET` after exit
//! hands back what the agent brought.

use jiff::Timestamp;

use super::{Engine, Live};
use crate::container::Upload;
use crate::error::{Error, Result};
use crate::failure::Who;
use crate::phase::{Legality, Operation};
use crate::ports::{ClusterError, Kept, Reader, SecretFile};
use crate::upload::{self, Content};

impl Engine {
    /// Puts a tar's content below `path` of a container that does not run.
    ///
    /// # Errors
    /// `Conflict` while it runs, `Invalid` for a broken tar; `Of` the container where the cluster or the store
    /// fails.
    pub async fn upload(&self, reference: &str, path: &str, body: Reader) -> Result<()> {
        let live = self.find(reference).await?;
        let uploaded = self.upload_to(&live, path, body).await;
        uploaded.map_err(|error| error.of(|| format!("{} cannot take files", Who(&live.record().container))))
    }

    async fn upload_to(&self, live: &Live, path: &str, body: Reader) -> Result<()> {
        let container = live.record().container;
        if Operation::Upload.in_phase(container.phase) == Legality::Refuse {
            let message = format!(
                "files cannot be put into container {} while it runs",
                container.id
            );
            return Err(Error::Conflict(message));
        }
        let mut kept = None;
        let upload = match upload::classify(container.role, path, body).await? {
            Content::Files(files) => {
                let entries = files.iter().map(|(entry, _)| entry.clone()).collect();
                let number = self.keep_files(&live.record(), files).await?;
                Upload::Files {
                    number,
                    files: entries,
                }
            }
            Content::Archive(body) => {
                let Kept { digest, guard } = self.0.store.put_blob(body).await?;
                kept = Some(guard);
                Upload::Archive {
                    digest,
                    path: path.to_owned(),
                }
            }
        };
        self.swap(live, |container| {
            container.uploads.push(upload.clone());
            Ok(Some(()))
        })
        .await?;
        drop(kept);
        Ok(())
    }

    /// Creates the files' Secret under the first free number: it can only be created, never changed.
    async fn keep_files(
        &self,
        record: &crate::container::Record,
        files: Vec<(crate::container::FileEntry, bytes::Bytes)>,
    ) -> Result<u32> {
        let mut number = u32::try_from(record.container.uploads.len()).unwrap_or(u32::MAX);
        loop {
            let secret = files
                .iter()
                .map(|(entry, content)| SecretFile {
                    path: entry.path.clone(),
                    content: content.clone(),
                })
                .collect();
            match self.0.cluster.create_files(record, number, secret).await {
                Ok(()) => return Ok(number),
                Err(ClusterError::AlreadyExists(_)) => number += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The tar of a directory that an ended build container left behind, `DIRECTORY/.`, and when it ended.
    ///
    /// # Errors
    /// `NoSuchPath` for any other path, `Conflict` while it runs.
    pub async fn download(&self, reference: &str, path: &str) -> Result<(Reader, Timestamp)> {
        let container = self.find(reference).await?.record().container;
        if Operation::Download.in_phase(container.phase) == Legality::Refuse {
            let message = format!("container {} has no outputs before it has ended", container.id);
            return Err(Error::Conflict(message));
        }
        let directory = path.strip_suffix("/.").unwrap_or(path);
        let error = container.exit.as_ref().map(|exit| exit.error.as_str());
        let why = error.filter(|error| !error.is_empty());
        let missing = || Error::NoSuchPath {
            path: path.to_owned(),
            container: container.name.clone(),
            why: why.map(|why| format!(": {why}")).unwrap_or_default(),
        };
        let digest = container.outputs.get(directory).ok_or_else(missing)?;
        let ended = container.exit.map_or(container.created, |exit| exit.finished_at);
        Ok((self.0.store.blob(digest).await?.0, ended))
    }
}
