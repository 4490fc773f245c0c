//! WebDriver BiDi (W3C): commands and events over one WebSocket. Chromium and Firefox both speak it, so
//! every check is written once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Longest wait for an answer, and for whatever a page is to do.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Something that happened in the browser.
#[derive(Clone, Debug)]
pub struct Event {
    /// As `log.entryAdded`.
    pub method: String,
    /// What the specification says for it.
    pub params: Value,
}

type Answer = Result<Value, String>;

#[derive(Default)]
struct Inbox {
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    events: Vec<Event>,
}

/// A connection to one browser. Clones share it.
#[derive(Clone)]
pub struct Bidi {
    inbox: Arc<Mutex<Inbox>>,
    outbox: mpsc::UnboundedSender<String>,
    next: Arc<AtomicU64>,
    counted: watch::Receiver<usize>,
}

impl Bidi {
    /// Connects to a browser's endpoint.
    pub async fn connect(url: &str) -> Result<Self, String> {
        let (socket, _) = connect_async(url).await.map_err(|error| format!("{url}: {error}"))?;
        let (mut sink, mut stream) = socket.split();
        let (outbox, mut outgoing) = mpsc::unbounded_channel::<String>();
        let (count, counted) = watch::channel(0);
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let filled = Arc::clone(&inbox);
        tokio::spawn(async move {
            while let Some(text) = outgoing.recv().await {
                if sink.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        });
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Ok(text) = message.to_text() else { continue };
                let Ok(value) = serde_json::from_str::<Value>(text) else { continue };
                let mut inbox = lock(&filled);
                inbox.take(value);
                count.send_replace(inbox.events.len());
            }
            // Pending commands fail when their senders are dropped.
            lock(&filled).waiting.clear();
        });
        Ok(Self { inbox, outbox, next: Arc::new(AtomicU64::new(1)), counted })
    }

    /// Sends a command and waits for its answer.
    pub async fn command(&self, method: &str, params: Value) -> Answer {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        lock(&self.inbox).waiting.insert(id, sender);
        let text = json!({ "id": id, "method": method, "params": params }).to_string();
        let gone = || format!("{method}: the browser is gone");
        self.outbox.send(text).map_err(|_| gone())?;
        match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer.map_err(|error| format!("{method}: {error}")),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(format!("{method}: no answer in {PATIENCE:?}")),
        }
    }

    /// How many events there have been.
    #[must_use]
    pub fn events_so_far(&self) -> usize {
        lock(&self.inbox).events.len()
    }

    /// The events from a count on.
    #[must_use]
    pub fn events_since(&self, count: usize) -> Vec<Event> {
        lock(&self.inbox).events.iter().skip(count).cloned().collect()
    }

    /// Waits until the events from a count on have what is looked for.
    pub async fn wait_for<T>(
        &self,
        since: usize,
        what: &str,
        look: impl Fn(&[Event]) -> Option<T>,
    ) -> Result<T, String> {
        let mut counted = self.counted.clone();
        let looking = async {
            loop {
                counted.borrow_and_update();
                if let Some(found) = look(&self.events_since(since)) {
                    return Ok(found);
                }
                if counted.changed().await.is_err() {
                    return Err(format!("{what}: the browser is gone"));
                }
            }
        };
        timeout(PATIENCE, looking)
            .await
            .unwrap_or_else(|_| Err(format!("{what}: not in {PATIENCE:?}")))
    }
}

impl Inbox {
    fn take(&mut self, value: Value) {
        if let Some(method) = value["method"].as_str() {
            let (method, params) = (method.to_owned(), value["params"].clone());
            self.events.push(Event { method, params });
            return;
        }
        let Some(waiting) = value["id"].as_u64().and_then(|id| self.waiting.remove(&id)) else {
            return;
        };
        let answer = if value["type"] == "error" {
            Err(format!("{}: {}", value["error"], value["message"]))
        } else {
            Ok(value["result"].clone())
        };
        let _ = waiting.send(answer);
    }
}

fn lock(inbox: &Mutex<Inbox>) -> MutexGuard<'_, Inbox> {
    inbox.lock().unwrap_or_else(PoisonError::into_inner)
}
