//! A store, hooks and a provider that yield before and after their work, and count the tasks inside
//! of them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ig_oauth_common::hooks::{
    DeletionStatus, Denial, Failure, HookError, Hooks, Login, LoginDecision, LoginStart,
    LoginStartDecision, Logout, Reply,
};
use ig_oauth_common::http::{HttpClient, HttpRequest, HttpResponse};
use ig_oauth_common::store::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, MemoryStore, SessionIdHash,
    SessionRecord, Store, StoreError,
};
use ig_oauth_common::{Timestamp, UserId};

/// How much work was started, and how much was finished.
#[derive(Debug, Default)]
pub struct Work {
    begun: AtomicUsize,
    done: AtomicUsize,
    left: AtomicUsize,
}

impl Work {
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    pub fn done(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }

    /// How many are inside: begun, and neither done nor dropped.
    pub fn inside(&self) -> usize {
        self.begun() - self.left.load(Ordering::SeqCst)
    }

    /// Does `work` between two points at which others come in.
    async fn slowly<T>(&self, work: impl Future<Output = T>) -> T {
        struct Leave<'a>(&'a Work);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.left.fetch_add(1, Ordering::SeqCst);
            }
        }
        self.begun.fetch_add(1, Ordering::SeqCst);
        let _leave = Leave(self);
        tokio::task::yield_now().await;
        let result = work.await;
        tokio::task::yield_now().await;
        self.done.fetch_add(1, Ordering::SeqCst);
        result
    }
}

/// Everything a flow waits for.
#[derive(Debug, Default)]
pub struct World {
    pub records: MemoryStore,
    pub store: Work,
    pub exchange: Work,
    pub long_lived: Work,
    pub before_login: Work,
    pub on_login: Work,
    pub on_denied: Work,
    pub on_failure: Work,
    pub on_logout: Work,
    /// The store's operation that does its work, and never says so.
    pub mute: Mutex<Option<&'static str>>,
    /// Whether the store reads from a replica that has not heard of what was forgotten.
    pub lags: AtomicBool,
    pub forgettings: AtomicUsize,
}

impl World {
    pub fn mute(&self, operation: Option<&'static str>) {
        *self.mute.lock().unwrap() = operation;
    }

    /// How many are inside of any part of it.
    pub fn inside(&self) -> usize {
        let Self { store, exchange, long_lived, .. } = self;
        let Self { before_login, on_login, on_denied, on_failure, on_logout, .. } = self;
        let calls = [store, exchange, long_lived];
        let hooks = [before_login, on_login, on_denied, on_failure, on_logout];
        calls.into_iter().chain(hooks).map(Work::inside).sum()
    }
}

/// A handle to the world, as store and as hooks. The flow holds it, so its count shows which flows
/// still exist.
#[derive(Clone, Debug, Default)]
pub struct Yielding(pub Arc<World>);

impl Yielding {
    async fn ask<T>(&self, question: impl Future<Output = T>) -> T {
        self.ask_as("", question).await
    }

    /// A question that can be [mute](World::mute).
    async fn ask_as<T>(&self, operation: &'static str, question: impl Future<Output = T>) -> T {
        let is_mute = *self.0.mute.lock().unwrap() == Some(operation);
        let work = async {
            let answer = question.await;
            if is_mute {
                std::future::pending::<()>().await;
            }
            answer
        };
        self.0.store.slowly(work).await
    }

    /// A provider that refuses the code `bad`.
    pub fn client(&self) -> impl HttpClient + use<> {
        let world = Arc::clone(&self.0);
        move |request: HttpRequest| {
            let world = Arc::clone(&world);
            async move {
                let (work, status, body) = match request.form {
                    Some(form) if form.ends_with("code=bad") => {
                        (&world.exchange, 400, r#"{"error_message":"Invalid authorization code"}"#)
                    }
                    Some(_) => (&world.exchange, 200, r#"{"access_token":"FAKE","user_id":1}"#),
                    None => (
                        &world.long_lived,
                        200,
                        r#"{"access_token":"FAKE.long","expires_in":5184000}"#,
                    ),
                };
                let answer = HttpResponse::new(status, body.as_bytes().to_vec());
                work.slowly(async { Ok(answer) }).await
            }
        }
    }
}

impl Hooks for Yielding {
    async fn before_login(&self, _: LoginStart) -> Result<LoginStartDecision, HookError> {
        self.0.before_login.slowly(async { Ok(LoginStartDecision::proceed()) }).await
    }

    async fn on_login(&self, _: Login) -> Result<LoginDecision, HookError> {
        self.0.on_login.slowly(async { Ok(LoginDecision::accept()) }).await
    }

    async fn on_denied(&self, _: Denial) -> Option<Reply> {
        self.0.on_denied.slowly(async { None }).await
    }

    async fn on_failure(&self, _: Failure) -> Option<Reply> {
        self.0.on_failure.slowly(async { None }).await
    }

    async fn on_logout(&self, _: Logout) {
        self.0.on_logout.slowly(async {}).await
    }
}

impl Store for Yielding {
    async fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
    ) -> Result<(), StoreError> {
        self.ask(self.0.records.put_account(account, session)).await
    }

    async fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError> {
        self.ask_as("session", self.0.records.session(id, now)).await
    }

    async fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.ask(self.0.records.touch_session(id, last_seen_at, expires_at)).await
    }

    async fn end_session(&self, id: &SessionIdHash) -> Result<(), StoreError> {
        self.ask_as("end_session", self.0.records.end_session(id)).await
    }

    async fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        self.ask(self.0.records.sessions(account, now)).await
    }

    async fn end_sessions(&self, account: &AccountKey) -> Result<u64, StoreError> {
        self.ask(self.0.records.end_sessions(account)).await
    }

    async fn forget_account(&self, key: &AccountKey, present: &[u8]) -> Result<bool, StoreError> {
        self.0.forgettings.fetch_add(1, Ordering::SeqCst);
        if self.0.lags.load(Ordering::SeqCst) {
            return self.ask(async { Ok(false) }).await;
        }
        self.ask(self.0.records.forget_account(key, present)).await
    }

    async fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<AccountRecord>, StoreError> {
        self.ask(self.0.records.account(key, now)).await
    }

    async fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> Result<bool, StoreError> {
        self.ask(self.0.records.replace_account(present, account)).await
    }

    async fn accounts(&self, page: AccountPage<'_>) -> Result<Vec<AccountRecord>, StoreError> {
        self.ask(self.0.records.accounts(page)).await
    }

    async fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        self.ask(self.0.records.accounts_known_by(client_id, id)).await
    }

    async fn claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        let name = if claim.until > now { "claim" } else { "give back" };
        self.ask_as(name, self.0.records.claim(claim, now)).await
    }

    async fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.ask(self.0.records.put_deletion(present, deletion, now)).await
    }

    async fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeletionRecord>, StoreError> {
        self.ask(self.0.records.deletion(code_hash, now)).await
    }
}
