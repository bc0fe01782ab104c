//! Public keys between JSON and the formats of other tools: SPKI, PKCS#1, certificates, OpenSSH.

use super::Jwk;
use crate::{
    der,
    error::{Error, ErrorKind},
    pem::{Pem, armour},
    public_key::PublicParts,
    ssh,
};

/// Every format ends here: the numbers, and nothing said about what they are for.
///
/// ```
/// use symbolon_token::Jwk;
///
/// let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhRpa0BjphvuShPjKj7QCZru7mDS/IqN84aKbmZm6+0";
/// let key = Jwk::from_ssh(line)?;
/// assert_eq!(key.to_ssh()?, line);
/// assert_eq!(Jwk::from_spki_der(&key.to_spki_der())?, key);
/// assert_eq!(Jwk::from_pem(&key.to_spki_pem())?, key);
/// assert!(key.thumbprint_uri().starts_with("urn:ietf:params:oauth:jwk-thumbprint:sha-256:"));
/// // PKCS#1 is for RSA alone, and this isn't a certificate.
/// assert!(key.to_pkcs1_pem().is_err());
/// assert!(Jwk::from_certificate_der(&key.to_spki_der()).is_err());
/// # Ok::<(), symbolon_token::Error>(())
/// ```
impl Jwk {
    /// A public key in PEM (RFC 7468): `PUBLIC KEY` (SPKI), `RSA PUBLIC KEY` (PKCS#1) or `CERTIFICATE`.
    ///
    /// Of a certificate the key is read and nothing else: whether it is valid, and whose it is, is
    /// for whoever trusts it. Fails on private keys and on files with more than one block.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let pem = Pem::parse(pem)?;
        match pem.label {
            "PUBLIC KEY" => Self::from_spki_der(&pem.der),
            "RSA PUBLIC KEY" => der::rsa_public_key(&pem.der).map(Self::of_parts),
            "CERTIFICATE" => Self::from_certificate_der(&pem.der),
            _ => Err(Error::new(
                ErrorKind::UnsupportedKey,
                "this label isn't that of a public key or certificate",
            )),
        }
    }

    /// A public key as the DER of a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    pub fn from_spki_der(der: &[u8]) -> Result<Self, Error> {
        der::public_key_info(der).map(Self::of_parts)
    }

    /// The public key of an X.509 certificate in DER (RFC 5280 §4.1); see [`Jwk::from_pem`] for what
    /// isn't checked.
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, Error> {
        der::certificate_key(der).map(Self::of_parts)
    }

    /// A public key as the line of an OpenSSH file (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4): RSA, ECDSA on the NIST curves, Ed25519.
    pub fn from_ssh(line: &str) -> Result<Self, Error> {
        ssh::read(line).map(Self::of_parts)
    }

    /// The key as the DER of a `SubjectPublicKeyInfo`.
    pub fn to_spki_der(&self) -> Vec<u8> {
        der::write::public_key_info(&self.parts)
    }

    /// The key in PEM, labelled `PUBLIC KEY`.
    pub fn to_spki_pem(&self) -> String {
        armour("PUBLIC KEY", &self.to_spki_der())
    }

    /// An RSA key in PEM, labelled `RSA PUBLIC KEY` (PKCS#1). Fails for keys of other kinds.
    pub fn to_pkcs1_pem(&self) -> Result<String, Error> {
        match &self.parts {
            PublicParts::Rsa { n, e } => {
                Ok(armour("RSA PUBLIC KEY", &der::write::rsa_public_key(n, e)))
            }
            _ => Err(Error::new(
                ErrorKind::UnsupportedKey,
                "only RSA keys have a PKCS#1 form",
            )),
        }
    }

    /// The key as the line of an OpenSSH file, without comment. Fails for secp256k1.
    pub fn to_ssh(&self) -> Result<String, Error> {
        ssh::write(&self.parts)
    }

    /// The thumbprint as a URI (RFC 9278).
    pub fn thumbprint_uri(&self) -> String {
        let thumbprint = self.thumbprint();
        format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{thumbprint}")
    }

    fn of_parts(parts: PublicParts) -> Self {
        Self {
            parts,
            kid: None,
            algorithm: None,
            usage: None,
            key_ops: None,
        }
    }
}
