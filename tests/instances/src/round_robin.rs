//! A proxy in front of several instances: each connection goes to the next one.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

/// The proxy. It serves as long as the runtime lives in which it was started.
pub struct RoundRobin {
    listener: TcpListener,
    /// Where it is, without a slash at the end.
    pub origin: String,
    served: Arc<Mutex<Vec<(usize, String)>>>,
}

impl RoundRobin {
    /// Binds a free port. Nothing is answered before [`serve`](Self::serve).
    #[must_use]
    pub fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, origin, served: Arc::default() }
    }

    /// A URL of the app behind it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Passes connections on to these addresses, in turn.
    pub fn serve(&self, instances: Vec<String>) {
        let listener = self.listener.try_clone().unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let served = Arc::clone(&self.served);
        tokio::spawn(async move {
            for turn in 0.. {
                let (client, _) = listener.accept().await.unwrap();
                let number = turn % instances.len();
                let instance = instances[number].clone();
                tokio::spawn(pass_on(client, instance, number, Arc::clone(&served)));
            }
        });
    }

    /// Which instance was asked for what: number and path, in order.
    #[must_use]
    pub fn served(&self) -> Vec<(usize, String)> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The two ends of one connection, which carries one request.
async fn pass_on(
    mut client: TcpStream,
    instance: String,
    number: usize,
    served: Arc<Mutex<Vec<(usize, String)>>>,
) {
    let mut head = vec![0; 4096];
    let Ok(read @ 1..) = client.read(&mut head).await else { return };
    let line = String::from_utf8_lossy(&head[..read]);
    let target = line.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    served.lock().unwrap_or_else(PoisonError::into_inner).push((number, path));
    let mut server = TcpStream::connect(instance).await.unwrap();
    if server.write_all(&head[..read]).await.is_ok() {
        // Either side may disconnect first.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
