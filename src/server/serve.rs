//! Accepts connections and serves them, within bounds that axum's own `serve` doesn't have: for slow and for silent
//! clients, for headers, for the number of connections, and for the end.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use ipnet::IpNet;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tower::ServiceExt;

use super::{
    http::{client_ip::BySocket, patient_io::PatientIo},
    listen::{Listener, Stream},
    open_files::Room,
    peers::{PeerPlace, Peers},
};

/// For the headers of a request, from its first byte or from the end of the one before.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// All headers of a request together; beyond it hyper answers 431.
const LONGEST_HEADERS: u32 = 64 * 1024;
const MOST_STREAMS: u32 = 100;
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// For requests that are under way when the server is told to end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// Until a full table of open files may have room again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections are taken at once, of all and of one peer.
pub struct Places {
    of_all: Arc<Semaphore>,
    of_peers: Arc<Peers>,
}

impl Places {
    /// As there is room for; the `trusted` have no bound of their own.
    #[must_use]
    pub fn within(room: Room, trusted: Vec<IpNet>) -> Self {
        Self { of_all: Arc::new(Semaphore::new(room.connections)), of_peers: Peers::new(room.of_one_peer, trusted) }
    }

    /// For the few who watch over a server.
    #[must_use]
    pub fn few() -> Self {
        Self::within(Room { connections: 8, of_one_peer: 8, streams: 0 }, Vec::new())
    }
}

/// Serves until `shutdown` is done, and then lets what is under way finish, for a while.
pub async fn serve(listener: impl Into<Listener>, app: Router, places: Places, shutdown: impl Future<Output = ()>) {
    let listener = listener.into();
    let builder = builder();
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        tokio::spawn(converse(builder.clone(), app.clone(), graceful.watcher(), accepted));
    }
    drop(listener);
    if timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way and were cut off");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(LONGEST_HEADERS as usize)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(LONGEST_HEADERS)
        .max_concurrent_streams(MOST_STREAMS)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(HEADER_TIMEOUT);
    builder
}

/// Without an address where it came by a socket.
type Accepted = (Stream, Option<SocketAddr>, (OwnedSemaphorePermit, PeerPlace));

/// The next connection, once there is a place for it. A peer that has too many is hung up on. Failures pass: the server
/// goes on.
async fn accept(listener: &Listener, places: &Places) -> Accepted {
    loop {
        let Ok(place) = Arc::clone(&places.of_all).acquire_owned().await else {
            // Never closed; were it, there would be nothing to accept for.
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Some(of_peer) = places.of_peers.admit(peer.map(|peer| peer.ip())) {
                    return (stream, peer, (place, of_peer));
                }
            }
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}

/// One connection, from its first byte to its last.
async fn converse(builder: Builder<TokioExecutor>, app: Router, watcher: Watcher, accepted: Accepted) {
    let (stream, peer, _places) = accepted;
    if let Stream::Left(stream) = &stream
        && let Err(error) = stream.set_nodelay(true)
    {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let has_asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&has_asked);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        match peer {
            Some(peer) => drop(request.extensions_mut().insert(ConnectInfo(peer))),
            None => drop(request.extensions_mut().insert(BySocket)),
        }
        app.clone().oneshot(request.map(Body::new))
    });
    let connection = builder.serve_connection(TokioIo::new(PatientIo::new(stream)), service);
    tokio::select! {
        ended = watcher.watch(connection) => {
            if let Err(error) = ended {
                tracing::debug!(error, "a connection broke off");
            }
        }
        () = silence(&has_asked) => {}
    }
}

/// Ends when a connection has brought no request at all: hyper's own timeout begins only after it has seen which
/// version of HTTP is spoken.
async fn silence(has_asked: &AtomicBool) {
    sleep(HEADER_TIMEOUT + Duration::from_secs(1)).await;
    if has_asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        sync::oneshot,
        time::pause,
    };

    use super::*;

    const OF_ONE_PEER: usize = 4;

    fn places() -> Places {
        Places::within(Room { connections: 16, of_one_peer: OF_ONE_PEER, streams: 0 }, Vec::new())
    }

    async fn start() -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let who = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let slow = || async {
            sleep(Duration::from_millis(300)).await;
            "slow"
        };
        let app = Router::new().route("/", get(who)).route("/slow", get(slow));
        let server = tokio::spawn(serve(listener, app, places(), async { drop(stopped.await) }));
        (addr, stop, server)
    }

    async fn answer(addr: SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_request_knows_its_peer() {
        let (addr, _stop, _server) = start().await;
        let answer = answer(addr, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
    }

    #[tokio::test]
    async fn a_megabyte_of_headers_is_told_431_to_the_end() {
        let (addr, _stop, _server) = start().await;
        let request = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(1024 * 1024));
        let answer = answer(addr, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }

    #[tokio::test]
    async fn silent_and_slow_clients_are_given_up() {
        for sent in [&b""[..], b"PRI * HTTP", b"GET / HTTP/1.1\r\nhost: x\r\n"] {
            let (addr, _stop, _server) = start().await;
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(sent).await.unwrap();
            sleep(Duration::from_millis(50)).await;
            pause();
            let mut answer = Vec::new();
            let ended = timeout(Duration::from_mins(1), stream.read_to_end(&mut answer)).await;
            assert!(ended.is_ok(), "{sent:?} holds its place");
            tokio::time::resume();
        }
    }

    #[tokio::test]
    async fn a_peer_that_has_too_many_connections_is_hung_up_on_and_others_are_served() {
        let (addr, _stop, _server) = start().await;
        let connect_from = |source: &'static str| async move {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
            let mut stream = socket.connect(addr).await.unwrap();
            // What is hung up on may be so before it has asked.
            drop(stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await);
            let mut begins = [0; 12];
            let answered = stream.read_exact(&mut begins).await.is_ok() && &begins == b"HTTP/1.1 200";
            answered.then_some(stream)
        };
        let mut kept = Vec::new();
        for _ in 0..3 * OF_ONE_PEER {
            kept.extend(connect_from("127.0.0.1").await);
        }
        assert_eq!(kept.len(), OF_ONE_PEER);
        assert!(connect_from("127.0.0.2").await.is_some());
    }

    #[tokio::test]
    async fn what_is_under_way_at_the_end_is_finished() {
        let (addr, stop, server) = start().await;
        let asked = tokio::spawn(async move { answer(addr, b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await });
        sleep(Duration::from_millis(100)).await;
        drop(stop);
        assert!(asked.await.unwrap().ends_with("slow"));
        server.await.unwrap();
        assert!(TcpStream::connect(addr).await.is_err());
    }
}
