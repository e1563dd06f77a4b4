//! TLS, from files in PEM.

use crate::error::{Error, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// Reads a certificate chain and its private key, for TLS 1.2 and 1.3.
pub fn load(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let failed = |cause: &dyn std::fmt::Display| {
        let (certificate, key) = (certificate.display(), key.display());
        Error::Internal(format!("cannot use TLS with {certificate} and {key}: {cause}"))
    };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let (chain, key) = (
        chain.map_err(|e| failed(&e))?,
        PrivateKeyDer::from_pem_file(key).map_err(|e| failed(&e))?,
    );
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| failed(&e))
}
