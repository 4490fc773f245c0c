//! Starts the program as a person does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_prints_the_settings_of_an_app_and_answers_there() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fake-instagram"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("INSTAGRAM_")) {
        command.env_remove(name);
    }
    let command = command.env("ADDR", "127.0.0.1:0").stdout(Stdio::piped());
    let mut program = Stopped(command.spawn().expect("it starts"));
    // Kept to the end: a program blocks when its output is not read.
    let mut output = BufReader::new(program.0.stdout.take().expect("its output")).lines();
    let mut settings = BTreeMap::new();
    for line in output.by_ref() {
        let line = line.unwrap();
        if let Some((name, value)) = line.split_once('=') {
            settings.insert(name.to_owned(), value.to_owned());
        }
        if settings.contains_key("INSTAGRAM_GRAPH_URL") {
            break;
        }
    }
    let names: Vec<_> = settings.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "INSTAGRAM_AUTHORIZE_URL",
            "INSTAGRAM_CLIENT_ID",
            "INSTAGRAM_CLIENT_SECRET",
            "INSTAGRAM_GRAPH_URL",
            "INSTAGRAM_TOKEN_URL",
        ]
    );
    let token_url = &settings["INSTAGRAM_TOKEN_URL"];
    let (host, path) = token_url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).expect("it listens where it says");
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "a code is exchanged by POST: {answer}");
}

#[test]
fn a_setting_that_cannot_work_is_named() {
    for (name, value) in [("ADDR", "everywhere"), ("INSTAGRAM_API", "tiktok")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fake-instagram"));
        let ended = command.env("ADDR", "127.0.0.1:0").env(name, value).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && said.contains(name) && said.contains(value), "{said}");
    }
}
