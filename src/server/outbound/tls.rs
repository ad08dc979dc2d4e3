//! TLS to others: the certificates that this machine believes, read at the first use.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::{net::TcpStream, sync::OnceCell};
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::{Host, Url};

use super::Failure;

#[derive(Default)]
pub struct Connector(OnceCell<TlsConnector>);

impl Connector {
    /// Speaks TLS over a connection, to whom the address names.
    pub async fn over(&self, url: &Url, stream: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        let name = match url.host().ok_or(Failure::Malformed)? {
            Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| Failure::Malformed)?,
            Host::Ipv4(address) => ServerName::IpAddress(address.into()),
            Host::Ipv6(address) => ServerName::IpAddress(address.into()),
        };
        let connector = self.0.get_or_try_init(load).await?;
        connector.connect(name, stream).await.map_err(|error| {
            tracing::debug!(%error, "no secure connection");
            Failure::Tls
        })
    }
}

/// Reads files, so it is done beside what else runs.
async fn load() -> Result<TlsConnector, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    });
    let roots = read.await.map_err(|_| Failure::Tls)?;
    if roots.is_empty() {
        tracing::warn!("this machine believes no certificate: nothing can be sent by https");
        return Err(Failure::Tls);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| Failure::Tls)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
