//! What a thief of the database can read.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ig_oauth_conformance::harness::{Adapter, parameter};

use crate::engine::{COOKIE_SECRET, Engine};
use crate::outage::logged_in;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every form in which a secret could lie in a file.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![
        secret.to_vec(),
        hex(secret).into_bytes(),
        hex(secret).to_uppercase().into_bytes(),
        STANDARD.encode(secret).into_bytes(),
        URL_SAFE_NO_PAD.encode(secret).into_bytes(),
    ];
    // What travels as base64url is bytes to a program.
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret) {
        forms.extend([hex(&bytes).into_bytes(), bytes]);
    }
    forms
}

/// Bytes as text, one character each: searching text is what the standard library does fast.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// No token, code, state, session id or secret is in the database's files in any form.
pub async fn a_stolen_database_shows_no_secret(adapter: &impl Adapter, engine: &Engine) {
    let (app, mut browser) = logged_in(adapter, engine.store().await).await;
    let callback = app.allowed(&mut browser, "").await;
    let state = parameter(&callback, "state").unwrap();
    browser.step(&callback).await;
    // Refreshed as well, so that a replaced record is among what is looked at.
    app.advance(std::time::Duration::from_secs(13 * 24 * 3600));
    browser.step(&app.url("/me")).await;
    app.advance(std::time::Duration::from_secs(12 * 24 * 3600));
    browser.step(&app.url("/me")).await;
    app.advance(std::time::Duration::from_secs(12 * 24 * 3600));
    assert_eq!(browser.step(&app.url("/me")).await.status, 200);
    assert_eq!(app.provider.count(ig_oauth_fake_instagram::Endpoint::Refresh), 1);
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    let mut plant = |secret: &str| secrets.push(secret.as_bytes().to_vec());
    app.provider.issued_tokens().iter().for_each(|token| plant(token));
    app.provider.issued_codes().iter().for_each(|code| plant(code));
    plant(&state);
    plant(app.provider.client_secret());
    plant(COOKIE_SECRET);
    for cookie in browser.jar.named("ig_session") {
        plant(&cookie.value);
    }
    assert!(secrets.len() >= 9, "{}", secrets.len());
    let dump = latin(&engine.dump());
    // The user's id is found, so the right place is searched.
    assert!(dump.contains(&app.user_id()));
    for secret in secrets {
        for form in forms(&secret) {
            let shown = String::from_utf8_lossy(&secret);
            assert!(!dump.contains(&latin(&form)), "{shown} as {}", String::from_utf8_lossy(&form));
        }
    }
}
