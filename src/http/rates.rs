//! How often an address may read what is public. Each server counts for itself, in memory: a public read writes nothing.

use super::client::{ClientAddress, network_of, site_of};
use crate::error::{Error, Result};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::time::Instant;

const MINUTE_S: u64 = 60;
/// How many networks are counted apart in a minute. Further ones count together.
const NETWORKS: usize = 50_000;
/// How much more the networks of one site may read together than one of them.
const SITE: usize = 16;

/// The public reads of the current minute.
pub struct PublicReads {
    per_minute: usize,
    begun: Instant,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    minute: u64,
    by: HashMap<String, usize>,
}

impl PublicReads {
    pub fn new(per_minute: usize) -> PublicReads {
        PublicReads {
            per_minute,
            begun: Instant::now(),
            counted: Mutex::default(),
        }
    }

    /// Counts a read of an address, `now_s` seconds after the begin. Refuses it until the minute is over if there were too
    /// many of its network, or of its site: nobody makes all networks of a site count.
    fn count(&self, address: IpAddr, now_s: u64) -> Result<()> {
        let (network, site) = (network_of(address), site_of(address));
        if site != network {
            self.count_one(site, self.per_minute.saturating_mul(SITE), now_s)?;
        }
        self.count_one(network, self.per_minute, now_s)
    }

    fn count_one(&self, network: String, most: usize, now_s: u64) -> Result<()> {
        let mut counted = self.counted.lock();
        if counted.minute != now_s / MINUTE_S {
            *counted = Counted {
                minute: now_s / MINUTE_S,
                by: HashMap::new(),
            };
        }
        let is_apart = counted.by.len() < NETWORKS || counted.by.contains_key(&network);
        let key = if is_apart { network } else { String::new() };
        let reads = counted.by.entry(key).or_default();
        *reads += 1;
        match *reads > most {
            true => Err(Error::TooManyRequests {
                code: "too_many_requests",
                retry_after_s: MINUTE_S - now_s % MINUTE_S,
            }),
            false => Ok(()),
        }
    }
}

/// Somebody who reads without a token. Their address has not read too often.
pub struct PublicReader;

impl FromRequest for PublicReader {
    type Error = Error;
    type Future = Ready<Result<PublicReader>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut counted = || {
            let ClientAddress(address) = ClientAddress::from_request(request, payload).into_inner()?;
            let reads = request.app_data::<Data<PublicReads>>();
            if let (Some(reads), Some(address)) = (reads, address) {
                reads.count(address, reads.begun.elapsed().as_secs())?;
            }
            Ok(PublicReader)
        };
        ready(counted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_reads_so_often_in_a_minute() {
        let reads = PublicReads::new(2);
        let one = |address: &str, now_s| reads.count(address.parse().unwrap(), now_s);
        assert!(one("192.0.2.1", 1).is_ok() && one("192.0.2.1", 59).is_ok());
        let refused = one("192.0.2.1", 59).unwrap_err();
        assert_eq!(
            (refused.code(), refused.retry_after_s()),
            ("too_many_requests", Some(1))
        );
        assert!(one("192.0.2.2", 59).is_ok() && one("192.0.2.1", 60).is_ok());
    }

    #[test]
    fn the_networks_of_a_site_read_so_often_together() {
        let reads = PublicReads::new(2);
        let one = |network: usize| reads.count(format!("2001:db8:1:{network:x}::1").parse().unwrap(), 1);
        assert_eq!((0..100).filter(|network| one(*network).is_ok()).count(), 2 * SITE);
        assert!(reads.count("2001:db8:2::1".parse().unwrap(), 1).is_ok());
    }

    #[test]
    fn counting_takes_a_bounded_amount_of_memory() {
        let reads = PublicReads::new(1);
        let address = |n: u32| IpAddr::from(std::net::Ipv4Addr::from(n));
        for n in 0..60_000 {
            let _ = reads.count(address(n), 0);
        }
        assert!(reads.counted.lock().by.len() <= NETWORKS + 1);
        assert!(reads.count(address(70_000), 0).is_err());
    }
}
