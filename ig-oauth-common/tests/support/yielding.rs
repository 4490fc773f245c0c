//! A store, hooks and a provider that give way to others before and after their work, and count who
//! is inside of them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ig_oauth_common::{
    AccountKey, AccountRecord, BoxFuture, Claim, DeletionRecord, Denial, Failure, HookError, Hooks,
    HttpClient, HttpRequest, HttpResponse, Login, LoginDecision, LoginStart, LoginStartDecision,
    Logout, MemoryStore, Reply, SessionIdHash, SessionRecord, Store, StoreFuture, Timestamp,
    UserId,
};

/// What was begun, and what was done to its end.
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

/// A handle to the world, as store and as hooks. The flow keeps it, so its count tells of flows that
/// are still alive.
#[derive(Clone, Debug, Default)]
pub struct Yielding(pub Arc<World>);

impl Yielding {
    fn ask<'a, T: Send + 'a>(
        &'a self,
        question: impl FnOnce(&'a MemoryStore) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        self.ask_as("", question)
    }

    /// A question that can be [mute](World::mute).
    fn ask_as<'a, T: Send + 'a>(
        &'a self,
        operation: &'static str,
        question: impl FnOnce(&'a MemoryStore) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        let is_mute = *self.0.mute.lock().unwrap() == Some(operation);
        Box::pin(self.0.store.slowly(async move {
            let answer = question(&self.0.records).await;
            if is_mute {
                std::future::pending::<()>().await;
            }
            answer
        }))
    }

    /// A provider that refuses the code `bad`.
    pub fn client(&self) -> impl HttpClient + use<> {
        let world = Arc::clone(&self.0);
        move |request: HttpRequest| {
            let world = Arc::clone(&world);
            async move {
                let (work, status, body) = match request.form() {
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
    fn before_login(&self, _: LoginStart) -> BoxFuture<'_, Result<LoginStartDecision, HookError>> {
        Box::pin(self.0.before_login.slowly(async { Ok(LoginStartDecision::proceed()) }))
    }

    fn on_login(&self, _: Login) -> BoxFuture<'_, Result<LoginDecision, HookError>> {
        Box::pin(self.0.on_login.slowly(async { Ok(LoginDecision::accept()) }))
    }

    fn on_denied(&self, _: Denial) -> BoxFuture<'_, Option<Reply>> {
        Box::pin(self.0.on_denied.slowly(async { None }))
    }

    fn on_failure(&self, _: Failure) -> BoxFuture<'_, Option<Reply>> {
        Box::pin(self.0.on_failure.slowly(async { None }))
    }

    fn on_logout(&self, _: Logout) -> BoxFuture<'_, ()> {
        Box::pin(self.0.on_logout.slowly(async {}))
    }
}

impl Store for Yielding {
    fn begin_session(&self, session: SessionRecord, account: AccountRecord) -> StoreFuture<'_, ()> {
        self.ask(move |store| store.begin_session(session, account))
    }

    fn put_account(&self, account: AccountRecord) -> StoreFuture<'_, ()> {
        self.ask(move |store| store.put_account(account))
    }

    fn session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionRecord, AccountRecord)>> {
        self.ask_as("session", move |store| store.session(id, now))
    }

    fn touch_session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreFuture<'a, ()> {
        self.ask(move |store| store.touch_session(id, last_seen_at, expires_at))
    }

    fn end_session<'a>(&'a self, id: &'a SessionIdHash) -> StoreFuture<'a, ()> {
        self.ask_as("end_session", move |store| store.end_session(id))
    }

    fn sessions<'a>(
        &'a self,
        account: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<SessionRecord>> {
        self.ask(move |store| store.sessions(account, now))
    }

    fn end_sessions<'a>(&'a self, account: &'a AccountKey) -> StoreFuture<'a, u64> {
        self.ask(move |store| store.end_sessions(account))
    }

    fn forget_account<'a>(
        &'a self,
        key: &'a AccountKey,
        present: &'a [u8],
    ) -> StoreFuture<'a, bool> {
        self.0.forgettings.fetch_add(1, Ordering::SeqCst);
        if self.0.lags.load(Ordering::SeqCst) {
            return self.ask(|_| Box::pin(async { Ok(false) }));
        }
        self.ask(move |store| store.forget_account(key, present))
    }

    fn account<'a>(
        &'a self,
        key: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<AccountRecord>> {
        self.ask(move |store| store.account(key, now))
    }

    fn replace_account<'a>(
        &'a self,
        present: &'a [u8],
        account: AccountRecord,
    ) -> StoreFuture<'a, bool> {
        self.ask(move |store| store.replace_account(present, account))
    }

    fn accounts<'a>(
        &'a self,
        client_id: &'a str,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.ask(move |store| store.accounts(client_id, after, limit))
    }

    fn accounts_expiring<'a>(
        &'a self,
        client_id: &'a str,
        before: Timestamp,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.ask(move |store| store.accounts_expiring(client_id, before, after, limit))
    }

    fn accounts_known_by<'a>(
        &'a self,
        client_id: &'a str,
        id: &'a UserId,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.ask(move |store| store.accounts_known_by(client_id, id))
    }

    fn revoke<'a>(&'a self, client_id: &'a str, id: &'a UserId) -> StoreFuture<'a, u64> {
        self.ask(move |store| store.revoke(client_id, id))
    }

    fn claim(&self, claim: Claim, now: Timestamp) -> StoreFuture<'_, bool> {
        self.ask_as("claim", move |store| store.claim(claim, now))
    }

    fn release<'a>(&'a self, key: &'a str, owner: &'a str) -> StoreFuture<'a, ()> {
        self.ask(move |store| store.release(key, owner))
    }

    fn put_deletion(&self, deletion: DeletionRecord) -> StoreFuture<'_, ()> {
        self.ask(move |store| store.put_deletion(deletion))
    }

    fn deletion<'a>(
        &'a self,
        code_hash: &'a [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'a, Option<DeletionRecord>> {
        self.ask(move |store| store.deletion(code_hash, now))
    }
}
