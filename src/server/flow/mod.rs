//! One intent per file: read, decide (domain), write, in one transaction.

pub mod accounts;
pub mod admin_users;
pub mod audit_log;
pub mod authenticate;
pub mod change_password;
pub mod choose;
pub mod cleanup;
pub mod create_user;
pub mod database;
pub mod device_limit;
pub mod devices;
pub mod exchange;
pub mod jwt;
pub mod keys;
pub mod kick;
pub mod paging;
pub mod password_check;
pub mod presented;
pub mod refresh;
pub mod register;
pub mod rolling;
pub mod sign_in;
pub mod sign_out;
pub mod throttling;
pub mod tokens;
pub mod touch;
