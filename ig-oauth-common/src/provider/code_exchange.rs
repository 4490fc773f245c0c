//! The code for a token: "Step 2" of Meta's guide (RFC 6749, section 4.1.3).

use secrecy::ExposeSecret as _;
use url::form_urlencoded;

use super::client::{MAX_ANSWER_BYTES, Provider, TokenAnswer};
use super::refusal::{self, Step};
use super::wire;
use crate::error::AuthError;
use crate::http::HttpRequest;

impl Provider {
    /// Exchanges a code: exactly one request, never repeated. A lost answer does not mean an unspent
    /// code.
    pub(crate) async fn exchange_code(&self, code: &str) -> Result<TokenAnswer, AuthError> {
        let application = &self.application;
        let secret = application.client_secret.expose_secret();
        // The secret goes in the body only: the provider refuses HTTP Basic, and URLs get logged.
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &application.client_id)
            .append_pair("client_secret", secret)
            .append_pair("grant_type", "authorization_code")
            .append_pair("redirect_uri", &application.redirect_uri)
            .append_pair("code", code)
            .finish();
        let url = application.token_url.clone();
        let response = self.send(HttpRequest::post_form(url, form, MAX_ANSWER_BYTES)).await?;
        refusal::check(&response, Step::CodeExchange, &[secret, code])?;
        wire::read(&response.body)?.into_token()
    }
}
