//! The provider's callbacks to an app: a user removed it, or wants their data deleted.
//!
//! <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback>

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpStream;
use url::{Url, form_urlencoded};

use crate::answer::Answer;
use crate::ledger::Ledger;
use crate::record::{RecordedRequest, value};
use crate::server::Shared;
use crate::window_page;

const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The two callbacks of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlatformCallback {
    /// The user removed the app.
    Deauthorize,
    /// The user wants their data deleted.
    DataDeletion,
}

/// The app's response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlatformAnswer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl PlatformAnswer {
    /// The JSON field of that name, if the body is JSON and the field is text.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        body.get(name)?.as_str().map(str::to_owned)
    }
}

/// Signs a payload as the provider does: the signature covers the encoded text.
pub(crate) fn sign(payload: &str, secret: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(payload.as_bytes());
    Some(format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

/// The signed request for a user at the present time.
pub(crate) fn signed_request(ledger: &Ledger, user_id: u64) -> Option<String> {
    let now = ledger.now();
    let account = ledger.account(user_id).filter(|_| ledger.tells_professional_ids);
    let told = account.map_or(user_id, |account| account.professional_account_id);
    let payload = json!({
        "algorithm": "HMAC-SHA256",
        "expires": now.saturating_add(3_600),
        "issued_at": now,
        "user_id": told.to_string(),
    });
    sign(&payload.to_string(), &ledger.client_secret)
}

/// Revokes the user's tokens and calls the app. `None` when the app has no URL for this callback,
/// or no server answers there.
pub(crate) async fn tell(
    shared: &Shared,
    callback: PlatformCallback,
    user_id: u64,
) -> Option<PlatformAnswer> {
    let (url, signed) = {
        let mut ledger = shared.ledger();
        ledger.revoke_account(user_id);
        let url = match callback {
            PlatformCallback::Deauthorize => ledger.deauthorize_url.clone(),
            PlatformCallback::DataDeletion => ledger.data_deletion_url.clone(),
        };
        (url?, signed_request(&ledger, user_id)?)
    };
    post(&url, &signed).await
}

/// Plain http: the simulator's apps live on this machine.
async fn post(url: &str, signed_request: &str) -> Option<PlatformAnswer> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("signed_request", signed_request)
        .finish();
    let request = Request::post(url.path())
        .header(HOST, format!("{host}:{port}"))
        .header(ACCEPT, "*/*")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(body)))
        .ok()?;
    let stream = TcpStream::connect((host, port)).await.ok()?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.ok()?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await.ok()?;
    Some(PlatformAnswer { status, body: String::from_utf8_lossy(&body.to_bytes()).into_owned() })
}

/// The callback that a button of the window asks for, if any.
pub(crate) fn wanted(request: &RecordedRequest) -> Option<PlatformCallback> {
    match value(&request.form, "decision") {
        Some("remove") => Some(PlatformCallback::Deauthorize),
        Some("delete") => Some(PlatformCallback::DataDeletion),
        _ => None,
    }
}

/// The window's response to such a button.
pub(crate) async fn button(
    shared: &Shared,
    callback: PlatformCallback,
    request: &RecordedRequest,
) -> Answer {
    let account = {
        let ledger = shared.ledger();
        let chosen = value(&request.form, "account").and_then(|id| id.parse().ok());
        chosen.and_then(|id| ledger.account(id).cloned())
    };
    let Some(account) = account else {
        return Answer::page(400, window_page::error("There is no such simulated account"));
    };
    let told = tell(shared, callback, account.user_id()).await;
    Answer::page(200, window_page::told(callback, account.username(), told.as_ref()))
}
