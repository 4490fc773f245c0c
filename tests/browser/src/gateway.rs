//! What stands before an app in the world: a gateway that ends https, with a certificate made for this
//! run. It serves pages of its own below `/test/`, and those of two other sites.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// The app's host name.
const APP: &str = "app.example.test";
/// A host of the same site.
const SPA: &str = "spa.example.test";
/// Another site.
const FOREIGN: &str = "foreign.test";

/// Longest head of a request.
const HEAD_LIMIT: usize = 64 * 1024;

/// What the app answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The request's path and query.
    pub target: String,
    /// The status.
    pub status: u16,
    /// Whether a cookie came along.
    pub sets_cookie: bool,
}

/// The gateway, until it is dropped.
pub struct Gateway {
    listener: std::net::TcpListener,
    port: u16,
    acceptor: TlsAcceptor,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    answered: Log,
}

type Log = Arc<Mutex<Vec<Answered>>>;

impl Gateway {
    /// Takes a free port.
    pub async fn bind() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let port = listener.local_addr().expect("an address").port();
        let names = [APP, SPA, FOREIGN].map(str::to_owned);
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("its key");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a TLS configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self { listener, port, acceptor, stop: Mutex::new(None), answered: Log::default() }
    }

    /// Serves the app at this address.
    pub fn serve(&self, app: &str) {
        let listener = self.listener.try_clone().expect("the same socket");
        let listener = TcpListener::from_std(listener).expect("a listener");
        let (sender, mut stopped) = oneshot::channel();
        *self.stop.lock().expect("nobody panics with it") = Some(sender);
        let (app, acceptor) = (app.to_owned(), self.acceptor.clone());
        let spa = self.spa("");
        let log = Arc::clone(&self.answered);
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = &mut stopped => return,
                };
                let Ok((stream, _)) = accepted else { continue };
                let (app, acceptor, spa) = (app.clone(), acceptor.clone(), spa.clone());
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    // A browser that disconnects is not a failure.
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let _ = answer(&mut stream, &app, &spa, &log).await;
                        let _ = stream.shutdown().await;
                    }
                });
            }
        });
    }

    /// What the app answered so far, oldest first.
    #[must_use]
    pub fn answered(&self) -> Vec<Answered> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A URL of the app.
    #[must_use]
    pub fn app(&self, path: &str) -> String {
        format!("https://{APP}:{}{path}", self.port)
    }

    /// A URL of the sibling host.
    #[must_use]
    pub fn spa(&self, path: &str) -> String {
        format!("https://{SPA}:{}{path}", self.port)
    }

    /// A URL of another site.
    #[must_use]
    pub fn foreign(&self, path: &str) -> String {
        format!("https://{FOREIGN}:{}{path}", self.port)
    }
}

/// One request on one connection.
async fn answer(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    app: &str,
    spa: &str,
    log: &Log,
) -> std::io::Result<()> {
    let mut received = Vec::new();
    let end = loop {
        if let Some(at) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if client.read_buf(&mut received).await? == 0 || received.len() > HEAD_LIMIT {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let header = |wanted: &str| {
        head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let mut start = head.split(' ');
    let (method, target) = (start.next().unwrap_or_default(), start.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let is_app = header("host").is_some_and(|host| host.starts_with(APP));
    if !is_app || path.starts_with("/test/") {
        return client.write_all(&page(path, &header("host").unwrap_or_default())).await;
    }
    // The sibling's scripts may read what the app answers.
    let shared = header("origin").filter(|origin| origin == spa).map_or_else(String::new, |_| {
        format!(
            "access-control-allow-origin: {spa}\r\naccess-control-allow-credentials: true\r\n\
             access-control-allow-headers: x-requested-with\r\n"
        )
    });
    if method == "OPTIONS" && !shared.is_empty() {
        let answer = format!("HTTP/1.1 204 No Content\r\n{shared}connection: close\r\n\r\n");
        return client.write_all(answer.as_bytes()).await;
    }
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while received.len() < end + length {
        if client.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    }
    let mut upstream = TcpStream::connect(app).await?;
    let is_kept = |line: &&str| !line.to_ascii_lowercase().starts_with("connection:");
    let mut lines: Vec<_> = head.trim_end().lines().filter(is_kept).collect();
    // RFC 8470, section 5.1: what gateways say of a request that came as early data.
    if target.ends_with("?early-data") {
        lines.push("early-data: 1");
    }
    let request = format!("{}\r\nconnection: close\r\n\r\n", lines.join("\r\n"));
    upstream.write_all(request.as_bytes()).await?;
    upstream.write_all(&received[end..]).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    log.lock().unwrap_or_else(PoisonError::into_inner).push(answered(target, &answer));
    if let Some(at) = answer.windows(2).position(|two| two == b"\r\n") {
        answer.splice(at + 2..at + 2, shared.into_bytes());
    }
    client.write_all(&answer).await
}

fn answered(target: &str, answer: &[u8]) -> Answered {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answered {
        target: target.to_owned(),
        status: status.unwrap_or_default(),
        sets_cookie: head.contains("\r\nset-cookie:"),
    }
}

/// A file of the suite's own, or of a library: only what lies in this folder.
fn page(path: &str, host: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = path.rsplit('/').next().unwrap_or_default();
    let file: PathBuf = match name {
        "axe.js" => root.join("node_modules/axe-core/axe.min.js"),
        "htmx.js" => root.join("node_modules/htmx.org/dist/htmx.min.js"),
        "turbo.js" => root.join("node_modules/@hotwired/turbo/dist/turbo.es2017-umd.js"),
        "" => root.join("pages/index.html"),
        name => root.join("pages").join(name),
    };
    let kind = match file.extension().and_then(|extension| extension.to_str()) {
        Some("js") => "text/javascript",
        Some("png") => "image/png",
        _ => "text/html; charset=utf-8",
    };
    let port = host.rsplit(':').next().unwrap_or_default();
    let (status, body) = match std::fs::read(&file) {
        Ok(body) if kind.starts_with("text/html") => {
            let text = String::from_utf8_lossy(&body).replace("{port}", port);
            ("200 OK", text.into_bytes())
        }
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let mut answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\ncache-control: \
         no-store\r\nservice-worker-allowed: /\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend(body);
    answer
}
