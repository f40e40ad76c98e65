//! Writing a file whole or not at all.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use tempfile::Builder;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// The file is not any more what it was when it was read.
    Changed,
}

/// Puts `text` in the place of the file, if that has still the `hash` that it had when it was read. Readers see the old
/// file or the new one; its mode stays. The text is beside it on the disk before the name changes, and the file is looked
/// at right before: another's change in the moment between is the one that can be lost.
pub(super) fn replace(path: &Path, text: &str, hash: &blake3::Hash) -> io::Result<Written> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let permissions = fs::metadata(path)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let mut beside = Builder::new().prefix(".orchestrator-").suffix(".tmp").tempfile_in(folder)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().set_permissions(permissions)?;
    beside.as_file().sync_all()?;
    if blake3::hash(&fs::read(path)?) != *hash {
        return Ok(Written::Changed);
    }
    beside.persist(path).map_err(|error| error.error)?;
    Ok(Written::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_meanwhile_is_left_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ts");
        fs::write(&path, "new").unwrap();
        assert_eq!(replace(&path, "ours", &blake3::hash(b"old")).unwrap(), Written::Changed);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_stays() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o751)).unwrap();
        assert_eq!(replace(&path, "new", &blake3::hash(b"old")).unwrap(), Written::Done);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o751);
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_file_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let error = replace(&path, "new", &blake3::hash(b"old")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
