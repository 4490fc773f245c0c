//! The HTTP server: from a connection to an endpoint and back.
//!
//! It has its own accept loop instead of a framework's, so that a fault can take over a connection.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use url::form_urlencoded;

use crate::answer::Answer;
use crate::fault::{Endpoint, Fault};
use crate::ledger::Ledger;
use crate::record::RecordedRequest;
use crate::{authorize, graph, media, platform, takeover, token_endpoint, window_page};

const MAX_BODY_BYTES: usize = 64 * 1024;

/// The state, shared by the server and the handle.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new(ledger)))
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `stop` signals, or its sender is dropped.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Shared,
    stop: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let accept = async {
        let mut connections = 0_u64;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            connections += 1;
            let (shared, connection) = (shared.clone(), connections);
            tokio::spawn(async move {
                let stream = if shared.ledger().faults.any_raw() {
                    match takeover::serve(stream, &shared, connection).await {
                        Some(stream) => stream,
                        None => return,
                    }
                } else {
                    stream
                };
                let service =
                    service_fn(move |request| answer_request(shared.clone(), connection, request));
                let stream = TokioIo::new(stream);
                // A simulator ignores clients that disconnect.
                let _ = http1::Builder::new().serve_connection(stream, service).await;
            });
        }
    };
    tokio::select! {
        () = accept => {}
        _ = stop => {}
    }
    Ok(())
}

async fn answer_request(
    shared: Shared,
    connection: u64,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        return Ok(response(Answer::graph_error(413, 1, "The body is too large or breaks off")));
    };
    let body = body.to_bytes();
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = read_form(content_type, &body).await;
    let headers = head.headers.iter();
    let record = RecordedRequest {
        endpoint: endpoint(head.uri.path()),
        connection,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect(),
        body: body.to_vec(),
        form,
    };
    let (fault, gate) = {
        let mut ledger = shared.ledger();
        ledger.record(record.clone());
        (ledger.faults.take(record.endpoint), ledger.faults.gate(record.endpoint))
    };
    if let Some(gate) = gate {
        gate.opened().await;
    }
    let told = platform::wanted(&record).filter(|_| record.endpoint == Endpoint::Authorize);
    let answer = match (fault, told) {
        (None, Some(callback)) => platform::button(&shared, callback, &record).await,
        (None, None) => work(&shared, &record),
        (Some(Fault::Latency(duration)), _) => {
            tokio::time::sleep(duration).await;
            work(&shared, &record)
        }
        (Some(Fault::NeverAnswer), _) => std::future::pending().await,
        (Some(Fault::Empty), _) => Answer::new(200, "application/json", ""),
        (Some(Fault::Redirect { status, location }), _) => Answer::redirect(status, location),
        (Some(Fault::Status { status, body, content_type }), _) => {
            Answer::new(status, &content_type, body)
        }
        (Some(Fault::Throttled { minutes }), _) => Answer::throttled(minutes),
        // These faults take over connections before a request gets here. One that is set in between
        // is too late.
        (
            Some(
                Fault::ResetBeforeRequest
                | Fault::ResetAfterRequest
                | Fault::Raw(_)
                | Fault::Drip { .. },
            ),
            _,
        ) => Answer::new(500, "text/plain", "the fault was set while this connection was open"),
    };
    Ok(response(answer))
}

pub(crate) fn endpoint(path: &str) -> Endpoint {
    match without_version(path) {
        // Many clients add a slash to the window's path, and the live service accepts it.
        "/oauth/authorize" | "/oauth/authorize/" => Endpoint::Authorize,
        "/oauth/access_token" => Endpoint::CodeExchange,
        "/access_token" => Endpoint::LongLived,
        "/refresh_access_token" => Endpoint::Refresh,
        "/me" => Endpoint::Me,
        "/me/media" => Endpoint::Media,
        other => {
            match other.strip_prefix('/').map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
                Some((id, "")) if is_id(id) && !other.ends_with('/') => Endpoint::Node,
                Some((id, "media")) if is_id(id) => Endpoint::Media,
                _ => Endpoint::Other,
            }
        }
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `/v25.0/me` is `/me` with a version.
fn without_version(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/v") else {
        return path;
    };
    let Some(end) = rest.find('/') else {
        return path;
    };
    let (version, rest) = rest.split_at(end);
    let is_version =
        version.contains('.') && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_version { rest } else { path }
}

fn work(shared: &Shared, request: &RecordedRequest) -> Answer {
    let mut ledger = shared.ledger();
    match request.endpoint {
        Endpoint::Authorize => match request.method.as_str() {
            "GET" => {
                let query = request.query.as_deref().unwrap_or_default();
                let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
                authorize::show(&mut ledger, &pairs)
            }
            "POST" => authorize::decide(&mut ledger, &request.form),
            _ => Answer::page(405, window_page::error("405 Method Not Allowed")),
        },
        Endpoint::CodeExchange => token_endpoint::exchange(&mut ledger, request),
        Endpoint::LongLived => graph::long_lived(&mut ledger, request),
        Endpoint::Refresh => graph::refresh(&mut ledger, request),
        Endpoint::Me => graph::me(&ledger, request),
        Endpoint::Media => media::list(&ledger, request),
        Endpoint::Node => graph::node(&ledger, request),
        // Browsers request an icon for pages without one; a 404 would be an error in the console.
        Endpoint::Other if request.path == "/favicon.ico" => Answer::new(204, "image/x-icon", ""),
        Endpoint::Other if request.path == "/" => Answer::page(200, window_page::about()),
        Endpoint::Other => Answer::graph_error(404, 2500, "Unknown path components"),
    }
}

/// The fields of a form of either encoding: Meta's samples send multipart, and urlencoded works
/// too.
pub(crate) async fn read_form(content_type: Option<&str>, body: &Bytes) -> Vec<(String, String)> {
    let Some(content_type) = content_type else {
        return Vec::new();
    };
    if content_type.starts_with("application/x-www-form-urlencoded") {
        return form_urlencoded::parse(body).into_owned().collect();
    }
    let Ok(boundary) = multer::parse_boundary(content_type) else {
        return Vec::new();
    };
    let whole = futures_util::stream::iter([Ok::<_, Infallible>(body.clone())]);
    let mut multipart = multer::Multipart::new(whole, boundary);
    let mut fields = Vec::new();
    while let Ok(Some(field)) = multipart.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        let Ok(value) = field.text().await else { break };
        fields.push((name, value));
    }
    fields
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}
