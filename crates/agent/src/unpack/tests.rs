//! Unpacking, file by file.

use std::os::unix::fs::MetadataExt;

use tar::{Builder, Header};

use super::*;

/// A tar's entry: kind, name, mode, content or link.
type Given<'a> = (EntryType, &'a str, u32, &'a str);

const FILE: EntryType = EntryType::Regular;
const DIRECTORY: EntryType = EntryType::Directory;
const SYMLINK: EntryType = EntryType::Symlink;
const LINK: EntryType = EntryType::Link;

fn tar(entries: &[Given<'_>]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for &(kind, name, mode, text) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(1_000_000_000);
        header.set_size(if kind.is_file() { text.len() as u64 } else { 0 });
        if kind.is_symlink() || kind.is_hard_link() {
            tar.append_link(&mut header, name, text).unwrap();
        } else if name.contains("..") {
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, text.as_bytes()).unwrap();
        } else {
            tar.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
    }
    tar.into_inner().unwrap()
}

fn unpacked(entries: &[Given<'_>]) -> (tempfile::TempDir, Result<(), Failure>) {
    let directory = tempfile::tempdir().unwrap();
    let result = unpack(tar(entries).as_slice(), directory.path());
    (directory, result)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_large_file_is_unpacked_as_a_small_one_and_by_no_link_elsewhere() {
    let text = "0123456789abcdef".repeat(40 * 1024);
    let (directory, result) = unpacked(&[(FILE, "a/it", 0o600, "before"), (FILE, "a/it", 0o4711, &text)]);
    result.unwrap();
    let file = directory.path().join("a/it");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(mode(&file), 0o4711);
    assert_eq!(fs::metadata(&file).unwrap().mtime(), 1_000_000_000);
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().to_str().unwrap();
    let (_directory, result) =
        unpacked(&[(SYMLINK, "out", 0o777, link), (FILE, "out/deep/it", 0o644, &text)]);
    let Err(Failure::Local(why)) = result else {
        panic!("{result:?}")
    };
    assert!(why.contains("out/deep/it: the path leads out of "), "{why}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn modes_are_kept_and_widened_to_what_root_could() {
    let cases = [
        (FILE, 0o644, 0o644),
        (FILE, 0o000, 0o400),
        (FILE, 0o040, 0o440),
        (FILE, 0o011, 0o511),
        (FILE, 0o4755, 0o4755),
        (DIRECTORY, 0o555, 0o755),
        (DIRECTORY, 0o1777, 0o1777),
    ];
    for (kind, given, expected) in cases {
        let (directory, result) = unpacked(&[(kind, "it", given, "")]);
        result.unwrap();
        assert_eq!(mode(&directory.path().join("it")), expected, "{kind:?} {given:o}");
    }
}

#[test]
fn files_directories_and_links_arrive() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    let (directory, result) = unpacked(&[
        (DIRECTORY, "./", 0o755, ""),
        (DIRECTORY, "dir/", 0o500, ""),
        (FILE, "dir/file", 0o640, "content"),
        (FILE, "no/parents/named", 0o644, "deep"),
        (FILE, &long, 0o644, "long"),
        (SYMLINK, "link", 0o777, "dir/file"),
        (SYMLINK, "outside", 0o777, "/no/such/place"),
        (LINK, "hard", 0o640, "dir/file"),
    ]);
    result.unwrap();
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    assert_eq!(
        (read("dir/file"), read("link")),
        ("content".into(), "content".into())
    );
    assert_eq!(
        (read("no/parents/named"), read(&long)),
        ("deep".into(), "long".into())
    );
    let inode = |name: &str| fs::metadata(directory.path().join(name)).unwrap().ino();
    assert_eq!(inode("hard"), inode("dir/file"));
    let there = fs::metadata(directory.path().join("dir/file")).unwrap();
    assert_eq!(there.mtime(), 1_000_000_000);
    let outside = fs::read_link(directory.path().join("outside")).unwrap();
    assert_eq!(outside, Path::new("/no/such/place"));
}

#[test]
fn a_second_try_leaves_what_the_first_would_have() {
    let directory = tempfile::tempdir().unwrap();
    let entries = tar(&[
        (DIRECTORY, "dir/", 0o755, ""),
        (FILE, "dir/file", 0o400, "content"),
        (LINK, "hard", 0o400, "dir/file"),
        (SYMLINK, "link", 0o777, "dir"),
    ]);
    for _ in 0..2 {
        unpack(entries.as_slice(), directory.path()).unwrap();
    }
    assert_eq!(fs::read(directory.path().join("hard")).unwrap(), b"content");
}

#[test]
fn a_directory_may_be_there_as_a_link() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("usr")).unwrap();
    std::os::unix::fs::symlink("usr", directory.path().join("bin")).unwrap();
    let entries = tar(&[(DIRECTORY, "bin/", 0o755, ""), (FILE, "bin/tool", 0o755, "")]);
    unpack(entries.as_slice(), directory.path()).unwrap();
    assert!(directory.path().join("usr/tool").is_file());
}

