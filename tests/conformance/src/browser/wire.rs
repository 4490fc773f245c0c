//! HTTP/1.1 by hand, so that any header byte and any path can be sent, and every byte of the
//! response is visible.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer of the app takes this long. A test that would hang fails instead.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// All header lines in order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The values of a header, in order.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(present, _)| present == name);
        lines.map(|(_, value)| std::str::from_utf8(value).expect("a header in text")).collect()
    }

    /// The only value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() < 2, "`{name}` was sent {} times", values.len());
        values.first().copied()
    }

    /// `Location`, which must be there.
    #[must_use]
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no location: {}", self.describe()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a body in UTF-8")
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", self.describe()))
    }

    /// Everything, for messages and for searching.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!("{}\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {}\n", value.escape_ascii()));
        }
        text.push_str(&String::from_utf8_lossy(&self.body));
        text
    }
}

/// Sends one request on a connection of its own and reads the whole answer. Dropped before that, it
/// resets the connection: a server that reads no further while it works on an answer learns of that, and
/// of a plain end it would not.
pub async fn send(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(String, Vec<u8>)],
    body: &[u8],
) -> Response {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_zero_linger().expect("an option of the socket");
        let mut request = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
        for (name, value) in headers {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        }
        if !body.is_empty() || method == "POST" {
            request.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        request.extend_from_slice(b"connection: close\r\n\r\n");
        request.extend_from_slice(body);
        // A server that refuses a request may close before it has read all of it.
        let _ = stream.write_all(&request).await;
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer).await;
        assert!(end.is_ok() || !answer.is_empty(), "an answer");
        answer
    };
    let answer = timeout(PATIENCE, exchange).await.expect("an answer in time");
    parse(&answer)
}

fn parse(answer: &[u8]) -> Response {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let status = lines.next().and_then(|line| line.split(|byte| *byte == b' ').nth(1));
    let status = std::str::from_utf8(status.expect("a status line")).expect("a status in text");
    let headers: Vec<_> = lines
        .map(|line| {
            let colon = line.iter().position(|byte| *byte == b':').expect("a header line");
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            (name, line[colon + 1..].trim_ascii().to_vec())
        })
        .collect();
    let chunked =
        headers.iter().any(|(name, value)| name == "transfer-encoding" && value == b"chunked");
    let body = if chunked { unchunk(body) } else { body.to_vec() };
    Response { status: status.parse().expect("a status"), headers, body }
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").expect("a chunk size");
        let size = std::str::from_utf8(&body[..end]).expect("a size in text");
        let size = usize::from_str_radix(size.trim(), 16).expect("a size in hex");
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}
