//! The path of a request: the version in front of it, and an image's name in it.

use http::Method;

/// The minor version of a path's `/v1.NN`. A client that names no version gets chainpod's own.
#[derive(Clone, Copy)]
pub(crate) struct Version(pub(crate) Option<u32>);

/// Escapes the slashes of an image's name, so that it is one segment of the path, as routes expect.
pub(crate) fn with_one_segment(method: &Method, whole: &str) -> String {
    let (path, query) = whole.split_at(whole.find('?').unwrap_or(whole.len()));
    let name_of = |prefix| {
        let rest = path.strip_prefix(prefix)?;
        // The name is followed by the operation, unless the method determines it.
        let end = match *method {
            Method::DELETE => rest.len(),
            _ => rest.rfind('/')?,
        };
        Some((prefix, rest.split_at(end)))
    };
    match name_of("/images/").or_else(|| name_of("/distribution/")) {
        Some((prefix, (name, operation))) => {
            format!("{prefix}{}{operation}{query}", name.replace('/', "%2F"))
        }
        None => whole.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_images_name_is_one_segment() {
        for (method, path, expected) in [
            (Method::GET, "/images/a/b:1/json?x=/", "/images/a%2Fb:1/json?x=/"),
            (Method::DELETE, "/images/r:5/a/b", "/images/r:5%2Fa%2Fb"),
            (Method::GET, "/images/json", "/images/json"),
            (
                Method::POST,
                "/images/create?fromImage=a/b",
                "/images/create?fromImage=a/b",
            ),
            (Method::GET, "/containers/a/json", "/containers/a/json"),
        ] {
            assert_eq!(with_one_segment(&method, path), expected);
        }
    }
}
