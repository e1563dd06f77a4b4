//! Caps on connections, in all and from each address, and the time-out of clients that don't read.
//!
//! A connection that is one too many gets 503 and is closed, so that the others are answered. Trusted proxies count only
//! in all.

use crate::config::{ServerConfig, TrustedProxies};
use crate::http::slots::Slots;
use crate::metrics::Figure;
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;
use std::any::Any;
use std::net::{IpAddr, Shutdown};
use std::time::Duration;

const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// How many bytes of an answer may wait in the system for a client to take them.
#[cfg(target_os = "linux")]
const MAX_UNSENT: u32 = 256 * 1024;

/// The connections that are open.
pub struct Connections {
    slots: Slots<IpAddr>,
    proxies: TrustedProxies,
    write_timeout: Duration,
}

impl Connections {
    pub fn new(config: &ServerConfig) -> Connections {
        Connections {
            slots: Slots::new(config.max_connections_per_address, config.max_connections),
            proxies: config.trusted_proxies.clone(),
            write_timeout: Duration::from_secs(config.write_timeout_seconds),
        }
    }

    pub fn figures(&self) -> [Figure; 2] {
        let (open, most) = self.slots.usage();
        [
            Figure::new(
                "musubi_http_connections",
                "Connections of clients that are open.",
                open as f64,
            ),
            Figure::new(
                "musubi_http_connections_max",
                "Connections of clients that may be open.",
                most as f64,
            ),
        ]
    }

    /// Prepares a new connection, which holds a slot until it ends, or refuses it.
    pub fn admit(&self, io: &dyn Any, data: &mut Extensions) {
        let (plain, secure) = (
            io.downcast_ref::<TcpStream>(),
            io.downcast_ref::<TlsStream<TcpStream>>(),
        );
        let Some(stream) = plain.or(secure.map(|tls| tls.get_ref().0)) else {
            return;
        };
        let address = stream.peer_addr().ok().map(|peer| peer.ip().to_canonical());
        let counted = address.filter(|address| !self.proxies.contains(*address));
        let socket = SockRef::from(stream);
        match self.slots.take(counted.map(network)) {
            Some(slot) => drop(data.insert(slot)),
            None => {
                tracing::warn!(?address, "refused a connection: too many are open");
                if plain.is_some() {
                    // A client that sends nothing would not read this otherwise.
                    let _ = stream.try_write(REFUSAL);
                }
                let _ = socket.shutdown(Shutdown::Both);
                return;
            }
        }
        // Both are improvements: where the system refuses them, connections work as before.
        #[cfg(target_os = "linux")]
        {
            let _ = socket.set_tcp_user_timeout(Some(self.write_timeout));
            let _ = socket.set_tcp_notsent_lowat(MAX_UNSENT);
        }
        let _ = socket.set_keepalive(true);
    }
}

/// Returns what counts as one address: of IPv6 the first 64 bits, since a client has all the others.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
