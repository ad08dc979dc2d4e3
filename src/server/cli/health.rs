//! `sekisho health`: asks the server of this machine whether it is ready, where its configuration says that it listens. For
//! health checks of containers, which have no `curl`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{
    body::Bytes,
    client::conn::http1,
    rt::{Read, Write},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{failure::Failure, out::Out};
use crate::server::config::{Faults, Layers};

/// A server answers within two seconds whether it is ready, also when its database doesn't.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_REPLY: usize = 4 * 1024;

/// Where a server listens.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Addr(SocketAddr),
    Socket(PathBuf),
}

/// # Errors
/// When it is not ready, or there is none; always as a refusal, because checkers know only 0 and 1.
pub async fn ask(layers: Result<Layers, Faults>, out: Out) -> Result<(), Failure> {
    let place = layers.map_err(|faults| faults.to_string()).and_then(|layers| place(&layers));
    let answer = match place {
        Ok(place) => timeout(PATIENCE, ask_at(&place)).await.unwrap_or_else(|_| Err("no answer in 5 s".to_owned())),
        Err(why) => Err(why),
    };
    answer.map_err(|why| Failure::refused(format!("not ready: {why}")))?;
    out.done("ready", &json!({ "status": "ready" }));
    Ok(())
}

/// Every address of this machine is asked by its loopback.
fn place(layers: &Layers) -> Result<Place, String> {
    let (socket, _) = layers.value("server.listen_socket");
    if !socket.is_empty() {
        return Ok(Place::Socket(PathBuf::from(socket)));
    }
    let (text, source) = layers.value("server.addr");
    let mut addr: SocketAddr =
        text.parse().map_err(|_| format!("server.addr: {text} is no address (from {source})"))?;
    if addr.port() == 0 {
        return Err(format!("server.addr: {text} names no port to ask (from {source})"));
    }
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(Place::Addr(addr))
}

async fn ask_at(place: &Place) -> Result<(), String> {
    let (status, body) = match place {
        Place::Addr(addr) => {
            let stream = TcpStream::connect(addr).await.map_err(|error| format!("{addr}: {error}"))?;
            exchange(stream).await
        }
        Place::Socket(path) => {
            let stream = UnixStream::connect(path).await.map_err(|error| format!("{}: {error}", path.display()))?;
            exchange(stream).await
        }
    }
    .map_err(|error| error.to_string())?;
    if status == StatusCode::OK {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (body["missing"].as_str(), body["reason"].as_str()) {
        (Some(missing), Some(reason)) => Err(format!("{missing}: {reason}")),
        _ => Err(status.to_string()),
    }
}

async fn exchange<S>(stream: S) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>>
where
    S: Send + Unpin + 'static,
    TokioIo<S>: Read + Write,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let request = Request::get("/readyz").header(header::HOST, "localhost").header(header::CONNECTION, "close");
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let status = response.status();
    Ok((status, Limited::new(response.into_body(), LONGEST_REPLY).collect().await?.to_bytes()))
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use tokio::net::{TcpListener, UnixListener};

    use super::*;
    use crate::server::serve::{self, Places};

    fn placed(settings: &[&str]) -> Result<Place, String> {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        place(&Layers::gather(None, std::iter::empty(), &settings).unwrap())
    }

    #[test]
    fn a_server_is_asked_where_it_listens() {
        let at = |text: &str| Ok(Place::Addr(text.parse().unwrap()));
        assert_eq!(placed(&[]), at("127.0.0.1:3000"));
        assert_eq!(placed(&["server.addr=0.0.0.0:80"]), at("127.0.0.1:80"));
        assert_eq!(placed(&["server.addr=[::]:80"]), at("[::1]:80"));
        assert_eq!(placed(&["server.addr=10.0.0.7:80"]), at("10.0.0.7:80"));
        assert_eq!(placed(&["server.listen_socket=/run/a.sock"]), Ok(Place::Socket("/run/a.sock".into())));
        assert!(placed(&["server.addr=0.0.0.0:0"]).unwrap_err().contains("no port"));
        assert!(placed(&["server.addr=here"]).unwrap_err().contains("no address"));
    }

    #[tokio::test]
    async fn what_a_server_lacks_is_said() {
        let lacking = (StatusCode::SERVICE_UNAVAILABLE, r#"{"missing":"database","reason":"gone"}"#);
        for (answer, said) in [((StatusCode::OK, "{}"), Ok(())), (lacking, Err("database: gone".to_owned()))] {
            let app = Router::new().route("/readyz", get(move || async move { answer }));
            let folder = tempfile::tempdir().unwrap();
            let socket = folder.path().join("a.sock");
            let by_port = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = by_port.local_addr().unwrap();
            let by_socket = UnixListener::bind(&socket).unwrap();
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            tokio::spawn(serve::serve(by_port, app, Places::few(), async { drop(stopped.await) }));
            tokio::spawn(answer_once(by_socket, answer));
            assert_eq!(ask_at(&Place::Addr(addr)).await, said);
            assert_eq!(ask_at(&Place::Socket(socket)).await, said);
            drop(stop);
        }
    }

    async fn answer_once(listener: UnixListener, (status, body): (StatusCode, &'static str)) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 512];
        let read = stream.read(&mut request).await.unwrap();
        assert!(request[..read].starts_with(b"GET /readyz HTTP/1.1\r\n"));
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    #[tokio::test]
    async fn where_nobody_listens_it_is_said_in_one_line() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let line = ask_at(&Place::Addr(free)).await.unwrap_err();
        assert!(line.starts_with(&free.to_string()) && !line.contains('\n'), "{line}");
    }
}
