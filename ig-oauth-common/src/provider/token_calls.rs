//! The three calls that return a token: the code exchange, the long-lived exchange, and the
//! refresh.
//!
//! <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>
//! <https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token>

use secrecy::ExposeSecret as _;
use url::form_urlencoded;

use super::client::{MAX_ANSWER_BYTES, Provider};
use super::refusal::{self, Step};
use super::wire::{TokenAnswer, malformed};
use crate::error::AuthError;
use crate::http::HttpRequest;
use crate::token_facts::{AccessToken, UserId};

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Provider {
    pub(super) fn secret(&self) -> &str {
        self.application.client_secret.expose_secret()
    }

    /// Exchanges a code ("Step 2" of Meta's guide; RFC 6749, section 4.1.3) with exactly one
    /// request, never repeated: without a response the code may still have been used. Returns the
    /// token and its user.
    pub(crate) async fn exchange_code(
        &self,
        code: &str,
    ) -> Result<(UserId, TokenAnswer), AuthError> {
        // The secret goes only in the body: the provider refuses HTTP Basic, and URLs are logged.
        let form = encoded(&[
            ("client_id", &self.application.client_id),
            ("client_secret", self.secret()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", &self.application.redirect_uri),
            ("code", code),
        ]);
        let url = self.application.token_url.clone();
        let response = self.send(HttpRequest::post_form(url, form, MAX_ANSWER_BYTES)).await?;
        refusal::check(&response, Step::CodeExchange, &[self.secret(), code])?;
        let mut answer = TokenAnswer::read(&response.body)?;
        let user_id = answer.user_id.take();
        Ok((user_id.ok_or_else(|| malformed("the answer has no user id"))?, answer))
    }

    /// Exchanges a short-lived token. The provider requires a GET with the secret in the query, so
    /// the URL must not appear in errors or logs.
    pub(crate) async fn exchange_long_lived(
        &self,
        token: &AccessToken,
    ) -> Result<TokenAnswer, AuthError> {
        let token = token.expose_secret();
        let query = encoded(&[
            ("grant_type", "ig_exchange_token"),
            ("client_secret", self.secret()),
            ("access_token", token),
        ]);
        self.long_lived_token("access_token", &query, Step::LongLived, token).await
    }

    /// Refreshes a long-lived token that is at least 24 hours old. The provider requires a GET with
    /// the token in the query, so the URL must not appear in errors or logs.
    pub(crate) async fn refresh(&self, token: &AccessToken) -> Result<TokenAnswer, AuthError> {
        let token = token.expose_secret();
        let query = encoded(&[("grant_type", "ig_refresh_token"), ("access_token", token)]);
        self.long_lived_token("refresh_access_token", &query, Step::Refresh, token).await
    }

    async fn long_lived_token(
        &self,
        path: &str,
        query: &str,
        step: Step,
        token: &str,
    ) -> Result<TokenAnswer, AuthError> {
        let url = format!("{}?{query}", self.graph(path));
        let response = self.send(HttpRequest::get(url, MAX_ANSWER_BYTES)).await?;
        refusal::check(&response, step, &[token, self.secret()])?;
        TokenAnswer::read(&response.body)
    }
}
