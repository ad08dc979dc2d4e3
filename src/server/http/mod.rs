//! The edge: what HTTP says and must be told, with no decision on who may do what.

pub mod choice;
pub mod client_ip;
pub mod cookies;
pub mod edge;
pub mod errors;
pub mod events;
pub mod exports;
pub mod form_lists;
pub mod form_page;
pub mod form_proof;
pub mod forward_auth;
pub mod health;
pub mod jwks;
pub mod language;
pub mod limits;
pub mod origin_check;
pub mod original_url;
pub mod patient_io;
pub mod program;
pub mod security_headers;
pub mod site;
pub mod starting;
pub mod theme;
pub mod way_back;
mod weighted;
pub mod whole_page;
pub mod wrong_address;
