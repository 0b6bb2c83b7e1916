//! chainpod's own credentials: the CA that agents trust and the key of their tokens. They are in one named
//! Secret, the only one that chainpod can read. The first replica makes it, and the others read it.

use std::collections::BTreeMap;

use engine::ports::ClusterError;
use engine::token::{KEY_BYTES, TokenKey};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client};
use rand::RngCore;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::retry::tried;

/// The key in the Secret for the CA's certificate.
const CA_CERTIFICATE: &str = "ca.crt";
/// The key in the Secret for the CA's private key.
const CA_KEY: &str = "ca.key";
/// The key in the Secret for the tokens' key.
const TOKEN_KEY: &str = "token.key";
/// The CA's name. It never changes, because certificates are issued under it from the key alone.
const CA_NAME: &str = "chainpod agents CA";
/// The common name in a server's certificate. Clients check the alternative names.
const SERVER_NAME: &str = "chainpod";

/// The reason why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The Secret can be neither read nor made.
    #[error("the credentials' secret: {0}")]
    Cluster(#[from] ClusterError),
    /// The Secret is not what chainpod makes.
    #[error(
        "secret {secret} has no usable {key}; delete the secret and start chainpod again, which makes a new one (running agents cannot reconnect then)"
    )]
    Malformed {
        /// The Secret.
        secret: String,
        /// The key in the ConfigMap or Secret.
        key: &'static str,
    },
    /// A key or certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// chainpod's identity for its agents.
pub struct AgentIdentity {
    ca_pem: String,
    ca_key: KeyPair,
    token_key: TokenKey,
}

/// The certificate and key of a TLS server.
pub struct ServerCertificate {
    /// The certificate, PEM, without the CA's.
    pub chain_pem: String,
    /// Its private key, PEM.
    pub key_pem: String,
}

impl AgentIdentity {
    /// Reads the Secret, or makes it if there is none.
    ///
    /// # Errors
    /// Returns a [`CredentialsError`]. An API server that cannot be reached is reported after about a minute.
    pub async fn load_or_create(
        client: Client,
        namespace: &str,
        secret_name: &str,
    ) -> Result<Self, CredentialsError> {
        let object = format!("secret {secret_name}");
        let read = || Self::load(client.clone(), namespace, secret_name);
        if let Some(found) = read().await? {
            return Ok(found);
        }
        let api = Api::<Secret>::namespaced(client.clone(), namespace);
        let made = generate(secret_name)?;
        let created = tried(&object, || async {
            api.create(&PostParams::default(), &made).await
        });
        match created.await.result {
            Err(ClusterError::AlreadyExists(_)) => {
                let gone = || ClusterError::NotFound(object.clone());
                Ok(read().await?.ok_or_else(gone)?)
            }
            created => Self::parse(secret_name, &created?),
        }
    }

    /// Reads the Secret. Returns `None` if there is none.
    ///
    /// # Errors
    /// Returns the errors of [`AgentIdentity::load_or_create`].
    pub async fn load(
        client: Client,
        namespace: &str,
        secret_name: &str,
    ) -> Result<Option<Self>, CredentialsError> {
        let api = Api::<Secret>::namespaced(client, namespace);
        let object = format!("secret {secret_name}");
        match tried(&object, || api.get(secret_name)).await.result {
            Err(ClusterError::NotFound(_)) => Ok(None),
            found => Self::parse(secret_name, &found?).map(Some),
        }
    }

    /// The CA's certificate.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The key of the agents' tokens.
    #[must_use]
    pub const fn token_key(&self) -> &TokenKey {
        &self.token_key
    }

    /// Issues a new certificate for a server with these DNS names and IP addresses.
    ///
    /// # Errors
    /// Returns `Certificate` if a name is neither.
    pub fn server_certificate(&self, names: &[String]) -> Result<ServerCertificate, CredentialsError> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let ca = ca_params();
        let certificate = params.signed_by(&key, &Issuer::from_params(&ca, &self.ca_key))?;
        Ok(ServerCertificate {
            chain_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }

    fn parse(name: &str, secret: &Secret) -> Result<Self, CredentialsError> {
        let malformed = |key| CredentialsError::Malformed {
            secret: name.to_owned(),
            key,
        };
        let bytes = |key| {
            let data = secret.data.as_ref().and_then(|data| data.get(key));
            data.map(|value| value.0.clone()).ok_or_else(|| malformed(key))
        };
        let text = |key| String::from_utf8(bytes(key)?).map_err(|_| malformed(key));
        let token_key: [u8; KEY_BYTES] = bytes(TOKEN_KEY)?.try_into().map_err(|_| malformed(TOKEN_KEY))?;
        Ok(Self {
            ca_pem: text(CA_CERTIFICATE)?,
            ca_key: KeyPair::from_pem(&text(CA_KEY)?).map_err(|_| malformed(CA_KEY))?,
            token_key: TokenKey::new(token_key),
        })
    }
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, CA_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn generate(name: &str) -> Result<Secret, CredentialsError> {
    let ca_key = KeyPair::generate()?;
    let ca_pem = ca_params().self_signed(&ca_key)?.pem();
    let mut token_key = [0; KEY_BYTES];
    rand::rng().fill_bytes(&mut token_key);
    let data = [
        (CA_CERTIFICATE, ca_pem.into_bytes()),
        (CA_KEY, ca_key.serialize_pem().into_bytes()),
        (TOKEN_KEY, token_key.to_vec()),
    ];
    Ok(Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        immutable: Some(true),
        data: Some(BTreeMap::from(
            data.map(|(key, value)| (key.to_owned(), ByteString(value))),
        )),
        ..Secret::default()
    })
}

#[cfg(test)]
mod tests;
