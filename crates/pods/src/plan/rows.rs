//! A plan as rows: field, value and origin, under Kubernetes' names.

use engine::container::Port;
use rules::Origin;
use serde::Serialize;
use serde_json::{Value, json};

use super::said::{By, Said, SaidMap};
use super::{DROPPED_CAPABILITIES, GRACE_SECS, Plan, RESTART_POLICY, SECCOMP_PROFILE};

impl Plan {
    /// Returns all fields, sorted by their names. Fields of the program's container and of the Pod are in one
    /// list. Each entry of a map has its own row.
    pub(crate) fn rows(&self) -> Vec<Origin> {
        let mut rows = Rows(Vec::new());
        rows.fixed();
        rows.one("image", Some(&self.image));
        rows.one("imagePullPolicy", Some(&self.pull_policy));
        rows.one("entrypoint", self.entrypoint.as_ref());
        rows.one("command", self.command.as_ref());
        for (name, value) in &self.env {
            rows.one(&format!("env.{name}"), Some(value));
        }
        rows.one("workingDir", self.working_dir.as_ref());
        rows.one("runAsUser", Some(&self.user));
        let non_root = Said::new(self.user.by.clone(), self.user.value != 0);
        rows.one("runAsNonRoot", Some(&non_root));
        rows.one("runAsGroup", self.group.as_ref());
        rows.map("resources.requests", &self.resources.requests);
        rows.map("resources.limits", &self.resources.limits);
        rows.one("readOnlyRootFilesystem", self.read_only_root.as_ref());
        rows.one("tty", self.tty.as_ref());
        rows.one("ports", self.ports.as_ref().map(written).as_ref());
        rows.one("hostname", self.hostname.as_ref());
        rows.one("dnsPolicy", self.dns_policy.as_ref());
        rows.one("dnsConfig", self.dns_config.as_ref());
        rows.one("hostAliases", self.host_aliases.as_ref());
        rows.map("labels", &self.labels);
        rows.map("annotations", &self.annotations);
        rows.map("nodeSelector", &self.node_selector);
        rows.one("tolerations", self.tolerations.as_ref());
        rows.one("affinity", self.affinity.as_ref());
        rows.one("runtimeClassName", self.runtime_class_name.as_ref());
        rows.one("imagePullSecrets", self.image_pull_secrets.as_ref());
        rows.one("priorityClassName", self.priority_class_name.as_ref());
        rows.one("serviceAccountName", self.service_account_name.as_ref());
        rows.one("caBundle", self.ca_bundle.as_ref());
        rows.map("files", &self.files);
        rows.map("mounts", &self.mounts);
        rows.one("agent", Some(&Said::by_default(self.has_agent)));
        rows.one("template", self.template.as_ref());
        rows.0.sort();
        rows.0
    }
}

/// Returns ports as Docker writes them.
fn written(ports: &Said<Vec<Port>>) -> Said<Vec<String>> {
    let ports_written = ports.value.iter();
    let ports_written = ports_written.map(|port| format!("{}/{}", port.number, port.protocol));
    Said::new(ports.by.clone(), ports_written.collect())
}

struct Rows(Vec<Origin>);

impl Rows {
    /// Adds the fields that are the same in every Pod.
    fn fixed(&mut self) {
        for (field, value) in [
            ("restartPolicy", json!(RESTART_POLICY)),
            ("terminationGracePeriodSeconds", json!(GRACE_SECS)),
            ("automountServiceAccountToken", json!(false)),
            ("enableServiceLinks", json!(false)),
            ("allowPrivilegeEscalation", json!(false)),
            ("capabilities.drop", json!([DROPPED_CAPABILITIES])),
            ("seccompProfile.type", json!(SECCOMP_PROFILE)),
        ] {
            self.push(field, &value, &By::Default);
        }
    }

    fn one<T: Serialize>(&mut self, field: &str, said: Option<&Said<T>>) {
        if let Some(Said { value, by }) = said {
            // Invariant: the types of Kubernetes and of rules can always be written as JSON.
            self.push(field, &serde_json::to_value(value).unwrap_or_default(), by);
        }
    }

    fn map<T: Serialize>(&mut self, field: &str, said: &SaidMap<T>) {
        for (key, said) in said {
            self.one(&format!("{field}.{key}"), Some(said));
        }
    }

    /// Adds a string as it is, and any other value as JSON.
    fn push(&mut self, field: &str, value: &Value, by: &By) {
        self.0.push(Origin {
            field: field.to_owned(),
            value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            rule: by.to_string(),
        });
    }
}
