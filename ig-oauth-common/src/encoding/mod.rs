//! Encoders and decoders, each implemented once.

mod base64url;
mod binary;
mod hex;
mod html;
mod percent;

pub(crate) use base64url::{from_base64url, to_base64url};
pub(crate) use binary::{Reader, Writer};
pub(crate) use hex::{from_hex, to_hex};
pub(crate) use html::html_escaped;
pub(crate) use percent::{form_decoded, percent_decoded, percent_encoded, query_escape};
