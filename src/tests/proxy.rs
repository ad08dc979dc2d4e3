//! Stands between a server and its database, and lets the network between them fail.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::test_app::RUNTIME;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Nobody listens, and what was connected is cut.
    Refused,
    /// Everything is taken and nothing ever answered, on what is connected too; that stays so after it has opened.
    BlackHole,
    /// The database commits, a transaction or a statement by itself; the connection is cut before that is heard.
    CommitLost,
}

/// Ends with everything that goes through it when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Proxy {
    pub async fn before(server: &str) -> Self {
        let url = url::Url::parse(server).unwrap();
        let database = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let (way, seen) = watch::channel(Way::Open);
        let listener = RUNTIME.spawn(TcpListener::bind("127.0.0.1:0")).await.unwrap().unwrap();
        let address = listener.local_addr().unwrap();
        RUNTIME.spawn(listen(listener, database, seen));
        Self { address, way }
    }

    /// The address of the database, by this way.
    pub fn url(&self, server: &str) -> String {
        let mut url = url::Url::parse(server).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.to_string()
    }

    /// Comes back once it is so for what is connected, too.
    pub async fn set(&self, way: Way) {
        self.way.send_replace(way);
        while way == Way::Refused && TcpStream::connect(self.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn listen(mut listener: TcpListener, database: String, mut way: watch::Receiver<Way>) {
    let address = listener.local_addr().unwrap();
    let (mut passing, seen) = (JoinSet::new(), way.clone());
    loop {
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    passing.spawn(pass(accepted.unwrap().0, database.clone(), seen.clone()));
                }
                refused = way.wait_for(|way| *way == Way::Refused) => match refused {
                    Ok(_) => break,
                    Err(_) => return,
                },
            }
        }
        passing.shutdown().await;
        drop(listener);
        if way.wait_for(|way| *way != Way::Refused).await.is_err() {
            return;
        }
        listener = TcpListener::bind(address).await.unwrap();
    }
}

async fn pass(mut client: TcpStream, database: String, way: watch::Receiver<Way>) {
    let mut server = TcpStream::connect(database).await.unwrap();
    let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        let (asks, length) = tokio::select! {
            read = client.read(&mut asked) => (true, read.unwrap_or(0)),
            read = server.read(&mut answered) => (false, read.unwrap_or(0)),
        };
        let way = *way.borrow();
        if way == Way::BlackHole {
            return std::future::pending().await;
        }
        if way == Way::CommitLost && !asks && tells_of_commit(&answered[..length]) {
            return;
        }
        let written = match asks {
            true => server.write_all(&asked[..length]).await,
            false => client.write_all(&answered[..length]).await,
        };
        if length == 0 || written.is_err() {
            return;
        }
    }
}

/// Whether an answer completes a `COMMIT`, or an `UPDATE` of some rows after which no transaction is open ("ready for
/// query", idle).
fn tells_of_commit(answer: &[u8]) -> bool {
    let has = |word: &[u8]| answer.windows(word.len()).any(|part| part == word);
    has(b"Z\0\0\0\x05I") && (has(b"COMMIT\0") || has(b"UPDATE ") && !has(b"UPDATE 0\0"))
}
