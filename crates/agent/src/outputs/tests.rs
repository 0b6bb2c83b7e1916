//! The tar of an output.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use tar::Archive;

use super::*;

/// Name, kind, mode, and content or link.
fn entries(directory: &Path) -> Vec<(String, EntryType, u32, String)> {
    let tar = write_tar(directory, Vec::new()).unwrap();
    assert_eq!(tar.len() % 512, 0);
    let mut archive = Archive::new(tar.as_slice());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        if let Some(link) = entry.link_name().unwrap() {
            text = link.display().to_string();
        }
        let header = entry.header();
        (name, header.entry_type(), header.mode().unwrap(), text)
    });
    entries.collect()
}

#[test]
fn names_are_as_docker_gives_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (name, target) = ("n".repeat(150), "t".repeat(150));
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(path.join("a")).unwrap();
    fs::set_permissions(path.join("a"), Permissions::from_mode(0o750)).unwrap();
    for (file, mode) in [("a/file", 0o640), ("chaincode", 0o755), (name.as_str(), 0o600)] {
        fs::write(path.join(file), file).unwrap();
        fs::set_permissions(path.join(file), Permissions::from_mode(mode)).unwrap();
    }
    symlink("chaincode", path.join("link")).unwrap();
    symlink(&target, path.join("long")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path.join("socket")).unwrap();
    let expected = [
        ("./", EntryType::Directory, 0o755, ""),
        ("./a/", EntryType::Directory, 0o750, ""),
        ("./a/file", EntryType::Regular, 0o640, "a/file"),
        ("./chaincode", EntryType::Regular, 0o755, "chaincode"),
        ("./link", EntryType::Symlink, 0o777, "chaincode"),
        ("./long", EntryType::Symlink, 0o777, &target),
        (&format!("./{name}"), EntryType::Regular, 0o600, &name),
    ];
    let expected = expected.map(|(name, kind, mode, text)| (name.to_owned(), kind, mode, text.to_owned()));
    assert_eq!(entries(path), expected);
}

#[test]
fn a_directory_that_is_not_there_is_empty() {
    let root = ("./".to_owned(), EntryType::Directory, 0o755, String::new());
    assert_eq!(entries(Path::new("/no/such/directory")), [root]);
}

#[test]
fn a_tar_that_cannot_be_made_does_not_end_as_if_it_were_whole() {
    let mut stream = TarStream::of(Path::new("/no/such/directory")).unwrap();
    let (pipe, writer) = io::pipe().unwrap();
    stream.pipe = pipe;
    drop(writer);
    stream.writer = Some(in_thread(|| Err(io::Error::other("unreadable"))).unwrap());
    let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "unreadable");
    assert_eq!(stream.failed.as_deref(), Some("unreadable"));
}
