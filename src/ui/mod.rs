//! What people see. Components and pages only show and ask; every rule lies below, in `domain`, and every right is
//! checked again by the flows: a guard here is good manners, not a wall.

pub mod act;
pub mod auth_state;
pub mod components;
pub mod fetch;
pub mod guards;
pub mod json_slice;
pub mod kept_page;
pub mod locale;
pub mod pages;
pub mod password_length;
pub mod paths;
pub mod program;
pub mod step_up;
pub mod texts;
pub mod times;
