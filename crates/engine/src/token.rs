//! An agent's token: proof that it is the agent of one container. It is checked without state, so that an
//! agent can reconnect after a restart of chainpod.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of the key.
pub const KEY_BYTES: usize = 32;

/// Mints and checks tokens: HMAC-SHA-256 of the record's uid.
#[derive(Clone)]
pub struct TokenKey([u8; KEY_BYTES]);

impl TokenKey {
    /// Makes a key from its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the token of the container whose record has this uid.
    #[must_use]
    pub fn mint(&self, uid: &str) -> String {
        hex::encode(self.mac(uid).finalize().into_bytes())
    }

    /// Returns true if `token` is that container's. Takes constant time.
    #[must_use]
    pub fn accepts(&self, uid: &str, token: &str) -> bool {
        hex::decode(token).is_ok_and(|token| self.mac(uid).verify_slice(&token).is_ok())
    }

    fn mac(&self, uid: &str) -> Hmac<Sha256> {
        // Invariant: HMAC takes a key of any length.
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("hmac takes any key"));
        mac.update(uid.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_own_container_only() {
        let key = TokenKey::new([7; KEY_BYTES]);
        let token = key.mint("uid-1");
        assert!(key.accepts("uid-1", &token));
        assert!(!key.accepts("uid-2", &token));
        assert!(!TokenKey::new([8; KEY_BYTES]).accepts("uid-1", &token));
        assert!(!key.accepts("uid-1", "not hex"));
    }

    /// Agents keep their token while chainpod is upgraded.
    #[test]
    fn a_token_of_an_earlier_version_is_accepted() {
        let token = "171b5494d21c01fd65723af44167352cf9195ae2e16ffc79a2f80e70ecd6aab8";
        assert!(TokenKey::new([7; KEY_BYTES]).accepts("uid-1", token));
    }
}
