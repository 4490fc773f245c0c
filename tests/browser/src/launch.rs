//! Starting a browser: what is installed, on a profile of its own, with nothing that reaches out.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bidi::Bidi;

/// Longest wait for a browser to be up, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every name below `.test` is this machine, for the browsers that checks start.
const TEST_NAMES: [&str; 3] = ["app.example.test", "spa.example.test", "foreign.test"];

/// A browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By chromedriver.
    Chromium,
    /// By its own endpoint.
    Firefox,
}

impl Kind {
    /// As it is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        }
    }

    /// Whether its programs are installed; if not, says so, and fails where browsers are required.
    #[must_use]
    pub fn is_installed(self) -> bool {
        let (programs, package): (&[&str], _) = match self {
            Self::Chromium => (&["chromium", "chromedriver"], "chromium chromium-driver"),
            Self::Firefox => (&["firefox-esr"], "firefox-esr"),
        };
        let missing: Vec<_> = programs.iter().filter(|name| program(name).is_none()).collect();
        missing.is_empty() || {
            left_out(&format!(
                "{} checks: {missing:?} not installed (Debian: apt-get install {package})",
                self.name()
            ));
            false
        }
    }
}

/// What people change in their browsers, where it takes a browser of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it comes.
    Usual,
    /// All cookies are blocked.
    NoCookies,
    /// Dark pages are preferred.
    Dark,
    /// The system's colours instead of the page's.
    ForcedColours,
    /// No JavaScript.
    NoScripts,
}

/// Says what is left out; fails when `REQUIRE_BROWSERS=1`.
pub fn left_out(what: &str) {
    assert!(std::env::var_os("REQUIRE_BROWSERS").is_none_or(|value| value != "1"), "{what}");
    let _ = writeln!(std::io::stderr(), "LEFT OUT: {what}");
}

/// The program of that name on the path.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A running browser. Dropping it ends it and removes its profile.
pub struct Browser {
    /// Which one.
    pub kind: Kind,
    /// The connection to it.
    pub bidi: Bidi,
    _running: Running,
}

/// A browser's processes and their profile.
struct Running {
    process: Option<Child>,
    profile: PathBuf,
}

impl Browser {
    /// Starts one.
    pub async fn start(kind: Kind, mood: Mood) -> Result<Self, String> {
        let name = format!("igo-{}-{}-{:08x}", kind.name(), std::process::id(), fastrand::u32(..));
        let profile = std::env::temp_dir().join(name);
        fs::create_dir_all(&profile).map_err(|error| format!("a profile's folder: {error}"))?;
        let mut running = Running { process: None, profile };
        let bidi = match kind {
            Kind::Chromium => chromium(&mut running, mood).await?,
            Kind::Firefox => firefox(&mut running, mood).await?,
        };
        let browser = Self { kind, bidi, _running: running };
        let events = ["browsingContext", "log", "network", "script"];
        browser.bidi.command("session.subscribe", json!({ "events": events })).await?;
        Ok(browser)
    }
}

impl Running {
    /// Starts a program in a group of its own: chromedriver's browser is a process of its own.
    fn start(&mut self, command: &mut Command) -> Result<&mut Child, String> {
        let process = command.process_group(0).spawn();
        let process = process.map_err(|error| format!("{command:?}: {error}"))?;
        Ok(self.process.insert(process))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let group = format!("-{}", process.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = process.wait();
        }
        // The last of the group may still be writing.
        for _ in 0..1000 {
            if fs::remove_dir_all(&self.profile).is_ok() || !self.profile.exists() {
                break;
            }
            thread::yield_now();
        }
    }
}

