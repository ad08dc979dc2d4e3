//! The wire: every endpoint under `/api`, its arguments and replies. Bodies hand over to `server/flow`.
//!
//! | endpoint | who |
//! |---|---|
//! | `POST /api/register`, `/api/login` | anyone |
//! | `GET /api/login/waiting`, `POST /api/login/choose` | a sign-in that waits for a place |
//! | `GET /api/login/password`, `POST /api/login/new_password` | a sign-in that waits for another password |
//! | `POST /api/logout` | anyone, also twice |
//! | `POST /api/refresh` | bearer of the refresh cookie |
//! | `GET /api/session`, `POST /api/touch` | signed in |
//! | `GET /api/devices`, `POST /api/devices/revoke`, `POST /api/devices/revoke_others` | signed in |
//! | `POST /api/password/change`, `/api/step_up`, `/api/account/update` | signed in |
//! | `GET /api/drafts/key`, `/api/alarms`, `POST /api/alarms/answer` | signed in |
//! | `GET /api/session/end` | bearer of a credential of a session that was ended |
//! | `GET /api/admin/overview`, `/api/admin/users`, `/api/admin/user`, `/api/admin/audit` | admin, support |
//! | `GET /api/admin/audit/export` | admin |
//! | `POST /api/admin/kick_user`, `/api/admin/kick_session`, `/api/admin/close_alarm`, `/api/admin/note/…` | admin, support |
//! | `GET /api/admin/webhooks`, `/api/admin/webhook`, `POST /api/admin/webhooks/…` | admin |
//!
//! Arguments are defaulted strings, parsed in `domain`, so that a missing or odd field is a 422 and not a decoding error.

pub mod account;
pub mod admin;
pub mod alarms;
pub mod audit;
pub mod auth;
pub mod bulk;
pub mod desk;
pub mod devices;
pub mod drafts;
pub mod error;
pub mod events;
pub mod form_result;
pub mod invites;
pub mod overview;
pub mod password;
pub mod session;
pub mod step_up;
pub mod webhooks;

pub use error::{ApiError, ApiResult};
