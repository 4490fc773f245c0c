//! A provider with thousands of users, in-process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use ig_oauth_common::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
use tokio::sync::Semaphore;

/// A provider whose codes are user ids and whose tokens name their user and number.
#[derive(Clone, Default)]
pub struct People {
    pub refreshes: Arc<Mutex<HashMap<String, usize>>>,
    /// The answer to refreshes of these users, instead of a token.
    pub refusals: Arc<Mutex<HashMap<String, HttpResponse>>>,
    /// The answer to other calls with the tokens of these users.
    pub refused_calls: Arc<Mutex<HashMap<String, HttpResponse>>>,
    /// When set, refreshes wait for a permit.
    pub gate: Option<Arc<Semaphore>>,
    /// Whether a refresh answers with the string it was given.
    pub same_string: bool,
}

impl People {
    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let ok = |body: String| Ok(HttpResponse::new(200, body.into_bytes()));
        if let Some(form) = request.form {
            let user = form.rsplit_once("code=").unwrap().1;
            return ok(format!(r#"{{"access_token":"FAKE.{user}.0","user_id":{user}}}"#));
        }
        let token = request.url.rsplit_once("access_token=").unwrap().1.to_owned();
        let [_, user, number] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        let next = number.parse::<u32>().unwrap() + 1;
        if request.url.contains("/refresh_access_token") {
            if let Some(gate) = &self.gate {
                gate.acquire().await.unwrap().forget();
            }
            *self.refreshes.lock().unwrap().entry(user.to_owned()).or_default() += 1;
            if let Some(refusal) = self.refusals.lock().unwrap().get(user) {
                return Ok(refusal.clone());
            }
            if self.same_string {
                return ok(format!(r#"{{"access_token":"{token}","expires_in":5184000}}"#));
            }
        } else if let Some(refusal) = self.refused_calls.lock().unwrap().get(user) {
            return Ok(refusal.clone());
        }
        ok(format!(r#"{{"access_token":"FAKE.{user}.{next}","expires_in":5184000}}"#))
    }

    pub fn client(&self) -> impl HttpClient + use<> {
        let people = self.clone();
        move |request| people.clone().answer(request)
    }

    pub fn refuse(&self, user: u64, status: u16, code: i64) {
        self.refusals.lock().unwrap().insert(user.to_string(), refusal(status, code));
    }

    pub fn refuse_calls(&self, user: u64, status: u16, code: i64) {
        self.refused_calls.lock().unwrap().insert(user.to_string(), refusal(status, code));
    }

    pub fn counts(&self) -> Vec<usize> {
        self.refreshes.lock().unwrap().values().copied().collect()
    }
}

fn refusal(status: u16, code: i64) -> HttpResponse {
    let body = format!(r#"{{"error":{{"message":"x","type":"OAuthException","code":{code}}}}}"#);
    HttpResponse::new(status, body.into_bytes())
}
