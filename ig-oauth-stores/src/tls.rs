//! The trusted certificates, for engines that are reached over a network.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{StoreSetupError, StoreSetupErrorKind};

fn invalid(text: &str) -> StoreSetupError {
    StoreSetupError::new(StoreSetupErrorKind::InvalidSetting, text)
}

/// The certificates of a PEM text, at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, StoreSetupError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| invalid("root_pem holds no certificate: give the text of a .pem file"))
}

/// Trusts the system's roots, or only the given roots.
pub(crate) fn client_config(root_pem: Option<&[u8]>) -> Result<ClientConfig, StoreSetupError> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = root_pem {
        for certificate in certificates(pem)? {
            let added = roots.add(certificate);
            added.map_err(|_| invalid("root_pem holds a certificate that cannot be a root"))?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    // Named explicitly: if an app uses another provider too, rustls would not choose one.
    let provider = rustls::crypto::aws_lc_rs::default_provider().into();
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|_| invalid("TLS cannot be set up"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
