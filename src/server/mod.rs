//! Everything that runs on the server only. `router.rs` is the place to start reading.

pub mod canonical;
pub mod cli;
pub mod clock;
pub mod config;
pub mod context;
pub mod crypto;
pub mod device;
pub mod error;
pub mod flow;
pub mod http;
pub mod listen;
pub mod log_lines;
pub mod log_writer;
pub mod metrics;
pub mod node;
pub mod open_files;
pub mod outbound;
pub mod peers;
pub mod rng;
pub mod router;
pub mod secret;
pub mod serve;
pub mod state;
pub mod store;
pub mod telemetry;
