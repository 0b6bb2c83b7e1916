//! More than one chainpod in a namespace: other installations, and other processes of the same one.

use std::sync::Arc;

use anyhow::Result;

use super::{Chainpod, With, account, folder};

impl Chainpod {
    /// Serves another instance in this one's namespace.
    ///
    /// # Errors
    /// Returns the errors of [`Chainpod::start`].
    pub fn beside(&self, instance: &str) -> Result<Self> {
        self.let_lead(instance)?;
        let account = (folder()?, self.kubeconfig.clone());
        let namespace = Arc::clone(&self.namespace);
        Self::serve(&self.daemon, namespace, instance, account, &With::default())
    }

    /// Starts another process for this one's own instance and store. It waits until this one has ended, and is
    /// returned as soon as it listens.
    ///
    /// # Errors
    /// Returns the errors of [`Chainpod::start`].
    pub fn successor(&self) -> Result<Self> {
        let account = (folder()?, self.kubeconfig.clone());
        let namespace = Arc::clone(&self.namespace);
        let with = With {
            store: Some(self.store()),
            ..With::default()
        };
        Self::listen(&self.daemon, namespace, self.namespace(), account, &with)
    }

    /// Lets its account lead that instance in its namespace.
    ///
    /// # Errors
    /// Returns kubectl's error.
    pub fn let_lead(&self, instance: &str) -> Result<()> {
        account::let_lead(&self.namespace, instance)
    }
}
