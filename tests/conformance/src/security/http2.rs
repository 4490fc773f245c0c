//! Requests over HTTP/2, whose `:authority` and `host` can differ.

use std::time::Duration;

use crate::browser::Response;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer takes this long. A test that would hang fails instead.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends one request without a body on a connection of its own, for that authority, and reads the whole answer.
pub async fn send(
    address: &str,
    method: &str,
    authority: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Response {
    let exchange = async {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        let connection = tokio::spawn(connection);
        let mut request = http::Request::builder();
        request = request.method(method).uri(format!("https://{authority}{target}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut client = client.ready().await.expect("a stream");
        let (answer, _) = client.send_request(request.body(()).unwrap(), true).unwrap();
        let (head, mut stream) = answer.await.expect("an answer").into_parts();
        let mut body = Vec::new();
        while let Some(chunk) = stream.data().await {
            let chunk = chunk.expect("a whole body");
            stream.flow_control().release_capacity(chunk.len()).expect("room");
            body.extend_from_slice(&chunk);
        }
        connection.abort();
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        Response { status: head.status.as_u16(), headers: headers.collect(), body }
    };
    timeout(PATIENCE, exchange).await.expect("an answer in time")
}
