//! The Helm chart: what it renders, and a real installation from it, from the first
//! call of a Docker client to what an uninstallation leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Installed, await_so, lab};
use lab::docker::tar;
use lab::progress::Progress;
use serde_json::{Value, json};

#[path = "chart/rendered.rs"]
mod rendered;

const NAMESPACE: &str = "chart";
/// The labels of the objects that chainpod has made, as in docs/install.md.
const OURS: &str = "app.kubernetes.io/managed-by=chainpod,app.kubernetes.io/instance=chainpod";
/// The time limit for the garbage collector and the kubelet.
const GONE_LIMIT: Duration = Duration::from_secs(30);

/// The names of all that is in the namespace of these kinds, but what is in every one.
fn objects(installed: &Installed, kinds: &str) -> BTreeSet<String> {
    let names = installed.kubectl(&["get", kinds, "--output=name"]);
    let others = ["configmap/kube-root-ca.crt", "serviceaccount/default"];
    let ours = names.lines().filter(|name| !others.contains(name));
    ours.map(str::to_owned).collect()
}

#[test]
fn it_is_installed_upgraded_and_uninstalled_while_chaincode_runs() {
    let (cluster, _) = lab(&Progress::new("chart"));
    // As users do it: the claim is of the default class.
    let installed = Installed::with(&cluster, NAMESPACE, &["store.pvc.storageClassName="]);
    let docker = installed.docker();
    assert!(docker.is_up());
    may_do_what_the_role_says(&installed);

    let dockerfile = b"FROM hyperledger/fabric-baseos:2.5\n";
    docker
        .build("kv", &tar(&[("Dockerfile", dockerfile)]).unwrap())
        .unwrap();
    let program = json!({"Image": "kv", "Cmd": ["/bin/sh", "-c", "trap 'exit 3' TERM; sleep 600 & wait"]});
    for name in ["before", "after"] {
        docker.create(name, &program).unwrap();
        docker.start(name).unwrap();
    }

    let before = installed.pod_uid();
    installed.upgrade(&["log.filter=debug"]);
    let now = installed.pod_uid();
    assert!(before != now && !now.contains(' '), "{before} {now}");
    // The image is in the claim; the agent has found the new process, or this would be a kill.
    docker.get("/images/kv/json").unwrap();
    docker.stop("before").unwrap();
    assert_eq!(docker.wait("before").unwrap(), 3);
    docker.remove("before").unwrap();

    installed.uninstall();
    what_stays_is_as_documented(&installed);
}

fn what_stays_is_as_documented(installed: &Installed) {
    let charts = "statefulsets,services,serviceaccounts,roles,rolebindings,networkpolicies";
    assert_eq!(objects(installed, charts), BTreeSet::new());
    assert_eq!(
        objects(installed, "persistentvolumeclaims"),
        ["persistentvolumeclaim/chainpod-store".to_owned()].into()
    );
    let phases = "--output=jsonpath={.items[*].status.phase}";
    await_so("the other one runs", GONE_LIMIT, || {
        installed.kubectl(&["get", "pods", "--selector", OURS, phases]) == "Running"
    });

    let _ = installed.kubectl(&["delete", "configmaps,pods,secrets", "--selector", OURS]);
    let _ = installed.kubectl(&[
        "delete",
        "secret/chainpod-credentials",
        "lease/chainpod-chainpod",
        "persistentvolumeclaim/chainpod-store",
    ]);
    await_so("nothing is left", GONE_LIMIT, || {
        objects(installed, "pods,configmaps,secrets,leases,persistentvolumeclaims").is_empty()
    });
}

/// Its account has the two Roles and what every account has, no more and no less.
fn may_do_what_the_role_says(installed: &Installed) {
    let of = |account: &str| -> BTreeSet<String> {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": NAMESPACE}});
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), review.to_string()).unwrap();
        let user = format!("--as=system:serviceaccount:{NAMESPACE}:{account}");
        let file = file.path().display().to_string();
        let answer = installed.kubectl(&[
            "create",
            "--filename",
            &file,
            "--output=json",
            "--validate=false",
            &user,
        ]);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        permissions(&answer["status"]["resourceRules"])
    };
    let may: BTreeSet<_> = of("chainpod").difference(&of("default")).cloned().collect();
    let roles = [rendered::role(), rendered::lease_role("chainpod")];
    let all = roles.iter().flat_map(|role| permissions(&role["rules"]));
    assert_eq!(may, all.collect());
}

/// Rules, a line for each verb on each resource.
fn permissions(rules: &Value) -> BTreeSet<String> {
    let texts = |rule: &Value, field: &str| -> Vec<String> {
        let all = rule[field].as_array().into_iter().flatten();
        all.filter_map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    let mut all = BTreeSet::new();
    for rule in rules.as_array().into_iter().flatten() {
        for resource in texts(rule, "resources") {
            for verb in texts(rule, "verbs") {
                let (groups, names) = (texts(rule, "apiGroups"), texts(rule, "resourceNames"));
                all.insert(format!("{verb} {resource} of {groups:?} named {names:?}"));
            }
        }
    }
    all
}
