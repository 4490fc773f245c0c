//! Faults below HTTP, which take over the connection.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fault::{Endpoint, Fault, Gate};
use crate::record::RecordedRequest;
use crate::server::{self, Shared};

/// The most bytes of a request that are read.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// Where an endless body ends, so that a client without a limit does not hang its test forever.
const MAX_DRIP_BYTES: usize = 64 * 1024 * 1024;

/// Reads the request without consuming it from the stream. A request to an endpoint with such a
/// fault is served here; for all other requests the stream is returned.
pub(crate) async fn serve(
    mut stream: TcpStream,
    shared: &Shared,
    connection: u64,
) -> Option<TcpStream> {
    let head = peek_head(&stream).await?;
    let endpoint = endpoint_of(&head);
    let (fault, gate) = {
        let mut ledger = shared.ledger();
        let fault = match ledger.faults.peek(endpoint) {
            Some(fault) if fault.is_raw() => ledger.faults.take(endpoint),
            _ => None,
        };
        (fault, ledger.faults.gate(endpoint))
    };
    let Some(fault) = fault else { return Some(stream) };
    if matches!(fault, Fault::ResetBeforeRequest) {
        // Closing with unread data resets the connection (RFC 9293, section 3.10.4).
        let record = record(&head, b"", endpoint, connection).await;
        shared.ledger().record(record);
        opened(gate).await;
        return None;
    }
    let (head, body) = read_request(&mut stream).await?;
    let record = record(&head, &body, endpoint, connection).await;
    shared.ledger().record(record);
    opened(gate).await;
    match fault {
        Fault::ResetAfterRequest => {
            let _ = stream.set_zero_linger();
        }
        Fault::Raw(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            // The client closes when it has read what it wants.
            let _ = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0; 1])).await;
        }
        Fault::Drip { start, repeated, pause } => {
            let mut sent = start.len();
            let mut alive = stream.write_all(&start).await.is_ok();
            while alive && sent < MAX_DRIP_BYTES {
                tokio::time::sleep(pause).await;
                alive = stream.write_all(&repeated).await.is_ok();
                sent += repeated.len().max(1);
            }
        }
        _ => {}
    }
    None
}

async fn opened(gate: Option<Gate>) {
    if let Some(gate) = gate {
        gate.opened().await;
    }
}

async fn peek_head(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut buffer = vec![0; MAX_REQUEST_BYTES];
    let mut seen = 0;
    loop {
        stream.readable().await.ok()?;
        let length = stream.peek(&mut buffer).await.ok()?;
        let head = buffer.get(..length)?;
        if let Some(end) = end_of_head(head) {
            return head.get(..end).map(<[u8]>::to_vec);
        }
        if length == 0 || length == MAX_REQUEST_BYTES {
            return None;
        }
        // Only a part of the headers has arrived. `readable` remains true, so yield until there is
        // more.
        if length == seen {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        seen = length;
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|position| position + 4)
}

async fn read_request(stream: &mut TcpStream) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = end_of_head(&bytes) {
            let (head, body) = bytes.split_at_checked(end)?;
            let length = header(head, "content-length").and_then(|value| value.parse().ok());
            let length: usize = length.unwrap_or(0);
            if body.len() >= length || bytes.len() > MAX_REQUEST_BYTES {
                return Some((head.to_vec(), body.to_vec()));
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(chunk.get(..read)?),
        }
    }
}

fn lines(head: &[u8]) -> impl Iterator<Item = &str> {
    head.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line.trim_ascii()).ok())
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    lines(head).skip(1).find_map(|line| {
        let (present, value) = line.split_once(':')?;
        present.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn target(head: &[u8]) -> (&str, &str) {
    let mut words = lines(head).next().unwrap_or_default().split(' ');
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

fn endpoint_of(head: &[u8]) -> Endpoint {
    server::endpoint(target(head).1.split('?').next().unwrap_or_default())
}

async fn record(head: &[u8], body: &[u8], endpoint: Endpoint, connection: u64) -> RecordedRequest {
    let (method, target) = target(head);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines(head).skip(1).filter_map(|line| line.split_once(':'));
    let content_type = header(head, "content-type");
    RecordedRequest {
        endpoint,
        connection,
        method: method.to_owned(),
        path: path.to_owned(),
        query: Some(query.to_owned()).filter(|query| !query.is_empty()),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().as_bytes().to_vec()))
            .collect(),
        body: body.to_vec(),
        form: server::read_form(content_type, &Bytes::copy_from_slice(body)).await,
    }
}
