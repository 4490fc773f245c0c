//! Programs as a person meets them: started by their command, read line by line.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Longest wait for a line, or another step of a program, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The environment variables of the examples. Those of the test's own environment must not have an
/// effect.
const OURS: [&str; 3] = ["INSTAGRAM_", "REDIS_URL", "DATABASE_URL"];

/// A running program. Dropping it stops it.
#[derive(Debug)]
pub struct Program {
    process: Child,
    lines: Receiver<String>,
    printed: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts the program with this environment.
    #[must_use]
    pub fn start(program: &str, environment: &[(&str, &str)]) -> Self {
        let mut command = command(program, environment);
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let printed = Arc::new(Mutex::new(Vec::new()));
        let (sender, lines) = mpsc::channel();
        let kept = Arc::clone(&printed);
        // Read all along, or the program would stop at a full pipe.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
                let _ = sender.send(line);
            }
        });
        Self { process, lines, printed }
    }

    /// The next line it prints.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let what = match error {
                RecvTimeoutError::Timeout => "it prints nothing more",
                RecvTimeoutError::Disconnected => "it has ended",
            };
            panic!("{what}, after {:#?}", self.printed())
        })
    }

    /// Waits for a line with these words in it.
    pub fn wait_for(&self, words: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Asks it to end, as service managers do.
    pub fn terminate(&self) {
        let signal = format!("kill -TERM {}", self.process.id());
        let sent = Command::new("sh").args(["-c", &signal]).status();
        assert!(sent.is_ok_and(|status| status.success()), "it is there to be told");
    }

    /// Waits until it has ended.
    pub fn end(&mut self) -> ExitStatus {
        self.process.wait().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Everything it has printed so far.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command with this environment, on a free port, and with none of the project's other variables.
#[must_use]
pub fn command(program: &str, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars() {
        if OURS.iter().any(|ours| name.starts_with(ours)) {
            command.env_remove(name);
        }
    }
    command.env("ADDR", "127.0.0.1:0").envs(environment.iter().copied());
    command
}
