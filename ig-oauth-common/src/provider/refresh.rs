//! A 60-day token for another 60 days.
//!
//! <https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token>

use secrecy::ExposeSecret as _;
use url::form_urlencoded;

use super::client::{LongLivedAnswer, MAX_ANSWER_BYTES, Provider};
use super::refusal::{self, Step};
use super::wire;
use crate::error::AuthError;
use crate::http::HttpRequest;
use crate::token_facts::AccessToken;

impl Provider {
    /// Refreshes a long-lived token that is at least 24 hours old. The provider wants a GET with the
    /// token in its query, so the URL stays out of errors and logs.
    pub(crate) async fn refresh(&self, token: &AccessToken) -> Result<LongLivedAnswer, AuthError> {
        let token = token.expose_secret();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "ig_refresh_token")
            .append_pair("access_token", token)
            .finish();
        let url = format!("{}?{query}", self.graph("refresh_access_token"));
        let response = self.send(HttpRequest::get(url, MAX_ANSWER_BYTES)).await?;
        let secret = self.application.client_secret.expose_secret();
        refusal::check(&response, Step::Refresh, &[token, secret])?;
        wire::read(&response.body)?.into_long_lived()
    }
}
