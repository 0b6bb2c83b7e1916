//! TLS for Docker clients: certificate, key and CA come from files, which may be replaced while chainpod
//! runs, as cert-manager and the kubelet do.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// The TLS versions of a connection: 1.2 is the newest version that the oldest peers support.
const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// The files that TLS needs, all PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate and the chain from it to its CA.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CA of clients' certificates. If it is set, each client must present a certificate.
    pub client_ca: Option<PathBuf>,
}

/// The reason why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or lacks what it should contain.
    #[error("cannot read {file}: {error}", file = .0.display(), error = .1)]
    File(PathBuf, pem::Error),
    /// A file has no certificate.
    #[error("{} contains no certificate", .0.display())]
    Empty(PathBuf),
    /// The CA's certificates are not usable.
    #[error("the certificates in {file} cannot be used: {error}", file = .0.display(), error = .1)]
    ClientCa(PathBuf, VerifierBuilderError),
    /// Certificate and key do not belong together, or are not usable.
    #[error("certificate {file} and its key cannot be used: {error}", file = .0.display(), error = .1)]
    Pair(PathBuf, rustls::Error),
}

/// TLS with the current content of the files.
pub struct Tls {
    files: TlsFiles,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    /// The stamps of the files when they were read.
    stamps: Vec<Stamp>,
    config: Arc<ServerConfig>,
}

/// The properties of a file that change when it is written or replaced.
#[derive(PartialEq, Eq)]
struct Stamp(Option<(u64, u64, SystemTime)>);

impl Stamp {
    fn of(file: &Path) -> Self {
        let meta = std::fs::metadata(file).ok();
        Self(meta.and_then(|meta| Some((meta.ino(), meta.len(), meta.modified().ok()?))))
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Returns the [`TlsError`] that names the file and the reason.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let loaded = Loaded {
            stamps: files.stamps(),
            config: files.read()?,
        };
        Ok(Self {
            files,
            loaded: Mutex::new(loaded),
        })
    }

    /// Returns the configuration for a new connection. Reads the files again if they have changed. If they
    /// are not usable, for example during a replacement, the previous configuration stays.
    pub(super) async fn current(self: &Arc<Self>) -> Arc<ServerConfig> {
        let tls = Arc::clone(self);
        let config = tokio::task::spawn_blocking(move || tls.reread()).await;
        config.unwrap_or_else(|_| Arc::clone(&self.lock().config))
    }

    fn reread(&self) -> Arc<ServerConfig> {
        let stamps = self.files.stamps();
        let mut loaded = self.lock();
        if loaded.stamps != stamps {
            match self.files.read() {
                Ok(config) => {
                    tracing::info!(certificate = %self.files.certificate.display(), "TLS files were reloaded");
                    *loaded = Loaded { stamps, config };
                }
                Err(error) => {
                    tracing::warn!(%error, "the new TLS files cannot be used; the previous ones stay in use");
                }
            }
        }
        Arc::clone(&loaded.config)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TlsFiles {
    fn stamps(&self) -> Vec<Stamp> {
        let files = [&self.certificate, &self.key].into_iter().chain(&self.client_ca);
        files.map(|file| Stamp::of(file)).collect()
    }

    fn read(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| TlsError::File(self.key.clone(), error))?;
        let unusable = |error| TlsError::Pair(self.certificate.clone(), error);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(VERSIONS)
            .map_err(unusable)?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(certificates(file)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = verifier
                    .build()
                    .map_err(|error| TlsError::ClientCa(file.clone(), error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        builder
            .with_single_cert(chain, key)
            .map(Arc::new)
            .map_err(unusable)
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error| TlsError::File(file.to_owned(), error);
    let all: Vec<_> = CertificateDer::pem_file_iter(file)
        .map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    if all.is_empty() {
        return Err(TlsError::Empty(file.to_owned()));
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
