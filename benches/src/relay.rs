//! Stands between a node and its PostgreSQL, and passes everything on but notices: the way to cut them and nothing else.
//! The protocol is of frames: a letter, a length that counts itself, and so many bytes.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::Outcome;

const NOTIFICATION: u8 = b'A';
const HEAD: usize = 5;
/// The length itself.
const LENGTH: usize = 4;

/// Relays to the database of a URL for as long as this program runs; the URL by which it is reached.
pub async fn start(url: &str) -> Outcome<String> {
    let (before, rest) = url.rsplit_once('@').ok_or("a database without a user")?;
    let (host, name) = rest.split_once('/').ok_or("a database without a name")?;
    let database: SocketAddr = host.parse()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((node, _)) = listener.accept().await {
            // When either side hangs up, the other is hung up on.
            tokio::spawn(relay(node, database));
        }
    });
    Ok(format!("{before}@{addr}/{name}?sslmode=disable"))
}

async fn relay(node: TcpStream, database: SocketAddr) -> io::Result<()> {
    let database = TcpStream::connect(database).await?;
    node.set_nodelay(true)?;
    database.set_nodelay(true)?;
    let ((mut asked, answer), (answered, mut ask)) = (node.into_split(), database.into_split());
    tokio::select! {
        done = tokio::io::copy(&mut asked, &mut ask) => done.map(drop),
        done = without_notices(answered, answer) => done,
    }
}

async fn without_notices(from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
    let mut from = BufReader::new(from);
    let mut frame = Vec::with_capacity(8192);
    loop {
        frame.resize(HEAD, 0);
        from.read_exact(&mut frame).await?;
        let length = u32::from_be_bytes([frame[1], frame[2], frame[3], frame[4]]);
        let rest = usize::try_from(length).unwrap_or_default().saturating_sub(LENGTH);
        frame.resize(HEAD + rest, 0);
        from.read_exact(&mut frame[HEAD..]).await?;
        if frame[0] != NOTIFICATION {
            to.write_all(&frame).await?;
        }
    }
}
