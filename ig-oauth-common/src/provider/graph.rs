//! The rest of the provider's API: authenticated GETs below the graph base URL.

use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::api_error::{ApiError, ApiErrorKind};
use super::client::Provider;
use super::refusal;
use crate::http::{HttpRequest, HttpResponse};
use crate::token_facts::AccessToken;

/// The most bytes of a response that are read. A page of 100 media with captions has some 300 KiB.
const MAX_GRAPH_BYTES: usize = 1024 * 1024;

impl Provider {
    /// Sends a GET for `path` below the graph base URL, with these parameters and the token.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, ApiError> {
        let response = self.get_response(token, path, parameters).await?;
        serde_json::from_slice(&response.body).map_err(|error| {
            // The position only: the text of a parser's error can quote the response.
            let place = format!("line {}, column {}", error.line(), error.column());
            ApiError::with_source(ApiErrorKind::MalformedAnswer, place)
        })
    }

    async fn get_response(
        &self,
        token: &AccessToken,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<HttpResponse, ApiError> {
        let refused =
            |problem: &str| ApiError::with_source(ApiErrorKind::InvalidRequest, problem.to_owned());
        if !is_relative_path(path) {
            return Err(refused(
                "the path must be relative, such as `me/media`: segments of letters, digits, `.`, \
                 `_`, `-` and `~`, none of them `.` or `..`; parameters go separately",
            ));
        }
        if parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case("access_token")) {
            return Err(refused("`access_token` is added by itself"));
        }
        // The Graph API treats `method` as the request's method, so a GET could delete.
        if parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case("method")) {
            return Err(refused("`method` would turn this GET into another request"));
        }
        // The documented place of the token is the query, so the URL must not appear in errors or
        // logs.
        let token = token.expose_secret();
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .append_pair("access_token", token)
            .finish();
        let url = format!("{}?{query}", self.graph(path));
        let _place = match &self.graph_calls {
            Some(places) => places.acquire().await.ok(),
            None => None,
        };
        let response = self.send(HttpRequest::get(url, MAX_GRAPH_BYTES)).await?;
        // An error can arrive with status 200.
        refusal::check_graph(&response, &[token, self.secret()])?;
        Ok(response)
    }
}

/// Whether `path` stays below the base URL that it is appended to: RFC 3986 `unreserved` only.
fn is_relative_path(path: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte);
    path.split('/').all(|segment| {
        !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(unreserved)
    })
}

#[cfg(test)]
mod tests {
    use super::is_relative_path;

    #[test]
    fn paths_stay_below_the_base() {
        for path in ["me", "me/media", "v25.0/me/media", "17841458366137975/comments"] {
            assert!(is_relative_path(path), "{path}");
        }
        for path in [
            "",
            "/me",
            "me/",
            "//evil.example",
            "me//media",
            "../x",
            "me/..",
            ".",
            "me?x=1",
            "me#x",
            "https://evil.example",
            "me%2fmedia",
            "me\\media",
            "m\u{e9}",
            "me media",
            "me\n",
        ] {
            assert!(!is_relative_path(path), "{path}");
        }
    }
}
