//! Objects one by one and in lists, and objects that do not exist.

use serde_json::Value;

use crate::rules::{CCENV, IMAGE, NAME, create, launch, world};
use crate::world::World;

/// Returns the rows of a list.
async fn rows(world: &World, path: &str) -> Vec<Value> {
    let path = path.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
    let answer = world.expect(200, "GET", &path, "").await;
    let (_, rows) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(rows).unwrap()
}

#[tokio::test]
async fn containers_are_listed_inspected_and_found_by_name_id_and_prefix() {
    let mut world = world().await;
    launch(&mut world, "", 3).await;
    let other = format!(r#"{{"Image": "{CCENV}", "Cmd": ["go", "version"], "Labels": {{"a": "b"}}}}"#);
    world
        .expect(201, "POST", "/containers/create?name=other", other)
        .await;
    let id = world.engine.inspect(NAME).await.unwrap().container.id.0;
    let image_id = world.engine.image(IMAGE).await.unwrap().id.0[7..19].to_owned();
    for reference in [NAME, &id, &id[..12], &id[..6]] {
        let answer = world
            .expect(200, "GET", &format!("/containers/{reference}/json"), "")
            .await;
        assert!(answer.contains(&format!("\"Name\":\"/{NAME}\"")), "{answer}");
        assert!(
            answer.contains("\"Status\":\"running\",\"Running\":true"),
            "{answer}"
        );
    }
    let (cc, other) = (format!("/{NAME}"), "/other".to_owned());
    for (query, names) in [
        ("", vec![&cc]),
        ("?all=1", vec![&other, &cc]),
        ("?limit=1", vec![&other]),
        ("?limit=-1", vec![&cc]),
        ("?limit=-1&all=1", vec![&other, &cc]),
        (r#"?all=1&filters={"name":["oth"]}"#, vec![&other]),
        (r#"?filters={"status":["created"]}"#, vec![&other]),
        (&format!(r#"?filters={{"ancestor":["{IMAGE}"]}}"#), vec![&cc]),
        (&format!(r#"?filters={{"ancestor":["{image_id}"]}}"#), vec![&cc]),
        (
            &format!(r#"?filters={{"ancestor":["docker.io/library/{IMAGE}:latest"]}}"#),
            vec![&cc],
        ),
        (r#"?filters={"ancestor":["busybox","a..b"]}"#, vec![]),
        (r#"?all=1&filters={"label":{"a=b":true}}"#, vec![&other]),
        (&format!(r#"?filters={{"id":["{}"]}}"#, &id[..8]), vec![&cc]),
    ] {
        let rows = rows(&world, &format!("/containers/json{query}")).await;
        let found: Vec<_> = rows.iter().map(|row| row["Names"][0].as_str().unwrap()).collect();
        assert_eq!(found, names, "{query}");
    }
    world.exit(NAME);
    world
        .expect(200, "POST", &format!("/containers/{NAME}/wait"), "")
        .await;
    let rows = rows(&world, "/containers/json?all=1").await;
    assert_eq!(rows[1]["Status"], "Exited (3) Less than a second ago");
    let info = world.expect(200, "GET", "/info", "").await;
    assert!(
        info.contains("\"Containers\":2,\"ContainersRunning\":0"),
        "{info}"
    );
}

#[tokio::test]
async fn images_are_listed_and_removed_unless_a_container_was_made_from_them() {
    let world = world().await;
    let tags = async || -> Vec<String> {
        let rows = rows(&world, "/images/json").await;
        rows.iter().map(|row| row["RepoTags"].to_string()).collect()
    };
    let (image, ccenv) = (format!("[\"{IMAGE}:latest\"]"), format!("[\"{CCENV}\"]"));
    assert_eq!(tags().await, [ccenv.as_str(), &image]);
    create(&world).await;
    let used = world.expect(409, "DELETE", &format!("/images/{IMAGE}"), "").await;
    assert!(
        used.contains("conflict: unable to remove repository reference"),
        "{used}"
    );
    let removed = world
        .expect(200, "DELETE", &format!("/images/{IMAGE}?force=1"), "")
        .await;
    assert!(
        removed.contains(&format!(
            "[{{\"Untagged\":\"{IMAGE}:latest\"}},{{\"Deleted\":\"sha256:"
        )),
        "{removed}"
    );
    world.expect(404, "DELETE", &format!("/images/{IMAGE}"), "").await;
    world
        .expect(200, "DELETE", &format!("/images/docker.io/{CCENV}"), "")
        .await;
    assert!(tags().await.is_empty());
    // The layers of a container's image are kept for its start.
    let layers = world
        .engine
        .inspect(NAME)
        .await
        .unwrap()
        .container
        .image
        .overlay
        .unwrap()
        .layers;
    assert_eq!(layers.len(), 1);
}

#[tokio::test]
async fn an_image_of_two_names_loses_one_of_them() {
    let world = world().await;
    let context = crate::raw::tar(&[("Dockerfile", b"FROM a\nENV A=1")]).await;
    world.expect(200, "POST", "/build?t=one&t=two:2", context).await;
    let inspected = world.expect(200, "GET", "/images/one/json", "").await;
    assert!(
        inspected.contains(r#""RepoTags":["one:latest","two:2"]"#),
        "{inspected}"
    );
    let (_, id) = inspected.split_once("\"Id\":\"sha256:").unwrap();
    let by_id = format!("/images/{}", &id[..12]);
    let several = world.expect(409, "DELETE", &by_id, "").await;
    assert!(
        several.contains("image is referenced in multiple repositories"),
        "{several}"
    );
    let removed = world.expect(200, "DELETE", "/images/one", "").await;
    assert!(removed.ends_with(r#"[{"Untagged":"one:latest"}]"#), "{removed}");
    world.expect(200, "GET", "/images/two:2/json", "").await;
    world.expect(200, "DELETE", &by_id, "").await;
    world.expect(404, "GET", "/images/two:2/json", "").await;
}

#[tokio::test]
async fn what_docker_has_and_chainpod_has_not_is_refused_with_a_sentence() {
    let world = World::new().await;
    for row in &server::ABSENT {
        for path in row.paths {
            let path = path
                .replace("{id}", "cc")
                .replace("{name}", "a/b")
                .replace("{path}", "x/y");
            let answer = world.expect(501, "POST", &path, "").await;
            assert!(answer.contains(row.instead), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_text_that_is_no_images_name_is_refused_in_dockers_words() {
    let world = world().await;
    let format = "{\"message\":\"invalid reference format\"}\n";
    let uppercase =
        "{\"message\":\"invalid reference format: repository name (library/Kv) must be lowercase\"}\n";
    for (method, path, message) in [
        ("GET", "/images/a..b/json", format),
        ("GET", "/images/Kv/json", uppercase),
        ("GET", "/images/a:1:2/json", format),
        ("DELETE", "/images/a..b", format),
        ("DELETE", "/images/Kv", uppercase),
        ("POST", "/images/create?fromImage=a..b", format),
        ("POST", "/images/create?fromImage=Kv&tag=1", uppercase),
        (
            "POST",
            "/images/create?fromImage=a&tag=1%2F2",
            "{\"message\":\"invalid tag format\"}\n",
        ),
        ("POST", "/build?t=a..b", format),
        ("POST", "/build?t=a&t=Kv", uppercase),
        (
            "POST",
            "/build?t=a%40sha256:5c7a9c8f21b34d0e9b5f1d2c3a4b5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
            "{\"message\":\"build tag cannot contain a digest\"}\n",
        ),
    ] {
        let answer = world.expect(400, method, path, "").await;
        assert!(answer.ends_with(message), "{method} {path}: {answer}");
    }
    for (image, message) in [("a..b", format), ("Kv", uppercase), ("", format)] {
        let body = format!(r#"{{"Image": "{image}", "Cmd": ["x"]}}"#);
        let answer = world.expect(400, "POST", "/containers/create", body).await;
        assert!(answer.ends_with(message), "{image}: {answer}");
    }
}

#[tokio::test]
async fn an_image_that_is_not_there_is_named_as_docker_names_it() {
    let world = world().await;
    let hex = "5c7a9c8f21b34d0e9b5f1d2c3a4b5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f";
    for (name, said) in [
        (hex.to_owned(), format!("sha256:{hex}")),
        (format!("sha256:{hex}"), format!("sha256:{hex}")),
        (hex[..12].to_owned(), format!("{}:latest", &hex[..12])),
        ("docker.io/library/gone".to_owned(), "gone:latest".to_owned()),
        ("docker.io/a/gone:1".to_owned(), "a/gone:1".to_owned()),
        (format!("a@sha256:{hex}"), format!("a@sha256:{hex}")),
    ] {
        let answer = world
            .expect(404, "GET", &format!("/images/{name}/json"), "")
            .await;
        let message = format!("{{\"message\":\"No such image: {said}\"}}\n");
        assert!(answer.ends_with(&message), "{name}: {answer}");
    }
}
