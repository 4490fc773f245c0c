//! PostgreSQL.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::program::{POLL, Process, find, log, patience};

/// A PostgreSQL server on a Unix socket, with the database and the superuser `postgres`. It keeps its
/// data over [`restart`](Self::restart).
pub struct PostgresServer {
    // Before the folder: fields go in this order, and the server should not miss its folder.
    process: Option<Process>,
    program: PathBuf,
    account: Option<(u32, u32)>,
    folder: Folder,
}

impl PostgresServer {
    /// A new, empty server that trusts all users; `None` if PostgreSQL is not installed.
    ///
    /// # Panics
    ///
    /// If it is installed and does not start, or is not installed and `REQUIRE_SERVERS=1` is set.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_as(None)
    }

    /// The same, asking for this password.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with_password(password: &str) -> Option<Self> {
        Self::start_as(Some(password))
    }

    fn start_as(password: Option<&str>) -> Option<Self> {
        let program = find(&["postgres"], "postgresql")?;
        let initdb = find(&["initdb"], "postgresql")?;
        let folder = Folder::new("pg");
        // The server refuses to run as root.
        let is_root = fs::metadata(folder.path()).expect("the folder").uid() == 0;
        let account = is_root.then(unprivileged_account);
        let mut server = Self { process: None, program, account, folder };
        let mut command = server.command(&initdb);
        command
            .args(["--username", "postgres", "--encoding", "UTF8", "--locale", "C", "--no-sync"])
            .arg("--pgdata")
            .arg(server.data());
        let password_file = server.folder.path().join("password");
        if let Some(password) = password {
            fs::write(&password_file, password).expect("a password file");
            command.args(["--auth", "scram-sha-256", "--pwfile"]).arg(password_file);
        } else {
            command.args(["--auth", "trust"]);
        }
        if let Some((user, group)) = account {
            chown(server.folder.path(), Some(user), Some(group)).expect("a folder of its own");
        }
        let status = command.status().expect("initdb runs");
        assert!(status.success(), "initdb: {}", log(&server.log()));
        server.restart();
        Some(server)
    }

    /// The URL to connect to, without a password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.host())
    }

    /// The URL to connect to, with this password.
    #[must_use]
    pub fn url_with_password(&self, password: &str) -> String {
        format!("postgres://postgres:{password}@{}/postgres", self.host())
    }

    /// The folder of the socket, as the host of a URL.
    fn host(&self) -> String {
        self.folder.path().display().to_string().replace('/', "%2F")
    }

    /// The socket it listens on.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Where it keeps its data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything in the database, as SQL.
    ///
    /// # Panics
    ///
    /// When it cannot be dumped.
    #[must_use]
    pub fn dump(&self) -> String {
        let program = find(&["pg_dump"], "postgresql-client").expect("pg_dump beside the server");
        let output = Command::new(program)
            .args(["--username", "postgres", "--inserts", "--host"])
            .arg(self.folder.path())
            .output()
            .expect("pg_dump runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Kills the server, as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again at the same address, if it is not running, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it does not come up.
    pub fn restart(&mut self) {
        if self.process.is_some() {
            return;
        }
        let until = patience();
        // After a crash it does not start until the last child of its predecessor has ended.
        loop {
            let mut process = self.spawn();
            while process.is_running() {
                if self.is_ready(process.id()) {
                    self.process = Some(process);
                    return;
                }
                assert!(!until.is_over(), "postgres: {}", log(&self.log()));
                std::thread::sleep(POLL);
            }
            assert!(!until.is_over(), "postgres: {}", log(&self.log()));
            std::thread::sleep(POLL);
        }
    }

    fn spawn(&self) -> Process {
        let mut command = self.command(&self.program);
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        for setting in ["listen_addresses=", "fsync=off", "shared_buffers=16MB"] {
            command.args(["-c", setting]);
        }
        Process::spawn(&mut command)
    }

    /// The server writes its process id into its lock file and, once it accepts connections, its
    /// status.
    fn is_ready(&self, process: u32) -> bool {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines();
        let is_ours = lines.next().is_some_and(|line| line == process.to_string());
        is_ours && lines.any(|line| line.trim() == "ready")
    }

    fn command(&self, program: &Path) -> Command {
        let output = File::options().append(true).create(true).open(self.log());
        let output = output.expect("a log file");
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_remove("LANG")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stderr(output.try_clone().expect("a log file"))
            .stdout(output);
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// User and group of `postgres`, or else of `nobody`.
fn unprivileged_account() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).expect("a user to run the server as")
}

impl fmt::Debug for PostgresServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresServer").field("url", &self.url()).finish_non_exhaustive()
    }
}
