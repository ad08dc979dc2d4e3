//! Keys and what is made with them. Nothing in here reads a clock or the database.

pub mod access_token;
pub mod audit_seal;
pub mod draft_key;
pub mod form_proof;
pub mod hash_lines;
pub mod invite_token;
pub mod keyring;
pub mod password_hash;
pub mod refresh_token;
pub mod revocation_list;
pub mod seal;
pub mod sealed_keys;
pub mod session_token;
pub mod signing_key;
pub mod webhook_secret;
