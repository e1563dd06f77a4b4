//! Where messages may be sent: to addresses in the public internet, and to networks that the operator allows.
//!
//! Otherwise a webhook would let its owner reach what only this server can reach: databases, other services in the same
//! network, the metadata of a cloud.

use super::WebhookFault;
use crate::values::broken;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ureq::http::Uri;
use validator::ValidationError;

/// The longest URL.
const LONGEST: usize = 2000;

/// Networks of IPv4 that aren't public.
const SPECIAL_V4: [([u8; 4], u8); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    // Shared by customers of a provider.
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    // Documentation.
    ([192, 0, 2, 0], 24),
    // Relays from IPv6.
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    // Benchmarks.
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Multicast, and what is reserved up to the broadcast address.
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// Networks of IPv6 within 2000::/3 that aren't public.
const SPECIAL_V6: [([u16; 3], u8); 4] = [
    // Protocols, among them Teredo, which wraps addresses of IPv4.
    ([0x2001, 0, 0], 23),
    // Documentation.
    ([0x2001, 0x0db8, 0], 32),
    // 6to4, which wraps addresses of IPv4.
    ([0x2002, 0, 0], 16),
    // Documentation.
    ([0x3fff, 0, 0], 20),
];

/// Checks the form of a URL.
pub fn check_url(url: &str) -> Result<(), ValidationError> {
    let is_plain = url.len() <= LONGEST && url.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    let parsed = url.parse::<Uri>().ok().filter(|_| is_plain);
    let is_fit = parsed.is_some_and(|uri| {
        let host = uri.host().filter(|host| !host.is_empty());
        let authority = uri.authority().zip(host);
        let rest = authority.and_then(|(authority, host)| authority.as_str().strip_prefix(host));
        // No name and password before the host, and nothing but a port after it.
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
        let is_bare = rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port));
        matches!(uri.scheme_str(), Some("http" | "https")) && is_bare
    });
    if is_fit {
        return Ok(());
    }
    Err(broken(
        "invalid_url",
        "https://app.example.jp/hooks のような、2,000文字以内のURLを指定してください。",
        "Use a URL such as https://app.example.jp/hooks, of at most 2,000 characters.",
    ))
}

/// Checks all addresses of a host. Every one has to be allowed: which of them is connected to is chance.
pub fn check(is_secure: bool, addresses: &[IpAddr], allowed: &[IpNet]) -> Result<(), WebhookFault> {
    if addresses.is_empty() {
        return Err(WebhookFault::UnresolvedHost);
    }
    for address in addresses.iter().map(IpAddr::to_canonical) {
        if allowed.iter().any(|network| network.contains(&address)) {
            continue;
        }
        if !is_public(address) {
            return Err(WebhookFault::RefusedAddress);
        }
        if !is_secure {
            return Err(WebhookFault::InsecureUrl);
        }
    }
    Ok(())
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, length): &([u8; 4], u8)| {
        let network = Ipv4Net::new((*network).into(), *length);
        network.is_ok_and(|network| network.contains(&address))
    };
    !SPECIAL_V4.iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, .., high, low] = address.segments();
    // NAT64 wraps an address of IPv4: networks without IPv4 reach others through it.
    if address.segments().starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]) {
        return is_public_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    }
    let within = |([a, b, c], length): &([u16; 3], u8)| {
        let network = Ipv6Net::new(Ipv6Addr::new(*a, *b, *c, 0, 0, 0, 0, 0), *length);
        network.is_ok_and(|network| network.contains(&address))
    };
    first & 0xe000 == 0x2000 && !SPECIAL_V6.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_in_the_public_internet_are_public() {
        let of = |text: &str| is_public(text.parse().unwrap());
        for public in [
            "1.1.1.1",
            "172.15.255.255",
            "172.32.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "223.255.255.255",
            "2606:4700::1111",
            "2400:4050::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(of(public), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!of(private), "{private}");
        }
    }

    #[test]
    fn every_address_of_a_host_has_to_be_allowed() {
        let of = |is_secure, texts: &[&str], allowed: &[&str]| {
            let addresses: Vec<IpAddr> = texts.iter().map(|text| text.parse().unwrap()).collect();
            let allowed: Vec<IpNet> = allowed.iter().map(|text| text.parse().unwrap()).collect();
            check(is_secure, &addresses, &allowed)
        };
        assert_eq!(of(true, &["1.1.1.1"], &[]), Ok(()));
        assert_eq!(of(false, &["1.1.1.1"], &[]), Err(WebhookFault::InsecureUrl));
        assert_eq!(of(true, &[], &[]), Err(WebhookFault::UnresolvedHost));
        let refused = Err(WebhookFault::RefusedAddress);
        assert_eq!(of(true, &["1.1.1.1", "10.0.0.1"], &[]), refused);
        assert_eq!(of(true, &["1.1.1.1", "10.0.0.1"], &["10.0.0.0/8"]), Ok(()));
        assert_eq!(of(false, &["10.0.0.1"], &["10.0.0.0/8"]), Ok(()));
        assert_eq!(of(false, &["::ffff:10.0.0.1"], &["10.0.0.0/8"]), Ok(()));
        assert_eq!(
            of(false, &["10.0.0.1", "11.0.0.1"], &["10.0.0.0/8"]),
            Err(WebhookFault::InsecureUrl)
        );
    }

    #[test]
    fn a_url_has_a_host_and_no_password() {
        for fit in [
            "https://app.example.jp",
            "https://app.example.jp:8443/hooks?key=1",
            "http://127.0.0.1:8000/",
            "https://[2001:db8::1]/x",
        ] {
            assert!(check_url(fit).is_ok(), "{fit}");
        }
        let long = format!("https://app.example.jp/{}", "x".repeat(2000));
        for unfit in [
            "",
            "app.example.jp",
            "/hooks",
            "ftp://app.example.jp/",
            "https://",
            "https:///x",
            "https://a@app.example.jp/",
            "https://app.example.jp:0/",
            "https://app.example.jp:/",
            "https://app.example.jp:99999/",
            "https://app.example.jp/a b",
            "https://app.example.jp/#x",
            "https://例え.jp/",
            &long,
        ] {
            assert!(check_url(unfit).is_err(), "{unfit}");
        }
    }
}
