//! A temporary folder that goes with its value.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{POLL, patience};

/// Short, because the path of a Unix socket has room for about a hundred bytes.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(kind: &str) -> Self {
        let name = format!("igo-{kind}-{}-{:08x}", std::process::id(), fastrand::u32(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a folder for the server");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A killed server's children may still be writing while they notice.
        let until = patience();
        while fs::remove_dir_all(&self.0).is_err() && self.0.exists() && !until.is_over() {
            std::thread::sleep(POLL);
        }
    }
}