#[test]
fn a_file_gives_way_to_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("it"), "").unwrap();
    unpack(tar(&[(DIRECTORY, "it/", 0o755, "")]).as_slice(), directory.path()).unwrap();
    assert!(directory.path().join("it").is_dir());
}

#[test]
fn what_leads_out_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let out = outside.path().to_str().unwrap();
    let cases: [(&[Given<'_>], &str); 3] = [
        (&[(FILE, "../escaped", 0o644, "")], "../escaped"),
        (
            &[(SYMLINK, "door", 0o777, out), (FILE, "door/escaped", 0o644, "")],
            "door",
        ),
        (
            &[(LINK, "escaped", 0o644, "../../../../../../etc/passwd")],
            "escaped",
        ),
    ];
    for (case, name) in cases {
        let (directory, result) = unpacked(case);
        let Err(Failure::Local(text)) = result else {
            panic!("{case:?}: {result:?}");
        };
        assert!(text.starts_with("cannot unpack into /"), "{text}");
        assert!(text.contains(name), "{name}: {text}");
        assert!(!directory.path().join("../escaped").exists());
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_broken_stream_is_tried_again_and_a_broken_tar_is_not() {
    struct Broken<'a>(&'a [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("reset")),
                read => Ok(read),
            }
        }
    }
    let whole = tar(&[(FILE, "file", 0o644, "content")]);
    let half = &whole[..515];
    let directory = tempfile::tempdir().unwrap();
    let result = unpack(Broken(half), directory.path());
    assert!(matches!(result, Err(Failure::Away(_))), "{result:?}");
    let result = unpack(half, directory.path());
    assert!(matches!(result, Err(Failure::Local(_))), "{result:?}");
}

#[test]
fn a_date_that_no_clock_knows_is_left_out() {
    let text = "0123456789abcdef".repeat(20 * 1024);
    for content in ["small", &text] {
        let mut header = Header::new_gnu();
        header.set_mode(0o640);
        header.set_size(content.len() as u64);
        header.as_old_mut().mtime = [0xff; 12];
        let mut tar = Builder::new(Vec::new());
        tar.append_data(&mut header, "it", content.as_bytes()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        unpack(tar.into_inner().unwrap().as_slice(), directory.path()).unwrap();
        let file = directory.path().join("it");
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
        assert_eq!(mode(&file), 0o640);
    }
}

/// A restart of chainpod breaks one stream. An image store that fails breaks each.
#[test]
fn a_stream_that_breaks_again_and_again_is_not_fetched_for_ever() {
    let broke = || Failure::Away("unexpected end of file".to_owned());
    let ago = Instant::now().checked_sub(BROKEN_FOR).unwrap();
    for (times, since, expected) in [
        (0, None, "unexpected end of file"),
        (100, None, "unexpected end of file"),
        (1, Some(ago), "unexpected end of file"),
        (
            2,
            Some(ago),
            "cannot fetch files for /in: the connection broke 3 times: unexpected end of file",
        ),
    ] {
        let failure = Broken { times, since }.counted(broke(), "cannot fetch files for /in");
        let is_over = matches!(failure, Failure::Local(_));
        assert_eq!(is_over, expected.contains("3 times"), "{times}");
        assert_eq!(failure.into_text(), expected);
    }
}
