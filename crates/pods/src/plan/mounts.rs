//! The paths of a container that have volumes, without the volumes of the operator's rules.

use agent_protocol::{AGENT_DIR, HOME_DIR, TASK_DIR};
use engine::container::Upload;
use engine::launch::Launch;

use super::said::{By, Said, SaidMap};

/// Returns the kinds of volumes by the paths at which they are mounted.
pub(super) fn of(launch: &Launch<'_>) -> SaidMap<&'static str> {
    let container = &launch.record.container;
    let mut mounts = SaidMap::new();
    let mut add = |by: By, path: &str, kind| mounts.insert(path.to_owned(), Said::new(by, kind));
    if launch.task.is_some() {
        add(By::Default, AGENT_DIR, "agent");
        add(By::Default, TASK_DIR, "secret");
        add(By::Default, HOME_DIR, "emptyDir");
    }
    let overlay = container.image.overlay.iter();
    let of_image: Vec<_> = overlay.flat_map(|overlay| &overlay.directories).collect();
    for directory in &launch.directories {
        let holds = |path: &str| path.starts_with(directory.path.as_str());
        let uploaded = container
            .uploads
            .iter()
            .any(|upload| matches!(upload, Upload::Archive { path, .. } if holds(path)));
        let by = match uploaded {
            _ if of_image.iter().any(|path| holds(path)) => By::Image,
            true => By::Client,
            false => By::Default,
        };
        add(by, &directory.path, "emptyDir");
    }
    for upload in &container.uploads {
        if let Upload::Files { files, .. } = upload {
            for file in files {
                add(By::Client, &file.path, "secret");
            }
        }
    }
    mounts
}
