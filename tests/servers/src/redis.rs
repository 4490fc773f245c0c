//! Redis, or Valkey.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::folder::Folder;
use crate::program::{POLL, Process, find, log, patience};

/// A Redis or Valkey server on a Unix socket. It keeps its data over [`restart`](Self::restart).
pub struct RedisServer {
    // Before the folder: fields go in this order, and the server should not miss its folder.
    process: Option<Process>,
    program: PathBuf,
    password: Option<String>,
    folder: Folder,
}

impl RedisServer {
    /// A new, empty server; `None` when none is installed.
    ///
    /// # Panics
    ///
    /// When it is installed and does not start, or is not and `REQUIRE_SERVERS=1` is set.
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
        Self::start_as(Some(password.to_owned()))
    }

    fn start_as(password: Option<String>) -> Option<Self> {
        let program = find(&["redis-server", "valkey-server"], "redis-server")?;
        let mut server = Self { process: None, program, password, folder: Folder::new("redis") };
        server.restart();
        Some(server)
    }

    /// The URL to connect to, without the password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// The URL to connect to, with this password.
    #[must_use]
    pub fn url_with_password(&self, password: &str) -> String {
        format!("{}?pass={password}", self.url())
    }

    /// Where it keeps its data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
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
        let _ = std::fs::remove_file(self.socket());
        let log_path = self.folder.path().join("log");
        let output = File::create(&log_path).expect("a log file");
        let mut command = Command::new(&self.program);
        command
            .args(["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "no"])
            .args(["--daemonize", "no", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stderr(output.try_clone().expect("a log file"))
            .stdout(output);
        if let Some(password) = &self.password {
            command.args(["--requirepass", password]);
        }
        let mut process = Process::spawn(&mut command);
        let until = patience();
        while !self.answers() {
            assert!(process.is_running() && !until.is_over(), "redis: {}", log(&log_path));
            std::thread::sleep(POLL);
        }
        self.process = Some(process);
    }

    /// Makes it hang: it holds its connections and answers nothing, until [`resume`](Self::resume).
    ///
    /// # Panics
    ///
    /// When it is not running.
    pub fn pause(&self) {
        self.process.as_ref().expect("a running server").signal("STOP");
    }

    /// Ends a [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// When it is not running.
    pub fn resume(&self) {
        self.process.as_ref().expect("a running server").signal("CONT");
    }

    /// The socket it listens on.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Whether it answers a `PING`, with the pong or a wish for the password. While it reads its
    /// data back it answers otherwise.
    fn answers(&self) -> bool {
        let Ok(mut stream) = UnixStream::connect(self.socket()) else {
            return false;
        };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
        let mut answer = [0; 5];
        let asked = stream.write_all(b"PING\r\n").and_then(|()| stream.read_exact(&mut answer));
        asked.is_ok() && (&answer == b"+PONG" || &answer == b"-NOAU")
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer").field("url", &self.url()).finish_non_exhaustive()
    }
}
