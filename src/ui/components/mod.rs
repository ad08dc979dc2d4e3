//! The parts pages are made of.

pub mod alert;
pub mod audit_filters;
pub mod confirm;
pub mod draft;
pub mod facts;
pub mod field;
pub mod filters;
pub mod footer;
pub mod header;
pub mod hidden_name;
pub mod icons;
pub mod idle_dialog;
pub mod kept_text;
pub mod pager;
pub mod pass;
pub mod plot;
pub mod seal;
pub mod session_guard;
pub mod session_table;
pub mod side_nav;
pub mod sign_in_again;
pub mod states;
pub mod step_up_dialog;
pub mod theme_choice;
pub mod time_text;
pub mod user_filters;
