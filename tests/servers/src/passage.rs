//! A way to a server that a test can block.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A way over TCP to the Unix socket of a server. While it is blocked it takes connections and passes
/// nothing on, in neither direction, as a proxy does whose server hangs, or a firewall that drops
/// packets. It serves as long as the value lives, in the runtime in which it was opened.
#[derive(Debug)]
pub struct Passage {
    address: SocketAddr,
    /// Where it leads; nowhere while it is blocked.
    way: watch::Sender<Option<PathBuf>>,
    taken: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Passage {
    /// A passage to this socket.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub async fn open(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (way, here) = watch::channel(Some(socket));
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let serving = tokio::spawn(async move {
            while let Ok((outer, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(pass(outer, here.clone()));
            }
        });
        Self { address, way, taken, serving }
    }

    /// Where to connect to: `127.0.0.1` and a port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has taken until now.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Lets nothing pass any more, without closing connections: existing ones stay, and new ones
    /// are accepted.
    pub fn block(&self) {
        self.way.send_replace(None);
    }

    /// Sends new connections to this socket from now on, and closes those that were blocked.
    pub fn lead_to(&self, socket: PathBuf) {
        self.way.send_replace(Some(socket));
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One connection, until a side hangs up or the way is blocked, and then until it is free again.
async fn pass(mut outer: TcpStream, mut way: watch::Receiver<Option<PathBuf>>) {
    let socket = way.borrow_and_update().clone();
    if let Some(socket) = socket {
        let Ok(mut inner) = UnixStream::connect(socket).await else { return };
        tokio::select! {
            _ = copy_bidirectional(&mut outer, &mut inner) => return,
            _ = way.wait_for(Option::is_none) => {}
        }
    }
    let mut lost = [0; 1024];
    loop {
        tokio::select! {
            _ = way.wait_for(Option::is_some) => return,
            read = outer.read(&mut lost) => if !matches!(read, Ok(1..)) { return },
        }
    }
}
