//! Precedence, and the report of all errors at once.

use std::fs;

use super::*;
use crate::cli;

/// Reads the settings from these three sources.
fn read(file: Option<&str>, env: &[(&str, &str)], flags: &[&str]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chainpod.yaml");
    let mut arguments = vec!["chainpod".to_owned(), cli::SERVE.to_owned()];
    if let Some(text) = file {
        fs::write(&path, text).unwrap();
        arguments.push(format!("--config={}", path.display()));
    }
    arguments.extend(flags.iter().map(|&flag| flag.to_owned()));
    let matches = cli::command().try_get_matches_from(arguments).unwrap();
    let (_, matches) = matches.subcommand().unwrap();
    let env = |name: &str| {
        let found = env.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let place = format!("{}/", folder.path().display());
    Config::read(matches, &env).map_err(|wrong| wrong.to_string().replace(&place, ""))
}

const ADDRESS: &str = "--agent-address=10.0.0.7:2377";

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = "namespace: from-file\ninstance: from-file\nstore: /from/file\n";
    let env = [
        ("CHAINPOD_NAMESPACE", "from-env"),
        ("CHAINPOD_INSTANCE", "from-env"),
        ("CHAINPOD_STORE", ""),
    ];
    let config = read(Some(file), &env, &[ADDRESS, "--namespace=from-flag"]).unwrap();
    assert_eq!(config.namespace.as_deref(), Some("from-flag"));
    assert_eq!(config.instance, "from-env");
    assert_eq!(config.store, store::Location::Directory("/from/file".into()));
    assert_eq!(config.agent_image, key::AGENT_IMAGE.default.unwrap());
}

#[test]
fn listeners_are_many_in_every_source() {
    let expected = ["tcp://[::1]:1", "unix:///run/d.sock"];
    for config in [
        read(
            Some("listen: ['tcp://[::1]:1', unix:///run/d.sock]"),
            &[],
            &[ADDRESS],
        ),
        read(
            None,
            &[("CHAINPOD_LISTEN", "tcp://[::1]:1, unix:///run/d.sock")],
            &[ADDRESS],
        ),
        read(
            None,
            &[],
            &[ADDRESS, "--listen=tcp://[::1]:1", "--listen=unix:///run/d.sock"],
        ),
    ] {
        let listen = config.unwrap().listen;
        assert_eq!(
            listen.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected
        );
    }
    let one = read(Some("listen: tcp://a"), &[], &[ADDRESS]).unwrap().listen;
    assert_eq!(one[0].to_string(), "tcp://a");
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let file = "listn: tcp://a:1\nnamespace: [a, b]\ninstance: -x\nlog-format: xml\n";
    let env = [
        ("CHAINPOD_LISTEN", "tcp://a:1,127.0.0.1:2375"),
        ("CHAINPOD_AGENT_LISTEN", "localhost:1"),
    ];
    let flags = [
        "--agent-address=0.0.0.0:1",
        "--tls-key=/key",
        "--log-filter=a=b=c",
    ];
    let wrong = read(Some(file), &env, &flags).err().unwrap();
    let lines: Vec<_> = wrong.lines().collect();
    assert_eq!(lines[0], "9 settings are wrong:");
    for (line, expected) in lines[1..].iter().zip([
        "- chainpod.yaml: listn: unknown setting",
        "- CHAINPOD_LISTEN: \"127.0.0.1:2375\": tcp://HOST:PORT or ",
        "- tls-cert is missing: tls-key needs it; give --tls-cert, CHAINPOD_TLS_CERT or ",
        "- chainpod.yaml: namespace: one value is expected here",
        "- chainpod.yaml: instance: \"-x\": 1 to 63 ",
        "- CHAINPOD_AGENT_LISTEN: \"localhost:1\": an IP address and a port ",
        "- --agent-address: \"0.0.0.0:1\": Pods cannot connect to this address",
        "- chainpod.yaml: log-format: \"xml\": text or json ",
        "- --log-filter: \"a=b=c\": ",
    ]) {
        assert!(line.starts_with(expected), "{line} is not {expected}");
    }
}

#[test]
fn a_file_that_is_none_is_told_with_the_rest() {
    for (file, said) in [
        ("a: [", "chainpod.yaml: "),
        ("namespace: a\nnamespace: b\n", "duplicate"),
    ] {
        let wrong = read(Some(file), &[], &["--instance=-"]).err().unwrap();
        assert!(wrong.contains(said) && wrong.contains("--instance: "), "{wrong}");
    }
    let wrong = read(None, &[("CHAINPOD_CONFIG", "/no/such")], &[ADDRESS])
        .err()
        .unwrap();
    assert_eq!(
        wrong,
        "1 setting is wrong:\n- /no/such: No such file or directory (os error 2)"
    );
    read(Some("# nothing\n"), &[], &[ADDRESS]).unwrap();
}

#[test]
fn agents_are_reached_where_they_connect_unless_that_is_everywhere() {
    let config = read(None, &[], &["--agent-listen=127.0.0.1:7"]).unwrap();
    assert_eq!(config.agent_address.to_string(), "127.0.0.1:7");
    let wrong = read(None, &[], &[]).err().unwrap();
    assert!(wrong.contains("agent-address is missing"), "{wrong}");
}

#[test]
fn a_duration_has_a_unit() {
    let of = |text: &str| {
        let config = read(None, &[("CHAINPOD_UNSCHEDULABLE_LIMIT", text)], &[ADDRESS]);
        config.map(|config| config.unschedulable_limit.as_secs())
    };
    assert_eq!([of(""), of("90s"), of("2m")], [Ok(60), Ok(90), Ok(120)]);
    for wrong in ["90", "-5s", "soon"] {
        let said = of(wrong).unwrap_err();
        assert!(
            said.ends_with("a duration is expected, such as 90s or 2m"),
            "{said}"
        );
    }
}

#[test]
fn every_setting_is_documented_and_every_documented_one_is_there() {
    let documented = include_str!("../../../../docs/configuration.md");
    let documented = documented
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let names = KEYS.iter().map(|key| key.name);
    assert_eq!(documented.collect::<Vec<_>>(), names.collect::<Vec<_>>());
}

#[test]
fn numbers_of_things_are_from_1() {
    let read = |text: &str| read(None, &[("CHAINPOD_MAX_CONTAINERS", text)], &[ADDRESS]);
    assert_eq!(read("7").unwrap().max_containers, 7);
    for wrong in ["0", "-1", "many"] {
        let said = read(wrong).map(drop).unwrap_err();
        assert!(said.ends_with("a whole number from 1 is expected"), "{said}");
    }
}
