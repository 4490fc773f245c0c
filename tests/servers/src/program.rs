//! Finding a server's program, running it, and waiting for it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How often a server is asked whether it is up.
pub(crate) const POLL: Duration = Duration::from_millis(10);

/// Longest wait for a server, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Patience(Instant);

impl Patience {
    pub(crate) fn is_over(&self) -> bool {
        self.0 < Instant::now()
    }
}

pub(crate) fn patience() -> Patience {
    Patience(Instant::now() + PATIENCE)
}

/// The first of the programs that is installed: on the path, or where Debian keeps PostgreSQL's.
/// When none is, says what is left out.
pub(crate) fn find(names: &[&str], package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(debian_postgres());
    for name in names {
        let found =
            folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
        if found.is_some() {
            return found;
        }
    }
    let names = names.join(" or ");
    let wish = format!("{names} is not installed (Debian: apt-get install {package})");
    assert!(std::env::var_os("REQUIRE_SERVERS").is_none_or(|value| value != "1"), "{wish}");
    // Bypasses the test harness, which hides the output of passing tests.
    let _ = writeln!(std::io::stderr(), "LEFT OUT: {wish}");
    None
}

/// `/usr/lib/postgresql/<version>/bin`, newest first.
fn debian_postgres() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else {
        return Vec::new();
    };
    let mut folders: Vec<_> = versions.flatten().map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

/// A running server.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self(command.spawn().expect("the server starts"))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it is still running.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Kills it without a shutdown and waits until it has ended, together with its child processes,
    /// which would continue to serve their connections for a moment.
    pub(crate) fn kill(&mut self) {
        let children = self.children();
        let _ = self.0.kill();
        let _ = self.0.wait();
        if !children.is_empty() {
            let _ = Command::new("sh")
                .args(["-c", &format!("kill -KILL {}", children.join(" "))])
                .stderr(std::process::Stdio::null())
                .status();
        }
    }

    /// The ids of its child processes, if the system reports them.
    fn children(&self) -> Vec<String> {
        let own = self.id().to_string();
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter_map(|process| {
                let text = std::fs::read_to_string(process.path().join("stat")).ok()?;
                // The name in brackets can hold anything; state and parent follow it.
                let parent = text.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?;
                (parent == own).then(|| process.file_name().to_string_lossy().into_owned())
            })
            .collect()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").args(["-c", &command]).status();
        assert!(status.is_ok_and(|status| status.success()), "{command}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a server wrote to its log, for the message of a failed start.
pub(crate) fn log(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
