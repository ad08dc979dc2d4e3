//! The parts pages are made of.

pub mod alert;
pub mod confirm;
pub mod facts;
pub mod field;
pub mod footer;
pub mod header;
pub mod icons;
pub mod idle_dialog;
pub mod kept_text;
pub mod pager;
pub mod pass;
pub mod seal;
pub mod search;
pub mod session_guard;
pub mod session_table;
pub mod side_nav;
pub mod states;
pub mod time_text;
