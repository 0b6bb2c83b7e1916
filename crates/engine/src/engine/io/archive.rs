//! Archives: `PUT` before a start keeps files for the Pod. `GET` after the exit returns an output that the
//! agent delivered.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::container::{Container, FileEntry, Upload};
use crate::engine::{Engine, Live};
use crate::error::{Error, Result};
use crate::failure::Who;
use crate::life::Transition;
use crate::limits;
use crate::phase::{Legality, Operation};
use crate::ports::{Kept, Reader, SecretFile};
use crate::upload::{self, Content};

impl Engine {
    /// Unpacks a tar below `path` of a container that does not run.
    ///
    /// # Errors
    /// Returns `Conflict` while the program runs, `Invalid` for a broken tar or one beyond a limit, or `Of` with the container if
    /// the cluster or the store fails.
    pub async fn upload(&self, reference: &str, path: &str, body: Reader) -> Result<()> {
        let live = self.find(reference).await?;
        let uploaded = self.upload_to(&live, path, body).await;
        uploaded
            .map_err(|error| error.of(|| format!("cannot upload files to {}", Who(&live.record().container))))
    }

    async fn upload_to(&self, live: &Arc<Live>, path: &str, body: Reader) -> Result<()> {
        let container = live.record().container;
        if Operation::Upload.in_phase(container.phase) == Legality::Refuse {
            return Err(while_it_runs(&container));
        }
        limits::room_for_upload(&container)?;
        match upload::classify(container.role, path, body).await? {
            Content::Files(files) => self.keep_files(live, files).await,
            Content::Archive(body) => {
                let Kept { digest, guard } = self.0.store.put_blob(body).await?;
                let upload = Upload::Archive {
                    digest,
                    path: path.to_owned(),
                };
                let _alone = live.upload.lock().await;
                limits::uploaded(&live.record().container, &upload)?;
                self.note(live, &upload).await?;
                drop(guard);
                Ok(())
            }
        }
    }

    /// Creates the files' Secret and notes the upload at the same time. A launch needs both.
    async fn keep_files(&self, live: &Arc<Live>, files: Vec<(FileEntry, Bytes)>) -> Result<()> {
        // The number must be new: a Secret can be created here, but neither read nor changed.
        let number = rand::random();
        let upload = Upload::Files {
            number,
            files: files.iter().map(|(entry, _)| entry.clone()).collect(),
        };
        let secret = files.into_iter().map(|(entry, content)| SecretFile {
            path: entry.path,
            content,
        });
        let _alone = live.upload.lock().await;
        let record = live.record();
        limits::uploaded(&record.container, &upload)?;
        let (created, noted) = tokio::join!(
            self.0.cluster.create_files(&record, number, secret.collect()),
            self.note(live, &upload)
        );
        if let Err(error) = created {
            self.attempt(live, &Transition::UploadFailed(upload)).await?;
            return Err(error.into());
        }
        noted
    }

    async fn note(&self, live: &Arc<Live>, upload: &Upload) -> Result<()> {
        let uploaded = Transition::Uploaded(upload.clone());
        let noted = self.attempt(live, &uploaded).await?;
        noted
            .map(drop)
            .ok_or_else(|| while_it_runs(&live.record().container))
    }

    /// Returns the tar of an output directory of an ended build container, `DIRECTORY/.`, and the time of its
    /// end.
    ///
    /// # Errors
    /// Returns `NoSuchPath` for any other path, or `Conflict` while the program runs.
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

fn while_it_runs(container: &Container) -> Error {
    Error::Conflict(format!(
        "files cannot be put into container {} while it runs",
        container.id
    ))
}
