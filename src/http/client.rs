//! The address of the client, also behind a proxy.

use crate::config::TrustedProxies;
use crate::error::Error;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr};

/// The address of the client. Behind trusted proxies it is the last address in `X-Forwarded-For` that isn't one of
/// them; otherwise the address of the connection.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub Option<IpAddr>);

impl FromRequest for ClientAddress {
    type Error = Error;
    type Future = Ready<Result<ClientAddress, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(ClientAddress::of(request)))
    }
}

impl ClientAddress {
    pub fn of(request: &HttpRequest) -> ClientAddress {
        let trusted = request.app_data::<Data<TrustedProxies>>();
        let peer = request.peer_addr().map(|peer| peer.ip());
        let forwarded = request.headers().get_all("x-forwarded-for");
        let hops: Vec<&str> = forwarded
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        ClientAddress(trusted.map_or(peer, |trusted| client(peer, &hops, trusted)))
    }
}

fn client(peer: Option<IpAddr>, hops: &[&str], trusted: &TrustedProxies) -> Option<IpAddr> {
    let mut address = plain(peer?);
    for hop in hops.iter().rev() {
        if !trusted.contains(address) {
            break;
        }
        // A trusted proxy writes a valid address, so anything else is not trusted.
        match hop.trim().parse() {
            Ok(before) => address = plain(before),
            Err(_) => break,
        }
    }
    Some(address)
}

/// Turns an IPv4-mapped IPv6 address into the IPv4 address.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Returns the network that counts as one: an IPv4 address, or the first half of an IPv6 address.
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).to_string(),
    }
}

/// Returns what one customer of a provider may have in all: an IPv4 address, or an IPv6 network of 48 bits. Most have less of
/// it, so it allows more than [`network_of`], and neighbours may share it.
pub fn site_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{}/48", Ipv6Addr::from(u128::from(address) >> 80 << 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_a_network_and_a_site() {
        let of = |text: &str| {
            let address = text.parse().unwrap();
            (network_of(address), site_of(address))
        };
        let pair = |network: &str, site: &str| (network.to_owned(), site.to_owned());
        let own = pair("2001:db8:1:2::", "2001:db8:1::/48");
        assert_eq!(of("2001:db8:1:2:3::4"), own);
        assert_eq!(of("2001:db8:1:ff::").1, own.1);
        assert_ne!(of("2001:db8:2:2::").1, own.1);
        assert_eq!(of("::ffff:203.0.113.7"), pair("203.0.113.7", "203.0.113.7"));
    }

    #[test]
    fn believes_only_trusted_proxies() {
        let trusted: TrustedProxies = "10.0.0.0/8,::1".parse().unwrap();
        let ip = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let of = |peer: &str, hops: &[&str]| client(ip(peer), hops, &trusted);
        assert_eq!(of("203.0.113.7", &["198.51.100.1"]), ip("203.0.113.7"));
        assert_eq!(of("10.0.0.1", &["198.51.100.1"]), ip("198.51.100.1"));
        assert_eq!(
            of("::1", &["6.6.6.6", " 198.51.100.1", "10.1.2.3"]),
            ip("198.51.100.1")
        );
        assert_eq!(of("10.0.0.1", &["nonsense"]), ip("10.0.0.1"));
        assert_eq!(of("10.0.0.1", &[]), ip("10.0.0.1"));
    }
}