async fn chromium(running: &mut Running, mood: Mood) -> Result<Bidi, String> {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
    let profile = running.profile.clone();
    let process = running.start(&mut command)?;
    let line = first_line(process.stdout.take(), "was started successfully on port").await?;
    let port = line.trim_end_matches('.').rsplit(' ').next().unwrap_or_default().to_owned();
    let names = TEST_NAMES.map(|name| format!("MAP {name} 127.0.0.1")).join(", ");
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        format!("--host-resolver-rules={names}"),
        format!("--user-data-dir={}", profile.display()),
    ];
    match mood {
        Mood::Dark => arguments.push("--force-dark-mode".to_owned()),
        Mood::ForcedColours => arguments.push("--force-high-contrast".to_owned()),
        Mood::Usual | Mood::NoCookies | Mood::NoScripts => {}
    }
    let blocked = "profile.default_content_setting_values";
    let preferences = match mood {
        Mood::NoCookies => json!({ format!("{blocked}.cookies"): 2 }),
        Mood::NoScripts => json!({ format!("{blocked}.javascript"): 2 }),
        Mood::Usual | Mood::Dark | Mood::ForcedColours => json!({}),
    };
    let capabilities = json!({ "capabilities": { "alwaysMatch": {
        "webSocketUrl": true,
        "acceptInsecureCerts": true,
        "unhandledPromptBehavior": "ignore",
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
    } } });
    let address = format!("127.0.0.1:{port}");
    let making = new_session(&address, &capabilities);
    let session = tokio::time::timeout(PATIENCE, making)
        .await
        .map_err(|_| format!("chromedriver gives no session in {PATIENCE:?}"))?
        .map_err(|error| format!("chromedriver gives no session: {error}"))?;
    let url = session["value"]["capabilities"]["webSocketUrl"]
        .as_str()
        .ok_or_else(|| format!("chromedriver gives no session: {session}"))?;
    Bidi::connect(url).await
}

/// `New Session` of WebDriver. chromedriver may leave the connection open after the answer.
async fn new_session(address: &str, capabilities: &Value) -> std::io::Result<Value> {
    let body = capabilities.to_string();
    let request = format!(
        "POST /session HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        let start = answer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        // JSON is whole when it can be read.
        if let Some(Ok(session)) = start.map(|start| serde_json::from_slice(&answer[start..])) {
            return Ok(session);
        }
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn firefox(running: &mut Running, mood: Mood) -> Result<Bidi, String> {
    let profile = running.profile.clone();
    let names = TEST_NAMES.join(",");
    let mut preferences = vec![
        ("network.dns.localDomains", json!(names)),
        ("remote.prefs.recommended", json!(true)),
        ("datareporting.policy.dataSubmissionEnabled", json!(false)),
        ("browser.shell.checkDefaultBrowser", json!(false)),
        ("dom.disable_open_during_load", json!(false)),
    ];
    preferences.extend(match mood {
        Mood::Usual => vec![],
        Mood::NoCookies => vec![("network.cookie.cookieBehavior", json!(2))],
        Mood::Dark => vec![("layout.css.prefers-color-scheme.content-override", json!(0))],
        Mood::ForcedColours => vec![("browser.display.document_color_use", json!(2))],
        Mood::NoScripts => vec![("javascript.enabled", json!(false))],
    });
    let lines: String = preferences
        .iter()
        .map(|(name, value): &(&str, Value)| format!("user_pref(\"{name}\", {value});\n"))
        .collect();
    fs::write(profile.join("user.js"), lines).map_err(|error| format!("preferences: {error}"))?;
    let mut command = Command::new("firefox-esr");
    command
        .args(["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile"])
        .arg(&profile)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let process = running.start(&mut command)?;
    let line = first_line(process.stderr.take(), "WebDriver BiDi listening on ").await?;
    let endpoint = line.rsplit(' ').next().unwrap_or_default();
    let bidi = Bidi::connect(&format!("{endpoint}/session")).await?;
    let always =
        json!({ "acceptInsecureCerts": true, "unhandledPromptBehavior": { "default": "ignore" } });
    let capabilities = json!({ "capabilities": { "alwaysMatch": always } });
    bidi.command("session.new", capabilities).await?;
    Ok(bidi)
}

/// The first line with these words. The rest is read all along, or the program would stop at a full
/// pipe.
async fn first_line(
    output: Option<impl Read + Send + 'static>,
    words: &'static str,
) -> Result<String, String> {
    let output = output.ok_or("no output")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains(words) {
                let _ = sender.send(line);
            }
        }
    });
    let waiting = tokio::task::spawn_blocking(move || lines.recv_timeout(PATIENCE));
    waiting
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or_else(|| format!("it did not say `{words}` in {PATIENCE:?}"))
}
