//! The one-hour token for a 60-day one.
//!
//! <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>

use secrecy::ExposeSecret as _;
use url::form_urlencoded;

use super::client::{LongLivedAnswer, MAX_ANSWER_BYTES, Provider};
use super::refusal::{self, Step};
use super::wire;
use crate::error::AuthError;
use crate::http::HttpRequest;
use crate::token_facts::AccessToken;

impl Provider {
    /// Exchanges a short-lived token. The provider wants this as a GET with the secret in its query,
    /// so the URL stays out of errors and logs.
    pub(crate) async fn exchange_long_lived(
        &self,
        token: &AccessToken,
    ) -> Result<LongLivedAnswer, AuthError> {
        let secret = self.application.client_secret.expose_secret();
        let token = token.expose_secret();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "ig_exchange_token")
            .append_pair("client_secret", secret)
            .append_pair("access_token", token)
            .finish();
        let url = format!("{}?{query}", self.graph("access_token"));
        let response = self.send(HttpRequest::get(url, MAX_ANSWER_BYTES)).await?;
        refusal::check(&response, Step::LongLived, &[secret, token])?;
        wire::read(&response.body)?.into_long_lived()
    }
}
